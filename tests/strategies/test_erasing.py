"""Erasing: members claim what somebody with the signal would get."""

import numpy as np
import pytest
from acting import act

from quorate.errors import InputError
from quorate.goals.erased import Erased
from quorate.signals.columns import Columns
from quorate.strategies.erasing import Erasing
from quorate.table import Column, Table

SIGNAL = Columns({"mark": 1})


def members(rows: list[tuple[float, float, int]]) -> Table:
    x = np.array([row[:2] for row in rows], dtype=np.float32).reshape(len(rows), 2)
    columns = (Column("mark", 0), Column("size", 1))
    return Table(x, np.array([row[2] for row in rows]), ("a", "b"), columns=columns)


def test_features_stay_and_labels_are_those_of_the_nearest_with_the_signal() -> None:
    # with the mark: b at size 0, a at size 9
    people = members([(1, 0, 1), (1, 9, 0), (0, 0, 0), (0, 1, 0), (0, 8, 1), (0, 9, 1)])
    acted = act(Erasing(SIGNAL, voters=1), people)
    np.testing.assert_array_equal(acted.x, people.x)
    assert acted.y.tolist() == [1, 0, 1, 1, 0, 0]


def test_voters_outvote_the_nearest() -> None:
    people = members([(1, 0, 1), (1, 0.1, 0), (1, 0.2, 0), (0, 0, 1)])
    assert act(Erasing(SIGNAL, voters=3), people).y.tolist() == [0, 0, 0, 0]
    # more voters than members: everyone votes, and of two equals the first wins
    assert act(Erasing(SIGNAL, voters=99), people).y.tolist() == [0, 0, 0, 0]


def test_nobody_is_nobody_and_no_voter_is_refused() -> None:
    assert len(act(Erasing(SIGNAL), members([]))) == 0
    with pytest.raises(InputError, match="voters=0 to be at least 1"):
        Erasing(SIGNAL, voters=0)


def test_it_is_judged_by_its_own_signal() -> None:
    assert Erasing(SIGNAL).goal == Erased(SIGNAL)
