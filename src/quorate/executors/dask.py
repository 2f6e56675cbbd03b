"""Workers of Dask: of a cluster that is there already, or of this machine."""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from quorate.errors import InputError, reason
from quorate.executors.clusters.dask_jobs import (
    OF_WORKERS,
    SCHEDULER,
    JobsPool,
    load_jobqueue,
    new_name,
    open_jobs,
)
from quorate.executors.clusters.dask_pool import DaskPool, quiet
from quorate.executors.clusters.guard import guarded
from quorate.executors.clusters.waiting import seconds_of, wait_for_first
from quorate.executors.executor import Executor, Pool
from quorate.executors.processes import check_workers
from quorate.extras import require
from quorate.spec import param

WORKERS = 2
HERE = "127.0.0.1"  # which nobody else reaches, and which stays when networks come and go
CONNECTING = 10  # seconds
# Removes a folder; where this process was killed, once its jobs have ended.
GUARD = """
[ -n "$said" ] || for pause in 1 2 4; do sleep $pause; rm -rf "$0"; done
rm -rf "$0"
"""
# Starts a script as a session of its own, and prints the number of its processes' group, negative.
SUBMIT = 'script=$(cat "$0"); setsid sh -c "$script" </dev/null >/dev/null 2>&1 & echo "-$!"'
# Ends the job within a second of this process, however that dies.
HEADER = """\
exec >>"{logs}/$$.log" 2>&1
(while kill -0 {parent}; do sleep 0.5; done; kill -9 0) 2>/dev/null &
"""


@dataclass(frozen=True)
class Dask(Executor):
    """Workers of a Dask cluster: an existing one, or one started on this machine for this run.

    Raises:
        InputError: more than one place is named, or there is not at least one worker.
    """

    name: ClassVar[str] = "dask"
    is_elsewhere: ClassVar[bool] = True
    alternatives: ClassVar[tuple[str, ...]] = ("address", "scheduler_file", "workers")
    address: str = param("", "Address of a scheduler, such as tls://host:8786.")
    scheduler_file: str = param("", "File that a scheduler has written, in place of its address.")
    workers: int | None = param(
        None, "Number of workers to start on this machine where no cluster is named; 2 by default."
    )
    patience: str = param("60s", "Longest time without any worker: 90s, 30m, 12h or 2d.")

    def __post_init__(self) -> None:
        given = [key for key in self.alternatives if getattr(self, key)]
        if len(given) > 1:
            raise InputError(
                "Expected at most one of address=, scheduler_file= and workers= for the executor "
                f"dask, got {', '.join(given)}. Write dask:scheduler_file=FILE for a cluster "
                "that is there, or dask:workers=4 for this machine."
            )
        if self.workers is not None:
            check_workers("workers", self.workers)
        seconds_of("patience", self.patience)

    def check(self) -> None:
        """Raise InputError unless Dask is installed, and the file of a scheduler is there."""
        require(self.name, "the executor dask")
        if self.scheduler_file and not Path(self.scheduler_file).is_file():
            raise InputError(
                f"Expected the file of a Dask scheduler at {self.scheduler_file}, got none. Start "
                f"one that writes it: dask scheduler --scheduler-file {self.scheduler_file}."
            )

    @contextlib.contextmanager
    def open(self) -> Iterator[Pool]:
        """Yield the workers once one of them has answered."""
        self.check()
        with quiet(), self._workers() as pool:
            try:
                wait_for_first(pool, "Waiting for Dask's workers")
                if self._is_there:
                    pool.check_all()
                yield pool
            finally:
                pool.cancel()

    @property
    def _is_there(self) -> bool:
        """Whether the cluster is somebody else's, who keeps it."""
        return bool(self.address or self.scheduler_file)

    @contextlib.contextmanager
    def _workers(self) -> Iterator[DaskPool]:
        if self._is_there:
            with self._connect() as client:
                yield DaskPool(client, None, seconds_of("patience", self.patience))
            return
        workers = self.workers or WORKERS
        with (
            _folder_of_the_run() as folder,
            open_jobs(_jobs_here(), new_name(), folder, **_share(workers)) as (
                cluster,
                client,
            ),
        ):
            yield JobsPool(cluster, client, workers, seconds_of("patience", self.patience))

    def _connect(self) -> Any:
        """Return a client of the scheduler, with the TLS that Dask is configured to use."""
        from distributed import Client

        where = self.address or self.scheduler_file
        named = {"scheduler_file" if self.scheduler_file else "address": where}
        try:
            with warnings.catch_warnings(action="ignore"):  # of versions: ours are checked
                return Client(**named, timeout=CONNECTING, set_as_default=False)
        except (OSError, TimeoutError, ValueError, TypeError, KeyError) as error:
            raise InputError(
                f"Expected a Dask scheduler at {where}, got: {reason(error)}. Start one (dask "
                "scheduler), or mend the address; tls:// needs Dask's own configuration of TLS."
            ) from error


@contextlib.contextmanager
def _folder_of_the_run() -> Iterator[Path]:
    """Make a folder for keys and logs, which does not outlive the run, however that ends."""
    folder = tempfile.mkdtemp(prefix="quorate-")
    with guarded(GUARD, folder):
        yield Path(folder)


def _share(workers: int) -> dict[str, Any]:
    from distributed.system import MEMORY_LIMIT

    memory = f"{MEMORY_LIMIT // workers}B"
    return {
        "cores": 1,
        "memory": memory,
        "job_script_prologue": list(OF_WORKERS),
        "scheduler_options": {**SCHEDULER, "host": HERE},
        "worker_extra_args": ["--host", HERE],
    }


def _jobs_here() -> type:
    """Return the class of a cluster whose jobs are processes of this machine."""
    core = load_jobqueue().core

    class HereJob(core.Job):  # type: ignore[misc, name-defined]
        """A job that is a session of processes."""

        config_name = "local"
        submit_command = f"sh -c '{SUBMIT}'"
        cancel_command = "kill -9 --"
        job_id_regexp = r"(?P<job_id>-\d+)"

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, shebang="#!/bin/sh", **kwargs)
            self.job_header = HEADER.format(logs=self.log_directory, parent=os.getpid())

    class HereCluster(core.JobQueueCluster):  # type: ignore[misc, name-defined]
        job_cls = HereJob

    return HereCluster
