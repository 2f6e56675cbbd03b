"""Workers that are jobs of Slurm."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from quorate.executors.dask_jobs import NEEDS, keys_of, new_name, open_jobs
from quorate.executors.executor import Executor, Pool
from quorate.executors.message import require
from quorate.executors.processes import check_workers
from quorate.executors.slurm_pool import SlurmPool
from quorate.executors.slurm_queue import check_commands, check_script, emptied
from quorate.executors.waiting import wait_for_first
from quorate.runtime.places import place
from quorate.runtime.progress import tell
from quorate.spec import param
from quorate.validate import at_least


@dataclass(frozen=True)
class Slurm(Executor):
    """Jobs of Slurm, one worker each, through dask-jobqueue; run it on a login node.

    Raises:
        InputError: there is not at least one worker, or a number is not as expected.
    """

    name: ClassVar[str] = "slurm"
    workers: int = param(1, "Number of jobs, each with one worker.")
    partition: str = param("", "Partition to submit to; the cluster's default if empty.")
    time: str = param("01:00:00", "Time limit of a job; what it had begun is done by others.")
    memory: str = param("4GB", "Memory of a job.")
    cores: int = param(1, "Cores of a job; networks train in one thread, whatever it is.")
    gpus: int = param(0, "GPUs of a job.")
    account: str = param("", "Account that the jobs are charged to.")
    options: tuple[str, ...] = param((), "Further options of sbatch, such as --qos=short.")
    setup: tuple[str, ...] = param((), "Shell commands before a worker starts.")
    python: str = param("", "Python of the nodes; the path of this one if empty.")
    interface: str = param("", "Network interface between the nodes, such as ib0.")
    folder: str = param("slurm", "Folder that all nodes see, for the jobs' logs and keys.")
    patience: float = param(86400.0, "Seconds to wait for a worker while there is none.")

    def __post_init__(self) -> None:
        check_workers("workers", self.workers)
        at_least("cores", self.cores, 1, "Use one core or more.")
        at_least("gpus", self.gpus, 0, "Use no GPU, or more.")
        at_least("patience", self.patience, 0, "Use a number of seconds.")

    @contextlib.contextmanager
    def open(self) -> Iterator[Pool]:
        """Yield the workers once one of them has answered; on leaving, no job is left."""
        require(self.name, *NEEDS)
        check_commands()
        from dask_jobqueue import SLURMCluster

        name, folder = new_name(), place(self.folder).absolute()
        with open_jobs(SLURMCluster, name, folder, **self._job()) as (cluster, client):
            check_script(cluster.job_script())
            with emptied(name, keys_of(name, folder)):
                pool = SlurmPool(cluster, client, self.workers, self.patience, folder)
                tell(f"Slurm was asked for {self.workers} jobs: squeue --name={name}")
                try:
                    wait_for_first(pool, "Waiting for Slurm")
                    yield pool
                finally:
                    pool.stop()

    def _job(self) -> dict[str, Any]:
        """Return the options of a job, in dask-jobqueue's words."""
        gpus = [f"--gres=gpu:{self.gpus}"] if self.gpus else []
        given = {
            "queue": self.partition,
            "account": self.account,
            "python": self.python,
            "interface": self.interface,
        }
        return {
            **{key: value for key, value in given.items() if value},
            "cores": 1,
            "job_cpu": self.cores,
            "memory": self.memory,
            "walltime": self.time,
            "job_extra_directives": [*gpus, *self.options],
            "job_script_prologue": list(self.setup),
        }
