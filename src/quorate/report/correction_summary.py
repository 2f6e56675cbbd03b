"""A correction in numbers: means over seeds of what its cells found, with 95% intervals."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.fairness import Estimate
from quorate.intervals import mean_interval
from quorate.test_time.study.correction import Correction

Cell = dict[str, Any]
Numbers = Mapping[str, Estimate]
MEASURES = (
    "accuracy",
    "accuracy_gap",
    "worst_group_accuracy",
    "equal_opportunity_gap",
    "disparate_impact",
)
CONTROLS = ("force_rate", "wrong_class", "random_sign", "label_free")
PLACES = ("before", "after")
NOTHING = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class Row:
    """Cells that differ in nothing but the seed.

    Args:
        platform, proxy, members, queries, epsilon: what they share; queries are per member.
        cells: one a seed.
        numbers: means over seeds, by name as in ``numbers_of``.
    """

    platform: str
    proxy: str
    members: int
    queries: int
    epsilon: float
    cells: tuple[Cell, ...]
    numbers: Numbers

    @property
    def pooled(self) -> int:
        """Answered questions of the collective, the mean over seeds as a whole number."""
        return _mean(cell["queries"]["pooled"] for cell in self.cells)

    def __getitem__(self, name: str) -> Estimate:
        return self.numbers.get(name, NOTHING)


# -------------------------------------------------------------------------------------- the numbers


def rows_of(cells: Sequence[Cell], correction: Correction) -> list[Row]:
    """Return one row for each collective, platform, proxy and budget, in the study's order.

    Args:
        cells: as ``run_correction`` returns them.
        correction: the study that they are of.
    """
    found: dict[tuple[str, str, int, int, float], dict[int, Cell]] = {}
    budgets = dict.fromkeys(correction.epsilons)
    for (group, epsilon), cell in zip(
        itertools.product(correction.groups(), budgets), cells, strict=True
    ):
        shared = (group.platform, group.proxy, group.members, group.queries, epsilon)
        found.setdefault(shared, {})[group.seed] = cell
    return [
        Row(*shared, tuple(seeds.values()), _means(map(numbers_of, seeds.values())))
        for shared, seeds in found.items()
    ]


def headline_of(rows: Sequence[Row], correction: Correction) -> Row:
    """Return the row that is shown: the first platform and proxy, with as much as was tried.

    That is the largest collective, the most queries per member, and the last ε named.
    """
    wanted = (
        correction.platforms[0],
        correction.proxies[0],
        max(correction.members),
        max(correction.queries),
        correction.epsilons[-1],
    )
    (found,) = (
        row
        for row in rows
        if (row.platform, row.proxy, row.members, row.queries, row.epsilon) == wanted
    )
    return found


def numbers_of(cell: Cell) -> dict[str, Estimate]:
    """Return every number of a cell with its interval, by name.

    Names: ``before.accuracy``, ``after.accuracy[GROUP]`` and so on, ``gap_closed``,
    ``controls.NAME``, ``outside.NAME``, ``label_free.FAMILY.accuracy`` and ``.gap_closed``, with
    ``label_free.best`` for the family that the proxies liked best, ``adaptive.NAME.accuracy`` (of
    everyone, before), ``.before``, ``.after`` (of the subgroup) and ``.gap_closed``, and
    ``proxy_agreement``.
    """
    ends = cell["intervals"]
    found: dict[str, Estimate] = {}
    for when in PLACES:
        values = {name: cell[when][name] for name in MEASURES}
        of_groups = cell[when]["accuracy_by_group"].items()
        values |= {f"accuracy[{group}]": value for group, value in of_groups}
        for name, value in values.items():
            found[f"{when}.{name}"] = _estimate(value, *ends[when].get(name, (None, None)))
    found["gap_closed"] = _estimate(cell["gap_closed"], *ends["gap_closed"])
    for name, value in cell["controls"].items():
        found[f"controls.{name}"] = _estimate(value, *ends["controls"][name])
    for place, (family, of_family) in enumerate(cell["label_free"].items()):
        for name, plain in of_family.items():
            found[f"label_free.{family}.{name}"] = _estimate(**plain)
            if place == 0:
                found[f"label_free.best.{name}"] = _estimate(**plain)
    for name, plain in cell["outside"].items():
        found[f"outside.{name}"] = _estimate(**plain)
    for platform, of_platform in cell["adaptive"].items():
        for name in ("accuracy", *PLACES):
            found[f"adaptive.{platform}.{name}"] = _estimate(of_platform[name], None, None)
        found[f"adaptive.{platform}.gap_closed"] = _estimate(**of_platform["gap_closed"])
    agreement = cell["proxy_agreement"]
    found["proxy_agreement"] = _estimate(*(agreement[end] for end in ("value", "low", "high")))
    return found


def _estimate(value: float | None, low: float | None, high: float | None) -> Estimate:
    """Return what a cell stores: None is a value that is not defined, or an end without bound."""
    if value is None or math.isnan(value):
        return NOTHING
    return Estimate(
        float(value),
        -math.inf if low is None else float(low),
        math.inf if high is None else float(high),
    )


def over_seeds(found: Sequence[Estimate], *, rate: bool) -> Estimate:
    """Return the mean over seeds where a number is defined, with its 95% interval.

    One seed keeps its own interval, over the people it was measured on; from two on it is the
    stretched bootstrap over seeds, kept in [0, 1] where the number is a ``rate``.
    """
    defined = [one for one in found if not math.isnan(one.value)]
    if len(defined) < 2:
        return defined[0] if defined else NOTHING
    value, low, high = (
        float(end[0]) for end in mean_interval(np.array([[one.value for one in defined]]))
    )
    return Estimate(value, max(low, 0.0) if rate else low, min(high, 1.0) if rate else high)


def _means(cells: Iterable[Numbers]) -> dict[str, Estimate]:
    seeds = list(cells)
    names = dict.fromkeys(itertools.chain(*seeds))
    return {
        name: over_seeds(
            [numbers[name] for numbers in seeds if name in numbers],
            rate=not name.endswith("gap_closed"),
        )
        for name in names
    }


def _mean(values: Iterable[int]) -> int:
    counted = list(values)
    return round(sum(counted) / len(counted))


# -------------------------------------------------------------------------------------- the summary


def summary(cells: Sequence[Cell], correction: Correction) -> dict[str, Any]:
    """Return what a correction found as plain data for JSON; None for what is not defined.

    The numbers at the top are of one row, which ``headline`` names: the first platform and proxy,
    the largest collective, the most queries and the last ε; ``cells`` holds every row. A number is
    the mean over seeds. Its interval (95%) is over seeds, or with one seed over the people measured
    on; an end that is None beside a number means that there is no bound.

    Args:
        cells: as ``run_correction`` returns them.
        correction: the study that they are of.
    """
    rows = rows_of(cells, correction)
    shown = headline_of(rows, correction)
    return {
        "before": _measures(shown, "before"),
        "after": _measures(shown, "after"),
        "gap_closed": _value(shown["gap_closed"]),
        "intervals": {
            "before": _intervals(shown, "before."),
            "after": _intervals(shown, "after."),
            "gap_closed": _ends(shown["gap_closed"]),
            "controls": _intervals(shown, "controls."),
        },
        "controls": {name: _value(shown[f"controls.{name}"]) for name in CONTROLS},
        "proxy_agreement": {**shown["proxy_agreement"].to_json(), **_suspects(shown)},
        "queries": {
            "pooled": shown.pooled,
            "per_member": shown.queries,
            "evaluation": _mean(cell["queries"]["evaluation"] for cell in shown.cells),
        },
        "label_free": _label_free(shown),
        "outside": {
            name: shown[f"outside.{name}"].to_json() for name in ("accuracy", "had_they_joined")
        },
        "adaptive": _adaptive(shown),
        "notes": _notes(rows, shown),
        "headline": {
            "population": correction.population.name,
            "subgroup": correction.subgroup.label,
            **_of_row(shown),
            "norm": correction.norm,
        },
        "seeds": list(dict.fromkeys(correction.seeds)),
        "cells": [_compact(row) for row in rows],
    }


def _of_row(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("platform", "proxy", "members", "queries")} | {
        "epsilon": row.epsilon
    }


def _measures(row: Row, when: str) -> dict[str, Any]:
    groups = row.cells[0][when]["accuracy_by_group"]
    of_groups = {group: _value(row[f"{when}.accuracy[{group}]"]) for group in groups}
    return {
        "accuracy_by_group": of_groups,
        **{name: _value(row[f"{when}.{name}"]) for name in MEASURES},
    }


def _intervals(row: Row, start: str) -> dict[str, list[float | None]]:
    return {
        name.removeprefix(start): _ends(one)
        for name, one in row.numbers.items()
        if name.startswith(start)
    }


def _label_free(row: Row) -> dict[str, Any]:
    """Return what each family of label-free changes closes, that which proxies like first."""
    return {
        family: {name: row[f"label_free.{family}.{name}"].to_json() for name in of_family}
        for family, of_family in row.cells[0]["label_free"].items()
    }


def _adaptive(row: Row) -> dict[str, Any]:
    """Return what remains where the platform does something about it."""
    found = {}
    for name in row.cells[0]["adaptive"]:
        values = {what: _value(row[f"adaptive.{name}.{what}"]) for what in ("accuracy", *PLACES)}
        found[name] = {**values, "gap_closed": row[f"adaptive.{name}.gap_closed"].to_json()}
    return found


def _suspects(row: Row) -> dict[str, Any]:
    """Return whose answers contradict everyone else's, in any seed."""
    found = {one for cell in row.cells for one in cell["proxy_agreement"]["suspects"]}
    left_out = any(cell["proxy_agreement"]["left_out"] for cell in row.cells)
    return {"suspects": sorted(found), "left_out": left_out}


