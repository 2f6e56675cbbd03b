"""What it costs to cut a stack: seconds of a model in stacks of any size, beside a whole one.

``python -m benchmarks.stacks`` prints a table, ``--json`` one JSON object. Figures, not tests. One
thread, as a cell is trained; sizes take turns, and each is a median. A stack of k models takes
about a + b·k seconds; ``calls`` is a/b, the number of models that the calls of a stack are worth.
"""

from __future__ import annotations

import functools
import math
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from torch import nn

from benchmarks.rows import Row, parser_of, print_rows
from benchmarks.spine import one_thread
from quorate.catalog import build
from quorate.runtime.progress import status
from quorate.studies.trial import streams, submit
from quorate.table import Submission

PARTS = (1, 2, 4, 8, 16)  # of a whole stack
TABLES = ("digits", "gaussian:n=2000")
IMAGES = "mnist:n=8192,held_out=100"
LEARNERS = (
    "sgd:epochs=2",
    "sgd:model=logistic,epochs=2",
    "dp-sgd:epsilon=inf,epochs=2",
    "dp-sgd:epsilon=inf,model=mlp,epochs=2",
)
OWN = ("sgd:epochs=2", "dp-sgd:epsilon=inf,model=mlp,epochs=2")


@functools.cache
def _data(population: str, models: int) -> list[Submission]:
    people = build("populations", population).split(np.random.default_rng(0)).train
    on_table = "planting:signal=(columns:shortcut=4)"
    strategy = build("strategies", on_table if "gaussian" in population else "planting:size=2")
    alphas = np.linspace(0, 0.3, models)
    return [submit(people, strategy, alpha, streams(0)[1]) for alpha in alphas]


def measure(population: str, learner_text: str, repeats: int) -> dict[int, float]:
    """Return the seconds of a model by the size of its stack, the largest first."""
    learner: Any = build("learners", learner_text)
    whole = learner.stack_size(_data(population, 1)[0].honest)
    data = _data(population, whole)
    sizes = sorted({max(1, whole // part) for part in PARTS} | {1}, reverse=True)
    taken: dict[int, list[float]] = {size: [] for size in sizes}
    for turn in range(repeats + 1):
        for size in sizes:
            rngs = [np.random.default_rng(i) for i in range(size)]
            started = time.perf_counter()
            learner.fit_many(data[:size], rngs)
            if turn:  # the first warms up
                taken[size].append((time.perf_counter() - started) / size)
    return {size: statistics.median(some) for size, some in taken.items()}


def rows_of(seconds: dict[int, float], what: str) -> list[Row]:
    """Return a row a size; the peer is the whole stack."""
    whole = max(seconds)
    peer = f"in a stack of {whole}"
    return [
        Row(f"{what}: one model in a stack of {size}", one, peer, seconds[whole])
        for size, one in seconds.items()
        if size != whole
    ] + [Row(f"{what}: models that a stack's calls are worth", calls(seconds))]


def calls(seconds: dict[int, float]) -> float:
    """Return a/b of a + b·k, by least squares of the relative error.

    >>> round(calls({k: (6 + 2 * k) / k for k in (1, 2, 4, 8)}), 9)
    3.0
    """
    k = np.array(list(seconds))
    each = np.array(list(seconds.values()))
    design = np.stack([1 / k, np.ones(len(k))], axis=1) / each[:, None]  # (sizes, 2)
    (a, b), *_ = np.linalg.lstsq(design, np.ones(len(k)), rcond=None)
    return float(a / b)


def own_mlp(shape: tuple[int, ...], k: int) -> nn.Module:
    """Return the layers of ``model=mlp``, as a user would bring them."""
    first = nn.Linear(math.prod(shape), 64)
    return nn.Sequential(nn.Flatten(), first, nn.ReLU(), nn.Linear(64, k))


def measure_own(text: str, repeats: int) -> list[Row]:
    """Return the seconds of a model of the user's own, beside ours and beside one by one."""
    ours: Any = build("learners", text)
    own = replace(ours, model=own_mlp)
    models = own.stack_size(_data("digits", 1)[0].honest)
    data = _data("digits", models)
    taken: dict[str, list[float]] = {"own": [], "ours": [], "one by one": []}
    for turn in range(repeats + 1):
        for who, learner in (("own", own), ("ours", ours), ("one by one", own)):
            stacks = [[i] for i in range(models)] if who == "one by one" else [range(models)]
            started = time.perf_counter()
            for stack in stacks:
                rngs = [np.random.default_rng(i) for i in stack]
                learner.fit_many([data[i] for i in stack], rngs)
            if turn:  # the first warms up
                taken[who].append((time.perf_counter() - started) / models)
    mine = statistics.median(taken.pop("own"))
    what = f"digits, {text}, an nn.Module of the same layers: one model in a stack of {models}"
    peers = {"ours": "our own mlp", "one by one": "the same, one by one"}
    return [Row(what, mine, peers[who], statistics.median(each)) for who, each in taken.items()]


def measure_all(repeats: int) -> list[Row]:
    """Return the rows of every population that is here."""
    populations: Sequence[str] = [*TABLES, *([IMAGES] if os.environ.get("QUORATE_DATA") else [])]
    rows: list[Row] = []
    with one_thread():
        for population in populations:
            for learner in LEARNERS:
                with status(f"{population}, {learner}"):
                    found = measure(population, learner, repeats)
                rows += rows_of(found, f"{population}, {learner}")
            _data.cache_clear()
        for learner in OWN:
            with status(f"An nn.Module, {learner}"):
                rows += measure_own(learner, repeats)
    return rows


def main() -> None:
    """Measure, and print."""
    parser = parser_of("benchmarks.stacks", __doc__)
    parser.add_argument("--repeats", type=int, default=5, help="of which the median is taken")
    chosen = parser.parse_args()
    print_rows(measure_all(chosen.repeats), chosen.json)


if __name__ == "__main__":
    main()
