"""However a run on Slurm ends: no job in the queue, no worker alive, no key left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from slurm_cluster import SlurmCluster
from squares_run import CELLS
from squares_work import Squares, cells, squares

from quorate.errors import StoreError
from quorate.executors.serial import Serial
from quorate.runs.cell import Record
from quorate.runs.running import run_missing
from quorate.runs.store import Store

SOON = 30  # seconds until nothing is left
MOST = 120  # seconds on a machine that is busy
HELD = "options=--begin=now+1hour"  # the jobs wait in the queue
# One job of two workers runs, and one waits: the node has two cores.
TWO = "slurm:workers=4,per_job=2,memory=500MB,options=--nodelist=n3"


@pytest.fixture
def start(slurm: SlurmCluster, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that starts a run of squares in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def begin(executor: str, seconds: float = 0.2) -> subprocess.Popen[str]:
        script = Path(__file__).parents[1] / "stand_ins" / "squares_run.py"
        words = [sys.executable, str(script), "out", executor, str(seconds)]
        process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def wait_until(is_so: Callable[[], bool], most: float = MOST) -> None:
    end = time.monotonic() + most
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def stored(folder: Path) -> list[Record]:
    try:
        with Store(folder / "out") as store:
            return store.records("squares")
    except StoreError:  # not yet made, or empty
        return []


def nothing_is_left(slurm: SlurmCluster, folder: Path) -> bool:
    """Whether no job waits or runs, no worker is alive, and no key is there."""
    return not (slurm.queue() or workers_of(folder) or list((folder / "slurm").glob(".*")))


def workers_of(folder: Path) -> list[psutil.Process]:
    """Return the processes of jobs that were submitted in a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("SLURM_SUBMIT_DIR") == str(folder):
                found.append(process)
    return found


def test_a_run_that_is_killed_leaves_nothing_and_goes_on_where_it_was(
    slurm: SlurmCluster, tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    """First by kill -9, then by Ctrl-C, each in the midst of its work."""
    first = start(TWO)
    wait_until(lambda: len(stored(tmp_path)) >= 3)
    assert len(slurm.queue("-t", "RUNNING")) == 1
    assert len(slurm.queue("-t", "PENDING")) == 1
    assert workers_of(tmp_path)
    first.send_signal(signal.SIGKILL)
    wait_until(lambda: nothing_is_left(slurm, tmp_path), SOON)
    kept = stored(tmp_path)
    second = start(TWO)
    wait_until(lambda: len(stored(tmp_path)) >= len(kept) + 3)
    second.send_signal(signal.SIGINT)
    _, said = second.communicate(timeout=SOON)
    assert second.returncode == 130
    assert said.endswith("What was finished is stored in out; run the same command to go on.\n")
    assert "Traceback" not in said
    wait_until(lambda: nothing_is_left(slurm, tmp_path), SOON)
    with Store(tmp_path / "out", write=True) as store, Serial().open() as pool:
        found = run_missing(Squares(), cells(*range(CELLS)), store, pool)
    assert sorted(squares(found)) == [n**2 for n in range(CELLS)]
    again = {record.id: record.stored_at for record in found}
    assert {record.id: record.stored_at for record in kept}.items() <= again.items()


@pytest.mark.parametrize(
    ("signals", "codes"),  # a shell shows 130 as well for a process that ends by the signal itself
    [
        ([signal.SIGINT], (130,)),
        ([signal.SIGINT] * 2, (130, -signal.SIGINT)),
        ([signal.SIGTERM], (-signal.SIGTERM,)),
    ],
    ids=["Ctrl-C", "Ctrl-C twice", "terminated"],
)
def test_a_run_that_is_stopped_while_it_waits_leaves_no_job(
    slurm: SlurmCluster,
    tmp_path: Path,
    start: Callable[..., subprocess.Popen[str]],
    signals: list[signal.Signals],
    codes: tuple[int, ...],
) -> None:
    run = start(f"slurm:workers=2,{HELD}")
    wait_until(lambda: len(slurm.queue("-t", "PENDING")) == 2)
    assert run.poll() is None
    for one in signals:
        os.kill(run.pid, one)
        time.sleep(0.2)
    _, said = run.communicate(timeout=SOON)
    assert run.returncode in codes
    assert "Traceback" not in said
    wait_until(lambda: nothing_is_left(slurm, tmp_path), SOON)
