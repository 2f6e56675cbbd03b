"""What a scenario is: parameters that can be run, and a result that can be read, seen and taken."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from quorate import catalog, spec
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.runs.result import Picture, TextRow
from quorate.runtime import device as places
from quorate.runtime.provenance import provenance
from quorate.version import __version__

Row = Mapping[str, Any]


class ScenarioResult(Protocol):
    """What came of a scenario: numbers for programs, tables and pictures for people."""

    @property
    def title(self) -> str:
        """What the page is called."""

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints: plain data, None where there is no number."""

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row for each thing measured, with its ``seed`` where there are several.

        They are what cells.csv holds, and what the statements of an experiment are judged by.
        """

    def tables(self) -> Mapping[str, Sequence[TextRow]]:
        """Return what is printed: by heading, rows of text with the same keys."""

    def pictures(self) -> dict[str, Picture]:
        """Return the pictures by file name (without its ending), the most telling first."""


@runtime_checkable
class Scenario(Protocol):
    """A world in which a collective acts: a frozen dataclass whose fields are its parameters."""

    name: ClassVar[str]

    def run(self, out: Path | None, executor: Executor) -> ScenarioResult:
        """Run it. The result does not depend on ``executor``.

        Args:
            out: folder where finished parts are kept, so that a second run does what is missing;
                None keeps nothing.
            executor: where the parts are computed.
        """


@dataclass(frozen=True, eq=False)
class Ran:
    """A scenario that was run, and where its numbers come from.

    Args:
        scenario: what was run.
        result: what came of it.
        seconds: that it took: of the parts, summed over workers, where they are known.
        provenance: of the machine and the library.
    """

    scenario: Scenario
    result: ScenarioResult
    seconds: float
    provenance: dict[str, Any] = field(default_factory=provenance)

    def about(self) -> dict[str, Any]:
        """Return where the numbers come from, as plain data."""
        return {
            "description": spec.describe(self.scenario),
            "seconds": self.seconds,
            "version": __version__,
            "provenance": self.provenance,
        }


def make_scenario(value: str | Mapping[str, Any] | Scenario) -> Scenario:
    """Return the scenario that text or plain data stands for.

    Raises:
        InputError: the name, a parameter or a value is not known; the message lists the valid ones.
    """
    made: Scenario = catalog.build("scenarios", value)
    return made


def run_scenario(
    scenario: str | Mapping[str, Any] | Scenario,
    out: str | Path | None = None,
    executor: Executor = SERIAL,
    device: str = "auto",
) -> Ran:
    """Run a scenario.

    Args:
        scenario: an object, its text (``navigation:reports=200``) or plain data.
        out: folder where finished parts are kept; None keeps nothing.
        executor: where the parts are computed; the result does not depend on it.
        device: where networks are trained: cpu, cuda, or auto for a GPU where there is one.

    Raises:
        InputError: a parameter is not known or out of range.
    """
    made = make_scenario(scenario)
    started = time.perf_counter()
    with places.use(device):
        result = made.run(None if out is None else Path(out), executor)
    return Ran(made, result, _seconds(result.rows(), time.perf_counter() - started))


def _seconds(rows: Sequence[Row], elapsed: float) -> float:
    """Return the seconds of the parts, which may have been measured before, or else of the run."""
    parts = [float(row["seconds"]) for row in rows if "seconds" in row]
    return sum(parts) if parts else elapsed
