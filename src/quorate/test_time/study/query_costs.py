"""What pools and people on their own spend in queries, and from which subgroup on pooling pays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quorate.fairness import Estimate, wilson
from quorate.intervals import CONFIDENCE, band, mean_interval


@dataclass(frozen=True)
class SoloAttack:
    """What one attack did for people on their own, one seed.

    Args:
        attack, seed: which; the attack as the shortest text that stands for it.
        subgroup, misread: people of the subgroup measured on, and how many of them the platform
            reads wrongly.
        people, corrected: of the misread, how many the attack was tried on, and how many of them it
            brought the platform to say the truth of.
        queries: that they asked in all, by the platform's own meter.
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

    def per_misread(self) -> Estimate:
        """Return the mean queries of a misread person, corrected or not; NaN where nobody is.

        q̄ ± t·s/√n, t of Student's law at n − 1; without bound where n = 1.
        """
        if not self.people:
            return Estimate(math.nan, math.nan, math.nan)
        return self._around(self.queries / self.people, self.spread / math.sqrt(self.people))

    def per_member(self) -> Estimate:
        """Return the mean queries of a member of the subgroup, misread or not.

        m = p·q̄ + (1 − p)·1, p the share misread: who is read rightly stops after one query. With N
        people in the subgroup and n attacking, m ± t·√(p²s²/n + (q̄ − 1)²·p(1 − p)/N), t of
        Student's law at n − 1. Source: derived.
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
class PoolEffect:
    """What one pool did for the same people, one seed.

    Args:
        members, queries_per_member, queries: of the pool.
        subgroup, misread, people: as of ``SoloAttack``.
        corrected: of the people, with the change per class.
        broken: of the subgroup − misread whom the platform reads rightly, how many it reads
            wrongly once they make that change.
        corrected_label_free, broken_label_free: with the best label-free change; None without one.
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


@dataclass(frozen=True)
class QueryComparison:
    """Pools and attacks at one ε.

    Args:
        epsilon, norm: the budget of a picture's change, on the pixel scale.
        budget: queries that each person alone has.
        alone, pooled: by seed.
        description: what decides the result.
    """

    epsilon: float
    norm: str
    budget: int
    alone: tuple[SoloAttack, ...]
    pooled: tuple[PoolEffect, ...]
    description: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row an attack: means over seeds, and the break-even subgroup of each pool.

        Break-even: the pool's queries ÷ the mean queries of a member alone, misread or not; larger
        subgroups save queries by pooling. Intervals are over seeds, or of one seed over people.
        None where nobody is misread. Source: derived.
        """
        found = []
        pools = self.pools()
        for name in dict.fromkeys(one.attack for one in self.alone):
            ours = [one for one in self.alone if one.attack == name]
            tried = [one for one in ours if one.people]
            member = self._mean([one.per_member() for one in ours])
            rate = _rate([(one.corrected, one.people) for one in ours])
            reached = _mean_of([_reached(one) / one.subgroup for one in ours])
            found.append(
                {
                    "attack": name,
                    "people": sum(one.people for one in ours),
                    "misread": _rate([(one.misread, one.subgroup) for one in ours]),
                    "corrected": rate,
                    "queries_per_misread": _plain(
                        self._mean([one.per_misread() for one in tried]) if tried else None
                    ),
                    "queries_per_member": member.to_json(),
                    "queries_per_corrected": member.value / reached if reached else None,
                    "break_even": [
                        {
                            "members": pool["members"],
                            "queries_per_member": pool["queries_per_member"],
                            "subgroup": _plain(
                                _break_even(pool["queries"], member) if tried else None
                            ),
                        }
                        for pool in pools
                    ],
                }
            )
        return found

    def pools(self) -> list[dict[str, Any]]:
        """Return one row a pool, over seeds: its queries, and how many it corrects and breaks.

        ``queries_per_corrected`` is of a subgroup as large as the one measured on: the pool's
        queries ÷ (people misread × rate corrected).
        """
        found = []
        for members, each in dict.fromkeys((p.members, p.queries_per_member) for p in self.pooled):
            ours = [p for p in self.pooled if (p.members, p.queries_per_member) == (members, each)]
            free = [p for p in ours if p.corrected_label_free is not None]
            queries = _mean_of([p.queries for p in ours])
            reached = _mean_of([_reached(p) for p in ours])
            found.append(
                {
                    "members": members,
                    "queries_per_member": each,
                    "queries": queries,
                    "people": sum(p.people for p in ours),
                    "subgroup": _mean_of([p.subgroup for p in ours]),
                    "corrected": _rate([(p.corrected, p.people) for p in ours]),
                    "broken": _rate([(p.broken, p.subgroup - p.misread) for p in ours]),
                    "corrected_label_free": _rate(
                        [(p.corrected_label_free or 0, p.people) for p in free]
                    ),
                    "broken_label_free": _rate(
                        [(p.broken_label_free or 0, p.subgroup - p.misread) for p in free]
                    ),
                    "queries_per_corrected": queries / reached if reached else None,
                }
            )
        return found

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "epsilon": self.epsilon,
            "norm": self.norm,
            "budget": self.budget,
            "attacks": self.rows(),
            "pools": self.pools(),
            "curves": [
                {"attack": one.attack, "seed": one.seed, "curve": one.curve} for one in self.alone
            ],
            "description": self.description,
        }

    def _mean(self, of_seeds: Sequence[Estimate]) -> Estimate:
        """Return mean queries over seeds; one seed keeps its interval. All in [1, budget]."""
        one = of_seeds[0]
        if len(of_seeds) > 1:
            ends = mean_interval(np.array([[each.value for each in of_seeds]]))
            one = Estimate(*(float(end[0]) for end in ends))
        return Estimate(one.value, max(1.0, one.low), min(float(self.budget), one.high))


def _break_even(queries: float, member: Estimate) -> Estimate:
    return Estimate(queries / member.value, queries / member.high, queries / member.low)


def _rate(counts: Sequence[tuple[int, int]]) -> dict[str, float | None] | None:
    """Return a rate from its counts by seed, over the seeds that have any; None where none has."""
    some = [(count, n) for count, n in counts if n]
    if not some:
        return None
    if len(some) == 1:
        return wilson(*some[0]).to_json()
    ends = band(np.array([[count / n for count, n in some]]))
    return Estimate(*(float(end[0]) for end in ends)).to_json()


def _reached(one: SoloAttack | PoolEffect) -> float:
    """Return how many of the subgroup are corrected: the misread × the rate among those tried."""
    return one.misread * one.corrected / one.people if one.people else 0.0


def _mean_of(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _plain(value: Estimate | None) -> dict[str, float | None] | None:
    return None if value is None else value.to_json()
