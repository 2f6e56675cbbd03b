"""The result of acting against a biased platform: rows, words, tables and pictures."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.figures.style import percent_of
from quorate.intervals import mean_interval
from quorate.plain import group_by
from quorate.runs.privacy_words import privacy_sections
from quorate.runs.result import Picture, Result, Row, Section, TextRow
from quorate.runs.wording import percent, rate
from quorate.scenarios.bias.cell import NOBODY
from quorate.scenarios.bias.groups import GROUP_NAMES
from quorate.scenarios.bias.measured import (
    KEYS,
    PLATFORM,
    Key,
    MeasuredCollectives,
    platforms_alone,
)
from quorate.scenarios.bias.measures import ACCURACIES, MEASURES
from quorate.short_names import short_labels

if TYPE_CHECKING:
    from quorate.figures.bias import MeasureLines, PlatformPanel

Cell = Mapping[str, Any]
Places = Sequence[tuple[float, str]]  # a size, and how much is known
EVERY_LEARNER = "all"
RATES = ("tpr", "fpr", "selected", "accuracy")
OF_GROUPS = tuple(f"{rate}_{group}" for rate in RATES for group in GROUP_NAMES)
NUMBERS = (*MEASURES, *OF_GROUPS, "standard_error", "changed")
ADDED = {name: name.replace("accuracy", "error_added") for name in ACCURACIES}


@dataclass(frozen=True, eq=False)
class BiasResult(MeasuredCollectives, Result):
    """What was measured of every collective and of platforms alone.

    Args:
        population, compared, sizes, notes, found: as in ``MeasuredCollectives``.
        strategies, learners, alphas, knowledge, at, seeds: as in ``Bias``.
    """

    @property
    def title(self) -> str:
        """Whose data, and who acts."""
        return f"Preventing biased learning: {self.who}"

    def rows(self) -> list[Row]:
        """Return one row for each platform and seed.

        Where nobody acts the row stands once for each strategy, at α = 0, so that lines begin
        there. The learner "all" is the mean over learners.
        """
        return [dict(row) for row in self._rows]

    @functools.cached_property
    def _rows(self) -> list[dict[str, Any]]:
        rows = [row for cell, found in self.found for row in self._rows_of(cell, found)]
        honest = {(r["learner"], r["seed"]): r for r in rows if r["alpha"] == 0 and _acting(r)}
        for row in rows:
            before = honest[row["learner"], row["seed"]]
            for name, added in ADDED.items():
                row[added] = _difference(before[name], row[name])
        return rows + self._over_learners(rows)

    def _rows_of(self, cell: Cell, found: Mapping[str, Any]) -> list[dict[str, Any]]:
        alone, nobody = cell.get("alone"), cell.get("strategy") == NOBODY
        own = f"{PLATFORM}{alone}" if alone else cell["strategy"]
        known = self.knowledge[-1] if alone or nobody else cell["known"]
        row = {"alpha": cell.get("alpha", 0.0), "known": known, "seed": cell["seed"]}
        row |= {name: _rounded(found.get(name)) for name in NUMBERS}
        row |= {"seconds": found["seconds"], "failed": found.get("failed", "")}
        named = self.strategies if nobody else (own,)
        rows = [{"learner": cell["learner"], "strategy": one, **row} for one in named]
        return [rows[0], *({**other, "seconds": 0.0} for other in rows[1:])]

    def _over_learners(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the mean over learners of every row; of platforms alone nothing."""
        means = []
        acting = filter(_acting, rows)
        for some in group_by(acting, "strategy", "alpha", "known", "seed").values():
            mean = {**some[0], "learner": EVERY_LEARNER, "seconds": 0.0, "failed": ""}
            for name in (*NUMBERS, *ADDED.values()):
                values = [row[name] for row in some]
                mean[name] = None if None in values else round(float(np.mean(values)), 6)
            means.append(mean)
        return means

    # ------------------------------------------------------------------------------ over seeds

    @functools.cached_property
    def over_seeds(self) -> dict[Key, dict[str, tuple[float, float, float]]]:
        """Return mean and interval over seeds of every number, by platform and collective."""
        by_key: dict[Key, list[Row]] = group_by(self._rows, *KEYS)
        return {key: _over_seeds(rows) for key, rows in by_key.items()}

    def to_json(self) -> dict[str, Any]:
        """Return plain data: of each collective every measure with its interval over seeds."""
        return self.plain(self.over_seeds)

    # ------------------------------------------------------------------------ words and tables

    def summary(self) -> list[str]:
        """Return what the best strategy brings, the mean over learners."""
        at = _nearest(self.at, self.alphas)
        odds = self._odds(EVERY_LEARNER, at)
        if not odds:
            return ["Nothing was measured while members acted."]
        best = min(odds, key=lambda name: odds[name])
        nobody = self.over_seeds.get((EVERY_LEARNER, best, 0.0, self.knowledge[-1]))
        before = f", and {rate(nobody['equalised_odds'][0])} if nobody acts" if nobody else ""
        return [
            f"While {percent(at)} of the minority act, the strategy {best} comes closest to equal "
            f"odds: the difference is {rate(odds[best])}{before} (means over learners)."
        ]

    def _odds(self, learner: str, alpha: float) -> dict[str, float]:
        """Return mean equalised odds by strategy, of those that were measured."""
        most = self.knowledge[-1]
        found = {one: self.over_seeds.get((learner, one, alpha, most)) for one in self.strategies}
        means = {name: numbers["equalised_odds"][0] for name, numbers in found.items() if numbers}
        return {name: mean for name, mean in means.items() if not math.isnan(mean)}

    def sections(self) -> list[Section]:
        """Return what is measured at one size, the best by size, people, and what was left out."""
        most, at = self.knowledge[-1], _nearest(self.at, self.alphas)
        ordered = sorted(self.over_seeds.items(), key=lambda one: self._order(one[0]))
        brings = tuple(
            self._table_row(key, numbers)
            for key, numbers in ordered
            if key[3] == most and (key[2] == at or key[1].startswith(PLATFORM))
        )
        heading = f"What acting brings at α = {percent_of(at)}, beside what a platform can do alone"
        people = tuple({"who": who, "how many": str(n)} for who, n in self.sizes.items())
        sections = [
            Section(heading, rows=brings),
            Section("Which strategy comes closest to equal odds", rows=self._best()),
            Section("People", rows=people),
            *privacy_sections((learner, None) for learner in self.learners),
        ]
        return [*sections, Section("Left out", tuple(self.notes))] if self.notes else sections

    def _order(self, key: Key) -> tuple[int, int, str]:
        learners = [*self.learners, EVERY_LEARNER]
        alone = key[1].startswith(PLATFORM)
        place = 99 if alone else self.strategies.index(key[1])
        return learners.index(key[0]), place, key[1]

    def _table_row(self, key: Key, numbers: Mapping[str, Any]) -> TextRow:
        said = {MEASURES[name]: self._said(numbers[name]) for name in MEASURES}
        added = {
            "error added": self._said(numbers["error_added"]),
            "to the minority": self._said(numbers["error_added_minority"]),
            "rows changed": f"{100 * numbers['changed'][0]:.1f}%",
        }
        return {"learner": key[0], "who does what": key[1], **said, **added}

    def _said(self, three: tuple[float, float, float]) -> str:
        """Return a mean with half the width of its interval, which one seed does not have."""
        mean, low, high = three
        if math.isnan(mean):
            return "failed"
        return rate(mean) + (f" ± {rate((high - low) / 2)}" if self.seeds > 1 else "")

    def _best(self) -> tuple[TextRow, ...]:
        """Return for every learner which strategy has the lowest mean at each α."""
        rows = []
        for learner in (*self.learners, EVERY_LEARNER):
            row = {"learner": learner}
            for alpha in filter(None, self.alphas):
                if odds := self._odds(learner, alpha):
                    best = min(odds, key=lambda name: odds[name])
                    row[f"α = {percent_of(alpha)}"] = f"{best} {odds[best]:.3f}"
            rows.append(row)
        return tuple(rows)

    # -------------------------------------------------------------------------------- pictures

    def pictures(self) -> dict[str, Picture]:
        """Return equalised odds and accuracy against α, and against what is known."""
        from quorate.figures.bias import CategoryAxis, platforms_figure

        alphas = sorted(self.alphas)
        over_alpha = [(alpha, self.knowledge[-1]) for alpha in alphas]
        names = ["equalised odds", "accuracy"]
        axis = CategoryAxis("α, fraction of the minority who act", alphas, ticks_of(alphas))
        drawn = {
            "alpha": Picture(
                platforms_figure(self._platforms(over_alpha, names), names, axis),
                "Equalised odds (0: both groups are treated alike) and accuracy on people held "
                "out, by honest labels, against the fraction of the minority that acts; a line a "
                "strategy, a panel a learner; shades are 95% intervals over seeds. Horizontal "
                "lines: what the platform could do itself.",
            )
        }
        if len(self.knowledge) > 1:
            over_known = [(self.at, known) for known in self.knowledge]
            label = f"known people of the majority (α = {percent_of(self.at)})"
            axis = CategoryAxis(label, range(len(over_known)), self.knowledge)
            drawn["knowledge"] = Picture(
                platforms_figure(self._platforms(over_known, names[:1]), names[:1], axis),
                "Equalised odds against how many people of the majority are known to members. "
                "Horizontal lines: nobody acts, and what the platform could do itself.",
            )
        return drawn

    def _platforms(self, places: Places, names: Sequence[str]) -> list[PlatformPanel]:
        """Return what is drawn: a panel a learner, in it the measures at the places."""
        from quorate.figures.bias import PlatformPanel

        columns = [name.replace(" ", "_") for name in names]
        return [
            PlatformPanel(title, [self._measured(learner, places, column) for column in columns])
            for learner, title in zip(self.learners, short_labels(self.learners), strict=True)
        ]

    def _measured(self, learner: str, places: Places, name: str) -> MeasureLines:
        from quorate.figures.bias import MeasureLines, StrategyLine

        found, ways = self.over_seeds, []
        for number, label in enumerate(short_labels(self.strategies)):
            of = learner, self.strategies[number]
            triples = [found.get((*of, *place), {}).get(name) for place in places]
            values = np.array([three or (math.nan,) * 3 for three in triples]).T  # (3, p)
            ways.append(StrategyLine(label, number, (values[0], values[1], values[2])))
        return MeasureLines(ways, self._levels(learner, name, places))

    def _levels(self, learner: str, name: str, places: Places) -> list[tuple[str, float]]:
        levels = [
            (alone, numbers[name][0])
            for alone, numbers in platforms_alone(self.over_seeds, learner)
        ]
        nobody = self.over_seeds.get((learner, self.strategies[0], 0.0, self.knowledge[-1]))
        if nobody and all(alpha > 0 for alpha, _ in places):
            levels.append(("nobody acts", nobody[name][0]))
        return levels


