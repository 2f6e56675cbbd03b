"""Curves S(α) that were measured before: of a store, or of the tables that a run leaves.

Shapes: a sizes, s seeds.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from quorate.errors import InputError, StoreError
from quorate.intervals import Floats
from quorate.runs.store import FILE as STORE
from quorate.studies.curves import Curve, load
from quorate.studies.trial import ANYONE

CELLS, CALLED = "cells.csv", "critical_mass.csv"
COLUMNS = ("population", "strategy", "goal", "learner", "alpha", "seed", "people", "success")
MOST_LISTED = 20


@dataclass(frozen=True, eq=False)
class Measured:
    """One measured curve.

    Args:
        population, strategy, goal, learner, collective: of whom, as text.
        called: the learner's name where the run gave it one, else its text.
        epsilon: privacy budget achieved; None for a learner that is not private, inf for none.
        people: N, how many the platform learned from.
        alphas: sizes, (a,), increasing.
        seeds: (s,).
        success: S, (a, s), every number there.
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
        """What it shares with the curves that only the learner tells it from."""
        return self.population, self.strategy, self.goal, self.collective


def measured_curves(run: str) -> list[Measured]:
    """Return the curves that a folder holds; where none is named, those that come with quorate.

    A folder has a store, or ``cells.csv`` as a report leaves it. Seeds of which a size is missing
    or failed are left out, and so are curves with fewer than two sizes.

    Raises:
        StoreError: there is neither, or no whole curve in it, or it cannot be read.
    """
    if not run:
        return _of_tables(Path(str(files("quorate.scenarios.participation") / "mnist")))
    folder = Path(run)
    if (folder / STORE).exists():
        found = _of_store(folder)
    elif (folder / CELLS).exists():
        found = _of_tables(folder)
    else:
        raise StoreError(
            f"Expected a store or {CELLS} in {run}, got neither. Measure curves there first: "
            f"quorate curve ... --out {run}"
        )
    if not found:
        raise StoreError(
            f"Expected a curve of two sizes or more in {run}, got none that is whole. Measure "
            f"more sizes: quorate curve ... --out {run}"
        )
    return found


def choose(curves: Sequence[Measured], learner: str | None, strategy: str | None) -> Measured:
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
    asked = " and ".join(
        f"{what}={text!r}" for what, text in (("learner", learner), ("strategy", strategy)) if text
    )
    more = "" if len(lines) <= MOST_LISTED else f"; {len(lines)} in all"
    raise InputError(
        f"Expected {asked or 'the folder'} to name one curve, got {len(found)} of "
        f"{len(curves)}. Choose by --learner and --strategy among: "
        f"{'; '.join(lines[:MOST_LISTED])}{more}."
    )


def _fits(wanted: str | None, *texts: str) -> bool:
    return wanted is None or wanted in (*texts, texts[0].split(":")[0])


def _of_store(folder: Path) -> list[Measured]:
    curves = load(folder)
    found = []
    for curve in curves:
        budgets = [o.epsilon for o in curves.of_curve(curve) if o.epsilon is not None]
        found.append(_whole(curve, curves.called(curve.learner), budgets))
    return [one for one in found if one is not None]


def _whole(curve: Curve, called: str, budgets: Sequence[float]) -> Measured | None:
    """Return a curve without the seeds that miss a size; None where too little is left."""
    kept = np.asarray(~np.isnan(curve.success).any(axis=0))  # (s,)
    if not kept.any() or len(curve.alphas) < 2:
        return None
    return Measured(
        population=curve.population,
        strategy=curve.strategy,
        goal=curve.goal,
        learner=curve.learner,
        collective=curve.collective,
        called=called,
        epsilon=max(budgets) if budgets else None,
        people=curve.people,
        alphas=curve.alphas,
        seeds=tuple(seed for seed, whole in zip(curve.seeds, kept, strict=True) if whole),
        success=curve.success[:, kept],
    )


def _of_tables(folder: Path) -> list[Measured]:
    """Return the curves of the tables that a report leaves.

    Raises:
        StoreError: a table cannot be read, or lacks a column.
    """
    rows = _read(folder / CELLS, COLUMNS)
    names = {}
    if (folder / CALLED).exists():
        names = {row["learner"]: row["called"] for row in _read(folder / CALLED, ("called",))}
    groups: dict[tuple[str, ...], list[Mapping[str, str]]] = {}
    for row in rows:
        who = (*(row[name] for name in COLUMNS[:4]), row.get("collective") or ANYONE)
        groups.setdefault(who, []).append(row)
    try:
        found = [_of_rows(who, cells, names) for who, cells in groups.items()]
    except ValueError as error:
        raise StoreError(
            f"Expected numbers in {folder / CELLS}, got: {error}. Make the report anew."
        ) from error
    return [one for one in found if one is not None]


def _read(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"Expected to read {path}, got: {error}. Mend it.") from error
    missing = [name for name in columns if rows and name not in rows[0]]
    if missing:
        raise StoreError(
            f"Expected the columns {', '.join(missing)} in {path}, got none. Name the folder of a "
            "study's report."
        )
    return rows


def _of_rows(
    who: Sequence[str], cells: Sequence[Mapping[str, str]], names: Mapping[str, str]
) -> Measured | None:
    alphas = sorted({float(cell["alpha"]) for cell in cells})
    seeds = sorted({int(cell["seed"]) for cell in cells})
    success = np.full((len(alphas), len(seeds)), math.nan)  # (a, s)
    for cell in cells:
        at = alphas.index(float(cell["alpha"])), seeds.index(int(cell["seed"]))
        success[at] = float(cell["success"] or "nan")
    if alphas[0] > 0:
        raise StoreError(
            f"Expected what happens if nobody acts, α = 0, got {alphas[0]:g} as the smallest size "
            f"of {who[3]}. Measure size 0 as well."
        )
    budgets = [float(cell["epsilon"]) for cell in cells if cell.get("epsilon")]
    population, strategy, goal, learner, collective = who
    curve = Curve(
        population, strategy, goal, learner, np.array(alphas), tuple(seeds), success, success,
        people=int(cells[0]["people"]), xi=None, gap=None, exact_law=None, bounds=(),
        collective=collective,
    )  # fmt: skip
    return _whole(curve, names.get(learner, learner), budgets)
