"""Seconds of what everyone waits for: the help, the demo, a cell of a sweep, a model in a stack.

``python -m benchmarks.spine`` prints a table, ``--json`` one JSON object. Figures, not tests: they
hold for the machine they were taken on, when nothing else is running there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from benchmarks.rows import Row, parser_of, print_rows
from quorate.catalog import build
from quorate.protocols import Learner
from quorate.runtime.progress import status
from quorate.spec import param
from quorate.studies.study import make_study
from quorate.studies.sweep import run_study
from quorate.studies.trial import streams, submit
from quorate.table import Array, Labels, Rng, Submission

LEARNERS = (
    "sgd",
    "sgd:model=logistic",
    "sgd:model=cnn,epochs=1",
    "group-dro",
    "dp-sgd",
    "sklearn:estimator=RandomForestClassifier,n_estimators=20",
)
STACKED = (
    "sgd:epochs=2",
    "sgd:model=logistic,epochs=2",
    "sgd:model=cnn,epochs=1",
    "group-dro:epochs=2",
    "dp-sgd:epsilon=inf,epochs=2",
    "dp-sgd:epsilon=inf,model=mlp,epochs=2",
)
TARGETS = {"help": 0.5, "demo": 90.0, "cell": 0.002}  # seconds, on two cores


def measure_help(repeats: int = 7) -> Row:
    """Return the median seconds of ``quorate --help``, after a warm-up."""
    seconds = [_seconds_of(["--help"]) for _ in range(repeats + 1)][1:]
    return Row("quorate --help", statistics.median(seconds), target=TARGETS["help"])


def measure_demo() -> list[Row]:
    """Return the seconds of ``quorate demo`` in a fresh folder, with a cold and a warm cache."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "QUORATE_CACHE": f"{folder}/cache"}
        for cache in ("cold", "warm"):
            with status(f"The demo, {cache} cache"):
                seconds = _seconds_of(["demo", "--out", f"{folder}/{cache}"], environment)
            rows.append(Row(f"quorate demo, {cache} cache", seconds, target=TARGETS["demo"]))
    return rows


def _seconds_of(arguments: list[str], environment: Mapping[str, str] | None = None) -> float:
    """Return the seconds that the installed command takes, start of Python included."""
    beside = Path(sys.executable).with_name("quorate")
    command = str(beside) if beside.exists() else shutil.which("quorate")
    if command is None:
        raise SystemExit("Expected quorate to be installed, got no such command. Run: make test")
    started = time.perf_counter()
    subprocess.run([command, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def measure_cells() -> list[Row]:
    """Return the seconds of one cell in a small study, for each learner on each population here."""
    rows = [_measure_cell("digits", learner, seeds=3) for learner in LEARNERS]
    if os.environ.get("QUORATE_DATA"):
        rows += [_measure_cell("mnist", learner, seeds=1) for learner in LEARNERS]
    return rows


def _measure_cell(population: str, learner: str, seeds: int) -> Row:
    """Return the mean seconds of the cells of one study, after one that warms up."""
    methods = {"population": population, "strategy": "planting:size=2", "learner": learner}
    with status(f"{population}, {learner}"):
        run_study(make_study(**{**methods, "population": "digits"}, alphas=0, seeds=1))
        outcomes = run_study(make_study(**methods, alphas="0.01:0.1:3", seeds=seeds)).outcomes
    failed = [outcome.error for outcome in outcomes if outcome.error]
    if failed:
        raise SystemExit(f"Expected every cell to train, got: {failed[0]}")
    seconds = statistics.mean(outcome.seconds for outcome in outcomes)
    return Row(f"one of {len(outcomes)} cells: {population}, {learner}", seconds)


def measure_stacks(models: int = 16) -> list[Row]:
    """Return the seconds of one model in a stack, beside the same model alone."""
    populations = ["digits"]
    if os.environ.get("QUORATE_DATA"):
        populations.append("mnist:n=8192,held_out=100")
    return [_measure_stack(p, learner, models) for p in populations for learner in STACKED]


def _measure_stack(population: str, learner_text: str, models: int) -> Row:
    learner = build("learners", learner_text)
    people = build("populations", population).split(np.random.default_rng(0)).train
    strategy = build("strategies", "planting:size=2")
    data = [submit(people, strategy, alpha, streams(0)[1]) for alpha in np.linspace(0, 0.3, models)]

    def fit(count: int) -> float:
        rngs = [np.random.default_rng(i) for i in range(count)]
        started = time.perf_counter()
        learner.fit_many(data[:count], rngs)
        return (time.perf_counter() - started) / count

    with status(f"{models} models, {population}, {learner_text}"), one_thread():
        alone, stacked = (min(fit(count) for _ in range(2)) for count in (1, models))
    work = f"one of {models} stacked models: {population}, {learner_text}"
    return Row(work, stacked, "the same, alone", alone)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Train in one thread, as a cell does."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@dataclass(frozen=True)
class Nothing(Learner):
    """Learns nothing and gives everyone the first label: what is left is the sweep itself."""

    name: ClassVar[str] = "nothing"
    label: int = param(0, "index of the label")

    def fit(self, data: Submission, rng: Rng) -> Constant:
        """Return the constant classifier."""
        return Constant(self.label)


@dataclass(frozen=True)
class Constant:
    """Gives everyone one label."""

    label: int
    record: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def predict(self, x: Array) -> Labels:
        """Return the label once per row, (n,)."""
        return np.full(len(x), self.label, dtype=np.int64)


def measure_overhead(cells: int = 10_000, seeds: int = 10) -> list[Row]:
    """Return the seconds a cell costs beyond its training, and a cell's share of the whole wait.

    Beyond training: checks, ids, drawing people, storing, reading back. The whole wait holds the
    planting and measuring as well.
    """
    methods = {"population": "digits", "strategy": "planting:size=2", "learner": Nothing()}
    study = make_study(**methods, alphas=np.linspace(0, 1, cells // seeds).tolist(), seeds=seeds)
    with tempfile.TemporaryDirectory() as folder, status("Sweep overhead"):
        run_study(make_study(**methods, alphas=0.0, seeds=1))  # imports and warms up
        started = time.perf_counter()
        outcomes = run_study(study, folder).outcomes
        wall = time.perf_counter() - started
    n = len(outcomes)
    beyond = wall - sum(outcome.seconds for outcome in outcomes)
    return [
        Row(f"the sweep's own part of a cell ({n} cells)", beyond / n, target=TARGETS["cell"]),
        Row(f"one of {n} cells that train nothing, in all: digits", wall / n),
    ]


def main() -> None:
    """Measure, and print."""
    as_json = parser_of("benchmarks.spine", __doc__).parse_args().json
    rows: list[Row] = [measure_help(), *measure_demo(), *measure_overhead(), *measure_cells()]
    print_rows([*rows, *measure_stacks()], as_json)


if __name__ == "__main__":
    main()
