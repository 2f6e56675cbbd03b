"""The finite law: what is drawn follows the law that is told to the theory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from quorate.errors import InputError
from quorate.law import FiniteLaw
from quorate.populations.finite import Finite
from quorate.table import Table

RARELY = 1e-9  # how often a right program may fail one of the comparisons below


@settings(max_examples=20)
@given(
    st.integers(0, 2**32),
    st.integers(1, 12),
    st.integers(2, 4),
    st.floats(0.1, 5),
    st.integers(0, 1000),
)
def test_people_follow_the_law(
    seed: int, values: int, labels: int, concentration: float, law_seed: int
) -> None:
    """Each cell's count lies inside the central binomial interval of probability 1 - 2e-9."""
    n = 5000
    finite = Finite(n, 1, values, labels, concentration, law_seed)
    people = finite.split(np.random.default_rng(seed)).train
    mass = finite.law().mass
    assert mass.shape == (values, labels)
    counts = np.zeros((values, labels))
    for row, y in zip(people.x, people.y, strict=True):
        (value,) = np.flatnonzero(row)
        assert row[value] == 1
        counts[value, y] += 1
    assert (binom.cdf(counts, n, mass) > RARELY).all()
    assert (binom.sf(counts - 1, n, mass) > RARELY).all()


@given(st.integers(0, 1000), st.integers(1, 30), st.integers(2, 5), st.floats(0.01, 100))
def test_the_law_is_a_law(law_seed: int, values: int, labels: int, concentration: float) -> None:
    law = Finite(values=values, labels=labels, concentration=concentration, law_seed=law_seed).law()
    assert (law.mass >= 0).all()
    # a rounding error of 1e-16 for each of at most 150 cells
    assert law.mass.sum() == pytest.approx(1, abs=1e-13)
    assert law.points.x.tolist() == np.eye(values).tolist()


def test_the_law_seed_decides_the_law_and_the_rng_the_people() -> None:
    assert Finite(law_seed=1).law().mass.tolist() == Finite(law_seed=1, n=7).law().mass.tolist()
    assert Finite(law_seed=1).law().mass.tolist() != Finite(law_seed=2).law().mass.tolist()
    first, again, other = (
        Finite(n=50, held_out=40).split(np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    assert (len(first.train), len(first.held_out)) == (50, 40)
    assert first.train.y.tolist() == again.train.y.tolist()
    assert first.train.x.tolist() != other.train.x.tolist()
    assert first.train.x[:40].tolist() != first.held_out.x.tolist()


def test_a_large_concentration_is_nearly_uniform() -> None:
    mass = Finite(values=20, labels=2, concentration=1e6).law().mass
    # a cell has standard deviation √(1/40 · 39/40 / (40·10⁶ + 1)) = 2.47e-5: six of them
    np.testing.assert_allclose(mass, 1 / 40, rtol=0, atol=1.5e-4)


def test_the_feature_is_one_column_of_values() -> None:
    people = Finite(n=5, values=3, labels=4).split(np.random.default_rng(0)).train
    (column,) = people.columns
    assert (column.name, column.start, column.values) == ("x", 0, ("0", "1", "2"))
    assert people.classes == ("0", "1", "2", "3")
    assert people.group is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n": 0}, "Expected n=0 to be at least 1"),
        ({"held_out": -1}, "Expected held_out=-1 to be at least 1"),
        (
            {"values": 0},
            r"Expected values=0 to be at least 1\. A law has at least one feature value",
        ),
        ({"labels": 1}, r"Expected labels=1 to be at least 2\. A classifier needs two labels"),
        ({"law_seed": -1}, "Expected law_seed=-1 to be at least 0"),
        ({"concentration": 0}, "Expected concentration=0 to be a positive finite number"),
    ],
)
def test_a_parameter_out_of_range_is_answered(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Finite(**parameters)  # type: ignore[arg-type]


def test_a_law_is_drawn_as_it_is_written() -> None:
    points = Table(np.float32([[10], [20]]), np.zeros(2, np.int64), ("no", "yes"))
    law = FiniteLaw(points, np.array([[0.0, 1.0], [0.0, 0.0]]))
    people = law.draw(30, np.random.default_rng(0))
    assert (people.x == 10).all()
    assert (people.y == 1).all()


@pytest.mark.parametrize(
    "mass",
    [[[0.5, 0.4], [0.0, 0.0]], [[1.5, -0.5], [0, 0]], [[1.0, 0.0]], [[np.nan, 1.0], [0.0, 0.0]]],
)
def test_what_is_not_a_law_is_refused(mass: list[list[float]]) -> None:
    points = Table(np.float32([[10], [20]]), np.zeros(2, np.int64), ("no", "yes"))
    message = (
        r"Expected non-negative probabilities of shape \(2, 2\) that sum to 1, got shape .*Norm"
    )
    with pytest.raises(InputError, match=message):
        FiniteLaw(points, np.array(mass))
