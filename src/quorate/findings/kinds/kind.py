"""What a kind of experiment is to the rest: something that runs, and something that was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from rich.console import Console

from quorate.executors.executor import Executor
from quorate.findings.experiment import Experiment
from quorate.findings.measures import Measures
from quorate.findings.tuning import Tuning


@dataclass(frozen=True)
class Source:
    """Where the numbers come from.

    Args:
        cpu_seconds: of the work, summed over workers.
        seeds: how many.
        hardware, version, git_revision: of the machine and of the library, those that occur.
        tuned_at_edge: whose step size is the smallest or the largest of those that were tried.
    """

    cpu_seconds: float
    seeds: int
    hardware: str
    version: str
    git_revision: str | None
    tuned_at_edge: tuple[str, ...] = ()


class Done(Protocol):
    """What came of a run.

    ``pictures`` are the files of the report that show it, the most telling first: patterns, since
    not every report has all of them.
    """

    pictures: ClassVar[tuple[str, ...]]

    @property
    def result(self) -> Any:
        """The result as a typed object, for Python."""

    @property
    def measures(self) -> Measures:
        """What can be measured on it, by name."""

    @property
    def source(self) -> Source:
        """Where its numbers come from."""

    def rows(self) -> list[dict[str, Any]]:
        """Return what a reader wants beside the statements: one row a curve."""

    def write(self, finding: Mapping[str, Any] | None) -> Path:
        """Write the report, with a finding where there is one; return the page's path."""

    def show(self, console: Console) -> None:
        """Print the tables."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""


class Kind(Protocol):
    """A kind of experiment: which settings are its own, and how they are run."""

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """Return whether the settings of a file are of this kind."""

    def read(self, settings: Mapping[str, Any]) -> Any:
        """Return what the settings stand for, as a typed object.

        Raises:
            InputError: they do not fit together.
        """

    def check(self, experiment: Experiment) -> None:
        """Raise InputError where what is expected cannot be there, before anything is run."""
        self.read(experiment.settings)

    def run(
        self,
        settings: Mapping[str, Any],
        tuning: Tuning | None,
        out: Path,
        executor: Executor,
        device: str,
    ) -> Done:
        """Run what is missing, and return all."""


def source_of(rows: Sequence[Mapping[str, Any]], seeds: int) -> Source:
    """Return where numbers come from, of rows with ``seconds``, ``version`` and ``provenance``."""
    places = [row.get("provenance") or {} for row in rows]

    def each(values: list[Any]) -> str:
        return ", ".join(dict.fromkeys(str(value) for value in values if value))

    hardware = each([place.get("gpu") or place.get("processor") for place in places])
    revisions = each([place.get("git_revision") for place in places])
    return Source(
        cpu_seconds=float(sum(row["seconds"] for row in rows)),
        seeds=seeds,
        hardware=hardware,
        version=each([row.get("version") for row in rows]),
        git_revision=revisions or None,
    )
