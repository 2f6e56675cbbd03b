"""Workers that are jobs of Slurm, and what is said of them."""

from __future__ import annotations

import re
import time
from typing import Any

from quorate.errors import WorkerError
from quorate.executors.clusters.dask_pool import DaskPool
from quorate.executors.clusters.slurm_jobs import MOST_FAILED, SlurmJobs
from quorate.executors.clusters.slurm_queue import NEVER, QueuedJob, reasons
from quorate.executors.executor import Workers
from quorate.runtime.progress import tell

WHILE = 10.0  # seconds that jobs wait in the queue before that is said
MEMORY = "memory budget", "oom_kill", "oom-kill"  # what a log says of a worker that took too much
OUT_OF_MEMORY = (
    "A worker needed more than its memory (memory={memory}), and was ended. Ask for more "
    "(memory={twice}), or use smaller networks or fewer people. See {log}."
)
KILLED = (
    "A worker was killed, perhaps for lack of memory (memory={memory}). If that goes on, ask for "
    "more (memory={twice}). See {log}."
)
ENDS = {
    "TIMEOUT": "A job reached its time limit (time={time}), and is replaced. See {log}.",
    "OUT_OF_MEMORY": OUT_OF_MEMORY,
    "PREEMPTED": "A job was preempted, and is replaced. See {log}.",
    "CANCELLED": "A job was cancelled, and is replaced: Ctrl-C ends a run. See {log}.",
    "NODE_FAIL": "A node failed, and its job is replaced. See {log}.",
}


class SlurmPool(DaskPool):
    """The workers of jobs of Slurm.

    Args:
        client: of their scheduler.
        jobs: of the workers.
        asked: the executor, whose parameters are named where something is amiss.
        patience: seconds for which there may be no worker.
    """

    def __init__(self, client: Any, jobs: SlurmJobs, asked: Any, patience: float) -> None:
        super().__init__(client, jobs.wanted * asked.per_job, patience)
        self._jobs, self._asked = jobs, asked
        self._began = time.monotonic()
        self._said = set[str]()
        self._named: dict[str, str] = {}  # the workers that were there, by address
        self._unexplained = set[str]()  # jobs whose logs do not tell yet why a worker is gone
        self._buried = 0

    def look(self) -> Workers:
        """Return how many workers there are, and why the others are not.

        Raises:
            WorkerError: jobs end before a worker comes, will never start, or have not started
                while there was patience.
        """
        before, there = self._named, super().look()
        self._named = {address: str(one["name"]) for address, one in self._there.items()}
        self._jobs.note(self._named.values())
        self._unexplained |= {
            self._jobs.of(before[one]) for one in before.keys() - self._named.keys()
        }
        self._unexplained = {one for one in self._unexplained if not self._explain(one)}
        for job in self._jobs.ended[self._buried :]:
            self._buried += 1
            self._say(job.state, job.number, ENDS.get(job.state, ""))
        why = reasons(self._jobs.queue.values())
        if there.ready:
            self._greet()
        else:
            self._check_jobs()
            if why and time.monotonic() - self._began > WHILE:
                waits = f"Slurm's queue holds the jobs back: {', '.join(why)}."
                self._say(waits, "", waits)
        if there.ready and self._jobs.is_given_up:
            self._say(
                "given up",
                self._jobs.failed[-1],
                "Jobs that end before their worker comes are not replaced any more. See {log}.",
            )
        queue = f"in the queue: {', '.join(why)}" if why else ""
        return Workers(there.ready, there.waiting, there.lost, queue)

    def stop(self) -> None:
        """Ask Slurm no more, and cancel what was sent."""
        self._jobs.end()
        self.cancel()

    def _greet(self) -> None:
        waited = time.monotonic() - self._began
        self._say("first", "", f"The first worker is there, after {waited:.0f} seconds.")

    def _explain(self, number: str) -> bool:
        """Say why a worker is gone, and return True, once the log of its job tells it."""
        log = self._jobs.tail(number)
        if any(word in log for word in MEMORY):
            self._say("OUT_OF_MEMORY", number, OUT_OF_MEMORY)
        elif "killed by signal 9" in log:
            self._say("KILLED", number, KILLED)
        else:
            return False
        return True

    def _say(self, what: str, number: str, words: str) -> None:
        """Say something once, not for every worker."""
        if words and what not in self._said:
            self._said.add(what)
            asked = {"memory": self._asked.memory, "time": self._asked.time}
            twice = _twice(self._asked.memory)
            tell(
                words.format(log=self._jobs.log(number), twice=twice, **asked) if number else words
            )

    def _check_jobs(self) -> None:
        """Raise WorkerError where nobody is there, and nobody will come."""
        jobs = list(self._jobs.queue.values())
        if any(job.state != "PENDING" and job.is_alive for job in jobs):
            return
        if len(self._jobs.failed) >= MOST_FAILED and self._jobs.is_given_up:
            raise self._none_came()
        waiting = [job for job in jobs if job.is_alive]
        if waiting and all(job.why in NEVER for job in waiting):
            raise WorkerError(
                f"Expected Slurm to start the jobs, got: {_why(waiting)}. They would wait for "
                "ever: mend time=, partition=, account= or options=."
            )

    def _check(self, ready: int) -> None:
        if not self._patience.is_over(ready):
            return
        jobs = [job for job in self._jobs.queue.values() if job.state == "PENDING"]
        waits = f"{len(jobs)} waiting in its queue ({_why(jobs)})" if jobs else "none"
        raise WorkerError(
            f"Expected Slurm to start a job within patience={self._asked.patience}, got {waits}. "
            "Wait longer (patience=2d), ask for less (time=, memory=), or for another partition=."
            + (f" Slurm said: {self._jobs.refused}" if self._jobs.refused else "")
        )

    def _none_came(self) -> WorkerError:
        last = self._jobs.failed[-1]
        said = self._jobs.last_lines(last).rstrip(".") or "nothing"
        return WorkerError(
            f"Expected Slurm's jobs to start a worker each, got {len(self._jobs.failed)} that "
            f"ended before it came. The last one said: {said}. See {self._jobs.log(last)}. "
            "Commands that nodes need first go into setup=, their Python into python=, a network "
            "on which they reach this machine into interface=, a folder that they see into folder=."
        )


def _why(jobs: list[QueuedJob]) -> str:
    return ", ".join(reasons(jobs)) or "no reason"


def _twice(amount: str) -> str:
    """Return twice an amount of memory.

    >>> _twice("1.5GB")
    '3GB'
    """
    return re.sub(r"[\d.]+", lambda found: f"{2 * float(found[0]):g}", amount, count=1)
