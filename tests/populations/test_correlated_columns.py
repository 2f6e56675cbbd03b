"""The law with a sensitive attribute, against what it says of itself.

Every mean is held to 6 standard deviations of its own law.
"""

import math

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.populations.correlated_columns import CorrelatedColumns

N = 20_000


def test_moments_are_those_of_the_law() -> None:
    people = (
        CorrelatedColumns(n=N, proxies=2, strength=0.7, rate=0.3)
        .split(np.random.default_rng(0))
        .train
    )
    assert people.group is not None
    names = ["attribute", "proxy0", "proxy1", "shared", "merit", "noise"]
    assert [column.name for column in people.columns] == names
    assert people.x[:, :2].tolist() == np.eye(2)[people.group].tolist()
    t, s = 2.0 * people.group - 1, 2.0 * people.y - 1
    means = [0.7 * t, 0.7 * t, (s + t) / 2, s, 0 * s]
    for feature, mean in zip(people.x[:, 2:].T.astype(np.float64), means, strict=True):
        rest = feature - mean
        assert abs(rest.mean()) < 6 / math.sqrt(N)
        assert abs((rest**2).mean() - 1) < 6 * math.sqrt(2 / N)
    assert abs(people.group.mean() - 0.3) < 6 * math.sqrt(0.21 / N)
    # independent: the covariance of label and attribute has standard deviation √(.25·.21/n)
    assert abs(np.cov(people.group, people.y)[0, 1]) < 6 * math.sqrt(0.0525 / N)


def test_both_sides_are_draws_of_their_own() -> None:
    drawn = CorrelatedColumns(n=30, held_out=20).split(np.random.default_rng(0))
    assert (len(drawn.train), len(drawn.held_out)) == (30, 20)
    assert drawn.train.x[:20].tolist() != drawn.held_out.x.tolist()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n": 0}, "Expected n=0 to be at least 1"),
        ({"held_out": 0}, "Expected held_out=0 to be at least 1"),
        ({"proxies": 0}, "Expected proxies=0 to be at least 1"),
        ({"strength": 0}, "Expected strength=0 to be a positive finite number"),
        ({"rate": 0}, r"Expected rate=0 in \(0, 1\)"),
        ({"rate": 1}, r"Expected rate=1 in \(0, 1\)"),
    ],
)
def test_a_parameter_out_of_range_is_answered(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        CorrelatedColumns(**parameters)  # type: ignore[arg-type]
