"""Membership inference while a collective acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console

from quorate.executors.executor import Executor
from quorate.findings.kinds.corrections import no_tuning
from quorate.findings.kinds.kind import Kind, Source, source_of
from quorate.findings.measures import RowMeasures
from quorate.findings.tuning import Tuning
from quorate.membership_inference.result import MembershipResult
from quorate.membership_inference.study import (
    MEASURE,
    MembershipStudy,
    make_membership_study,
    run_membership,
)


@dataclass(frozen=True, eq=False)
class MembershipDone:
    """What membership inference found, in a folder."""

    pictures: ClassVar[tuple[str, ...]] = ("membership.png",)

    result: MembershipResult
    folder: Path

    @property
    def measures(self) -> RowMeasures:
        """What can be measured: every column of cells.csv."""
        return RowMeasures(self.result.rows())

    @property
    def source(self) -> Source:
        """Where the numbers come from."""
        about = [cell.about for cell in self.result.cells]
        rows = [{**one, **one["description"]} for one in about]
        return source_of(rows, len(self.result.seeds))

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a size: honest accuracy."""
        sizes: dict[float, list[float]] = {}
        for row in self.result.rows():
            sizes.setdefault(row["alpha"], []).append(row["accuracy"])
        return [
            {"name": f"α = {100 * alpha:g}%", "accuracy": sum(values) / len(values)}
            for alpha, values in sizes.items()
        ]

    def write(self, finding: Mapping[str, Any] | None) -> Path:
        """Write the report; return the page's path."""
        from quorate.report.files import write_result

        return write_result(self.result, self.folder, finding)

    def show(self, console: Console) -> None:
        """Print the table."""
        from quorate.report.terminal import print_result

        print_result(self.result, console)

    def to_json(self) -> dict[str, Any]:
        """Return the rows and means."""
        return self.result.to_json()


class MembershipStudies(Kind):
    """Population × strategy × learner × size × seed, many models each.

    See ``membership_inference.study``.
    """

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """A file that says what is measured."""
        return settings.get("measure") == MEASURE

    def read(self, settings: Mapping[str, Any]) -> MembershipStudy:
        """Return the study."""
        return make_membership_study(**settings)

    def run(
        self,
        settings: Mapping[str, Any],
        tuning: Tuning | None,
        out: Path,
        executor: Executor,
        device: str,
    ) -> MembershipDone:
        """Run the cells that are missing."""
        no_tuning(tuning)
        return MembershipDone(run_membership(self.read(settings), out, executor, device), out)
