"""The result of a search for the critical mass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from quorate.intervals import Floats
from quorate.runs.privacy_words import privacy_sections
from quorate.runs.result import Picture, Result, Row, Section, TextRow
from quorate.runs.wording import interval, people, percent
from quorate.studies.critical_mass.levels import FLAT
from quorate.studies.critical_mass.monotone_fit import SPREADS
from quorate.studies.critical_mass.rounds import SEEDS, SearchEnd, Stopped
from quorate.studies.curve import WHO, Curve
from quorate.studies.curves import Curves
from quorate.studies.outcome_words import what_failed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class CriticalMassSearch(Result):
    """The critical mass that a search has come to, and what it rests on.

    Args:
        target: S*, in [0, 1].
        estimate: α*, a fraction of the people; inf where not even everyone is enough, NaN where
            every training failed.
        low, high: the 95% interval: α* lies above ``low`` (or is 0) and at or below ``high``.
        trainings: models trained in this run; what was stored before cost nothing.
        stopped: "width" where the interval is narrow enough, "plateau" where success is known to
            stay within noise of the target over all of it, "budget" where trainings ran out.
        width: the ratio high/low that was asked for.
        people: how many the platform learns from.
        refused: seeds that were skipped, and why: their people do not fit the methods.
        curves: every outcome used.
        end: the points, and the curve fitted to them.
    """

    target: float
    estimate: float
    low: float
    high: float
    trainings: int
    stopped: Stopped
    width: float
    people: int
    refused: Mapping[int, str]
    curves: Curves
    end: SearchEnd

    stem: ClassVar[str] = "search"

    @property
    def title(self) -> str:
        """What the page is called."""
        return self.curves.title

    @property
    def question(self) -> str:
        """What every search asks."""
        return self.curves.question

    @property
    def curve(self) -> Curve:
        """Success at every size that was tried."""
        return next(iter(self.curves))

    # ----------------------------------------------------------------------------- for programs

    def rows(self) -> list[Row]:
        """Return one row: the methods, and what ``--json`` prints."""
        return [self.row()]

    def row(self) -> Row:
        """Return the methods, and what ``--json`` prints."""
        return {**{who: getattr(self.curve, who) for who in WHO}, **self.to_json()}

    def data(self) -> dict[str, list[Row]]:
        """Return the critical mass, and every cell that was trained."""
        return {"search": self.rows(), "search-cells": self.curves.rows()}

    def stored(self) -> dict[str, Any]:
        """Return the critical mass with its methods and cells, and what people are told."""
        return {**super().stored(), **self.row(), "cells": self.curves.to_json()["cells"]}

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON; None where a number is infinite or was not measured."""
        ends = {"estimate": self.estimate, "low": self.low, "high": self.high}
        return {
            **{name: end if math.isfinite(end) else None for name, end in ends.items()},
            "trainings": self.trainings,
            "target": self.target,
            "stopped": self.stopped,
        }

    # ------------------------------------------------------------------------------- for people

    def summary(self) -> list[str]:
        """Return the answer in plain words, and what there is to know about it."""
        return [self.answer(), *self.notes()]

    def sections(self) -> list[Section]:
        """Return the critical mass as a row, and what failed."""
        return sections_of([(self.curve.learner, self)], self.curves)

    def table_row(self, learner: str) -> TextRow:
        """Return the critical mass as a row for people, its learner called so."""
        nothing = math.isnan(self.estimate)
        return {
            "learner": learner,
            "α*": percent(self.estimate),
            "95% interval": "–" if nothing else interval(self.low, self.high),
            "people": people(self.estimate * self.people),
            "seeds": str(len({point.seed for point in self.end.points} - self.refused.keys())),
            "trainings": str(self.trainings),
        }

    def answer(self) -> str:
        """Return the answer as one sentence."""
        goal = f"{percent(self.target)} success"
        if math.isnan(self.estimate):
            return "Nothing was measured: every training failed."
        if self.low >= 1:
            return f"Not even everyone acting together reaches {goal}."
        if self.end.bracket.on_plateau:
            return self._plateau()
        if self.high == 0:
            return f"Success is {percent(self.target)} or more without any collective."
        if math.isinf(self.estimate):
            return (
                f"Everyone acting together may not reach {goal}: that is the best guess, no more."
            )
        low, high = (people(end * self.people) for end in (self.low, self.high))
        most = f"at most {high}" if math.isfinite(self.high) else "perhaps no number at all"
        return (
            f"About {people(self.estimate * self.people)} of {self.people:,} people "
            f"({percent(self.estimate)}) reach {goal}; more than {low} are needed, and {most} "
            "(95% interval)."
        )

    def _plateau(self) -> str:
        """Return the answer where success stays within noise of the target over a range."""
        low = f"{people(self.low * self.people)} ({percent(self.low)})" if self.low else "nobody"
        if math.isfinite(self.high):
            high = f"{people(self.high * self.people)} ({percent(self.high)})"
            lies = "the critical mass lies between them"
        else:
            high = "everyone"
            lies = "the critical mass lies above the first, or the target is never reached to stay"
        return (
            f"Success stays within {percent(FLAT)} of {percent(self.target)} from {low} to {high} "
            f"of {self.people:,} people: {lies} (95% interval)."
        )

    def why_nothing(self) -> str | None:
        """Return why there is no answer, with what the first training said; None if there is."""
        if not math.isnan(self.estimate):
            return None
        first = next((one.error for one in self.curves.outcomes if one.error), None)
        return f"{self.answer()} The first said: {first}" if first else self.answer()

    def notes(self) -> list[str]:
        """Return what there is to know about how the search ended, in whole sentences."""
        return [*self._about_the_end(), *self._about_trainings()]

    def _about_the_end(self) -> list[str]:
        bracket, said = self.end.bracket, []
        if math.isnan(self.estimate):
            said.append("The search gave up: no training succeeded.")
        elif bracket.on_plateau:
            said.append(
                "More trainings would tell little: where success hardly changes with the size, a "
                f"target a little lower or higher than {self.target:g} has a sharper answer."
            )
        elif self.stopped == "budget" and not bracket.too_spread:
            said.append(
                f"The budget was spent before high/low came down to {self.width:g}: give a larger "
                "--budget for a narrower interval."
            )
        elif 0 < self.high * self.people <= round(self.low * self.people) + 1:
            said.append("No whole member lies between the ends of the interval.")
        if bracket.placed < SEEDS and bracket.fit is not None:
            said.append(
                f"Only {bracket.placed} seeds tell where their own critical mass is; {SEEDS} are "
                "needed for an interval to be relied on."
            )
        if bracket.too_spread:
            said.append(
                f"Seeds may differ by more than the fit can say (log α* by {SPREADS[-1]:g}, one "
                "standard deviation): the interval is not to be relied on, however narrow."
            )
        points = [one for one in self.end.points if not math.isnan(one.success)]
        above = [one for one in points if one.members > bracket.high]
        if above:
            sizes = sorted({point.members / self.people for point in above})
            short = sum(point.success < self.target for point in above)
            missed = f", and below {self.target:g} in {short} of {len(above)} trainings"
            said.append(
                f"Above the interval, S was {min(point.success for point in above):.3f} or more at "
                f"{len(sizes)} size{'s' * (len(sizes) > 1)} up to {percent(sizes[-1])}"
                f"{missed if short else ''}."
            )
        return said

    def _about_trainings(self) -> list[str]:
        trained = [point for point in self.end.points if point.seed not in self.refused]
        failed, said = sum(math.isnan(point.success) for point in trained), []
        if failed:
            said.append(f"{failed} of {len(trained)} trainings failed; they count for nothing.")
        for seed, reason in sorted(self.refused.items()):
            said.append(f"Seed {seed} was skipped: {reason}")
        return said

    def facts(self) -> dict[str, str]:
        """Return where the numbers come from, in words."""
        return self.curves.facts()

    # ---------------------------------------------------------------------------------- pictures

    def pictures(self) -> dict[str, Picture]:
        """Return each training, the fitted curve and the interval."""
        caption = (
            "Top: each circle is one training, of one collective with one seed: success S(α) "
            f"on held-out people: {self.curves.success_means()}. The line is "
            "the monotone curve fitted to them, the mean over seeds; it is trusted near the target "
            f"S* = {self.target:g} only. Bottom, and shaded: the critical mass α* with its 95% "
            "interval. An arrow means that not even everyone may be enough."
        )
        return {"search": Picture(self._figure(), caption)}

    def fitted(self, alphas: Floats) -> Floats | None:
        """Return the fitted monotone curve at ``alphas``, (a,); None if every training failed."""
        fit = self.end.bracket.fit
        return None if fit is None else fit.mean_curve(alphas * self.people)

    def _figure(self) -> Figure:
        """Return the figure: each training, the fitted curve, the target and the interval."""
        from quorate.figures import curves as figures

        points = np.array([(p.members / self.people, p.success) for p in self.end.points])
        smallest = min((a for a in points[:, 0] if a > 0), default=1 / self.people)
        alphas = np.geomspace(smallest, max(points[:, 0].max(), smallest * 10), 200)  # (a,)
        alphas = np.concatenate([[0.0], alphas[alphas <= 1]])
        curve = self.curve
        nothing = (alphas, alphas, alphas)  # the bands of a line are not drawn here
        line = figures.LearnerCurve(curve.learner, alphas, nothing, nothing, self)
        title = self.curves.heading(curve)
        return figures.search_figure(title, line, tuple(points.T), self.fitted(alphas), self.target)

    def draw(self, ax: Axes) -> None:
        """Draw the estimate and its interval into axes of the caller's."""
        from quorate.figures import curves as figures

        nothing = (np.zeros(0),) * 3  # the bands of a line are not drawn here
        line = figures.LearnerCurve(self.curve.learner, self.curve.alphas, nothing, nothing, self)
        figures.draw_masses(ax, [line])


def sections_of(named: Sequence[tuple[str, CriticalMassSearch]], curves: Curves) -> list[Section]:
    """Return the critical masses, a row a learner by what it is called; what budgets leave out,
    and what failed, of all their curves."""
    first = named[0][1]
    heading = f"{curves.heading(first.curve)}: critical mass α* for S* = {first.target:g}"
    budgets = dict.fromkeys((one.learner, one.epsilon) for one in curves.outcomes)
    rows = tuple(search.table_row(learner) for learner, search in named)
    private = privacy_sections(budgets)
    return [Section(heading, rows=rows), *private, *what_failed(curves.outcomes)]
