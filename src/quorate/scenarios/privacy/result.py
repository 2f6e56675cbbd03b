"""What came of attribute privacy: rows, smallest sizes, tables and pictures."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quorate.figures.alpha_axis import MeasureCurve
from quorate.figures.privacy import StrategyCurves, privacy_figure
from quorate.intervals import Floats, Interval, interval_to_json, mean_interval, mean_over_seeds
from quorate.plain import finite_or_none
from quorate.runs.privacy_words import privacy_sections
from quorate.runs.result import Picture, Result, Row, Section, TextRow
from quorate.runs.wording import percent, rate
from quorate.scenarios.privacy.cell import ALONE, EVERYONE, MEMBERS
from quorate.studies.critical_mass.estimate import critical_mass

WHOSE = (EVERYONE, MEMBERS)
NUMBERS = (
    *("people", "base_rate", "accuracy", "gain", "advantage", "allowing"),
    *("useful_accuracy", "useful_loss", "membership_auc"),
)
JUDGED = {
    "advantage": "advantage",
    "allowing": "advantage, base rate allowed for",
    "gain": "accuracy over the base rate",
}


@dataclass(frozen=True, eq=False)
class Measured:
    """One cell, and what was measured of it."""

    way: str
    alpha: float
    seed: int
    found: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class PrivacyResult(Result):
    """Attribute inference against the size of a collective, by what members did.

    Args:
        measured: one a trained platform.
        ways: what members did, as text.
        alphas: sizes of the collective, fractions in [0, 1].
        margin: advantage over the largest group's share up to which an attribute counts as
            unreadable, in (0, 1).
        attribute: the sensitive column.
        learner: the platform's, as text.
    """

    measured: tuple[Measured, ...]
    ways: tuple[str, ...]
    alphas: tuple[float, ...]
    margin: float
    attribute: str
    learner: str

    @property
    def title(self) -> str:
        """What the page is called."""
        return f"Privacy of an attribute: {self.attribute}"

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        honest = {
            (one.way, one.seed): one.found["whose"].get(EVERYONE, {}).get("useful_accuracy")
            for one in self.measured
            if one.alpha == 0
        }
        return [row for one in self.measured for row in _rows_of(one, honest[one.way, one.seed])]

    def rows(self) -> list[Row]:
        """Return one row for each way, size, seed and whose rows.

        ``useful_loss`` is against the same seed without a collective.
        """
        return self._rows

    def table_of(self, number: str, way: str, whose: str) -> Floats:
        """Return a number per size and seed, (a, s); of members at α = 0, of one who acts alone."""
        seeds = sorted({one.seed for one in self.measured})
        table = np.full((len(self.alphas), len(seeds)), np.nan)
        for row in self._rows:
            label = MEMBERS if row["whose"] == ALONE else row["whose"]
            if row["way"] == way and label == whose and row[number] is not None:
                place = self.alphas.index(row["alpha"]), seeds.index(row["seed"])
                table[place] = row[number]
        return table

    def critical(self, way: str, whose: str, number: str = "advantage") -> Interval:
        """Return the smallest size from which a number stays within the margin.

        |mean over seeds| ≤ margin: an advantage is a mean over the draw of the training data, and
        answers that are wrong more often than not can be turned around. Accuracy may lie below the
        base rate without telling anything: its gain is to be at most the margin.
        """
        table = self.table_of(number, way, whose)
        signs = (1,) if number == "gain" else (1, -1)
        masses = [critical_mass(self.alphas, 1 - s * table, 1 - self.margin) for s in signs]
        ends = np.array([[m.estimate, m.low, m.high] for m in masses]).max(axis=0)
        return Interval(*map(float, ends))

    def to_json(self) -> dict[str, Any]:
        """Return means with 95% intervals over seeds, and the smallest sizes."""
        return {
            "attribute": self.attribute,
            "margin": self.margin,
            "alphas": list(self.alphas),
            "ways": {way: self._way_to_json(way) for way in self.ways},
            "failed": sum(one.found["error"] is not None for one in self.measured),
        }

    def _way_to_json(self, way: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for whose in WHOSE:
            masses = {n: self.critical(way, whose, n).to_json() for n in JUDGED}
            found[whose] = {"critical_size": masses}
            for number in NUMBERS:
                ends = mean_interval(self.table_of(number, way, whose))
                of_sizes = zip(*(end.tolist() for end in ends), strict=True)
                found[whose][number] = list(map(interval_to_json, of_sizes))
        alone = self.table_of("advantage", way, MEMBERS)[0]
        advantage = finite_or_none(float(np.nanmean(alone)) if alone.size else math.nan)
        return {**found, "alone": {"advantage": advantage}, "columns": self.columns(way)}

    def columns(self, way: str) -> dict[str, int]:
        """Return how often each column was changed, over cells, the most frequent first."""
        changed = (one.found["columns"] for one in self.measured if one.way == way)
        return dict(Counter(itertools.chain.from_iterable(changed)).most_common())

    def summary(self) -> list[str]:
        """Return for each way from which size on the attribute of everyone is unreadable."""
        return [f"With {way}, {_unreadable(self.critical(way, EVERYONE))}." for way in self.ways]

    def sections(self) -> list[Section]:
        """Return the smallest sizes, and what was measured at every size."""
        smallest = [self._smallest_row(*one) for one in itertools.product(self.ways, WHOSE)]
        sizes = tuple(row for way in self.ways for row in self._size_rows(way))
        heading = f"From which size the attribute is unreadable, within {self.margin:g}"
        return [
            Section(heading, rows=tuple(smallest)),
            Section("What was measured, means over seeds", rows=sizes),
            *privacy_sections([(self.learner, None)]),
        ]

    def _smallest_row(self, way: str, whose: str) -> TextRow:
        masses = {n: _mass_words(self.critical(way, whose, n)) for n in JUDGED}
        said = {f"α*: {words}": masses[number] for number, words in JUDGED.items()}
        return {"way": way, "whose attribute": whose, **said}

    def _size_rows(self, way: str) -> list[TextRow]:
        found: list[TextRow] = []
        for place, alpha in enumerate(self.alphas):
            row = {"way": way, "α": f"{100 * alpha:.4g}%"}
            for number, words in _SHOWN.items():
                for whose in WHOSE:
                    value = mean_over_seeds(self.table_of(number, way, whose))[place]
                    alone = " (alone)" if whose == MEMBERS and alpha == 0 else ""
                    row[f"{words}, {whose}"] = rate(value) + ("" if math.isnan(value) else alone)
            found.append(row)
        return found

    def pictures(self) -> dict[str, Picture]:
        """Return what the platform reads and what it costs, over the sizes."""
        curves = [
            StrategyCurves(way, self._alone(way), *(self._curves(one, way) for one in _SHOWN))
            for way in self.ways
        ]
        caption = (
            f"What a platform reads of {self.attribute} (advantage: the rate at which it recognises"
            " a value less that at which it takes others for it, 0 for a coin) from the rows of "
            "members and of everyone else, against the fraction who act; a lone member who does "
            "the same; the useful accuracy lost; and how well it is told who stated the attribute. "
            "Means over seeds with 95% intervals."
        )
        return {"privacy": Picture(privacy_figure(curves, self.margin), caption)}

    def _curves(self, number: str, way: str) -> tuple[MeasureCurve, ...]:
        alphas = np.array(self.alphas)
        found = []
        for whose in WHOSE:
            mean, low, high = mean_interval(self.table_of(number, way, whose))
            drawn = alphas > (0 if whose == MEMBERS else -1)
            found.append(MeasureCurve(whose, alphas[drawn], (mean[drawn], low[drawn], high[drawn])))
        return tuple(found)

    def _alone(self, way: str) -> float:
        return float(mean_interval(self.table_of("advantage", way, MEMBERS))[0][0])


_SHOWN = {
    "advantage": "advantage",
    "useful_loss": "useful accuracy lost",
    "membership_auc": "membership AUC",
}


def _rows_of(one: Measured, honest: float | None) -> list[dict[str, Any]]:
    """Return a row for each whose; the cell's seconds are shared among them."""
    whose = one.found["whose"] or {EVERYONE: dict.fromkeys(NUMBERS)}
    rows = []
    for name, numbers in whose.items():
        useful = numbers["useful_accuracy"]
        lost = None if honest is None or useful is None else honest - useful
        row = {"seed": one.seed, "way": one.way, "alpha": one.alpha, "whose": name}
        row |= {number: lost if number == "useful_loss" else numbers[number] for number in NUMBERS}
        rows.append({**row, "seconds": one.found["seconds"] / len(whose)})
    return rows


def _unreadable(mass: Interval) -> str:
    """Return from which size on an attribute is unreadable, as the end of a sentence."""
    if math.isnan(mass.estimate):
        return "nothing was measured"
    if math.isinf(mass.estimate):
        return "the attribute stays readable at every size that was tried"
    return (
        f"the attribute is unreadable once {percent(mass.estimate)} of the people act (95% "
        f"interval: {percent(mass.low)} to {percent(mass.high)})"
    )


def _mass_words(mass: Interval) -> str:
    ends = f" ({percent(mass.low)} to {percent(mass.high)})" if math.isfinite(mass.estimate) else ""
    return percent(mass.estimate) + ends
