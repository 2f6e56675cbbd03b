"""Judging an experiment again from the cells that its report left, without running anything."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quorate import spec
from quorate.errors import InputError
from quorate.findings.experiment import Experiment
from quorate.findings.finding import described, judge_all
from quorate.findings.judging import by_part, together
from quorate.findings.kinds.listing import kind_of
from quorate.findings.measures import CurveMeasures, Measures, RowMeasures
from quorate.findings.tuning import PARAMETER, tuned_at
from quorate.studies.curves import Curves
from quorate.studies.study import Study
from quorate.studies.trial import Outcome, Trial

RECORDED = "effective-size"
CELLS, TUNING = "cells.csv", "tuning.csv"
METHODS = ("population", "strategy", "goal", "learner")
NUMBERS = ("success", "accuracy", "worst_group_accuracy", "epsilon", "xi", "gap")


def judge_again(experiment: Experiment, finding: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a finding whose statements and verdict are judged anew.

    Args:
        experiment: the claim and what is expected.
        finding: the finding as it was written.
        folder: where cells.csv is, and tuning.csv where step sizes were chosen.

    Raises:
        InputError: there are no cells, or they are not those of the experiment as it is today.
    """
    if any(one.measure == RECORDED for one in experiment.expectations):
        raise InputError(
            f"Expected measures that stand in {CELLS}, got {RECORDED}, which is recorded in the "
            "store alone. Run the experiment again: what is stored is not trained again."
        )
    asked = experiment.at(int(finding.get("seeds", 0)))
    statements = judge_all(asked, read_measures(asked, folder))
    return {
        **finding,
        "verdict": together(by_part(statements).values()),
        "statements": [one.to_json() for one in statements],
        **described(experiment),
    }


def read_measures(experiment: Experiment, folder: Path) -> Measures:
    """Return what can be measured on the cells in ``folder``.

    Raises:
        InputError: as ``judge_again``.
    """
    rows = _table(folder / CELLS)
    if not rows:
        raise InputError(f"Expected cells in {folder / CELLS}, got none. Run the experiment again.")
    study = kind_of(experiment.settings).read(experiment.settings)
    if not isinstance(study, Study):
        return RowMeasures(rows)
    chosen = [row for row in _table(folder / TUNING) if row["chosen"] == "True"]
    study = tuned_at(study, {row["learner"]: float(row[PARAMETER]) for row in chosen})
    cells = {(*_names(cell), cell.alpha, cell.seed): cell for cell in study.cells()}
    outcomes = []
    for row in rows:
        names = (*(row[who] for who in METHODS), row["collective"])
        place = *names, float(row["alpha"]), int(row["seed"])
        if place not in cells:
            raise InputError(
                f"Expected the cells of {experiment.name} as its file says, got "
                f"{row['learner']} at alpha={row['alpha']} in {folder / CELLS}. Run the experiment "
                "again."
            )
        outcomes.append(_outcome(cells[place], row))
    return CurveMeasures(Curves.of(outcomes, study))


def _names(cell: Trial) -> tuple[str, ...]:
    return *(spec.text(getattr(cell, who)) for who in METHODS), cell.collective


def _outcome(cell: Trial, row: Mapping[str, str]) -> Outcome:
    return Outcome.of(
        cell,
        members=int(row["members"]),
        people=int(row["people"]),
        seconds=float(row["seconds"]),
        error=row["error"] or None,
        exact_law={"True": True, "False": False}.get(row["exact_law"]),
        **{name: float(row[name]) if row[name] else None for name in NUMBERS},
    )


def _table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file; none where there is no file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))
