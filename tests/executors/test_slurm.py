"""Jobs of a real Slurm of three nodes: what comes of cells while workers, jobs and nodes die."""

from __future__ import annotations

import ssl
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

MOST = 60  # seconds, on a machine that is busy


@dataclass(frozen=True)
class Opened:
    """Three workers that tests share, each a job.

    Args:
        pool: of the workers.
        folder: of their logs and keys.
    """

    pool: Pool
    folder: Path


@pytest.fixture(scope="module")
def opened(slurm_nodes: SlurmCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder = tmp_path_factory.mktemp("jobs")
    with pytest.MonkeyPatch.context() as patch:
        for key, value in slurm_nodes.environment.items():
            patch.setenv(key, value)
        with Slurm(workers=3, memory="500MB", folder=str(folder)).open() as pool:
            yield Opened(pool, folder)
    assert slurm_nodes.queue() == []
    assert not list(folder.glob(".*"))  # keys


def processes_of(folder: Path) -> list[psutil.Process]:
    """Return the processes that watch the workers of a run, one a job."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "--nanny" in words and any(str(folder) in word for word in words):
            found.append(process)
    return found


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + MOST
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_outcomes_are_those_of_this_process(opened: Opened) -> None:
    wanted = cells(*range(40))
    with Store(None) as store, Serial().open() as pool:
        here = run_missing(Squares(), wanted, store, pool)
    with Store(None) as store:
        there = run_missing(Squares(), wanted, store, opened.pool)
    assert [one.plain for one in there] == [one.plain for one in here]
    assert squares(there) == [n**2 for n in range(40)]


def test_cells_outlive_a_worker_a_job_its_time_and_a_node(
    opened: Opened, slurm: SlurmCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    """All happens in one run, whose cells come out once each, as if nothing had been."""
    first = iter(range(10**6))
    happened: list[str] = []

    def some(store: Store) -> None:
        numbers = [next(first) for _ in range(12)]
        found = run_missing(Squares(seconds=0.1), cells(*numbers), store, opened.pool)
        assert squares(found) == [n**2 for n in numbers]
        happened.append(capsys.readouterr().err)

    def until(said: str, store: Store) -> None:
        end = time.monotonic() + MOST
        while said not in "".join(happened):
            assert time.monotonic() < end, happened
            some(store)

    with Store(None) as store:
        some(store)
        running = slurm.queue("-t", "RUNNING")
        assert len(running) == 3
        slurm.ask("scontrol", "update", f"jobid={running[0]}", "EndTime=now")  # within 30 s
        watched = processes_of(opened.folder)
        worker = [
            one for one in watched[0].children(recursive=True) if "spawn_main" in str(one.cmdline())
        ]
        for process in worker:
            process.kill()
        some(store)
        slurm.ask("scancel", running[1])
        until("A job was cancelled, and is replaced", store)
        node = slurm.job(running[2], "%N")
        slurm.kill_node(node)
        some(store)
        slurm.start_node(node)
        until("A job reached its time limit (time=01:00:00), and is replaced", store)
        wait_until(lambda: len(slurm.queue("-t", "RUNNING")) == 3)
        assert len(store.ids("squares")) == next(first)


def test_a_cell_that_ends_its_worker_three_times_is_set_aside(
    opened: Opened, capsys: pytest.CaptureFixture[str]
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
    said = capsys.readouterr().err
    assert "A worker needed more than its memory (memory=500MB), and was ended." in said
    assert f"See {opened.folder}/quorate-" in said


def test_only_who_has_the_keys_can_talk_to_the_scheduler(opened: Opened) -> None:
    from distributed import Client
    from distributed.security import Security

    address = opened.pool._client.scheduler.address  # type: ignore[attr-defined]
    assert address.startswith("tls://")
    with pytest.raises(OSError, match=r"imed out|closed"):
        Client(address.replace("tls://", "tcp://"), timeout=2, set_as_default=False)
    with pytest.raises((OSError, ssl.SSLError)):
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
