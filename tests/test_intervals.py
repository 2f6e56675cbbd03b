"""Wilson intervals by hand and against SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from quorate.errors import InputError
from quorate.intervals import rate_difference, wilson


def test_wilson_by_hand() -> None:
    # p = 1/2, n = 4, z = 1.959964: z² = 3.841459; (0.5 + 0.480182
    # ± 1.959964·√(0.0625 + 0.060023))/1.960365 = (0.980182 ± 0.686052)/1.960365, to six places.
    found = wilson(2, 4)
    assert found.value == 0.5
    assert found.low == pytest.approx(0.150039, abs=1e-6)
    assert found.high == pytest.approx(0.849961, abs=1e-6)


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0.5, 0.999))
def test_wilson_is_scipys(n: int, share: float, level: float) -> None:
    successes = round(share * n)
    found = wilson(successes, n, level)
    theirs = binomtest(successes, n).proportion_ci(level, method="wilson")
    # Both solve a quadratic; z is computed by two libraries to some 1e-15.
    assert found.low == pytest.approx(theirs.low, abs=1e-12)
    assert found.high == pytest.approx(theirs.high, abs=1e-12)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_bad_numbers_are_named() -> None:
    with pytest.raises(InputError, match="n=0 to be at least 1"):
        wilson(0, 0)
    with pytest.raises(InputError, match=r"successes=5 in \[0, 4\]"):
        wilson(5, 4)
    with pytest.raises(InputError, match="level=0"):
        wilson(1, 4, level=0)


def test_the_interval_of_a_difference_covers_it() -> None:
    """Simulated; 95% is nominal, and 93% is what Newcombe 1998 finds at worst for such sizes."""
    rng = np.random.default_rng(3)
    for p, q, m, n in ((0.5, 0.5, 50, 80), (0.95, 0.9, 100, 60), (0.99, 0.7, 60, 200)):
        found = [
            rate_difference(wilson(int(a), m), wilson(int(b), n))
            for a, b in zip(rng.binomial(m, p, 2000), rng.binomial(n, q, 2000), strict=True)
        ]
        assert np.mean([one.low <= p - q <= one.high for one in found]) > 0.93
