"""Corrections: what a collective mends at test time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.findings.kinds.kind import Kind, Source, source_of
from quorate.findings.measures import RowMeasures
from quorate.findings.tuning import Tuning
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.result import CorrectionResult
from quorate.test_time.study.running import run_correction
from quorate.test_time.study.settings import make_correction


@dataclass(frozen=True, eq=False)
class CorrectionDone:
    """What a correction found, in a folder."""

    pictures: ClassVar[tuple[str, ...]] = ("transfer.png", "gap.png", "groups.png")

    result: CorrectionResult
    folder: Path

    @property
    def measures(self) -> RowMeasures:
        """What can be measured: every column of cells.csv."""
        return RowMeasures(self.result.rows())

    @property
    def source(self) -> Source:
        """Where the numbers come from."""
        outcomes = [vars(one) for one in self.result.outcomes]
        return source_of(outcomes, len(self.result.correction.seeds))

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a platform: honest accuracy before."""
        before: dict[str, list[float]] = {}
        for one in self.result.outcomes:
            before.setdefault(one.platform, []).append(one.measures.before.accuracy.value)
        return [
            {"name": name, "accuracy": sum(values) / len(values)} for name, values in before.items()
        ]

    def write(self, finding: Mapping[str, Any] | None) -> Path:
        """Write the report; return the page's path."""
        from quorate.report.files import write_result

        return write_result(self.result, self.folder, finding)

    def show(self, console: Console) -> None:
        """Print the tables."""
        from quorate.report.terminal import print_result

        print_result(self.result, console)

    def to_json(self) -> dict[str, Any]:
        """Return the summary."""
        return self.result.to_json()


def no_tuning(tuning: Tuning | None) -> None:
    """Raise InputError where step sizes were to be tuned for what names its own."""
    if tuning is not None:
        raise InputError(
            "Expected [tune] beside a study alone, got it beside another kind of experiment. Name "
            "the step size in the platform: platform = 'cnn:learning_rate=0.1'."
        )


class Corrections(Kind):
    """Platform × proxy × members × queries × ε × seed: see ``test_time.study.correction``."""

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """A file that names a subgroup or a group is a correction."""
        return "subgroup" in settings or "group" in settings

    def read(self, settings: Mapping[str, Any]) -> Correction:
        """Return the correction; a title is the experiment's alone."""
        return make_correction(**{k: v for k, v in settings.items() if k != "title"})

    def run(
        self,
        settings: Mapping[str, Any],
        tuning: Tuning | None,
        out: Path,
        executor: Executor,
        device: str,
    ) -> CorrectionDone:
        """Run the cells that are missing."""
        no_tuning(tuning)
        return CorrectionDone(run_correction(self.read(settings), out, executor, device), out)
