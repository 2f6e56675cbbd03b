"""Query costs: a correction, and what everyone alone would have asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.findings.experiment import Experiment
from quorate.findings.kinds.corrections import CorrectionKind
from quorate.findings.kinds.kind import Kind, ReadBack, RunResult
from quorate.findings.measures import RowMeasures
from quorate.runs.kept_tables import KeptTables
from quorate.test_time.study.comparison_result import COMPARISON, CORRECTED, draw_costs
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.query_comparison import compare

OWN = ("attacks", "budget", "people")


class QueryCostKind(Kind):
    """A correction, then attacks by everyone alone: see ``test_time.study.query_comparison``."""

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """A correction that names attacks."""
        return "attacks" in settings

    def read(self, settings: Mapping[str, Any]) -> Correction:
        """Return the correction that the attacks are compared with."""
        return CorrectionKind().read(_of_correction(settings))

    def check(self, experiment: Experiment) -> None:
        """Raise InputError where what is expected cannot be there: rows are means over seeds."""
        super().check(experiment)
        for one in experiment.expectations:
            if one.than is not None or one.against is not None or one.along:
                raise InputError(
                    f"Expected limits (at_least or at_most) of {one.measure}, whose rows are means "
                    "over seeds here, got a comparison. Say what each of the rows is to reach."
                )

    def run(self, experiment: Experiment, out: Path, executor: Executor, device: str) -> RunResult:
        """Run the cells and the attacks that are missing.

        The measures are those of the comparison: a row an attack and a pool. The page of the
        correction holds the verdict, and the seconds of the attacks are not counted.
        """
        own = {key: value for key, value in experiment.settings.items() if key in OWN}
        alone = replace(experiment, settings=_of_correction(experiment.settings))
        corrected = CorrectionKind().run(alone, out, executor, device)
        comparison = compare(out, executor=executor, **own)
        measures = RowMeasures(comparison.rows(), len(self.read(experiment.settings).seeds))
        return replace(corrected, measures=measures, also={COMPARISON: comparison})

    def read_back(self, experiment: Experiment, tables: KeptTables) -> ReadBack:
        """Return the measures of the kept comparison, its picture and those of the correction.

        Older results hold pools that their file no longer asks for: these are left out.
        """
        asked, rows = self.read(experiment.settings), tables.needed(COMPARISON)
        asked_for = [
            row
            for row in rows
            if row["members"] in asked.members and row["queries"] in asked.queries
        ]
        measures = RowMeasures(asked_for, len(asked.seeds))
        if not tables.rows("cells"):  # older results kept the comparison alone
            return ReadBack(measures)
        alone = replace(experiment, settings=_of_correction(experiment.settings))
        corrected, curves = CorrectionKind().read_back(alone, tables), tables.rows(CORRECTED)
        return replace(
            corrected,
            measures=measures,
            draw=lambda: (draw_costs(asked_for, curves) if curves else {}) | corrected.draw(),
        )


def _of_correction(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in OWN}
