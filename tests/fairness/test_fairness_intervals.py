"""Intervals of fairness measures: by hand, against independent code, and against the truth."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import beta, binom

from quorate.fairness.group_counts import GroupCounts, Sums
from quorate.fairness.intervals import measure_ends, measure_intervals
from quorate.fairness.limits import Trials, mean_gap, mean_ratio
from quorate.fairness.weights import effective

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
NAMES = ("a", "b")
# Quotients of small integers, and quantiles that two libraries compute to some 1e-12.
ROUNDING = 1e-9


# ---------------------------------------------------------------------------------------- by hand


def clopper_pearson(x: int, n: int, tail: float) -> tuple[float, float]:
    """Return the rates at which x or more, and x or fewer, have probability ``tail``."""
    low = 0.0 if x == 0 else brentq(lambda p: binom.sf(x - 1, n, p) - tail, 0, 1, xtol=1e-14)
    high = 1.0 if x == n else brentq(lambda p: binom.cdf(x, n, p) - tail, 0, 1, xtol=1e-14)
    return low, high


def two_groups(hits: tuple[int, int], sizes: tuple[int, int]) -> tuple[Labels, Labels, Labels]:
    """Return people who all have label 1, which these many of each group are given."""
    given_it = np.concatenate([np.arange(n) < x for x, n in zip(hits, sizes, strict=True)])
    return np.ones(sum(sizes), dtype=int), given_it * 1, np.repeat([0, 1], sizes)


def further(p: float, low: float, high: float, q: float, below: float, above: float) -> float:
    """Return how far below p − q its limit lies: by squares, or by spread and skewness."""
    parts = [(p - low, high - p), (above - q, q - below)]  # towards the limit, and away from it
    spreads, skews = [(a + b) / 2 for a, b in parts], [(a - b) / 2 for a, b in parts]
    total = sum(s**2 for s in spreads)
    moved = sum(c * s**2 for c, s in zip(skews, spreads, strict=True)) / total
    return max(math.hypot(*(a for a, _ in parts)), math.sqrt(total) + moved)


@pytest.mark.parametrize(
    ("hits", "sizes"), [((3, 700), (5, 1000)), ((8, 8), (8, 12)), ((0, 3), (30, 30))]
)
def test_ends_of_two_groups_by_hand(hits: tuple[int, int], sizes: tuple[int, int]) -> None:
    found = measure_intervals(*two_groups(hits, sizes), NAMES, 2)
    wide = [clopper_pearson(x, n, 0.0125) for x, n in zip(hits, sizes, strict=True)]  # 2 pairs
    near = [clopper_pearson(x, n, 0.025) for x, n in zip(hits, sizes, strict=True)]
    p, q = hits[0] / sizes[0], hits[1] / sizes[1]
    lows, highs = [], []
    for i, j in ((0, 1), (1, 0)):
        first, second, d = (p, q)[i], (p, q)[j], (p, q)[i] - (p, q)[j]
        lows.append(d - further(first, *wide[i], second, *wide[j]))
        highs.append(
            d + further(-first, -near[i][1], -near[i][0], -second, -near[j][1], -near[j][0])
        )
    ends = max(0, *lows), min(1, max(highs))
    assert found["accuracy_gap"][:2] == pytest.approx(ends, abs=ROUNDING)
    assert found["equal_opportunity_gap"] == found["accuracy_gap"]  # everyone is positive
    worst = min(near[0][0], near[1][0]), min(wide[0][1], wide[1][1])
    assert found["worst_group_accuracy"][:2] == pytest.approx(worst, abs=ROUNDING)
    assert found["accuracy[a]"][:2] == pytest.approx(near[0], abs=ROUNDING)


def test_a_ratio_is_where_the_limit_of_a_difference_is_none() -> None:
    hits, sizes = (12, 700), (30, 1000)
    found = measure_intervals(*two_groups(hits, sizes), NAMES, 2)["disparate_impact"]
    p, q = 12 / 30, 0.7

    def lower_limit(r: float) -> float:  # of p − r·q
        low, high = clopper_pearson(12, 30, 0.025)[0], clopper_pearson(700, 1000, 0.025)[1]
        return p - r * q - math.hypot(p - low, r * (high - q))

    def upper_limit(r: float) -> float:
        high, low = clopper_pearson(12, 30, 0.0125)[1], clopper_pearson(700, 1000, 0.0125)[0]
        return p - r * q + math.hypot(high - p, r * (q - low))

    assert found.low == pytest.approx(brentq(lower_limit, 0, 1), abs=1e-9)  # brentq's own 2e-12
    assert found.high == pytest.approx(brentq(upper_limit, 0.5, 3), abs=1e-9)


def test_many_rows_give_the_usual_interval_of_a_difference() -> None:
    # 500 people each, 400 and 300 right: SD √(.8·.2/500 + .6·.4/500) = 0.0283; of the lower end
    # z(.9875) = 2.2414 of them, of the upper 1.96. Exact limits are up to 1/500 wider each.
    found = measure_intervals(*two_groups((400, 300), (500, 500)), NAMES, 2)["accuracy_gap"]
    assert 0.2 - 2.2414 * 0.0283 - 0.004 < found.low < 0.2 - 2.2414 * 0.0283
    assert 0.2 + 1.96 * 0.0283 < found.high < 0.2 + 1.96 * 0.0283 + 0.004


def test_central_limits_are_those_of_jeffreys_law() -> None:
    trials = Trials(np.array([0.0, 3, 10]), np.array([10.0, 10, 10]))
    found = trials.central(0.1)
    law = beta(trials.hits + 0.5, 10 - trials.hits + 0.5)
    assert found.low[:2].tolist() == pytest.approx([0, law.ppf(0.1)[1]], abs=ROUNDING)
    assert found.high[1:].tolist() == pytest.approx([law.ppf(0.9)[1], 1], abs=ROUNDING)


def test_one_group_has_no_gap() -> None:
    y = np.array([0, 1, 1])
    found = measure_intervals(y, np.array([1, 1, 1]), np.zeros(3, dtype=int), ("a",), 2)
    assert found["accuracy_gap"][:2] == (0, 0)
    assert found["disparate_impact"][:2] == (1, 1)


# ------------------------------------------------------------------------------ what is not known


def test_a_group_without_positives_leaves_the_gap_open_and_says_so() -> None:
    y = np.array([1] * 40 + [1] * 40 + [0] * 9)
    predicted = np.array([1] * 40 + [0] * 40 + [0] * 9)
    group = np.repeat([0, 1, 2], [40, 40, 9])
    found = measure_intervals(y, predicted, group, ("a", "b", "c"), 2)["equal_opportunity_gap"]
    assert 0.7 < found.low < 1  # a and b differ, whatever c is like
    assert found.high == 1
    assert found.note == (
        "Not defined, as nobody measured in c has the label: the true positive rate there may be "
        "anything."
    )


def test_nobody_selected_leaves_the_ratio_open_and_says_so() -> None:
    y = np.array([0, 1, 0, 1])
    found = measure_intervals(y, np.zeros(4, dtype=int), np.array([0, 0, 1, 1]), NAMES, 2)
    assert found["disparate_impact"][:2] == (0, 1)
    assert found["disparate_impact"].note == (
        "Not defined, as nobody measured is given the label: the ratio of two rates of 0 may be "
        "anything."
    )
    assert found["accuracy_gap"].note == ""


def test_labels_that_a_mean_leaves_out_are_counted() -> None:
    y, group = np.array([0, 1, 2, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 1])
    found = measure_intervals(y, y, group, NAMES, 3)
    assert found["equal_opportunity_gap"].note == (
        "1 of 3 labels are left out, each one that nobody measured in b has."
    )


# --------------------------------------------------------------------------------------- coverage

TRIALS = 2000
# The requirement is .93. Of 2,000 trials at .945, .93 or fewer hold the truth once in 500 settings;
# exactly computed coverages are held to .93 without an allowance.
LEAST = 0.93
RATES = (0.0, 0.02, 0.06, 0.15, 0.5, 0.84, 0.9, 0.94, 1.0)


@pytest.mark.parametrize("sizes", [(2, 2), (5, 5), (5, 8), (8, 30), (12, 100), (30, 30)], ids=str)
def test_two_groups_are_covered_for_certain(sizes: tuple[int, int]) -> None:
    """All outcomes of two groups, each with its probability: nothing is simulated."""
    x, y = np.meshgrid(*(np.arange(n + 1.0) for n in sizes), indexing="ij")
    hits = np.stack([x.ravel(), y.ravel()], axis=1)[:, None]  # (r, 1, 2)
    trials = Trials(hits, np.broadcast_to(np.array(sizes, float), hits.shape))
    gap, impact = mean_gap(trials, 0.025), mean_ratio(trials, 0.025)
    for p, q in itertools.product(RATES, RATES):
        chances = np.outer(
            *(binom.pmf(np.arange(n + 1), n, r) for n, r in zip(sizes, (p, q), strict=True))
        )
        for (low, high), truth in ((gap, abs(p - q)), (impact, min(p, q) / max(p, q, 1e-9))):
            if p == q == 0 and truth == 0 and high is impact[1]:
                continue  # nobody is ever selected: no ratio
            held = (low <= truth + ROUNDING) & (truth - ROUNDING <= high)
            assert chances.ravel()[held].sum() >= LEAST, (p, q, truth)


def laws() -> Iterator[tuple[tuple[int, ...], Floats]]:
    """Yield sizes of groups and the chances of (found, missed, wrongly, rightly) in each."""
    for small, others, m in ((5, 1000, 2), (8, 8, 5), (12, 1000, 3), (30, 1000, 2), (100, 100, 4)):
        for positives, first, rest in (
            *((0.02, 0.9, 0.9), (0.1, 0.5, 0.5), (0.5, 0.95, 0.95)),
            *((0.5, 1.0, 0.95), (0.3, 0.1, 0.5), (0.5, 1.0, 1.0)),
        ):
            found = np.array([first, *[rest] * (m - 1)])
            wrongly = (1 - found) / 2
            cells = (positives * found, positives * (1 - found))
            cells += ((1 - positives) * wrongly, (1 - positives) * (1 - wrongly))
            yield (small, *[others] * (m - 1)), np.stack(cells, axis=1)


def tables(counts: Floats) -> Sums:
    """Return sums by group and label of counts (t, m, 4)."""
    found, missed, wrongly, rightly = np.moveaxis(counts, -1, 0)
    right, wrong = np.stack([rightly, found], axis=-1), np.stack([wrongly, missed], axis=-1)
    return Sums(right, wrong, np.stack([rightly + missed, found + wrongly], axis=-1))


def truth_of(cells: Floats) -> dict[str, float]:
    """Return the measures of chances (m, 4), rate by rate."""
    accuracy, selected = cells[:, 0] + cells[:, 3], cells[:, 0] + cells[:, 2]
    opportunity = cells[:, 0] / (cells[:, 0] + cells[:, 1])
    return {
        "accuracy[a]": accuracy[0],
        "accuracy_gap": max(accuracy) - min(accuracy),
        "worst_group_accuracy": min(accuracy),
        "equal_opportunity_gap": max(opportunity) - min(opportunity),
        "disparate_impact": min(selected) / max(selected),
    }


def test_every_measure_of_two_labels_is_covered() -> None:
    rng = np.random.default_rng(17)
    for sizes, cells in laws():
        drawn = [rng.multinomial(n, p, size=TRIALS) for n, p in zip(sizes, cells, strict=True)]
        people = GroupCounts(tables(np.stack(drawn, axis=1).astype(float)))
        ends = measure_ends(people, slice(1, 2), "abcde"[: len(sizes)], 0.95)
        for name, truth in truth_of(cells).items():
            low, high = ends[name]
            held = np.mean((low <= truth + ROUNDING) & (truth - ROUNDING <= high))
            assert held >= LEAST, (name, sizes, cells, held)


@pytest.mark.parametrize(("k", "m", "n"), [(3, 2, 12), (8, 2, 100), (8, 4, 30), (20, 2, 400)])
def test_means_over_labels_are_covered(k: int, m: int, n: int) -> None:
    """True positive rates of n/k rows a label, and selection rates of n rows a group."""
    rng, trials = np.random.default_rng(k + m), 120
    opposite = np.where((np.arange(k)[:, None] + np.arange(m)) % 2, 1.0, 2.0)  # (k, m)
    uneven = 0.6 ** np.arange(k)[:, None] * np.ones(m)
    two = np.where(np.arange(k)[:, None] < 2, opposite, 0.0)  # the others are never predicted
    for chances in (np.ones((k, m)), opposite, uneven, two):
        shares = chances / chances.sum(axis=0)
        drawn = [rng.multinomial(n, shares[:, g], size=trials) for g in range(m)]
        rows = np.broadcast_to(float(n), (trials, k, m))
        hits = np.stack(drawn, axis=-1).astype(float)
        ratios = shares.min(axis=1) / np.where(shares.max(axis=1) > 0, shares.max(axis=1), 1)
        seen = hits.max(axis=2) > 0
        truth = (seen * ratios).sum(axis=1) / seen.sum(axis=1)  # of the labels that count
        low, high = mean_ratio(Trials(hits, rows), 0.025)
        held = np.mean((low <= truth + ROUNDING) & (truth - ROUNDING <= high))
        assert held >= LEAST, (chances, held)
    each = max(2, n // k)
    apart = np.where(np.arange(m) == 0, 0.02, 0.98) + 0 * opposite
    for rates in (0.5 + 0 * opposite, 0.95 + 0 * opposite, 0.98 - 0.2 * (opposite - 1), apart):
        hits = rng.binomial(each, rates, size=(trials, k, m)).astype(float)
        low, high = mean_gap(Trials(hits, np.full(hits.shape, float(each))), 0.025)
        gap = (rates.max(axis=1) - rates.min(axis=1)).mean()
        held = np.mean((low <= gap + ROUNDING) & (gap - ROUNDING <= high))
        assert held >= LEAST, (rates, held)


def test_intervals_of_many_rows_are_hardly_wider_than_the_noise() -> None:
    """At 1,000 rows a group: 2.2414 + 1.96 standard errors, as wide as a bootstrap's."""
    for p, q in ((0.5, 0.6), (0.8, 0.9), (0.95, 0.9)):
        hits = np.array([[[1000 * p, 1000 * q]]])
        low, high = mean_gap(Trials(hits, np.full(hits.shape, 1000.0)), 0.025)
        error = math.sqrt(p * (1 - p) / 1000 + q * (1 - q) / 1000)
        assert (high - low)[0] < 1.1 * (2.2414 + 1.96) * error


