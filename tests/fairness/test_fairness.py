"""Measures of fairness by hand and against fairlearn, and what is refused."""

import json
import math
import warnings

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
from sklearn.metrics import accuracy_score

from quorate.errors import InputError
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


def fairlearns(
    y: Labels, predicted: Labels, group: Labels, weights: Floats | None = None
) -> dict[str, float]:
    """Return fairlearn's measures of 0/1 labels."""
    weighed = None if weights is None else {"sample_weight": weights}
    accuracy = MetricFrame(
        metrics=accuracy_score,
        y_true=y,
        y_pred=predicted,
        sensitive_features=group,
        sample_params=weighed,
    )
    return {
        "accuracy": accuracy.overall,
        "accuracy_gap": accuracy.difference(),
        "worst_group_accuracy": accuracy.group_min(),
        "equal_opportunity_gap": equal_opportunity_difference(
            y, predicted, sensitive_features=group, sample_weight=weights
        ),
        "disparate_impact": demographic_parity_ratio(
            y, predicted, sensitive_features=group, sample_weight=weights
        ),
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


@pytest.mark.parametrize("seed", range(6))
def test_weighted_people_are_measured_as_in_fairlearn(seed: int) -> None:
    y, predicted, group, names = people(seed, 200, 2 + seed % 4, 2)
    weights = np.random.default_rng(seed).exponential(3.0, size=len(y))
    found = measure(y, predicted, group, names, k=2, sample_weight=weights)
    for name, value in fairlearns(y, predicted, group, weights).items():
        assert getattr(found, name) == pytest.approx(value, abs=ROUNDING), name


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


# ------------------------------------------------------------------------------------ properties


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 7), st.integers(8, 60))
def test_the_ends_lie_around_the_measure_and_in_range(seed: int, m: int, k: int, n: int) -> None:
    y, predicted, group, names = people(seed, n, m, k)
    found = measure(y, predicted, group, names, k)
    ends = measure_intervals(y, predicted, group, names, k)
    values = {name: getattr(found, name) for name in ("accuracy", *MEASURES)} | {
        f"accuracy[{name}]": value for name, value in found.accuracy_by_group.items()
    }
    assert set(ends) == set(values)
    for name, value in values.items():
        low, high, note = ends[name]
        if math.isnan(value):
            assert 0 <= low <= high == 1
            assert note.startswith("Not defined")
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
        measure_intervals(*arrays, NAMES, k=2)


def test_bad_numbers_are_named() -> None:
    with pytest.raises(InputError, match=r"positive=2 in \[0, 1\]"):
        measure(Y, PREDICTED, GROUP, NAMES, k=2, positive=2)
    with pytest.raises(InputError, match="k=0 to be at least 1"):
        measure(Y, PREDICTED, GROUP, NAMES, k=0)
    with pytest.raises(InputError, match=r"level=1 in \(0, 1\)"):
        measure_intervals(Y, PREDICTED, GROUP, NAMES, 2, level=1)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([1, -2, 1, 1], "weights of 0 or more, got -2"),
        ([1, math.nan, 1, 1], "weights of 0 or more, got nan"),
        ([1, math.inf, 1, 1], "weights of 0 or more, got inf"),
        ([1, 1, 1], r"one weight for each of 4 people, got shape \(3,\)"),
        ([0, 0, 0, 0], "a weight above 0, got 0 for everyone"),
        ([1, 1, 0, 0], "people of a weight above 0 in every group, got none in b"),
        (["1", "1", "1", "1"], "numbers for sample_weight"),
    ],
)
def test_bad_weights_are_named(weights: list[float], expected: str) -> None:
    y, group = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    with pytest.raises(InputError, match=expected):
        measure(y, y, group, NAMES, 2, sample_weight=np.array(weights))
    with pytest.raises(InputError, match=expected):
        measure_intervals(y, y, group, NAMES, 2, sample_weight=np.array(weights))
