"""The parts of a long scenario: run side by side, kept when done, never run twice."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from quorate import spec
from quorate.errors import StoreError
from quorate.executors.processes import load_libraries, one_thread, run_here, run_in_processes
from quorate.runtime.progress import bar
from quorate.runtime.provenance import provenance
from quorate.version import __version__

CELLS = "cells"

Plain = Mapping[str, Any]


def run_cells(
    work: Callable[[Plain], dict[str, Any]],
    cells: Sequence[Plain],
    out: Path | None,
    jobs: int,
    what: str,
) -> list[dict[str, Any]]:
    """Return what ``work`` makes of each cell, in order; what is stored is not done again.

    Args:
        work: a function at the top of a module; it gets a cell and returns plain data. What it
            returns depends on the cell alone.
        cells: plain data that say all that the outcome depends on; a seed among them.
        out: folder of the outcomes, a file each; None keeps them in memory only.
        jobs: worker processes.
        what: is done, for the bar: one word.

    Returns:
        Of each cell what ``work`` returned, and ``seconds``.

    Raises:
        StoreError: an outcome cannot be written; what is stored is kept.
        WorkerError: a worker process died; what is stored is kept.
    """
    ids = [spec.content_id(cell) for cell in cells]
    found = {id_: kept for id_ in ids if (kept := _read(out, id_)) is not None}
    missing = {id_: cell for id_, cell in zip(ids, cells, strict=True) if id_ not in found}
    tasks = [(work, id_, dict(cell)) for id_, cell in missing.items()]
    parallel = jobs > 1 and len(tasks) > 1
    results = run_in_processes(_do, tasks, jobs) if parallel else run_here(_do, tasks)
    with bar(len(tasks), what) as advance, contextlib.closing(results):
        for id_, outcome in results:
            if out is not None:
                _write(out, id_, {"cell": dict(missing[id_]), **outcome})
            found[id_] = outcome["result"]
            advance(1)
    return [found[id_] for id_ in ids]


def _do(
    task: tuple[Callable[[Plain], dict[str, Any]], str, Plain],
) -> tuple[str, dict[str, Any]]:
    work, id_, cell = task
    load_libraries()
    with one_thread():
        started = time.perf_counter()
        result = work(cell)
        result = {**result, "seconds": time.perf_counter() - started}
    return id_, {"result": result, "version": __version__, "provenance": provenance()}


def _read(out: Path | None, id_: str) -> dict[str, Any] | None:
    """Return a stored outcome; None where there is none, or a damaged one."""
    if out is None:
        return None
    try:
        kept = json.loads((out / CELLS / f"{id_}.json").read_text(encoding="utf-8"))
        result = kept["result"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return result if isinstance(result, dict) else None


def _write(out: Path, id_: str, outcome: Plain) -> None:
    """Write an outcome to its file, whole or not at all."""
    path = out / CELLS / f"{id_}.json"
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(outcome, ensure_ascii=False), encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        raise StoreError(
            f"Expected to write {path}, got: {error.strerror or error}. What is stored is kept; "
            "make room, mend the permissions, or choose another --out."
        ) from error
