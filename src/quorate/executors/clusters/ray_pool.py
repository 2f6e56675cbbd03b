"""Workers of a Ray cluster: actors of this run, which are asked for and replaced."""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from quorate.errors import WorkerError
from quorate.executors.clusters import message
from quorate.executors.clusters.waiting import TICK, Patience
from quorate.executors.executor import Pool, Workers

R = TypeVar("R")
TURN = 5.0  # seconds of work in a message
ENDING = 5.0  # seconds
SILENCE = 30.0  # seconds without an answer of the head node; after 60, Ray ends the whole process


class RayPool(Pool):
    """Workers that are actors with a CPU each; those that are lost are asked for again.

    An actor stays for the whole run, with its libraries loaded, where Ray starts a new process for
    each task that has a GPU. While an actor waits for its place, a cluster that grows sees that it
    has to. Ray is called by one thread, which does what comes up in order.

    Args:
        workers: most workers; None for as many as the nodes have CPUs, or GPUs if asked for.
        gpus: of each worker.
        patience: seconds for which there may be none.
    """

    turn, is_remote, is_elsewhere, falls_together = TURN, True, True, False
    lost = (message.LostWorkerError,)

    def __init__(self, workers: int | None, gpus: float, patience: float) -> None:
        self._most, self._gpus, self._patience = workers, gpus, Patience(patience)
        self._wanted, self._answered_at = workers or count_places(gpus), time.monotonic()
        self._crew: list[_Worker] = []
        self._queue: deque[tuple[Future[bytes], tuple[Any, ...]]] = deque()
        self._lost, self._error = 0, ""
        self._ending = False
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="quorate-ray", daemon=True)
        self._thread.start()

    @property
    def workers(self) -> int:  # type: ignore[override]
        """How many there are when all are there."""
        return max(1, self._wanted)

    def submit(self, work: Callable[..., R], /, *args: Any) -> Future[R]:
        """Have work done by a worker that is idle."""

        def hand_over(*given: Any) -> Future[bytes]:
            sent: Future[bytes] = Future()
            self._events.put(lambda: self._queue.append((sent, given)))
            return sent

        return message.send(hand_over, losses(), work, args)

    def look(self) -> Workers:
        """Return how the workers are."""
        silent = time.monotonic() - self._answered_at > SILENCE
        if self._error or silent:
            raise WorkerError(_no_answer(self._error or f"nothing for {SILENCE:g} seconds"))
        ready = sum(worker.is_ready for worker in list(self._crew))
        if self._patience.is_over(ready):
            raise WorkerError(
                f"Expected workers of Ray, got none for {self._patience.limit:g} seconds: each "
                f"needs {self._needs}, and {_describe_cluster(self._gpus)}. Start a node that has "
                "them (ray start), or wait longer (patience=10m)."
            )
        return Workers(ready, max(0, self.workers - ready), self._lost, f"for {self._needs} each")

    def stop(self) -> None:
        """End all workers, whatever they are at."""
        self._ending = True
        self._events.put(lambda: None)
        self._thread.join(ENDING)

    @property
    def _needs(self) -> str:
        return "a CPU" + (f" and {self._gpus:g} GPU" if self._gpus else "")

    # ------------------------------------------------------------- what follows is the thread's

    def _serve(self) -> None:
        """Do what comes up, and look after the workers, until the pool is stopped."""
        try:
            while not self._ending:
                self._recount()
                self._hire()
                self._hand_out()
                with contextlib.suppress(queue.Empty):
                    self._events.get(timeout=TICK)()
        except Exception as error:
            self._error = in_a_line(error)
        for worker in self._crew:
            worker.end()

    def _recount(self) -> None:
        """Ask the head node what nodes there are, which may say how many workers there should be.

        It is asked in any case, to know that it is there.
        """
        if time.monotonic() - self._answered_at > TICK:
            places = count_places(self._gpus)
            self._wanted, self._answered_at = self._most or places, time.monotonic()

    def _hire(self) -> None:
        """Ask for workers that are missing; let go of those that wait for a place that is gone."""
        while len(self._crew) < self.workers:
            self._crew.append(_Worker(self._gpus))
            self._greet(self._crew[-1])
        for worker in [one for one in self._crew if not one.is_there][: self._surplus]:
            self._dismiss(worker)

    @property
    def _surplus(self) -> int:
        return max(0, len(self._crew) - self.workers)

    def _hand_out(self) -> None:
        """Give what waits to those that are idle."""
        idle = deque(worker for worker in self._crew if worker.is_idle)
        while self._queue and idle:
            sent, given = self._queue.popleft()
            if sent.set_running_or_notify_cancel():
                worker = idle.popleft()
                worker.is_idle = False
                self._when_done(worker.work(*given), self._take, worker, sent)

    def _when_done(self, answer: Future[Any], then: Callable[..., None], *args: Any) -> None:
        answer.add_done_callback(lambda one: self._events.put(functools.partial(then, *args, one)))

    def _greet(self, worker: _Worker) -> None:
        """Find out whether a worker is there."""
        self._when_done(worker.greet(), self._meet, worker)

    def _meet(self, worker: _Worker, answer: Future[None]) -> None:
        if worker not in self._crew:
            return
        try:
            answer.result()
        except losses():
            self._lose(worker)
        else:
            worker.is_there = worker.is_idle = worker.is_ready = True

    def _take(self, worker: _Worker, sent: Future[bytes], answer: Future[bytes]) -> None:
        """Hand on what a worker has answered."""
        try:
            found = answer.result()
        except losses() as error:
            self._lose(worker)
            sent.set_exception(error)
        except (ImportError, AttributeError) as error:  # quorate is not there
            sent.set_exception(error)
        except Exception as error:
            sent.set_exception(WorkerError(_no_answer(in_a_line(error))))
        else:
            worker.is_idle = True
            sent.set_result(found)

    def _lose(self, worker: _Worker) -> None:
        """Let go of a worker, and find out whether those that are idle are still there.

        They may have been on the same node, and what was lost is given to somebody alive.
        """
        self._lost += 1
        self._dismiss(worker)
        for other in self._crew:
            if other.is_idle:
                other.is_idle = other.is_ready = False
                self._greet(other)

    def _dismiss(self, worker: _Worker) -> None:
        self._crew.remove(worker)
        worker.end()


