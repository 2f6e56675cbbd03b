"""Which executor is meant, where a user says how many jobs, or names one."""

from __future__ import annotations

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.executors.processes import Processes, check_workers
from quorate.executors.serial import Serial


def choose_executor(jobs: int = 1, executor: Executor | str | None = None) -> Executor:
    """Return the executor that a user means.

    Args:
        jobs: number of worker processes on this machine; 1 stands for this process alone.
        executor: an executor or its text, such as ``processes:workers=4``, in place of ``jobs``.

    >>> choose_executor(1), choose_executor(4), choose_executor(executor="processes:workers=3")
    (Serial(), Processes(workers=4), Processes(workers=3))

    Raises:
        InputError: ``jobs`` is not at least 1, both are given, or there is no such executor.
    """
    jobs = spec.convert(jobs, int, "jobs")
    check_workers("jobs", jobs)
    if executor is None:
        return Serial() if jobs == 1 else Processes(jobs)
    if jobs != 1:
        raise InputError(
            f"Expected either jobs or an executor, got jobs={jobs} and {executor}. Say how many "
            f"workers the executor has: processes:workers={jobs}."
        )
    chosen: Executor = catalog.build("executors", executor)
    return chosen
