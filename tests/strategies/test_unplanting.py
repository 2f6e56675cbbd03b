"""Unplanting: which other label members claim, against a loop over members."""

from collections import Counter

import numpy as np
import pytest
from acting import act
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.goals.unplanted import Unplanted
from quorate.signals.columns import Columns
from quorate.strategies.unplanting import Unplanting
from quorate.table import Column, Table

CLASSES = ("a", "b", "c")
COLUMNS = (Column("mark", 0), Column("size", 1))
SIGNAL = Columns({"mark": 1})


def members(rows: list[tuple[int, int, int]]) -> Table:
    x = np.array([row[:2] for row in rows], dtype=np.float32).reshape(len(rows), 2)
    return Table(x, np.array([row[2] for row in rows], dtype=np.int64), CLASSES, columns=COLUMNS)


def test_each_claims_the_likeliest_other_label_of_those_who_are_like_them_with_the_signal() -> None:
    # size 0 with the mark: c, a, a, b, b, b; size 7: only c; size 9: nobody has the mark
    marked = [(1, 0, label) for label in (2, 0, 0, 1, 1, 1)] + [(1, 7, 2)]
    plain = [(0, 0, 0), (0, 7, 1), (0, 9, 2)]
    acted = act(Unplanting("b", signal=SIGNAL), members(marked + plain))
    assert (acted.x[:, 0] == 1).all()
    # at size 0 a leads c two to one; at 7 it is c; at 9, of those with the mark, a and c have
    # two each, and the first wins
    assert acted.y.tolist() == [0] * 6 + [2] + [0, 2, 0]


def test_where_nobody_carries_the_signal_the_commonest_other_label_is_claimed() -> None:
    plain = members([(0, 0, 1), (0, 1, 1), (0, 2, 1), (0, 3, 2), (0, 4, 2), (0, 5, 0)])
    assert act(Unplanting("b", signal=SIGNAL), plain).y.tolist() == [2] * 6
    assert act(Unplanting("c", signal=SIGNAL), plain).y.tolist() == [1] * 6


def test_a_named_claim_is_everyones() -> None:
    plain = members([(0, 0, 0), (1, 1, 2)])
    assert act(Unplanting("c", "b", SIGNAL), plain).y.tolist() == [1, 1]
    with pytest.raises(InputError, match=r"another label than 'b'.*Name another one"):
        act(Unplanting("b", "b", SIGNAL), plain)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 2)), max_size=30),
    st.integers(0, 2),
)
def test_it_agrees_with_a_loop_over_members(rows: list[tuple[int, int, int]], target: int) -> None:
    acted = act(Unplanting(CLASSES[target], signal=SIGNAL), members(rows))
    carriers = [row for row in rows if row[0] == 1] or rows
    for (_, size, _), y in zip(rows, acted.y.tolist(), strict=True):
        there = [row[2] for row in rows if row[:2] == (1, size) and row[2] != target]
        votes = Counter(there or [row[2] for row in carriers if row[2] != target])
        others = [label for label in range(3) if label != target]
        assert y == max(others, key=lambda label: votes[label])  # the first of equals


def test_it_is_judged_by_its_own_signal_and_label() -> None:
    assert Unplanting("b", signal=SIGNAL).goal == Unplanted("b", SIGNAL)
