"""Query costs of pools and of people alone, and the subgroup size at which they break even."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from quorate.intervals import CONFIDENCE, Estimate, band, exact_rate, mean_interval
from quorate.plain import finite
from quorate.test_time.study.measures import over_seeds, read_estimate


@dataclass(frozen=True)
class SoloAttack:
    """What one attack did for people on their own, one seed.

    Args:
        attack, seed: which; the attack as the shortest text that stands for it.
        subgroup, misread: people of the subgroup measured on, and how many of them the platform
            reads wrongly.
        people, corrected: of the misread, how many the attack was tried on, and how many of them it
            brought the platform to say the truth of.
        queries: number of queries they asked in all, by the platform's own meter.
        spread: standard deviation of their queries, n − 1 in its denominator; NaN below two people.
        curve: queries a person, and the fraction corrected with at most so many; empty of nobody.
    """

    attack: str
    seed: int
    subgroup: int
    misread: int
    people: int
    corrected: int
    queries: int
    spread: float
    curve: list[tuple[float, float]]

    def to_plain(self) -> dict[str, Any]:
        """Return everything as plain data."""
        plain: dict[str, Any] = finite(asdict(self))
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> SoloAttack:
        """Return what plain data hold, as ``to_plain`` returned them."""
        spread = math.nan if plain["spread"] is None else plain["spread"]
        return cls(**{**plain, "spread": spread, "curve": [(q, r) for q, r in plain["curve"]]})

    def per_misread(self) -> Estimate:
        """Return the mean queries of a misread person, corrected or not; NaN where nobody is.

        q̄ ± t·s/√n, t of Student's law at n − 1; without bound where n = 1.
        """
        if not self.people:
            return Estimate(math.nan, math.nan, math.nan)
        return self._around(self.queries / self.people, self.spread / math.sqrt(self.people))

    def per_member(self) -> Estimate:
        """Return the mean queries of a member of the subgroup, misread or not.

        m = p·q̄ + (1 − p)·1, p the share misread: anyone classified correctly stops after one
        query. With N people in the subgroup and n attacking, the interval is
        m ± t·√(p²s²/n + (q̄ − 1)²·p(1 − p)/N), t of Student's law at n − 1. Source: derived.
        """
        share = self.misread / self.subgroup
        if not self.people:
            return Estimate(1.0, 1.0, math.inf)
        mean = self.queries / self.people
        asking = share * self.spread / math.sqrt(self.people)
        being = (mean - 1) * math.sqrt(share * (1 - share) / self.subgroup)
        return self._around(share * mean + 1 - share, math.hypot(asking, being))

    def _around(self, value: float, error: float) -> Estimate:
        from scipy.special import stdtrit

        if self.people < 2:
            return Estimate(value, -math.inf, math.inf)
        half = float(stdtrit(self.people - 1, (1 + CONFIDENCE) / 2)) * error
        return Estimate(value, value - half, value + half)


@dataclass(frozen=True)
class SharedChange:
    """What a change that is the same for everyone does, beside those whom attacks are tried on.

    Args:
        gap_closed: share of the subgroup's accuracy gap that it closes.
        photos: members' own pictures, with which it was found.
        before, after: how many of them the platform reads rightly, as they are and changed.
    """

    gap_closed: Estimate
    photos: int
    before: int
    after: int


@dataclass(frozen=True)
class PoolEffect:
    """What one pool did for the same people, one seed.

    Args:
        members, queries_per_member, queries: numbers of the pool.
        subgroup, misread, people: as of ``SoloAttack``.
        corrected: number of the people corrected by the pool's change: one per class, or
            ``shared``.
        broken: of the subgroup − misread whom the platform classifies correctly, how many it reads
            wrongly once they make that change.
        corrected_label_free, broken_label_free: with the best label-free change beside one per
            class; None without one.
        shared: effect of a change that is the same for everyone; None of one per class.
    """

    seed: int
    members: int
    queries_per_member: int
    queries: int
    subgroup: int
    misread: int
    people: int
    corrected: int
    broken: int
    corrected_label_free: int | None = None
    broken_label_free: int | None = None
    shared: SharedChange | None = None

    @property
    def fine(self) -> int:
        """People of the subgroup whom the platform reads rightly."""
        return self.subgroup - self.misread

    def to_plain(self) -> dict[str, Any]:
        """Return everything as plain data."""
        plain: dict[str, Any] = finite(asdict(self))
        return _without_none(plain, "shared")

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> PoolEffect:
        """Return what plain data hold, as ``to_plain`` returned them."""
        shared = plain.get("shared")
        if shared is not None:
            gap_closed = read_estimate(**shared["gap_closed"])
            shared = SharedChange(**{**shared, "gap_closed": gap_closed})
        return cls(**{**plain, "shared": shared})


# -------------------------------------------------------------------------------- means over seeds


@dataclass(frozen=True)
class BreakEven:
    """The subgroup size from which one pool spends fewer queries than everyone alone.

    Args:
        members, queries_per_member: of the pool.
        subgroup: its size; None where nobody is misread.
    """

    members: int
    queries_per_member: int
    subgroup: Estimate | None


@dataclass(frozen=True)
class AttackCosts:
    """What one attack costs; None where nobody is misread, or corrected.

    Args:
        attack: shortest text that stands for the attack.
        people: on whom it was tried.
        misread, corrected: share of the subgroup, and of the people.
        queries_per_misread, queries_per_member: of a person, see ``SoloAttack``.
        queries_per_corrected: queries of all of the subgroup for each one who is corrected.
        break_even: with each pool.
    """

    attack: str
    people: int
    misread: Estimate | None
    corrected: Estimate | None
    queries_per_misread: Estimate | None
    queries_per_member: Estimate
    queries_per_corrected: float | None
    break_even: tuple[BreakEven, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        plain: dict[str, Any] = finite(asdict(self))
        return plain


@dataclass(frozen=True)
class SharedCosts:
    """What a pool's change does that is the same for everyone, see ``SharedChange``.

    Args:
        gap_closed: share of the subgroup's accuracy gap that it closes.
        photos: members' own pictures, of all seeds.
        before, after: share of them that the platform reads rightly.
    """

    gap_closed: Estimate
    photos: int
    before: Estimate
    after: Estimate


@dataclass(frozen=True)
class PoolCosts:
    """What one pool costs, and does; None where nobody is misread, or without such a change.

    Args:
        members, queries_per_member: of the pool.
        queries: in all.
        people: people it was tried on.
        subgroup: number of people measured on.
        corrected, broken: by the pool's change, see ``PoolEffect``.
        corrected_label_free, broken_label_free: by the best label-free change beside it.
        queries_per_corrected: of a subgroup as large as the one measured on: the pool's queries ÷
            (people misread × rate corrected).
        shared: where the pool's change is the same for everyone.
    """

    members: int
    queries_per_member: int
    queries: float
    people: int
    subgroup: float
    corrected: Estimate | None
    broken: Estimate | None
    corrected_label_free: Estimate | None
    broken_label_free: Estimate | None
    queries_per_corrected: float | None
    shared: SharedCosts | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Members, and queries of each."""
        return self.members, self.queries_per_member

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        plain: dict[str, Any] = finite(asdict(self))
        return _without_none(plain, "shared")


