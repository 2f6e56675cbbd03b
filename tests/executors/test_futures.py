"""Executors in the shape of ``concurrent.futures``, handed in: the same cells, and what breaks."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from squares_work import Squares, cells, squares

import quorate
from quorate.errors import InputError, WorkerError
from quorate.executors import futures
from quorate.executors.futures import Futures
from quorate.runs.cell import PlainCell
from quorate.runs.running import run_missing
from quorate.runs.store import Store

METHODS: dict[str, Any] = {
    "population": "gaussian:n=40,held_out=20",
    "strategy": "planting:signal=columns,x2=3",
    "learner": "sgd:epochs=1,model=logistic",
    "alphas": [0.1, 0.5],
    "seeds": 2,
}


def threads() -> concurrent.futures.Executor:
    return ThreadPoolExecutor(3)


def processes() -> concurrent.futures.Executor:
    return ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))


def lokys() -> concurrent.futures.Executor:
    from loky import ProcessPoolExecutor as Loky

    return Loky(2)  # type: ignore[no-any-return]


Start = Callable[[], concurrent.futures.Executor]


@pytest.mark.parametrize("start", [threads, processes, lokys])
def test_cells_are_computed_and_the_engine_stays_open(start: Start) -> None:
    wanted = cells(*range(20))
    with start() as engine:
        for _ in range(2):
            with Store(None) as store, Futures(engine).open() as pool:
                found = run_missing(Squares(), wanted, store, pool)
            assert squares(found) == [n**2 for n in range(20)]
            assert [one.plain["root"] for one in found] == [n**0.5 for n in range(20)]
        assert engine.submit(abs, -1).result() == 1


def test_a_study_takes_an_engine() -> None:
    expected = quorate.curve(**METHODS).to_json()["cells"]
    with threads() as engine:
        found = quorate.curve(**METHODS, executor=engine).to_json()["cells"]
    for one in (*expected, *found):
        del one["seconds"]
    assert found == expected


def test_threads_do_one_message_at_a_time() -> None:
    with threads() as engine, Futures(engine).open() as pool:
        assert pool.workers == 3
        together = [pool.submit(_overlaps) for _ in range(6)]
        assert not any(one.result() for one in together)


_at_it = threading.Semaphore(1)


def _overlaps() -> bool:
    """Whether another thread is here as well."""
    if not _at_it.acquire(blocking=False):
        return True
    threading.Event().wait(0.01)
    _at_it.release()
    return False


def test_an_engine_that_breaks_ends_the_run_with_what_to_do(tmp_path: Path) -> None:
    wanted = cells(*range(6))
    with lokys() as engine, Store(tmp_path, write=True) as store:
        with (
            pytest.raises(WorkerError, match=r"to go on when a worker is lost, got: .* to go on"),
            Futures(engine).open() as pool,
        ):
            run_missing(Squares(deadly=(5,)), wanted, store, pool)
        with pytest.raises(WorkerError, match="hand in a new executor"):
            quorate.curve(**METHODS, executor=engine)
    with Store(tmp_path, write=True) as store, threads() as engine, Futures(engine).open() as pool:
        assert squares(run_missing(Squares(), wanted, store, pool)) == [0, 1, 4, 9, 16, 25]


def test_an_engine_that_was_shut_down_is_answered() -> None:
    engine = threads()
    engine.shutdown()
    with pytest.raises(InputError, match="Hand in one that was not shut down"):
        quorate.curve(**METHODS, executor=engine)


class Silent:
    """An engine that does not say how many workers it has."""

    def __init__(self) -> None:
        self.sent: list[Future[Any]] = []

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        self.sent.append(Future())
        self.sent[-1].set_result(function(*args))
        return self.sent[-1]


def test_an_engine_must_say_how_many_workers_it_has() -> None:
    with pytest.raises(InputError, match=r"Say it: .*Futures\(engine, workers=4\)"):
        quorate.curve(**METHODS, executor=Silent())
    found = quorate.curve(**METHODS, executor=Futures(Silent(), workers=4))
    assert len(found.to_json()["cells"]) == 6
    with pytest.raises(InputError, match=r"Expected an executor with submit\(function, \*args\)"):
        Futures("threads")
    with pytest.raises(InputError, match=r"submit\(.* got <class '.*ThreadPoolExecutor'>"):
        Futures(ThreadPoolExecutor)


def test_what_is_raised_is_handed_on_with_the_records_that_came_before(tmp_path: Path) -> None:
    wanted = [*cells(1, 2), PlainCell({"n": "three"})]
    with Store(tmp_path, write=True) as store, threads() as engine:
        with Futures(engine, workers=1).open() as pool, pytest.raises(TypeError) as caught:
            run_missing(Squares(), wanted, store, pool)
        assert len(store.ids("squares")) == 2
    assert "compute" in "".join(caught.value.__notes__)


class LockedError(Exception):
    """An error that cannot be packed, not even by those who pack any error, as Dask does."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.lock = threading.Lock()


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda: (_ for _ in ()).throw(LockedError("odd")), "LockedError: odd ("),
        (lambda: threading.Lock(), "cannot pickle '_thread.lock' object"),
        (lambda: exit(3), "SystemExit: 3"),
    ],
)
def test_what_cannot_travel_back_is_said(work: Callable[[], Any], said: str) -> None:
    with threads() as engine, Futures(engine).open() as pool:
        error = pool.submit(work).exception()
    assert isinstance(error, WorkerError | TypeError)
    assert said in str(error)
    assert "\n" not in str(error)  # the traceback stands beside it
    assert "Traceback" in "".join(error.__notes__)


_begun, _go_on = threading.Event(), threading.Event()


def _hold() -> None:
    _begun.set()
    _go_on.wait()


def test_what_waits_is_cancelled_where_a_run_stops() -> None:
    def stop() -> None:
        with Futures(engine).open() as pool:
            sent.extend([pool.submit(_hold), pool.submit(abs, -1)])
            _begun.wait()
            threading.Timer(0.1, _go_on.set).start()
            raise KeyboardInterrupt

    sent: list[Future[Any]] = []
    with ThreadPoolExecutor(1) as engine:
        with pytest.raises(KeyboardInterrupt):
            stop()
        assert sent[0].result() is None  # threads cannot be ended
        assert isinstance(sent[1].exception(), CancelledError)


class Stuck:
    """An engine whose workers never come, and that cannot cancel."""

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        return future


def test_what_never_ends_is_not_waited_for_where_a_run_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(futures, "GOODBYE", 0.1)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(futures, "wait_for_first", lambda pool, what: (pool.submit(abs, 1), stop()))
    with pytest.raises(KeyboardInterrupt), Futures(Stuck(), workers=1).open():
        pass
