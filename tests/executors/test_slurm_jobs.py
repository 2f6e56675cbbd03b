"""Which jobs are replaced, and which not: a queue that tests write takes the place of Slurm's."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from quorate.errors import InputError
from quorate.executors.clusters.guard import Guard
from quorate.executors.clusters.slurm_jobs import SlurmJobs
from quorate.executors.clusters.slurm_queue import QueuedJob, reasons, submit

LOOK = 0.01  # seconds


class Queue:
    """A queue as Slurm shows it, which takes jobs while ``takes`` says so."""

    def __init__(self) -> None:
        self.jobs: dict[str, QueuedJob] = {}
        self.arrays: list[int] = []
        self.takes = True
        self.looks = 0

    def submit(self, script: str, count: int) -> list[str]:
        if not self.takes:
            raise InputError("Expected Slurm to take the jobs, got: QOSMaxSubmitJobPerUserLimit.")
        self.arrays.append(count)
        numbers = [f"{len(self.arrays)}_{one}" for one in range(count)]
        self.jobs |= {number: QueuedJob(number, "RUNNING") for number in numbers}
        return numbers

    def read(self, name: str) -> list[QueuedJob]:
        self.looks += 1
        return list(self.jobs.values())

    def set(self, number: str, state: str) -> None:
        self.jobs[number] = QueuedJob(number, state)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    found = Queue()
    monkeypatch.setattr("quorate.executors.clusters.slurm_jobs.submit", found.submit)
    monkeypatch.setattr("quorate.executors.clusters.slurm_jobs.read_queue", found.read)
    monkeypatch.setattr("quorate.executors.clusters.slurm_jobs.LOOK", LOOK)
    monkeypatch.setattr("quorate.executors.clusters.slurm_jobs.AGAIN", 5 * LOOK)
    return found


@pytest.fixture
def begin(queue: Queue, tmp_path: Path) -> Callable[[int], SlurmJobs]:
    def start(wanted: int) -> SlurmJobs:
        guard = Guard(subprocess.Popen.__new__(subprocess.Popen))
        jobs = SlurmJobs("quorate-x", "#!/bin/sh", wanted, tmp_path, guard)
        jobs.begin()
        return jobs

    return start


def look_again(queue: Queue, times: int = 6) -> None:
    end, upto = time.monotonic() + 30, queue.looks + times
    while queue.looks < upto:
        assert time.monotonic() < end
        time.sleep(LOOK)


def test_jobs_are_submitted_as_one_array_and_said(
    queue: Queue, begin: Callable[[int], SlurmJobs], capsys: pytest.CaptureFixture[str]
) -> None:
    begin(64).end()
    assert queue.arrays == [64]
    assert capsys.readouterr().err == "Slurm was asked for 64 jobs: squeue --name=quorate-x\n"


def test_those_that_ended_are_replaced_all_at_once(
    queue: Queue, begin: Callable[[int], SlurmJobs]
) -> None:
    jobs = begin(4)
    jobs.note([f"job-1_{one}" for one in range(4)])
    queue.set("1_0", "TIMEOUT")
    queue.set("1_2", "NODE_FAIL")
    look_again(queue)
    jobs.end()
    assert queue.arrays[0] == 4
    assert sum(queue.arrays) == 6
    assert {job.state for job in jobs.ended} == {"TIMEOUT", "NODE_FAIL"}
    assert jobs.failed == []


def test_one_that_is_ending_is_looked_at_again_to_see_how(
    queue: Queue, begin: Callable[[int], SlurmJobs]
) -> None:
    jobs = begin(1)
    jobs.note(["job-1_0"])
    queue.set("1_0", "COMPLETING")
    look_again(queue)
    jobs.end()
    assert queue.arrays == [1, 1]
    assert [job.state for job in jobs.ended] == ["COMPLETING"]


def test_one_that_was_cancelled_while_it_waited_is_no_failure(
    queue: Queue, begin: Callable[[int], SlurmJobs]
) -> None:
    jobs = begin(1)
    queue.set("1_0", "CANCELLED")
    look_again(queue)
    jobs.end()
    assert queue.arrays == [1, 1]
    assert jobs.failed == []


def test_jobs_that_end_before_their_worker_comes_are_given_up_at_last(
    queue: Queue, begin: Callable[[int], SlurmJobs]
) -> None:
    """Two workers came, so four such jobs are replaced; the fifth is not."""
    jobs = begin(3)
    jobs.note(["job-1_0", "job-1_1-0", "job-1_1-1"])  # the second job has two workers
    for failing in ("1_2", "2_0", "3_0", "4_0", "5_0"):
        assert not jobs.is_given_up
        assert failing in queue.jobs
        queue.set(failing, "FAILED")
        look_again(queue)
    assert jobs.is_given_up
    look_again(queue)
    jobs.end()
    assert queue.arrays == [3, 1, 1, 1, 1]


def test_what_slurm_refuses_later_is_said_once_and_tried_again(
    queue: Queue, begin: Callable[[int], SlurmJobs], capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = begin(2)
    jobs.note(["job-1_0", "job-1_1"])
    queue.takes = False
    queue.set("1_0", "PREEMPTED")
    look_again(queue, 12)
    assert "QOSMaxSubmitJobPerUserLimit" in jobs.refused
    queue.takes = True
    look_again(queue, 12)
    jobs.end()
    assert queue.arrays == [2, 1]
    assert jobs.refused == ""
    assert capsys.readouterr().err.count("QOSMaxSubmitJobPerUserLimit") == 1


@pytest.mark.parametrize("said", ["17\n", "17;cluster\n", "You have 3 days of quota left.\n17\n"])
def test_more_jobs_than_an_array_takes_are_several_arrays(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    asked: list[str] = []

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        asked.append(words[1])
        return subprocess.CompletedProcess(words, 0, said, "")

    monkeypatch.setattr("quorate.executors.clusters.slurm_queue._call", call)
    numbers = submit("#!/bin/sh", 1003)
    assert asked == ["--array=0-999", "--array=0-2"]
    assert (numbers[0], numbers[999], numbers[-1], len(numbers)) == ("17_0", "17_999", "17_2", 1003)


def test_an_answer_of_sbatch_that_names_no_job_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "quorate.executors.clusters.slurm_queue._call",
        lambda *words: subprocess.CompletedProcess(words, 0, "Welcome!\n", ""),
    )
    with pytest.raises(InputError, match="number of a job, got 'Welcome!"):
        submit("#!/bin/sh", 1)


def test_why_jobs_wait_is_said_in_slurm_s_words_the_most_frequent_first() -> None:
    waiting = [QueuedJob("1", "PENDING", why) for why in ("Resources", "None", "Priority")]
    more = [QueuedJob("2", "PENDING", "Priority"), QueuedJob("3", "RUNNING", "None")]
    assert reasons([*waiting, *more]) == ["Priority", "Resources"]
