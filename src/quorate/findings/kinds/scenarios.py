"""A scenario, judged by the rows that it measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.findings.kinds.corrections import no_tuning
from quorate.findings.kinds.kind import Kind, Source, source_of
from quorate.findings.measures import RowMeasures
from quorate.findings.tuning import Tuning
from quorate.scenarios.scenario import Scenario, ScenarioRun, make_scenario, run_scenario

OWN = ("scenario", "title")


@dataclass(frozen=True, eq=False)
class ScenarioDone:
    """A scenario that was run, in a folder."""

    pictures: ClassVar[tuple[str, ...]] = ("*.png",)

    ran: ScenarioRun
    folder: Path

    @property
    def result(self) -> Any:
        """What came of it."""
        return self.ran.result

    @property
    def measures(self) -> RowMeasures:
        """What can be measured: every column of cells.csv."""
        return RowMeasures(self.ran.result.rows())

    @property
    def source(self) -> Source:
        """Where the numbers come from."""
        seeds = {row["seed"] for row in self.ran.result.rows() if "seed" in row}
        return source_of([self.ran.about()], max(1, len(seeds)))

    def rows(self) -> list[dict[str, Any]]:
        """Return nothing: the statements say it."""
        return []

    def write(self, finding: Mapping[str, Any] | None) -> Path:
        """Write the report; return the page's path."""
        from quorate.report.files import write_result

        return write_result(self.ran, self.folder, finding)

    def show(self, console: Console) -> None:
        """Print the tables."""
        from quorate.report.terminal import print_result

        print_result(self.ran, console)

    def to_json(self) -> dict[str, Any]:
        """Return what the scenario prints."""
        return self.ran.result.to_json()


class Scenarios(Kind):
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

    def run(
        self,
        settings: Mapping[str, Any],
        tuning: Tuning | None,
        out: Path,
        executor: Executor,
        device: str,
    ) -> ScenarioDone:
        """Run what is missing."""
        no_tuning(tuning)
        return ScenarioDone(run_scenario(self.read(settings), out, executor, device), out)
