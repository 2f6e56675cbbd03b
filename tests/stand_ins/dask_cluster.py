"""A Dask cluster that somebody else keeps: a scheduler and workers on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import quorate

MOST = 60.0  # seconds, on a machine that is busy
SOURCE = Path(quorate.__file__).parents[1]


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for something; on a busy machine it may take long."""
    end = time.monotonic() + MOST
    while not happened():
        assert time.monotonic() < end, "nothing moved"
        time.sleep(0.02)


@dataclass
class DaskCluster:
    """A scheduler, and the workers that were started for it.

    Args:
        folder: of the scheduler's file and of all logs.
    """

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """The file that the scheduler has written."""
        return self.folder / "scheduler.json"

    @property
    def executor(self) -> str:
        """The executor's text."""
        return f"dask:scheduler_file={self.file}"

    def start_scheduler(self, environment: Mapping[str, str] = {}) -> subprocess.Popen[bytes]:
        """Start the scheduler, and wait for its file."""
        self.file.unlink(missing_ok=True)
        words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        started = self._start("scheduler", [], words, environment)
        wait_until(self.file.exists)
        return started

    def start_worker(
        self,
        environment: Mapping[str, str] = {},
        threads: int = 1,
        within: Sequence[str] = (),
        nanny: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Start a worker, and wait until the scheduler knows it.

        Args:
            environment: what it has of its own.
            threads: that it has.
            within: words of a command that starts it.
            nanny: whether it is started again when it has died.
        """
        words = ["worker", "--nthreads", str(threads), "--no-dashboard"]
        words += ["--nanny" if nanny else "--no-nanny", "--local-directory", str(self.folder)]
        before = self._known()
        started = self._start("worker", within, words, environment)
        wait_until(lambda: self._known() > before)
        return started

    def _known(self) -> int:
        return (self.folder / "scheduler.log").read_text().count("Register worker")

    def _start(
        self,
        name: str,
        within: Sequence[str],
        words: Sequence[str],
        environment: Mapping[str, str],
    ) -> subprocess.Popen[bytes]:
        own = {key: value for key, value in os.environ.items() if not key.startswith("QUORATE_")}
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                [*within, sys.executable, "-m", "dask", *words, "--scheduler-file", str(self.file)],
                cwd="/",  # not where the commands are given
                env={**own, "PYTHONPATH": str(SOURCE), **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def stop(self, processes: Sequence[subprocess.Popen[bytes]] = ()) -> None:
        """End some of the processes, or all, with all that they have started."""
        for process in processes or self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def dask_cluster(folder: Path) -> Iterator[DaskCluster]:
    """Yield a cluster without workers; everything ends on leaving."""
    cluster = DaskCluster(folder)
    try:
        cluster.start_scheduler()
        yield cluster
    finally:
        cluster.stop()
