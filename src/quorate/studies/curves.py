"""The result of a study: curves S(α) and critical masses."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from quorate import spec
from quorate.catalog import CATALOG
from quorate.errors import InputError
from quorate.plain import finite
from quorate.runs.privacy_words import privacy_sections
from quorate.runs.result import Picture, Result, Row, Section, TextRow
from quorate.runs.wording import interval, people, percent, rate
from quorate.short_names import tell_apart
from quorate.spec import summary
from quorate.studies.bounds import EXACT, CurveBound
from quorate.studies.curve import (
    CURVE,
    WHO,
    CriticalMasses,
    Curve,
    curve_of,
    line_of,
    row_of,
    row_with_record,
)
from quorate.studies.effective_size import EffectiveSizes, plot_effective
from quorate.studies.outcome_words import facts_of, failures, what_failed
from quorate.studies.study import Study
from quorate.studies.trial import ANYONE, Outcome
from quorate.theory.suboptimality import Reading
from quorate.validate import in_interval, listed, unknown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from quorate.figures.curves import Part

Width = Literal["column", "page"] | float
"""How wide a figure is: a column of a paper (3.3 in), its page (6.9 in), or so many inches."""
WIDTHS = {"column": 3.3, "page": 6.9}  # inches, as of most journals and conferences
ABOUT_BOUNDS = (
    "Enough by theory is the α that the bound for the strategy asks of a platform as suboptimal as "
    "the study allows for; a dash stands where no bound speaks of the learner. Where the law of "
    "honest people is known it is exact, against the worst such platform, and the closed form of "
    "the bound, which asks for more, stands beside it. Real learners are further from optimal than "
    "that: the distance to α* shows by how much. Where the law of honest people is not known, how "
    "common the signal is among them is put at its 95% limit."
)


@dataclass(frozen=True, eq=False)
class Curves(Result):
    """The outcomes of a study, and how to read them. Iterating gives one ``Curve`` each.

    Args:
        outcomes: the cells.
        target: S*, the success that critical masses are read at.
        eps, reading: how suboptimal a platform the theory line allows for.
        title: of the report.
        names: what methods are called, by their text.
    """

    outcomes: tuple[Outcome, ...]
    target: float = 0.9
    eps: float = 0.0
    reading: Reading = "tv"
    title: str = Study.title
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, outcomes: Iterable[Outcome], study: Study) -> Curves:
        """Return the curves of outcomes, read as the study says; lines in the study's order."""
        one_a_curve = replace(study, alphas=study.alphas[:1], seeds=study.seeds[:1]).cells()
        names = [
            (*(spec.text(getattr(cell, who)) for who in WHO), cell.collective)
            for cell in one_a_curve
        ]
        order = {name: i for i, name in enumerate(names)}

        def place(outcome: Outcome) -> tuple[int, int, float]:
            name = tuple(getattr(outcome, what) for what in CURVE)
            return order.get(name, len(order)), outcome.seed, outcome.alpha

        ranked = tuple(sorted(outcomes, key=place))
        return cls(ranked, study.target, study.eps, study.reading, study.title, study.names)

    def called(self, text: str) -> str:
        """Return what a method is called: its own name where it has one, else its text."""
        return self.names.get(text, text)

    def shown(self, learner: str) -> str:
        """Return what a learner is called in tables: its own name, or what tells it from others."""
        return self._shown.get(learner, learner)

    @functools.cached_property
    def _shown(self) -> dict[str, str]:
        texts = list(dict.fromkeys(outcome.learner for outcome in self.outcomes))
        short = tell_apart([text for text in texts if text not in self.names])
        if set(short.values()) & set(self.names.values()):
            short = {text: text for text in short}
        return {**{text: self.called(text) for text in texts}, **short}

    def of_curve(self, curve: Curve) -> list[Outcome]:
        """Return the outcomes behind one of the curves."""
        wanted = tuple(getattr(curve, who) for who in CURVE)
        return [o for o in self.outcomes if tuple(getattr(o, who) for who in CURVE) == wanted]

    def __iter__(self) -> Iterator[Curve]:
        return (curve for curve, _ in self._with_cells)

    @functools.cached_property
    def _with_cells(self) -> list[tuple[Curve, list[Outcome]]]:
        groups: dict[tuple[str, ...], list[Outcome]] = {}
        for outcome in self.outcomes:
            groups.setdefault(tuple(getattr(outcome, w) for w in CURVE), []).append(outcome)
        return [(curve_of(cells), cells) for cells in groups.values()]

    def heading(self, curve: Curve) -> str:
        """Return what a curve shares with those it stands beside: all but the learner."""
        goals = {o.goal for o in self.outcomes if o.strategy == curve.strategy}
        judged = f", judged by {self.called(curve.goal)}" if len(goals) > 1 else ""
        some = "" if curve.collective == ANYONE else f", members of {curve.collective}"
        return f"{self.called(curve.population)}, {self.called(curve.strategy)}{judged}{some}"

    def critical_masses(self, target: float | None = None) -> CriticalMasses:
        """Return the critical mass of every curve, at the study's target or another."""
        chosen = self.target if target is None else target
        rows = tuple((curve, curve.critical_mass(chosen)) for curve in self)
        return CriticalMasses(rows, self.eps, self.reading, self.names)

    # ----------------------------------------------------------------------------- for programs

    def rows(self) -> list[Row]:
        """Return one flat row per cell, with what its training says of itself."""
        return [row_with_record(outcome) for outcome in self.outcomes]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per cell, as a pandas frame."""
        import pandas as pd

        return pd.DataFrame([row_of(outcome) for outcome in self.outcomes])

    def data(self) -> dict[str, list[Row]]:
        """Return the cells, the critical masses, means over seeds, and α_eff where recorded."""
        means = [row for curve in self for row in curve.mean_rows(self.called(curve.learner))]
        tables = {
            "cells": self.rows(),
            "critical-mass": self.critical_masses().to_rows(),
            "curves": means,
        }
        effective = [row for sizes in self.effective_sizes() for row in sizes.to_rows()]
        return {**tables, "alpha-effective": effective} if effective else tables

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON: the cells and the critical masses; no value is None."""
        cells = [finite({**row_of(o), "record": o.record}) for o in self.outcomes]
        return {"cells": cells, "critical_mass": self.critical_masses().to_json()}

    def stored(self) -> dict[str, Any]:
        """Return what ``--json`` prints and people are told; exports are made from the store."""
        return {**self.to_json(), **self.told()}

    # ------------------------------------------------------------------------------- for people

    def brief(self) -> str:
        """Return how many cells there are, and the critical masses, in a line."""
        masses = self.critical_masses()
        return f"{len(self.outcomes)} cells, {len(masses.rows)} curves; {masses.brief()}"

    @property
    def question(self) -> str:
        """What every study asks."""
        return (
            "How large must a group be, acting together on its own data, to move a learning "
            "algorithm?"
        )

    def summary(self) -> list[str]:
        """Return each critical mass as a sentence, and how many trainings failed."""
        said = [
            mass_sentence(row | {who: self.called(row[who]) for who in ("population", "strategy")})
            for row in self.critical_masses().to_rows()
        ]
        return [*said, *failures(self.outcomes)]

    def sections(self) -> list[Section]:
        """Return S(α), the critical masses, both ends, bounds, α_eff and what failed."""
        headed: dict[str, list[Curve]] = {}
        for curve in self:
            headed.setdefault(self.heading(curve), []).append(curve)
        sections = [
            Section(
                f"{heading}: success S(α) / accuracy on honest people",
                rows=tuple(self._success_rows(curves)),
            )
            for heading, curves in headed.items()
        ]
        sections += [
            Section(
                f"Critical mass α* for S* = {self.target:g}, 95% interval over seeds",
                rows=tuple(self._mass_rows()),
            ),
            Section(
                "Without a collective, and with the largest",
                rows=tuple(self._end_rows()),
                on_page_only=True,
            ),
            Section(
                "Which bounds apply",
                tuple(self.bound_lines()),
                after=(ABOUT_BOUNDS,),
                on_page_only=True,
            ),
        ]
        if self.effective_sizes():
            heading, name = "How large the collective counts as", ("alpha_effective",)
            sections.append(Section(heading, pictures=name, on_page_only=True))
        budgets = dict.fromkeys((one.learner, one.epsilon) for one in self.outcomes)
        return [*sections, *privacy_sections(budgets), *what_failed(self.outcomes)]

    def _success_rows(self, curves: list[Curve]) -> Iterator[TextRow]:
        """Yield mean success with mean honest accuracy, a row a size and a column a learner."""
        means = [
            {float(a): (s, c) for a, s, c in zip(curve.alphas, *curve.means(), strict=True)}
            for curve in curves
        ]
        for alpha in sorted(set().union(*means)):
            row = {"α": percent(alpha)}
            for curve, mean in zip(curves, means, strict=True):
                success, accuracy = mean.get(alpha, (math.nan, math.nan))
                shown = "–" if math.isnan(success) else f"{success:.3f} / {accuracy:.3f}"
                row[self.shown(curve.learner)] = shown
            yield row

    def _mass_rows(self) -> Iterator[TextRow]:
        masses = self.critical_masses()
        for curve, row in zip(self, masses.to_rows(), strict=True):
            yield {
                "learner": self._told_apart(curve),
                "α*": percent(row["estimate"]),
                "95% interval": interval(row["low"], row["high"]),
                "people": people(row["members"]),
                "seeds that reach it": f"{row['reached'] * row['seeds']:.0f} of {row['seeds']}",
                "enough by theory": self._say_enough(curve),
            }

    def _end_rows(self) -> Iterator[TextRow]:
        for curve in self:
            ends = [rate(end) for end in curve.ends()]
            yield {
                "learner": self._told_apart(curve),
                "success at α = 0": ends[0],
                "success at the largest α": ends[1],
                "honest accuracy at α = 0": ends[2],
                "honest accuracy at the largest α": ends[3],
            }

    def _say_enough(self, curve: Curve) -> str:
        """Return the α that is enough by theory, with the closed form where that asks for more.

        Where no α is enough, the success that is in reach.
        """
        found = [bound for bound in (curve.sharpest_bound, curve.general_bound) if bound]
        said = [self._say_size(bound) for bound in dict.fromkeys(found)]
        if not said:
            return "–"
        return f"{said[0]} (closed form: {said[1]})" if len(said) > 1 else said[0]

    def _say_size(self, bound: CurveBound) -> str:
        size = bound.critical_mass(self.target, self.eps, self.reading)
        if size is None or math.isfinite(size):
            return "–" if size is None else percent(size)
        most = bound.in_reach(self.eps, self.reading)
        return "none" if most is None else f"none, {rate(most)} is in reach"

    def _told_apart(self, curve: Curve) -> str:
        """Return what a curve's learner is called, after its heading where there are several."""
        several = len({self.heading(one) for one in self}) > 1
        called = self.shown(curve.learner)
        return f"{self.heading(curve)}: {called}" if several else called

    def bound_lines(self) -> list[str]:
        """Return for each bound which learners it is drawn for, and why not for the others."""
        said: dict[tuple[str, str], list[str]] = {}
        several = len({self.heading(curve) for curve in self}) > 1
        for curve in self:
            where = f" ({self.heading(curve)})" if several else ""
            for bound in curve.bounds:
                learners = said.setdefault((bound.name, bound.why), [])
                learners.append(self.shown(curve.learner) + where)
        return [
            f"{name}: {'not drawn' if why else 'drawn'} for {listed(who)}{f': {why}' * bool(why)}."
            for (name, why), who in sorted(said.items())
        ]

    def facts(self) -> dict[str, str]:
        """Return where the numbers come from, in words."""
        return facts_of(self.outcomes)

    def success_means(self) -> str:
        """Return what success is, by the meanings of the goals that were measured."""
        names = dict.fromkeys(outcome.goal.partition(":")[0] for outcome in self.outcomes)
        meanings = []
        for name in names:
            cls = CATALOG["goals"].get(name)
            meaning = summary(cls).rstrip(".") if cls else f"the goal {name} is reached"
            meanings.append(meaning[0].lower() + meaning[1:])
        return "; or: ".join(meanings)

    # ---------------------------------------------------------------------------------- pictures

    def pictures(self) -> dict[str, Picture]:
        """Return the curves with their critical masses, and α_eff where learners record it."""
        curves = Picture(
            self.plot(),
            f"Top: success S(α) on held-out people: {self.success_means()}. Middle: accuracy on "
            "honest held-out people, what the action costs others. Bottom: the critical mass "
            "α*, the smallest measured size from which success "
            f"stays at or above S* = {self.target:g}; bars are 95% intervals over seeds that "
            "include the spacing of the grid, an arrow means that some or all of them never reach "
            "it. Bands are 95% bootstrap intervals of the mean over seeds. A line without marks, "
            "where there is one, is the theory's lower bound for a platform as suboptimal as its "
            "label says; notes on each bound stand below.",
        )
        sizes = self.effective_sizes()
        if not sizes:
            return {"curves": curves}
        effective = Picture(
            plot_effective(sizes),
            "Learners that weigh people, or leave some out, make a collective count as more or "
            "less than its size: α_eff/α per epoch, the mean over seeds, one line a size. Above "
            "the dashed line the platform amplifies its members, below it mutes them. All numbers: "
            "alpha_effective.csv.",
        )
        return {"curves": curves, "alpha_effective": effective}

    @overload
    def plot(
        self,
        ax: None = None,
        *,
        width: Width | None = None,
        panels: Part | Sequence[Part] | None = None,
    ) -> Figure: ...
    @overload
    def plot(
        self,
        ax: Axes,
        *,
        width: Width | None = None,
        panels: Part | Sequence[Part] | None = None,
    ) -> Axes: ...
    def plot(
        self,
        ax: Axes | None = None,
        *,
        width: Width | None = None,
        panels: Part | Sequence[Part] | None = None,
    ) -> Figure | Axes:
        """Draw success, honest accuracy and critical mass over α.

        Args:
            ax: axes to draw one panel into, by default success; they are returned.
            width: of the figure: ``"column"`` (3.3 in) or ``"page"`` (6.9 in) of a paper, with
                letters to match, or inches. By default as large as is needed.
            panels: one or several of ``"success"``, ``"accuracy"`` and ``"critical-mass"``.

        Raises:
            InputError: there is no such width or panel, or several panels, a width, or curves of
                several populations or strategies are asked for in one ``ax``.
        """
        from quorate.figures import curves as figures

        parts = _parts(("success",) if ax is not None and panels is None else panels)
        if ax is None:
            return figures.curves_figure(self._panels(), parts, _inches(width))
        drawn = self._panels()
        if len(parts) > 1 or len(drawn) > 1 or width is not None:
            raise InputError(
                f"Expected one panel for ax, without a width, got {len(parts)} panels of "
                f"{len(drawn)} populations and strategies{' and a width' * (width is not None)}. "
                "Name one of panels, and leave width to the figure of ax."
            )
        figures.draw_curves(ax, drawn[0], parts[0])
        return ax

    def draw(self, ax: Axes) -> None:
        """Draw success over α into axes of the caller's."""
        self.plot(ax)

    def effective_sizes(self) -> list[EffectiveSizes]:
        """Return α_eff of every curve whose learner records it."""
        found = [
            EffectiveSizes.of(self.heading(c), self.called(c.learner), cells)
            for c, cells in self._with_cells
        ]
        return [one for one in found if one is not None]

    def _panels(self) -> list[Any]:
        from quorate.figures import curves as figures

        panels: dict[str, Any] = {}
        for curve, mass in self.critical_masses().rows:
            heading = self.heading(curve)
            panel = panels.setdefault(heading, figures.CurvePanel(heading, self.target))
            line = line_of(curve, mass, self.shown(curve.learner))
            panel.lines.append(replace(line, is_name=curve.learner in self.names))
            self._add_bounds(panel, curve)
        return list(panels.values())

    def _add_bounds(self, panel: Any, curve: Curve) -> None:
        """Add each bound that applies to the curve, unless the panel has it already."""
        from quorate.figures import curves as figures

        positive = curve.alphas[curve.alphas > 0]
        there = {bound.name for bound in panel.bounds}
        for bound in curve.bounds:
            if bound.at is None or bound.name in there or not len(positive):
                continue
            grid = np.geomspace(positive[0], positive[-1], 200)
            law = "" if curve.exact_law else ", law estimated"
            what = "worst case" if bound.name == EXACT else f"bound ({bound.name})"
            label = f"{what}, platform {self.eps:g}-suboptimal ({self.reading}{law})"
            values = bound.at(grid, self.eps, self.reading)
            panel.bounds.append(figures.BoundCurve(bound.name, label, grid, values))


