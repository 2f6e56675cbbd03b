"""Measures of fairness by hand and against fairlearn, and their intervals against the truth."""

import json
import math
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_ratio,
    equal_opportunity_difference,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score

from quorate.errors import InputError
from quorate.fairness.group_counts import count_groups
from quorate.fairness.intervals import measure_intervals
from quorate.fairness.measures import Fairness, measure
from quorate.intervals import Estimate

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
MEASURES = (
    "accuracy_gap",
    "worst_group_accuracy",
    "equal_opportunity_gap",
    "disparate_impact",
)
# Means of at most 100 quotients of small integers, added up in another order than fairlearn's.
ROUNDING = 1e-12


def people(seed: int, n: int, m: int, k: int) -> tuple[Labels, Labels, Labels, tuple[str, ...]]:
    """Return true labels, predictions, groups that differ, and their names; nobody's is empty."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.arange(n) % m)
    y = (rng.integers(k, size=n) + (rng.random(n) < 0.1 * group)) % k
    kept = rng.random(n) < np.linspace(0.5, 0.9, m)[group]
    return y, np.where(kept, y, rng.integers(k, size=n)), group, tuple("abcdefgh"[:m])


# ------------------------------------------------------------------------------------------ by hand

# Group a: 4 people, 3 right, both positives found, 3 of 4 selected.
# Group b: 6 people, 3 right, 1 of 3 positives found, 2 of 6 selected.
Y = np.array([1, 1, 0, 0, 1, 1, 1, 0, 0, 0])
PREDICTED = np.array([1, 1, 1, 0, 1, 0, 0, 1, 0, 0])
GROUP = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
NAMES = ("a", "b")


def test_two_groups_by_hand() -> None:
    found = measure(Y, PREDICTED, GROUP, NAMES, k=2)
    assert found == Fairness(
        accuracy_by_group={"a": 3 / 4, "b": 3 / 6},
        accuracy=6 / 10,
        accuracy_gap=1 / 4,
        worst_group_accuracy=1 / 2,
        equal_opportunity_gap=1 - 1 / 3,
        disparate_impact=(2 / 6) / (3 / 4),
    )


def test_the_other_label_may_be_the_one_that_is_wanted() -> None:
    found = measure(Y, PREDICTED, GROUP, NAMES, k=2, positive=0)
    assert found.equal_opportunity_gap == 2 / 3 - 1 / 2
    assert found.disparate_impact == (1 / 4) / (4 / 6)


def test_three_labels_by_hand() -> None:
    # Label 0: true positive rates 1 and 1/2, selection rates 2/4 and 1/4. Label 1: rates 0 and 1,
    # selection 1/4 and 1/4. Label 2: nobody in b has it, so its gap is left out; selection 1/4 and
    # 2/4.
    y = np.array([0, 0, 1, 2, 0, 0, 1, 1])
    predicted = np.array([0, 0, 2, 1, 0, 2, 1, 2])
    group = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    found = measure(y, predicted, group, NAMES, k=3)
    assert found.equal_opportunity_gap == (1 / 2 + 1 / 2) / 2
    assert found.disparate_impact == pytest.approx((1 / 2 + 1 + 1 / 2) / 3, abs=ROUNDING)


def test_a_label_that_nobody_has_or_is_given_does_not_count() -> None:
    few = measure(Y, PREDICTED, GROUP, NAMES, k=3)
    ones = [measure(Y, PREDICTED, GROUP, NAMES, k=3, positive=label) for label in range(3)]
    for name in ("equal_opportunity_gap", "disparate_impact"):
        first, second, never = (getattr(one, name) for one in ones)
        assert getattr(few, name) == (first + second) / 2
        assert math.isnan(never)


def test_what_is_not_defined_is_none_in_json() -> None:
    found = measure(np.zeros(4, dtype=int), np.zeros(4, dtype=int), GROUP[2:6], NAMES, k=2)
    assert json.loads(json.dumps(found.to_json(), allow_nan=False)) == {
        "accuracy_by_group": {"a": 1.0, "b": 1.0},
        "accuracy": 1.0,
        "accuracy_gap": 0.0,
        "worst_group_accuracy": 1.0,
        "equal_opportunity_gap": None,
        "disparate_impact": None,
    }
    assert Estimate(0.5, -math.inf, math.nan).to_json() == {"value": 0.5, "low": None, "high": None}


# ---------------------------------------------------------------------------------------- fairlearn


def fairlearns(y: Labels, predicted: Labels, group: Labels) -> dict[str, float]:
    """Return fairlearn's measures of 0/1 labels."""
    accuracy = MetricFrame(
        metrics=accuracy_score, y_true=y, y_pred=predicted, sensitive_features=group
    )
    return {
        "accuracy": accuracy.overall,
        "accuracy_gap": accuracy.difference(),
        "worst_group_accuracy": accuracy.group_min(),
        "equal_opportunity_gap": equal_opportunity_difference(
            y, predicted, sensitive_features=group
        ),
        "disparate_impact": demographic_parity_ratio(y, predicted, sensitive_features=group),
    }


