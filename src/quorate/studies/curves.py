"""What a sweep says: curves S(α) and critical masses, as typed objects, frames, plots and JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate import spec
from quorate.errors import StoreError
from quorate.intervals import CONFIDENCE, Floats, band
from quorate.runs.store import Store
from quorate.studies.bounds import EXACT, CurveBound, bounds_of
from quorate.studies.critical_mass.estimate import CriticalMass, critical_mass
from quorate.studies.effective_size import EffectiveSizes
from quorate.studies.study import Study, make_study
from quorate.studies.trial import ANYONE, Outcome, stored_outcomes
from quorate.theory.suboptimality import Reading

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

WHO = ("population", "strategy", "goal", "learner")  # its methods
CURVE = (*WHO, "collective")  # what tells one curve from another


@dataclass(frozen=True, eq=False)
class Curve:
    """S(α) of one strategy against one learner, over sizes and seeds.

    Args:
        population, strategy, goal, learner: the methods, as text.
        alphas: sizes, (a,), increasing.
        seeds: the seeds, (s,).
        success, accuracy: per size and seed, (a, s); NaN where a cell is missing or failed.
        people: how many people the platform learned from.
        xi, gap, exact_law: ξ and Δ of the goal's signal, the mean over cells; None if unknown.
        bounds: every bound on success, and why it does not apply where it does not.
        collective: the group that members come from; "anyone" where they may be of any.
    """

    population: str
    strategy: str
    goal: str
    learner: str
    alphas: Floats
    seeds: tuple[int, ...]
    success: Floats
    accuracy: Floats
    people: int
    xi: float | None
    gap: float | None
    exact_law: bool | None
    bounds: tuple[CurveBound, ...]
    collective: str = ANYONE

    def critical_mass(self, target: float, confidence: float = CONFIDENCE) -> CriticalMass:
        """Return the smallest collective that reaches ``target``, with its interval."""
        return critical_mass(self.alphas, self.success, target, confidence)

    def bound(self, alphas: Floats, eps: float, reading: Reading) -> Floats | None:
        """Return the theory's general lower bound on S at ``alphas``, or None if none applies."""
        found = self.general_bound
        return None if found is None or found.at is None else found.at(alphas, eps, reading)

    @property
    def general_bound(self) -> CurveBound | None:
        """The bound that applies and asks for no more of the law than a few numbers; else None."""
        found = [bound for bound in self.bounds if bound.applies and bound.name != EXACT]
        return found[0] if found else None


@dataclass(frozen=True, eq=False)
class Curves:
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

    def of_curve(self, curve: Curve) -> list[Outcome]:
        """Return the outcomes behind one of the curves."""
        wanted = tuple(getattr(curve, who) for who in CURVE)
        return [o for o in self.outcomes if tuple(getattr(o, who) for who in CURVE) == wanted]

    def __iter__(self) -> Iterator[Curve]:
        return (curve for curve, _ in self._with_cells())

    def _with_cells(self) -> Iterator[tuple[Curve, list[Outcome]]]:
        groups: dict[tuple[str, ...], list[Outcome]] = {}
        for outcome in self.outcomes:
            groups.setdefault(tuple(getattr(outcome, w) for w in CURVE), []).append(outcome)
        for cells in groups.values():
            yield _curve(cells), cells

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

    def to_frame(self) -> pd.DataFrame:
        """Return one row per cell, as a pandas frame."""
        import pandas as pd

        return pd.DataFrame([cell_row(outcome) for outcome in self.outcomes])

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON: the cells and the critical masses; no value is None."""
        cells = [_finite({**cell_row(o), "record": o.record}) for o in self.outcomes]
        return {"cells": cells, "critical_mass": self.critical_masses().to_json()}

    def plot(self) -> Figure:
        """Return the figure: success, honest accuracy and critical mass over α."""
        from quorate.figures import curves as figures

        return figures.curves_figure(self._panels())

    def effective_sizes(self) -> list[EffectiveSizes]:
        """Return α_eff of every curve whose learner records it."""
        found = [
            EffectiveSizes.of(self.heading(c), self.called(c.learner), cells)
            for c, cells in self._with_cells()
        ]
        return [one for one in found if one is not None]

    def _panels(self) -> list[Any]:
        from quorate.figures import curves as figures

        panels: dict[str, Any] = {}
        for curve, mass in self.critical_masses().rows:
            heading = self.heading(curve)
            panel = panels.setdefault(heading, figures.CurvePanel(heading, self.target))
            panel.lines.append(_line(curve, mass, self.called(curve.learner)))
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


@dataclass(frozen=True, eq=False)
class CriticalMasses:
    """The critical mass of every curve of a study."""

    rows: tuple[tuple[Curve, CriticalMass], ...]
    eps: float = 0.0
    reading: Reading = "tv"
    names: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[CriticalMass]:
        return (mass for _, mass in self.rows)

    def to_rows(self) -> list[dict[str, Any]]:
        """Return one plain row per curve; inf where the target is never reached."""
        return [
            {
                **{name: getattr(curve, name) for name in CURVE},
                "called": self.names.get(curve.learner, curve.learner),
                "target": mass.target,
                "estimate": mass.estimate,
                "low": mass.low,
                "high": mass.high,
                "below": mass.below,
                "members": mass.estimate * curve.people,
                "reached": mass.reached,
                "seeds": mass.seeds,
                "bound": self._bound(curve, mass.target),
            }
            for curve, mass in self.rows
        ]

    def _bound(self, curve: Curve, target: float) -> float | None:
        found = curve.general_bound
        return None if found is None else found.critical_mass(target, self.eps, self.reading)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per curve, as a pandas frame; inf where the target is never reached."""
        import pandas as pd

        return pd.DataFrame(self.to_rows())

    def to_json(self) -> list[dict[str, Any]]:
        """Return plain data for JSON, with every bound; None where a target is never reached."""
        return [
            _finite(
                {
                    **row,
                    "bounds": [
                        bound.to_json(mass.target, self.eps, self.reading) for bound in curve.bounds
                    ],
                }
            )
            for row, (curve, mass) in zip(self.to_rows(), self.rows, strict=True)
        ]

    def plot(self) -> Figure:
        """Return the figure of estimates and intervals."""
        from quorate.figures import curves as figures

        lines = [
            _line(curve, mass, self.names.get(curve.learner, curve.learner))
            for curve, mass in self.rows
        ]
        return figures.masses_figure(lines)


