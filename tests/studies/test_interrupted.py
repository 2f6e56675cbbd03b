"""Runs that are killed, stopped or out of room, in processes of their own; then run again.

Most of the processes here are forked from one that has imported everything, which saves seconds
each time; what they run is the command line itself.
"""

import dataclasses
import functools
import json
import math
import multiprocessing
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate.runs.store import FILE, Store
from quorate.studies.study import Study, make_study
from quorate.studies.sweep import run_study
from quorate.studies.trial import Outcome, stored_outcomes

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="watches /proc")

PATIENCE = 120.0  # seconds until a run that should have moved on is a failure, not a slow machine
STACKS = 12  # one a learner
SECONDS = 0.15  # of work in a stack, on this machine: there is something to interrupt
POPULATION, STRATEGY = "gaussian:n=100,held_out=60", "planting:signal=columns,x2=3"
CELLS = STACKS * 2 * 2


def study(*learners: str) -> Study:
    return make_study(
        population=POPULATION, strategy=STRATEGY, learner=learners, alphas=[0.3], seeds=2
    )


@functools.cache
def learners() -> list[str]:
    """Learners whose stack takes about ``SECONDS`` each: how many epochs, this machine says."""
    tried = 40
    for _ in range(2):  # the first loads libraries
        begin = time.process_time()
        run_study(study(f"dp-sgd:epsilon=inf,epochs={tried}"))
        seconds = time.process_time() - begin
    least = math.ceil(tried * SECONDS / seconds)
    return [f"dp-sgd:epsilon=inf,epochs={least + more}" for more in range(STACKS)]


def words(out: Path, *more: str) -> list[str]:
    return [
        *("curve", "--population", POPULATION, "--strategy", STRATEGY),
        *(word for learner in learners() for word in ("--learner", learner)),
        *("--alphas", "0.3", "--seeds", "2", "--out", str(out), *more),
    ]


def measured(outcomes: list[Outcome]) -> list[Outcome]:
    """Leave out what may differ between two runs of one cell."""
    plain = {"seconds": 0.0, "provenance": {}, "stored_at": ""}
    return [dataclasses.replace(one, **plain) for one in outcomes]


@pytest.fixture(scope="module")
def straight() -> list[Outcome]:
    """The cells of a run straight through."""
    outcomes = measured(list(run_study(study(*learners())).outcomes))
    assert len(outcomes) == CELLS
    return outcomes


def complete(out: Path, straight: list[Outcome]) -> None:
    """Run the study again, to its end, and compare the store with a run straight through."""
    found = run_study(study(*learners()), out)
    assert measured(list(found.outcomes)) == straight
    with Store(out) as store:
        assert len(stored_outcomes(store)) == CELLS  # every cell once, and no other
    db = sqlite3.connect(out / FILE)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()


# ------------------------------------------------------------------------------ processes


def stored(out: Path) -> dict[str, float]:
    """Return the cells in the store, as another process sees them, with their success."""
    if not (out / FILE).exists():
        return {}
    db = sqlite3.connect(f"file:{out / FILE}?mode=ro", uri=True)
    try:
        rows = db.execute("SELECT id, plain FROM record").fetchall()
        return {id_: json.loads(plain)["success"] for id_, plain in rows}
    except sqlite3.OperationalError:  # there is no table yet
        return {}
    finally:
        db.close()


def wait_until(happened: Callable[[], bool], alive: Callable[[], bool] = lambda: True) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert alive(), "the run ended before it could be interrupted"
        assert time.monotonic() < end, "nothing moved"
        time.sleep(0.01)


def command_line(arguments: list[str], log: str, largest_file: int | None) -> None:
    """Be a ``quorate`` process: called in a fresh process of its own."""
    from quorate.cli import entry as cli

    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.argv = ["quorate", *arguments]
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    cli.main()


Start = Callable[..., multiprocessing.Process]


