"""The attribute set apart, groups large enough, and what columns say of it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.populations.attribute_labels import AttributeLabels
from quorate.protocols import Population
from quorate.scenarios.privacy.people import check_groups, set_apart
from quorate.table import Column, Split, Table

COLUMNS = (Column("city", 0, ("x", "y", "z")), Column("age", 3), Column("height", 4))
X = np.array(
    [[1, 0, 0, 20, 5], [0, 1, 0, 30, 6], [0, 0, 1, 40, 7], [0, 1, 0, 50, 8]], dtype=np.float32
)
TABLE = Table(X, np.array([0, 1, 0, 1]), ("no", "yes"), columns=COLUMNS)
SPLIT = Split(TABLE, TABLE.take(np.array([3, 0])))


@dataclass(frozen=True)
class _Fixed(Population):
    """The four people above."""

    name: ClassVar[str] = "fixed"

    def split(self, rng: np.random.Generator) -> Split:
        return SPLIT


def test_a_category_is_set_apart() -> None:
    train, held_out = set_apart(SPLIT, "city", None)
    assert (train.read.y.tolist(), train.read.classes) == ([0, 1, 2, 1], ("x", "y", "z"))
    assert held_out.read.y.tolist() == [1, 0]
    for table in vars(train).values():
        assert table.x.tolist() == [[20, 5], [30, 6], [40, 7], [50, 8]]
        assert [(c.name, c.start) for c in table.columns] == [("age", 0), ("height", 1)]
    assert (train.served.y.tolist(), train.served.classes) == ([0, 1, 0, 1], ("no", "yes"))
    again = AttributeLabels("city", population=_Fixed()).split(np.random.default_rng(0))
    assert again.train.y.tolist() == train.read.y.tolist()
    assert again.held_out.x.tolist() == held_out.read.x.tolist()


def test_one_value_is_told_from_the_others() -> None:
    train, _ = set_apart(SPLIT, "city", "y")
    assert (train.read.y.tolist(), train.read.classes) == ([0, 1, 0, 1], ("others", "y"))


def test_a_number_is_cut_at_the_median_of_those_learned_from() -> None:
    train, held_out = set_apart(SPLIT, "age", None)  # the median is 35
    assert (train.read.y.tolist(), held_out.read.y.tolist()) == ([0, 0, 1, 1], [1, 0])
    assert [(c.name, c.start) for c in train.read.columns] == [("city", 0), ("height", 3)]
    assert train.read.x[1].tolist() == [0, 1, 0, 6]


def test_how_many_people_are_needed_is_said() -> None:
    # (1.96/(2·.05))² = 384.16; over 5 seeds 76.8
    attribute = (np.arange(100) < 70).astype(np.int64)
    some = Table(np.zeros((100, 1), np.float32), attribute, ("a", "b"))
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
        (
            alone(np.ones((3, 2)), Column("a", 0), Column("b", 1)),
            "a",
            None,
            "Expected two values or more of a to tell apart, got 'at most the median' alone",
        ),
    ],
)
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
