"""Runs that are stored, read and put beside one another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.comparison.differences import MassDifference, mass_difference, search_difference
from quorate.comparison.pairing import Pairing, pair, say_variant
from quorate.comparison.result import Beside, Comparison
from quorate.errors import InputError
from quorate.intervals import Estimate
from quorate.report.reports import folder_of
from quorate.report.stored import load_results
from quorate.report.stored_folders import FolderOverview
from quorate.runs.reading import as_stored
from quorate.runs.result import Result, Row, WrappedResult
from quorate.runtime.places import place
from quorate.studies.critical_mass.search import last_search
from quorate.studies.curve import CURVE, Curve
from quorate.studies.curves import Curves
from quorate.validate import in_interval

SEARCH = "search"  # stem of what a search for α* leaves
MASS = {"estimate", "low", "high", "target"}  # what a row of a search says


def compare(*folders: str | Path, target: float | None = None) -> Comparison:
    """Put stored runs beside one another: each against the first, cell by cell.

    Args:
        folders: two or more, of runs of any kind whose cells have seeds, or of searches for α*.
        target: S* at which critical masses are read; by default the first study's.

    Raises:
        InputError: there are fewer than two folders, one is named twice, or two have no cells in
            common.
        StoreError: a folder holds no result, or it cannot be read.
    """
    if len(folders) < 2:
        raise InputError(
            f"Expected two or more folders of runs, got {len(folders)}. Name those to compare: "
            "quorate compare runs/first runs/second."
        )
    if target is not None:
        in_interval("target", target, 0, 1, "It is a success rate.")
    paths = [folder_of(place(folder)) for folder in folders]
    for number, path in enumerate(paths):
        if path.resolve() in [other.resolve() for other in paths[:number]]:
            raise InputError(f"Expected different runs, got {path} twice. Name it once.")
    runs = [_read(path, target) for path in paths]
    first, *others = runs
    curves = [run.curves for run in runs if run.curves is not None]
    wanted = target
    if wanted is None and curves:
        wanted = curves[0].target
    found = tuple(_beside(first, other, wanted) for other in others)
    if wanted is None:
        wanted = next((row["target"] for row in first.searches), None)
    drawn = {run.folder: run.curves for run in runs if run.curves is not None}
    return Comparison(first.folder, found, drawn if len(drawn) == len(runs) else {}, wanted)


@dataclass(frozen=True, eq=False)
class _Run:
    """What a folder holds, as far as it can be compared.

    Args:
        folder: where.
        rows: its cells.
        curves: its study, if it is one.
        searches: rows of its searches for α*.
    """

    folder: Path
    rows: list[Row]
    curves: Curves | None
    searches: list[Row]

    @property
    def is_grid(self) -> bool:
        """Whether critical masses can be read off its cells: a search has chosen its own sizes."""
        return self.curves is not None and last_search(self.folder) is None


def _read(folder: Path, target: float | None) -> _Run:
    with as_stored(folder):
        results = load_results(folder)
        main = _inside(results[0])
        if isinstance(main, FolderOverview):
            names = ", ".join(str(one.folder) for one in main.inside[:5])
            raise InputError(
                f"Expected the folder of one run, got {folder}, which holds several. Name one of "
                f"them: {names}."
            )
        searches = [
            row for one in results if one.stem == SEARCH or _is_search(one) for row in _masses(one)
        ]
        rows = [row for row in main.rows() if row.get("seed") is not None]
    curves = main if isinstance(main, Curves) else None
    if not rows and not searches:
        raise InputError(
            f"Expected a run whose cells have seeds in {folder}, got {main.title!r}, which has "
            "none. Compare runs of quorate curve, critical-mass, run, correct or scenario; audits "
            "are compared by quorate audit --against."
        )
    return _Run(folder, rows, curves, searches)


def _inside(result: Result) -> Result:
    """Return a result without what stands around it."""
    return _inside(result.result) if isinstance(result, WrappedResult) else result


def _is_search(result: Result) -> bool:
    return getattr(getattr(result, "report", None), "stem", "") == SEARCH


def _masses(result: Result) -> list[Row]:
    return [row for row in result.rows() if set(row) >= MASS]


def _beside(first: _Run, other: _Run, target: float | None) -> Beside:
    pairing = pair(first.rows, other.rows)
    masses: dict[tuple[str, str, str], MassDifference] = {}
    if first.searches and other.searches:
        masses = dict(_of_searches(first.searches, other.searches))
    elif first.is_grid and other.is_grid and target is not None:
        masses = dict(_of_curves(pairing, first, other, target))
    if not pairing.pairs and not masses:
        raise InputError(
            f"Expected cells in common between {first.folder} and {other.folder}, got none: "
            f"{_why(first, other)} Run both with the same sizes (--alphas) and seeds."
        )
    return Beside(other.folder, pairing, masses)


def _why(first: _Run, other: _Run) -> str:
    """Return what keeps the cells of two runs apart."""
    if len({any("alpha" in row for row in run.rows) for run in (first, other)}) > 1:
        return "one has measured sizes α, the other has not."
    for name in ("seed", "alpha"):
        one, two = ({row.get(name) for row in run.rows} for run in (first, other))
        if not one & two:
            return f"no {name} is in both."
    return "no cell has the same size and seed in both."


def _of_curves(
    pairing: Pairing, first: _Run, other: _Run, target: float
) -> Iterator[tuple[tuple[str, str, str], MassDifference]]:
    """Yield α* of each two curves whose cells are paired, on the seeds that both have."""
    for pairs in pairing.pairs:
        shared = [{n: v for n, v in cell if n in CURVE} for cell in pairs.rows]
        for common in [dict(one) for one in dict.fromkeys(tuple(each.items()) for each in shared)]:
            one, two = (
                _curve(first, {**common, **pairs.first}),
                _curve(other, {**common, **pairs.second}),
            )
            if one is None or two is None:
                continue
            seeds = [seed for seed in one.seeds if seed in two.seeds]
            if not seeds:
                continue
            found = mass_difference(
                (one.alphas, two.alphas), (_of(one, seeds), _of(two, seeds)), target
            )
            several = {n: v for n, v in common.items() if len({one.get(n) for one in shared}) > 1}
            said = ", ".join(str(value) for name, value in several.items() if name != "goal")
            names = say_variant(pairs.first, pairs.second), say_variant(pairs.second, pairs.first)
            yield (*names, said), found


def _curve(run: _Run, settings: Mapping[str, Any]) -> Curve | None:
    """Return the curve of these methods."""
    curves = run.curves or ()
    wanted = {name: value for name, value in settings.items() if name in CURVE}
    found = [c for c in curves if all(getattr(c, n) == v for n, v in wanted.items())]
    return found[0] if len(found) == 1 else None


def _of(curve: Curve, seeds: list[int]) -> Any:
    """Return success of some seeds, (a, s)."""
    return curve.success[:, [curve.seeds.index(seed) for seed in seeds]]


def _of_searches(
    first: list[Row], other: list[Row]
) -> Iterator[tuple[tuple[str, str, str], MassDifference]]:
    """Yield α* of searches of the same methods; of one against all where they differ in one."""
    same = [(a, b) for a in first for b in other if all(a.get(w) == b.get(w) for w in CURVE)]
    for one, two in same or [(a, b) for a in first for b in other]:
        if one["target"] != two["target"]:
            raise InputError(
                f"Expected searches for one target, got S* = {one['target']:g} and "
                f"{two['target']:g}. Search again with --target {one['target']:g}."
            )
        told = [
            {who: row[who] for who in CURVE if who in row and one.get(who) != two.get(who)}
            for row in (one, two)
        ]
        shared = "" if len(same) < 2 else str(one.get("learner", ""))
        names = say_variant(told[0], told[1]), say_variant(told[1], told[0])
        yield (*names, shared), search_difference(_estimate(one), _estimate(two))


def _estimate(row: Row) -> Estimate:
    """Return α* of a stored search; what is null there is not reached."""
    value, low, high = (row[end] for end in ("estimate", "low", "high"))
    ends = [math.inf if end is None else float(end) for end in (value, high)]
    return Estimate(ends[0], 0.0 if low is None else float(low), ends[1])