def ticks_of(alphas: Sequence[float], apart: float = 0.1) -> list[str]:
    """Return what the ticks say: nothing where the last one that says something is too near.

    >>> ticks_of([0.0, 0.05, 0.1, 0.3])
    ['0', '', '10%', '30%']
    """
    said, last = [], -1.0
    for alpha in alphas:
        far = alpha - last >= apart - 1e-9
        last = alpha if far else last
        said.append((percent_of(alpha) if alpha else "0") if far else "")
    return said


def _acting(row: Mapping[str, Any]) -> bool:
    return not str(row["strategy"]).startswith(PLATFORM)


def _rounded(value: float | None) -> float | None:
    """Return a rate to six decimals: more than people can be told apart by, and half the file."""
    return None if value is None else round(value, 6)


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else round(before - after, 6)


def _over_seeds(rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, float, float]]:
    """Return the mean of every number over seeds and its 95% interval, as of curves."""
    names = (*NUMBERS, *ADDED.values())
    values = np.array([[row[name] for row in rows] for name in names], np.float64)  # (numbers, s)
    threes = zip(*(end.tolist() for end in mean_interval(values)), strict=True)
    return dict(zip(names, threes, strict=True))


def _nearest(alpha: float, alphas: Sequence[float]) -> float:
    return min(alphas, key=lambda one: abs(one - alpha))