@pytest.mark.parametrize("seed", range(12))
def test_two_labels_are_measured_as_in_fairlearn(seed: int) -> None:
    m = 2 + seed % 4
    y, predicted, group, names = people(seed, 200, m, 2)
    found = measure(y, predicted, group, names, k=2)
    for name, value in fairlearns(y, predicted, group).items():
        assert getattr(found, name) == pytest.approx(value, abs=ROUNDING), name
    by_group = MetricFrame(
        metrics=accuracy_score, y_true=y, y_pred=predicted, sensitive_features=group
    ).by_group
    assert list(found.accuracy_by_group.values()) == pytest.approx(list(by_group), abs=ROUNDING)


@pytest.mark.parametrize("seed", range(3))
def test_each_of_many_labels_is_measured_as_in_fairlearn(seed: int) -> None:
    y, predicted, group, names = people(seed, 400, 3, 5)
    ones = [fairlearns((y == a) * 1, (predicted == a) * 1, group) for a in range(5)]
    for label, one in enumerate(ones):
        found = measure(y, predicted, group, names, k=5, positive=label)
        for name in ("equal_opportunity_gap", "disparate_impact"):
            assert getattr(found, name) == pytest.approx(one[name], abs=ROUNDING)
    every = measure(y, predicted, group, names, k=5)
    for name in ("equal_opportunity_gap", "disparate_impact"):
        mean = sum(one[name] for one in ones) / 5
        assert getattr(every, name) == pytest.approx(mean, abs=ROUNDING)


def test_where_fairlearn_sees_a_rate_of_zero_in_nobody_nothing_is_claimed() -> None:
    y, predicted = np.array([1, 1, 0, 0]), np.array([1, 1, 0, 0])
    group = np.array([0, 0, 1, 1])  # nobody in group b is positive
    assert fairlearns(y, predicted, group)["equal_opportunity_gap"] == 1
    assert math.isnan(measure(y, predicted, group, NAMES, k=2).equal_opportunity_gap)


