"""Every executor of the catalog computes what this process would, however its workers fare.

One test an executor opens it once: some take seconds.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import quorate
from quorate import catalog
from quorate.checks.executors import check_executor
from quorate.executors.executor import Executor, Pool
from quorate.protocols import Learner
from quorate.runs.store import Store
from quorate.studies.trial import Outcome, stored_outcomes
from quorate.table import Array, Labels, Rng, Submission

TEXTS = {
    "serial": "serial",
    "processes": "processes:workers=2",
    "dask": "dask:workers=2",
    "slurm": "slurm:workers=2,memory=2GB,folder=slurm",
    "ray": "ray:workers=2",
}
STUDY: dict[str, Any] = {
    "population": "digits:n=150,held_out=0.2",
    "strategy": "planting:size=2",
    "learner": ["dp-sgd:epochs=1,batch_size=50,epsilon=4", "sgd:epochs=1,model=cnn"],
    "alphas": [0.0, 0.2],
    "seeds": 2,
}


@dataclass(frozen=True)
class Shared(Executor):
    """Workers that are there already, and stay for the next run."""

    name: ClassVar[str] = "shared"
    pool: Any

    def open(self) -> AbstractContextManager[Pool]:
        """Yield the pool, and leave it open."""
        return nullcontext(self.pool)


@dataclass(frozen=True)
class Majority(Learner):
    """Gives everyone the label that most of the people handed in; a method of one's own."""

    name: ClassVar[str] = "own-majority"
    most: int = 5

    def fit(self, data: Submission, rng: Rng) -> Any:
        return One(min(self.most, int(np.bincount(data.mixed().y).argmax())))


@dataclass(frozen=True)
class One:
    """Gives everyone one label."""

    label: int
    record: ClassVar[dict[str, Any]] = {}

    def predict(self, x: Array) -> Labels:
        return np.full(len(x), self.label, dtype=np.int64)


def measured(folder: Path) -> list[Outcome]:
    """Return what is stored, without what may differ between two runs of one cell."""
    plain = {"seconds": 0.0, "provenance": {}, "stored_at": ""}
    with Store(folder) as store:
        return [dataclasses.replace(one, **plain) for one in stored_outcomes(store)]


@pytest.fixture(scope="session")
def straight(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    """The cells of the study as this process computes them."""
    folder = tmp_path_factory.mktemp("straight")
    quorate.curve(out=folder, **STUDY)
    return measured(folder)


def test_every_executor_is_tried() -> None:
    assert list(TEXTS) == list(catalog.BUILT_IN["executors"])


@pytest.mark.parametrize("name", TEXTS)
def test_an_executor(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, straight: list[Outcome]
) -> None:
    if name == "ray" and importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install 'quorate[ray]'")
    if name == "slurm":
        request.getfixturevalue("slurm")
    executor = catalog.build("executors", TEXTS[name])
    with executor.open() as pool:
        assert executor.is_elsewhere == pool.is_elsewhere
        shared = Shared(pool)
        assert len(check_executor(shared)) == 7
        quorate.curve(out=tmp_path / "out", **STUDY, executor=shared)  # a worker has just been lost
        own = quorate.curve(**{**STUDY, "learner": Majority(most=3)}, executor=shared)
    assert measured(tmp_path / "out") == straight
    assert len(straight) == 8
    assert {row["learner"] for row in own.to_json()["cells"]} == {"own-majority:most=3"}
