"""The one loop over cells: only what is missing, lost workers, and cells that differ there."""

from __future__ import annotations

import dataclasses
import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

import quorate
from quorate import spec
from quorate.errors import InputError, WorkerError
from quorate.executors.choose import choose_executor
from quorate.executors.executor import Executor, Pool
from quorate.executors.processes import Processes
from quorate.executors.serial import Serial
from quorate.runs.cell import Cell, PlainCell, Record, Work
from quorate.runs.running import run_missing
from quorate.runs.store import Store


@dataclass(frozen=True)
class Squares(Work[PlainCell]):
    """Squares numbers; those that are ``deadly`` end the worker."""

    kind: ClassVar[str] = "squares"
    deadly: tuple[int, ...] = ()
    together: int = 1

    def stacks(self, cells: Sequence[PlainCell], workers: int) -> list[Sequence[PlainCell]]:
        return [cells[i : i + self.together] for i in range(0, len(cells), self.together)]

    def prepare(self, stack: Sequence[PlainCell]) -> None:
        """Load nothing: workers that die are started again and again here."""

    def compute(self, stack: Sequence[PlainCell]) -> list[Record]:
        if any(cell.plain["n"] in self.deadly for cell in stack):
            os._exit(1)
        return [
            Record(cell.id, {"square": cell.plain["n"] ** 2, "process": os.getpid()})
            for cell in stack
        ]


def cells(*numbers: int) -> list[PlainCell]:
    return [PlainCell({"n": n}) for n in numbers]


def squares(records: Sequence[Record]) -> list[int]:
    return [record.plain["square"] for record in records]


# ------------------------------------------------------------------------------ what is missing


def test_records_come_in_the_order_of_the_cells_and_equal_cells_are_computed_once() -> None:
    with Store(None) as store, Serial().open() as pool:
        found = run_missing(Squares(), cells(3, 1, 3, 2), store, pool)
        assert squares(found) == [9, 1, 9, 4]
        assert len(store.ids("squares")) == 3
        assert store.ids("another kind") == set()


def test_what_is_stored_is_not_computed_again(tmp_path: Path) -> None:
    (one,) = cells(5)
    with Store(tmp_path, write=True) as store, Serial().open() as pool:
        store.add("squares", Record(one.id, {"square": -1}, {"a.bin": b"\x00\xff"}))
        found = run_missing(Squares(), [one, *cells(6)], store, pool)
    assert squares(found) == [-1, 36]
    assert found[0].files == {"a.bin": b"\x00\xff"}
    assert found[1].files == {}


