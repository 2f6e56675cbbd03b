"""Workers of Ray: of a cluster that is there already, or of this machine."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from quorate.errors import InputError, reason
from quorate.executors.clusters.ray_pool import RayPool, count_places, in_a_line
from quorate.executors.clusters.waiting import seconds_of, wait_for_first
from quorate.executors.executor import Executor, Pool
from quorate.executors.processes import check_workers
from quorate.extras import require
from quorate.runtime import device
from quorate.spec import param
from quorate.validate import at_least, shown

WORKERS = 2  # on this machine
HERE, AUTO = "local", "auto"  # Ray's words: a new cluster on this machine, one that is there
CONNECTING = 10  # seconds
QUIETLY: dict[str, Any] = {"logging_level": logging.CRITICAL, "log_to_driver": False}
PATIENCE = {  # Ray's settings, unless the user has made them
    "RAY_gcs_server_port_wait_time_s": "1",  # one attempt, where Ray would try for minutes
    "RAY_py_gcs_connect_timeout_s": f"{CONNECTING}",
    "RAY_CLIENT_RECONNECT_GRACE_PERIOD": "10",  # seconds that workers outlive a killed run
}


@dataclass(frozen=True)
class Ray(Executor):
    """Workers of a Ray cluster: an existing one, or one started on this machine for this run.

    Raises:
        InputError: a number is not as expected.
    """

    name: ClassVar[str] = "ray"
    is_elsewhere: ClassVar[bool] = True
    address: str = param(
        "",
        "Address of a cluster: auto, HOST:PORT or ray://HOST:PORT; local starts one on this "
        "machine. By default RAY_ADDRESS if it is set, else local.",
    )
    workers: int | None = param(
        None,
        "Most workers to use; by default as many as the cluster has CPUs (or GPUs, if gpus is "
        "given), and 2 on this machine.",
    )
    gpus: float = param(0.0, "GPUs of a worker; 0.5 lets two share one.")
    patience: str = param("60s", "Longest time without any worker: 90s, 30m, 12h or 2d.")

    def __post_init__(self) -> None:
        if self.workers is not None:
            check_workers("workers", self.workers)
        at_least("gpus", self.gpus, 0, "Use no GPU, a part of one, or more.")
        if self.gpus > 1 and self.gpus % 1:
            raise InputError(
                f"Expected gpus={self.gpus:g} to be a whole number, or less than one. Use "
                f"gpus={self.gpus:.0f}."
            )
        seconds_of("patience", self.patience)

    def check(self) -> None:
        """Raise InputError where Ray is not installed, nobody is at the address, or GPUs lack."""
        require(self.name, "the executor ray")
        if device.asked() == "cuda" and not self.gpus:
            raise InputError(
                "Expected GPUs for device=cuda, got workers of Ray without one. Ask for one each, "
                "or for a part: ray:gpus=1."
            )
        if self._place not in (HERE, AUTO):
            _check_reachable(self._place)

    @contextlib.contextmanager
    def open(self) -> Iterator[Pool]:
        """Yield the workers once one of them has answered."""
        self.check()
        with self._connected():
            pool = RayPool(self.workers, self.gpus, seconds_of("patience", self.patience))
            try:
                wait_for_first(pool, "Waiting for Ray's workers")
                yield pool
            finally:
                pool.stop()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[None]:
        """Be connected to a cluster; one that was connected to here is left afterwards."""
        import ray

        if ray.is_initialized():  # by the user's own program
            self._check_same()
            yield
            return
        with _unnoticed():
            try:
                if self._place == HERE:
                    self._start()
                else:
                    _connect(self._place)
                yield
            finally:
                ray.shutdown()

    @property
    def _place(self) -> str:
        """Where the cluster is that is meant."""
        return self.address or os.environ.get("RAY_ADDRESS") or HERE

    def _check_same(self) -> None:
        """Raise InputError where another cluster is asked for than this program is connected to."""
        import ray

        there = str(ray.get_runtime_context().gcs_address)
        if self.address not in ("", AUTO, there):
            raise InputError(
                f"Expected to connect to a Ray cluster at {self.address}, got a program that is "
                f"connected to {there}. Leave address= out to use that one, or call "
                "ray.shutdown() before."
            )

    def _start(self) -> None:
        """Start Ray on this machine."""
        import ray

        try:
            ray.init(HERE, num_cpus=self.workers or WORKERS, include_dashboard=False, **QUIETLY)
        except Exception as error:
            raise InputError(
                f"Expected Ray to start on this machine, got: {in_a_line(error)}. Use "
                "processes:workers=2, or see /tmp/ray for Ray's own logs."
            ) from error
        if self.gpus and not count_places(self.gpus):
            raise InputError(
                f"Expected {self.gpus:g} GPU for each worker, got a machine where Ray finds none. "
                "Leave gpus= out, or name a cluster: ray:address=HOST:PORT."
            )


def _connect(address: str) -> None:
    """Connect to a cluster that is there.

    Raises:
        InputError: there is none, it lets nobody in, or its versions differ.
    """
    import ray

    for key, value in PATIENCE.items():
        os.environ.setdefault(key, value)
    try:
        with _no_stderr():
            ray.init(address, **QUIETLY)
    except Exception as error:
        raise InputError(_cannot_connect(address, error)) from error


@contextlib.contextmanager
def _unnoticed() -> Iterator[None]:
    """Keep Ray's messages from the terminal, and undo what it changes in this process.

    It prints what happens to its nodes, on standard output, whatever it is told.
    """
    import ray

    environment = dict(os.environ)
    logger, worker = logging.getLogger("ray"), ray._private.worker
    level, handlers, propagate = logger.level, list(logger.handlers), logger.propagate
    prints = getattr(worker, "print_to_stdstream", None)
    is_main = threading.current_thread() is threading.main_thread()
    on_term = signal.getsignal(signal.SIGTERM)
    worker.print_to_stdstream = lambda *_, **__: None
    try:
        yield
    finally:
        worker.print_to_stdstream = prints
        logger.setLevel(level)
        logger.handlers, logger.propagate = handlers, propagate
        os.environ.clear()
        os.environ.update(environment)
        _forget_token()
        if is_main and on_term is not None:
            signal.signal(signal.SIGTERM, on_term)


def _forget_token() -> None:
    """Let Ray find out anew whether a token is asked for, and which.

    It keeps what held for the first cluster of a process: workers of another one would be turned
    away by this process, and end.
    """
    with contextlib.suppress(ImportError, AttributeError):  # older versions know no tokens
        inside: Any = importlib.import_module("ray._raylet")
        inside.Config.initialize("")
        inside.AuthenticationTokenLoader.instance().reset_cache()


@contextlib.contextmanager
def _no_stderr() -> Iterator[None]:
    """Keep what is not Python in Ray from writing to the terminal."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _check_reachable(address: str) -> None:
    """Raise InputError where nobody listens; Ray itself tries for minutes."""
    if address.startswith("ray://") and importlib.util.find_spec("grpc") is None:
        raise InputError(
            f"Expected Ray's client for {address}, got a Ray without it. Install it: pip install "
            "'ray[client]'."
        )
    found = re.fullmatch(r"(?:ray://)?\[?(?P<host>[^\s/]+?)\]?:(?P<port>\d+)/?", address)
    if not found:
        raise InputError(
            f"Expected the address of a Ray cluster, got {shown(address)}. Use auto, HOST:PORT "
            "(as ray start --head has printed), ray://HOST:10001 or local."
        )
    try:
        socket.create_connection((found["host"], int(found["port"])), CONNECTING).close()
    except (OSError, OverflowError) as error:
        raise InputError(_no_cluster(address, reason(error))) from error


def _no_cluster(address: str, got: str) -> str:
    return (
        f"Expected a Ray cluster at {address}, got: {got}. Start one (ray start --head), or mend "
        "the address; on this machine: ray:workers=2."
    )


def _cannot_connect(address: str, error: Exception) -> str:
    """Return in a line why there is no connection, and what mends it."""
    said, cause = in_a_line(error), error.__cause__
    while cause is not None:
        said, cause = f"{said} {in_a_line(cause)}", cause.__cause__
    found = re.search(r"Ray: (\S+) Python: (\S+) .*Ray: (\S+) Python: (\S+)", said)
    if found:
        return (
            f"Expected a Ray cluster of the versions here, Ray {found[3]} on Python {found[4]}, "
            f"got Ray {found[1]} on Python {found[2]} at {address}. Install the same ones: pip "
            f"install ray=={found[1]}, in an environment of that Python."
        )
    if "uthenticat" in said:
        return (
            f"Expected to be let in by the Ray cluster at {address}, got that it wants another "
            "token. Set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN to the token of the cluster (ray "
            "get-auth-token shows it there)."
        )
    return _no_cluster(address, in_a_line(error).rstrip("."))
