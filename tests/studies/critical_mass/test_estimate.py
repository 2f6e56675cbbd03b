"""The critical mass: brackets worked by hand, a naive bootstrap, invariances, and coverage."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.intervals import RESAMPLES, band, mean_over_seeds, resampled_means
from quorate.studies.critical_mass.estimate import CriticalMass, critical_mass

Floats = npt.NDArray[np.float64]
NAN, INF = math.nan, math.inf
GRID = [0.0, 0.01, 0.02, 0.05, 0.1]


def one_seed(*success: float, target: float = 0.9) -> CriticalMass:
    return critical_mass(GRID[: len(success)], [[s] for s in success], target)


# ------------------------------------------------------------------------------ worked by hand


@pytest.mark.parametrize(
    ("success", "below", "estimate"),
    [
        ((0.1, 0.2, 0.95, 1.0, 1.0), 0.01, 0.02),  # monotone
        ((0.1, 0.2, 0.9, 1.0, 1.0), 0.01, 0.02),  # at the target is reached
        ((0.1, 0.95, 0.8, 1.0, 1.0), 0.02, 0.05),  # a dip: only from .05 on does it stay
        ((0.1, 0.95, 0.95, 0.8, 1.0), 0.05, 0.1),
        ((0.1, 0.95, 0.95, 1.0, 0.8), 0.1, INF),  # lost at the end: never reached to stay
        ((0.1, 0.2, 0.3, 0.4, 0.5), 0.1, INF),
        ((0.9, 0.95, 1.0, 1.0, 1.0), 0.0, 0.0),  # reached without anyone
        ((NAN, 0.2, NAN, 0.95, 1.0), 0.01, 0.05),  # what failed is not a measured size
        ((NAN, 0.95, 1.0, 1.0, 1.0), 0.0, 0.01),
        ((0.1, 0.95, 1.0, 1.0, NAN), 0.0, 0.01),
        ((0.1, NAN, NAN, NAN, NAN), 0.0, INF),
        ((0.1, 0.2, NAN, NAN, NAN), 0.01, INF),
    ],
)
def test_bracket_of_one_seed(success: tuple[float, ...], below: float, estimate: float) -> None:
    mass = one_seed(*success)
    assert (mass.below, mass.estimate) == (below, estimate)
    assert (mass.low, mass.high) == (below, estimate)  # one seed: the bracket alone
    assert mass.seeds == 1
    assert mass.reached == (0.0 if math.isinf(estimate) else 1.0)


def test_estimate_is_read_from_the_mean_and_reached_from_each_seed() -> None:
    # Means: .1, .5, .9, .95. The seeds alone reach .9 at .05, at .01, and never.
    success = [[0.1, 0.1, 0.1], [0.0, 1.0, 0.5], [0.875, 1.0, 0.825], [1.0, 1.0, 0.85]]
    mass = critical_mass(GRID[:4], success, 0.9)
    assert (mass.below, mass.estimate) == (0.01, 0.02)
    assert mass.reached == 2 / 3
    # A resample of the third seed alone never reaches it (probability 1/27 > 2.5%), one of the
    # second alone is there at .01, just above 0.
    assert (mass.low, mass.high) == (0.0, INF)


def test_one_failed_cell_leaves_the_mean_of_the_others() -> None:
    mass = critical_mass([0, 0.1], [[0.0, 0.2], [NAN, 1.0]], 0.9)
    assert (mass.below, mass.estimate) == (0.0, 0.1)
    assert mass.reached == 0.5


def test_nothing_measured_says_nothing() -> None:
    """Every cell of a learner failed: no estimate and no interval."""
    mass = critical_mass([0, 0.1], [[NAN, NAN], [NAN, NAN]], 0.9)
    assert math.isnan(mass.estimate)
    assert math.isnan(mass.below)
    assert math.isnan(mass.low)
    assert math.isnan(mass.high)
    assert (mass.reached, mass.seeds) == (0.0, 2)


def test_targets_at_the_ends() -> None:
    assert one_seed(0.0, 0.5, 1.0, target=0.0).estimate == 0.0
    assert one_seed(0.0, 0.5, 1.0, target=1.0).estimate == 0.02


@pytest.mark.parametrize(
    ("alphas", "success", "target", "named"),
    [
        ([0, 0.1], [[1.0]], 0.9, "shape"),
        ([0, 0.1], [1.0, 1.0], 0.9, "shape"),
        ([0, 0.1], [[], []], 0.9, "shape"),
        ([0], [[1.0]], 1.1, "target=1.1"),
        ([0], [[1.0]], NAN, "target=nan"),
    ],
)
def test_bad_arguments_are_named(alphas, success, target: float, named: str) -> None:
    with pytest.raises(InputError, match=named):
        critical_mass(alphas, success, target)


# ------------------------------------------------------------------------------ a naive bootstrap


def naive_bracket(alphas: list[float], curve: list[float], target: float) -> tuple[float, float]:
    """α* = min{ α : S(α′) ≥ S* for every measured α′ ≥ α }, straight from the definition."""
    measured = [(a, s) for a, s in zip(alphas, curve, strict=True) if not math.isnan(s)]
    enough = [a for a, _ in measured if all(s >= target for b, s in measured if b >= a)]
    short = [a for a, s in measured if s < target]
    return (max(short) if short else 0.0), (min(enough) if enough else INF)


def naive_mean(values: list[float]) -> float:
    there = [v for v in values if not math.isnan(v)]
    return sum(there) / len(there) if there else NAN


def naive_interval(alphas: Floats, success: Floats, target: float) -> tuple[float, float]:
    """Percentile bootstrap over seeds, one resample at a time, with the library's draws."""
    sizes, seeds = success.shape
    drawn = np.random.default_rng(0).integers(seeds, size=(RESAMPLES, seeds))
    stretch = naive_stretch(seeds)
    means = [naive_mean(list(row)) for row in success]
    known: dict[tuple[int, ...], tuple[float, float]] = {}  # a few seeds have few resamples
    for pick in set(map(tuple, drawn)):
        curve = []
        for i in range(sizes):
            again = naive_mean([success[i, j] for j in pick])
            curve.append(means[i] + stretch * (again - means[i]))
        known[pick] = naive_bracket(list(alphas), curve, target)
    ends = [known[tuple(pick)] for pick in drawn]
    below = sorted(low for low, _ in ends)
    upper = sorted(high for _, high in ends)
    under, at = naive_bracket(list(alphas), means, target)
    return min(under, below[50]), max(at, upper[1950])  # 2.5% and 97.5% of 2000