def test_a_mistake_in_a_cell_stops_the_run_and_keeps_the_others(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        with Serial().open() as pool, pytest.raises(TypeError):
            run_missing(Squares(), [*cells(1, 2), PlainCell({"n": "three"})], store, pool)
        assert len(store.ids("squares")) == 2


def test_what_came_with_a_mistake_is_stored_before_it_is_raised(tmp_path: Path) -> None:
    wanted = [*cells(1, 2, 3), PlainCell({"n": "four"}), *cells(5)]
    with Store(tmp_path, write=True) as store:
        with Processes(1).open() as pool, pytest.raises(TypeError) as caught:
            run_missing(Squares(), wanted, store, pool)
        assert len(store.ids("squares")) >= 3
    assert "compute" in "".join(caught.value.__notes__)  # the worker's traceback


def test_a_method_that_exits_is_a_mistake_and_no_end_of_this_process() -> None:
    with Store(None) as store, Processes(1).open() as pool:
        with pytest.raises(WorkerError) as caught:
            run_missing(Exits(), cells(1, 2, 3), store, pool)
        assert squares(store.records("squares")) == [1, 4]
    assert "got SystemExit: 7 (" in str(caught.value)
    assert "test_run_missing.py, line " in str(caught.value)
    assert "compute" in "".join(caught.value.__notes__)


@dataclass(frozen=True)
class Exits(Squares):
    """Squares numbers up to two."""

    def compute(self, stack: Sequence[PlainCell]) -> list[Record]:
        if stack[0].plain["n"] > 2:
            sys.exit(7)
        return super().compute(stack)


def test_what_is_in_flight_is_cancelled_where_the_run_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(store: Store, kind: str, record: Record) -> None:
        raise OSError("no room")

    monkeypatch.setattr(Store, "add", refuse)
    executor = Flaky(lambda log, numbers: False, pends=lambda numbers: numbers[0] > 0)
    with (
        Store(None) as store,
        executor.open() as pool,
        pytest.raises(OSError, match="no room"),
    ):
        run_missing(Squares(), cells(*range(8)), store, pool)
    assert len(executor.pending) == 4
    assert all(future.cancelled() for future in executor.pending)


class _FullPool(Pool):
    """A pool that answers the first messages, and takes no more."""

    workers, turn, is_remote, lost = 1, 60.0, True, ()
    most = 1

    def submit(self, work: Callable[..., Any], /, *args: Any) -> Future[Any]:
        if not self.most:
            raise WorkerError("Expected room for another message, got none.")
        self.most -= 1
        future: Future[Any] = Future()
        future.set_result(work(*args))
        return future


def test_what_came_is_stored_where_the_pool_takes_no_more() -> None:
    with Store(None) as store:
        with pytest.raises(WorkerError, match="room for another message"):
            run_missing(Squares(), cells(1, 2), store, _FullPool())
        assert squares(store.records("squares")) == [1]


# ------------------------------------------------------------------------------ lost workers


@pytest.mark.parametrize("together", [1, 3])
def test_a_deadly_cell_is_set_aside_and_the_rest_is_finished(tmp_path: Path, together: int) -> None:
    work = Squares(deadly=(4,), together=together)
    wanted = cells(*range(9))
    with (
        Store(tmp_path, write=True) as store,
        Processes(2).open() as pool,
        pytest.raises(WorkerError, match=r"got 1 on which a worker was lost 3 times .*: n=4\."),
    ):
        run_missing(work, wanted, store, pool)
    with Store(tmp_path) as store:
        found = store.records("squares")
    assert sorted(squares(found)) == [n**2 for n in range(9) if n != 4]
    with Store(tmp_path, write=True) as store, Serial().open() as pool:  # where it does not die
        assert squares(run_missing(Squares(), wanted, store, pool)) == [n**2 for n in range(9)]


class _LostError(Exception):
    """A worker was lost."""


@dataclass(frozen=True)
class Flaky(Executor):
    """Loses the workers of some messages, or never answers, by the numbers in them."""

    name: ClassVar[str] = "flaky"
    lose: Callable[[list[list[int]], list[int]], bool]
    pends: Callable[[list[int]], bool] = lambda numbers: False
    log: list[list[int]] = dataclasses.field(default_factory=list)
    pending: list[Future[Any]] = dataclasses.field(default_factory=list)

    @contextmanager
    def open(self) -> Iterator[Pool]:
        yield _FlakyPool(self)


class _FlakyPool(Pool):
    workers, turn, is_remote, lost = 2, 60.0, True, (_LostError,)

    def __init__(self, flaky: Flaky) -> None:
        self.flaky = flaky

    def submit(self, work: Callable[..., Any], /, *args: Any) -> Future[Any]:
        numbers = [cell.describe()["n"] for stack in args[1] for _, cell in stack]
        future: Future[Any] = Future()
        if self.flaky.pends(numbers):
            self.flaky.pending.append(future)
        elif self.flaky.lose(self.flaky.log, numbers):
            future.set_exception(_LostError())
        else:
            future.set_result(work(*args))
        self.flaky.log.append(numbers)
        return future


def test_a_message_that_is_lost_once_is_sent_again_as_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    executor = Flaky(lambda log, numbers: not log)
    with Store(None) as store, executor.open() as pool:
        found = run_missing(Squares(together=2), cells(*range(8)), store, pool)
    assert squares(found) == [n**2 for n in range(8)]
    assert executor.log[0] == [0, 1]
    assert executor.log.count([0, 1]) == 2
    assert capsys.readouterr().err == "A worker was lost; what it had begun is tried again.\n"


def test_a_message_that_is_lost_twice_is_sent_cell_by_cell() -> None:
    executor = Flaky(lambda log, numbers: 1 in numbers and len(numbers) > 1)
    with Store(None) as store, executor.open() as pool:
        found = run_missing(Squares(together=2), cells(*range(8)), store, pool)
    assert squares(found) == [n**2 for n in range(8)]
    assert executor.log.count([0, 1]) == 2
    assert [0] in executor.log
    assert [1] in executor.log


def test_a_cell_is_set_aside_after_the_third_loss() -> None:
    executor = Flaky(lambda log, numbers: 1 in numbers)
    with Store(None) as store, executor.open() as pool:
        with pytest.raises(WorkerError, match="n=1"):
            run_missing(Squares(together=2), cells(*range(8)), store, pool)
        assert sorted(squares(store.records("squares"))) == [n**2 for n in range(8) if n != 1]
    assert sum(1 in numbers for numbers in executor.log) == 3


# ------------------------------------------------------------------------------ the same everywhere


@dataclass(frozen=True)
class FileCell(Cell):
    """A cell whose description holds what a file says at the time."""

    path: str

    def describe(self) -> dict[str, Any]:
        return {"n": int(Path(self.path).read_text())}

    @functools.cached_property
    def id(self) -> str:
        return spec.content_id(self.describe())


@dataclass(frozen=True)
class Reads(Work[FileCell]):
    """Says what a file says."""

    kind: ClassVar[str] = "reads"

    def prepare(self, stack: Sequence[FileCell]) -> None:
        """Load nothing."""

    def compute(self, stack: Sequence[FileCell]) -> list[Record]:
        return [Record(cell.id, cell.describe()) for cell in stack]


def test_a_worker_refuses_a_cell_whose_file_is_another_one_there(tmp_path: Path) -> None:
    file = tmp_path / "number"
    file.write_text("1")
    cell = FileCell(str(file))
    assert cell.id  # known before the file changes, and sent along
    file.write_text("2")
    with Store(None) as store, Processes(1).open() as pool:
        with pytest.raises(WorkerError, match=r"since its files .* since the run began\. Give"):
            run_missing(Reads(), [cell], store, pool)
        assert not store.ids("reads")


def test_a_pool_serves_several_rounds_with_the_same_workers() -> None:
    with Store(None) as store, Processes(1).open() as pool:
        first = run_missing(Squares(), cells(1, 2), store, pool)
        second = run_missing(Squares(), cells(3, 4), store, pool)
    assert {one.plain["process"] for one in [*first, *second]} == {first[0].plain["process"]}
    assert first[0].plain["process"] != os.getpid()


def growth_allowed() -> int:
    from loky import process_executor

    return int(process_executor._MAX_MEMORY_LEAK_SIZE)


def test_workers_that_load_libraries_are_not_replaced() -> None:
    with Processes(1).open() as pool:
        assert pool.submit(growth_allowed).result() >= 2**40  # bytes; by default 300 MB


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"jobs": 0}, "jobs=0"),
        ({"executor": "processes:workers=0"}, "workers=0"),
        ({"executor": "proceses"}, "Did you mean processes"),
        ({"executor": "serial", "jobs": 2}, "Expected either jobs or an executor"),
        ({"executor": "processes", "jobs": 1}, "Expected either jobs or an executor, got jobs=1"),
    ],
)
def test_an_executor_that_cannot_be_is_answered(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        quorate.curve(population="digits", strategy="planting", learner="sgd", **given)


def test_an_executor_is_named_or_handed_in() -> None:
    assert choose_executor(executor="processes:workers=4") == choose_executor(4) == Processes(4)
    assert choose_executor(executor=Serial()) == choose_executor() == Serial()
