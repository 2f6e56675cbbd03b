"""The law of two unequal groups, against what it says of itself.

Every frequency is held to 6 standard deviations of its own law: a right program fails less than
once in 10⁸ runs of one such check.
"""

import math
from statistics import NormalDist

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.populations.unequal import Unequal

N = 40_000


def close(values: np.ndarray, rate: float) -> bool:
    return abs(float(values.mean()) - rate) < 6 * math.sqrt(rate * (1 - rate) / len(values))


def test_frequencies_are_those_of_the_law() -> None:
    people = Unequal(n=N, minority_share=0.25, majority_yes=0.6, minority_yes=0.3).split(
        np.random.default_rng(0)
    )
    table = people.train
    assert table.group is not None
    minority = table.group == 1
    assert close(minority, 0.25)
    assert close(table.y[minority], 0.3)
    assert close(table.y[~minority], 0.6)
    assert (table.x[:, -1] == minority).all()
    assert [column.name for column in table.columns] == ["score", "x1", "x2", "x3", "minority"]


def test_the_best_rule_has_the_rates_that_are_said() -> None:
    """logit(.2) = −1.386: minority TPR Φ(1 − .693) = .6205, FPR Φ(−1 − .693) = .0452."""
    table = Unequal(n=N).split(np.random.default_rng(1)).train
    assert table.group is not None
    logit = np.where(table.group == 1, math.log(0.2 / 0.8), 0.0)
    says_yes = table.x[:, 0] > -logit / 2
    normal = NormalDist()
    assert normal.cdf(1 - 0.6931) == pytest.approx(0.6205, abs=1e-4)  # as rounded above
    for group, tpr, fpr in ((1, 0.6205, 0.0452), (0, 0.8413, 0.1587)):
        assert close(says_yes[(table.group == group) & (table.y == 1)], tpr)
        assert close(says_yes[(table.group == group) & (table.y == 0)], fpr)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n": 0}, "n=0"),
        ({"held_out": 0}, "held_out=0"),
        ({"d": 1}, "d=1"),
        ({"minority_share": 0.0}, "minority_share=0"),
        ({"majority_yes": 1.0}, "majority_yes=1"),
        ({"minority_yes": 1.5}, "minority_yes=1.5"),
        ({"noise": 0.0}, "noise=0"),
    ],
)
def test_what_is_out_of_range_is_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Unequal(**wrong)  # type: ignore[arg-type]
