"""The result of several collectives: surfaces of success, and critical masses beside the other."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.intervals import Floats, band, mean_over_seeds
from quorate.plain import finite, finite_or_none
from quorate.runs.privacy_words import privacy_sections
from quorate.runs.result import Picture, Result, Row, Section, TextRow
from quorate.runs.wording import percent, rate
from quorate.scenarios.collectives.panel import Panel
from quorate.scenarios.collectives.prediction import KNOWN
from quorate.studies.critical_mass.estimate import CriticalMass

KNOWN_WORDS = {
    "signal": "knowing the others' signals",
    "size": "knowing how many the others are",
}
ABOUT_SURE = (
    "The least success on an optimal platform over all that the others may do: with signals known "
    "they claim the strongest other label at each value; with nothing known but their number they "
    "put their rows where they do most harm. Where the law of honest people is not known, those "
    "who were drawn stand for it."
)


@dataclass(frozen=True, eq=False)
class CollectivesResult(Result):
    """The success of several collectives at every pair of sizes of two.

    Args:
        population, mistake: as text.
        sizes: sizes of each of the first two, (a,).
        errors: probability that a member errs, of each collective.
        target: S* of the critical masses.
        panels: one for each case and platform.
        first_seed: the seed that panels begin with.
    """

    population: str
    sizes: tuple[float, ...]
    errors: tuple[float, ...]
    mistake: str
    target: float
    panels: tuple[Panel, ...]
    first_seed: int = 0

    @property
    def title(self) -> str:
        """What the page is called."""
        return f"{len(self.errors)} collectives on one platform"

    def called(self, panel: Panel) -> str:
        """Return what a panel is called: the relation, and the learner where there are several."""
        several = len({one.learner for one in self.panels}) > 1
        return f"{panel.words}: {panel.learner.replace(',', ', ')}" if several else panel.words

    # ---------------------------------------------------------------------------- for programs

    def to_json(self) -> dict[str, Any]:
        """Return each panel's surfaces, first by α₁, then by α₂; None where there is no number."""
        return {
            "population": self.population,
            "sizes": list(self.sizes),
            "errors": list(self.errors),
            "mistake": self.mistake,
            "target": self.target,
            "panels": [
                {
                    "name": self.called(panel),
                    "case": panel.case,
                    "relation": panel.relation,
                    "learner": panel.learner,
                    "seeds": len(panel.seeds),
                    "accuracy": finite(mean_over_seeds(panel.accuracy).tolist()),
                    "collectives": [
                        self._collective_json(panel, m) for m in range(len(panel.strategies))
                    ],
                }
                for panel in self.panels
            ],
        }

    def _collective_json(self, panel: Panel, m: int) -> dict[str, Any]:
        side, predicted = len(self.sizes), panel.predicted
        ends = (end.reshape(side, side) for end in band(panel.success[m].reshape(side * side, -1)))
        success, low, high = (finite(end.tolist()) for end in ends)
        plain: dict[str, Any] = {"strategy": panel.strategies[m]}
        plain |= {"looks_like_the_first": panel.alike[m]}
        plain |= {"success": success, "low": low, "high": high, "predicted": None}
        if predicted is not None:
            plain["predicted"] = finite(mean_over_seeds(predicted[m]).tolist())
        sure = {known: panel.sure(known) for known in KNOWN}
        told = {name: mean_over_seeds(one[m]) for name, one in sure.items() if one is not None}
        if told:
            plain["sure"] = {name: finite(one.tolist()) for name, one in told.items()}
        if m < 2:
            masses = zip(self.sizes, panel.masses(self.sizes, self.target, m), strict=True)
            plain["critical_mass"] = [
                {"size_of_the_other": other}
                | finite({key: getattr(mass, key) for key in ("estimate", "low", "high")})
                for other, mass in masses
            ]
        return plain

    def rows(self) -> list[Row]:
        """Return one row for each panel, pair of sizes and seed."""
        sizes = range(len(self.sizes))
        return [
            self._row(panel, i, j, seed)
            for panel in self.panels
            for i, j, seed in itertools.product(sizes, sizes, range(len(panel.seeds)))
        ]

    def _row(self, panel: Panel, i: int, j: int, seed: int) -> Row:
        row: Row = {key: getattr(panel, key) for key in ("case", "relation", "learner")}
        row |= {"alpha_1": self.sizes[i], "alpha_2": self.sizes[j]}
        row["seed"] = self.first_seed + seed
        for name, values in (("success", panel.success), ("predicted", panel.predicted)):
            for m in range(len(panel.strategies)):
                value = None if values is None else finite_or_none(values[m, i, j, seed])
                row[f"{name}_{m + 1}"] = value
        for known in KNOWN:
            sure = panel.sure(known)
            for m in range(len(panel.strategies)):
                value = None if sure is None else finite_or_none(sure[m, i, j, seed])
                row[f"sure_by_{known}_{m + 1}"] = value
        row["accuracy"] = finite_or_none(panel.accuracy[i, j, seed])
        row["seconds"] = panel.seeds[seed]["seconds"] / len(self.sizes) ** 2
        return row

    # ------------------------------------------------------------------------------ for people

    def summary(self) -> list[str]:
        """Return, for each panel, what each of the first two has alone and beside the other."""
        return [sentence for panel in self.panels for sentence in self._say(panel)]

    def _say(self, panel: Panel) -> list[str]:
        last, name = len(self.sizes) - 1, self.called(panel)
        fewest, most = percent(self.sizes[0]), percent(self.sizes[-1])
        one, two = (rate(float(mean_over_seeds(panel.success[m, last, last]))) for m in (0, 1))
        masses = panel.masses(self.sizes, self.target, 0)
        alone, beside = percent(masses[0].estimate), percent(masses[-1].estimate)
        return [
            f"{name[:1].upper()}{name[1:]}: where each has {most} of the people, the success of "
            f"collective 1 is {one} and that of collective 2 is {two}. The critical mass of "
            f"collective 1 (S* = {self.target:g}) is {alone} while collective 2 has {fewest}, and "
            f"{beside} while it has {most}.",
            *self._say_sure(panel, most),
        ]

    def _say_sure(self, panel: Panel, most: str) -> list[str]:
        """Return what a collective can be sure of that does not know all of the others' plans."""
        last, found = len(self.sizes) - 1, []
        for known in KNOWN:
            sure = panel.sure(known)
            if sure is None:
                return []
            found.append(rate(float(mean_over_seeds(sure[0, last, 1 if last else 0]))))
        beside = percent(self.sizes[1 if last else 0])
        return [
            f"With {most} beside {beside}, collective 1 could be sure of {found[0]} on an optimal "
            f"platform if it knew the others' signals, whatever they claim, and of {found[1]} if "
            "it knew nothing but how many they are."
        ]

    def sections(self) -> list[Section]:
        """Return the success of all by both sizes, and the critical mass beside the other."""
        found = [
            Section(
                f"S of each, {self.called(panel)}",
                rows=tuple(self._row_of(panel.success, i) for i in range(len(self.sizes))),
            )
            for panel in self.panels
        ]
        found += [
            Section(
                f"S that is sure, {heading}, {self.called(panel)}",
                rows=tuple(self._row_of(sure, i) for i in range(len(self.sizes))),
                after=(ABOUT_SURE,),
                on_page_only=True,
            )
            for panel in self.panels
            for known, heading in KNOWN_WORDS.items()
            if (sure := panel.sure(known)) is not None
        ]
        masses = tuple(self._mass_row(panel, of) for panel in self.panels for of in (0, 1))
        heading = f"Critical mass (S* = {self.target:g}) against the other's size"
        private = privacy_sections((panel.learner, None) for panel in self.panels)
        return [*found, Section(heading, rows=masses), *private]

    def _row_of(self, surface: Floats, i: int) -> TextRow:
        means = mean_over_seeds(surface[:, i])  # (M, a)
        cells = {
            f"{two:.4g}": " ".join(map(_short, means[:, j])) for j, two in enumerate(self.sizes)
        }
        return {"α₁ \\ α₂": f"{self.sizes[i]:.4g}", **cells}

    def _mass_row(self, panel: Panel, of: int) -> TextRow:
        masses = zip(self.sizes, panel.masses(self.sizes, self.target, of), strict=True)
        return {
            "case": self.called(panel),
            "of": f"collective {of + 1}",
            **{f"{other:.4g}": _say_mass(mass) for other, mass in masses},
        }

    def pictures(self) -> dict[str, Picture]:
        """Return each panel's surfaces, and the critical mass of each against the other's size."""
        from quorate.figures.collectives import masses_figure

        pictures = {
            f"surfaces_{number}": self._draw_surfaces(panel)
            for number, panel in enumerate(self.panels, start=1)
        }
        lines = []
        for panel in self.panels:
            masses = panel.masses(self.sizes, self.target, 0)
            lines.append(
                (self.called(panel), [(one.estimate, one.low, one.high) for one in masses])
            )
        pictures["critical_mass"] = Picture(
            masses_figure(lines, self.sizes, self.target),
            "The critical mass of collective 1 against the size of collective 2, with its 95% "
            "interval over seeds.",
        )
        return pictures

    def _draw_surfaces(self, panel: Panel) -> Picture:
        from quorate.figures.collectives import SuccessSurface, surfaces_figure

        predicted, sure = panel.predicted, panel.sure("size")
        surfaces = [
            SuccessSurface(
                f"collective {m + 1}: {text.replace(',', ', ')}",
                mean_over_seeds(panel.success[m]),
                None if predicted is None else mean_over_seeds(predicted[m]),
                None if sure is None else mean_over_seeds(sure[m]),
            )
            for m, text in enumerate(panel.strategies)
        ]
        caption = (
            f"Success of each collective, {panel.words}, mean over {len(panel.seeds)} "
            f"seed{'s' if len(panel.seeds) > 1 else ''}; lines at S = .5 and .9."
        )
        if predicted is not None:
            caption += (
                " Inside the dashed line the margin test promises half of the people or more."
            )
        if sure is not None:
            caption += (
                " Inside the dotted one it can be sure of half or more, knowing nothing of the "
                "others but how many they are."
            )
        if same := [one for one in panel.alike[1:] if one is not None]:
            share = f"{100 * min(same):.3g}%"
            caption += f" To the platform the signals look the same on {share} of the people."
        return Picture(surfaces_figure(self.called(panel), surfaces, self.sizes), caption)


def _say_mass(mass: CriticalMass) -> str:
    if math.isinf(mass.estimate):
        return "not reached"
    return "" if math.isnan(mass.estimate) else f"{mass.estimate:.4g}"


def _short(value: Floats) -> str:
    return "-" if np.isnan(value) else f"{float(value):.2f}".removeprefix("0")
