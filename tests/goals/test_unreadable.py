"""How little a platform tells of the label, by counts worked by hand."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from told_classifier import ToldClassifier

from quorate import spec
from quorate.catalog import build
from quorate.errors import InputError
from quorate.goals.unreadable import Unreadable
from quorate.strategies.attribute.aggregating import Aggregating
from quorate.table import Array, Column, Labels, Table

RNG = np.random.default_rng(0)


def people(y: list[int], classes: tuple[str, ...] = ("a", "b")) -> Table:
    x = np.array(y, dtype=np.float32)[:, None]
    return Table(x, np.array(y), classes, columns=(Column("sign", 0),))


@pytest.mark.parametrize(
    ("said", "success"),
    [
        ([0, 0, 0, 0, 0, 0], 1),  # one answer for all tells nothing
        ([0, 0, 0, 0, 1, 1], 0),  # and the right one everything
        ([1, 1, 1, 1, 0, 0], 0),  # as does the wrong one, turned around
        ([0, 0, 0, 1, 1, 0], 0.75),  # 3/4 of a and 1/2 of b are told: an advantage of 1/4
        ([1, 1, 1, 0, 0, 1], 0.75),  # 1/4 and 1/2: −1/4
    ],
)
def test_two_labels(said: list[int], success: float) -> None:
    held_out = people([0, 0, 0, 0, 1, 1])
    assert Unreadable().success(ToldClassifier(said), held_out, RNG) == success


def test_of_three_labels_those_count_that_people_have() -> None:
    # recalls 1/2, 1 and 0: (1/2 − 1/3)/(2/3) = 1/4
    held_out = people([0, 0, 1, 2], ("a", "b", "c"))
    found = Unreadable().success(ToldClassifier([0, 1, 1, 0]), held_out, RNG)
    assert found == pytest.approx(0.75)
    two = people([0, 0, 1, 1], ("a", "b", "c"))  # nobody is c: chance is 1/2
    assert Unreadable().success(ToldClassifier([0, 2, 1, 1]), two, RNG) == 0.5


@dataclass(frozen=True)
class Reads:
    """Says what stands in the row."""

    record: dict[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        return np.rint(x[:, 0]).astype(np.int64)


def test_rows_can_be_read_as_members_would_hand_them_in() -> None:
    held_out = people([0, 0, 1, 1, 1])
    assert Unreadable().success(Reads(), held_out, RNG) == 0
    changed = Unreadable(Aggregating(how_many=1))
    assert changed.success(Reads(), held_out, RNG) == 1  # all hold the mean, .6
    assert held_out.x.ravel().tolist() == [0, 0, 1, 1, 1]
    assert spec.text(changed) == "unreadable:changed=(aggregating:how_many=1)"
    assert build("goals", spec.text(changed)) == changed
    assert build("goals", "unreadable:changed=none") == Unreadable()


def test_one_label_alone_is_answered() -> None:
    with pytest.raises(InputError, match="Expected held-out people of two labels at least"):
        Unreadable().success(ToldClassifier([0, 0]), people([1, 1]), RNG)
    with pytest.raises(InputError, match="Expected a known parameter of unreadable, got 'how_many"):
        build("goals", "unreadable:how_many=1")