def test_nobody_selected_is_undefined_here_and_there() -> None:
    nobody = np.zeros(len(Y), dtype=int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert math.isnan(fairlearns(Y, nobody, GROUP)["disparate_impact"])
    assert math.isnan(measure(Y, nobody, GROUP, NAMES, k=2).disparate_impact)


# ------------------------------------------------------------------------------------ the bootstrap


def rows_resampled(
    y: Labels, predicted: Labels, group: Labels, names: tuple[str, ...], k: int, resamples: int
) -> Floats:
    """Return measures of people drawn row by row within groups, (resamples, 4): the slow way."""
    rng, found = np.random.default_rng(99), []
    members = [np.flatnonzero(group == g) for g in range(len(names))]
    for _ in range(resamples):
        rows = np.concatenate([rng.choice(who, len(who)) for who in members])
        one = measure(y[rows], predicted[rows], group[rows], names, k)
        found.append([getattr(one, name) for name in MEASURES])
    return np.array(found)


@pytest.mark.parametrize(("k", "m"), [(2, 2), (2, 4), (6, 3)])
def test_counts_drawn_at_once_are_distributed_as_rows_drawn_one_by_one(k: int, m: int) -> None:
    y, predicted, group, names = people(3, 240, m, k)
    slow = rows_resampled(y, predicted, group, names, k, 600)
    labels = slice(1, 2) if k == 2 else slice(0, k)
    tables = count_groups(y, predicted, group, names, k)
    drawn = tables.resampled(20_000, np.random.default_rng(4)).measures(labels)
    for name, one_by_one in zip(MEASURES, slow.T, strict=True):
        sd = one_by_one.std()
        # Five standard errors of 600 draws: of a mean sd/√600, of an SD at most sd/√600 here
        # (√((kurtosis − 1)/4) ≤ 1 for a kurtosis up to 5; a normal law has 3).
        error = 5 * sd / math.sqrt(600)
        assert drawn[name].mean() == pytest.approx(one_by_one.mean(), abs=error), name
        assert drawn[name].std() == pytest.approx(sd, abs=error), name


def test_the_far_ends_are_percentiles_of_rows_drawn_one_by_one() -> None:
    y, predicted, group, names = people(5, 300, 3, 2)
    slow = rows_resampled(y, predicted, group, names, 2, 600)
    found = measure_intervals(
        y, predicted, group, names, 2, resamples=20_000, rng=np.random.default_rng(0)
    )
    for name, one_by_one in zip(MEASURES, slow.T, strict=True):
        is_gap = name.endswith("gap")
        # The 2.5% quantile of 600 draws lies between those of ranks 2.5% ± 5·√(.025·.975/600);
        # the values are multiples of 1/100 or so, hence the ends of that range.
        ranks = np.clip(0.025 + np.array([-1, 1]) * 5 * math.sqrt(0.025 * 0.975 / 600), 0, 1)
        below, above = np.sort(np.quantile(one_by_one, 1 - ranks if is_gap else ranks))
        assert below <= found[name][1 if is_gap else 0] <= above, name


def test_the_near_end_of_two_groups_is_the_usual_one_of_a_difference() -> None:
    # 500 people each, 400 and 300 right: the gap's noise is that of a difference of two rates, of
    # SD √(.8·.2/500 + .6·.4/500) = 0.0283, and 97.5% of |noise| lie below 2.2414 SD.
    right = np.concatenate([np.arange(500) < 400, np.arange(500) < 300])
    group = np.repeat([0, 1], 500)
    y = np.ones(1000, dtype=int)
    found = measure_intervals(
        y, right * 1, group, NAMES, 2, resamples=20_000, rng=np.random.default_rng(1)
    )
    # Five standard errors √(.025·.975/20,000)/density of the quantile, with densities near 2 at
    # both ends, 0.0025 in all, and a step 1/500 of the counts.
    assert found["accuracy_gap"][0] == pytest.approx(0.2 - 2.2414 * 0.0283, abs=0.0045)
    # Upper end: the 97.5% quantile of the difference itself.
    assert found["accuracy_gap"][1] == pytest.approx(0.2 + 1.96 * 0.0283, abs=0.0045)


def coverage(
    draw: Callable[[np.random.Generator], tuple[Labels, Labels, Labels]],
    truth: dict[str, float],
    k: int,
    names: tuple[str, ...],
    trials: int,
) -> dict[str, int]:
    """Return how often the intervals hold the truth."""
    rng, held = np.random.default_rng(11), dict.fromkeys(truth, 0)
    for _ in range(trials):
        found = measure_intervals(*draw(rng), names, k, resamples=200, rng=rng)
        for name, value in truth.items():
            held[name] += found[name][0] <= value <= found[name][1]
    return held


@pytest.mark.parametrize(
    ("right", "m", "k"), [(0.8, 2, 2), (0.8, 4, 2), (0.6, 2, 2), (0.7, 2, 8)], ids=str
)
def test_intervals_hold_the_truth_with_a_gap_and_without(right: float, m: int, k: int) -> None:
    # Labels are uniform and mistakes are spread evenly, so selection rates are equal; the first
    # group is right with probability ``right``, the others with 0.8.
    rates = np.array([right, *[0.8] * (m - 1)])

    def draw(rng: np.random.Generator) -> tuple[Labels, Labels, Labels]:
        group = np.arange(400 * m) % m
        y = rng.integers(k, size=len(group))
        wrong = (y + rng.integers(1, k, size=len(group))) % k
        return y, np.where(rng.random(len(group)) < rates[group], y, wrong), group

    gap = 0.8 - right
    truth = {
        "accuracy_gap": gap,
        "worst_group_accuracy": right,
        "equal_opportunity_gap": gap,
        "disparate_impact": 1.0,
        "accuracy": float(rates.mean()),
        "accuracy[a]": right,
    }
    trials = 120
    held = coverage(draw, truth, k, tuple("abcd"[:m]), trials)
    for name, times in held.items():
        # Refuted only if 95% is: with coverage 0.95, fewer have probability below 10^-4.
        assert binomtest(times, trials, 0.95, alternative="less").pvalue > 1e-4, (name, times)


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 7), st.integers(8, 60))
def test_the_ends_lie_around_the_measure_and_in_range(seed: int, m: int, k: int, n: int) -> None:
    y, predicted, group, names = people(seed, n, m, k)
    found = measure(y, predicted, group, names, k)
    ends = measure_intervals(
        y, predicted, group, names, k, resamples=20, rng=np.random.default_rng(seed)
    )
    values = {name: getattr(found, name) for name in ("accuracy", *MEASURES)} | {
        f"accuracy[{name}]": value for name, value in found.accuracy_by_group.items()
    }
    assert set(ends) == set(values)
    for name, value in values.items():
        low, high = ends[name]
        if math.isnan(value):
            assert math.isnan(low)
            assert math.isnan(high)
        else:
            assert 0 <= low <= value <= high <= 1


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 5))
def test_names_of_groups_and_labels_do_not_matter(seed: int, m: int, k: int) -> None:
    y, predicted, group, names = people(seed, 50, m, k)
    rng = np.random.default_rng(seed)
    labels, places, rows = rng.permutation(k), rng.permutation(m), rng.permutation(50)
    found = measure(y, predicted, group, names, k, positive=0)
    again = measure(
        labels[y][rows],
        labels[predicted][rows],
        places[group][rows],
        tuple(names[g] for g in np.argsort(places)),
        k,
        positive=int(labels[0]),
    )
    assert again.accuracy_by_group == found.accuracy_by_group
    for name in ("accuracy", *MEASURES):
        assert getattr(again, name) == pytest.approx(
            getattr(found, name), abs=ROUNDING, nan_ok=True
        )


