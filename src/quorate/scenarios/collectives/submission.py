"""Who is in which collective, what they hand in, and what those of them do who err."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate import spec
from quorate.errors import InputError
from quorate.knowledge import Knowledge
from quorate.protocols import Strategy
from quorate.studies.trial import streams
from quorate.table import Mask, Rng, Submission, Table
from quorate.validate import unknown

Mistake = Literal["forget", "label", "signal"]
Apply = Callable[[Table, Knowledge, Rng], Table]
Case = Literal["as-given", "same-signal", "same-target", "same"]
TAKEN: dict[str, tuple[str, ...]] = {
    "as-given": (),
    "same-signal": ("signal",),
    "same-target": ("target",),
    "same": ("signal", "target"),
}
SLIPS = 1  # stream of a seed from which members' mistakes are drawn


@dataclass(frozen=True)
class Collective:
    """One of several collectives.

    Args:
        strategy: what its members agreed to do.
        error: chance that a member errs, ρ, in [0, 1].
        mistake: what a member does who errs. forget: hand in an honest row. label: claim another
            label than agreed, each as likely. signal: carry the signal of the next collective.
        confused: the strategy with the next collective's signal; of mistake "signal" alone.
    """

    strategy: Strategy
    error: float = 0.0
    mistake: Mistake = "forget"
    confused: Strategy | None = None


def strategies_in(case: str, strategies: Sequence[Strategy]) -> tuple[Strategy, ...]:
    """Return the strategies where all others take over the signal, the target or both of the first.

    Raises:
        InputError: the case is not known, or a strategy has no such part.
    """
    if case not in TAKEN:
        raise unknown("case", case, get_args(Case))
    first, *others = strategies
    taken = {part: part_of(first, part) for part in TAKEN[case]}
    return (first, *(with_parts(other, taken) for other in others))


def part_of(strategy: Strategy, part: str) -> Any:
    """Return the signal or the target of a strategy.

    Raises:
        InputError: it has none.
    """
    if part not in spec.parameters(type(strategy)):
        raise InputError(
            f"Expected a strategy with a {part}, got {strategy.name}. Leave out what needs its "
            f"{part}, or use planting."
        )
    return getattr(strategy, part)


def with_parts(strategy: Strategy, parts: dict[str, Any]) -> Strategy:
    """Return a strategy with another signal, or another target.

    Raises:
        InputError: it has none.
    """
    for part in parts:
        part_of(strategy, part)
    made: Strategy = replace(strategy, **parts)  # type: ignore[type-var]
    return made


def collectives_of(
    strategies: Sequence[Strategy], errors: Sequence[float], mistake: Mistake
) -> list[Collective]:
    """Return the collectives that carry out the strategies, the first being next to the last.

    Raises:
        InputError: members confuse signals, and a strategy has none.
    """
    following = [*strategies[1:], strategies[0]]
    confused = [
        with_parts(one, {"signal": part_of(after, "signal")}) if mistake == "signal" else None
        for one, after in zip(strategies, following, strict=True)
    ]
    return [
        Collective(strategy, error, mistake, other)
        for strategy, error, other in zip(strategies, errors, confused, strict=True)
    ]


def members_of_each(draws: npt.NDArray[np.float64], sizes: Sequence[float]) -> list[Mask]:
    """Return who is in each collective, (n,) each: nobody in two.

    One draw a person, whatever the sizes. The first collective is the round(α₁n) people whose draws
    are lowest, as if it were alone; the others are those whose draws are highest, the last at the
    top and the second below all others. So the first two are nested in their sizes.

    >>> one, two = members_of_each(np.array([0.3, 0.1, 0.9, 0.5]), [0.25, 0.5])
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


def submit_each(
    honest: Table, collectives: Sequence[Collective], sizes: Sequence[float], seed: int
) -> Submission:
    """Return what the platform receives when each collective has its size; who errs is a member.

    The first collective and its draws are those of a trial where it acts alone. Who would err, and
    to which label, is drawn for everyone, whatever the sizes.

    Raises:
        InputError: as the strategies.
    """
    n, rng = len(honest), np.random.default_rng(streams(seed)[1])
    who = members_of_each(rng.random(n), sizes)
    slips = np.random.default_rng(np.random.SeedSequence([seed, SLIPS]))
    errs = [slips.random(n) < one.error for one in collectives]  # (n,) each
    return hand_in(honest, collectives, who, errs, slips.integers(1, honest.k, n), rng)


def hand_in(
    honest: Table,
    collectives: Sequence[Collective],
    who: Sequence[Mask],
    errs: Sequence[Mask],
    shift: npt.NDArray[np.int64],
    rng: Rng,
) -> Submission:
    """Return what the platform receives, once it is known who is a member and who would err.

    Args:
        honest: everyone, n people.
        collectives: what each does.
        who: the members of each, (n,) each.
        errs: who would err in each, (n,) each; of others than members it says nothing.
        shift: by how much whoever claims another label moves it, in 1 ... k−1, (n,).
        rng: of the strategies.
    """
    table = honest
    for one, member, slips in zip(collectives, who, errs, strict=True):
        wrong = member & slips
        for acting, apply in (
            (member & ~wrong, one.strategy.apply),
            (wrong & (one.mistake != "forget"), mistaken(one, shift[wrong])),
        ):
            if acting.any():
                known = one.strategy.learn(honest, acting, rng)
                acted = apply(table.take(acting), known, rng)
                table = Submission(table, acted, acting).mixed()
    anyone = np.logical_or.reduce(who)
    return Submission(honest, table.take(anyone), anyone)


def mistaken(one: Collective, shift: npt.NDArray[np.int64]) -> Apply:
    """Return what members do who err, as a strategy does it; ``shift`` (m,) moves their labels."""
    if one.confused is not None:
        return one.confused.apply

    def mislabelled(members: Table, known: Knowledge, rng: Rng) -> Table:
        acted = one.strategy.apply(members, known, rng)
        return acted.relabelled((acted.y + shift) % acted.k)

    return mislabelled
