"""Query costs: a correction, and what everyone alone would have asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console

from quorate.executors.executor import Executor
from quorate.findings.kinds.corrections import CorrectionDone, Corrections
from quorate.findings.kinds.kind import Kind, Source
from quorate.findings.measures import RowMeasures
from quorate.findings.tuning import Tuning
from quorate.test_time.study.comparison_result import QueryComparison
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.query_comparison import compare

OWN = ("attacks", "budget", "people")


@dataclass(frozen=True, eq=False)
class QueryCostsDone:
    """A correction and the comparison on it, in one folder."""

    pictures: ClassVar[tuple[str, ...]] = ("queries.png", "gap.png")

    result: QueryComparison
    correction: CorrectionDone

    @property
    def measures(self) -> RowMeasures:
        """What can be measured: one row an attack and a pool, each number with its interval."""
        return RowMeasures(self.result.rows())

    @property
    def source(self) -> Source:
        """Where the numbers come from; the seconds of the attacks are not counted."""
        return self.correction.source

    def rows(self) -> list[dict[str, Any]]:
        """Return what the correction returns."""
        return self.correction.rows()

    def write(self, finding: Mapping[str, Any] | None) -> Path:
        """Write both reports; return the page of the correction, which holds the verdict."""
        from quorate.report.files import write_result

        page = self.correction.write(finding)
        write_result(self.result, page.parent)
        return page

    def show(self, console: Console) -> None:
        """Print both tables."""
        from quorate.report.terminal import print_result

        self.correction.show(console)
        print_result(self.result, console)

    def to_json(self) -> dict[str, Any]:
        """Return the summary of the correction, and the comparison."""
        return {**self.correction.to_json(), "comparison": self.result.to_json()}


class QueryCosts(Kind):
    """A correction, then attacks by everyone alone: see ``test_time.study.query_comparison``."""

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """A correction that names attacks."""
        return "attacks" in settings

    def read(self, settings: Mapping[str, Any]) -> Correction:
        """Return the correction that the attacks are compared with."""
        return Corrections().read(self._of_correction(settings))

    def _of_correction(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in settings.items() if key not in OWN}

    def run(
        self,
        settings: Mapping[str, Any],
        tuning: Tuning | None,
        out: Path,
        executor: Executor,
        device: str,
    ) -> QueryCostsDone:
        """Run the cells and the attacks that are missing."""
        own = {key: settings[key] for key in OWN if key in settings}
        rest = self._of_correction(settings)
        correction = Corrections().run(rest, tuning, out, executor, device)
        return QueryCostsDone(compare(out, executor=executor, **own), correction)
