"""What cannot be on Slurm is refused in one clear line, through the real command line."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from slurm_cluster import SlurmCluster

from quorate import catalog
from quorate.errors import InputError
from quorate.executors.slurm import Slurm

STUDY = [
    *("curve", "--population", "gaussian:n=60,held_out=20", "--strategy"),
    *("planting:signal=columns,core=2", "--learner", "sgd:epochs=1,model=logistic"),
    *("--alphas", "0.1", "--seeds", "1", "--out", "out"),
]


@pytest.fixture
def refused(slurm: SlurmCluster, quorate: Any) -> Callable[[str], str]:
    """A function that runs a study on Slurm, and returns the line that refuses it."""

    def run(executor: str) -> str:
        code, printed, said = quorate(*STUDY, "--executor", executor)
        assert (code, printed) == (2, "")
        assert "Traceback" not in said
        *before, line = said.strip().split("\n")
        assert not any(one.startswith("Error") for one in before)
        assert line.startswith("Error: Expected ")
        assert slurm.queue() == []
        assert not list(Path("slurm").glob(".*"))
        return line

    return run


@pytest.mark.parametrize(
    ("executor", "said"),
    [
        ("slurm:partition=nope", "got: sbatch: error: invalid partition specified: nope;"),
        ("slurm:time=soon", "got: sbatch: error: Invalid --time specification."),
        ("slurm:memory=64GB", "got: allocation failure: Requested node configuration is not av"),
        ("slurm:memory=much", "Expected memory to be an amount of memory, got 'much'. Write"),
        ("slurm:gpus=1", "Invalid generic resource (gres) specification."),
        ("slurm:options=--nope", "unrecognized option '--nope'"),
        ("slurm:patience=long", "Expected patience to be a time, got 'long'. Write patience=30m"),
        ("slurm:interface=ib7", "'ib7' is not a valid network interface"),
        (
            "slurm:partition=short,time=01:00:00,patience=90s",
            "to start the jobs, got: PartitionTimeLimit. They",
        ),
        (
            "slurm:options=--begin=now+1hour,patience=1s",
            "Expected Slurm to start a job within patience=1s, got 1 waiting in its queue "
            "(BeginTime). Wait longer",
        ),
    ],
    ids=lambda text: text if text.startswith("slurm") else "",
)
def test_what_slurm_would_not_run_is_refused(
    refused: Callable[[str], str], executor: str, said: str
) -> None:
    assert said in refused(executor)


def test_where_jobs_wait_it_is_said_why(
    slurm: SlurmCluster, quorate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the log of a run, which has no progress bar."""
    monkeypatch.setattr("quorate.executors.clusters.slurm_pool.WHILE", 0.0)
    held = "slurm:workers=2,options=--begin=now+1hour,patience=3s"
    code, _, said = quorate(*STUDY, "--executor", held)
    assert code == 2
    name = re.match(r"Slurm was asked for 2 jobs: squeue --name=(quorate-\w{8})\n", said)
    assert name is not None
    assert said.count("Slurm's queue holds the jobs back: BeginTime.\n") == 1
    assert slurm.queue(f"--name={name[1]}") == []


def test_jobs_that_end_before_their_worker_comes_show_the_end_of_their_log(
    refused: Callable[[str], str],
) -> None:
    said = refused("slurm:python=/nowhere/python,setup=echo is set up,patience=90s")
    assert "got 3 that ended before it came. The last one said: is set up; " in said
    assert "/nowhere/python: No such file or directory. See " in said
    file = re.search(r"See (\S+/slurm/quorate-[\w-]+\.log)\.", said)
    assert file is not None
    assert "is set up" in Path(file[1]).read_text()


