"""Workers of Ray: of a cluster that is there already, or of this machine."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from quorate.errors import InputError, WorkerError, reason
from quorate.executors import message
from quorate.executors.executor import Executor, Pool, Workers
from quorate.executors.message import require
from quorate.executors.processes import check_workers
from quorate.executors.waiting import TICK, Patience, wait_for_first
from quorate.spec import param
from quorate.validate import at_least

R = TypeVar("R")
WORKERS = 2  # on this machine
TURN = 5.0  # seconds of work in a message


@dataclass(frozen=True)
class Ray(Executor):
    """Workers of a Ray cluster: one that is there already, or one on this machine for this run.

    Raises:
        InputError: a number is not as expected.
    """

    name: ClassVar[str] = "ray"
    address: str = param("", "Address of a cluster: auto, HOST:PORT or ray://HOST:PORT.")
    workers: int | None = param(
        None, "Most workers of the cluster to use; or those to start on this machine, 2 by default."
    )
    gpus: float = param(0.0, "GPUs of a worker; 0.5 lets two share one.")
    patience: float = param(60.0, "Seconds to wait for a worker while there is none.")

    def __post_init__(self) -> None:
        if self.workers is not None:
            check_workers("workers", self.workers)
        at_least("gpus", self.gpus, 0, "Use no GPU, a part of one, or more.")
        at_least("patience", self.patience, 0, "Use a number of seconds.")

    @contextlib.contextmanager
    def open(self) -> Iterator[Pool]:
        """Yield the workers once one of them has answered."""
        require(self.name, "ray")
        import ray

        self._connect()
        try:
            pool = _RayPool(self)
            try:
                wait_for_first(pool, "Waiting for Ray's workers")
                yield pool
            finally:
                pool.stop()
        finally:
            ray.shutdown()

    def _connect(self) -> None:
        import ray

        where = {"address": self.address} if self.address else {"num_cpus": self.workers or WORKERS}
        try:
            ray.init(
                **where,
                include_dashboard=False if not self.address else None,
                logging_level=logging.CRITICAL,
                log_to_driver=False,
            )
        except (OSError, RuntimeError, ValueError, TimeoutError) as error:
            raise InputError(
                f"Expected a Ray cluster at {self.address or 'this machine'}, got: "
                f"{reason(error)}. Start one (ray start --head), or mend the address."
            ) from error


class _RayPool(Pool):
    """Ray's workers, one CPU each."""

    turn, is_remote, is_elsewhere, falls_together = TURN, True, True, False
    lost = (message.LostWorkerError,)

    def __init__(self, executor: Ray) -> None:
        import ray

        self._executor, self._patience = executor, Patience(executor.patience)

        def call(function: Callable[..., Any], *args: Any) -> Any:  # it needs no quorate there
            return function(*args)

        self._run = ray.remote(num_cpus=1, num_gpus=executor.gpus, max_retries=0)(call)
        self._sent: dict[Future[Any], Any] = {}
        self._ready, self._lost, self._looked_at = 0, 0, -TICK

    @property
    def workers(self) -> int:  # type: ignore[override]
        """How many there are when all are there."""
        return self._executor.workers or max(1, self._ready)

    def submit(self, work: Callable[..., R], /, *args: Any) -> Future[R]:
        """Have work done by a worker that is idle."""
        from ray.exceptions import RayError

        def hand_over(*given: Any) -> Future[bytes]:
            reference = self._run.remote(*given)
            sent: Future[bytes] = reference.future()
            self._sent[sent] = reference
            sent.add_done_callback(lambda one: self._sent.pop(one, None))
            return sent

        return message.send(hand_over, (RayError,), work, args)

    def look(self) -> Workers:
        """Return how many workers there are: as many as CPUs, or GPUs where they are asked for."""
        import ray

        now = time.monotonic()
        if now - self._looked_at >= TICK:
            self._ready = self._count(ray.cluster_resources())
            self._looked_at = now
        if self._patience.is_over(self._ready):
            raise WorkerError(
                f"Expected workers of Ray, got none for {self._patience.limit:g} seconds: no node "
                f"has {self._needs}. Start a node that has, or wait longer (patience=SECONDS)."
            )
        return Workers(self._ready, max(0, self.workers - self._ready))

    @property
    def _needs(self) -> str:
        gpus = self._executor.gpus
        return "a CPU" + (f" and {gpus:g} GPUs" if gpus else "")

    def _count(self, has: dict[str, float]) -> int:
        count = int(has.get("CPU", 0))
        if self._executor.gpus:
            count = min(count, int(has.get("GPU", 0) / self._executor.gpus))
        return count if self._executor.workers is None else min(count, self._executor.workers)

    def stop(self) -> None:
        """Cancel what waits, and end what runs."""
        import ray

        for reference in list(self._sent.values()):
            with contextlib.suppress(Exception):
                ray.cancel(reference, force=True)
