"""What came of several collectives: surfaces, critical masses, and how they are shown."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from quorate.intervals import band, mean_over_seeds
from quorate.plain import finite_or_none
from quorate.runs.result import Picture
from quorate.studies.critical_mass.estimate import CriticalMass, critical_mass

if TYPE_CHECKING:
    from quorate.figures.collectives import SuccessSurface

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Panel:
    """One case against one platform.

    Args:
        case: what the others take over from the first collective.
        relation: how signals and targets stand to each other, in words.
        strategies: of each collective, as text.
        learner: as text.
        found: what was measured, one a seed.
    """

    case: str
    relation: str
    strategies: tuple[str, ...]
    learner: str
    found: tuple[Mapping[str, Any], ...]

    @functools.cached_property
    def success(self) -> Floats:
        """S of each collective, (M, a, a, s): by α₁, by α₂; NaN where training failed."""
        return self._squares("success")

    @functools.cached_property
    def predicted(self) -> Floats | None:
        """S by the margin test, (M, a, a, s); None where it says nothing."""
        if any(one["predicted"] is None for one in self.found):
            return None
        return self._squares("predicted")

    @functools.cached_property
    def accuracy(self) -> Floats:
        """On honest held-out people, (a, a, s)."""
        values = np.array([one["accuracy"] for one in self.found], dtype=np.float64)  # (s, a·a)
        side = math.isqrt(values.shape[1])
        return values.T.reshape(side, side, -1)

    @property
    def alike(self) -> list[float | None]:
        """Share of people on whom each signal looks like the first one's, of seed 0."""
        return list(self.found[0]["alike"])

    @property
    def words(self) -> str:
        """How signals and targets stand to each other, and what the platform sees of it."""
        same = [one for one in self.alike[1:] if one is not None]
        if same and min(same) > 0.5:
            seen = "other signal (one to the platform)"
            return self.relation.replace("other signal", seen)
        return self.relation or self.case

    def _squares(self, name: str) -> Floats:
        values = np.array([one[name] for one in self.found], dtype=np.float64)  # (s, a·a, M)
        side = math.isqrt(values.shape[1])
        return np.moveaxis(values, (2, 1, 0), (0, 1, 2)).reshape(
            values.shape[2], side, side, len(values)
        )

    def masses(self, sizes: tuple[float, ...], target: float, of: int) -> list[CriticalMass]:
        """Return α* of the first (0) or the second (1) at each size of the other."""
        success = self.success[of] if of == 0 else self.success[of].swapaxes(0, 1)
        return [
            critical_mass(sizes, success[:, other], target) for other in range(success.shape[1])
        ]


