"""The messages of a run: what workers are sent, what comes back, and what is sent again."""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any

from quorate import catalog
from quorate.bring_your_own.handed_in import NotHereError, any_in_use, in_use, sent_elsewhere
from quorate.executors.clusters.message import as_sent
from quorate.executors.clusters.waiting import TICK
from quorate.executors.executor import Pool, Workers
from quorate.runs.cell import Cell, Record, Work
from quorate.runs.elsewhere import OtherCellError, Stack, check_here
from quorate.runs.portions import Load, expected
from quorate.runs.sharing import Probe
from quorate.runtime import device
from quorate.runtime.progress import Bar, tell
from quorate.runtime.threads import one_thread
from quorate.spec import reading_once

Answer = tuple[list[list[Record]], Exception | None]  # of the first stacks, and what stopped it

MOST_LOSSES = 3  # of workers on one cell, after which it is set aside


@dataclass(frozen=True)
class _Message:
    """What was sent to a worker.

    Args:
        stacks: what it is to do.
        at: the time of ``time.monotonic``.
    """

    stacks: list[Stack]
    at: float


class Messages:
    """The cells of a run on their way: what waits, what is at work, and what is set aside.

    Args:
        work: what is done with the cells.
        cells: what is missing.
        pool: the workers.
        probe: what shows a worker that it sees the folder of the work; None where it need not.
    """

    def __init__(
        self, work: Work[Any], cells: Sequence[Cell], pool: Pool, probe: Probe | None
    ) -> None:
        self.set_aside: dict[str, Cell] = {}
        self._work, self._pool, self._probe = work, pool, probe
        self._begun, self._load = time.monotonic(), Load(pool)
        self._losses: dict[str, int] = {}  # of workers, by the cells that they had
        self._at_work: dict[Future[Answer], _Message] = {}
        self._suspects = deque[list[Stack]]()  # messages whose worker was lost
        self._lacking = deque[list[Stack]]()  # those whose worker lacks an object that they name
        self._ahead = 1  # messages to have at work
        self._cut(cells, pool.workers)

    def exchange(self, progress: Bar) -> Generator[list[Record], None, None]:
        """Yield the records of each stack as they come.

        What a cell raises is raised once the records that came with it have been yielded.
        """
        has_lost = False
        try:
            while self._waiting or self._suspects or self._lacking or self._at_work:
                there = self._pool.look()  # which raises where nothing can be tried again
                if has_lost:
                    tell("A worker was lost; what it had begun is tried again.")
                self._reckon_with(there)
                self._send()
                if there is not None:
                    progress.say(there.in_words(len(self._at_work)))
                came, failure, has_lost = self._receive()
                try:
                    if self._pool.is_remote and failure is None and not has_lost:
                        self._send()  # workers go on while what came is stored
                finally:
                    yield from came
                if failure is not None:
                    raise failure
        finally:
            for future in self._at_work:
                future.cancel()

    def _cut(self, cells: Sequence[Cell], workers: int) -> None:
        """Put the cells into stacks for so many workers, with their ids."""
        stacks = self._work.stacks(cells, workers)
        self._waiting = deque[Stack]([(cell.id, cell) for cell in stack] for stack in stacks)
        self._cut_for = self._workers = workers

    def _reckon_with(self, there: Workers | None) -> None:
        """Cut what waits anew, where there are twice or half as many workers as it was cut for.

        Where workers come and go, a message waits here rather than behind another one, with which
        it might be lost. Where all are there at once, each has a second one at hand.
        """
        self._workers = expected(self._pool, there, time.monotonic() - self._begun)
        if not self._cut_for / 2 < self._workers < 2 * self._cut_for:
            self._cut([cell for stack in self._waiting for _, cell in stack], self._workers)
        if there is not None:
            self._ahead = max(1, there.ready)
        else:
            self._ahead = 1 if self._pool.workers == 1 else 2 * self._pool.workers

    def _send(self) -> None:
        """Send as many messages as are to be at work."""
        while self._lacking:
            self._submit(self._lacking.popleft(), whole=True)
        alone = bool(self._suspects) and self._pool.falls_together  # it shows who is to blame
        while self._suspects and len(self._at_work) < (1 if alone else self._ahead):
            self._submit(self._suspects.popleft())
        while self._waiting and not alone and len(self._at_work) < self._ahead:
            count = self._load.stacks(len(self._waiting), self._workers)
            self._submit([self._waiting.popleft() for _ in range(count)])

    def _submit(self, stacks: list[Stack], whole: bool = False) -> None:
        """Send a message: to other machines large objects go by name, unless it is to be whole."""
        pool, work = self._pool, self._work
        limit, own = (pool.turn, self._own(stacks)) if pool.is_remote else (None, ())
        if pool.is_elsewhere:
            work = work.packed([cell for stack in stacks for _, cell in stack])
        message = _Message(stacks, time.monotonic())
        way = sent_elsewhere(whole=whole) if pool.is_elsewhere else contextlib.nullcontext()
        with way:
            sent = pool.submit(work_on, work, stacks, device.asked(), limit, own, self._probe)
        self._at_work[sent] = message

    def _own(self, stacks: list[Stack]) -> tuple[Any, ...]:
        """Return what is the user's own: classes, and the objects that cells name by their text."""
        if not any_in_use():
            return catalog.registered()
        described = str([cell.describe() for stack in stacks for _, cell in stack])
        return *catalog.registered(), *in_use(described)

    def _receive(self) -> tuple[list[list[Record]], Exception | None, bool]:
        """Return the records that came, what was raised first, and whether a worker was lost."""
        came: list[list[Record]] = []
        failures: list[Exception] = []
        has_lost = False
        for future in wait(self._at_work, TICK, return_when=FIRST_COMPLETED).done:
            sent = self._at_work.pop(future)
            try:
                found, failure = future.result()
            except self._pool.lost:
                has_lost = True
                self._suspects.extend(self._try_again(sent.stacks))
            except NotHereError:
                self._lacking.append(sent.stacks)
            except Exception as error:  # of the executor itself
                failures.append(error)
            else:
                self._load.learn(len(found), time.monotonic() - sent.at)
                self._waiting.extendleft(reversed(sent.stacks[len(found) :]))
                came += found
                if isinstance(failure, OtherCellError):
                    failure = failure.explained(itertools.chain.from_iterable(sent.stacks))
                failures += [] if failure is None else [failure]
        return came, failures[0] if failures else None, has_lost

    def _try_again(self, sent: list[Stack]) -> Iterable[list[Stack]]:
        """Return the messages to send again: the same one after a first loss, then cell by cell."""
        cells = list(itertools.chain.from_iterable(sent))
        for id_, cell in cells:
            self._losses[id_] = self._losses.get(id_, 0) + 1
            if self._losses[id_] >= MOST_LOSSES:
                self.set_aside[id_] = cell
        if all(self._losses[id_] == 1 for id_, _ in cells):
            return [sent]
        return [[[one]] for one in cells if one[0] not in self.set_aside]


def work_on(
    work: Work[Any],
    stacks: Sequence[Stack],
    place: str,
    limit: float | None,
    own: Sequence[Any] = (),
    probe: Probe | None = None,
) -> Answer:
    """Return the records of the first stacks: of one at least, of no more once time is up.

    Beside them stands what a stack raised, which ends the work; None where nothing did.

    Args:
        work: what is done.
        stacks: the cells, with the ids that their records are stored under.
        place: the device that is asked for.
        limit: seconds after which no other stack is begun; None in the process that asks.
        own: what is the user's own, and may be named by the cells: classes, which are registered,
            and objects, which were found anew as they arrived.
        probe: what shows that this machine sees the folder of the work; None where it need not.
    """
    for one in own:
        if isinstance(one, type):
            catalog.register(one)
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
