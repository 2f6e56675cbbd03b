"""The fitted monotone curve: a naive posterior beside it, invariances, and limiting cases."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.studies.critical_mass import monotone_fit
from quorate.studies.critical_mass.monotone_fit import (
    MISFIT,
    NOBODY,
    NOISE,
    SLOPES,
    SPREADS,
    fit_monotone,
    log_size,
)

POINTS = [(4, 0, 0.2), (60, 0, 0.85), (90, 0, 0.99), (70, 1, 0.93), (50, 2, 0.7), (100, 2, 1.0)]


def fit(points: list[tuple[int, int, float]], target: float = 0.9, people: int = 1000):  # type: ignore[no-untyped-def]
    members, seeds, success = zip(*points, strict=True)
    return fit_monotone(members, seeds, success, people, target)


def naive_centre(points: list[tuple[int, int, float]], places: list[float]) -> list[float]:
    """The posterior of the centre at the places, by loops over everything, target .9."""
    floor = min(y for *_, y in points)
    ceiling = max(y for *_, y in points) + 0.005
    share = (0.9 - floor) / (ceiling - floor)
    odds = math.log(share / (1 - share))

    def likelihood(seed: int, place: float, slope: float) -> float:
        product = 1.0
        for members, whose, y in points:
            if whose == seed:
                away = math.log(members) - place
                rise = 1 / (1 + math.exp(-min(max(odds + slope * away, -700), 700)))
                wrong = y - (floor + (ceiling - floor) * rise)
                lean = (ceiling - floor) * slope * rise * (1 - rise)
                scale = math.hypot(NOISE, MISFIT * away * lean)
                product *= (1 + (wrong / scale) ** 2 / 4) ** -2.5 / scale
        return product

    mass = [0.0] * len(places)
    for slope in SLOPES:
        table = {s: [likelihood(s, p, slope) for p in places] for s in {s for _, s, _ in points}}
        for spread, (at, centre) in itertools.product(SPREADS, enumerate(places)):
            law = [math.exp(-(((centre - p) / spread) ** 2) / 2) + 1e-12 for p in places]
            weight = 1 / (1 + (spread / 0.6) ** 2)  # the prior of a spread
            for chances in table.values():
                weight *= sum(a * b for a, b in zip(law, chances, strict=True)) / sum(law)
            mass[at] += weight
    return [m / sum(mass) for m in mass]


def test_the_posterior_is_that_of_loops() -> None:
    found = fit(POINTS)
    # Equal formulas in another order of sums: nothing but rounding is left.
    np.testing.assert_allclose(
        found.centre_mass, naive_centre(POINTS, found.places.tolist()), atol=1e-9
    )
    assert found.centre == pytest.approx(found.places @ found.centre_mass)


def test_the_order_of_points_does_not_matter() -> None:
    one, other = fit(POINTS), fit(POINTS[::-1])
    # Sums in another order: only rounding differs.
    assert other.estimate == pytest.approx(one.estimate, abs=1e-9)
    assert (other.low, other.high) == pytest.approx((one.low, one.high), abs=1e-9)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 4), st.floats(0, 1)), min_size=1))
def test_any_points_give_a_monotone_curve_and_an_ordered_interval(
    points: list[tuple[int, int, float]],
) -> None:
    found = fit(points, people=500)
    assert found.low <= found.estimate <= found.high
    assert found.centre_mass.sum() == pytest.approx(1)
    assert found.shape.sum() == pytest.approx(1)
    curve = found.mean_curve(np.arange(501))
    assert (np.diff(curve) >= -1e-12).all()  # rounding of sums
    assert 0 <= curve.min() <= curve.max() <= 1


def test_nobody_has_a_place_on_the_log_axis() -> None:
    assert log_size([0, 1]).tolist() == [math.log(NOBODY), 0.0]


def test_a_steep_curve_crosses_for_the_mean_where_nine_in_ten_seeds_have_crossed() -> None:
    """Were each seed a jump, the mean would reach .9 at the 90% point of N(0, spread²)."""
    above = monotone_fit._above_centre(2.2)
    z90 = 1.2816  # 90% point of the normal law
    # Log 9 = 2.2. A slope of 400 is a jump but for 2.2/400 = .0055; a little more is allowed, as
    # 100 seeds stand for the normal law: of these, neighbours at 90% are .057 spreads apart.
    np.testing.assert_allclose(above[-1, 3:], z90 * SPREADS[3:], rtol=0.057 / z90, atol=0.007)
    # The shallowest, and seeds that hardly differ: the mean curve is each seed's own.
    assert above[0, 0] == pytest.approx(0, abs=1e-3)


def test_seeds_that_agree_give_a_narrower_interval() -> None:
    def found(places: tuple[int, ...]) -> float:
        points = [
            (m, s, 0.1 + 0.9 / (1 + (c / m) ** 3))
            for s, c in enumerate(places)
            for m in (20, 60, 150)
        ]
        one = fit(points)
        return one.high - one.low

    assert found((50, 51, 49, 50, 50)) < found((30, 70, 45, 55, 60)) / 2


def test_more_seeds_give_a_narrower_interval() -> None:
    rng = np.random.default_rng(0)
    points = [
        (m, s, 0.1 + 0.9 / (1 + (50 * math.exp(0.2 * z) / m) ** 3))
        for s, z in enumerate(rng.standard_normal(20))
        for m in (60, 150)
    ]
    few, many = fit([p for p in points if p[1] < 5]), fit(points)
    assert many.high - many.low < 0.7 * (few.high - few.low)  # about √(5/20), with Student's t


def test_a_curve_that_is_flat_at_everyone_is_fitted() -> None:
    """Fifty seeds just short of the target at everyone: no slope places them all."""
    many = 50
    found = fit_monotone(
        [6, 241, 892, 1436] + [1500] * many,
        [0, 0, 1, 0, *range(many)],
        [0.131, 0.87, 0.86, 0.86] + [0.86] * 4 + [0.902] + [0.86] * 45,
        1500,
        0.9,
    )
    assert math.log(1500) < found.low <= found.estimate <= found.high
    assert np.isfinite(found.own).all()
    assert (found.own[5:] > math.log(1500)).all()


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1500), st.sampled_from([0.86, 0.9, 0.902, 1.0]), st.integers(1, 25)
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([0.5, 0.9, 1.0]),
)
def test_any_flat_pieces_are_fitted(pieces: list[tuple[int, float, int]], target: float) -> None:
    """Seeds that agree to the last digit at one size, several times over."""
    points = [(0, 0, 0.1)]
    points += [(size, seed, level) for size, level, seeds in pieces for seed in range(seeds)]
    found = fit(points, target, 1500)
    assert np.isfinite([found.low, found.estimate, found.high]).all()
    assert np.isfinite(found.own).all()
    assert np.isfinite(found.own_doubt).all()
    assert found.low <= found.estimate <= found.high
