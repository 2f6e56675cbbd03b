"""The Gaussian law with a rare group, against what it says of itself.

Every frequency and mean is held to 6 standard deviations of its own law: a right program fails
less than once in 10⁸ runs of one such check.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.populations.gaussian import Gaussian
from quorate.table import Table

N = 20_000


def draw(seed: int = 0, **parameters: float) -> Table:
    people = Gaussian(**{"n": N, **parameters})  # type: ignore[arg-type]
    return people.split(np.random.default_rng(seed)).train


def close_to_mean(values: np.ndarray, mean: float, deviation: float) -> bool:
    return abs(float(values.mean()) - mean) < 6 * deviation / math.sqrt(len(values))


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.floats(0.02, 0.5), st.floats(0.5, 3))
def test_frequencies_and_moments_are_those_of_the_law(
    seed: int, rare: float, core_noise: float
) -> None:
    people = draw(seed, rare=rare, core_noise=core_noise, d=3)
    assert people.group is not None
    assert close_to_mean(people.y, 0.5, 0.5)
    assert close_to_mean(people.group, rare, math.sqrt(rare * (1 - rare)))
    # label and group are independent: the four cells have their products as frequencies
    both = people.y * people.group
    assert close_to_mean(both, rare / 2, math.sqrt(rare / 2 * (1 - rare / 2)))

    sign = 2 * people.y - 1
    shortcut_sign = np.where(people.group == 1, -sign, sign)
    core, shortcut, other = people.x.astype(np.float64).T
    for noise, deviation in (
        (core - sign, core_noise),
        (shortcut - shortcut_sign, 1.0),
        (other, 1.0),
    ):
        assert close_to_mean(noise, 0, deviation)
        # the square of a normal has mean s² and standard deviation √2·s²
        assert close_to_mean(noise**2, deviation**2, math.sqrt(2) * deviation**2)
        # P(|z| < 1) of a standard normal
        inside = math.erf(math.sqrt(0.5))
        assert close_to_mean(abs(noise) < deviation, inside, math.sqrt(inside * (1 - inside)))
    # the three noises are uncorrelated: a product has mean 0 and the product of the deviations
    assert close_to_mean((core - sign) * other, 0, core_noise)
    assert close_to_mean((core - sign) * (shortcut - shortcut_sign), 0, core_noise)


def test_columns_and_groups_have_names() -> None:
    people = draw(n=5, d=4)
    assert [c.name for c in people.columns] == ["core", "shortcut", "x2", "x3"]
    assert [(c.start, c.stop) for c in people.columns] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert (people.classes, people.groups) == (("0", "1"), ("majority", "rare"))
    assert people.x.dtype == np.float32


@pytest.mark.parametrize(("rare", "group"), [(0, 0), (1, 1)])
def test_nobody_or_everybody_can_be_rare(rare: float, group: int) -> None:
    people = draw(n=100, rare=rare)
    assert people.group is not None
    assert (people.group == group).all()


def test_both_sides_are_draws_of_their_own() -> None:
    drawn = Gaussian(n=30, held_out=20).split(np.random.default_rng(0))
    again = Gaussian(n=30, held_out=20).split(np.random.default_rng(0))
    assert (len(drawn.train), len(drawn.held_out)) == (30, 20)
    assert drawn.train.x[:20].tolist() != drawn.held_out.x.tolist()
    assert drawn.train.x.tolist() == again.train.x.tolist()
    assert drawn.held_out.x.tolist() == again.held_out.x.tolist()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n": 0}, r"Expected n=0 to be at least 1\. Draw at least one person"),
        ({"held_out": 0}, r"Expected held_out=0 to be at least 1\. Hold out at least one person"),
        ({"d": 1}, r"Expected d=1 to be at least 2\. The first two are core and shortcut"),
        ({"rare": -0.1}, r"Expected rare=-0\.1 in \[0, 1\]\. Use a probability such as 0\.05"),
        ({"rare": 1.1}, r"Expected rare=1\.1 in \[0, 1\]"),
        ({"core_noise": 0}, r"Expected core_noise=0 to be a positive finite number\. Use a stan"),
        ({"core_noise": math.inf}, "Expected core_noise=inf to be a positive finite number"),
        ({"core_noise": math.nan}, "Expected core_noise=nan to be a positive finite number"),
    ],
)
def test_a_parameter_out_of_range_is_answered(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Gaussian(**parameters)  # type: ignore[arg-type]
