"""The page of an audit: how few people move the model, by what, and what stands against it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quorate.auditing import wording
from quorate.auditing.battery import NOT_TRIED
from quorate.auditing.comparison import Compared, regression_words
from quorate.auditing.measured import AttackResult, DefenceResult
from quorate.runs.result import Picture, Result, Row, Section
from quorate.runs.wording import name_place, settings_in_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from quorate.figures.smallest_collectives import Line


@dataclass(frozen=True, eq=False)
class ModelAuditResult(Result):
    """How few people, acting together on their own data, move a model.

    Args:
        audit: what was asked for, as plain data.
        model, population: what they are called.
        size: people on the platform.
        trained_on: people that each model learned from.
        wanted: the label that collectives want.
        attacks: what was tried, and what came of it.
        defended: the attack that defences were tried against; "" for none.
        defences: how each shifts it.
        refused: defences that do not apply, and why.
        left_out: attacks that were not tried, and why.
        spent: trainings of the budget.
        seconds: that they took, summed over workers.
        provenance: where the numbers come from.
        comparison: each attack then and now, where an earlier audit was named.
    """

    audit: Mapping[str, Any]
    model: str
    population: str
    size: int
    trained_on: int
    wanted: str
    attacks: tuple[AttackResult, ...]
    defended: str
    defences: tuple[DefenceResult, ...]
    refused: Mapping[str, str]
    left_out: Mapping[str, str]
    spent: int
    seconds: float
    provenance: Mapping[str, Any]
    comparison: tuple[Compared, ...] = ()

    @property
    def title(self) -> str:
        """What the page is called."""
        return f"How few people can move {self.model}?"

    @property
    def question(self) -> str:
        """What an audit asks."""
        return (
            "How many people, acting together on their own data, change what this model answers, "
            "and what would stand against it?"
        )

    @property
    def regression(self) -> str:
        """Which attacks need fewer people than in the earlier audit; empty for none."""
        return regression_words(self.comparison)

    @property
    def smallest(self) -> AttackResult | None:
        """The attack that moves the model with the fewest people; None if none does."""
        return next((one for one in self.attacks if one.name == self.defended), None)

    def people(self, alpha: float) -> float:
        """Return how many people of the platform a fraction stands for, rounded up."""
        return math.ceil(alpha * self.size - 1e-9) if math.isfinite(alpha) else alpha

    # ----------------------------------------------------------------------------- for programs

    def rows(self) -> list[Row]:
        """Return one row an attack."""
        return [wording.row_of(one, self.people) for one in self.attacks]

    def data(self) -> dict[str, list[Row]]:
        """Return the attacks, the defences, the comparison, and every training of a search."""
        defences = [wording.defence_row(one, self.people) for one in self.defences]
        points = [
            {"attack": one.name, "members": members, "seed": seed, "success": success}
            for one in self.attacks
            for members, seed, success in one.points
        ]
        compared = [wording.compared_row(one) for one in self.comparison]
        tables = {"attacks": self.rows(), "defences": defences, "trainings": points}
        return {**tables, "comparison": compared} if compared else tables

    def to_json(self) -> dict[str, Any]:
        """Return plain data, which a later audit is compared with."""
        smallest = self.smallest
        return {
            "model": self.model,
            "population": self.population,
            "size": self.size,
            "trained_on": self.trained_on,
            "smallest": None
            if smallest is None
            else {"attack": smallest.name, "people": self.people(smallest.estimate)},
            "attacks": [
                {**one.to_json(), "people": _finite(self.people(one.estimate))}
                for one in self.attacks
            ],
            "defences": [one.to_json() for one in self.defences],
            "defences_that_do_not_apply": dict(self.refused),
            "not_tried": dict(self.left_out),
            "trainings": self.spent,
            "comparison": [one.to_json() for one in self.comparison],
            "regression": bool(self.regression),
            "asked": dict(self.audit),
        }

    # ------------------------------------------------------------------------------- for people

    def summary(self) -> list[str]:
        """Return the answer, what it rests on, and whether fewer people are enough than before."""
        said = [wording.headline(self.smallest, self.people, self.size)]
        if self.comparison:
            said.insert(0, self.regression or "No regression beyond noise.")
        control = next((one for one in self.attacks if one.is_control), None)
        if control is not None and self.smallest is not None:
            said.append(wording.control_sentence(control, self.smallest, self.people))
        said.append(wording.strongest_defence(self.defences, self.people))
        asked = self.audit["budget"], self.audit["width"]
        said += wording.soft_intervals(self.attacks, self.defences, self.spent, *asked)
        return [one for one in said if one]

    def sections(self) -> list[Section]:
        """Return collectives, costs, defences, bounds, the comparison, and what was not tried."""
        audit = self.audit
        found = [
            Section(
                "The smallest collectives that move it",
                rows=tuple(wording.attack_row(one, self.people) for one in self.attacks),
                after=(
                    f"Moved means {100 * audit['target']:g}% of the way from what the model does "
                    "without a collective to all that members want. People are α* times "
                    f"{self.size:,}, with 95% intervals.",
                    f"Each model was trained on {self.trained_on:,} people; on another number of "
                    "people the share that is enough may differ.",
                ),
            ),
            Section(
                "What they do, what they gain, and what it costs everyone else",
                rows=tuple(wording.gain_row(one) for one in self.attacks),
                after=(
                    "Gains and costs are measured at the smallest collective, or with everyone "
                    "who can act where none is enough. Costs are changes of accuracy on honest "
                    "people held out, in points, paired by seed, with 95% intervals.",
                ),
            ),
        ]
        if any(one.group_costs for one in self.attacks):
            found.append(
                Section(
                    "What it costs each group",
                    rows=tuple(row for one in self.attacks for row in wording.group_rows(one)),
                )
            )
        if self.defences or self.refused:
            found.append(
                Section(
                    f"Defences against {self.defended}" if self.defended else "Defences",
                    rows=tuple(wording.defence_text(one, self.people) for one in self.defences),
                    after=tuple(
                        f"Not applied: {name}. {why}" for name, why in self.refused.items()
                    ),
                )
            )
        found.append(
            Section(
                "Certified, beside simulated",
                sentences=(
                    "Simulated numbers hold for this model, as trained here. Certified ones hold "
                    "for any platform that is optimal for the rows it receives (ε = 0), whether or "
                    "not this model is: they say what is enough, never what is needed.",
                ),
                rows=tuple(wording.bound_row(one, self.people) for one in self.attacks),
            )
        )
        if self.comparison:
            rows = tuple(wording.compared_text(one, self.people) for one in self.comparison)
            found.append(
                Section("Against the earlier audit", rows=rows, after=wording.COMPARISON_RULE)
            )
        skipped = tuple(f"{name}: {why}" for name, why in self.left_out.items())
        found.append(Section("What was not tried", sentences=(*skipped, *NOT_TRIED)))
        return found

    def pictures(self) -> dict[str, Picture]:
        """Return the smallest collectives with their intervals, and behind each defence."""
        caption = (
            "The smallest collective that moves the model by each attack, with its 95% interval"
            f"{', and by the smallest attack behind each defence' if self.defences else ''}. An "
            "arrow means that not even everyone who can act may be enough."
        )
        return {"smallest-collectives": Picture(self._figure(), caption)}

    def _figure(self) -> Figure:
        from quorate.figures.smallest_collectives import collectives_figure

        lines = [self._line(one.name, one) for one in self.attacks]
        behind = [self._line(f"behind {one.name}", one) for one in self.defences]
        return collectives_figure(lines, behind, self.size)

    def _line(self, label: str, one: AttackResult | DefenceResult) -> Line:
        from quorate.figures.smallest_collectives import Line

        estimate, low, high = (self.people(end) for end in (one.estimate, one.low, one.high))
        return Line(label, estimate, low, high, isinstance(one, DefenceResult))

    def settings(self) -> dict[str, str]:
        """Return what was asked for."""
        return settings_in_words(self.audit)

    def facts(self) -> dict[str, str]:
        """Return where the numbers come from."""
        return {
            "Model": self.model,
            "People": f"{self.population}; {self.trained_on:,} a training",
            "Trainings": str(self.spent),
            **name_place(self.provenance),
        }


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