def attack_costs(
    alone: Sequence[SoloAttack], pools: Sequence[PoolCosts], budget: int
) -> list[AttackCosts]:
    """Return what each attack costs, and the break-even subgroup of each pool.

    Break-even: the pool's queries ÷ the mean queries of a member alone, misread or not; larger
    subgroups save queries by pooling. Intervals are over seeds, or of one seed over people. Source:
    derived.

    Args:
        alone: outcome by attack and seed.
        pools: to compare with.
        budget: queries that each person alone has.
    """
    found = []
    for name in dict.fromkeys(one.attack for one in alone):
        ours = [one for one in alone if one.attack == name]
        tried = [one for one in ours if one.people]
        member = _mean([one.per_member() for one in ours], budget)
        reached = _mean_of([_reached(one) / one.subgroup for one in ours])
        found.append(
            AttackCosts(
                attack=name,
                people=sum(one.people for one in ours),
                misread=_rate([(one.misread, one.subgroup) for one in ours]),
                corrected=_rate([(one.corrected, one.people) for one in ours]),
                queries_per_misread=(
                    _mean([one.per_misread() for one in tried], budget) if tried else None
                ),
                queries_per_member=member,
                queries_per_corrected=member.value / reached if reached else None,
                break_even=tuple(
                    BreakEven(*pool.size, _break_even(pool.queries, member) if tried else None)
                    for pool in pools
                ),
            )
        )
    return found