# ---------------------------------------------------------------------------------------- weights


def test_equal_weights_change_nothing() -> None:
    rng = np.random.default_rng(3)
    y, predicted, group = (rng.integers(k, size=200) for k in (3, 3, 2))
    plain = measure_intervals(y, predicted, group, NAMES, 3)
    weighed = measure_intervals(y, predicted, group, NAMES, 3, sample_weight=np.full(200, 0.3))
    for name, ends in plain.items():
        assert weighed[name][:2] == pytest.approx(ends[:2], abs=ROUNDING), name


@given(st.lists(st.floats(0.01, 100), min_size=4, max_size=30), st.integers(1, 2**30))
def test_weighted_rows_are_worth_no_more_than_there_are(weights: list[float], bits: int) -> None:
    w = np.array(weights)
    hit = (bits >> np.arange(len(w))) & 1 == 1
    parts = w[hit].sum(), w[~hit].sum(), (w[hit] ** 2).sum(), (w[~hit] ** 2).sum()
    worth = float(effective(*map(np.asarray, parts)))
    assert 0 < worth <= w.sum() ** 2 / (w**2).sum() * (1 + ROUNDING)
    assert worth <= len(w) * (1 + ROUNDING)


@pytest.mark.parametrize("related", [False, True], ids=["unrelated", "related"])
@pytest.mark.parametrize("small", [8, 30, 200])
def test_weighted_measures_are_covered(small: int, related: bool) -> None:
    """Weights of 1 and 4, or of a lognormal law; who has a large one may be right more often."""
    rng = np.random.default_rng(small + related)
    for rates, spread in itertools.product(((0.5, 0.5), (0.95, 0.9), (0.1, 0.6)), (0, 1)):
        sums, squares, truths = [], [], []
        for size, rate in ((small, rates[0]), (400, rates[1])):
            heavy = rng.random((1000, size)) < 0.3
            weight = np.where(heavy, 4.0, 1.0)
            if spread:
                weight = weight * rng.lognormal(0, 0.5, size=weight.shape)
            gains = 0.7 if related else 1.0
            right = rng.random(weight.shape) < np.where(heavy, rate * gains, rate)
            truths.append(rate * (0.7 + 0.3 * 4 * gains) / (0.7 + 0.3 * 4))
            for table, of in ((sums, weight), (squares, weight**2)):
                hit = (of * right).sum(axis=1)
                table.append(np.stack([hit, of.sum(axis=1) - hit, 0 * hit, 0 * hit], axis=-1))
        people = GroupCounts(*(tables(np.stack(each, axis=1)) for each in (sums, squares)))
        ends = measure_ends(people, slice(1, 2), NAMES, 0.95)
        for name, truth in (
            ("accuracy[a]", truths[0]),
            ("accuracy_gap", abs(truths[0] - truths[1])),
            ("equal_opportunity_gap", abs(truths[0] - truths[1])),
            ("worst_group_accuracy", min(truths)),
            ("disparate_impact", min(truths) / max(truths)),
        ):
            low, high = ends[name]
            held = np.mean((low <= truth + ROUNDING) & (truth - ROUNDING <= high))
            assert held >= LEAST, (name, rates, spread, held)


@pytest.mark.parametrize("size", [12, 100, 1000])
def test_a_few_people_of_a_large_weight(size: int) -> None:
    """Covered where they are like the others; if they are not, only where some are measured."""
    rng, trials = np.random.default_rng(size), 1000
    for rate in (0.5, 1.0):
        heavy = rng.random((trials, size)) < 0.02
        weight = np.where(heavy, 100.0, 1.0)
        right = rng.random(weight.shape) < np.where(heavy, rate, 0.5)
        sums = []
        for of in (weight, weight**2):
            hit = (of * right).sum(axis=1)
            sums.append(np.stack([hit, of.sum(axis=1) - hit, 0 * hit, 0 * hit], axis=-1)[:, None])
        ends = measure_ends(GroupCounts(*map(tables, sums)), slice(1, 2), NAMES[:1], 0.95)
        low, high = ends["accuracy"]
        truth = (0.02 * 100 * rate + 0.98 * 0.5) / (0.02 * 100 + 0.98)
        held = (low <= truth + ROUNDING) & (truth - ROUNDING <= high)
        assert held[heavy.any(axis=1) | (rate == 0.5)].mean() >= LEAST
