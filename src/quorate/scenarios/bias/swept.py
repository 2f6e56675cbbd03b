"""One collective of one seed with every number of flips, judged on two halves of those held out."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from quorate import catalog
from quorate.adapter import apply_strategy, fit_model
from quorate.errors import FitFailedError
from quorate.runtime.seeds import mixed
from quorate.scenarios.bias.cell import (
    ACT,
    ALONE_FIT,
    ENLIST,
    FIT,
    KNOW,
    NOBODY,
    TwoGroups,
    enlist_minority,
    minority_strategy,
    stamp_of_acting,
)
from quorate.scenarios.bias.measures import MEASURES, measure_groups
from quorate.scenarios.bias.platform_alone import ALONE
from quorate.strategies.relabelling.minority_strategy import TopFlips
from quorate.table import Labels, Mask, Rng, Submission, Table

HALVES = 6  # stream of a seed, after those of ``cell``
MEASURED = (*MEASURES, "accuracy_minority")


def measure_swept(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is measured with each number of flips: plain data, ``failed`` if training did.

    Args:
        cell: as for ``measure_cell``, with ``flips``: the numbers M. It is empty where there is
            nothing to sweep: nobody acts, a platform acts alone, or a strategy decides M itself.

    Returns:
        ``supply``: how many members can act; and ``swept``, for each M: ``flips``, ``flipped`` (M,
        or ``supply`` where that is less), and the measures of ``everyone`` held out and of each of
        the two ``halves``.
    """
    groups, seed = TwoGroups.of(cell), cell["seed"]
    split, learner = groups.split(), catalog.build("learners", cell["learner"])
    halves = halve(split.held_out, mixed(seed, HALVES))
    try:
        if cell.get("alone"):
            predicted = ALONE[cell["alone"]](learner, split, mixed(seed, ALONE_FIT))
            return {"supply": 0, "swept": [_judged(split.held_out, halves, predicted, 0, 0)]}
        acting = cell["strategy"], cell["alpha"], cell["known"], tuple(cell["flips"])
        supply, handed_in = _handed_in(groups, *acting, stamp_of_acting(cell["strategy"]))
        swept: list[dict[str, Any]] = []
        for count, flipped, data in handed_in:
            if swept and swept[-1]["flipped"] == flipped:  # all who can act do already
                swept.append({**swept[-1], "flips": count})
                continue
            predicted = fit_model(learner, data, mixed(seed, FIT)).predict(split.held_out.x)
            swept.append(_judged(split.held_out, halves, predicted, count, flipped))
    except FitFailedError as error:
        return {"failed": str(error)}
    return {"supply": supply, "swept": swept}


def halve(people: Table, rng: Rng) -> Mask:
    """Return who is in the second half, (n,): as many of each group and label as in the first."""
    assert people.group is not None  # in two groups
    second = np.zeros(len(people), dtype=bool)
    for group in (0, 1):
        for label in (0, 1):
            alike = rng.permutation(np.flatnonzero((people.group == group) & (people.y == label)))
            second[alike[: len(alike) // 2]] = True
    return second


@functools.lru_cache(maxsize=2)  # all learners of a collective stand side by side
def _handed_in(
    groups: TwoGroups,
    strategy: str,
    alpha: float,
    known: str,
    flips: tuple[int, ...],
    stamp: str,
) -> tuple[int, list[tuple[int, int, Submission]]]:
    """Return how many can act, and for each M: M, how many flip, and what is handed in."""
    people, seed = groups.split().train, groups.seed
    member = enlist_minority(people, alpha, mixed(seed, ENLIST))
    if strategy == NOBODY or not member.any():
        honest = Submission.without_collective(people)
        return 0, [(count, 0, honest) for count in flips or (0,)]
    acting = minority_strategy(strategy, known)
    knowledge = acting.learn(people, member, mixed(seed, KNOW))
    own, rng = people.take(member), mixed(seed, ACT)
    supply = int((own.y == 0).sum())
    if isinstance(acting, TopFlips) and flips:
        tables = acting.sweep(own, knowledge, flips, rng)
        counts = [(count, min(count, supply)) for count in flips]
    else:
        tables = [apply_strategy(acting, own, knowledge, rng)]
        counts = [(int((tables[0].y != own.y).sum()),) * 2]
    return supply, [
        (count, flipped, Submission(people, table, member))
        for (count, flipped), table in zip(counts, tables, strict=True)
    ]


def _judged(
    people: Table, second: Mask, predicted: Labels, count: int, flipped: int
) -> dict[str, Any]:
    assert people.group is not None  # in two groups
    minority = people.group == 1

    def measured(who: Mask) -> dict[str, float]:
        found = measure_groups(people.y[who], predicted[who], minority[who])
        return {name: round(found[name], 6) for name in MEASURED}

    everyone = np.ones(len(people), dtype=bool)
    return {
        "flips": count,
        "flipped": flipped,
        "everyone": measured(everyone),
        "halves": [measured(~second), measured(second)],
    }
