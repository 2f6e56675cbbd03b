"""The curves of a study, read again from the tables that are kept of its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from quorate import spec
from quorate.errors import InputError
from quorate.findings.tuning import FOLDER, PARAMETER, tuned_at
from quorate.runs.kept_tables import KeptTables
from quorate.studies.curves import Curves
from quorate.studies.study import Study
from quorate.studies.trial import Outcome, Trial

METHODS = ("population", "strategy", "goal", "learner")
NUMBERS = ("success", "accuracy", "worst_group_accuracy", "epsilon", "xi", "gap")
EFFECTIVE = "alpha_effective"  # a table of its own: one row an epoch

Row = Mapping[str, Any]
Key = tuple[str, str, float, int]


def read_curves(study: Study, tables: KeptTables) -> Curves:
    """Return the curves of a study from its kept cells.

    Args:
        study: as its file says, without the step sizes that were chosen.
        tables: cells; tuning where step sizes were chosen; alpha_effective where it is recorded.

    Raises:
        InputError: there are no cells, or they are not those of the study.
    """
    chosen = [row for row in tables.rows(FOLDER) if row["chosen"]]
    study = tuned_at(study, {str(row["learner"]): float(row[PARAMETER]) for row in chosen})
    cells = {(*_names(cell), cell.alpha, cell.seed): cell for cell in study.cells()}
    outcomes = []
    for row in tables.needed():
        names = (*(str(row[who]) for who in METHODS), str(row["collective"]))
        place = *names, float(row["alpha"]), int(row["seed"])
        if place not in cells:
            raise InputError(
                f"Expected the cells that the file of the experiment asks for, got "
                f"{row['learner']} at alpha={row['alpha']} in {tables.folder}. Run the experiment "
                "again."
            )
        outcomes.append(_outcome(cells[place], row))
    return _with_effective_sizes(Curves.of(outcomes, study), tables)


def _names(cell: Trial) -> tuple[str, ...]:
    return *(spec.text(getattr(cell, who)) for who in METHODS), cell.collective


def _outcome(cell: Trial, row: Row) -> Outcome:
    return Outcome.of(
        cell,
        members=int(row["members"]),
        people=int(row["people"]),
        seconds=float(row["seconds"]),
        error=row["error"],
        exact_law=row["exact_law"],
        **{name: None if row[name] is None else float(row[name]) for name in NUMBERS},
    )


def _with_effective_sizes(curves: Curves, tables: KeptTables) -> Curves:
    """Return the curves with α_eff of every epoch, where learners record it."""
    sizes: dict[Key, dict[int, float]] = {}
    for row in tables.rows(EFFECTIVE):
        key = str(row["heading"]), str(row["learner"]), float(row["alpha"]), int(row["seed"])
        sizes.setdefault(key, {})[int(row["epoch"])] = float(row[EFFECTIVE])
    if not sizes:
        return curves
    outcomes = []
    for curve in curves:
        whose = curves.heading(curve), curves.called(curve.learner)
        for one in curves.of_curve(curve):
            of_epoch = sizes.get((*whose, one.alpha, one.seed), {})
            recorded = [of_epoch.get(epoch) for epoch in range(1, max(of_epoch, default=0) + 1)]
            outcomes.append(replace(one, record={EFFECTIVE: recorded} if recorded else {}))
    return replace(curves, outcomes=tuple(outcomes))