def naive_stretch(seeds: int) -> float:
    """t_{.975, s−1}/z_{.975} · √(s/(s−1)), with Student's quantiles from a printed table."""
    t = {2: 12.7062, 3: 4.30265, 4: 3.18245, 5: 2.77645, 6: 2.57058, 7: 2.44691}
    return 1.0 if seeds == 1 else t[seeds] / 1.95996 * math.sqrt(seeds / (seeds - 1))


def random_curves(rng: np.random.Generator, sizes: int, seeds: int) -> Floats:
    """Return S-curves with noise, some of them with failed cells, (a, s)."""
    middle = rng.uniform(-0.2, 1.2)
    rise = 1 / (1 + np.exp(-(np.linspace(0, 1, sizes) - middle) / rng.uniform(0.02, 0.3)))
    success = np.clip(rise[:, None] + rng.normal(0, rng.uniform(0, 0.2), (sizes, seeds)), 0, 1)
    if rng.random() < 0.3:
        success[rng.random((sizes, seeds)) < 0.2] = NAN
    return success


def test_interval_against_a_naive_bootstrap() -> None:
    rng = np.random.default_rng(1)
    spread = 0
    for _ in range(80):
        sizes, seeds = int(rng.integers(1, 7)), int(rng.integers(1, 5))
        alphas = np.concatenate([[0.0], np.sort(rng.random(sizes - 1))])
        success = random_curves(rng, sizes, seeds)
        if np.isnan(success).all():
            continue
        # Off the values that means of few seeds can take, so that rounding cannot tip a tie.
        target = float(rng.uniform(0.3, 0.95)) + 1e-7
        mass = critical_mass(alphas, success, target)
        means = [naive_mean(list(row)) for row in success]
        assert (mass.below, mass.estimate) == naive_bracket(list(alphas), means, target)
        assert (mass.low, mass.high) == naive_interval(alphas, success, target)
        spread += mass.low < mass.below or mass.high > mass.estimate
    assert spread > 20  # the seeds widen the bracket in a good part of the cases


