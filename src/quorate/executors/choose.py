"""Which executor is meant, where a user says how many jobs, or names one."""

from __future__ import annotations

import concurrent.futures

from quorate import spec
from quorate.executors.configuration import build_executor
from quorate.executors.executor import Executor
from quorate.executors.futures import Futures
from quorate.executors.processes import Processes, check_workers
from quorate.executors.resources import Resources
from quorate.executors.serial import Serial

AnyExecutor = Executor | concurrent.futures.Executor | str | None
"""Where cells are computed: a name with parameters, such as ``"slurm:partition=cpu"``, an executor,
or one in the shape of ``concurrent.futures``, which is not shut down; None for this process."""


def choose_executor(jobs: int | None = None, executor: AnyExecutor = None) -> Executor:
    """Return the executor that a user means: this process alone where nothing is said.

    Args:
        jobs: number of worker processes on this machine; 1 stands for this process alone.
        executor: in place of ``jobs``: an executor, its text, such as ``processes:workers=4``, or
            one in the shape of ``concurrent.futures``, which is left open. What its text leaves
            out, the user's configuration may add.

    >>> choose_executor(1), choose_executor(4), choose_executor(executor="processes:workers=3")
    (Serial(), Processes(workers=4), Processes(workers=3))

    Raises:
        InputError: ``jobs`` is not at least 1, both are given, or there is no such executor.
    """
    Resources(executor, jobs)  # refuses both
    if jobs is not None:
        jobs = spec.convert(jobs, int, "jobs")
        check_workers("jobs", jobs)
    if executor is None:
        return Serial() if jobs in (None, 1) else Processes(jobs)
    if hasattr(executor, "submit"):
        return Futures(executor)
    return build_executor(executor)
