"""The jobs of a run in Slurm: submitted as arrays, watched in the queue, replaced when they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from pathlib import Path

from quorate.errors import InputError
from quorate.executors.clusters.guard import Guard
from quorate.executors.clusters.slurm_queue import QueuedJob, count_jobs, read_queue, submit
from quorate.runtime.progress import note, tell

LOOK = 10.0  # seconds between two questions to Slurm, whose time belongs to all users
BEGINNING = 30.0  # seconds in which it is asked more often, so that mistakes show at once
AGAIN = 60.0  # seconds until jobs that Slurm refused are submitted again
MOST_FAILED = 3  # jobs that end before a worker of theirs comes, beyond as many as those that came
LAST_LINES = 3  # of a job's log, in a message
TAIL = 20_000  # bytes of a log that are read


class SlurmJobs:
    """As many jobs as are wanted, whatever happens to them.

    Args:
        name: of the jobs.
        script: that each of them runs.
        wanted: how many there are to be.
        logs: folder of their logs.
        guard: who takes them out of the queue at the end.
    """

    def __init__(self, name: str, script: str, wanted: int, logs: Path, guard: Guard) -> None:
        self.name, self.wanted = name, wanted
        self.queue: dict[str, QueuedJob] = {}
        self.failed: list[str] = []  # ended before a worker came, and nobody has cancelled them
        self.came: set[str] = set()
        self.ended: list[QueuedJob] = []
        self.refused = ""
        self._script, self._logs, self._guard = script, logs, guard
        self._given: set[str] = set()  # those that are thought to wait or to run
        self._ending = set[str]()
        self._wait_until = 0.0
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def begin(self) -> None:
        """Submit the jobs, and say so.

        Raises:
            InputError: Slurm does not take them.
        """
        self._submit(self.wanted)
        note(f"Slurm was asked for {count_jobs(self.wanted)}: squeue --name={self.name}")
        self._watching.start()

    def end(self) -> None:
        """Watch them no more; who submits is waited for, so that no job comes later."""
        self._over.set()
        if self._watching.ident is not None:
            self._watching.join()

    def note(self, workers: Iterable[str]) -> None:
        """Note the names of the workers that are there."""
        self.came.update(self.of(one) for one in workers)

    def of(self, worker: str) -> str:
        """Return the id of the job of a worker, which is called job-ID, job-ID-0 or job-ID-1."""
        return worker.split("-")[1]

    def log(self, number: str) -> Path:
        """Return the log of a job."""
        return self._logs / f"{self.name}-{number}.log"

    def last_lines(self, number: str) -> str:
        """Return how the log of a job ends, in one line."""
        lines = [line.strip() for line in self.tail(number).splitlines() if line.strip()]
        return "; ".join(lines[-LAST_LINES:])

    def tail(self, number: str) -> str:
        """Return the end of the log of a job; empty where it has none."""
        try:
            with open(self.log(number), "rb") as file:
                file.seek(max(0, file.seek(0, 2) - TAIL))
                return file.read().decode(errors="replace")
        except OSError:
            return ""

    @property
    def is_given_up(self) -> bool:
        """Whether jobs that end are not replaced any more: on and on, they end before they work."""
        return len(self.failed) >= MOST_FAILED + len(self.came)

    def _submit(self, count: int) -> None:
        self._guard.has_jobs = True
        self._given.update(submit(self._script, count))

    def _watch(self) -> None:
        """Ask Slurm now and then: its answer may take long, and nobody is to wait for it."""
        began = time.monotonic()
        while not self._over.wait(LOOK / 10 if self._is_early(began) else LOOK):
            if (found := read_queue(self.name)) is None:
                continue
            queue = {job.number: job for job in found}
            for number in sorted(self._given):
                if not self._is_there(job := queue.get(number)):
                    self._bury(number, job or QueuedJob(number, "UNKNOWN"))
            self.queue = queue
            missing = self.wanted - len(self._given)
            if missing > 0 and not self.is_given_up and time.monotonic() >= self._wait_until:
                self._replace(missing)

    def _is_early(self, began: float) -> bool:
        return not self.came and time.monotonic() - began < BEGINNING

    def _is_there(self, job: QueuedJob | None) -> bool:
        """Whether a job runs or will; one that is just ending soon shows what it ended by."""
        if job is None or job.state != "COMPLETING":
            return job is not None and job.is_alive
        first_seen = job.number not in self._ending
        self._ending.add(job.number)
        return first_seen

    def _bury(self, number: str, job: QueuedJob) -> None:
        self._given.remove(number)
        if number not in self.came and job.state not in ("CANCELLED", "PREEMPTED"):
            self.failed.append(number)
        self.ended.append(job)

    def _replace(self, missing: int) -> None:
        if self._over.is_set():
            return
        try:
            self._submit(missing)
        except (InputError, OSError) as error:
            if not self.refused:
                tell(f"Slurm does not take jobs in place of those that ended: {error}")
            self.refused = str(error)
            self._wait_until = time.monotonic() + AGAIN
        else:
            self.refused = ""
