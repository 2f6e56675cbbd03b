"""Trees, forests and boosting on categories as they are."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from quorate.learners.base.category_codes import CategoryCodes, rank_values
from quorate.learners.scikit.boosting import Boosting
from quorate.learners.scikit.forest import Forest
from quorate.learners.scikit.tree import Tree
from quorate.table import Column, Submission, Table


def people(n: int, values: int, k: int, seed: int) -> tuple[Table, np.ndarray]:
    """Return people with a number, a category of so many values and a truth value, and codes."""
    rng = np.random.default_rng(seed)
    number = rng.normal(size=n)
    city, owns = rng.integers(values, size=n), rng.integers(2, size=n)
    taste = rng.integers(k, size=values)  # of each city
    y = np.where(rng.random(n) < 0.8, taste[city], rng.integers(k, size=n))
    x = np.concatenate([number[:, None], np.eye(values)[city], np.eye(2)[owns]], axis=1)
    columns = (
        Column("age", 0),
        Column("city", 1, tuple(f"city {i:03}" for i in range(values))),
        Column("owns", 1 + values, ("no", "yes")),
    )
    classes = tuple(f"class {i}" for i in range(k))
    table = Table(x.astype(np.float32), y.astype(np.int64), classes, columns=columns)
    return table, np.stack([number, city, owns], axis=1).astype(np.float32)


def fitted(learner: Tree | Forest | Boosting, table: Table) -> np.ndarray:
    everyone = Submission.without_collective(table)
    return learner.fit(everyone, np.random.default_rng(0)).predict(table.x)


def seeded() -> int:
    return int(np.random.default_rng(0).integers(2**31))


def test_boosting_is_scikit_learn_s_own_on_codes() -> None:
    table, codes = people(400, 30, 2, seed=0)
    own = HistGradientBoostingClassifier(
        max_iter=10, early_stopping=False, categorical_features=[1, 2], random_state=seeded()
    ).fit(codes, table.y)
    assert (fitted(Boosting(max_iter=10), table) == own.predict(codes)).all()


@pytest.mark.parametrize("k", [2, 3])
def test_trees_and_forests_are_scikit_learn_s_own_on_ranks(k: int) -> None:
    table, codes = people(400, 30, k, seed=1)
    for c, values in ((1, 30), (2, 2)):
        codes[:, c] = rank_values(codes[:, c].astype(np.int64), table.y, values, k)[
            codes[:, c].astype(np.int64)
        ]
    tree = DecisionTreeClassifier(random_state=seeded()).fit(codes, table.y)
    assert (fitted(Tree(), table) == tree.predict(codes)).all()
    forest = RandomForestClassifier(n_estimators=5, random_state=seeded()).fit(codes, table.y)
    assert (fitted(Forest(n_estimators=5), table) == forest.predict(codes)).all()


def test_values_stand_in_the_order_of_their_rates() -> None:
    """One of two with a, two of two with b and none of two with c have the second label."""
    at, y = np.array([0, 0, 1, 1, 2, 2]), np.array([1, 0, 1, 1, 0, 0])
    assert rank_values(at, y, 3, 2).tolist() == [1, 2, 0]
    assert rank_values(at, y, 4, 2).tolist() == [1, 3, 0, 2]  # nobody has d: in the middle


@pytest.mark.parametrize("seed", range(20))
def test_the_best_split_into_two_sets_is_one_of_the_order(seed: int) -> None:
    """For two labels: against every split of five values, by the Gini impurity that is left."""
    rng = np.random.default_rng(seed)
    at, y = rng.integers(5, size=60), rng.integers(2, size=60)

    def impurity(left: set[int]) -> float:
        total = 0.0
        for inside in (True, False):
            labels = [b for a, b in zip(at, y, strict=True) if (int(a) in left) == inside]
            counts = Counter(labels)
            total += sum(c * (len(labels) - c) / len(labels) for c in counts.values())
        return total

    sets = [set(some) for size in range(1, 5) for some in combinations(range(5), size)]
    rank = rank_values(at, y, 5, 2)
    ordered = [{v for v in range(5) if rank[v] < cut} for cut in range(1, 5)]
    # Sums of the same fractions in another order.
    assert min(map(impurity, ordered)) == pytest.approx(min(map(impurity, sets)), abs=1e-9)


def test_three_labels_stand_along_the_direction_in_which_they_differ_most() -> None:
    """Values a and b differ in labels 0 and 1 alone; c, between them, is half and half."""
    at = np.repeat([0, 1, 2], 4)
    y = np.array([0, 0, 0, 2, 1, 1, 1, 2, 0, 1, 0, 1])
    rank = rank_values(at, y, 3, 3)
    assert sorted(rank.tolist()) == [0, 1, 2]
    assert rank[2] == 1


def test_more_values_than_bins_are_ordered_for_boosting() -> None:
    table, _ = people(2000, 300, 2, seed=2)
    encoding = Boosting().encoding(table)
    assert encoding.categorical == (2,)
    agree = (fitted(Boosting(max_iter=20), table) == table.y).mean()
    assert agree > 0.85


def test_a_row_of_several_values_counts_as_its_largest() -> None:
    table, _ = people(10, 3, 2, seed=3)
    x = table.x.copy()
    x[0, 1:4] = [0.2, 0.5, 0.3]
    assert CategoryCodes.of(table, most=255).encode(x)[0, 1] == 1


def test_tables_without_categories_are_as_before() -> None:
    table, _ = people(300, 4, 2, seed=4)
    own = DecisionTreeClassifier(random_state=seeded()).fit(table.x, table.y)
    plain = Table(table.x, table.y, table.classes)
    assert (fitted(Tree(), plain) == own.predict(table.x)).all()


def test_a_category_of_one_value_and_one_of_none_of_the_people() -> None:
    table, _ = people(100, 4, 2, seed=5)
    some = table.take(table.x[:, 1] == 1)
    for learner in (Tree(), Forest(n_estimators=2), Boosting(max_iter=2)):
        model = learner.fit(Submission.without_collective(some), np.random.default_rng(0))
        assert len(model.predict(table.x)) == 100
