"""A scenario, judged by the rows that it measures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.findings.experiment import Experiment
from quorate.findings.kinds.kind import Kind, ReadBack, RunResult, origin_of, refuse_tuning
from quorate.findings.measures import RowMeasures
from quorate.runs.kept_tables import KeptTables
from quorate.scenarios.scenario import ReadsBack, Scenario, make_scenario, run_scenario

OWN = ("scenario", "title")


class ScenarioKind(Kind):
    """A file that names a scenario: ``scenario = "NAME"`` and its parameters, or one text."""

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """A file that names a scenario."""
        return "scenario" in settings

    def read(self, settings: Mapping[str, Any]) -> Scenario:
        """Return the scenario."""
        parameters = {key: value for key, value in settings.items() if key not in OWN}
        named = settings["scenario"]
        if not isinstance(named, str) or (":" in named and parameters):
            raise InputError(
                f'Expected scenario = "NAME" and its parameters each on a line, got {named!r}. '
                "Write them out."
            )
        return make_scenario({"name": named, **parameters} if ":" not in named else named)

    def run(self, experiment: Experiment, out: Path, executor: Executor, device: str) -> RunResult:
        """Run what is missing; any column of cells.csv is a measure."""
        refuse_tuning(experiment)
        done = run_scenario(self.read(experiment.settings), out, executor, device)
        rows = done.rows()
        seeds = {row["seed"] for row in rows if "seed" in row}
        return RunResult(done, RowMeasures(rows), origin_of([done.about()], max(1, len(seeds))))

    def read_back(self, experiment: Experiment, tables: KeptTables) -> ReadBack:
        """Return the measures of the kept rows, and the pictures where the scenario draws them."""
        scenario, rows = self.read(experiment.settings), tables.needed()
        if not isinstance(scenario, ReadsBack):
            return ReadBack(RowMeasures(rows), ())
        return ReadBack(RowMeasures(rows), (), lambda: scenario.read_back(tables).pictures())
