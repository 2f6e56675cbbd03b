"""One loop for every study: compute the cells that are missing, and store each as it comes."""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from quorate import catalog
from quorate.errors import WorkerError
from quorate.executors.clusters.message import as_sent
from quorate.executors.clusters.waiting import TICK
from quorate.executors.executor import Executor, Pool, Workers
from quorate.executors.opening import workers_of
from quorate.runs.cell import Cell, Record, Work
from quorate.runs.elsewhere import OtherCellError, Stack, check_here
from quorate.runs.portions import Load, expected
from quorate.runs.sharing import Probe, seen_by_all
from quorate.runs.store import Store, stored_ids
from quorate.runtime import device
from quorate.runtime.progress import Bar, bar, tell
from quorate.runtime.threads import one_thread
from quorate.spec import reading_once

C = TypeVar("C", bound=Cell)
Answer = tuple[list[list[Record]], Exception | None]  # of the first stacks, and what stopped it

MOST_LOSSES = 3  # of workers on one cell, after which it is set aside
NAMED = 3  # cells that an error names


@dataclass(frozen=True)
class _Message:
    """What was sent to a worker.

    Args:
        stacks: what it is to do.
        at: the time of ``time.monotonic``.
    """

    stacks: list[Stack]
    at: float


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
    lost: dict[str, Cell] = {}
    with (
        bar(len(missing), what) as progress,
        seen_by_all(work.shared_folder(missing), pool) as probe,
        closing(_compute(work, missing, pool, lost, probe, progress)) as found,
    ):
        for records in found:
            for record in records:
                store.add(work.kind, record)
            progress.advance(len(records))
    if lost:
        raise _set_aside(lost, len(missing))
    return _in_order(wanted, store, work.kind)


def _in_order(wanted: Sequence[Cell], store: Store, kind: str) -> list[Record]:
    by_id = {record.id: record for record in store.records(kind, {cell.id for cell in wanted})}
    return [by_id[cell.id] for cell in wanted]


def _compute(
    work: Work[Any],
    cells: Sequence[Cell],
    pool: Pool,
    lost: dict[str, Cell],
    probe: Probe | None,
    progress: Bar,
) -> Generator[list[Record], None, None]:
    """Yield the records of each stack as they come; note in ``lost`` the cells set aside.

    What a cell raises is raised once the records that came with it have been yielded.
    """
    begun, cut_for, load = time.monotonic(), pool.workers, Load(pool)
    waiting, suspects = _cut(work, cells, cut_for), deque[list[Stack]]()
    losses: dict[str, int] = {}
    at_work: dict[Future[Answer], _Message] = {}
    has_lost = False

    def send() -> None:
        alone = bool(suspects) and pool.falls_together  # so that it shows who is to blame
        while suspects and len(at_work) < (1 if alone else ahead):
            _submit(work, suspects.popleft(), pool, at_work, probe)
        while waiting and not alone and len(at_work) < ahead:
            some = [waiting.popleft() for _ in range(load.stacks(len(waiting), workers))]
            _submit(work, some, pool, at_work, probe)

    try:
        while waiting or suspects or at_work:
            there = pool.look()  # which raises where nothing can be tried again
            if has_lost:
                tell("A worker was lost; what it had begun is tried again.")
            has_lost = False
            ahead = _ahead(pool, there)
            workers = expected(pool, there, time.monotonic() - begun)
            if not cut_for / 2 < workers < 2 * cut_for:
                left, cut_for = [cell for stack in waiting for _, cell in stack], workers
                waiting = _cut(work, left, cut_for)
            send()
            if there is not None:
                progress.say(there.in_words(len(at_work)))
            came: list[list[Record]] = []
            failures: list[Exception] = []
            for future in wait(at_work, TICK, return_when=FIRST_COMPLETED).done:
                sent = at_work.pop(future)
                try:
                    found, failure = future.result()
                except pool.lost:
                    has_lost = True
                    suspects.extend(_try_again(sent.stacks, losses, lost))
                except Exception as error:  # of the executor itself
                    failures.append(error)
                else:
                    load.learn(len(found), time.monotonic() - sent.at)
                    waiting.extendleft(reversed(sent.stacks[len(found) :]))
                    came += found
                    if isinstance(failure, OtherCellError):
                        failure = failure.explained(itertools.chain.from_iterable(sent.stacks))
                    failures += [] if failure is None else [failure]
            try:
                if pool.is_remote and not failures and not has_lost:
                    send()  # workers go on while what came is stored
            finally:
                yield from came
            if failures:
                raise failures[0]
    finally:
        for future in at_work:
            future.cancel()


def _cut(work: Work[Any], cells: Sequence[Cell], workers: int) -> deque[Stack]:
    """Return the cells in stacks for so many workers, with their ids."""
    stacks = work.stacks(cells, workers)
    return deque([(cell.id, cell) for cell in stack] for stack in stacks)


def _ahead(pool: Pool, there: Workers | None) -> int:
    """Return how many messages to have in flight: one for each worker that is there, or more.

    Where workers come and go, a message waits here rather than behind another one, with which it
    might be lost. Where all are there at once, each has a second one at hand.
    """
    if there is not None:
        return max(1, there.ready)
    return 1 if pool.workers == 1 else 2 * pool.workers


def _submit(
    work: Work[Any],
    stacks: list[Stack],
    pool: Pool,
    at_work: dict[Future[Answer], _Message],
    probe: Probe | None,
) -> None:
    limit, own = (pool.turn, catalog.registered()) if pool.is_remote else (None, ())
    if pool.is_elsewhere:
        work = work.packed([cell for stack in stacks for _, cell in stack])
    place = device.asked()
    message = _Message(stacks, time.monotonic())
    at_work[pool.submit(_work_on, work, stacks, place, limit, own, probe)] = message


def _try_again(
    sent: list[Stack], losses: dict[str, int], lost: dict[str, Cell]
) -> Iterable[list[Stack]]:
    """Return the messages to send again: the same one after a first loss, then cell by cell."""
    cells = list(itertools.chain.from_iterable(sent))
    for id_, cell in cells:
        losses[id_] = losses.get(id_, 0) + 1
        if losses[id_] >= MOST_LOSSES:
            lost[id_] = cell
    if all(losses[id_] == 1 for id_, _ in cells):
        return [sent]
    return [[[one]] for one in cells if one[0] not in lost]


def _work_on(
    work: Work[Any],
    stacks: Sequence[Stack],
    place: str,
    limit: float | None,
    own: Sequence[type] = (),
    probe: Probe | None = None,
) -> Answer:
    """Return the records of the first stacks: of one at least, of no more once time is up.

    Beside them stands what a stack raised, which ends the work; None where nothing did.

    Args:
        work: what is done.
        stacks: the cells, with the ids that their records are stored under.
        place: the device that is asked for.
        limit: seconds after which no other stack is begun; None in the process that asks.
        own: classes of the user's own, which the cells may name.
        probe: what shows that this machine sees the folder of the work; None where it need not.
    """
    for cls in own:
        catalog.register(cls)
    end = math.inf if limit is None else time.monotonic() + limit
    found: list[list[Record]] = []
    with device.use(place), reading_once():
        for stack in stacks:
            if found and time.monotonic() > end:
                break
            try:
                if limit is not None:
                    check_here(stack, None if found else probe)
                cells = [cell for _, cell in stack]
                work.prepare(cells)
                with one_thread():
                    found.append(work.compute(cells))
            except (Exception, SystemExit) as error:  # a user's sys.exit() is a mistake, too
                if limit is None:
                    raise
                return found, as_sent(error)
    return found, None


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
