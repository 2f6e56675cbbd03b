"""Which executor is meant, where a user says how many jobs, or names one."""

from __future__ import annotations

from quorate.executors.executor import Executor
from quorate.executors.processes import Processes
from quorate.executors.serial import Serial
from quorate.validate import at_least


def choose_executor(jobs: int = 1) -> Executor:
    """Return the executor that stands for a number of jobs: this process, or so many workers.

    >>> choose_executor(1), choose_executor(4)
    (Serial(), Processes(workers=4))

    Raises:
        InputError: ``jobs`` is not at least 1.
    """
    at_least("jobs", jobs, 1, "Use one worker or more.")
    return Serial() if jobs == 1 else Processes(jobs)
