"""The result of planning: what is certified, what was simulated, and what members must know."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from quorate import catalog, spec
from quorate.figures.plan import CertifiedCurve, MassForecast, plan_figure
from quorate.planning import coarsening_words, rehearsal_words, wording
from quorate.planning.certify import Certification, CertifiedSuccess
from quorate.planning.coarsening import Coarsenings
from quorate.planning.details import PlanDetails
from quorate.planning.rehearsal import Rehearsal
from quorate.planning.simulate import SimulatedMass, Simulation
from quorate.planning.suggest import Suggestions
from quorate.runs.privacy_words import privacy_sections
from quorate.runs.result import Picture, Result, Row, Section, TextRow
from quorate.runs.wording import rate
from quorate.version import __version__

ABOUT_CERTIFIED = (
    "Each radius is a way to allow for chance, and each row is sure on its own; tightest is the "
    "best of them, and pays for the choice. ε says how far the platform may be from the best "
    "classifier for its rows: at 0, not at all. Γ says how unlike the members others may be: their "
    "odds of a row that speaks against the members are at most Γ times a member's, and of one that "
    "speaks for them at least 1/Γ times, in each cell and on the signal as a whole. Where Γ > 1, "
    "success is a share of people whose other columns are like the members'. A number at or below "
    "0 says nothing."
)
ABOUT_SIMULATED = (
    "Platforms trained here, on the members' own rows, by some ways in which platforms train. What "
    "was enough for them may not be for another."
)


@dataclass(frozen=True, eq=False)
class Plan(Result):
    """The result of planning: what members do, how many it takes, and how sure they can be.

    Args:
        source: where the members' rows come from.
        certified: what is certified.
        details: what goes with it.
        simulation: what was simulated.
        suggestions: the signals that were tried, or None.
        rehearsal: what was rehearsed.
        coarsenings: columns with which the target is certified; None if they were not searched.
        label: column of the members' labels; None where it is not told.
    """

    source: str
    certified: Certification
    details: PlanDetails
    simulation: Simulation
    suggestions: Suggestions | None = None
    rehearsal: Rehearsal = Rehearsal()
    coarsenings: Coarsenings | None = None
    label: str | None = None

    stem: ClassVar[str] = "plan"

    @property
    def title(self) -> str:
        """What the page is called."""
        return wording.title(self.certified)

    @property
    def notes(self) -> list[str]:
        """Everything else that must be known."""
        searched = () if self.suggestions is None else self.suggestions.notes
        return [*self.certified.notes, *searched, *self.rehearsal.notes, *self.simulation.notes]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON; None for what is not defined."""
        details = self.details
        return {
            **self.certified.to_dict(),
            "label": self.label,
            "sets": dict(details.sets),
            "coarsened": self._coarsened(),
            "rehearsed": [row.to_dict() for row in self.rehearsal.rows],
            "rehearsed_trends": [one.to_dict() for one in self.rehearsal.trends],
            "simulated": [row.to_dict() for row in self.simulation.rows],
            "simulated_curves": self.simulation.mean_curves(),
            "costs": {
                "having": details.having,
                "claiming": None if math.isnan(details.claiming) else details.claiming,
            },
            "withstands": {
                "different_rows": details.changed,
                "rows_of_others": details.tolerated,
            },
            "claims": details.claims,
            "growth": self.growth(),
            "in_reach": self._in_reach(),
            "suggested": None if self.suggestions is None else self.suggestions.to_dict()["items"],
            "notes": self.notes,
        }

    def growth(self) -> list[Row]:
        """Return certified success by members, as rows."""
        rows = zip(self.details.sizes.tolist(), self.details.success.tolist(), strict=True)
        return [{"members": int(n), "success": s if math.isfinite(s) else None} for n, s in rows]

    def _in_reach(self) -> dict[str, Any]:
        """Return what these members certify, what the target takes, and the most in reach."""
        best, reach = self.certified.best, self.details.reach
        size, needed = self.certified.objective.platform_size, best.n_for_target
        return {
            "success_now": best.to_dict()["success"],
            "members_for_target": needed,
            "share_for_target": None if needed is None else needed / size,
            "largest": None if reach is None else reach.to_dict(),
        }

    def _coarsened(self) -> list[Row]:
        """Return the columns with which the target is certified, one row a set of them."""
        found = self.coarsenings
        return [] if found is None else [one.to_dict() for one in found.items]

    def rows(self) -> list[Row]:
        """Return what is certified: one row a radius, then one an ε, then one a Γ."""
        found = self.certified
        return [row.to_dict() for row in (*found.by_radius, *found.by_eps, *found.by_gamma)]

    def data(self) -> dict[str, list[Row]]:
        """Return what is certified, how it grows, and where there are any: what else was found."""
        suggested = () if self.suggestions is None else self.suggestions.items
        tables: dict[str, list[Row]] = {
            "certified": self.rows(),
            "growth": self.growth(),
            "coarsened": [
                {**row, "columns": ",".join(row["columns"]), "left_out": ",".join(row["left_out"])}
                for row in self._coarsened()
            ],
            "rehearsed": [row.to_dict() for row in self.rehearsal.rows],
            "simulated": [row.to_dict() for row in self.simulation.rows],
            "suggested": [{**vars(one), "signal": _named(one.signal)} for one in suggested],
            "claims": [dict(row) for row in self.details.claims],
        }
        return {name: rows for name, rows in tables.items() if rows}

    # ------------------------------------------------------------------------------- for people

    def summary(self) -> list[str]:
        """Return the verdict, what could be certified, what was rehearsed, what success is."""
        objective, coarser = self.certified.objective, self.coarsenings
        return [
            wording.verdict(self.certified),
            wording.what_could_be(self.certified, self.details),
            *([] if coarser is None else [coarsening_words.coarsened(coarser, objective)]),
            *rehearsal_words.rehearsed(self.rehearsal, objective),
            wording.what_it_means(self.certified),
        ]

    def sections(self) -> list[Section]:
        """Return how sure it is, what to do, the tables, costs, what breaks it, and notes."""
        certified, details, simulated = self.certified, self.details, self.simulation.rows
        sections = [
            Section(
                "How sure",
                (wording.how_sure(certified), wording.if_others_differ(certified)),
                pictures=("plan",),
            ),
            Section("What to do", (wording.what_to_do(certified),)),
            Section("Certified", rows=self._certified_rows(), after=(ABOUT_CERTIFIED,)),
        ]
        if self.coarsenings is not None and self.coarsenings.items:
            searched = self.suggestions is not None
            found = coarsening_words.section(
                self.coarsenings, certified.objective, searched=searched
            )
            sections.append(found)
        if self.rehearsal.rows:
            sections.append(rehearsal_words.section(self.rehearsal, certified.objective))
        if simulated:
            rows = tuple(map(self._simulated_row, simulated))
            sections.append(Section("Simulated, not certified", (ABOUT_SIMULATED,), rows))
            sections += privacy_sections((row.learner, None) for row in simulated)
        if self.suggestions is not None and self.suggestions.items:
            sections.append(self._suggested(self.suggestions))
        breaks = tuple(wording.what_breaks_it(certified, details, simulated))
        costs = tuple(wording.costs(certified, details))
        sections += [
            Section("What it costs", costs, on_page_only=True),
            Section("What would break it", breaks, on_page_only=True),
        ]
        if self.notes:
            sections.append(Section("Read this as well", tuple(self.notes)))
        return sections

    def _certified_rows(self) -> tuple[TextRow, ...]:
        """Return each radius at the ε that is assumed, then every other ε, then each Γ."""
        assumed = self.certified.objective
        others = (row for row in self.certified.by_eps if row.eps != assumed.eps)
        unlike = self.certified.by_gamma
        rows: list[CertifiedSuccess] = [*self.certified.by_radius, *others, *unlike]
        return tuple(
            {
                "radius": row.radius,
                "ε": f"{row.eps:g}",
                "Γ": f"{row.gamma:g}",
                "success now, at least": wording.bound(row.success),
                f"members for {self._wanted}": wording.number(row.n_for_target),
            }
            for row in rows
        )

    @property
    def _wanted(self) -> str:
        return wording.asked(self.certified.objective.success)

    def _simulated_row(self, row: SimulatedMass) -> TextRow:
        share, size = row.critical_mass, self.certified.objective.platform_size
        return {
            "if the platform trains like this": _meaning(row.learner),
            "learner": row.learner,
            "share that was enough": wording.enough(share),
            "95%": wording.between(row.low, row.high),
            "people": wording.number(round(share * size)) if math.isfinite(share) else "–",
            "success at the share of today": rate(row.success_now),
        }

    def _suggested(self, found: Suggestions) -> Section:
        rows = tuple(
            {
                "signal": _named(row.signal),
                f"members for {self._wanted}": wording.number(row.n_for_target),
                "success now, at least": wording.bound(row.success),
                "cost a member": f"{row.cost:.2f}",
            }
            for row in found.items
        )
        about = (
            f"The best of {found.tried:,} signals that were tried. The cost counts the columns "
            "that a member has to change, on average over members."
        )
        return Section("Signals tried", rows=rows, after=(about,))

    def facts(self) -> dict[str, str]:
        """Return where the numbers come from, in words."""
        certified, objective = self.certified, self.certified.objective
        return {
            "Members": f"{self.source}: {certified.members:,} rows, of whom "
            f"{certified.carrying:,} carry the signal already",
            "People on the platform": f"{objective.platform_size:,}",
            "Goal": objective.goal,
            "Signal": _named(objective.signal),
            "Confidence": wording.asked(objective.confidence),
            "Assumed of the platform": f"ε = {objective.eps:g} ({objective.reading})",
            "quorate": __version__,
        }

    def pictures(self) -> dict[str, Picture]:
        """Return certified success by the number of members, above what was simulated."""
        size, simulated = self.certified.objective.platform_size, self.simulation.rows
        forecasts = [
            MassForecast(row.learner, row.critical_mass * size, row.low * size, row.high * size)
            for row in simulated
        ]
        figure = plan_figure(
            [CertifiedCurve("certified", self.details.sizes, self.details.success)],
            forecasts,
            self.certified.members,
            size,
            self.certified.objective.success,
        )
        caption = ("Above: certified" if simulated else "Certified") + (
            " success by the number of members, if further ones are like those of "
            "today. It rests on the members' own rows and on the assumptions below, and holds for "
            "every algorithm that meets them."
        )
        if simulated:
            caption += (
                " Below: how many were enough in simulation, by learner, with 95% intervals; a "
                "forecast, not a promise; an arrow stands where no number that was tried was "
                "enough."
            )
        return {"plan": Picture(figure, caption)}


def _meaning(learner: str) -> str:
    """Return what a learner is called in words: the beginning of its summary."""
    return re.split("[:;,.]", spec.summary(type(catalog.build("learners", learner))))[0]


def _named(signal: Mapping[str, str]) -> str:
    return ", ".join(f"{column}={value}" for column, value in signal.items())
