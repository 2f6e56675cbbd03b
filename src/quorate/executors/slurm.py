"""Workers that are jobs of Slurm."""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from quorate.errors import InputError
from quorate.executors.clusters.dask_jobs import (
    OF_WORKERS,
    keys_of,
    load_jobqueue,
    new_name,
    open_jobs,
)
from quorate.executors.clusters.guard import guarded
from quorate.executors.clusters.slurm_jobs import SlurmJobs
from quorate.executors.clusters.slurm_pool import SlurmPool
from quorate.executors.clusters.slurm_queue import GUARD, check_commands, check_script
from quorate.executors.clusters.waiting import seconds_of, wait_for_first
from quorate.executors.executor import Executor, Pool
from quorate.executors.processes import check_workers
from quorate.extras import require
from quorate.runtime.places import place
from quorate.spec import param
from quorate.validate import at_least, shown

IN_A_LINE = ("partition", "time", "memory", "account", "options", "python", "interface", "folder")
MEBIBYTES = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024**2}
LEAST = 256  # mebibytes of a worker
NANNY = 128  # mebibytes of a worker's memory for the process that watches it
PLACEHOLDER = "--name dummy-name"  # of dask-jobqueue, for the worker's name
WORKER = '--name "job-${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"'


@dataclass(frozen=True)
class Slurm(Executor):
    """Jobs of Slurm, submitted as arrays from a login node; Dask hands them their work.

    Raises:
        InputError: there is not at least one worker, a number is not as expected, or text but
            for setup holds several lines.
    """

    name: ClassVar[str] = "slurm"
    is_elsewhere: ClassVar[bool] = True
    workers: int = param(
        1, "Number of workers; each is a job of its own, unless per_job is above 1."
    )
    partition: str = param("", "Partition to submit to; the cluster's default if empty.")
    time: str = param(
        "01:00:00", "Time limit of a job; other jobs take over what it leaves unfinished."
    )
    memory: str = param(
        "4GB", "Memory of a worker; 0 asks for all that a node has, an empty text for no amount."
    )
    cores: int = param(1, "Cores of a worker; networks train in one thread regardless.")
    gpus: int = param(0, "GPUs of a worker.")
    per_job: int = param(1, "Number of workers in each job; above 1 where jobs get whole nodes.")
    account: str = param("", "Account that the jobs are charged to.")
    options: str = param("", "Further options of sbatch, such as --qos=short --constraint=ib.")
    setup: str = param("", "Shell commands before a worker starts, such as module load python.")
    python: str = param("", "Python of the nodes; the path of this one if empty.")
    interface: str = param("", "Network interface between the nodes, such as ib0.")
    folder: str = param("slurm", "Folder that all nodes see, for the jobs' logs and keys.")
    patience: str = param("1d", "Longest time without any worker: 90s, 30m, 12h or 2d.")

    def __post_init__(self) -> None:
        for key in IN_A_LINE:
            if any(sign in str(getattr(self, key)) for sign in "\n\r\0"):
                raise InputError(
                    f"Expected {key} in one line, got {shown(getattr(self, key))}. Leave out its "
                    "line breaks: they would begin another line of the job's script."
                )
        check_workers("workers", self.workers)
        at_least("cores", self.cores, 1, "Use one core or more.")
        at_least("gpus", self.gpus, 0, "Use no GPU, or more.")
        at_least("per_job", self.per_job, 1, "Use one worker or more.")
        if self.gpus and self.per_job > 1:
            raise InputError(
                f"Expected per_job=1 for workers with GPUs, got per_job={self.per_job}: those of a "
                "job would share one. Give each a job of its own: leave per_job out."
            )
        seconds_of("patience", self.patience)
        _mebibytes("memory", self.memory)

    def check(self) -> None:
        """Raise InputError unless Slurm would take the jobs, in its own words where it would not.

        Also where this is no login node, or what the executor needs is not installed.
        """
        require(self.name, "the executor slurm")
        check_commands()
        name, make = new_name(), load_jobqueue().slurm.SLURMJob
        job = make("tls://scheduler", name, job_name=name, **self._job(name, self._place))
        check_script(job.job_script(), self._jobs)

    @contextlib.contextmanager
    def open(self) -> Iterator[Pool]:
        """Yield the workers once one of them has answered; on leaving, no job is left.

        Raises:
            InputError: Slurm does not take the jobs, in its own words.
            WorkerError: the jobs end before a worker comes, or none starts while there is patience.
        """
        require(self.name, "the executor slurm")
        check_commands()
        name, folder, make = new_name(), self._place, load_jobqueue().SLURMCluster
        with (
            guarded(GUARD, name, str(os.getuid()), str(keys_of(name, folder))) as guard,
            open_jobs(make, name, folder, **self._job(name, folder)) as (cluster, client),
        ):
            script = cluster.job_script().replace(PLACEHOLDER, WORKER)
            jobs = SlurmJobs(name, script, self._jobs, folder, guard)
            pool = SlurmPool(client, jobs, self, seconds_of("patience", self.patience))
            try:
                jobs.begin()
                wait_for_first(pool, "Waiting for Slurm")
                yield pool
            finally:
                pool.stop()

    @property
    def _jobs(self) -> int:
        return math.ceil(self.workers / self.per_job)

    @property
    def _place(self) -> Path:
        return place(self.folder).absolute()

    def _job(self, name: str, folder: Path) -> dict[str, Any]:
        """Return the options of a job, in dask-jobqueue's words."""
        given = {
            "queue": self.partition,
            "account": self.account,
            "python": self.python,
            "interface": self.interface,
        }
        memory = _mebibytes("memory", self.memory)
        mine = max(memory - NANNY, memory / 2) if memory else 0
        logs = str(folder).replace("%", "%%")  # which begins what Slurm fills in
        return {
            **{key: value for key, value in given.items() if value},
            "cores": self.per_job,
            "processes": self.per_job,
            "job_cpu": self.cores * self.per_job,
            "job_mem": f"{math.ceil(memory * self.per_job)}M" if memory is not None else "none",
            "memory": f"{mine * self.per_job}MiB",  # Dask ends a worker that takes more
            "walltime": self.time,
            "log_directory": None,
            "job_directives_skip": [] if memory is not None else ["--mem="],
            "job_extra_directives": [
                f'--output="{logs}/{name}-%A_%a.log"',
                "--no-requeue",
                *([f"--gres=gpu:{self.gpus}"] if self.gpus else []),
                *([self.options] if self.options else []),
            ],
            "job_script_prologue": [*OF_WORKERS, *([self.setup] if self.setup else [])],
        }


def _mebibytes(name: str, text: str) -> float | None:
    """Return the mebibytes of a text such as 4GB, as Slurm counts them; None where it is empty.

    >>> _mebibytes("memory", "4GB"), _mebibytes("memory", "1.5g"), _mebibytes("memory", "500")
    (4096.0, 1536.0, 500.0)
    """
    if not str(text).strip():
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)I?B?", str(text).strip().upper())
    if found is None:
        raise InputError(
            f"Expected {name} to be an amount of memory, got {shown(text)}. Write {name}=4GB or "
            f"{name}=500MB; {name}=0 asks for all of a node's."
        )
    amount = float(found[1]) * MEBIBYTES[found[2] or "M"]
    if 0 < amount < LEAST:
        raise InputError(
            f"Expected {name} to be {LEAST}MB or more, which a worker's libraries alone take, got "
            f"{shown(text)}. Write {name}=4GB: without a unit it counts in MB, as Slurm does."
        )
    return amount
