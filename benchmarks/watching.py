"""How often is what ``quorate watch`` says wrong, how wide is it, and how soon is a fall seen?

``python -m benchmarks.watching`` prints a table, ``--json`` one JSON object. Coverage is that of
the worst time: an interval that misses once is a miss. Beside it an ordinary interval that is
looked at all the time. Figures, not tests.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.rows import parser_of
from quorate.intervals import exact_limits
from quorate.runtime.progress import status
from quorate.theory.confidence_sequence import confidence_sequence
from quorate.theory.mean_change import first_change

DELTA = 0.05
LENGTH = 1000  # outcomes of a run
FIRST = 30  # outcomes before an ordinary interval is looked at


@dataclass(frozen=True)
class Constant:
    """What happens while the probability of success is the same.

    Args:
        mean: probability of success.
        missed: part of the runs in which the sequence misses it at any time.
        missed_by_ordinary: likewise of Clopper and Pearson's interval, from the 30th outcome on.
        alarms: part of the runs in which a change is seen.
        width: width of the sequence at the end, over that of Clopper and Pearson's.
    """

    mean: float
    missed: float
    missed_by_ordinary: float
    alarms: float
    width: float


@dataclass(frozen=True)
class Fall:
    """How soon a fall is seen.

    Args:
        before, after: probabilities of success.
        outcomes: how many come before it.
        seen: part of the runs in which it is seen within 1,000 outcomes.
        median, late: outcomes until then, in half and in 95% of the runs.
    """

    before: float
    after: float
    outcomes: int
    seen: float
    median: float
    late: float


def constant(mean: float, runs: int) -> Constant:
    """Measure runs of a constant probability."""
    x = np.random.default_rng([1, int(1000 * mean)]).random((runs, LENGTH)) < mean
    low, high = confidence_sequence(x, DELTA)
    s, n = np.cumsum(x, axis=1), np.arange(1, LENGTH + 1)
    once_low, once_high = exact_limits(s, n, DELTA / 2)
    misses = ((once_low > mean) | (once_high < mean))[:, FIRST - 1 :]
    return Constant(
        mean,
        missed=float(((low > mean) | (high < mean)).any(axis=1).mean()),
        missed_by_ordinary=float(misses.any(axis=1).mean()),
        alarms=float(np.mean([first_change(one, DELTA) is not None for one in x])),
        width=float(np.mean((high - low)[:, -1] / (once_high - once_low)[:, -1])),
    )


def fall(before: float, after: float, outcomes: int, runs: int) -> Fall:
    """Measure runs with a fall; alarms before it do not count as seen."""
    rng = np.random.default_rng([2, int(1000 * before), int(1000 * after), outcomes])
    delays = []
    for _ in range(runs):
        x = np.concatenate([rng.random(outcomes) < before, rng.random(LENGTH) < after])
        found = first_change(x, DELTA)
        delay = np.inf if found is None else found.seen - outcomes
        delays.append(delay if delay > 0 else np.inf)
    late = float(np.quantile(delays, 0.95, method="higher"))
    return Fall(
        before, after, outcomes, float(np.isfinite(delays).mean()), float(np.median(delays)), late
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = parser_of("benchmarks.watching", __doc__)
    parser.add_argument("--runs", type=int, default=1000, help="number of runs of each kind")
    given = parser.parse_args(arguments)
    with status("Watching simulated outcomes"):
        steady = [constant(mean, given.runs) for mean in (0.02, 0.1, 0.3, 0.5, 0.8, 0.95)]
        worlds = [(0.9, 0.1, 50), (0.8, 0.5, 500), (0.8, 0.6, 500), (0.8, 0.5, 5000)]
        falls = [fall(*world, runs=max(1, given.runs // 5)) for world in worlds]
    if given.json:
        plain = {"delta": DELTA, "constant": steady, "falls": falls}
        json.dump(plain, sys.stdout, default=asdict, indent=1)
        return
    print(f"delta {DELTA}, {LENGTH} outcomes, {given.runs} runs")
    print("mean   missed ever   by an ordinary interval   false alarm ever   width")
    for one in steady:
        print(
            f"{one.mean:4.2f} {one.missed:13.3f} {one.missed_by_ordinary:25.3f} "
            f"{one.alarms:18.3f} {one.width:7.2f}"
        )
    print("\nfall          after   seen   median   95%")
    for each in falls:
        print(
            f"{each.before:.1f} to {each.after:.1f} {each.outcomes:9d} {each.seen:6.2f} "
            f"{each.median:8.0f} {each.late:5.0f}"
        )


if __name__ == "__main__":
    main()