def test_a_worker_of_another_version_is_refused(
    refused: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its Python is this one, which says that it is 3.9."""
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "sitecustomize.py").write_text(
        "import platform\nplatform.python_version_tuple = lambda: ('3', '9', '1')\n"
    )
    monkeypatch.setenv("ORDINARY", sys.executable)
    python = tmp_path / "python3.9"
    python.write_text(
        f'#!/bin/sh\nPYTHONPATH="{tmp_path}/older:$PYTHONPATH" exec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    said = refused(f"slurm:python={python},memory=500MB")
    ours = ".".join(map(str, sys.version_info[:2]))
    assert f"Expected Python {ours} on every worker, as here, got Python 3.9 on" in said


def test_a_slurm_that_does_not_answer_is_refused(
    refused: Callable[[str], str], slurm: SlurmCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = re.sub("SlurmctldPort=.*", "SlurmctldPort=1", slurm.configuration.read_text())
    file = slurm.configuration.with_name("silent.conf")
    file.write_text(re.sub("MessageTimeout=.*", "MessageTimeout=2", text))
    monkeypatch.setenv("SLURM_CONF", str(file))
    assert "Unable to contact slurm controller (connect failure)" in refused("slurm")


def test_without_slurm_s_commands_it_is_refused(
    quorate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, said = quorate(*STUDY, "--executor", "slurm:workers=2")
    assert code == 2
    assert said == (
        "Error: Expected Slurm's commands on this machine, got no sbatch, squeue, scancel. Run "
        "quorate on a login node of the cluster, or use processes:workers=4.\n"
    )


@pytest.mark.parametrize("hidden", ["distributed", "dask_jobqueue", "cryptography"])
def test_without_its_extra_it_is_refused(
    quorate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: str
) -> None:
    monkeypatch.chdir(tmp_path)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == hidden else find(name)
    )
    code, _, said = quorate(*STUDY, "--executor", "slurm")
    assert code == 2
    assert said == (
        f"Error: Expected {hidden} for the executor slurm, got no such package installed. Install "
        "it: pip install 'quorate[slurm]'.\n"
    )


# ------------------------------------------------------------------------------ parameters


def test_parameters_are_written_as_slurm_s_users_write_them() -> None:
    text = (
        "slurm:workers=64,partition=cpu,time=1-04:00:00,memory=4GB,account=me,"
        "options=--qos=short --constraint=ib,setup=module load python/3.12; source env/bin/activate"
    )
    assert catalog.build("executors", text) == Slurm(
        workers=64,
        partition="cpu",
        time="1-04:00:00",
        memory="4GB",
        account="me",
        options="--qos=short --constraint=ib",
        setup="module load python/3.12; source env/bin/activate",
    )
    several = catalog.build("executors", 'slurm:options="--exclude=n1,n2 --exclusive",workers=2')
    assert several == Slurm(workers=2, options="--exclude=n1,n2 --exclusive")


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (
            Slurm(memory="1500MB", cores=2, gpus=1, account="me", options="--qos=a -C ib"),
            {"--mem=1500M", "--cpus-per-task=2", "--gres=gpu:1", "-A me", "--qos=a -C ib"},
        ),
        (Slurm(workers=256, per_job=128, memory="1.5G"), {"--mem=196608M", "--cpus-per-task=128"}),
        (Slurm(memory="0"), {"--mem=0M"}),
    ],
)
def test_a_job_asks_for_what_its_workers_need(
    monkeypatch: pytest.MonkeyPatch, given: Slurm, lines: set[str]
) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr("quorate.executors.slurm.check_commands", lambda: None)
    monkeypatch.setattr(
        "quorate.executors.slurm.check_script",
        lambda script, count: asked.update(script=script, count=count),
    )
    given.check()
    found = set(re.findall(r"^#SBATCH (.*)$", asked["script"], flags=re.MULTILINE))
    assert lines <= found
    assert {"--no-requeue", "-n 1", "-t 01:00:00"} <= found
    assert asked["count"] == -(-given.workers // given.per_job)


def test_no_memory_is_asked_for_where_a_cluster_does_not_count_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("quorate.executors.slurm.check_commands", lambda: None)
    monkeypatch.setattr(
        "quorate.executors.slurm.check_script", lambda script, count: asked.append(script)
    )
    Slurm(memory="").check()
    assert "--mem" not in asked[0].replace("--memory-limit", "")


def test_workers_with_gpus_do_not_share_a_job() -> None:
    with pytest.raises(InputError, match="leave per_job out"):
        Slurm(workers=8, per_job=4, gpus=1)
