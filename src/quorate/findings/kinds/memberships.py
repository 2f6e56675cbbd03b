"""Membership inference while a collective acts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quorate.executors.executor import Executor
from quorate.findings.experiment import Experiment
from quorate.findings.kinds.kind import (
    Kind,
    RunResult,
    mean_accuracies,
    origin_of,
    refuse_tuning,
)
from quorate.findings.measures import RowMeasures
from quorate.membership_inference.study import (
    MEASURE,
    MembershipStudy,
    make_membership_study,
    run_membership,
)


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
            mean_accuracies([(f"α = {100 * row['alpha']:g}%", row["accuracy"]) for row in rows]),
        )
