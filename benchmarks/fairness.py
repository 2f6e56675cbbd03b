"""Measures of fairness with intervals, beside fairlearn's bootstrap; and how often they are right.

``python -m benchmarks.fairness`` prints a table, ``--json`` one JSON object. Figures, not tests:
they hold for the machine they were taken on. One thread on both sides, in its CPU seconds, data in
memory; ours is a median, fairlearn's bootstrap is run once. ``--coverage`` prints how often the
intervals hold the truth instead (``benchmarks.fairness_coverage``).
"""

from __future__ import annotations

import functools
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
from fairlearn.metrics import MetricFrame, selection_rate, true_positive_rate
from sklearn.metrics import accuracy_score

from benchmarks.fairness_coverage import print_coverage
from benchmarks.rows import Row, parser_of, print_rows
from quorate.fairness.intervals import measure_intervals
from quorate.runtime.progress import status
from quorate.table import Labels

PEOPLE = 20_000
PEER_RESAMPLES = 100
SHAPES = ((2, 2), (2, 5), (10, 2), (100, 2))  # labels, groups
SECONDS = 0.5  # that each of ours is promised to stay below
TIMES = 500  # that it is promised to be faster than fairlearn

People = tuple[Labels, Labels, Labels]


def people(k: int, m: int) -> People:
    """Return labels, predictions that serve the groups differently well, and groups, (n,) each."""
    rng = np.random.default_rng(0)
    y, group = rng.integers(k, size=PEOPLE), rng.integers(m, size=PEOPLE)
    right = rng.random(PEOPLE) < np.linspace(0.6, 0.8, m)[group]
    return y, np.where(right, y, rng.integers(k, size=PEOPLE)), group


def ours(k: int, m: int) -> None:
    """Give the four measures their intervals."""
    names = [str(g) for g in range(m)]
    measure_intervals(*people(k, m), names, k)


def fairlearns(m: int) -> None:
    """Bootstrap the four measures of two labels in fairlearn: they need three of its metrics."""
    y, predicted, group = people(2, m)
    frame = MetricFrame(
        metrics={
            "accuracy": accuracy_score,
            "opportunity": true_positive_rate,
            "selection": selection_rate,
        },
        y_true=y,
        y_pred=predicted,
        sensitive_features=group,
        n_boot=PEER_RESAMPLES,
        ci_quantiles=[0.025, 0.975],
        random_state=0,
    )
    frame.difference_ci()
    frame.group_min_ci()
    frame.ratio_ci()


def seconds_of(work: Callable[[], None]) -> float:
    """Return the CPU seconds it took."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure, and print."""
    parser = parser_of("benchmarks.fairness", __doc__)
    parser.add_argument("--repeats", type=int, default=7, help="of ours")
    parser.add_argument("--coverage", action="store_true", help="how often intervals are right")
    parser.add_argument("--trials", type=int, default=2000, help="of each setting, for --coverage")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # pandas and fairlearn
    if given.coverage:
        print_coverage(given.trials, PEER_RESAMPLES * 3)
        return
    rows: list[Row] = []
    for k, m in SHAPES:
        work = f"{PEOPLE:,} people, {m} groups, {k} labels"
        with status(work):
            mine = functools.partial(ours, k, m)
            mine()
            seconds = statistics.median(seconds_of(mine) for _ in range(given.repeats))
        rows.append(Row(work, seconds, target=SECONDS))
    m = SHAPES[0][1]
    peer = f"fairlearn, {PEER_RESAMPLES} bootstraps"
    with status(peer):
        theirs = seconds_of(functools.partial(fairlearns, m))
    first = rows[0]
    rows.insert(1, Row(first.work, first.ours_seconds, peer, theirs, TIMES))
    print_rows(rows, given.json)


if __name__ == "__main__":
    main()
