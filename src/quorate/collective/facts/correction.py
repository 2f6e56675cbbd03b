"""What a correction says, as a campaign page needs it: measured, how much is real, its limits.

Sentences are made from the numbers by the words of ``test_time``, not taken from the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

from quorate.collective.facts.curve import SuccessCurve
from quorate.collective.facts.figure import StatedFigure
from quorate.intervals import Estimate
from quorate.runs.wording import percent
from quorate.test_time.study import effects, wording
from quorate.test_time.study.means import MeanOutcome
from quorate.test_time.study.measures import UNDEFINED, CorrectionMeasures
from quorate.test_time.study.outcome import CorrectionOutcome, QueryCounts

NOT_PROMISED = (
    "What was measured was measured on one platform, as it was then, with these members, questions "
    "and pictures. A campaign with other members makes another change: it is measured anew before "
    "it is published."
)


@dataclass(frozen=True)
class CollectiveMeasured:
    """The gap closed by one collective, at the headline's platform, surrogate, queries and ε.

    Args:
        members: of the collective.
        gap_closed: share of the accuracy gap that was closed.
    """

    members: int
    gap_closed: Estimate


@dataclass(frozen=True, eq=False)
class CorrectionFacts:
    """What a correction says of acting at test time.

    Args:
        population, subgroup, platform, proxy: whose, for whom, on what, and the surrogate.
        classes: labels that the platform gives; none where the source does not tell them.
        shape: of its pictures, (c, h, w); None where the source does not tell it.
        members, queries: of the collective, and of each member.
        epsilon, norm: the budget of a picture's change, on the pixel scale [0, 1].
        measures: every number.
        suspects, left_out: members who contradicted everyone else, and whether they were left out.
        pooled, evaluation: answered questions of the collective, and of measuring.
        seeds: number of seeds.
        collectives: gap closed by number of members, ascending.
        notes: what else must be known about the numbers.
    """

    kind: ClassVar[str] = "test"

    population: str
    subgroup: str
    platform: str
    proxy: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int] | None
    members: int
    queries: int
    epsilon: float
    norm: Literal["linf", "l2"]
    measures: CorrectionMeasures
    suspects: tuple[int, ...]
    left_out: bool
    pooled: int
    evaluation: int
    seeds: int
    collectives: tuple[CollectiveMeasured, ...]
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """Who was corrected for whom."""
        return f"Correcting {self.platform} for {self.subgroup} people of {self.population}"

    @cached_property
    def curves(self) -> tuple[SuccessCurve, ...]:
        """The gap closed by members, within 0 and 1; none where there was no gap to close."""
        found = [one for one in self.collectives if not math.isnan(one.gap_closed.value)]
        if not found:
            return ()
        closed = tuple(min(max(one.gap_closed.value, 0.0), 1.0) for one in found)
        members = tuple(float(one.members) for one in found)
        return (SuccessCurve("measured", "gap closed", (0.0, *members), (0.0, *closed)),)

    @property
    def least_members(self) -> int | None:
        """The fewest members from which on all collectives surely closed some of the gap.

        By the lower ends of their intervals, from the largest down to the first that fails: in a
        fixed order, so that looking at several makes no error likelier than looking at one.
        """
        found = None
        for one in reversed(self.collectives):
            if not one.gap_closed.low > 0:
                break
            found = one.members
        return found

    @cached_property
    def _mean(self) -> MeanOutcome:
        """The headline as ``test_time`` words it."""
        outcome = CorrectionOutcome(
            id="",
            seed=0,
            platform=self.platform,
            platform_id="",
            proxy=self.proxy,
            members=self.members,
            queries_per_member=self.queries,
            epsilon=self.epsilon,
            norm=self.norm,
            measures=self.measures,
            suspects=self.suspects,
            left_out=self.left_out,
            queries=QueryCounts(self.pooled, self.queries, self.evaluation),
            notes=(),
            seconds=0.0,
            provenance={},
            description={},
        )
        who = self.platform, self.proxy, self.members, self.queries, self.epsilon
        return MeanOutcome(*who, (outcome,), self.measures)

    # ------------------------------------------------------------------------------- for people

    def what(self) -> tuple[str, ...]:
        """Return what members do, and how much a picture changes."""
        return (
            f"Every member asks the platform at most {wording.counted(self.queries, 'question')}, "
            "and the answers are pooled. From them a small change of pictures is made, which "
            f"{self.subgroup} people add to their own before they send them in.",
            wording.noise(self.epsilon, self.norm),
        )

    def how_sure(self) -> tuple[str, ...]:
        """Return how much of the gap was closed, how much of it is real, and for how many."""
        seeds = f"Means over {wording.counted(self.seeds, 'seed')}."
        return (
            *effects.found(self._mean, self.subgroup),
            *effects.how_real(self._mean, self.subgroup),
            wording.agreement(self._mean),
            seeds,
        )

    def costs(self) -> tuple[str, ...]:
        """Return what members give up."""
        return (wording.queries(self._mean),)

    def assumptions(self) -> tuple[str, ...]:
        """Return what is taken for granted, and what is known about the numbers."""
        return (NOT_PROMISED, *self.notes)

    def limits(self) -> tuple[str, ...]:
        """Return what is not guaranteed."""
        adapted = "" if self.measures.adaptive else " None was measured here."
        return tuple(
            f"{one}{adapted}" if "platforms that adapt" in one else one for one in wording.CAUTIONS
        )

    def figures(self) -> tuple[StatedFigure, ...]:
        """Return every number that the page shows, each with how it is known and how sure."""
        measures, who = self.measures, self.subgroup
        before, after = (
            one.accuracy_by_group.get(who, UNDEFINED) for one in (measures.before, measures.after)
        )
        controls, free = measures.controls, measures.best_label_free
        budget = wording.budget(self.epsilon, self.norm)
        rows = [
            StatedFigure("Change of a picture, at most", budget, "stated", "ε"),
            StatedFigure("Members", f"{self.members:,}", "stated"),
            StatedFigure("Questions a member", f"{self.queries:,}", "stated"),
            _measured("Gap before", measures.before.accuracy_gap),
            _measured("Gap after", measures.after.accuracy_gap),
            *([] if free is None else [_measured("Gap closed, label-free", free.gap_closed)]),
            _measured("Gap closed", measures.gap_closed),
            _measured(f"Accuracy of {who} people before", before),
            _measured(f"Accuracy of {who} people after", after),
            _measured("Force rate (label leakage)", controls.force_rate),
        ]
        rows += [
            _measured("Accuracy under a wrong class's change", controls.wrong_class),
            _measured("Accuracy under random signs", controls.random_sign),
            *(
                _measured(f"Gap closed where the platform adapts: {name}", one.gap_closed)
                for name, one in measures.adaptive.items()
            ),
            _measured("Surrogate answers as the platform", measures.agreement),
        ]
        return tuple(rows)

    def with_platform(
        self, classes: tuple[str, ...], shape: tuple[int, int, int]
    ) -> CorrectionFacts:
        """Return the same with the labels and the shape of pictures, as its change tells them."""
        return replace(self, classes=classes, shape=shape)


def _measured(label: str, one: Estimate) -> StatedFigure:
    if math.isnan(one.value):
        return StatedFigure(label, "not defined", "measured")
    return StatedFigure(label, percent(one.value), "measured", _interval(one))


def _interval(one: Estimate) -> str:
    """Return a 95% interval in words; empty where neither end is bounded."""
    low, high = (percent(end) if math.isfinite(end) else "" for end in (one.low, one.high))
    if low and high:
        return f"95% interval: {low} to {high}"
    if low or high:
        return f"95% interval: {f'{low} or more' if low else f'{high} or less'}"
    return ""
