"""A run on any number of workers, event by event: one process sends, stores, and is the only one.

The rules for how much is sent are the library's own (``quorate.runs.portions``); what a message, a
cell and an answer cost are parameters, which ``benchmarks.executors_scale`` measures.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from quorate.executors.executor import Pool
from quorate.runs.portions import Load

Stack = Sequence[float]  # seconds of each of its cells
BEATS = 200  # a second


@dataclass(frozen=True)
class Costs:
    """What an engine costs, in seconds.

    Args:
        message: of the coordinating process, for a message and its answer.
        cell: of the same, to send a cell and to take in its record.
        store: of the same, to store the record of a cell.
        travel: of a message and its answer on their way, while the coordinating process is free.
        start: of the worker, for a message.
        turn: of work, after which a worker hands back what it has not begun.
        queued: messages of a worker in flight at once.
        beat: of the coordinating process, for a sign of life of a worker.
    """

    message: float = 0.0
    cell: float = 0.0
    store: float = 0.0
    travel: float = 0.0
    start: float = 0.0
    turn: float = 5.0
    queued: int = 1
    beat: float = 0.0

    def slowed(self, workers: int) -> Costs:
        """Return the costs while so many workers give signs of life, which take turns with work.

        Dask's come every half second from a few workers, and at most 200 a second from many.
        """
        rest = max(0.1, 1 - min(2 * workers, BEATS) * self.beat)
        named = ("message", "cell", "store")
        return replace(self, **{name: getattr(self, name) / rest for name in named}, beat=0.0)


@dataclass(frozen=True)
class Run:
    """What came of a run.

    Args:
        cells: that were stored.
        makespan: seconds until the last was stored.
        work: seconds of the cells alone.
        busy: seconds of the coordinating process.
        messages: that were sent.
        workers: how many there were.
    """

    cells: int
    makespan: float
    work: float
    busy: float
    messages: int
    workers: int

    @property
    def efficiency(self) -> float:
        """Part of the workers' time that went into cells, in [0, 1]."""
        return self.work / (self.workers * self.makespan) if self.makespan else 1.0

    @property
    def rate(self) -> float:
        """Cells stored in a second."""
        return self.cells / self.makespan if self.makespan else float("inf")


class _Far(Pool):
    is_remote, lost = True, ()

    def __init__(self, workers: int, turn: float) -> None:
        self.workers, self.turn = workers, turn

    def submit(self, work: Callable[..., Any], /, *args: Any) -> Any:
        """Nothing is done here."""
        raise NotImplementedError


def simulate(stacks: Sequence[Stack], workers: int, costs: Costs) -> Run:
    """Return what comes of a run on workers that are all there at first.

    Args:
        stacks: what there is to do, in order.
        workers: at least 1.
        costs: of the engine.

    >>> simulate([[2.0], [2.0], [2.0]], 2, Costs()).makespan
    4.0
    """
    costs = costs.slowed(workers)
    load, waiting = Load(_Far(workers, costs.turn)), deque(stacks)
    free = [0.0] * workers  # when each worker is
    answers: list[tuple[float, int, int, list[Stack], float]] = []  # by the time of their coming
    now = busy = 0.0
    cells = sent = in_flight = unstored = 0
    while waiting or answers or unstored:
        while waiting and in_flight < costs.queued * workers:
            carried = load.stacks(len(waiting), workers)
            message = [waiting.popleft() for _ in range(carried)]
            spent = costs.message / 2 + costs.cell / 2 * sum(map(len, message))
            sent_at, now, busy = now, now + spent, busy + spent
            begun = max(now + costs.travel / 2, heapq.heappop(free)) + costs.start
            done, end = _work_on(message, begun, costs.turn)
            heapq.heappush(free, end)
            sent, in_flight = sent + 1, in_flight + 1
            heapq.heappush(answers, (end + costs.travel / 2, sent, done, message, sent_at))
        now, busy = now + costs.store * unstored, busy + costs.store * unstored
        cells, unstored = cells + unstored, 0
        now = max(now, answers[0][0]) if answers else now
        while answers and answers[0][0] <= now:  # all that have come
            _, _, done, message, sent_at = heapq.heappop(answers)
            load.learn(done, now - sent_at)
            found = sum(map(len, message[:done]))
            spent = costs.message / 2 + costs.cell / 2 * found
            now, busy, unstored = now + spent, busy + spent, unstored + found
            in_flight -= 1
            waiting.extendleft(reversed(message[done:]))
    work = sum(map(sum, stacks))
    return Run(cells, now, work, busy, sent, workers)


def _work_on(message: Sequence[Stack], begun: float, turn: float) -> tuple[int, float]:
    """Return how many stacks a worker does of a message, and when it is done."""
    at, done = begun, 0
    for stack in message:
        if done and at > begun + turn:
            break
        at += sum(stack)
        done += 1
    return done, at


def saturation(costs: Costs, seconds: float, stacks: int) -> float:
    """Return the number of workers whose answers take all of the coordinating process's time.

    Args:
        costs: of the engine.
        seconds: of a cell.
        stacks: cells that a message carries.
    """
    costs = costs.slowed(BEATS)
    return seconds / (costs.cell + costs.store + costs.message / stacks)