class _Worker:
    """An actor: asked for, there, or at work."""

    def __init__(self, gpus: float) -> None:
        self.is_there = self.is_ready = self.is_idle = False
        self._actor = _make_actor(gpus)

    def greet(self) -> Future[None]:
        """Return a future that is done once the worker is there."""
        answer: Future[None] = self._actor.greet.remote().future()
        return answer

    def work(self, *given: Any) -> Future[bytes]:
        """Return a future of the answer to a message."""
        answer: Future[bytes] = self._actor.work.remote(*given).future()
        return answer

    def end(self) -> None:
        """Kill it."""
        import ray

        with contextlib.suppress(Exception):
            ray.kill(self._actor)


def _make_actor(gpus: float) -> Any:
    """Return a new actor; its class travels with it, since a worker may have no quorate.

    One without a GPU sees none: not every version of Ray hides them.
    """
    import ray

    class QuorateWorker:
        def __init__(self) -> None:
            if not gpus:
                os.environ["CUDA_VISIBLE_DEVICES"] = ""

        def greet(self) -> None:
            """Be there."""

        def work(self, function: Callable[..., Any], *args: Any) -> Any:
            """Call a function."""
            return function(*args)

    needs = {"num_cpus": 1, "num_gpus": gpus, "max_restarts": 0, "scheduling_strategy": "SPREAD"}
    return ray.remote(**needs)(QuorateWorker).remote()


@functools.cache
def losses() -> tuple[type[Exception], ...]:
    """Return what Ray raises where a worker or its node is lost, not where the work fails."""
    from ray import exceptions

    return (
        exceptions.RayActorError,
        exceptions.WorkerCrashedError,
        exceptions.NodeDiedError,
        exceptions.OutOfMemoryError,
        exceptions.ObjectLostError,
    )


def count_places(gpus: float) -> int:
    """Return how many workers have room on the nodes, if nobody else is there."""
    import ray

    has = ray.cluster_resources()
    count = int(has.get("CPU", 0))
    return min(count, int(has.get("GPU", 0) / gpus)) if gpus else count


def _describe_cluster(gpus: float) -> str:
    import ray

    has, free = ray.cluster_resources(), ray.available_resources()
    parts = [
        f"{has.get(kind, 0):g} {kind}s ({free.get(kind, 0):g} free)"
        for kind in (("CPU", "GPU") if gpus else ("CPU",))
    ]
    return f"the cluster has {' and '.join(parts)}"


def in_a_line(error: BaseException) -> str:
    """Return what an error of Ray's says, which often fills a screen, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _no_answer(got: str) -> str:
    return (
        f"Expected Ray to answer, got: {got}. What was finished is stored: start the cluster "
        "again, and run the same command to go on."
    )
