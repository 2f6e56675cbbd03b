"""False members cost hardly any of the change: the benchmark's experiment, on small pictures."""

import numpy as np
import pytest
from benchmarks import false_members
from benchmarks.byzantine import (
    ATTACKS,
    COPIES,
    HONEST,
    NONE,
    TESTED,
    Outcome,
    digits,
    measure,
    summarise,
)


@pytest.fixture(scope="module")
def honest() -> float:
    """Share of the gap that is closed with honest members, none of whom is left out."""
    (found,) = measure(digits(), 0, HONEST, 0.0, (TESTED,))
    assert found.alarms == 0
    assert found.closed > 0.5
    return found.closed


@pytest.mark.parametrize("attack", ATTACKS[:4])  # accomplices with many invitations: the benchmark
def test_a_fifth_of_false_members_costs_at_most_a_tenth(attack: str, honest: float) -> None:
    (found,) = measure(digits(), 0, attack, 0.2, (TESTED,))
    assert found.closed >= 0.9 * honest
    assert found.found >= 0.8
    assert found.alarms == 0


def test_losses_are_those_of_the_same_seeds() -> None:
    outcomes = [
        Outcome(0, HONEST, 0.0, NONE, 0.8, 0.7, np.nan, 0),
        Outcome(1, HONEST, 0.0, NONE, 1.2, 0.7, np.nan, 0),
        Outcome(0, "inverted", 0.2, NONE, 0.6, 0.6, 0.5, 1),
        Outcome(1, "inverted", 0.2, NONE, 0.9, 0.6, 0.0, 0),
    ]
    (_, attacked) = summarise(outcomes)
    assert attacked.closed == pytest.approx(0.75)
    assert attacked.lost == pytest.approx(0.25)  # (0.2 + 0.3)/2 of 1
    assert (attacked.found, attacked.alarms) == (0.25, 1)


def test_estimates_find_false_members_and_more() -> None:
    row = false_members.measure(20, 20, "inverted", 0.2, runs=2)
    assert row.found_estimated == row.found == 1
    assert row.alarms == 0
    answers, false = false_members.simulate(20, 20, COPIES, 0.2, np.random.default_rng(0))
    inside = answers.by_invitation
    pairs = {(int(q), int(i)) for q, i in zip(answers.question, inside, strict=True)}
    assert len(pairs) == len(answers)  # nobody is compared with a copy of themselves
    assert false.sum() == 4
