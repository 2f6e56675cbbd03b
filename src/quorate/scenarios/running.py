"""Running the cells of a scenario: side by side, stored when done, never run twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from quorate import catalog
from quorate.executors.executor import Pool
from quorate.runs.cell import PlainCell, Record, Work
from quorate.runs.running import run_missing
from quorate.runs.store import Store
from quorate.runtime.provenance import provenance
from quorate.version import __version__

Plain = Mapping[str, Any]
Measure = Callable[[Plain], dict[str, Any]]


@dataclass(frozen=True, eq=False)
class ScenarioCell(PlainCell):
    """A cell of a scenario, whose version and digest of the user's data are those of this place."""

    def describe(self) -> dict[str, Any]:
        """Return the plain data, as a worker with its own files and its own version sees them."""
        here = {"version": __version__} if "version" in self.plain else {}
        if self.plain.get("data") is not None:
            here["data"] = catalog.build("populations", self.plain["population"]).fingerprint()
        return {**self.plain, **here}


@dataclass(frozen=True)
class ScenarioWork(Work[ScenarioCell]):
    """Does what a function at the top of a module makes of the plain data of a cell."""

    kind: ClassVar[str] = "scenario"
    measure: Measure

    def compute(self, stack: Sequence[ScenarioCell]) -> list[Record]:
        """Return what was measured of each cell, and the seconds that it took."""
        records = []
        for cell in stack:
            started = time.perf_counter()
            result = self.measure(cell.describe())
            plain = {
                "cell": cell.describe(),
                "result": {**result, "seconds": time.perf_counter() - started},
                "version": __version__,
                "provenance": provenance(),
            }
            records.append(Record(cell.id, plain))
        return records


def run_cells(
    measure: Measure, cells: Sequence[Plain], store: Store, pool: Pool, what: str
) -> list[dict[str, Any]]:
    """Return what ``measure`` makes of each cell, in order; what is stored is not done again.

    Args:
        measure: a function at the top of a module; it gets a cell and returns plain data. What it
            returns depends on the cell alone.
        cells: plain data that say all that the outcome depends on, a seed among them.
        store: where outcomes are kept, one by one as they come.
        pool: the workers.
        what: is under way, in a word, for the progress bar.

    Returns:
        What ``measure`` returned of each cell, and ``seconds``.

    Raises:
        StoreError: an outcome cannot be stored; what is stored is kept.
        WorkerError: workers died again and again; what is stored is kept.
    """
    records = run_missing(ScenarioWork(measure), list(map(ScenarioCell, cells)), store, pool, what)
    return [dict(record.plain["result"]) for record in records]
