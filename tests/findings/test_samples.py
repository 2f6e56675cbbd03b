"""Numbers by seed: combinations, intervals, and values past the measured range."""

import math

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.findings.samples import Sample, combined, widened
from quorate.intervals import Estimate


def sample(*values: float, log: bool = False, **flags: tuple[bool, ...]) -> Sample:
    marks = {name: np.array(marked) for name, marked in flags.items()}
    return Sample(np.array(values), logarithmic=log, **marks)


def test_a_mean_with_students_interval_by_hand() -> None:
    """Of 1, 2, 3: mean 2, s = 1, t_{.975, 2} = 4.302653; half-width 4.302653/√3 = 2.484138."""
    found = combined([sample(1, 2, 3)], [1])
    assert found.value == pytest.approx(2)
    assert (found.low, found.high) == pytest.approx((2 - 2.484138, 2 + 2.484138), abs=1e-5)


def test_a_contrast_is_paired_by_seed() -> None:
    """Seeds that differ widely but move alike leave no doubt about the difference."""
    found = combined([sample(1, 10, 100), sample(0, 9, 99)], [1, -1])
    assert found == Estimate(1, 1, 1)


def test_logarithmic_samples_come_back_as_ratios() -> None:
    doubled = combined(
        [sample(*np.log([2, 4, 6]), log=True), sample(*np.log([1, 2, 3]), log=True)], [1, -1]
    )
    assert doubled.value == pytest.approx(2)
    assert doubled.low == pytest.approx(2)


def test_a_missing_seed_leaves_no_interval() -> None:
    """Who fails is no accident: the mean of the others is shown, and decides nothing."""
    found = combined([sample(1, math.nan, 3, 2, 2), sample(0, 0, 0, 0, 0)], [1, -1])
    assert found.value == 2
    assert math.isnan(found.low)
    nothing = combined([sample(math.nan, math.nan)], [1])
    assert math.isnan(nothing.value)


def test_one_seed_or_two_have_no_interval() -> None:
    """Two may be equal by chance, which would look like certainty."""
    for values in ((0.5,), (0.5, 0.5)):
        found = combined([sample(*values)], [1])
        assert found.value == 0.5
        assert math.isnan(found.low)
        assert math.isnan(found.high)


def test_magnitudes_pay_for_the_spacing_of_the_grid() -> None:
    """Two crossings, each within half a spacing of .2: the difference is known to .4."""
    first, second = (
        Sample(np.array(values), True, spacing=0.2) for values in ((1.0, 1.1, 1.5), (0.0, 0.1, 0.2))
    )
    sign = combined([first, second], [1, -1])
    size = combined([first, second], [1, -1], magnitude=True)
    assert size.low == pytest.approx(sign.low * math.exp(-0.4))
    assert size.high == pytest.approx(sign.high * math.exp(0.4))


def test_seeds_that_agree_to_the_digit_pay_for_it_too() -> None:
    """Their spread is none, and yet they are known to half a spacing each."""
    first, second = (Sample(np.full(3, value), True, spacing=0.2) for value in (1.0, 0.0))
    found = combined([first, second], [1, -1])
    assert (found.low, found.high) == pytest.approx((math.exp(0.6), math.exp(1.4)))


def test_means_over_seeds_are_compared_with_limits_alone() -> None:
    mean = Sample(np.array([1.0]), known=lambda _: Estimate(1.0, 0.5, 1.5))
    with pytest.raises(InputError, match="Expected rows of several seeds to compare"):
        combined([mean, mean], [1, -1])


def test_seeds_are_paired_by_number() -> None:
    first = Sample(np.array([1.0, 2.0, 3.0]), seeds=(0, 1, 2))
    second = Sample(np.array([1.0, 2.0, 3.0]), seeds=(1, 2, 3))
    with pytest.raises(
        InputError, match=r"Expected the same seeds on both sides .* got \[0, 1, 2\]"
    ):
        combined([first, second], [1, -1])


@pytest.mark.parametrize(
    ("weights", "which", "open_end"),
    [
        ((1, -1), (0, "at_least"), "high"),
        ((1, -1), (1, "at_least"), "low"),
        ((1, -1), (0, "at_most"), "low"),
        ((1, -1), (1, "at_most"), "high"),
    ],
)
def test_values_past_the_range_open_one_end(
    weights: tuple[int, int], which: tuple[int, str], open_end: str
) -> None:
    """x ≥ 3 makes x − y at least so large; y ≥ 3 makes it at most so large; and the reverse."""
    place, flag = which
    samples = [sample(3, 3.5, 4), sample(1, 1.2, 1.4)]
    marks = {flag: np.array([False, True, False])}
    samples[place] = Sample(samples[place].values, **marks)
    found = combined(samples, weights)
    other = "low" if open_end == "high" else "high"
    assert math.isinf(getattr(found, open_end))
    assert math.isfinite(getattr(found, other))


def test_both_ends_open_where_bounds_pull_apart() -> None:
    ends = combined(
        [
            sample(3, 4, 5, at_least=(True, False, False)),
            sample(1, 2, 3, at_least=(True, True, False)),
        ],
        [1, -1],
    )
    assert (ends.low, ends.high) == (-math.inf, math.inf)
    logs = combined(
        [
            sample(3, 4, 5, log=True, at_least=(True, False, False)),
            sample(1, 2, 3, log=True, at_least=(True, True, False)),
        ],
        [1, -1],
    )
    assert (logs.low, logs.high) == (0, math.inf)


def test_a_known_interval_is_taken_as_it_is() -> None:
    def known(confidence: float) -> Estimate:
        return widened(Estimate(0.1, 0.05, 0.2), confidence)

    given = Sample(np.array([1.0, 2.0]), known=known)
    assert combined([given], [1]) == Estimate(0.1, 0.05, 0.2)
    three = Sample(np.array([1.0, 2.0, 3.0]), known=known)
    assert combined([three, sample(1, 2, 3)], [1, -1]) == Estimate(0, 0, 0)


def test_a_known_interval_widens_as_one_of_a_normal_law() -> None:
    """2.5758 standard deviations to each side at 99%, of 1.95996 at 95%: 1.31422 times as wide."""
    found = widened(Estimate(1.0, 0.0, 3.0), 0.99)
    # the quantiles are written to five digits
    assert (found.low, found.high) == pytest.approx((-0.31422, 3.62844), abs=2e-5)
    beyond = widened(Estimate(math.inf, 0.2, math.inf), 0.99)
    assert math.isnan(beyond.low)  # nothing is known of how far
    assert widened(Estimate(1.0, 0.0, math.inf), 0.99).high == math.inf


def test_the_interval_covers_as_often_as_it_says() -> None:
    """5,000 contrasts of five seeds with a true difference of 1: 95% cover, within 4 errors."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(5000, 5)) * 3
    first, second = (shared + rng.normal(size=(5000, 5)) + level for level in (1, 0))
    found = [combined([Sample(a), Sample(b)], [1, -1]) for a, b in zip(first, second, strict=True)]
    covered = np.mean([one.low <= 1 <= one.high for one in found])
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 5000)
