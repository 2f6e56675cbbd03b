"""Numbers that are huge or tiny keep what tells them apart, or are refused by name."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.populations.tables.standardising import moments, standardise
from quorate.populations.tables.table_files import encode_features

AGES = [float(20 + i % 37) for i in range(100)]


@pytest.mark.parametrize("huge", [1e308, -1.7e308, 1e100, 1e20, 1e12])
@pytest.mark.parametrize("others", [AGES, [0.0, 1.0] * 50, [-3.5, 2.25, 7.0] * 30])
def test_one_huge_value_is_named(huge: float, others: list[float]) -> None:
    values = [*others[:7], huge, *others[7:]]
    message = rf"in column 'income' of people\.csv, got {huge:g} in row 7 beside".replace(
        "+", r"\+"
    )
    with pytest.raises(InputError, match=message):
        encode_features(pd.DataFrame({"income": values}), "people.csv")


@pytest.mark.parametrize("unit", [1e300, 4.5e306, 1e-300, 1e-310, 1.0])
def test_units_do_not_matter(unit: float) -> None:
    """x·u has the features of x, whether squares of u overflow or vanish."""
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])
    plain, _, _ = standardise(values, "a", "f")
    scaled, mean, scale = standardise(values * unit, "a", "f")
    # denormal numbers at 1e-310 have 13 digits left of 16
    np.testing.assert_allclose(scaled, plain, rtol=0, atol=1e-10)
    assert mean / unit == pytest.approx(31 / 8)
    assert scale > 0
    x, (column,) = encode_features(pd.DataFrame({"a": values * unit}), "f")
    # float32
    assert column.encode(float(values[5] * unit))[0] == pytest.approx(x[5, 0], abs=1e-5)


def test_both_ends_of_the_numbers() -> None:
    found, _, _ = standardise(np.array([1.7e308, -1.7e308, 1.7e308, -1.7e308]), "a", "f")
    assert found.tolist() == [1, -1, 1, -1]


def test_the_smallest_numbers_there_are_refused() -> None:
    with pytest.raises(InputError, match="Expected numbers on one scale in column 'a'"):
        standardise(np.array([0.0, 5e-324] * 10), "a", "f")


@pytest.mark.parametrize(
    "values",
    [
        [*AGES, 999_999.0],  # as a missing value is often written
        [*(1e9 + age for age in AGES)],
        np.exp(np.random.default_rng(0).normal(0, 4, 5000)).tolist(),
        [0.1 + 0.2, 0.3, 1.0, 2.0] * 10,  # two are one but for rounding
        [0.0, 1.0] * 10,
    ],
)
def test_numbers_far_apart_are_taken(values: list[float]) -> None:
    x, _ = encode_features(pd.DataFrame({"a": values}), "f")
    assert np.isfinite(x).all()


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=40))
def test_moments_are_those_of_numpy(whole: list[int]) -> None:
    values = np.array(whole, dtype=np.float64)
    mean, scale = moments(values)
    if len(set(whole)) == 1:
        assert (mean, scale) == (values[0], 1.0)
    else:
        assert (mean, scale) == (values.mean(), values.std())
