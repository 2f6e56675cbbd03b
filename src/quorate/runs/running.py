"""One loop for every study: compute the cells that are missing, and store each as it comes."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from quorate.errors import WorkerError
from quorate.executors.executor import Executor, Pool
from quorate.executors.opening import workers_of
from quorate.runs.cell import Cell, Record, Work
from quorate.runs.logs.telling import tell_records
from quorate.runs.messages import MOST_LOSSES, Messages
from quorate.runs.sharing import seen_by_all
from quorate.runs.store import Store, stored_ids
from quorate.runtime.progress import bar
from quorate.spec import reading_once

C = TypeVar("C", bound=Cell)
NAMED = 3  # cells that an error names


def run_missing(
    work: Work[C], cells: Iterable[C], store: Store, pool: Pool, what: str = "Training"
) -> list[Record]:
    """Return the record of every cell, in order; what is stored is not computed again.

    Each record is stored as it comes. When a worker is lost, what it had in flight is tried again:
    first each message by itself, then each cell by itself. A cell that loses its worker three
    times is set aside while the rest is finished.

    Args:
        work: what is done with the cells.
        cells: what is wanted; equal cells are computed once.
        store: where records are kept.
        pool: the workers.
        what: is under way, in a word or two, for the progress bar.

    Raises:
        WorkerError: some cells were set aside, or a worker would compute another cell than it was
            asked for; what is stored is kept.
        StoreError: a record cannot be stored.
    """
    with reading_once():
        return _run_missing(work, cells, store, pool, what)


@contextlib.contextmanager
def opened(
    out: str | Path | None, executor: Executor, kind: type[Store] = Store
) -> Iterator[tuple[Store, Pool]]:
    """Yield the store of a run and its workers, for as long as it takes.

    Args:
        out: folder of the store; None keeps the records in memory only.
        executor: where cells are computed.
        kind: of store.

    Raises:
        InputError: no cell can be computed there.
        StoreError: the store cannot be written.
        WorkerError: no worker comes, or the workers have other versions.
    """
    executor.check()  # before a store is made
    with kind(out, write=True) as store, workers_of(executor) as pool:
        yield store, pool


def run_checked(
    work: Work[C],
    cells: Sequence[C],
    check: Callable[[list[C]], None],
    out: str | Path | None,
    executor: Executor,
) -> list[Record]:
    """Return the record of every cell, in order, those that are not stored checked before any runs.

    Args:
        work: what is done with the cells.
        cells: what is wanted.
        check: raises InputError unless the cells that are not stored can be computed.
        out: folder of the store; None keeps the records in memory only.
        executor: where cells are computed.

    Raises:
        InputError: from ``check``.
        StoreError, WorkerError: as ``run_missing``.
    """
    known = set[str]() if out is None else stored_ids(out, work.kind)
    check([cell for cell in cells if cell.id not in known])
    with opened(out, executor) as (store, pool):
        return run_missing(work, cells, store, pool)


def _run_missing(
    work: Work[C], cells: Iterable[C], store: Store, pool: Pool, what: str
) -> list[Record]:
    wanted = list(cells)
    by_id = {cell.id: cell for cell in wanted}
    stored = store.ids(work.kind)
    missing = [cell for id_, cell in by_id.items() if id_ not in stored]
    if not missing:  # then no worker is needed
        return _in_order(wanted, store, work.kind)
    pool.look()  # the first worker is waited for here, not under a bar
    with (
        bar(len(missing), what) as progress,
        seen_by_all(work.shared_folder(missing), pool) as probe,
    ):
        messages = Messages(work, missing, pool, probe)
        with closing(messages.exchange(progress)) as found:
            for records in found:
                for record in records:
                    store.add(work.kind, record)
                tell_records(records)
                progress.advance(len(records))
    if messages.set_aside:
        raise _set_aside(messages.set_aside, len(missing))
    return _in_order(wanted, store, work.kind)


def _in_order(wanted: Sequence[Cell], store: Store, kind: str) -> list[Record]:
    by_id = {record.id: record for record in store.records(kind, {cell.id for cell in wanted})}
    return [by_id[cell.id] for cell in wanted]


def _set_aside(lost: dict[str, Cell], missing: int) -> WorkerError:
    some = list(itertools.islice(lost.values(), NAMED))
    named = "; ".join(_named(cell) for cell in some)
    more = f" and {len(lost) - len(some)} more" if len(lost) > len(some) else ""
    return WorkerError(
        f"Expected the workers to live through {missing} cells, got {len(lost)} on which a worker "
        f"was lost {MOST_LOSSES} times (out of memory or of time?): {named}{more}. The others are "
        "stored; run the same command with fewer workers on a machine (--jobs, or workers= of the "
        "executor), with more memory or time for each (memory=, time= of slurm), or with smaller "
        "networks or fewer people."
    )


def _named(cell: Cell) -> str:
    """Return what tells a cell from others: its numbers and short texts."""
    plain = cell.describe()
    parts = []
    for key, value in plain.items():
        if isinstance(value, dict) and "name" in value:
            parts.append(f"{key}={value['name']}")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            parts.append(f"{key}={value:g}")
    return ", ".join(parts) or cell.id[:12]
