"""What a stated privacy budget leaves out, wherever one is shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from quorate import catalog
from quorate.errors import QuorateError
from quorate.runs.result import Section
from quorate.validate import listed

HEADING = "What the privacy budget ε leaves out"
UNSAID = "whatever its learner does not say"  # a learner of one's own, or one not here any more


def leaves_out(learner: Any, epsilon: float | None = None) -> tuple[str, ...]:
    """Return what a learner's privacy budget leaves out, in words; empty where it states none.

    Args:
        learner: a learner, its text, or its plain data.
        epsilon: what its training has stated, where that is known.

    >>> leaves_out("sgd"), leaves_out("dp-sgd:epsilon=inf")
    ((), ())
    >>> leaves_out("dp-forest")[0]
    'choosing settings such as the step size or the depth on these people'
    >>> leaves_out("one-of-yours", epsilon=2.0)
    ('whatever its learner does not say',)
    """
    said: tuple[str, ...] = tuple(getattr(_made(learner), "epsilon_leaves_out", ()))
    stated = epsilon is not None and math.isfinite(epsilon)
    return said or ((UNSAID,) if stated else ())


def _made(learner: Any) -> Any:
    """Return a learner; None where it is of a class that is not here any more."""
    if not isinstance(learner, str | Mapping):
        return learner
    try:
        return catalog.rebuild("learners", learner)
    except QuorateError:
        return None


def _name(learner: Any) -> str:
    """Return a learner's name, without its parameters."""
    if isinstance(learner, Mapping):
        return str(learner.get("name"))
    return learner.partition(":")[0] if isinstance(learner, str) else str(learner.name)


def leaves_out_in_words(learner: Any, epsilon: float | None = None) -> str:
    """Return the same as the value of one column; empty where no budget is stated."""
    return "; ".join(leaves_out(learner, epsilon))


def privacy_sections(learners: Iterable[tuple[Any, float | None]]) -> list[Section]:
    """Return the part of a page, and of what is printed, that says what ε leaves out.

    Nothing where no learner states a budget.

    Args:
        learners: each with the budget that its training has stated, None where that is not known.
    """
    named: dict[tuple[str, ...], list[str]] = {}
    for learner, epsilon in learners:
        if said := leaves_out(learner, epsilon):
            some, name = named.setdefault(said, []), _name(learner)
            some += [] if name in some else [name]
    sentences = tuple(
        f"ε of {listed(who)} counts one training on the rows as the platform received them. It "
        f"leaves out: {'; '.join(said)}."
        for said, who in named.items()
    )
    if not sentences:
        return []
    return [Section(HEADING, sentences)]
