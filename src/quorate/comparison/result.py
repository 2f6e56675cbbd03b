"""What comes of a comparison: paired differences, critical masses, and what had no partner."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quorate.comparison.differences import MassDifference, mean_difference
from quorate.comparison.pairing import Cell, Pairing, measures_of, name_cells, say_variant
from quorate.intervals import CONFIDENCE
from quorate.plain import finite
from quorate.runs.result import Picture, Result, Row, Section, TextRow
from quorate.runs.wording import percent, rate
from quorate.short_names import tell_apart
from quorate.validate import listed

if TYPE_CHECKING:
    from quorate.studies.curves import Curves

METHODS = ("population", "strategy", "goal", "learner")
TOGETHER = (
    "{number} differences have an interval. Each stands with its own 95% interval (Student's, over "
    "the seeds that both runs share); the last column holds for all of them together at 95% "
    "(Bonferroni), and an interval there that leaves out 0 is evidence of a difference. Where all "
    "seeds differ by the same number an interval is a point: it shows no spread, not certainty. A "
    "dash stands where a single seed is shared."
)
ABOUT_MASSES = (
    "The interval of a difference is a bootstrap over the seeds that both runs share, drawn "
    "alike for both; it covers the spacing of both grids. Of two searches, whose seeds are not "
    "paired, it is made from their own intervals."
)


@dataclass(frozen=True, eq=False)
class Beside:
    """One run beside the first.

    Args:
        folder: where it is stored.
        pairing: its cells and those of the first.
        masses: α* of both by what was compared, as a variant of each.
    """

    folder: Path
    pairing: Pairing
    masses: Mapping[tuple[str, str, str], MassDifference] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Comparison(Result):
    """Two or more runs beside one another: each against the first, cell by cell.

    Args:
        folder: the run that all others are compared with.
        others: the others.
        curves: of the runs that measured S(α), by folder, the first one first; drawn together.
        target: S* at which critical masses were read; None where there are none.
    """

    folder: Path
    others: tuple[Beside, ...]
    curves: Mapping[Path, Curves] = field(default_factory=dict)
    target: float | None = None

    @property
    def title(self) -> str:
        """Which runs stand beside which."""
        return f"{listed([self._name(one.folder) for one in self.others])} beside {self._first}"

    @property
    def question(self) -> str:
        """What every comparison asks."""
        return "What differs between these runs, on the same people and at the same sizes?"

    @property
    def _first(self) -> str:
        return self._name(self.folder)

    def _name(self, folder: Path) -> str:
        """Return what a run is called: its folder's name, where no other folder has it."""
        folders = [self.folder, *(one.folder for one in self.others)]
        alone = sum(one.resolve().name == folder.resolve().name for one in folders) == 1
        return folder.resolve().name if alone else str(folder)

    # ----------------------------------------------------------------------------- for programs

    def rows(self) -> list[Row]:
        """Return one row for each measure at each size: both means, and the difference."""
        found = list(self._differences())
        told = sum(len(first) > 1 for _, first, _ in found)  # a single pair has no interval
        level = 1 - (1 - CONFIDENCE) / max(told, 1)
        rows = []
        for row, first, second in found:
            alone, together = (mean_difference(first, second, c) for c in (CONFIDENCE, level))
            means = {"first": sum(first) / len(first), "second": sum(second) / len(second)}
            ends = {"difference": alone.value, "low": alone.low, "high": alone.high}
            all_together = {"together.low": together.low, "together.high": together.high}
            rows.append({**row, **means, **ends, **all_together, "pairs": len(first)})
        return rows

    def _differences(self) -> Iterator[tuple[Row, list[float], list[float]]]:
        """Yield what is compared, and what was measured in both runs, by shared seed."""
        for one in self.others:
            for pairs in one.pairing.pairs:
                everything = [
                    row for by in pairs.rows.values() for both in by.values() for row in both
                ]
                who = {
                    "run": str(one.folder),
                    "first_is": say_variant(pairs.first, pairs.second),
                    "second_is": say_variant(pairs.second, pairs.first),
                }
                for measure in measures_of(everything):
                    for cell, by_seed in pairs.rows.items():
                        both = [
                            (float(a[measure]), float(b[measure]))
                            for a, b in by_seed.values()
                            if _is_measured(a.get(measure)) and _is_measured(b.get(measure))
                        ]
                        if both:
                            firsts, seconds = (list(each) for each in zip(*both, strict=True))
                            yield {**who, **dict(cell), "measure": measure}, firsts, seconds

    def mass_rows(self) -> list[Row]:
        """Return one row for each pair of curves or searches: α* of both, and the difference."""
        return [
            {
                "run": str(one.folder),
                **dict(zip(("first_is", "second_is", "shared"), names, strict=True)),
                "target": self.target,
                "first": mass.first,
                "second": mass.second,
                "difference": mass.difference.value,
                "low": mass.difference.low,
                "high": mass.difference.high,
                "pairs": mass.seeds,
            }
            for one in self.others
            for names, mass in one.masses.items()
        ]

    def data(self) -> dict[str, list[Row]]:
        """Return the differences, the critical masses, and the cells without a partner."""
        tables = {"differences": self.rows()}
        if masses := self.mass_rows():
            tables["critical-mass"] = masses
        unpaired = [
            {"run": str(folder), "beside": str(other), **row}
            for one in self.others
            for folder, other, rows in (
                (self.folder, one.folder, one.pairing.alone[0]),
                (one.folder, self.folder, one.pairing.alone[1]),
            )
            for row in rows
        ]
        return {**tables, "unpaired": unpaired} if unpaired else tables

    def to_json(self) -> dict[str, Any]:
        """Return the differences and the critical masses, and how many cells have no partner."""
        return {
            "runs": [str(self.folder), *(str(one.folder) for one in self.others)],
            "differences": finite(self.rows()),
            "critical_mass": finite(self.mass_rows()),
            "unpaired": [
                {
                    "run": str(one.folder),
                    "pairs": sum(pairs.number for pairs in one.pairing.pairs),
                    "only_in_first": len(one.pairing.alone[0]),
                    "only_in_run": len(one.pairing.alone[1]),
                }
                for one in self.others
            ],
        }

    # ------------------------------------------------------------------------------- for people

    def summary(self) -> list[str]:
        """Return how many cells are paired, how α* differs, and the clearest differences."""
        said = [self._say_pairs(one) for one in self.others]
        for row in self.mass_rows():
            said.append(
                f"{self._say_which(row)}: α* is {percent(row['first'])} and "
                f"{percent(row['second'])}, a difference of {_points(row['difference'])} "
                f"{_interval(row['low'], row['high'], _points)}."
            )
        rows = self.rows()
        clear = [row for row in rows if row["together.low"] > 0 or row["together.high"] < 0]
        if not rows:
            return said
        if not clear:
            return [
                *said,
                f"None of {len(rows)} differences stands out when all are corrected for.",
            ]
        most = max(clear, key=lambda row: abs(row["difference"]))
        return [
            *said,
            f"{len(clear)} of {len(rows)} differences stand out, corrected for all that are "
            f"compared; the largest: {self._say_which(most)}, {self._where(most)}: "
            f"{most['measure']} "
            f"{rate(most['first'])} and {rate(most['second'])}.",
        ]

    def _say_pairs(self, one: Beside) -> str:
        number = sum(pairs.number for pairs in one.pairing.pairs)
        first, second = (len(rows) for rows in one.pairing.alone)
        who = f"{self._name(one.folder)} and {self._first}"
        if not number:
            return f"{who} share no cells; their searches are compared as wholes."
        rest = (
            f"; {first} of {self._first} and {second} of {self._name(one.folder)} have no partner"
        )
        return f"{number} cells of {who} are paired{rest if first or second else ''}."

    def _say_which(self, row: Row) -> str:
        """Return what is compared with what: what tells the two apart, else the runs."""
        one, two = row["first_is"] or self._first, row["second_is"] or self._name(Path(row["run"]))
        shared = row.get("shared")
        return f"{two} beside {one}" + (f" ({shared})" if shared else "")

    def _where(self, row: Row) -> str:
        said = [f"α = {percent(row['alpha'])}"] if row.get("alpha") is not None else []
        return ", ".join([*said, *self._cells(row)]) or "all cells"

    def _cells(self, row: Row) -> list[str]:
        """Return what tells a row's cell from others of its table: settings of several values."""
        return [
            f"{name} {self._short(name).get(str(row[name]), row[name])}"
            for name in self._several()
            if row.get(name) is not None
        ]

    def _several(self) -> list[str]:
        cells: list[Cell] = [
            cell for one in self.others for pairs in one.pairing.pairs for cell in pairs.rows
        ]
        values: dict[str, set[Any]] = {}
        for cell in cells:
            for name, value in cell:
                values.setdefault(name, set()).add(value)
        return [n for n, found in values.items() if len(found) > 1 and n not in ("alpha", "goal")]

    def _short(self, name: str) -> dict[str, str]:
        texts = [
            str(dict(cell)[name])
            for one in self.others
            for pairs in one.pairing.pairs
            for cell in pairs.rows
            if name in dict(cell)
        ]
        return tell_apart(texts) if name in METHODS and texts else {}

    def sections(self) -> list[Section]:
        """Return α* of both, the paired differences, and what could not be paired."""
        sections = []
        if masses := self.mass_rows():
            heading = "Critical mass α*" + (f" for S* = {self.target:g}" if self.target else "")
            rows = tuple(map(self._mass_row, masses))
            sections.append(Section(heading, rows=rows, after=(ABOUT_MASSES,)))
        found = self.rows()
        if found:
            for which in dict.fromkeys(map(self._say_which, found)):
                rows = tuple(self._text_row(row) for row in found if self._say_which(row) == which)
                sections.append(Section(f"Paired differences: {which}", rows=rows))
            last = sections.pop()
            said = TOGETHER.format(number=sum(row["pairs"] > 1 for row in found))
            sections.append(replace(last, after=(said,)))
        if lines := self._alone():
            sections.append(Section("What could not be paired", tuple(lines)))
        return sections

    def _mass_row(self, row: Row) -> TextRow:
        return {
            "compared": self._say_which(row),
            f"α* of {self._first}": percent(row["first"]),
            "α* of the other": percent(row["second"]),
            "difference": _points(row["difference"]),
            "95% interval": _interval(row["low"], row["high"], _points),
            "shared seeds": str(row["pairs"] or "–"),
        }

    def _text_row(self, row: Row) -> TextRow:
        cell = {"α": percent(row["alpha"])} if row.get("alpha") is not None else {}
        others = ", ".join(self._cells(row))
        return {
            "measure": row["measure"].replace("_", " "),
            **({"cells": others} if others else {}),
            **cell,
            self._first: _number(row["first"]),
            "other": _number(row["second"]),
            "difference": _number(row["difference"]),
            "95% interval": _interval(row["low"], row["high"], _number),
            "all together": _interval(row["together.low"], row["together.high"], _number),
            "pairs": str(row["pairs"]),
        }

    def _alone(self) -> list[str]:
        """Return in sentences which cells have no partner."""
        said = []
        for one in self.others:
            for folder, other, rows in (
                (self.folder, one.folder, one.pairing.alone[0]),
                (one.folder, self.folder, one.pairing.alone[1]),
            ):
                if rows:
                    names = "; ".join(name_cells(rows))
                    said.append(
                        f"{len(rows)} cells of {self._name(folder)} have no partner in "
                        f"{self._name(other)}: {names}."
                    )
            if one.pairing.twice:
                said.append(
                    f"{one.pairing.twice} cells of {self._first} and {self._name(one.folder)} were "
                    "measured anew with the same settings: the last of each is compared."
                )
        return said

    # ---------------------------------------------------------------------------------- pictures

    def pictures(self) -> dict[str, Picture]:
        """Return the curves of all runs in one picture; else the differences with intervals."""
        if len(self.curves) > 1 and self.target is not None:
            return {
                "curves": Picture(
                    self._overlaid(),
                    f"The curves of all runs. Bands are 95% intervals over each run's own seeds; "
                    f"below stand accuracy on honest people and α* at S* = {self.target:g}. The "
                    "intervals of differences in the tables are narrower, since they are of pairs.",
                )
            }
        from quorate.figures.comparison import Difference, differences_figure

        drawn = [
            Difference(
                f"{self._say_which(row)}: {', '.join([row['measure'], *self._cells(row)])}",
                *(
                    row[end]
                    for end in ("difference", "low", "high", "together.low", "together.high")
                ),
            )
            for row in self.rows()
            if math.isfinite(row["low"])
        ][:MOST_DRAWN]
        if not drawn:
            return {}
        caption = (
            "Differences from the first run, with 95% intervals: thick for each alone, thin for "
            "all together. All numbers: differences.csv."
        )
        return {"differences": Picture(differences_figure(drawn), caption)}

    def _overlaid(self) -> Any:
        """Return the figure of all curves, those of one population and strategy in one panel."""
        from quorate.figures import curves as figures
        from quorate.studies.curve import line_of

        target = self.target or 0.0
        panels: dict[str, Any] = {}
        for folder, curves in self.curves.items():
            for curve in curves:
                heading = f"{curve.population}, {curve.strategy}"
                panel = panels.setdefault(heading, figures.CurvePanel(heading, target))
                label = f"{self._name(folder)}: {curves.shown(curve.learner)}"
                panel.lines.append(line_of(curve, curve.critical_mass(target), label))
        return figures.curves_figure(list(panels.values()))


MOST_DRAWN = 40  # differences in one picture


def _is_measured(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _number(value: float) -> str:
    """Return a number for people: rates with three decimals, large ones with four digits."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "∞" if value > 0 else "−∞"
    return f"{value:z.3f}" if abs(value) < 100 else f"{value:.4g}"


def _points(value: float) -> str:
    """Return a difference of sizes as percentage points of all people."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "∞" if value > 0 else "−∞"
    return f"{100 * value:+.3g} points" if value else "0 points"


def _interval(low: float, high: float, said: Any) -> str:
    """Return an interval in words; a dash where a single pair shows no spread."""
    if math.isinf(low) and math.isinf(high):
        return "–"
    return f"[{said(low)}, {said(high)}]".replace(" points,", ",")
