"""Running the cells of a scenario: side by side, stored when done, never run twice."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from quorate import catalog, spec
from quorate.bring_your_own.import_paths import refusing
from quorate.dependencies import find_dependencies
from quorate.errors import InputError
from quorate.executors.executor import Pool
from quorate.runs.cell import PlainCell, Record, Work
from quorate.runs.reading import as_stored
from quorate.runs.running import run_missing
from quorate.runs.store import Store
from quorate.runtime.provenance import provenance
from quorate.runtime.threads import THREADED, load_libraries
from quorate.version import __version__

Plain = Mapping[str, Any]
Measure = Callable[[Plain], dict[str, Any]]


UNMARKED = "0.1.0"  # its cells of some scenarios were stored without their version
IN_CELLS = tuple(kind for kind in catalog.ROLES if kind not in ("scenarios", "executors", "logs"))


@dataclass(frozen=True, eq=False)
class ScenarioCell(PlainCell):
    """A cell of a scenario: its plain data, and what this place knows of version, files and code.

    Methods stand in the plain data as text or as plain data, under the name of their kind:
    ``population``, ``strategies``, ``learner``, ``members_learner``, ``network``, ... What they
    read and are made of is part of the cell, and so is the code of what measures it, where that is
    from outside the package.

    Args:
        measure: what the cell is handed to.
    """

    measure: Measure

    def describe(self) -> dict[str, Any]:
        """Return the plain data, as a worker with its own files and its own version sees them."""
        here: dict[str, Any] = {}
        if "version" in self.plain or __version__ != UNMARKED:
            here["version"] = __version__
        if "data" in self.plain:
            here["data"] = catalog.build("populations", self.plain["population"]).fingerprint()
        found: dict[str, Any] = find_dependencies(methods_of(self.plain), here.get("data"))
        if spec.is_own(self.measure):
            found["measured by"] = spec.code_digest(self.measure)
        return {**self.plain, **found, **here}


def methods_of(plain: Plain) -> list[Any]:
    """Return the methods that the plain data of a cell name, by the names of their kinds."""
    found = []
    for key, value in plain.items():
        kind = _kind_of_key(key)
        if kind is not None:
            several = isinstance(value, list | tuple)
            for one in value if several else [value]:
                found += _built(kind, one)
    return found


def _kind_of_key(key: str) -> str | None:
    """Return the kind of the methods under a key of a cell; None where it holds no methods.

    >>> _kind_of_key("members_learner"), _kind_of_key("strategies"), _kind_of_key("seed")
    ('learners', 'strategies', None)
    """
    last = key.rpartition("_")[2]
    plural = last.removesuffix("y") + "ies" if last.endswith("y") else f"{last}s"
    kinds = [kind for kind in IN_CELLS if kind in (last, plural)]
    return kinds[0] if kinds else {"way": "strategies"}.get(last)


def _built(kind: str, value: Any) -> list[Any]:
    """Return the method, or the methods joined by + or /, of a kind; none where it names none."""
    if not isinstance(value, str | Mapping):
        return []
    with contextlib.suppress(InputError):
        return [catalog.build(kind, value)]
    found = []
    for part in re.split(r"[+/]", value) if isinstance(value, str) else ():
        with contextlib.suppress(InputError):
            found.append(catalog.build(kind, part))
    return found


@dataclass(frozen=True)
class ScenarioWork(Work[ScenarioCell]):
    """Does what a function at the top of a module makes of the plain data of a cell.

    Args:
        measure: that function.
        libraries: those with threads of their own that it uses.
    """

    kind: ClassVar[str] = "scenario"
    measure: Measure
    libraries: tuple[str, ...] = THREADED

    def prepare(self, stack: Sequence[ScenarioCell]) -> None:
        """Load the libraries that the work uses, and no others: they take seconds."""
        load_libraries(self.libraries)

    def compute(self, stack: Sequence[ScenarioCell]) -> list[Record]:
        """Return what was measured of each cell, and the seconds that it took."""
        records = []
        for cell in stack:
            started = time.perf_counter()
            with refusing("a cell"):  # whoever has named a method has imported it by now
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
    measure: Measure,
    cells: Sequence[Plain],
    store: Store,
    pool: Pool,
    what: str,
    libraries: tuple[str, ...] = THREADED,
) -> list[dict[str, Any]]:
    """Return what ``measure`` makes of each cell, in order; what is stored is not done again.

    Args:
        measure: a function at the top of a module; it gets a cell and returns plain data. What it
            returns depends on the cell alone.
        cells: plain data that say all that the outcome depends on, a seed among them.
        store: where outcomes are kept, one by one as they come.
        pool: the workers.
        what: is under way, in a word, for the progress bar.
        libraries: those with threads of their own that ``measure`` uses.

    Returns:
        What ``measure`` returned of each cell, and ``seconds``.

    Raises:
        StoreError: an outcome cannot be stored; what is stored is kept.
        WorkerError: workers died again and again; what is stored is kept.
    """
    wanted = [ScenarioCell(cell, measure) for cell in cells]
    records = run_missing(ScenarioWork(measure, libraries), wanted, store, pool, what)
    with as_stored("a stored cell"):
        return [dict(record.plain["result"]) for record in records]
