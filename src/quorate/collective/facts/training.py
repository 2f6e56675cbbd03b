"""What a plan says, as a campaign page needs it: certified, rehearsed, simulated, and its limits.

Sentences are made from the numbers by the words of ``planning``, not taken from the file: a
stranger's file can hold any numbers, but no sentences of its own about how sure they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from quorate.collective.facts.curve import SuccessCurve
from quorate.collective.facts.figure import StatedFigure
from quorate.planning import rehearsal_words, wording
from quorate.planning.certify import Certification, PlanGoal
from quorate.planning.details import PlanDetails
from quorate.planning.reach import Reach
from quorate.planning.rehearsal import Rehearsal, RehearsalTrend, RehearsedSuccess
from quorate.planning.result import ABOUT_SIMULATED
from quorate.planning.simulate import SimulatedMass
from quorate.runs.privacy_words import privacy_sections
from quorate.runs.wording import percent

JUST_LIKE = (
    "What is certified is so for the members whose rows the plan was made from, and for more or "
    "fewer just like them. Other people join a campaign: for them it is certified once a plan is "
    "made with their rows. Members are counted as rows, one row each."
)
STRATEGIES: dict[PlanGoal, str] = {
    "plant": "planting",
    "plant-feature-only": "planting-features",
    "unplant": "unplanting",
    "erase": "erasing",
}


@dataclass(frozen=True, eq=False)
class TrainingFacts:
    """What a plan says of acting at training time.

    Args:
        certification: what is certified, with the goal, the signal, the target and the platform.
        label: column that holds the labels; None where the plan does not tell it.
        sets: what members write to set the signal, by column: a number in place of its bin.
        rehearsed, trends: what was rehearsed.
        simulated: the critical mass for each learner that was simulated, as a share.
        simulated_curves: success by members for each of them; empty where the plan is an older one.
        reach: the largest success that can be certified, and the members for it; None for none.
        growth: certified success by members; None where none is.
        having, claiming, changed, tolerated: as in ``PlanDetails``.
        claims: the label that each kind of member hands in, where it differs between them.
        notes: what else the plan says must be known.
    """

    kind: ClassVar[str] = "training"

    certification: Certification
    label: str | None
    sets: Mapping[str, str]
    rehearsed: tuple[RehearsedSuccess, ...]
    trends: tuple[RehearsalTrend, ...]
    simulated: tuple[SimulatedMass, ...]
    simulated_curves: tuple[SuccessCurve, ...]
    reach: Reach | None
    growth: SuccessCurve | None
    having: Mapping[str, float]
    claiming: float
    changed: int
    tolerated: int | None
    claims: tuple[Mapping[str, str], ...]
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """What it is a plan for, as people would call it."""
        objective = self.certification.objective
        signal = wording.setting(objective.signal, "is")
        if objective.goal == "erase":
            return f"Make it no difference whether {signal}"
        wanted = "No more" if objective.goal == "unplant" else "Get"
        return f"{wanted} {objective.target!r} where {signal}"

    @property
    def strategy(self) -> str:
        """The name of what members carry out."""
        return STRATEGIES[self.certification.objective.goal]

    @property
    def platform_size(self) -> int:
        """N, the number of people that the platform learns from."""
        return self.certification.objective.platform_size

    @property
    def certified_members(self) -> int | None:
        """The certified critical mass, in members; None where the target cannot be certified."""
        return self.certification.best.n_for_target

    @cached_property
    def curves(self) -> tuple[SuccessCurve, ...]:
        """Success by members, the surest first."""
        certified = () if self.growth is None else (self.growth,)
        return (*certified, *self._rehearsed_curves(), *self.simulated_curves)

    def _rehearsed_curves(self) -> list[SuccessCurve]:
        """Return mean success in rehearsal, by the members that its shares are of the platform."""
        found = []
        for trend in self.trends:
            rows = sorted(
                (row for row in self.rehearsed if row.learner == trend.learner),
                key=lambda row: row.share,
            )
            members = (0.0, *(row.share * self.platform_size for row in rows))
            success = (trend.without, *(row.mean for row in rows))
            if rows:
                found.append(SuccessCurve("rehearsed", trend.learner, members, success))
        return found

    @property
    def rehearsed_learners(self) -> tuple[str, ...]:
        """The learners that were rehearsed with."""
        return tuple(dict.fromkeys(row.learner for row in self.rehearsed))

    def least_rehearsed(self, learner: str, target: float) -> RehearsedSuccess | None:
        """Return the rehearsal with the smallest share from which on a target is reached."""
        return self._rehearsal.least_share(learner, target)

    @cached_property
    def _rehearsal(self) -> Rehearsal:
        confidence = self.certification.objective.confidence
        return Rehearsal(self.rehearsed, self.trends, confidence=confidence)

    @cached_property
    def _details(self) -> PlanDetails:
        growth = self.growth
        return PlanDetails(
            having=dict(self.having),
            claiming=self.claiming,
            changed=self.changed,
            tolerated=self.tolerated,
            claims=[dict(row) for row in self.claims],
            sizes=np.array(() if growth is None else growth.members),
            success=np.array(() if growth is None else growth.success),
            reach=self.reach,
        )

    # ------------------------------------------------------------------------------- for people

    def what(self) -> tuple[str, ...]:
        """Return what members do, and what success is."""
        found = self.certification
        return wording.what_to_do(found), wording.what_it_means(found)

    def how_sure(self) -> tuple[str, ...]:
        """Return what is certified, what was rehearsed and what was simulated, in sentences."""
        objective = self.certification.objective
        simulated = self._say_simulated() if self.simulated else "Nothing was simulated."
        return (
            wording.verdict(self.certification),
            wording.what_could_be(self.certification, self._details),
            *rehearsal_words.rehearsed(self._rehearsal, objective),
            simulated,
        )

    def costs(self) -> tuple[str, ...]:
        """Return what members give up."""
        return tuple(wording.costs(self.certification, self._details))

    def assumptions(self) -> tuple[str, ...]:
        """Return what is taken for granted, and what is left where it does not hold."""
        stated = [ABOUT_SIMULATED] if self.simulated else []
        private = privacy_sections((row.learner, None) for row in self.simulated)
        said = [sentence for section in private for sentence in section.sentences]
        sure = self.certification.certificate
        proof = (
            f"For those who check it: the certificate has the radius {sure.radius!r}, and its "
            f"proof is {sure.status}."
        )
        others = wording.if_others_differ(self.certification)
        return (JUST_LIKE, others, *stated, *said, *self.notes, proof)

    def limits(self) -> tuple[str, ...]:
        """Return what is not guaranteed: what would break it."""
        return tuple(wording.what_breaks_it(self.certification, self._details, self.simulated))

    def _say_simulated(self) -> str:
        """Return how many members were enough in simulation, by learner."""
        each = "; ".join(f"{row.learner} {self._enough(row)}" for row in self.simulated)
        wanted = wording.asked(self.certification.objective.success)
        return f"Simulated, no promise: members that were enough for {wanted}: {each}."

    def _enough(self, row: SimulatedMass) -> str:
        if math.isnan(row.low):
            return self._people(row.critical_mass)
        low, high = self._people(row.low), self._people(row.high)
        return f"{self._people(row.critical_mass)}, 95% interval {low} to {high}"

    def figures(self) -> tuple[StatedFigure, ...]:
        """Return every number that the page shows, each with how it is known and how sure."""
        found = self.certification
        best, objective = found.best, found.objective
        wanted = wording.asked(objective.success)
        confidence = f"{wording.asked(objective.confidence)} confidence"
        rows = [
            StatedFigure("People on the platform", f"{self.platform_size:,}", "stated"),
            StatedFigure("Success wanted", wanted, "stated"),
            StatedFigure(
                f"Members for {wanted}", wording.number(best.n_for_target), "certified", confidence
            ),
        ]
        if best.success > 0:
            now = f"{wording.no_more_than(best.success)} or more"
            label = f"Success with the plan's {found.members:,} members"
            rows.append(StatedFigure(label, now, "certified", confidence))
        if self.reach is not None and best.n_for_target is None:
            most = f"{wording.no_more_than(self.reach.success)} with {self.reach.members:,} members"
            rows.append(StatedFigure("The most in reach", most, "certified", confidence))
        if found.holds_to is not None:
            value = (
                f"by up to {found.holds_to:g} times the odds"
                if found.holds_to > 1
                else "not at all"
            )
            label = "Others may differ from members, and it still holds"
            rows.append(StatedFigure(label, value, "certified", confidence))
        for name in self.rehearsed_learners:
            row = self.least_rehearsed(name, objective.success)
            enough = "no share tried" if row is None else self._people(row.share)
            how = f"{confidence}, if it trains {name}"
            rows.append(StatedFigure(f"Members for {wanted}, {name}", enough, "rehearsed", how))
        for mass in self.simulated:
            low, high = (self._people(end) for end in (mass.low, mass.high))
            ends = "" if math.isnan(mass.low) else f"95% interval: {low} to {high}"
            label = f"Members for {wanted}, {mass.learner}"
            value = self._people(mass.critical_mass)
            rows.append(StatedFigure(label, value, "simulated", ends))
        return tuple(rows)

    def _people(self, share: float) -> str:
        if not math.isfinite(share):
            return "failed" if math.isnan(share) else "more than any number tried"
        return f"{math.ceil(share * self.platform_size - 1e-9):,} ({percent(share)})"