def test_bands_against_a_naive_bootstrap() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        success = random_curves(rng, int(rng.integers(1, 4)), int(rng.integers(1, 6)))
        mean, low, high = band(success)
        seeds = success.shape[1]
        drawn = np.random.default_rng(0).integers(seeds, size=(RESAMPLES, seeds))
        for i, row in enumerate(success):
            at = naive_mean(list(row))
            again = [naive_mean([row[j] for j in pick]) for pick in drawn]
            again = sorted(at + naive_stretch(seeds) * (m - at) for m in again if not np.isnan(m))
            if not again:
                assert np.isnan([mean[i], low[i], high[i]]).all()
                continue
            wanted = np.clip([at, *np.quantile(again, [0.025, 0.975])], 0, 1)
            # Student's quantiles are printed to five digits; their error is scaled by at most 1.
            assert [mean[i], low[i], high[i]] == pytest.approx(list(wanted), abs=2e-5)


def test_resamples_are_means_over_whole_seeds() -> None:
    """Seeds that differ by a constant keep that constant in every resample."""
    values = np.array([[0.1, 0.2, 0.4], [0.3, 0.4, 0.6]])
    means = resampled_means(values)
    assert means.shape == (2, RESAMPLES)
    assert means[1] - means[0] == pytest.approx(np.full(RESAMPLES, 0.2), abs=1e-14)  # rounding


def test_thousands_of_seeds_fit_in_memory() -> None:
    """Counts per resample and seed, 48 MB: not one truth value per pair of seeds, 18 GB."""
    means = resampled_means(np.tile([0.0, 1.0], 1500)[None])
    assert means.mean() == pytest.approx(0.5, abs=1e-3)  # 2000 resamples of 3000 coins: 2e-4


def test_mean_over_seeds_of_nothing_is_nan_without_a_warning() -> None:
    assert mean_over_seeds(np.array([[0.2, NAN], [NAN, NAN]]))[0] == 0.2
    assert np.isnan(mean_over_seeds(np.array([[NAN]]))).all()


# ------------------------------------------------------------------------------ properties

successes = st.integers(1, 6).flatmap(
    lambda seeds: st.lists(
        st.lists(
            st.sampled_from([0.0, 0.25, 0.5, 0.75, 0.875, 1.0, NAN]), min_size=seeds, max_size=seeds
        ),
        min_size=1,
        max_size=6,
    )
)
targets = st.sampled_from([0.1, 0.6, 0.9])


def grid(sizes: int) -> Floats:
    return np.concatenate([[0.0], 0.001 * 2.0 ** np.arange(sizes - 1)])


@given(successes, targets)
@example([[NAN, NAN], [NAN, NAN]], 0.9)
def test_the_interval_holds_the_bracket(success: list[list[float]], target: float) -> None:
    mass = critical_mass(grid(len(success)), success, target)
    if math.isnan(mass.estimate):
        assert np.isnan(success).all()
        assert np.isnan([mass.low, mass.high, mass.below]).all()
        return
    assert 0 <= mass.low <= mass.below <= mass.estimate <= mass.high
    assert mass.below < mass.estimate or mass.estimate == 0 or math.isnan(success[0][0])
    ends = {*grid(len(success)), INF}
    assert {mass.low, mass.below, mass.estimate, mass.high} <= ends  # nothing is interpolated
    assert 0 <= mass.reached <= 1


@given(successes, targets)
@example([[NAN, NAN]], 0.9)
def test_equal_data_give_equal_intervals(success: list[list[float]], target: float) -> None:
    alphas = grid(len(success))
    # repr, since NaN is not equal to itself.
    assert repr(critical_mass(alphas, success, target)) == repr(
        critical_mass(alphas, success, target)
    )


@given(successes, targets, st.sampled_from([0.001, 0.5, 3.0]))
def test_scaling_the_sizes_scales_the_critical_mass(
    success: list[list[float]], target: float, scale: float
) -> None:
    alphas = grid(len(success))
    mass, scaled = (critical_mass(a, success, target) for a in (alphas, alphas * scale))
    for name in ("estimate", "below", "low", "high"):
        # Not even rounding differs: each is one of the sizes.
        assert repr(getattr(scaled, name)) == repr(np.float64(getattr(mass, name) * scale).item())


