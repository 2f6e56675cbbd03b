"""One curve S(α), measured, with its critical mass and the bounds that speak of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from quorate.intervals import CONFIDENCE, Floats, band, mean_over_seeds
from quorate.plain import finite
from quorate.runs.privacy_words import leaves_out_in_words
from quorate.runs.result import Row
from quorate.runs.shown import Shown
from quorate.runs.wording import percent, rate
from quorate.studies.bounds import EXACT, CurveBound, bounds_of
from quorate.studies.critical_mass.estimate import CriticalMass, critical_mass
from quorate.studies.trial import ANYONE, Outcome
from quorate.theory.suboptimality import Reading

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WHO = ("population", "strategy", "goal", "learner")  # its methods
CURVE = (*WHO, "collective")  # what tells one curve from another


@dataclass(frozen=True, eq=False)
class Curve(Shown):
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

    def brief(self) -> str:
        """Return whose curve it is, and both its ends, in a line."""
        methods = f"{self.learner} on {self.population}, {self.strategy}"
        first, last = self.ends()[:2]
        sizes = f"{len(self.alphas)} sizes × {len(self.seeds)} seeds"
        return f"S {rate(first)} at α = 0, {rate(last)} at the largest; {sizes}; {methods}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row a size, as a pandas frame: means over seeds with 95% intervals."""
        import pandas as pd

        return pd.DataFrame(self.mean_rows(self.learner))

    @overload
    def plot(self, ax: None = None) -> Figure: ...
    @overload
    def plot(self, ax: Axes) -> Axes: ...
    def plot(self, ax: Axes | None = None) -> Figure | Axes:
        """Draw success over α: into ``ax``, which is returned, or as a figure of its own."""
        from quorate.figures import curves as figures

        nothing = CriticalMass(math.nan, math.nan, math.nan, math.nan, math.nan, 0, 0)
        panel = figures.CurvePanel(f"{self.population}, {self.strategy}", math.nan)
        panel.lines.append(line_of(self, nothing, self.learner))
        if ax is None:
            return figures.curves_figure([panel], parts=("success",))
        figures.draw_curves(ax, panel, "success")
        return ax

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

    @property
    def sharpest_bound(self) -> CurveBound | None:
        """The worst case itself where the law is known, else the general bound; else None."""
        exact = [bound for bound in self.bounds if bound.applies and bound.name == EXACT]
        return exact[0] if exact else self.general_bound

    def mean_rows(self, called: str) -> list[Row]:
        """Return one row a size: means over seeds and the ends of their 95% intervals."""
        rows = []
        success, accuracy = band(self.success), band(self.accuracy)
        for place, alpha in enumerate(self.alphas):
            row: Row = {name: getattr(self, name) for name in CURVE}
            measured = int((~np.isnan(self.success[place])).sum())
            row |= {"called": called, "alpha": float(alpha), "seeds": measured}
            for name, ends in (("success", success), ("accuracy", accuracy)):
                value, low, high = (float(end[place]) for end in ends)
                row |= {name: value, f"{name}.low": low, f"{name}.high": high}
            rows.append(row)
        return rows

    def means(self) -> tuple[Floats, Floats]:
        """Return success and accuracy as means over seeds, (a,) each."""
        return mean_over_seeds(self.success), mean_over_seeds(self.accuracy)

    def ends(self) -> tuple[float, float, float, float]:
        """Return mean success without a collective and with the largest; then accuracy likewise.

        NaN where α = 0 was not measured.
        """
        success, accuracy = self.means()
        nobody = 0.0 if self.alphas[0] == 0 else math.nan
        without = float(success[0]) + nobody, float(accuracy[0]) + nobody
        return without[0], float(success[-1]), without[1], float(accuracy[-1])


@dataclass(frozen=True, eq=False)
class CriticalMasses(Shown):
    """The critical mass of every curve of a study.

    Args:
        rows: each curve with its critical mass.
        eps, reading: how suboptimal a platform the theory line allows for, ε in [0, 1].
        names: what methods are called, by their text.
    """

    rows: tuple[tuple[Curve, CriticalMass], ...]
    eps: float = 0.0
    reading: Reading = "tv"
    names: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[CriticalMass]:
        return (mass for _, mass in self.rows)

    def to_rows(self) -> list[Row]:
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
        found = curve.sharpest_bound
        return None if found is None else found.critical_mass(target, self.eps, self.reading)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per curve, as a pandas frame; inf where the target is never reached."""
        import pandas as pd

        return pd.DataFrame(self.to_rows())

    def to_json(self) -> list[Row]:
        """Return plain data for JSON, with every bound; None where a target is never reached."""
        return [
            finite(
                {
                    **row,
                    "bounds": [
                        bound.to_json(mass.target, self.eps, self.reading) for bound in curve.bounds
                    ],
                }
            )
            for row, (curve, mass) in zip(self.to_rows(), self.rows, strict=True)
        ]

    def brief(self) -> str:
        """Return the critical mass of each curve in a line."""
        named = [(self.names.get(curve.learner, curve.learner), mass) for curve, mass in self.rows]
        said = [f"{name} {percent(mass.estimate)}" for name, mass in named]
        return f"α* for S* = {self.rows[0][1].target:g}: {', '.join(said)}" if said else "none"

    @overload
    def plot(self, ax: None = None) -> Figure: ...
    @overload
    def plot(self, ax: Axes) -> Axes: ...
    def plot(self, ax: Axes | None = None) -> Figure | Axes:
        """Draw estimates and intervals: into ``ax``, which is returned, or as a figure."""
        from quorate.figures import curves as figures

        lines = [
            line_of(curve, mass, self.names.get(curve.learner, curve.learner))
            for curve, mass in self.rows
        ]
        if ax is None:
            return figures.masses_figure(lines)
        figures.draw_masses(ax, lines)
        return ax


def curve_of(cells: Sequence[Outcome]) -> Curve:
    """Return the curve that cells of the same methods make, sizes and seeds in order."""
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


def line_of(curve: Curve, mass: CriticalMass, label: str) -> Any:
    """Return a curve as it is drawn."""
    from quorate.figures import curves as figures

    return figures.LearnerCurve(
        label, curve.alphas, band(curve.success), band(curve.accuracy), mass
    )


def row_of(outcome: Outcome) -> Row:
    """Return one outcome as a flat row: no description, record, provenance or group's accuracy."""
    left_out = ("record", "provenance", "description", "group_accuracy")
    row = {k: v for k, v in vars(outcome).items() if k not in left_out}
    said = leaves_out_in_words(outcome.learner, outcome.epsilon)
    return row | {"collective": outcome.collective} | ({"epsilon_leaves_out": said} if said else {})


def row_with_record(outcome: Outcome) -> Row:
    """Return one outcome as a flat row, with what its training says of itself.

    Of the record those values that are one number or word, by their own names (``inner.NAME``
    within a defence), and the last epoch's α_eff. Where both say it, the cell does.
    """
    row = row_of(outcome)
    return {**row, **_scalars(outcome.record), **row}


def _scalars(record: Mapping[str, Any]) -> Row:
    """Return the values of a record that fit into one field.

    >>> _scalars({"loss": 0.5, "alpha_effective": [0.1, 0.2], "inner": {"steps": 40}, "w": [1, 2]})
    {'loss': 0.5, 'alpha_effective': 0.2, 'inner.steps': 40}
    """
    found: Row = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{key}": inner for key, inner in _scalars(value).items()}
        elif name == "alpha_effective" and value:
            found[name] = value[-1]
        elif not isinstance(value, list | tuple):
            found[name] = value
    return found
