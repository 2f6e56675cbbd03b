"""The role of a scenario: a setting with parameters, which is run and gives a result."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from quorate import catalog, spec
from quorate.adapter import expect_kind
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.protocols import Population
from quorate.runs.kept_tables import KeptTables
from quorate.runs.result import Result, Row, WrappedResult
from quorate.runs.wording import name_place, settings_in_words
from quorate.runtime import device as places
from quorate.runtime.files import place
from quorate.runtime.provenance import provenance, with_reading
from quorate.version import __version__


@runtime_checkable
class Scenario(Protocol):
    """A setting in which a collective acts: a frozen dataclass whose fields are its parameters."""

    name: ClassVar[str]

    def run(self, out: Path | None, executor: Executor) -> Result:
        """Run the scenario. The result does not depend on ``executor``.

        Args:
            out: folder of the store, so that a second run computes only the cells that are missing;
                None keeps nothing.
            executor: where the cells are computed.
        """


@runtime_checkable
class ReadsBack(Protocol):
    """A scenario whose pictures can be drawn from its kept tables alone."""

    def read_back(self, tables: KeptTables) -> Result:
        """Return the result of tables that are kept; enough of it for its pictures.

        Args:
            tables: those that the result's ``data`` returned, as they were written.

        Raises:
            InputError: a table that is needed is not there, or is of another run.
        """


@dataclass(frozen=True, eq=False)
class ScenarioRun(WrappedResult):
    """A scenario that was run: its result, and where the numbers come from.

    Args:
        scenario: what was run.
        result: what came of it.
        seconds: how long it took: the sum over its cells where these are timed.
        provenance: the machine and the library.
    """

    scenario: Scenario
    result: Result
    seconds: float
    provenance: dict[str, Any] = field(default_factory=provenance)

    @property
    def question(self) -> str:
        """What the scenario is about."""
        return spec.summary(type(self.scenario))

    def settings(self) -> dict[str, str]:
        """Return the scenario and its parameters, in words."""
        return settings_in_words({"scenario": self.scenario.name, **_parameters(self.scenario)})

    def facts(self) -> dict[str, str]:
        """Return how long it took, and on which machine."""
        return {"Seconds": f"{self.seconds:.1f}", **name_place(self.provenance)}

    def files(self) -> dict[str, bytes]:
        """Return where the numbers come from, as JSON, and what the result adds."""
        about = json.dumps(self.about(), indent=1, ensure_ascii=False, allow_nan=False)
        return {"provenance.json": about.encode(), **self.result.files()}

    def about(self) -> dict[str, Any]:
        """Return where the numbers come from, as plain data."""
        return {
            "description": spec.describe(self.scenario),
            "seconds": self.seconds,
            "version": __version__,
            "provenance": self.provenance,
        }


def _parameters(scenario: Scenario) -> dict[str, Any]:
    return {key: value for key, value in spec.describe(scenario).items() if key != "name"}


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
) -> ScenarioRun:
    """Run a scenario.

    Args:
        scenario: an object, its text (``navigation:reports=200``) or plain data.
        out: folder of the store; None keeps nothing.
        executor: where the cells are computed; the result does not depend on it.
        device: where networks are trained: cpu, cuda, or auto for a GPU where there is one.

    Raises:
        InputError: a parameter is not known or out of range.
    """
    made = make_scenario(scenario)
    started = time.perf_counter()
    with places.use(device):
        result = made.run(None if out is None else place(out), executor)
    expect_kind(made, "run", result, Result, "a Result")
    seconds = _seconds(result.rows(), time.perf_counter() - started)
    return ScenarioRun(made, result, seconds, with_reading(_notes(made)))


def _notes(scenario: Scenario) -> tuple[str, ...]:
    """Return what reading the file of its people did, where it has people of a file."""
    population = getattr(scenario, "population", None)
    return population.notes() if isinstance(population, Population) else ()


def _seconds(rows: Sequence[Row], elapsed: float) -> float:
    """Return the seconds of the cells, which may have been computed before, or else of the run."""
    parts = [float(row["seconds"]) for row in rows if "seconds" in row]
    return sum(parts) if parts else elapsed
