"""Slurm's own commands: what is submitted, what waits in the queue and why, and how it ends."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from quorate.errors import InputError
from quorate.validate import shown

COMMANDS = ("sbatch", "squeue", "scancel")
ALIVE = {
    *("PENDING", "CONFIGURING", "RUNNING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT"),
    *("RESIZING", "RESV_DEL_HOLD", "SPECIAL_EXIT", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD"),
}
NEVER = {  # why a job waits that will not start, unless somebody changes it or the cluster
    *("AccountNotAllowed", "BadConstraints", "InvalidAccount", "InvalidQOS", "PartitionNodeLimit"),
    *("PartitionTimeLimit", "QOSNotAllowed"),
}
MOST_AT_ONCE = 1000  # jobs of an array, where a cluster says nothing else
PATIENCE = 60  # seconds for one of Slurm's commands
# Takes the jobs of a name out of the queue unless there are none, and removes their keys. Who was
# killed may just have been submitting: so it looks again. Where Slurm does not answer, it tries for
# ten minutes.
GUARD = """
end() {
  scancel --user="$user" --name="$name" --full --signal=KILL
  scancel --user="$user" --name="$name"
}
name="$0" user="$1"
if [ "$said" != none ]; then
  for try in $(seq 40); do end && break; sleep 15; done
fi
rm -rf "$2"
if [ -z "$said" ]; then
  for pause in 1 3 6 15; do sleep $pause; end; done
fi
"""


@dataclass(frozen=True)
class QueuedJob:
    """A job in the queue.

    Args:
        number: its id, as in 12_3 for the third of an array.
        state: as Slurm writes it, such as PENDING or RUNNING.
        why: why it waits, in Slurm's words.
    """

    number: str
    state: str
    why: str = ""

    @property
    def is_alive(self) -> bool:
        """Whether it runs, or will."""
        return self.state in ALIVE


def check_commands() -> None:
    """Raise InputError unless Slurm's commands are on this machine."""
    missing = [command for command in COMMANDS if shutil.which(command) is None]
    if missing:
        raise InputError(
            f"Expected Slurm's commands on this machine, got no {', '.join(missing)}. Run quorate "
            "on a login node of the cluster, or use processes:workers=4."
        )


def check_script(script: str, count: int) -> None:
    """Raise InputError unless Slurm would take so many jobs, in its own words."""
    _sbatch(script, min(count, MOST_AT_ONCE), "--test-only")


def submit(script: str, count: int) -> list[str]:
    """Submit an array of jobs, and return their ids.

    Raises:
        InputError: Slurm does not take them, in its own words.
    """
    numbers: list[str] = []
    while (left := count - len(numbers)) > 0:
        some = min(left, MOST_AT_ONCE)
        said = _sbatch(script, some, "--parsable")
        found = re.search(r"^(\d+)(;.*)?$", said, flags=re.MULTILINE)  # a site may say more
        if found is None:
            raise InputError(
                f"Expected sbatch to answer with the number of a job, got {shown(said)}. Look into "
                "the queue (squeue --me), and whether sbatch is Slurm's own (type sbatch)."
            )
        numbers += [f"{found[1]}_{one}" for one in range(some)]
    return numbers


def _sbatch(script: str, count: int, *options: str) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
        file.write(script)
        file.flush()
        asked = _call("sbatch", f"--array=0-{count - 1}", *options, file.name)
    if asked.returncode != 0:
        said = "; ".join(line.strip() for line in asked.stderr.splitlines() if line.strip())
        raise InputError(
            f"Expected Slurm to take {count_jobs(count)}, got: {said or 'no reason'}. Mend the "
            "parameters of slurm (sinfo lists the partitions), or ask for fewer workers."
        )
    return asked.stdout


def count_jobs(count: int) -> str:
    """Return so many jobs in words.

    >>> count_jobs(1), count_jobs(2)
    ('1 job', '2 jobs')
    """
    return "1 job" if count == 1 else f"{count} jobs"


def read_queue(name: str) -> list[QueuedJob] | None:
    """Return the jobs of a name, also those that ended lately; None where Slurm does not answer."""
    asked = _call(
        *("squeue", "--noheader", "--array", "--states=all", f"--user={os.getuid()}"),
        *(f"--name={name}", "--format=%i|%T|%r"),
    )
    if asked.returncode != 0:
        return None
    lines = [line.strip().split("|", 2) for line in asked.stdout.splitlines() if line.strip()]
    return [QueuedJob(*line) for line in lines if len(line) == 3]


def reasons(jobs: Iterable[QueuedJob]) -> list[str]:
    """Return why jobs wait in the queue, in Slurm's words, the most frequent reason first."""
    counted = Counter(job.why for job in jobs if job.state == "PENDING")
    counted.pop("None", None)  # it has not looked yet
    return [why for why, _ in counted.most_common()]


def _call(*words: str) -> subprocess.CompletedProcess[str]:
    """Return what one of Slurm's commands answers; a time-out is a failure.

    Ctrl-C does not reach it: half a submission would be worse than one that is cancelled.
    """
    try:
        return subprocess.run(
            words,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(words, 1, "", str(error))
