"""Workers that are jobs of Slurm, watched in its queue."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from quorate.errors import WorkerError
from quorate.executors.dask_jobs import JobsPool
from quorate.executors.executor import Workers
from quorate.executors.slurm_queue import QueuedJob, in_words, read_queue

LOOK = 3.0  # seconds between two questions to Slurm
MOST_FAILED = 3  # jobs that end before a worker of theirs comes
LAST_LINES = 3  # of a job's log, in an error


class SlurmPool(JobsPool):
    """Jobs of Slurm: those that ended, whatever for, are submitted again.

    Args:
        cluster: whose jobs they are.
        client: of its scheduler.
        workers: how many there will be, one a job.
        patience: seconds for which there may be none.
        logs: folder of the jobs' logs.
    """

    def __init__(
        self, cluster: Any, client: Any, workers: int, patience: float, logs: Path
    ) -> None:
        super().__init__(cluster, client, workers, patience)
        self._logs = logs
        self._queue: dict[str, QueuedJob] = {}
        self._known, self._came, self._failed = set[str](), set[str](), set[str]()
        self._ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        """Ask Slurm now and then: its answer may take long, and nobody is to wait for it."""
        while not self._ended.wait(LOOK if self._known else LOOK / 3):
            if (queue := read_queue(self._cluster.name)) is not None:
                self._queue = {job.number: job for job in queue}
                self._known |= set(self._queue)

    def stop(self) -> None:
        """Ask Slurm no more."""
        self._ended.set()
        self.cancel()

    def look(self) -> Workers:
        """Return how many workers there are, having replaced the jobs that ended.

        Raises:
            WorkerError: jobs ended, one after another, before a worker came.
        """
        there = super().look()
        names = self.names()
        for name, job in list(self._cluster.workers.items()):
            number = getattr(job, "job_id", None)
            if number is None:
                continue
            if name in names:
                self._came.add(number)
            elif number in self._known and not self._is_alive(number):
                if number not in self._came:
                    self._failed.add(number)
                self._cluster.loop.add_callback(self._cluster.workers.pop, name, None)
        if len(self._failed) >= MOST_FAILED and not self._came:
            raise self._none_came()
        return Workers(there.ready, there.waiting, there.lost, in_words(self._queue.values()))

    def _is_alive(self, number: str) -> bool:
        return number in self._queue and not self._queue[number].has_ended

    def _none_came(self) -> WorkerError:
        last = max(self._failed, key=int)
        file = self._logs / f"{self._cluster.name}-{last}.err"
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
            said = "; ".join([line.strip() for line in lines if line.strip()][-LAST_LINES:])
        except OSError:
            said = ""
        return WorkerError(
            f"Expected Slurm's jobs to start a worker each, got {len(self._failed)} that ended "
            f"before it came. The last one said: {said or 'nothing'}. See {file}; commands that "
            "nodes need first go into setup=, their Python into python=."
        )