def _compact(row: Row) -> dict[str, Any]:
    return {
        **_of_row(row),
        "seeds": len(row.cells),
        "pooled": row.pooled,
        "gap_closed": row["gap_closed"].to_json(),
        **{when: {name: row[f"{when}.{name}"].to_json() for name in MEASURES} for when in PLACES},
        "controls": {name: row[f"controls.{name}"].to_json() for name in CONTROLS},
        "label_free": {
            name: row[f"label_free.{name}.gap_closed"].to_json()
            for name in ("best", *row.cells[0]["label_free"])
        },
        "adaptive": {
            name: row[f"adaptive.{name}.gap_closed"].to_json() for name in row.cells[0]["adaptive"]
        },
        "proxy_agreement": row["proxy_agreement"].to_json(),
    }


def _notes(rows: Sequence[Row], shown: Row) -> list[str]:
    """Return what there is to know about the numbers, in whole sentences."""
    said = []
    undefined = sum(cell["gap_closed"] is None for cell in shown.cells)
    if undefined:
        said.append(
            f"In {undefined} of {len(shown.cells)} seeds the subgroup was served no worse before: "
            "there was no gap to close, and they do not count towards the gap closed."
        )
    if len(shown.cells) == 1:
        said.append("One seed: the intervals are over the people measured on, not over seeds.")
    if len(shown.cells) == 2:
        said.append("Two seeds hardly tell how much seeds differ: five or more make it narrower.")
    cells = [cell for row in rows for cell in row.cells]
    counts = Counter(note for cell in cells for note in dict.fromkeys(cell["notes"]))
    for note, count in counts.items():
        said.append(note if len(cells) == 1 else f"{note} ({count} of {len(cells)} cells)")
    return said


def _value(one: Estimate) -> float | None:
    return one.to_json()["value"]


def _ends(one: Estimate) -> list[float | None]:
    plain = one.to_json()
    return [plain["low"], plain["high"]]
