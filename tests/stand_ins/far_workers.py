"""Workers of a Dask cluster that somebody else started: in another folder, with less to see."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from quorate.executors.executor import Executor

PATIENCE = 60


@dataclass(frozen=True)
class FarWorkers:
    """Workers that live elsewhere.

    Args:
        executor: whose they are.
        mine: a folder that is empty to them, where this user can see to that.
        shared: a folder that they see as it is.
    """

    executor: Executor
    mine: Path
    shared: Path


def can_hide() -> bool:
    """Whether this user may give a process another view of the disk."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@contextmanager
def far_workers(folder: Path, hidden: Sequence[Path] = (), workers: int = 2) -> Iterator[str]:
    """Yield the text of an executor whose workers live elsewhere, and end them afterwards.

    Args:
        folder: an empty one, where the workers live.
        hidden: folders that are empty to them, where this user can see to that.
        workers: how many.
    """
    file = folder / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for name in ("QUORATE_DATA", "QUORATE_CACHE", "QUORATE_TEST_CACHES"):
        environment.pop(name, None)
    environment["XDG_CACHE_HOME"] = str(folder / "cache")
    dask = [sys.executable, "-W", "ignore", "-m", "dask"]
    scheduler = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    worker = ["worker", "--no-dashboard", "--no-nanny", "--nthreads", "1", "--local-directory", "."]
    named = ["--scheduler-file", str(file)]
    commands = [[*dask, *scheduler, *named], *[[*dask, *worker, *named]] * workers]
    if hidden and can_hide():
        covered = " && ".join(f'mount -t tmpfs none "{one}"' for one in hidden)
        cover = ["unshare", "--mount", "sh", "-c", f'{covered} && exec "$@"', "sh"]
        commands[1:] = [[*cover, *one] for one in commands[1:]]
    if shutil.which("setpriv"):  # they end with this process, even if it is killed
        commands = [["setpriv", "--pdeathsig", "KILL", *one] for one in commands]
    with (folder / "log").open("wb") as log:
        started = [
            subprocess.Popen(
                command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
            for command in commands
        ]
        try:
            yield f"dask:scheduler_file={file},patience={PATIENCE}"
        finally:
            for process in started:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
