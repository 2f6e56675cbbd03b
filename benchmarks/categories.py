"""Trees on categories, beside scikit-learn alone on the same columns.

``python -m benchmarks.categories`` prints a table, ``--json`` one JSON object. Figures, not tests.
People have five numbers and three categories of 50 values each. Ours takes people as a platform
receives them, one-hot encoded; scikit-learn is handed one code a category, the same ones. Fit and
predictions on everyone are timed together, in one thread; both take turns, and each is a median.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.rows import Row, parser_of, print_rows
from quorate.catalog import build
from quorate.learners.base.category_codes import CategoryCodes
from quorate.runtime.progress import status
from quorate.runtime.threads import one_thread
from quorate.table import Column, Submission, Table

NUMBERS, CATEGORIES, VALUES = 5, 3, 50
LEARNERS = ("tree:min_samples_leaf=20", "forest:n_estimators=10", "boosting:max_iter=50")


def people(n: int) -> Table:
    """Return n people, whose labels go with a number and with all categories."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(n, NUMBERS)).astype(np.float32)
    codes = rng.integers(VALUES, size=(n, CATEGORIES))
    blocks = [np.eye(VALUES, dtype=np.float32)[codes[:, c]] for c in range(CATEGORIES)]
    taste = rng.normal(size=(CATEGORIES, VALUES))
    score = numbers[:, 0] + sum(taste[c, codes[:, c]] for c in range(CATEGORIES))
    y = (score + rng.normal(size=n) > 0).astype(np.int64)
    columns = tuple(Column(f"number {i}", i) for i in range(NUMBERS))
    names = tuple(f"value {i:02}" for i in range(VALUES))
    starts = range(NUMBERS, NUMBERS + CATEGORIES * VALUES, VALUES)
    columns += tuple(Column(f"category {i}", start, names) for i, start in enumerate(starts))
    return Table(np.concatenate([numbers, *blocks], axis=1), y, ("no", "yes"), columns=columns)


def _alternate(works: Sequence[Callable[[], Any]], repeats: int) -> list[float]:
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for seconds, work in zip(taken, works, strict=True):
            started = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - started)
    return [statistics.median(some) for some in taken]


def measure(text: str, n: int, repeats: int) -> list[Row]:
    """Return the seconds of one learner, beside scikit-learn's on codes and on one-hot columns."""
    table = people(n)
    learner: Any = build("learners", text)
    codes = CategoryCodes.of(table, learner.most_unordered)
    rows = codes.encode(table.x)

    def ours() -> None:
        everyone = Submission.without_collective(table)
        learner.fit(everyone, np.random.default_rng(0)).predict(table.x)

    def alone(x: Any, categorical: Sequence[int] = ()) -> None:
        estimator = learner.build(np.random.default_rng(0))
        if categorical:
            estimator.set_params(categorical_features=list(categorical))
        estimator.fit(x, table.y).predict(x)

    taken = _alternate(
        [ours, lambda: alone(rows, codes.categorical), lambda: alone(table.x)], repeats
    )
    return [
        Row(f"{text}, {n:,} people", taken[0], "scikit-learn on codes", taken[1], target=0.9),
        Row(f"{text}, {n:,} people", taken[0], "scikit-learn on one-hot columns", taken[2]),
    ]


def main() -> None:
    """Measure and print."""
    parser = parser_of("benchmarks.categories", __doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--people", type=int, default=750_000)
    words = parser.parse_args()
    rows = []
    with one_thread():
        for text in LEARNERS:
            with status(text):
                rows += measure(text, words.people, words.repeats)
    print_rows(rows, words.json)


if __name__ == "__main__":
    main()
