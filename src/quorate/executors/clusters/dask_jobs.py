"""Dask workers that are jobs, started for one run: on this machine, or in a queue.

The scheduler is in this process and ends with it. Its port takes anybody's code, so it speaks TLS
with a key that is made for the run, and is removed after it.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import sys
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from quorate.errors import InputError, reason
from quorate.executors.clusters.dask_pool import DaskPool, quiet
from quorate.executors.executor import Workers

PREFIX = "quorate-"
OF_WORKERS = (  # settings of Dask: what is in a worker's memory is our own, not Dask's to spill
    # Dask has memory returned at once: a training fetches it anew at every step, and takes half as
    # long again. These are the values that the C library finds by itself where nothing is set.
    "export MALLOC_TRIM_THRESHOLD_=67108864 MALLOC_MMAP_THRESHOLD_=33554432",
    *(f"export DASK_DISTRIBUTED__WORKER__MEMORY__{key}=False" for key in ("TARGET", "SPILL")),
    "export DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE=False",
    "export DASK_DISTRIBUTED__WORKER__USE_FILE_LOCKING=False",  # network disks may have none
    'export DASK_DISTRIBUTED__WORKER__HTTP__ROUTES="[]"',  # which ask for no key
)
SETTINGS = {
    "distributed.scheduler.http.routes": [],  # which ask for no key
    "distributed.scheduler.allowed-failures": 0,  # what is lost is tried again by the run
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.worker-ttl": "1 hour",  # some code lets no other thread speak for long
    "distributed.deploy.lost-worker-timeout": "5s",
}
SCHEDULER: dict[str, Any] = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
LAST_WORD = 30  # seconds in which a worker finds the scheduler, or ends


def load_jobqueue() -> Any:
    """Return dask-jobqueue, without the handler of Ctrl-C that it installs when it is imported."""
    import distributed  # noqa: F401  (first, so that it is not meant by what follows)

    install = signal.signal
    signal.signal = lambda *_: None
    try:
        import dask_jobqueue
    finally:
        signal.signal = install
    return dask_jobqueue


def new_name() -> str:
    """Return a name for the jobs of a run, which no other run has."""
    return PREFIX + uuid.uuid4().hex[:8]


def keys_of(name: str, folder: Path) -> Path:
    """Return where the credentials of a run are, for the time that it lasts."""
    return folder / f".{name}"


@contextlib.contextmanager
def open_jobs(
    make: Callable[..., Any], name: str, folder: Path, **options: Any
) -> Iterator[tuple[Any, Any]]:
    """Yield a cluster without jobs, and a client of it; all its jobs end on leaving.

    Args:
        make: the class of the cluster, as in dask_jobqueue.
        name: of the jobs.
        folder: where the workers' logs go, and a subfolder of its own for keys; all workers see it.
        options: of one job.

    Raises:
        InputError: the folder cannot be written.
    """
    import dask
    from distributed import Client

    with (
        quiet(),
        dask.config.set(SETTINGS),
        warnings.catch_warnings(),
        _made(keys_of(name, folder)) as keys,
    ):
        warnings.simplefilter("ignore")  # of other libraries, while they set up
        given = {
            "name": name,
            "job_name": name,
            "security": _make_credentials(keys),
            "log_directory": str(folder),
            "local_directory": shlex.quote(str(keys)),
            "python": shlex.quote(sys.executable),
            "death_timeout": LAST_WORD,
            "scheduler_options": dict(SCHEDULER),  # which is added to
            "processes": 1,
        }
        try:
            cluster = make(**{**given, **options})
        except (OSError, RuntimeError, ValueError) as error:
            raise InputError(
                f"Expected to start Dask's scheduler here, got: {reason(error)}. Mend the "
                "parameters of the executor: interface= names a network of this machine."
            ) from error
        with cluster, Client(cluster, set_as_default=False) as client:
            yield cluster, client


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """Make a folder that nobody else can read, and remove it afterwards."""
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise InputError(
            f"Expected to write to {folder.parent}, got: {reason(error)}. Name another folder that "
            "all workers see: folder=FOLDER."
        ) from error
    try:
        yield folder.absolute()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_credentials(folder: Path) -> Any:
    """Return credentials that are made anew; what workers need of them is in files, for them."""
    from distributed.security import Security

    class Credentials(Security):  # type: ignore[misc]
        def get_tls_config_for_role(self, role: str) -> dict[str, Any]:
            """Quote the names of a worker's files, which are read in the shell of its job."""
            found: dict[str, Any] = super().get_tls_config_for_role(role)
            if role != "worker":
                return found
            return {key: shlex.quote(one) for key, one in found.items() if one}

    security = Credentials.temporary()
    for field in ("tls_ca_file", "tls_worker_cert", "tls_worker_key"):
        file = folder / f"{field}.pem"
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(getattr(security, field))
        setattr(security, field, str(file))
    return security


class JobsPool(DaskPool):
    """Workers that are jobs of this run, one each: those that are gone are started again.

    Args:
        cluster: whose jobs they are.
        client: of its scheduler.
        workers: how many there will be.
        patience: seconds for which there may be none.
    """

    def __init__(self, cluster: Any, client: Any, workers: int, patience: float) -> None:
        super().__init__(client, workers, patience)
        self._cluster = cluster

    def look(self) -> Workers:
        """Return how many there are, having asked for those that are missing."""
        self._cluster.scale(jobs=self.workers)
        return super().look()
