"""Curves S(α) that were measured before, read from a store or from the tables of a report.

Shapes: a sizes, s seeds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np

from quorate.errors import InputError, StoreError
from quorate.intervals import Floats
from quorate.plain import group_by
from quorate.runs.kept_tables import has_table, read_texts
from quorate.runs.store import FILE as STORE
from quorate.studies.loading import load
from quorate.studies.trial import ANYONE

CELLS, CALLED = "cells", "critical_mass"  # tables
WHOSE = ("population", "strategy", "goal", "learner", "collective")
COLUMNS = ("population", "strategy", "goal", "learner", "alpha", "seed", "people", "success")
MOST_LISTED = 20


@dataclass(frozen=True, eq=False)
class MeasuredCurve:
    """One measured curve S(α).

    Args:
        population, strategy, goal, learner, collective: whose curve it is, as text.
        called: the learner's name where the run gave it one, else its text.
        epsilon: privacy budget achieved; None for a learner that is not private, inf for none.
        people: N, number of people the platform learned from.
        alphas: sizes as fractions of those people, (a,), increasing.
        seeds: the seeds, (s,).
        success: S, (a, s); no number is missing.
    """

    population: str
    strategy: str
    goal: str
    learner: str
    collective: str
    called: str
    epsilon: float | None
    people: int
    alphas: Floats
    seeds: tuple[int, ...]
    success: Floats

    @property
    def family(self) -> tuple[str, str, str, str]:
        """What it shares with the curves of the platform's other learners."""
        return self.population, self.strategy, self.goal, self.collective


def read_curves(folder: str) -> list[MeasuredCurve]:
    """Return the curves that a folder holds, or those that come with quorate where it is empty.

    A folder has a store, or ``cells.csv`` as a report leaves it, compressed or not. Seeds of which
    a size is missing or failed are left out, and so are curves with fewer than two sizes.

    Raises:
        StoreError: there is neither, or no whole curve in it, or it cannot be read.
    """
    path = Path(folder or str(files("quorate.scenarios.participation") / "mnist"))
    if (path / STORE).exists():
        curves = _read_store(path)
    elif has_table(path, CELLS):
        curves = _read_tables(path)
    else:
        raise StoreError(
            f"Expected a store or {CELLS}.csv in {folder}, got neither. Measure curves there "
            f"first: quorate curve ... --out {folder}"
        )
    found = [whole for curve in curves if (whole := _drop_incomplete(curve)) is not None]
    if not found:
        raise StoreError(
            f"Expected a curve of two sizes or more in {folder}, got none that is whole. Measure "
            f"more sizes: quorate curve ... --out {folder}"
        )
    return found


def choose_curve(
    curves: Sequence[MeasuredCurve], learner: str | None, strategy: str | None
) -> MeasuredCurve:
    """Return the one curve of a learner and a strategy; the first learner's where none is named.

    Args:
        curves: to choose from.
        learner, strategy: the text, the name a run gave it, or the method's bare name, as ``sgd``;
            None where it need not be told.

    Raises:
        InputError: it is none of them, or of several strategies; they are listed.
    """
    found = [c for c in curves if _fits(learner, c.learner, c.called)]
    found = [c for c in found if _fits(strategy, c.strategy)]
    one_platform = learner is None and len({c.family for c in found}) == 1
    if len(found) == 1 or one_platform:
        return found[0]
    shown = found or list(curves)
    lines = [f"{c.called} | {c.strategy} | {c.population} | {c.collective}" for c in shown]
    named = {"learner": learner, "strategy": strategy}
    asked = " and ".join(f"{what}={text!r}" for what, text in named.items() if text)
    more = "" if len(lines) <= MOST_LISTED else f"; {len(lines)} in all"
    raise InputError(
        f"Expected {asked or 'the folder'} to name one curve, got {len(found)} of "
        f"{len(curves)}. Choose by --learner and --strategy among: "
        f"{'; '.join(lines[:MOST_LISTED])}{more}."
    )


def _fits(wanted: str | None, *texts: str) -> bool:
    return wanted is None or wanted in (*texts, texts[0].split(":")[0])


def _read_store(folder: Path) -> list[MeasuredCurve]:
    """Return the curves of a store."""
    curves = load(folder)
    same = (*WHOSE, "people", "alphas", "seeds", "success")
    return [
        MeasuredCurve(
            called=curves.called(curve.learner),
            epsilon=_largest(one.epsilon for one in curves.of_curve(curve)),
            **{key: getattr(curve, key) for key in same},
        )
        for curve in curves
    ]


def _read_tables(folder: Path) -> list[MeasuredCurve]:
    """Return the curves of the tables that a report leaves."""
    rows = _read(folder, CELLS, COLUMNS)
    names = {row["learner"]: row["called"] for row in _read(folder, CALLED, ("called",))}
    whole = [{**row, "collective": row.get("collective") or ANYONE} for row in rows]
    try:
        return [_make_curve(cells, names) for cells in group_by(whole, *WHOSE).values()]
    except ValueError as error:
        raise StoreError(
            f"Expected numbers in {CELLS}.csv of {folder}, got: {error}. Make the report anew."
        ) from error


def _read(folder: Path, table: str, columns: Sequence[str]) -> list[dict[str, str]]:
    rows = read_texts(folder, table)
    missing = [name for name in columns if rows and name not in rows[0]]
    if missing:
        raise StoreError(
            f"Expected the columns {', '.join(missing)} in {table}.csv of {folder}, got none. Name "
            "the folder of a study's report."
        )
    return rows


def _make_curve(cells: Sequence[Mapping[str, str]], names: Mapping[str, str]) -> MeasuredCurve:
    """Return the curve of the rows of a table; NaN where a size of a seed is missing."""
    alphas = sorted({float(cell["alpha"]) for cell in cells})
    seeds = sorted({int(cell["seed"]) for cell in cells})
    success = np.full((len(alphas), len(seeds)), math.nan)  # (a, s)
    for cell in cells:
        at = alphas.index(float(cell["alpha"])), seeds.index(int(cell["seed"]))
        success[at] = float(cell["success"] or "nan")
    learner = cells[0]["learner"]
    if alphas[0] > 0:
        raise StoreError(
            f"Expected what happens if nobody acts, α = 0, got {alphas[0]:g} as the smallest size "
            f"of {learner}. Measure size 0 as well."
        )
    return MeasuredCurve(
        **{key: cells[0][key] for key in WHOSE},
        called=names.get(learner, learner),
        epsilon=_largest(float(cell["epsilon"]) for cell in cells if cell.get("epsilon")),
        people=int(cells[0]["people"]),
        alphas=np.array(alphas),
        seeds=tuple(seeds),
        success=success,
    )


def _largest(budgets: Iterable[float | None]) -> float | None:
    return max((budget for budget in budgets if budget is not None), default=None)


def _drop_incomplete(curve: MeasuredCurve) -> MeasuredCurve | None:
    """Return a curve without the seeds that miss a size; None where too little is left."""
    whole = np.asarray(~np.isnan(curve.success).any(axis=0))  # (s,)
    if not whole.any() or len(curve.alphas) < 2:
        return None
    seeds = tuple(itertools.compress(curve.seeds, whole))
    return replace(curve, seeds=seeds, success=curve.success[:, whole])
