"""How many cells make a stack and how many stacks a message, and when the last worker is done."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.executors.executor import Executor, Pool, Workers
from quorate.runs import portions
from quorate.runs.cell import PlainCell, Record, Work
from quorate.runs.portions import Load, Portions, expected
from quorate.runs.running import run_missing
from quorate.runs.store import Store

Group = tuple[int, int]  # cells that may stand in one stack, and how many of them are best
WORKERS = (1, 2, 3, 64, 512)
GROUP = st.tuples(st.integers(1, 1000), st.sampled_from([1, 2, 5, 20, 64, 256]))
GROUPS = st.lists(GROUP, max_size=4)


def cut(groups: Sequence[Group], workers: int) -> list[list[int]]:
    """Return the sizes of the stacks of each group."""
    sizes, found = Portions(sum(cells for cells, _ in groups), workers), []
    for left, best in groups:
        mine: list[int] = []
        while left:
            mine.append(sizes.size(left, best))
            sizes.take(mine[-1])
            left -= mine[-1]
        found.append(mine)
    return found


def cut_evenly(groups: Sequence[Group], workers: int) -> list[list[int]]:
    """As it was done before: every group in as many stacks as there are workers."""
    found = []
    for cells, best in groups:
        size = min(best, math.ceil(cells / workers))
        found.append([min(size, cells - i) for i in range(0, cells, size)])
    return found


def makespan(seconds: Sequence[float], workers: int) -> float:
    """Return when the last of the workers is done, who take stack after stack in this order."""
    free = [0.0] * workers
    for one in seconds:
        heapq.heappush(free, heapq.heappop(free) + one)
    return max(free)


# ------------------------------------------------------------------------------ stacks


@pytest.mark.parametrize("workers", WORKERS)
@given(groups=GROUPS)
@settings(max_examples=50, deadline=None)
def test_every_cell_is_in_one_stack_and_every_worker_has_one(
    workers: int, groups: list[Group]
) -> None:
    found = cut(groups, workers)
    assert [sum(mine) for mine in found] == [cells for cells, _ in groups]
    for mine, (_, best) in zip(found, groups, strict=True):
        assert all(1 <= size <= best for size in mine)
    sizes = [size for mine in found for size in mine]
    assert len(sizes) >= min(workers, sum(sizes))
    if workers == 1:
        assert len(sizes) == sum(math.ceil(cells / best) for cells, best in groups)


@pytest.mark.parametrize("workers", [2, 3, 64, 512])
@given(group=GROUP)
@settings(max_examples=50, deadline=None)
def test_a_stack_is_at_most_half_a_whole_one_or_its_share_of_what_is_left(
    workers: int, group: Group
) -> None:
    left, best = group
    for size in cut([group], workers)[0]:
        assert size <= max(best / 2, min(2, best), left / workers) + 1  # rounding
        left -= size


@pytest.mark.parametrize(
    ("cells", "best", "workers", "sizes"),
    [
        (100, 64, 1, [50, 50]),
        (9, 64, 8, [1, 1, 1, 1, 1, 1, 1, 2]),
        (100, 64, 8, [12, 13, 12, 13, 12, 13, 12, 13]),  # less than a quarter of a stack is not cut
        (100, 64, 2, [25, 25, 25, 25]),
        (400, 64, 2, [57, 57, 57, 57, 43, 43, 21, 22, 21, 22]),
        (80, 20, 2, [20, 20, 10, 10, 10, 10]),
        (3, 64, 512, [1, 1, 1]),
        (7, 1, 3, [1, 1, 1, 1, 1, 1, 1]),
    ],
)
def test_stacks_become_smaller(cells: int, best: int, workers: int, sizes: list[int]) -> None:
    assert cut([(cells, best)], workers) == [sizes]


@pytest.mark.parametrize("workers", [2, 3, 64])
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_the_end_is_near_whatever_cells_cost(workers: int, data: st.DataObject) -> None:
    """If the slowest cell takes q times as long as the fastest, derived:

    A stack that ends last began when all were at work, so at (total − what was left)/W at most. In
    a round that takes half of what is left, it has at most half of the round's share, and what was
    left then was at least that half: q/2 + 1/2 times the even share in all, but for a cell of
    rounding. In the last round it has no more than half of a whole stack.
    """
    best = data.draw(st.sampled_from([1, 5, 20]))
    cells, q = data.draw(st.integers(1, 2 * best * workers)), data.draw(st.integers(1, 10))
    (sizes,) = cut([(cells, best)], workers)
    slow = data.draw(st.integers(0, min(len(sizes) - 1, 2 * workers)))  # this stack and no other
    seconds = [size * (q if i == slow else 1.0) for i, size in enumerate(sizes)]
    found = makespan(seconds, workers)
    share = sum(seconds) / workers
    bound = max((q + 1) / 2 * share + q, share + q * (best / 2 + 1))
    assert found <= bound + 1e-9  # sums of floats


def test_a_slow_stack_held_the_end_of_stacks_cut_evenly() -> None:
    """1,280 cells of a second on 64 workers, 20 each; those of the first stack take three."""
    for how, ends in ((cut_evenly, 60.0), (cut, 30.0)):
        (sizes,) = how([(1280, 20)], 64)
        seconds = [size * (3.0 if i == 0 else 1.0) for i, size in enumerate(sizes)]
        assert makespan(seconds, 64) == ends, how.__name__


# ------------------------------------------------------------------------------ messages


class Five(Pool):
    """Ten workers elsewhere, with turns of five seconds."""

    workers, turn, is_remote, lost = 10, 5.0, True, ()


class Here(Pool):
    """This process."""

    workers, turn, is_remote, lost = 1, 0.0, False, ()


def test_a_message_carries_what_a_turn_is_enough_for() -> None:
    load = Load(Five())
    assert load.stacks(waiting=1000, workers=10) == 1  # nothing is known yet
    load.learn(1, 0.01)
    assert load.stacks(1000, 10) == 2
    for _ in range(5):
        load.learn(2, 0.0)
    assert load.stacks(10_000, 10) == 64
    assert load.stacks(200, 10) == 10  # half of a share
    assert load.stacks(100, 10) == 6  # a tenth of a turn
    assert load.stacks(3, 10) == 1
    load.learn(64, 10.0)  # 32 fit
    assert load.stacks(10_000, 10) == 32
    load.learn(1, 300.0)  # handed back after one of five minutes
    assert load.stacks(10_000, 10) == 1


def test_a_message_to_oneself_carries_one_stack() -> None:
    load = Load(Here())
    load.learn(1, 0.0)
    assert load.stacks(1000, 1) == 1


def test_workers_that_do_not_come_in_a_minute_are_not_reckoned_with() -> None:
    assert expected(Five(), None, 100) == 10
    assert expected(Five(), Workers(3, waiting=7), 59) == 10
    assert expected(Five(), Workers(3, waiting=7), 61) == 3
    assert expected(Five(), Workers(0, waiting=10), 61) == 1


@dataclass(frozen=True)
class Halves(Work[PlainCell]):
    """Cuts its cells evenly, and notes for how many workers it was asked to."""

    kind: ClassVar[str] = "halves"
    asked: list[tuple[int, int]] = field(default_factory=list)

    def stacks(self, cells: Sequence[PlainCell], workers: int) -> list[Sequence[PlainCell]]:
        self.asked.append((len(cells), workers))
        size = math.ceil(len(cells) / workers)
        return [cells[i : i + size] for i in range(0, len(cells), size)]

    def prepare(self, stack: Sequence[PlainCell]) -> None:
        """Load nothing."""

    def compute(self, stack: Sequence[PlainCell]) -> list[Record]:
        return [Record(cell.id, {"n": cell.plain["n"]}) for cell in stack]


@dataclass(frozen=True)
class Coming(Executor):
    """Has so many workers at one look after another, the last number ever after."""

    name: ClassVar[str] = "coming"
    ready: tuple[int, ...]

    @contextmanager
    def open(self) -> Iterator[Pool]:
        yield _ComingPool(self.ready)


class _ComingPool(Pool):
    workers, turn, is_remote, lost = 8, 5.0, True, ()

    def __init__(self, ready: Sequence[int]) -> None:
        self.ready = list(ready)

    def look(self) -> Workers:
        ready = self.ready.pop(0) if len(self.ready) > 1 else self.ready[0]
        return Workers(ready, self.workers - ready)

    def submit(self, work: Callable[..., Any], /, *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(work(*args))
        return future


def test_what_waits_is_cut_anew_when_twice_as_many_workers_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(portions, "FIRST_MINUTE", 0.0)
    work, cells = Halves(), [PlainCell({"n": n}) for n in range(64)]
    with Store(None) as store, Coming((2, 2, 3, 4, 4)).open() as pool:
        found = run_missing(work, cells, store, pool)
    assert [record.plain["n"] for record in found] == list(range(64))
    # for the 8 that were asked for, then for 2, of whom each has begun 32: nothing is left to cut
    assert work.asked == [(64, 8), (64, 2)]
    work = Halves()
    with Store(None) as store, Coming((8, 8, 4, 4, 2)).open() as pool:
        run_missing(work, cells, store, pool)
    assert work.asked == [(64, 8)]
