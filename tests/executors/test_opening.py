"""Workers are started when there is something to compute, and once for all that a command does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

import quorate
from quorate.executors.executor import Executor, Pool
from quorate.executors.opening import workers_of
from quorate.executors.serial import Serial
from quorate.findings.experiment import read_experiment
from quorate.findings.running import run_experiment


@dataclass(frozen=True)
class Counted(Executor):
    """This process, which counts how often it is opened and closed."""

    name: ClassVar[str] = "counted"
    log: list[str] = field(default_factory=list)

    @contextmanager
    def open(self) -> Iterator[Pool]:
        self.log.append("opened")
        try:
            with Serial().open() as pool:
                yield pool
        finally:
            self.log.append("closed")


def run(executor: Executor, out: Path, seeds: int = 1) -> None:
    quorate.curve(
        population="digits:n=200",
        strategy="planting:size=2",
        learner="sgd:epochs=1,model=logistic",
        alphas=[0.1],
        seeds=seeds,
        out=out,
        executor=executor,
    )


def test_workers_are_not_started_where_everything_is_stored(tmp_path: Path) -> None:
    executor = Counted()
    run(executor, tmp_path)
    assert executor.log == ["opened", "closed"]
    run(executor, tmp_path)
    assert executor.log == ["opened", "closed"]
    run(executor, tmp_path, seeds=2)
    assert executor.log == ["opened", "closed"] * 2


def test_what_is_open_is_used_again_and_closed_by_who_opened_it(tmp_path: Path) -> None:
    executor, other = Counted(), Counted()
    with workers_of(executor):
        assert executor.log == []
        run(executor, tmp_path / "first")
        run(executor, tmp_path / "second")
        run(other, tmp_path / "third")
        assert executor.log == ["opened"]
        assert other.log == ["opened", "closed"]  # an executor like it is another one
    assert executor.log == ["opened", "closed"]


def test_it_is_closed_where_the_work_ends_in_an_error() -> None:
    executor = Counted()
    with pytest.raises(TypeError), workers_of(executor) as pool:
        pool.submit(abs, "one").result()
    assert executor.log == ["opened", "closed"]


def test_an_experiment_that_tunes_first_opens_its_executor_once(tmp_path: Path) -> None:
    file = tmp_path / "tuned.toml"
    file.write_text(
        """
        title = "Tuned"
        population = "digits:n=200"
        strategy = "planting:size=2"
        learner = "sgd:epochs=1,model=logistic"
        alphas = [0.1]
        seeds = 1

        [tune]
        learning_rate = [0.05, 0.1]
        """
    )
    executor = Counted()
    run_experiment(read_experiment(file), tmp_path / "out", executor)
    assert executor.log == ["opened", "closed"]
