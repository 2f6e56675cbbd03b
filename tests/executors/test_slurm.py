"""Jobs of a real Slurm of three nodes: what comes of cells while workers, jobs and nodes die."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from slurm_cluster import SlurmCluster
from squares_work import Squares, cells, squares

from quorate.errors import WorkerError
from quorate.executors.executor import Pool
from quorate.executors.serial import Serial
from quorate.executors.slurm import Slurm
from quorate.runs.running import run_missing
from quorate.runs.store import Store

MOST = 120  # seconds, on a machine that is busy


@dataclass(frozen=True)
class Opened:
    """Three workers that tests share, each a job.

    Args:
        pool: of the workers.
        folder: of their logs and keys.
        said: what the pool has said of them.
        short: a job whose time is over within half a minute: Slurm looks so often.
    """

    pool: Pool
    folder: Path
    said: list[str]
    short: str


@pytest.fixture(scope="module")
def opened(slurm_nodes: SlurmCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder, said = tmp_path_factory.mktemp("it's 100%j mine"), list[str]()
    python = folder / "python"  # in an environment whose path holds what a shell would read
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.executable", str(python))
        patch.setattr("quorate.executors.clusters.slurm_jobs.LOOK", 2.0)
        patch.setattr("quorate.executors.clusters.slurm_pool.tell", said.append)
        for key, value in slurm_nodes.environment.items():
            patch.setenv(key, value)
        with Slurm(workers=3, memory="500MB", folder=str(folder)).open() as pool:
            short = slurm_nodes.queue("-t", "RUNNING")[0]
            slurm_nodes.ask("scontrol", "update", f"jobid={short}", "EndTime=now")
            yield Opened(pool, folder, said, short)
    assert slurm_nodes.queue() == []
    assert not list(folder.glob(".*"))  # keys


def kill_a_worker(folder: Path) -> None:
    """Kill a process that computes; the one that watches it starts another."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "--nanny" in words and any(str(folder) in word for word in words):
            for child in process.children():
                if any("spawn_main" in word for word in child.cmdline()):
                    child.kill()
                    return
    raise AssertionError("no worker")


def test_outcomes_are_those_of_this_process(opened: Opened) -> None:
    wanted = cells(*range(40))
    with Store(None) as store, Serial().open() as pool:
        here = run_missing(Squares(), wanted, store, pool)
    with Store(None) as store:
        there = run_missing(Squares(), wanted, store, opened.pool)
    assert [one.plain for one in there] == [one.plain for one in here]
    assert squares(there) == [n**2 for n in range(40)]


def test_cells_outlive_a_worker_a_job_its_time_and_a_node(
    opened: Opened, slurm: SlurmCluster
) -> None:
    """In whatever order it happens, cells come out once each, as if nothing had been."""
    numbers = iter(range(10**6))

    def compute_some(store: Store) -> None:
        some = [next(numbers) for _ in range(12)]
        found = run_missing(Squares(seconds=0.1), cells(*some), store, opened.pool)
        assert squares(found) == [n**2 for n in some]

    def compute_until(is_so: Callable[[], bool], store: Store) -> None:
        end = time.monotonic() + MOST
        while not is_so():
            assert time.monotonic() < end, opened.said
            compute_some(store)

    def all_are_there() -> bool:
        there = opened.pool.look()
        return there is not None and there.ready == 3

    with Store(None) as store:
        compute_until(all_are_there, store)
        kill_a_worker(opened.folder)
        compute_some(store)
        job, other = [one for one in slurm.queue("-t", "RUNNING") if one != opened.short][:2]
        slurm.ask("scancel", job)
        compute_some(store)
        node = slurm.job(other, "%N")
        slurm.kill_node(node)
        compute_some(store)
        slurm.start_node(node)
        compute_until(lambda: slurm.job(opened.short, "%T") == "TIMEOUT", store)
        compute_until(all_are_there, store)
        assert len(store.ids("squares")) == next(numbers)
    said = "".join(opened.said)
    assert "A worker was killed" in said or "A worker needed more than its memory" in said
    assert "A job was cancelled, and is replaced: Ctrl-C ends a run." in said
    assert "A job reached its time limit (time=01:00:00), and is replaced." in said


def test_a_cell_that_ends_its_worker_three_times_is_set_aside(
    opened: Opened,
) -> None:
    """Also one that needs too much memory, of which the user is told."""
    work = Squares(deadly=(4,), hungry=(7,))
    with Store(None) as store:
        with pytest.raises(
            WorkerError, match=r"got 2 on which a worker was lost 3 times"
        ) as caught:
            run_missing(work, cells(*range(9)), store, opened.pool)
        found = squares(store.records("squares"))
    assert "n=4" in str(caught.value)
    assert "n=7" in str(caught.value)
    assert sorted(found) == [n**2 for n in range(9) if n not in (4, 7)]
    said = "".join(opened.said)
    assert "A worker needed more than its memory (memory=500MB), and was ended." in said
    assert f"See {opened.folder}/quorate-" in said


def test_only_who_has_the_keys_can_talk_to_the_scheduler(opened: Opened) -> None:
    from distributed import Client
    from distributed.security import Security

    address = opened.pool._client.scheduler.address  # type: ignore[attr-defined]
    assert address.startswith("tls://")
    with pytest.raises(OSError, match=r"imed out|closed"):
        Client(address.replace("tls://", "tcp://"), timeout=2, set_as_default=False)
    with pytest.raises(OSError, match=r"imed out|closed|certificate"):
        Client(address, security=Security.temporary(), timeout=2, set_as_default=False)
    (keys,) = [folder for folder in opened.folder.iterdir() if folder.is_dir()]
    assert keys.stat().st_mode & 0o777 == 0o700
    files = sorted(keys.glob("*.pem"))
    assert [file.name for file in files] == [
        "tls_ca_file.pem",
        "tls_worker_cert.pem",
        "tls_worker_key.pem",
    ]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