def pool_costs(pooled: Sequence[PoolEffect]) -> list[PoolCosts]:
    """Return what each pool costs, and how many it corrects and breaks, over seeds."""
    found = []
    for size in dict.fromkeys((one.members, one.queries_per_member) for one in pooled):
        ours = [one for one in pooled if (one.members, one.queries_per_member) == size]
        free = [one for one in ours if one.corrected_label_free is not None]
        queries = _mean_of([one.queries for one in ours])
        reached = _mean_of([_reached(one) for one in ours])
        found.append(
            PoolCosts(
                *size,
                queries=queries,
                people=sum(one.people for one in ours),
                subgroup=_mean_of([one.subgroup for one in ours]),
                corrected=_rate([(one.corrected, one.people) for one in ours]),
                broken=_rate([(one.broken, one.fine) for one in ours]),
                corrected_label_free=_rate(
                    [(one.corrected_label_free or 0, one.people) for one in free]
                ),
                broken_label_free=_rate([(one.broken_label_free or 0, one.fine) for one in free]),
                queries_per_corrected=queries / reached if reached else None,
                shared=_shared_costs([one.shared for one in ours if one.shared is not None]),
            )
        )
    return found


def _shared_costs(of_seeds: Sequence[SharedChange]) -> SharedCosts | None:
    """Return the means over seeds; None where no change is the same for everyone."""
    before, after = (
        _rate([(getattr(one, when), one.photos) for one in of_seeds])
        for when in ("before", "after")
    )
    if before is None or after is None:
        return None
    gap_closed = over_seeds([one.gap_closed for one in of_seeds], rate=False)
    return SharedCosts(gap_closed, sum(one.photos for one in of_seeds), before, after)


def _mean(of_seeds: Sequence[Estimate], budget: int) -> Estimate:
    """Return mean queries over seeds; one seed keeps its interval. All in [1, budget]."""
    one = of_seeds[0]
    if len(of_seeds) > 1:
        ends = mean_interval(np.array([[each.value for each in of_seeds]]))
        one = Estimate(*(float(end[0]) for end in ends))
    return Estimate(one.value, max(1.0, one.low), min(float(budget), one.high))


def _break_even(queries: float, member: Estimate) -> Estimate:
    return Estimate(queries / member.value, queries / member.high, queries / member.low)


def _rate(counts: Sequence[tuple[int, int]]) -> Estimate | None:
    """Return a rate from its counts by seed, over the seeds that have any; None where none has."""
    some = [(count, n) for count, n in counts if n]
    if not some:
        return None
    if len(some) == 1:
        return exact_rate(*some[0])
    ends = band(np.array([[count / n for count, n in some]]))
    return Estimate(*(float(end[0]) for end in ends))


def _reached(one: SoloAttack | PoolEffect) -> float:
    """Return how many of the subgroup are corrected: the misread × the rate among those tried."""
    return one.misread * one.corrected / one.people if one.people else 0.0


def _without_none(plain: dict[str, Any], name: str) -> dict[str, Any]:
    """Return plain data without what a later version added, where it is not there."""
    return {key: value for key, value in plain.items() if key != name or value is not None}


def _mean_of(values: Sequence[float]) -> float:
    return sum(values) / len(values)
