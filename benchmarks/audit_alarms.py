"""How often do two audits of the same model, with other seeds, raise a false alarm?

``python -m benchmarks.audit_alarms`` prints a table, ``--json`` one JSON object. In each repetition
several attacks with a known α* are searched twice, with other seeds and other noise, as an audit
and one against it do; an alarm is any attack of which fewer people are said to be enough. Either of
the two may be the earlier one, so that each repetition of an unchanged model is two comparisons.
Beside it how often a real fall of α*, in one of the attacks, is found. Figures, not tests.
"""

from __future__ import annotations

import functools
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.rows import parser_of
from quorate.auditing.comparison import compare
from quorate.intervals import Interval
from quorate.runtime.progress import status
from quorate.studies.critical_mass.rounds import Cell, close_in

PEOPLE, TARGET, WIDTH = 4000, 0.5, 1.3
HELD_OUT = 1000  # people that S is measured on
ATTACKS = 5
SMALLEST = 0.5 / PEOPLE


@dataclass(frozen=True)
class Alarms:
    """How often a comparison called a regression.

    Args:
        budget: trainings of one search.
        fall: α* now over α* then of one of the attacks; 1 where nothing has changed.
        comparisons: of an audit with an earlier one.
        alarms: part of them in which a regression was called.
        attack_alarms: part of the attacks compared, of which a regression was called.
    """

    budget: int
    fall: float
    comparisons: int
    alarms: float
    attack_alarms: float


@functools.cache
def found(number: int, attack: int, audit: int, budget: int, fall: float = 1.0) -> Interval:
    """Return α* of one attack as one audit finds it; the truth is the same in both."""
    truth = np.random.default_rng([number, attack])
    place, slope, spread = truth.uniform(0.003, 0.1), truth.uniform(1, 6), truth.uniform(0.05, 0.5)

    def measure(cells: Sequence[Cell], _: object) -> list[float]:
        return [_success(members, seed) for members, seed in cells]

    def _success(members: int, seed: int) -> float:
        own = np.random.default_rng([number, attack, audit, seed]).normal(scale=spread)
        at = fall * place * PEOPLE * math.exp(own)
        rise = 0.05 + 0.95 / (1 + (at / max(members, 1e-3)) ** slope)
        noise = np.random.default_rng([number, attack, audit, seed, members])
        return float(noise.binomial(HELD_OUT, rise) / HELD_OUT)

    bracket = close_in(measure, PEOPLE, TARGET, WIDTH, budget).bracket
    return Interval(*(end / PEOPLE for end in (bracket.estimate, bracket.low, bracket.high)))


def alarms(repetitions: int, budget: int, fall: float) -> Alarms:
    """Return how often two audits call a regression."""
    called = []
    with status(f"{repetitions} pairs of audits, {budget} trainings a search"):
        for number in range(repetitions):
            falls = [fall if attack == 0 else 1.0 for attack in range(ATTACKS)]
            pairs = [
                (found(number, attack, 0, budget), found(number, attack, 1, budget, falls[attack]))
                for attack in range(ATTACKS)
            ]
            called.append([_is_alarm(then, now) for then, now in pairs])
            if fall == 1:
                called.append([_is_alarm(then, now) for now, then in pairs])
    calls = np.array(called)  # (comparisons, attacks)
    each, of_attacks = float(calls.any(axis=1).mean()), float(calls.mean())
    return Alarms(budget, fall, len(calls), each, of_attacks)


def _is_alarm(then: Interval, now: Interval) -> bool:
    return compare(then, now, SMALLEST, ATTACKS).verdict == "fewer people"


def main(words: Sequence[str] | None = None) -> None:
    """Measure, and print what was found."""
    parser = parser_of("benchmarks.audit_alarms", __doc__)
    parser.add_argument("--repetitions", type=int, default=200, help="pairs of audits")
    given = parser.parse_args(words)
    cases = [(24, 1.0), (48, 1.0), (24, 0.5), (48, 0.5), (48, 0.25)]
    rows = [alarms(given.repetitions, *case) for case in cases]
    if given.json:
        sys.stdout.write(json.dumps([vars(row) for row in rows], indent=1) + "\n")
        return
    sys.stdout.write("trainings a search   α* now/then   audits   regressions   of attacks\n")
    for row in rows:
        sys.stdout.write(
            f"{row.budget:18d} {row.fall:13g} {row.comparisons:8d} {100 * row.alarms:12.1f}% "
            f"{100 * row.attack_alarms:11.2f}%\n"
        )


if __name__ == "__main__":
    main()