def test_equal_generators_give_equal_intervals_and_blocks_do_not_show(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_people = (*people(0, 500, 3, 4), 4)
    first, again, other = (
        measure_intervals(*given_people, rng=np.random.default_rng(seed)) for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other
    monkeypatch.setattr("quorate.fairness.intervals.AT_ONCE", 300)  # blocks of 25 resamples
    blocks = measure_intervals(*given_people, rng=np.random.default_rng(7))
    for name, ends in first.items():
        # Other draws of 1,000 resamples: of two quantiles at 2.5%, whose SEs are near 0.085 SD,
        # with SDs near 0.05; five times √2·0.085·0.05.
        assert blocks[name] == pytest.approx(ends, abs=0.03), name


# ---------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("y", "predicted", "group", "expected"),
    [
        ([0, 1], [0], [0, 1], r"one entry of predicted per person, got shape \(1,\) where y"),
        ([0, 1], [0, 1], [0, 1, 1], r"one entry of group per person"),
        ([[0, 1]], [[0, 1]], [[0, 1]], "one entry of y per person"),
        ([], [], [], "at least one person, got none"),
        ([0, 2], [0, 1], [0, 1], r"y in \[0, 1\], got 0 to 2"),
        ([0, 1], [0, -1], [0, 1], r"predicted in \[0, 1\], got -1 to 0"),
        ([0, 1], [0, 1], [0, 2], r"group in \[0, 1\], got 0 to 2"),
        ([0, 1], [0, 1], [0, 0], "people in every group, got none in b"),
        ([0, 1], [0.0, 1.0], [0, 1], "integers for predicted, got float64"),
    ],
)
def test_bad_people_are_named(
    y: list[int], predicted: list[int], group: list[int], expected: str
) -> None:
    arrays = [np.array(a, dtype=int if a == [] else None) for a in (y, predicted, group)]
    with pytest.raises(InputError, match=expected):
        measure(*arrays, NAMES, k=2)
    with pytest.raises(InputError, match=expected):
        measure_intervals(*arrays, NAMES, k=2, rng=np.random.default_rng(0))


def test_bad_numbers_are_named() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match=r"positive=2 in \[0, 1\]"):
        measure(Y, PREDICTED, GROUP, NAMES, k=2, positive=2)
    with pytest.raises(InputError, match="k=0 to be at least 1"):
        measure(Y, PREDICTED, GROUP, NAMES, k=0)
    with pytest.raises(InputError, match="resamples=0 to be at least 1"):
        measure_intervals(Y, PREDICTED, GROUP, NAMES, 2, resamples=0, rng=rng)
    with pytest.raises(InputError, match=r"level=1 in \(0, 1\)"):
        measure_intervals(Y, PREDICTED, GROUP, NAMES, 2, level=1, rng=rng)
