"""The outcomes of a correction as means over seeds."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quorate.runs.result import Row
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.measures import CorrectionMeasures, columns, mean_measures
from quorate.test_time.study.outcome import CorrectionOutcome


@dataclass(frozen=True, eq=False)
class MeanOutcome:
    """Outcomes that differ in nothing but the seed.

    Args:
        platform, proxy, members, queries, epsilon: settings they share; queries are per member.
        outcomes: one a seed.
        measures: means over seeds.
    """

    platform: str
    proxy: str
    members: int
    queries: int
    epsilon: float
    outcomes: tuple[CorrectionOutcome, ...]
    measures: CorrectionMeasures

    @property
    def pooled(self) -> int:
        """Answered questions of the collective, the mean over seeds as a whole number."""
        return _mean(one.queries.pooled for one in self.outcomes)

    @property
    def evaluation(self) -> int:
        """Answered questions of measuring, likewise."""
        return _mean(one.queries.evaluation for one in self.outcomes)

    @property
    def suspects(self) -> list[int]:
        """Members whose answers contradict everyone else's in any seed, counted from 1."""
        return sorted({member for one in self.outcomes for member in one.suspects})

    @property
    def left_out(self) -> bool:
        """Whether they were left out in any seed."""
        return any(one.left_out for one in self.outcomes)

    @property
    def has_per_class(self) -> bool:
        """Whether a change per class was made: where edits are searched, all make the same one."""
        return all(one.edit is None for one in self.outcomes)

    def row(self) -> Row:
        """Return one flat row: who and what, then each mean with its ends."""
        who = ("platform", "proxy", "members", "queries", "epsilon", "pooled")
        found: Row = {name: getattr(self, name) for name in who}
        return {**found, "seeds": len(self.outcomes), **columns(self.measures.numbers())}


def mean_outcomes(
    outcomes: Sequence[CorrectionOutcome], correction: Correction
) -> list[MeanOutcome]:
    """Return one mean for each collective, platform, surrogate and budget, in the study's order.

    Args:
        outcomes: outcome of every cell, in the study's order.
        correction: the study that they are of.
    """
    found: dict[tuple[str, str, int, int, float], list[CorrectionOutcome]] = {}
    cells = itertools.product(correction.groups(), correction.epsilons)
    for (group, epsilon), outcome in zip(cells, outcomes, strict=True):
        shared = (group.platform, group.proxy, group.members, group.queries, epsilon)
        found.setdefault(shared, []).append(outcome)
    return [
        MeanOutcome(*shared, tuple(seeds), mean_measures([one.measures for one in seeds]))
        for shared, seeds in found.items()
    ]


def headline_of(means: Sequence[MeanOutcome], correction: Correction) -> MeanOutcome:
    """Return the one that is shown: the first platform and surrogate, with as much as was tried.

    That is the largest collective, the most queries per member, and the last ε named.
    """
    wanted = (
        correction.platforms[0],
        correction.proxies[0],
        max(correction.members),
        max(correction.queries),
        correction.epsilons[-1],
    )
    (found,) = (
        one
        for one in means
        if (one.platform, one.proxy, one.members, one.queries, one.epsilon) == wanted
    )
    return found


def _mean(values: Iterable[int]) -> int:
    counted = list(values)
    return round(sum(counted) / len(counted))
