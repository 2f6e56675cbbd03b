"""Slurm's own commands: what waits in the queue and why, and what ends with this process."""

from __future__ import annotations

import contextlib
import getpass
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from quorate.errors import InputError

COMMANDS = ("sbatch", "squeue", "scancel")
ENDED = {
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY"),
    *("PREEMPTED", "TIMEOUT"),
}
PATIENCE = 60  # seconds for one of Slurm's commands
# Ends the jobs of a name once its standard input ends, as it does however this process dies.
GUARD = 'trap "" HUP INT TERM; cat >/dev/null; scancel --user="$1" --name="$0"; rm -rf "$2"'


@dataclass(frozen=True)
class QueuedJob:
    """A job in the queue.

    Args:
        number: its id.
        state: as Slurm writes it, such as PENDING or RUNNING.
        why: why it waits, in Slurm's words.
    """

    number: str
    state: str
    why: str

    @property
    def has_ended(self) -> bool:
        """Whether it will not run any more, nor again."""
        return self.state in ENDED


def check_commands() -> None:
    """Raise InputError unless Slurm's commands are on this machine."""
    missing = [command for command in COMMANDS if shutil.which(command) is None]
    if missing:
        raise InputError(
            f"Expected Slurm's commands on this machine, got no {', '.join(missing)}. Run quorate "
            "on a login node of the cluster, or use processes:workers=4."
        )


def check_script(script: str) -> None:
    """Raise InputError unless Slurm would take a job, in its own words."""
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
        file.write(script)
        file.flush()
        asked = _call("sbatch", "--test-only", file.name)
    if asked.returncode != 0:
        said = "; ".join(line.strip() for line in asked.stderr.splitlines() if line.strip())
        raise InputError(
            f"Expected Slurm to take the jobs, got: {said or 'no reason'}. Mend the parameters of "
            "slurm: (sinfo lists the partitions)."
        )


def read_queue(name: str) -> list[QueuedJob] | None:
    """Return the jobs of a name that are in the queue or run; None where Slurm does not answer."""
    asked = _call(
        "squeue",
        "--noheader",
        f"--user={getpass.getuser()}",
        f"--name={name}",
        "--states=all",
        "--format=%i|%T|%r",
    )
    if asked.returncode != 0:
        return None
    lines = [line.strip().split("|", 2) for line in asked.stdout.splitlines() if line.strip()]
    return [QueuedJob(*line) for line in lines if len(line) == 3]


def in_words(jobs: Iterable[QueuedJob]) -> str:
    """Return what those that wait wait for.

    >>> in_words([QueuedJob("1", "PENDING", "Resources"), QueuedJob("2", "RUNNING", "None")])
    'in the queue: Resources'
    """
    reasons = Counter(job.why for job in jobs if job.state == "PENDING")
    return f"in the queue: {', '.join(reasons)}" if reasons else ""


@contextlib.contextmanager
def emptied(name: str, folder: Path) -> Iterator[None]:
    """Take the jobs of a name out of the queue on leaving, and remove a folder.

    A small process sees to it, which outlives this one: so they end after ``kill -9`` too, those
    that still wait among them.

    Args:
        name: of the jobs.
        folder: of what is theirs alone.
    """
    guard = subprocess.Popen(
        ["sh", "-c", GUARD, name, getpass.getuser(), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.communicate()


def _call(*words: str) -> subprocess.CompletedProcess[str]:
    """Return what one of Slurm's commands answers; a time-out is a failure."""
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(words, 1, "", str(error))
