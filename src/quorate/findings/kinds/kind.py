"""The role of a kind of experiment, and what comes of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.findings.experiment import Experiment
from quorate.findings.measures import Measures, RowMeasures
from quorate.runs.kept_tables import KeptTables
from quorate.runs.result import Picture, Result, Row, WrappedResult


@dataclass(frozen=True)
class Origin:
    """Where the numbers come from.

    Args:
        cpu_seconds: of the work, summed over workers.
        seeds: how many.
        hardware, version, git_revision: of the machine and of the library, those that occur.
        tuned_at_edge: whose step size is the smallest or the largest of those that were tried.
        tuned_apart: whether step sizes were chosen on people whom no cell measures on; None where
            none were chosen.
    """

    cpu_seconds: float
    seeds: int
    hardware: str
    version: str
    git_revision: str | None
    tuned_at_edge: tuple[str, ...] = ()
    tuned_apart: bool | None = None


@dataclass(frozen=True, eq=False)
class RunResult(WrappedResult):
    """The result of a run, and what a claim about it is judged by.

    Args:
        result: what was found.
        measures: what statements can be about.
        source: where the numbers come from.
        overview: what a reader wants beside the statements: one row a curve.
        also: further results of the run, each with a page of its own, by their names in JSON.
        step_sizes: those that were tried, one row each.
    """

    result: Result
    measures: Measures
    source: Origin
    overview: tuple[Row, ...] = ()
    also: Mapping[str, Result] = field(default_factory=dict)
    step_sizes: tuple[Row, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return all results of the run as plain data."""
        return {**self.result.to_json(), **{name: one.to_json() for name, one in self.also.items()}}

    def data(self) -> dict[str, list[Row]]:
        """Return the tables of the result, and the step sizes where some were tried."""
        tables = self.result.data()
        return {**tables, "tuning": list(self.step_sizes)} if self.step_sizes else tables


def no_pictures() -> dict[str, Picture]:
    """Return no picture: those of a kind that needs more than its tables to draw one."""
    return {}


@dataclass(frozen=True, eq=False)
class ReadBack:
    """What the kept tables of a run tell, without running anything.

    Args:
        measures: what statements can be about.
        overview: as in ``RunResult``; None where the tables cannot tell.
        draw: draws the pictures of the result, but for photographs.
    """

    measures: Measures
    overview: tuple[Row, ...] | None = None
    draw: Callable[[], dict[str, Picture]] = no_pictures


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

    def run(self, experiment: Experiment, out: Path, executor: Executor, device: str) -> RunResult:
        """Run what is missing, and return the result of all."""

    def read_back(self, experiment: Experiment, tables: KeptTables) -> ReadBack:
        """Return what the tables that are kept of a run tell.

        Raises:
            InputError: there are no cells, or they are not those that the settings ask for.
        """
        return ReadBack(RowMeasures(tables.needed()))


def refuse_tuning(experiment: Experiment) -> None:
    """Raise InputError where step sizes were to be tuned for methods that name their own."""
    if experiment.tuning is not None:
        raise InputError(
            "Expected [tune] beside a study alone, got it beside another kind of experiment. Name "
            "the step size in the platform: platform = 'cnn:learning_rate=0.1'."
        )


def origin_of(rows: Sequence[Mapping[str, Any]], seeds: int) -> Origin:
    """Return where numbers come from, of rows with ``seconds``, ``version`` and ``provenance``."""
    places = [row.get("provenance") or {} for row in rows]

    def each(values: list[Any]) -> str:
        return ", ".join(dict.fromkeys(str(value) for value in values if value))

    hardware = each([place.get("gpu") or place.get("processor") for place in places])
    revisions = each([place.get("git_revision") for place in places])
    return Origin(
        cpu_seconds=float(sum(row["seconds"] for row in rows)),
        seeds=seeds,
        hardware=hardware,
        version=each([row.get("version") for row in rows]),
        git_revision=revisions or None,
    )


def mean_accuracies(pairs: Sequence[tuple[str, float]]) -> tuple[Row, ...]:
    """Return honest accuracies as rows of an overview: the mean of those of the same name."""
    named: dict[str, list[float]] = {}
    for name, accuracy in pairs:
        named.setdefault(name, []).append(accuracy)
    return tuple({"name": n, "accuracy": sum(values) / len(values)} for n, values in named.items())