def _parts(panels: Part | Sequence[Part] | None) -> tuple[Part, ...]:
    """Return the panels that are asked for, in their order from top to bottom."""
    from quorate.figures.curves import PARTS

    if panels is None:
        return PARTS
    wanted: Sequence[str] = [panels] if isinstance(panels, str) else panels
    for one in wanted:
        if one not in PARTS:
            raise unknown("panel", str(one), PARTS)
    if not wanted:
        raise InputError(f"Expected one of panels or more, got none. Name {listed(PARTS)}.")
    return tuple(part for part in PARTS if part in wanted)


def _inches(width: Width | None) -> float | None:
    if width is None:
        return None
    if isinstance(width, str):
        if width not in WIDTHS:
            raise unknown("width", width, WIDTHS)
        return WIDTHS[width]
    in_interval("width", width, 2, 40, 'It is in inches; or "column" or "page".')
    return float(width)


def mass_sentence(row: Row) -> str:
    """Return one critical mass as a sentence."""
    some = "" if row["collective"] == ANYONE else f", members of {row['collective']}"
    who = f"{row['called']} ({row['population']}, {row['strategy']}{some})"
    if math.isnan(row["estimate"]):
        return f"{who}: nothing was measured, every training failed."
    if math.isinf(row["estimate"]):
        return f"{who}: no collective that was tried reaches {percent(row['target'])} success."
    if row["estimate"] == 0:
        return f"{who}: success is {percent(row['target'])} or more without any collective."
    return (
        f"{who}: {percent(row['estimate'])} of the people, about {row['members']:.0f}, reach "
        f"{percent(row['target'])} success."
    )