@pytest.fixture(scope="module")
def fork() -> Iterator[Start]:
    """A function that starts a ``quorate`` process, quickly."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "torch",
            "pytest",
            "quorate.cli.entry",
            "quorate.studies.sweep",
            "quorate.engine.stack",
            "quorate.report.files",
            "matplotlib.figure",
            "scipy.special",
            "pandas",
        ]
    )
    started = []

    def start(*arguments: str, log: Path, largest_file: int | None = None) -> Any:
        process = context.Process(
            target=command_line, args=(list(arguments), str(log), largest_file)
        )
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.join()


# ------------------------------------------------------------------------------ kill -9


def test_a_run_killed_at_many_moments_ends_as_if_it_had_not_been(
    tmp_path: Path, fork: Start, straight: list[Outcome]
) -> None:
    out, rng = tmp_path / "out", np.random.default_rng()
    before: dict[str, float] = {}
    partly = 0
    for attempt in range(6):
        process = fork(*words(out), log=tmp_path / "log")
        if attempt % 3 == 0:  # early: while the store is made or opened
            time.sleep(rng.uniform(0, 2 * SECONDS))
        else:  # in the midst: some cells later, anywhere in the next stack
            wait_until(lambda: len(stored(out)) > len(before), process.is_alive)  # noqa: B023
            time.sleep(rng.uniform(0, SECONDS))
        process.kill()
        process.join()
        after = stored(out)
        # Nothing that was stored is lost or changed.
        assert {id_: after[id_] for id_ in before} == before
        partly += len(before) < len(after) < CELLS
        before = after
    assert partly >= 2
    complete(out, straight)


def test_a_killed_parallel_run_leaves_no_worker_behind_and_ctrl_c_stops_it(
    tmp_path: Path, straight: list[Outcome]
) -> None:
    """A real ``quorate curve --jobs 2``: killed in its midst, then stopped by Ctrl-C."""
    out = tmp_path / "out"
    with start_parallel(out) as process:
        wait_until(lambda: len(stored(out)) > 0, lambda: process.poll() is None)
        time.sleep(np.random.default_rng().uniform(0, 2 * SECONDS))
        workers = descendants(process.pid)
        assert len(workers) >= 2
        process.kill()
        process.communicate(timeout=PATIENCE)  # a worker left behind would hold the pipes open
    wait_until(lambda: not any(map(lives, workers)))
    kept = stored(out)
    assert 0 < len(kept) < CELLS

    with start_parallel(out) as process:  # while the workers are being started
        wait_until(lambda: len(descendants(process.pid)) >= 2, lambda: process.poll() is None)
        time.sleep(np.random.default_rng().uniform(0.2, 0.6))  # in the midst of their imports
        workers = descendants(process.pid)
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the workers too
        printed, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, printed, errors.strip()) == (130, "", stopped_message(out))
    wait_until(lambda: not any(map(lives, workers)))
    assert stored(out) == kept
    complete(out, straight)


def test_ctrl_c_stops_workers_that_train(tmp_path: Path, straight: list[Outcome]) -> None:
    out = tmp_path / "out"
    with start_parallel(out) as process:
        wait_until(lambda: len(stored(out)) > 0, lambda: process.poll() is None)
        time.sleep(np.random.default_rng().uniform(0, 2 * SECONDS))
        workers = descendants(process.pid)
        assert len(workers) >= 2
        pressed = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the workers too
        printed, errors = process.communicate(timeout=PATIENCE)
        took = time.monotonic() - pressed
    assert (process.returncode, printed, errors.strip()) == (130, "", stopped_message(out))
    assert took < 30  # seconds, on a busy machine too: nobody waits for what is in flight
    wait_until(lambda: not any(map(lives, workers)))
    assert 0 < len(stored(out)) < CELLS
    complete(out, straight)


def start_parallel(out: Path) -> subprocess.Popen[str]:
    """Start a real ``quorate curve --jobs 2`` in a process group of its own."""
    command = [sys.executable, "-m", "quorate.cli.entry", *words(out, "--jobs", "2")]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def stopped_message(out: Path) -> str:
    return f"Stopped. What was finished is stored in {out}; run the same command to go on."


def descendants(pid: int) -> list[int]:
    """Return the processes below one, at any depth."""
    below: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (parent := status(int(folder.name))[1]):
            below.setdefault(parent, []).append(int(folder.name))
    found, queue = [], [pid]
    while queue:
        children = below.get(queue.pop(), [])
        found += children
        queue += children
    return found


def status(pid: int) -> tuple[str, int]:
    """Return the state letter and the parent of a process; "" and 0 if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", 0
    return fields[0], int(fields[1])


def lives(pid: int) -> bool:
    return status(pid)[0] not in ("", "Z", "X")


# ------------------------------------------------------------------------------ Ctrl-C


def test_ctrl_c_stops_a_serial_run_and_the_store_goes_on(
    tmp_path: Path, fork: Start, straight: list[Outcome]
) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    process = fork(*words(out, "--json"), log=log)
    wait_until(lambda: len(stored(out)) > 0, process.is_alive)
    os.kill(process.pid or 0, signal.SIGINT)
    process.join(PATIENCE)
    assert process.exitcode == 130
    assert log.read_text().strip() == stopped_message(out)
    assert 0 < len(stored(out)) < CELLS
    complete(out, straight)


# ------------------------------------------------------------------------------ no room


def test_no_room_for_cells_and_then_none_for_the_report(
    tmp_path: Path, fork: Start, straight: list[Outcome]
) -> None:
    """A limit on the size of files, as a full disk has: one message, exit code 2, nothing lost."""
    out, log = tmp_path / "out", tmp_path / "log"

    def limited(*arguments: str, largest_file: int) -> tuple[int | None, str]:
        process = fork(*arguments, log=log, largest_file=largest_file)
        process.join(PATIENCE)
        return process.exitcode, log.read_text()

    code, text = limited(*words(out), largest_file=80_000)  # of the log before a transaction
    assert code == 2
    assert text.startswith(f"Error: Expected to write to {out / FILE}")
    assert "What is stored is kept; make room" in text
    assert text.count("\n") == 1
    kept = stored(out)
    assert 0 < len(kept) < CELLS
    complete(out, straight)

    # 40,000 bytes: SQLite's shared memory fits, the report's pictures and data do not. What was
    # measured is shown all the same by ``show``; a run that cannot leave its report says so.
    code, text = limited("show", str(out), largest_file=40_000)
    assert code == 0
    assert f"No report: Expected to write the report to {out}" in text
    assert "Critical mass α*" in text
    code, text = limited(*words(out), "--json", largest_file=40_000)
    assert code == 2
    assert text.startswith(f"Error: Expected to write the report to {out}")
    assert "then run the same command again" in text
    assert text.count("\n") == 1
    half_done = [file.name for file in out.iterdir() if file.name.startswith(".")]
    assert half_done == [".writing"]  # the writer's lock
    complete(out, straight)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_no_room_for_what_is_printed(more: list[str]) -> None:
    with open("/dev/full", "w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "quorate.cli.entry", "list", "goals", *more],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert process.returncode == 2
    assert process.stderr == (
        "Error: Expected to print the result, got: No space left on device. Make room, or print "
        "it elsewhere.\n"
    )
