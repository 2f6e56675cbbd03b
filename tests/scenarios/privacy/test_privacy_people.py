"""The attribute set apart, groups large enough, and what columns say of it."""

import math

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.scenarios.privacy.information import most_informative, mutual_information
from quorate.scenarios.privacy.people import People, check_groups, set_apart
from quorate.table import Column, Split, Table

COLUMNS = (Column("city", 0, ("x", "y", "z")), Column("age", 3), Column("height", 4))
X = np.array(
    [[1, 0, 0, 20, 5], [0, 1, 0, 30, 6], [0, 0, 1, 40, 7], [0, 1, 0, 50, 8]], dtype=np.float32
)
TABLE = Table(X, np.array([0, 1, 0, 1]), ("no", "yes"), columns=COLUMNS)
SPLIT = Split(TABLE, TABLE.take(np.array([3, 0])))


def test_a_category_is_set_apart() -> None:
    train, held_out = set_apart(SPLIT, "city", None)
    assert (train.attribute.tolist(), train.values) == ([0, 1, 2, 1], ("x", "y", "z"))
    assert held_out.attribute.tolist() == [1, 0]
    assert train.table.x.tolist() == [[20, 5], [30, 6], [40, 7], [50, 8]]
    assert [(c.name, c.start) for c in train.table.columns] == [("age", 0), ("height", 1)]
    assert train.table.y.tolist() == [0, 1, 0, 1]
    assert train.to_infer().y.tolist() == [0, 1, 2, 1]
    assert train.base_rate.tolist() == [0.25, 0.5, 0.25]


def test_one_value_is_told_from_the_others() -> None:
    train, _ = set_apart(SPLIT, "city", "y")
    assert (train.attribute.tolist(), train.values) == ([0, 1, 0, 1], ("others", "y"))


def test_a_number_is_cut_at_the_median_of_those_learned_from() -> None:
    train, held_out = set_apart(SPLIT, "age", None)  # the median is 35
    assert (train.attribute.tolist(), held_out.attribute.tolist()) == ([0, 0, 1, 1], [1, 0])
    assert [(c.name, c.start) for c in train.table.columns] == [("city", 0), ("height", 3)]
    assert train.table.x[1].tolist() == [0, 1, 0, 6]


def test_information_by_hand() -> None:
    a = np.array([0, 0, 1, 1])
    assert mutual_information(a, a) == pytest.approx(math.log(2) - 1 / 8)
    assert mutual_information(np.array([0, 1, 0, 1]), a) == pytest.approx(-1 / 8)
    assert mutual_information(np.zeros(4, np.int64), a) == 0
    # p = (.5, .25, 0, .25): ½·log(.5/(.5·.75)) + ¼·log(.25/.125) + ¼·log(.25/.375) = .21576
    found = mutual_information(np.array([0, 0, 1, 0]), np.array([0, 0, 1, 1]))
    assert found == pytest.approx(0.215762 - 1 / 8, abs=1e-6)  # the digits written here


def test_information_is_that_of_a_naive_sum() -> None:
    rng = np.random.default_rng(0)
    codes, attribute = rng.integers(4, size=300), rng.integers(3, size=300)
    naive = 0.0
    for v in range(4):
        for a in range(3):
            both = np.mean((codes == v) & (attribute == a))
            if both:
                naive += both * math.log(both / (np.mean(codes == v) * np.mean(attribute == a)))
    assert mutual_information(codes, attribute) == pytest.approx(naive - 3 * 2 / 600)


def test_the_most_telling_columns_come_first() -> None:
    rng = np.random.default_rng(0)
    attribute = rng.integers(2, size=400)
    x = np.column_stack([rng.random(400), attribute + rng.random(400), attribute]).astype(
        np.float32
    )
    columns = (Column("noise", 0), Column("hint", 1), Column("proxy", 2))
    table = Table(x, np.zeros(400, np.int64), ("no", "yes"), columns=columns)
    people = People(table, attribute, ("a", "b"))
    # hint and proxy tell it surely; the bins of hint cost a little for what chance gives
    assert most_informative(people, 3) == ("proxy", "hint", "noise")
    with pytest.raises(InputError, match="Expected how_many=4 to be at most the 3 columns"):
        most_informative(people, 4)


def test_how_many_people_are_needed_is_said() -> None:
    # (1.96/(2·.05))² = 384.16; over 5 seeds 76.8
    table = Table(np.zeros((100, 1), np.float32), np.zeros(100, np.int64), ("no", "yes"))
    some = People(table, (np.arange(100) < 70).astype(np.int64), ("a", "b"))
    with pytest.raises(InputError, match=r"at least 77 people held out of every value.*30 of 'a'"):
        check_groups(some, margin=0.05, seeds=5)
    with pytest.raises(InputError, match=r"at least 385 people.*over 1 seeds"):
        check_groups(some, margin=0.05, seeds=1)
    check_groups(some, margin=0.1, seeds=5)  # 96.04/5: 20 are enough


def alone(x: np.ndarray, *columns: Column) -> Split:
    table = Table(x.astype(np.float32), np.zeros(len(x), np.int64), ("no", "yes"), columns=columns)
    return Split(table, table)


@pytest.mark.parametrize(
    ("split", "attribute", "value", "said"),
    [
        (SPLIT, "town", None, "Expected a known column, got 'town'.*age, city, height"),
        (SPLIT, "city", "w", "Expected a known value of city, got 'w'.*x, y, z"),
        (alone(np.ones((3, 1))), "city", None, "Expected people with named columns"),
        (alone(np.eye(3), COLUMNS[0]), "city", None, "Expected columns to infer city from, got th"),
        (alone(np.ones((3, 2)), Column("a", 0), Column("b", 1)), "a", None,
         "Expected two values or more of a to tell apart, got 'at most the median' alone"),
    ],
)  # fmt: skip
def test_what_cannot_be_set_apart_is_answered(
    split: Split, attribute: str, value: str | None, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        set_apart(split, attribute, value)


def test_an_id_is_no_attribute() -> None:
    ids = Column("id", 0, tuple(map(str, range(51))))
    split = alone(np.eye(52)[:51], ids, Column("age", 51))
    with pytest.raises(InputError, match="Expected an attribute of at most 50 values, got 51"):
        set_apart(split, "id", None)
