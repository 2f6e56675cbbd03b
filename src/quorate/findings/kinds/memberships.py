"""Membership inference while a collective acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from quorate.executors.executor import Executor
from quorate.findings.experiment import Experiment
from quorate.findings.kinds.kind import (
    Kind,
    ReadBack,
    RunResult,
    mean_accuracies,
    origin_of,
    refuse_tuning,
)
from quorate.findings.measures import RowMeasures
from quorate.membership_inference.result import MembershipResult
from quorate.membership_inference.study import (
    MEASURE,
    MembershipStudy,
    make_membership_study,
    run_membership,
)
from quorate.runs.kept_tables import KeptTables, with_rows
from quorate.runs.result import Row


class MembershipStudyKind(Kind):
    """Population × strategy × learner × size × seed, many models each.

    See ``membership_inference.study``.
    """

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """A file that says what is measured."""
        return settings.get("measure") == MEASURE

    def read(self, settings: Mapping[str, Any]) -> MembershipStudy:
        """Return the study."""
        return make_membership_study(**settings)

    def run(self, experiment: Experiment, out: Path, executor: Executor, device: str) -> RunResult:
        """Run the cells that are missing; any column of cells.csv is a measure."""
        refuse_tuning(experiment)
        result = run_membership(self.read(experiment.settings), out, executor, device)
        rows = result.rows()
        about = [{**cell.about, **cell.about["description"]} for cell in result.cells]
        return RunResult(
            result,
            RowMeasures(rows),
            origin_of(about, len(result.seeds)),
            _accuracies(rows),
        )

    def read_back(self, experiment: Experiment, tables: KeptTables) -> ReadBack:
        """Return the measures of the kept rows, and the picture over sizes."""
        study, rows = self.read(experiment.settings), tables.needed()
        result = MembershipResult((), study.alphas, study.seeds, study.whose, study.title)
        return ReadBack(RowMeasures(rows), _accuracies(rows), with_rows(result, rows).pictures)


def _accuracies(rows: Sequence[Row]) -> tuple[Row, ...]:
    return mean_accuracies([(f"α = {100 * row['alpha']:g}%", row["accuracy"]) for row in rows])
