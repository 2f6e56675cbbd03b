"""Corrections: what a collective mends at test time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quorate.errors import InputError
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
from quorate.runs.kept_tables import KeptTables
from quorate.runs.result import Picture
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.outcome import CorrectionOutcome
from quorate.test_time.study.result import CorrectionResult
from quorate.test_time.study.running import run_correction
from quorate.test_time.study.settings import make_correction
from quorate.test_time.study.wording import searches
from quorate.validate import listed


class CorrectionKind(Kind):
    """Platform × surrogate × members × queries × ε × seed: see ``test_time.study.correction``."""

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """A file that names a subgroup or a group is a correction."""
        return "subgroup" in settings or "group" in settings

    def read(self, settings: Mapping[str, Any]) -> Correction:
        """Return the correction; a title is the experiment's alone.

        Raises:
            InputError: as ``make_correction``, or a platform is behind an address: whoever wrote
                an experiment does not decide where keys go.
        """
        correction = make_correction(**{k: v for k, v in settings.items() if k != "title"})
        if correction.asks_an_address:
            raise InputError(
                "Expected platforms on this machine in an experiment, got "
                f"{listed(correction.platforms)}. Use quorate correct, with --platform and "
                "--key-file, to say yourself where keys go."
            )
        return correction

    def run(self, experiment: Experiment, out: Path, executor: Executor, device: str) -> RunResult:
        """Run the cells that are missing; any column of cells.csv is a measure."""
        refuse_tuning(experiment)
        result = run_correction(self.read(experiment.settings), out, executor, device)
        outcomes = result.outcomes
        return RunResult(
            result,
            RowMeasures(result.rows()),
            origin_of(
                [{**one.description, **vars(one)} for one in outcomes], len(result.correction.seeds)
            ),
            mean_accuracies(
                [(one.platform, one.measures.before.accuracy.value) for one in outcomes]
            ),
        )

    def read_back(self, experiment: Experiment, tables: KeptTables) -> ReadBack:
        """Return the measures of the kept cells, and the charts of their means over seeds."""
        correction, rows = self.read(experiment.settings), tables.needed()

        def draw() -> dict[str, Picture]:
            cells = len(correction.groups()) * len(correction.epsilons)
            if len(rows) != cells:
                raise InputError(
                    f"Expected the {cells} cells that {experiment.name} asks for today, got "
                    f"{len(rows)} in {tables.folder}. Run it again."
                )
            outcomes = [CorrectionOutcome.from_row(row, searches(row["proxy"])) for row in rows]
            return CorrectionResult(correction, tuple(outcomes)).charts()

        accuracies = mean_accuracies([(row["platform"], row["before.accuracy"]) for row in rows])
        return ReadBack(RowMeasures(rows), accuracies, draw)
