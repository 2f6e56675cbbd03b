"""Ten thousand cells, killed at ten moments: afterwards every cell is there exactly once."""

import dataclasses
import multiprocessing
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from quorate.executors.choose import choose_executor
from quorate.protocols import Learner
from quorate.runs.store import FILE, Store
from quorate.studies.study import Study, make_study
from quorate.studies.sweep import run_study
from quorate.studies.trial import Outcome, stored_outcomes
from quorate.table import Array, Labels, Rng, Submission

PATIENCE = 180.0  # seconds until a run that should have moved on is a failure, not a slow machine
CELLS = 10_000
KILLS = 10
IN_PARALLEL = (3, 6)  # the attempts that run two workers


@dataclass(frozen=True)
class Majority(Learner):
    """Gives everyone the label that most of the people handed in."""

    name: ClassVar[str] = "majority"

    def fit(self, data: Submission, rng: Rng) -> "One":
        return One(int(np.bincount(data.mixed().y).argmax()))


@dataclass(frozen=True)
class One:
    """Gives everyone one label."""

    label: int
    record: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        return np.full(len(x), self.label, dtype=np.int64)


def study(seeds: int = 100) -> Study:
    """A hundred sizes by a hundred seeds, of people so few that a cell takes a millisecond."""
    return make_study(
        population="digits:n=20,held_out=0.01",
        strategy="planting:size=2",
        learner=Majority(),
        alphas=np.linspace(0, 1, 100).tolist(),
        seeds=seeds,
    )


def work(out: Path, jobs: int, seeds: int = 100) -> None:
    """Run the study: called in a process of its own."""
    run_study(study(seeds), out, choose_executor(jobs))


def stored(out: Path) -> int:
    """Return how many cells are in the store, as another process sees it."""
    if not (out / FILE).exists():
        return 0
    db = sqlite3.connect(f"file:{out / FILE}?mode=ro", uri=True)
    try:
        return int(db.execute("SELECT count(*) FROM record").fetchone()[0])
    except sqlite3.OperationalError:  # there is no table yet
        return 0
    finally:
        db.close()


def run_and_kill(context: Any, out: Path, jobs: int, cells: int, rng: Rng) -> int:
    """Start the run, kill it once so many cells are stored, and return how many are then."""
    process = context.Process(target=work, args=(out, jobs))
    process.start()
    if stored(out) >= cells:  # somewhere between its first breath and its first cells
        time.sleep(rng.uniform(0, 2))
    end = time.monotonic() + PATIENCE
    while stored(out) < cells:
        assert process.is_alive(), "the run ended before it could be killed"
        assert time.monotonic() < end, "nothing moved"
        time.sleep(rng.uniform(0, 0.02))
    process.kill()
    process.join()
    return stored(out)


def measured(outcomes: list[Outcome]) -> dict[str, Outcome]:
    """Leave out what may differ between two runs of one cell."""
    plain = {"seconds": 0.0, "provenance": {}, "stored_at": ""}
    return {one.id: dataclasses.replace(one, **plain) for one in outcomes}


@pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="forks its runs"
)
def test_ten_thousand_cells_killed_at_ten_moments_are_all_there_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "torch",
            "pytest",
            "quorate.studies.sweep",
            "scipy.special",
            "sklearn.datasets",
            "filelock",
        ]
    )
    # What the cells hold is compared on every tenth of them, at all sizes.
    undisturbed = context.Process(target=work, args=(tmp_path / "undisturbed", 1, 10))
    undisturbed.start()
    out, rng = tmp_path / "out", np.random.default_rng(0)
    moments = sorted(rng.integers(0, int(0.95 * CELLS), size=KILLS).tolist())
    counts = [
        run_and_kill(context, out, 2 if i in IN_PARALLEL else 1, cells, rng)
        for i, cells in enumerate(moments)
    ]
    assert counts == sorted(counts)  # nothing that was stored is lost
    assert len({count for count in counts if 0 < count < CELLS}) >= KILLS / 2

    found = measured(list(run_study(study(), out).outcomes))
    assert len(found) == CELLS
    db = sqlite3.connect(out / FILE)
    ids = [row[0] for row in db.execute("SELECT id FROM record")]
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
    assert len(ids) == len(set(ids)) == CELLS
    assert set(ids) == {cell.id for cell in study().cells()}
    undisturbed.join(PATIENCE)
    with Store(tmp_path / "undisturbed") as store:
        straight = measured(stored_outcomes(store))
    assert len(straight) == CELLS / 10
    assert straight == {id_: found[id_] for id_ in straight}