def load(folder: str | Path, target: float | None = None) -> Curves:
    """Return what a folder holds, read as its last study says; no file but the store is needed.

    Of cells measured by several versions, or on several states of a file that has changed, those
    of the version and the state that were run last.

    Args:
        folder: of a store.
        target: S* to read critical masses at, in place of the study's.

    Raises:
        InputError: the target is out of range.
        StoreError: there is no store, or it cannot be read, or the last study has no cell yet.
    """
    with Store(folder) as store:
        outcomes, studies = stored_outcomes(store), store.studies()
    state: dict[str, Any] = {}
    for plain, _ in studies:
        state |= plain.pop("data", {})
        plain.pop("search", None)  # how the cells were chosen is no part of what they say
    cells = []
    for o in outcomes:
        data = o.description.get("data")
        if o.version == studies[-1][1] and data == state.get(o.population, data):
            cells.append(o)
    if not cells:
        raise StoreError(
            f"Expected cells of the last study in the store at {folder}, got none. Run it there."
        )
    study = make_study(**studies[-1][0])
    return Curves.of(cells, study if target is None else replace(study, target=target))


def cell_row(outcome: Outcome) -> dict[str, Any]:
    """Return one outcome as a flat row: no description, record or provenance."""
    left_out = ("record", "provenance", "description")
    row = {k: v for k, v in vars(outcome).items() if k not in left_out}
    return row | {"collective": outcome.collective}


def _curve(cells: Sequence[Outcome]) -> Curve:
    alphas = sorted({cell.alpha for cell in cells})
    seeds = sorted({cell.seed for cell in cells})
    row, column = ({v: i for i, v in enumerate(values)} for values in (alphas, seeds))
    success = np.full((len(alphas), len(seeds)), np.nan)  # (a, s)
    accuracy = success.copy()
    for cell in cells:
        at = row[cell.alpha], column[cell.seed]
        success[at] = np.nan if cell.success is None else cell.success
        accuracy[at] = np.nan if cell.accuracy is None else cell.accuracy
    first = cells[0]
    xis = [cell.xi for cell in cells if cell.xi is not None]
    gaps = [cell.gap for cell in cells if cell.gap is not None]
    return Curve(
        population=first.population,
        strategy=first.strategy,
        goal=first.goal,
        learner=first.learner,
        alphas=np.array(alphas),
        seeds=tuple(seeds),
        success=success,
        accuracy=accuracy,
        people=first.people,
        xi=float(np.mean(xis)) if xis else None,
        gap=float(np.max(gaps)) if gaps else None,
        exact_law=first.exact_law,
        bounds=bounds_of(cells),
        collective=first.collective,
    )


def _line(curve: Curve, mass: CriticalMass, label: str) -> Any:
    from quorate.figures import curves as figures

    return figures.LearnerCurve(
        label, curve.alphas, band(curve.success), band(curve.accuracy), mass
    )


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row in which numbers that JSON does not know (inf, NaN) are None."""
    return {key: _finite_value(value) for key, value in row.items()}


def _finite_value(value: Any) -> Any:
    if isinstance(value, dict):
        return _finite(value)
    if isinstance(value, list | tuple):
        return [_finite_value(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
