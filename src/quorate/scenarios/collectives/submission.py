"""Who is in which collective, what they submit, and what members submit who err.

In security's words: data poisoning by several attackers at once, some of them careless.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate import spec
from quorate.adapter import apply_strategy, learn_of
from quorate.errors import InputError
from quorate.knowledge import Knowledge
from quorate.protocols import Strategy
from quorate.runtime import seeds
from quorate.studies.trial import streams
from quorate.table import Mask, Rng, Submission, Table
from quorate.validate import unknown

Mistake = Literal["forget", "label", "signal"]
Apply = Callable[[Table, Knowledge, Rng], Table]
Case = Literal["as-given", "same-signal", "same-target", "same"]
SHARED_PARTS: dict[str, tuple[str, ...]] = {
    "as-given": (),
    "same-signal": ("signal",),
    "same-target": ("target",),
    "same": ("signal", "target"),
}
MISTAKES = 1  # number of the stream from which members' mistakes are drawn


@dataclass(frozen=True)
class Collective:
    """One of several collectives.

    Args:
        strategy: what its members agreed to do.
        error: ρ, probability that a member errs, in [0, 1].
        mistake: what a member does who errs. forget: submit an honest row. label: claim another
            label than agreed, each as likely. signal: carry the signal of the next collective.
        confused: the strategy with the next collective's signal; for the mistake "signal" alone.
    """

    strategy: Strategy
    error: float = 0.0
    mistake: Mistake = "forget"
    confused: Strategy | None = None


def apply_case(case: str, strategies: Sequence[Strategy]) -> tuple[Strategy, ...]:
    """Return the strategies of a case: all others take parts over from the first.

    Raises:
        InputError: the case is not known, or a strategy has no such part.
    """
    if case not in SHARED_PARTS:
        raise unknown("case", case, get_args(Case))
    first, *others = strategies
    shared = {part: get_part(first, part) for part in SHARED_PARTS[case]}
    return (first, *(replace_parts(other, shared) for other in others))


def get_part(strategy: Strategy, part: str) -> Any:
    """Return the signal or the target of a strategy.

    Raises:
        InputError: the strategy has none.
    """
    if part not in spec.parameters(type(strategy)):
        raise InputError(
            f"Expected a strategy with a {part}, got {strategy.name}. Leave out what needs its "
            f"{part}, or use planting."
        )
    return getattr(strategy, part)


def replace_parts(strategy: Strategy, parts: dict[str, Any]) -> Strategy:
    """Return the strategy with another signal, or another target.

    Raises:
        InputError: the strategy has none.
    """
    for part in parts:
        get_part(strategy, part)
    made: Strategy = replace(strategy, **parts)  # type: ignore[type-var]
    return made


def make_collectives(
    strategies: Sequence[Strategy], errors: Sequence[float], mistake: Mistake
) -> list[Collective]:
    """Return the collectives that carry out the strategies; the first one follows the last.

    Raises:
        InputError: members confuse signals, and a strategy has no signal.
    """
    following = [*strategies[1:], strategies[0]]
    confused = [
        replace_parts(one, {"signal": get_part(after, "signal")}) if mistake == "signal" else None
        for one, after in zip(strategies, following, strict=True)
    ]
    return [
        Collective(strategy, error, mistake, other)
        for strategy, error, other in zip(strategies, errors, confused, strict=True)
    ]


def choose_members(draws: npt.NDArray[np.float64], sizes: Sequence[float]) -> list[Mask]:
    """Return who is in each collective, (n,) each: nobody in two.

    One draw a person, whatever the sizes. The first collective is the round(α₁n) people whose draws
    are lowest, as if it were alone; the others are those whose draws are highest, the last at the
    top and the second below all others. So the first two are nested in their sizes.

    >>> one, two = choose_members(np.array([0.3, 0.1, 0.9, 0.5]), [0.25, 0.5])
    >>> one.tolist(), two.tolist()
    ([False, True, False, False], [False, False, True, True])
    """
    n = len(draws)
    order = np.argsort(draws, kind="stable")
    first = round(sizes[0] * n)
    rows, end = [order[:first]], n
    for size in reversed(sizes[1:]):
        count = min(round(size * n), end - first)  # two halves of people may both round up
        rows.insert(1, order[end - count : end])
        end -= count
    return [np.isin(np.arange(n), mine) for mine in rows]


def submit(
    honest: Table, collectives: Sequence[Collective], sizes: Sequence[float], seed: int
) -> Submission:
    """Return what the platform receives when each collective has its size; who errs is a member.

    The first collective and its draws are those of a trial where it acts alone. Who would err, and
    to which label, is drawn for everyone, whatever the sizes.

    Raises:
        InputError: a strategy does not fit these people.
    """
    n, rng = len(honest), np.random.default_rng(streams(seed)[1])
    who = choose_members(rng.random(n), sizes)
    mistakes = seeds.mixed(seed, MISTAKES)
    errs = [mistakes.random(n) < one.error for one in collectives]  # (n,) each
    return apply_strategies(honest, collectives, who, errs, mistakes.integers(1, honest.k, n), rng)


def apply_strategies(
    honest: Table,
    collectives: Sequence[Collective],
    who: Sequence[Mask],
    errs: Sequence[Mask],
    shift: npt.NDArray[np.int64],
    rng: Rng,
) -> Submission:
    """Return what the platform receives, once it is known who is a member and who would err.

    Args:
        honest: the rows of everyone, n people.
        collectives: what each collective does.
        who: the members of each, (n,) each.
        errs: who errs if they are members, (n,) each.
        shift: by how much a wrong label is moved from the agreed one, in 1 ... k−1, (n,).
        rng: what strategies draw from.
    """
    table = honest
    for one, member, err in zip(collectives, who, errs, strict=True):
        wrong = member & err
        for acting, apply in (
            (member & ~wrong, one.strategy.apply),
            (wrong & (one.mistake != "forget"), make_mistaken_action(one, shift[wrong])),
        ):
            if acting.any():
                known = learn_of(one.strategy, honest, acting, rng)
                acted = apply(table.take(acting), known, rng)
                table = Submission(table, acted, acting).mixed()
    anyone = np.logical_or.reduce(who)
    return Submission(honest, table.take(anyone), anyone)


def make_mistaken_action(one: Collective, shift: npt.NDArray[np.int64]) -> Apply:
    """Return how members act who err; ``shift`` (m,) moves their labels."""
    if one.confused is not None:
        return one.confused.apply

    def mislabel(members: Table, known: Knowledge, rng: Rng) -> Table:
        acted = apply_strategy(one.strategy, members, known, rng)
        return acted.relabelled((acted.y + shift) % acted.k)

    return mislabel