@dataclass(frozen=True, eq=False)
class CollectivesResult:
    """What came of several collectives at every pair of sizes of two.

    Args:
        population, mistake: as text.
        sizes: of each of the first two, (a,).
        errors: chance that a member errs, of each.
        target: S* of the critical masses.
        panels: one for each case and platform.
    """

    population: str
    sizes: tuple[float, ...]
    errors: tuple[float, ...]
    mistake: str
    target: float
    panels: tuple[Panel, ...]

    @property
    def title(self) -> str:
        """What the page is called."""
        return f"{len(self.errors)} collectives on one platform"

    def called(self, panel: Panel) -> str:
        """Return what a panel is called: the relation, and the learner where there are several."""
        several = len({one.learner for one in self.panels}) > 1
        return f"{panel.words}: {panel.learner.replace(',', ', ')}" if several else panel.words

    def to_json(self) -> dict[str, Any]:
        """Return each panel's surfaces, first by α₁, then by α₂; None where there is no number."""
        return {
            "population": self.population,
            "sizes": list(self.sizes),
            "errors": list(self.errors),
            "mistake": self.mistake,
            "target": self.target,
            "panels": [self._panel_json(panel) for panel in self.panels],
        }

    def _panel_json(self, panel: Panel) -> dict[str, Any]:
        return {
            "name": self.called(panel),
            "case": panel.case,
            "relation": panel.relation,
            "learner": panel.learner,
            "seeds": len(panel.found),
            "accuracy": _plain(mean_over_seeds(panel.accuracy)),
            "collectives": [self._one_json(panel, m) for m in range(len(panel.strategies))],
        }

    def _one_json(self, panel: Panel, m: int) -> dict[str, Any]:
        side = len(self.sizes)
        mean, low, high = (
            end.reshape(side, side) for end in band(panel.success[m].reshape(side * side, -1))
        )
        said = None if panel.predicted is None else mean_over_seeds(panel.predicted[m])
        plain = {
            "strategy": panel.strategies[m],
            "looks_like_the_first": panel.alike[m],
            "success": _plain(mean),
            "low": _plain(low),
            "high": _plain(high),
            "predicted": None if said is None else _plain(said),
        }
        if m > 1:
            return plain
        masses = zip(self.sizes, panel.masses(self.sizes, self.target, m), strict=True)
        return plain | {
            "critical_mass": [
                {"size_of_the_other": other, **_mass_json(mass)} for other, mass in masses
            ]
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each panel, pair of sizes and seed."""
        return [
            {
                "case": panel.case,
                "relation": panel.relation,
                "learner": panel.learner,
                "alpha_1": one,
                "alpha_2": two,
                "seed": seed,
                **{
                    f"success_{m + 1}": finite_or_none(panel.success[m, i, j, seed])
                    for m in range(len(panel.strategies))
                },
                **{
                    f"predicted_{m + 1}": None
                    if panel.predicted is None
                    else finite_or_none(panel.predicted[m, i, j, seed])
                    for m in range(len(panel.strategies))
                },
                "accuracy": finite_or_none(panel.accuracy[i, j, seed]),
                "seconds": panel.found[seed]["seconds"] / len(self.sizes) ** 2,
            }
            for panel in self.panels
            for i, one in enumerate(self.sizes)
            for j, two in enumerate(self.sizes)
            for seed in range(len(panel.found))
        ]

    def tables(self) -> dict[str, list[dict[str, str]]]:
        """Return the success of all by both sizes, and the critical mass against the other."""
        tables = {
            f"S of each, {self.called(panel)}": [
                {
                    "α₁ \\ α₂": f"{one:.4g}",
                    **{
                        f"{two:.4g}": " ".join(
                            _short(mean_over_seeds(panel.success[m, i, j]))
                            for m in range(len(panel.strategies))
                        )
                        for j, two in enumerate(self.sizes)
                    },
                }
                for i, one in enumerate(self.sizes)
            ]
            for panel in self.panels
        }
        tables[f"Critical mass (S* = {self.target:g}) against the other's size"] = [
            {
                "case": self.called(panel),
                "of": f"collective {of + 1}",
                **{
                    f"{other:.4g}": "not reached" if math.isinf(mass.estimate)
                    else "" if math.isnan(mass.estimate) else f"{mass.estimate:.4g}"
                    for other, mass in zip(
                        self.sizes, panel.masses(self.sizes, self.target, of), strict=True
                    )
                },
            }
            for panel in self.panels
            for of in (0, 1)
        ]  # fmt: skip
        return tables

    def pictures(self) -> dict[str, Picture]:
        """Return each panel's surfaces, and the critical mass of each against the other's size."""
        from quorate.figures.collectives import masses_figure, surfaces_figure

        pictures = {
            f"surfaces_{number}": Picture(
                surfaces_figure(self.called(panel), self._surfaces(panel), self.sizes),
                self._caption(panel),
            )
            for number, panel in enumerate(self.panels, start=1)
        }
        lines = [
            (self.called(panel), [(m.estimate, m.low, m.high) for m in
             panel.masses(self.sizes, self.target, 0)])
            for panel in self.panels
        ]  # fmt: skip
        pictures["critical_mass"] = Picture(
            masses_figure(lines, self.sizes, self.target),
            "The critical mass of collective 1 against the size of collective 2, with its 95% "
            "interval over seeds.",
        )
        return pictures

    def _surfaces(self, panel: Panel) -> list[SuccessSurface]:
        from quorate.figures.collectives import SuccessSurface

        return [
            SuccessSurface(
                f"collective {m + 1}: {text.replace(',', ', ')}",
                mean_over_seeds(panel.success[m]),
                None if panel.predicted is None else mean_over_seeds(panel.predicted[m]),
            )
            for m, text in enumerate(panel.strategies)
        ]

    def _caption(self, panel: Panel) -> str:
        same = [one for one in panel.alike[1:] if one is not None]
        seen = (
            f" To the platform the signals look the same on {100 * min(same):.3g}% of the people."
            if same
            else ""
        )
        line = (
            " Inside the dashed line the margin test promises half of the people or more."
            if panel.predicted is not None
            else ""
        )
        return (
            f"Success of each collective, {panel.words}, mean over "
            f"{len(panel.found)} seeds; lines at S = .5 and .9.{line}{seen}"
        )


def _short(value: Floats) -> str:
    return "-" if np.isnan(value) else f"{float(value):.2f}".removeprefix("0")


def _plain(values: Floats) -> list[list[float | None]]:
    return [[finite_or_none(value) for value in row] for row in values]


def _mass_json(mass: CriticalMass) -> dict[str, float | None]:
    ends = {"estimate": mass.estimate, "low": mass.low, "high": mass.high}
    return {name: finite_or_none(value) for name, value in ends.items()}