@given(successes)
def test_a_higher_target_needs_no_fewer(success: list[list[float]]) -> None:
    alphas = grid(len(success))
    low, high = (critical_mass(alphas, success, target) for target in (0.6, 0.9))
    if not math.isnan(low.estimate):
        assert low.estimate <= high.estimate
        assert low.low <= high.low
        assert low.high <= high.high


@given(successes, targets)
def test_estimate_does_not_depend_on_the_order_of_seeds(
    success: list[list[float]], target: float
) -> None:
    alphas = grid(len(success))
    values = np.array(success)
    # The interval's draws are fixed by place, so only what needs none is the same. The values are
    # multiples of 1/8: their sums are exact in any order.
    one, other = (critical_mass(alphas, v, target) for v in (values, values[:, ::-1]))
    for name in ("estimate", "below", "reached"):
        assert repr(getattr(one, name)) == repr(getattr(other, name))


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, NAN]), min_size=1, max_size=6), st.integers(2, 5))
def test_seeds_that_agree_add_nothing(curve: list[float], seeds: int) -> None:
    alphas = grid(len(curve))
    alone = critical_mass(alphas, [[s] for s in curve], 0.9)
    copies = critical_mass(alphas, [[s] * seeds for s in curve], 0.9)
    for name in ("estimate", "below", "low", "high", "reached"):
        assert repr(getattr(alone, name)) == repr(getattr(copies, name))


# ------------------------------------------------------------------------------ coverage

REPETITIONS = 300


def expected_success(log_alpha: Floats, middle: npt.ArrayLike, width: float, top: float) -> Floats:
    """An S-curve from .1 to ``top`` over log10 α."""
    return 0.1 + (top - 0.1) / (1 + np.exp(-(log_alpha - middle) / width))


def true_critical_mass(middle: float, shift: float, width: float, top: float) -> float:
    """Return where the mean over all seeds crosses .9, by bisection."""
    z = np.linspace(-6, 6, 601)
    weight = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    low, high = -6.0, 3.0
    for _ in range(50):
        at = (low + high) / 2
        enough = weight @ expected_success(np.array(at), middle + shift * z, width, top) >= 0.9
        low, high = (low, at) if enough else (at, high)
    return float(10**high)


def coverage(sizes: int, seeds: int, shift: float, width: float, top: float) -> float:
    """Return how often (low, high] holds the true α*, over noisy S-curves.

    Each seed shifts its curve along log10 α (standard deviation ``shift``), as its people and its
    collectives differ; success is a frequency among 450 held-out people, the demo's number. The
    true α* lies anywhere between the grid's points, on a grid over two decades.
    """
    rng = np.random.default_rng(3)
    alphas = np.concatenate([[0.0], np.geomspace(0.001, 0.1, sizes)])
    log_alpha = np.log10(np.maximum(alphas, 1e-9))[:, None]
    covered = 0
    for _ in range(REPETITIONS):
        middle = rng.uniform(-2.7, -1.3)
        of_seeds = middle + shift * rng.standard_normal(seeds)
        success = rng.binomial(450, expected_success(log_alpha, of_seeds, width, top)) / 450
        mass = critical_mass(alphas, success, 0.9)
        covered += mass.low < true_critical_mass(middle, shift, width, top) <= mass.high
    return covered / REPETITIONS


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize(
    ("sizes", "shift", "width", "top"),
    [
        (7, 0.1, 0.1, 1.0),  # the demo's kind of grid: three sizes a decade
        (17, 0.1, 0.15, 1.0),  # fine: seeds differ by a spacing of the grid
        (9, 0.1, 0.15, 0.95),  # a plateau close above the target
    ],
)
def test_the_interval_covers_at_its_stated_rate(
    sizes: int, seeds: int, shift: float, width: float, top: float
) -> None:
    found = coverage(sizes, seeds, shift, width, top)
    # Three standard errors of a frequency of 95% in 300 repetitions: 0.95 − 0.038.
    assert found >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / REPETITIONS)


@pytest.mark.parametrize("seeds", [3, 5])
def test_where_seeds_differ_by_several_spacings_the_interval_covers_nine_times_in_ten(
    seeds: int,
) -> None:
    """What the docstring concedes: 33 sizes a spacing of .06 apart, seeds that differ by .2."""
    found = coverage(33, seeds, shift=0.2, width=0.15, top=1.0)
    assert found >= 0.9 - 3 * math.sqrt(0.9 * 0.1 / REPETITIONS)  # three standard errors: 0.848
