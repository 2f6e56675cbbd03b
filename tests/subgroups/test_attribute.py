"""People of one group: who is drawn, and how many of each side are kept."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.subgroups.attribute import Attribute
from quorate.subgroups.low_light import LowLight
from quorate.table import Table

GROUPS = ("Black", "Indian", "White")


def people(group: list[int]) -> Table:
    """People with their own number as their feature."""
    numbers = np.arange(len(group), dtype=np.float32)[:, None]
    return Table(numbers, np.zeros(len(group), np.int64), ("no",), np.array(group, int), GROUPS)


def draw(table: Table, share: float | None, value: str = "Indian", seed: int = 0) -> Table:
    return Attribute(value).draw(table, share, np.random.default_rng(seed))


def members(table: Table) -> int:
    assert table.group is not None
    return int(table.group.sum())


def test_people_as_they_come() -> None:
    drawn = draw(people([0, 1, 2, 1, 0]), None)
    assert drawn.x[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert drawn.group is not None
    assert drawn.group.tolist() == [0, 1, 0, 1, 0]
    assert drawn.groups == ("others", "Indian")
    assert Attribute("Indian").label == "Indian"


@pytest.mark.parametrize(
    ("share", "inside", "others"),
    [
        (0.5, 2, 2),  # 2 of the subgroup, 6 others: others are left out
        (0.25, 2, 6),  # just as they come
        (0.1, 1, 6),  # 6 others need 6/9 = 0.67 of the subgroup: one
        (2 / 3, 2, 1),
        (1, 2, 0),
        (0, 0, 6),
    ],
)
def test_as_many_people_as_can_be(share: float, inside: int, others: int) -> None:
    drawn = draw(people([0, 1, 2, 2, 1, 0, 2, 0]), share)
    assert (members(drawn), len(drawn)) == (inside, inside + others)


@given(
    group=st.lists(st.sampled_from([0, 1, 2]), max_size=60),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_the_share_is_as_asked(group: list[int], share: float, seed: int) -> None:
    table = people(group)
    a = group.count(1)
    b = len(group) - a
    if (share > 0 and not a) or (share < 1 and not b):
        with pytest.raises(InputError, match=r"Expected people of .* among the \d+ there are"):
            draw(table, share, seed=seed)
        return
    drawn = draw(table, share, seed=seed)
    s, n = members(drawn), len(drawn)
    assert s == round(share * n)
    rows = drawn.x[:, 0].astype(int)
    assert (np.diff(rows) > 0).all()  # nobody twice, in their own order
    assert drawn.group is not None
    assert [group[row] == 1 for row in rows] == (drawn.group == 1).tolist()
    # One side is there whole, and nobody more could have been kept: all sizes are tried.
    assert s == a or n - s == b
    possible = [i + o for i in range(a + 1) for o in range(b + 1) if i == round(share * (i + o))]
    assert max(possible) - n <= _rounding(share)


def _rounding(share: float) -> float:
    """By how many people a rounded share may be off the best.

    At the side that is drawn from, half a person of one side is at most 0.5/share or
    0.5/(1 - share) people; one more for the other rounding.
    """
    return 1 + 0.5 / min(max(share, 1e-9), max(1 - share, 1e-9))


def test_the_rest_is_drawn_at_random() -> None:
    table = people([1, 1] + [0] * 8)
    times = np.zeros(10)
    for seed in range(1000):
        times[draw(table, 0.5, seed=seed).x[:, 0].astype(int)] += 1
    assert times[:2].tolist() == [1000, 1000]
    # 2 of 8 others: 250 times each, with standard deviation √(1000·.25·.75) = 13.7: six of them
    assert (abs(times[2:] - 250) < 82).all()


def test_drawn_twice_it_is_the_same() -> None:
    once = draw(people([0, 1, 2, 1, 0]), 0.5)
    twice = draw(once, None)
    assert twice.x.tolist() == once.x.tolist()
    assert twice.groups == once.groups
    assert members(twice) == members(once)


@pytest.mark.parametrize(
    ("group", "share", "value", "message"),
    [
        ([0, 1], 0.5, "Blak", "Expected a known group, got 'Blak'. Did you mean Black? Known: "),
        ([0, 2], 0.5, "Indian", "Expected people of group 'Indian' among the 2 there are, got no"),
        ([0, 2], None, "Indian", "Expected people of group 'Indian' among the 2 there are, got "),
        ([1, 1], 0.5, "Indian", "Expected people of any other group among the 2 there are, got n"),
        ([0, 1], 1.5, "Indian", "Expected share=1.5 in [0, 1]. To draw the subgroup alone"),
    ],
)
def test_what_cannot_be_drawn_is_answered(
    group: list[int], share: float | None, value: str, message: str
) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        draw(people(group), share, value)


def test_people_without_groups_are_answered() -> None:
    nameless = Table(np.zeros((2, 1), np.float32), np.zeros(2, np.int64), ("no",))
    with pytest.raises(InputError, match=r"Expected people with groups .*value=Indian, got none"):
        draw(nameless, None)


def test_groups_of_the_labels_become_two_groups_of_anybody() -> None:
    y, names = np.array([0, 0, 1, 1]), ("a0", "a1", "b0", "b1")
    x = np.zeros((4, 1, 2, 2), np.float32)
    table = Table(x, y, ("a", "b"), np.arange(4), names, groups_by_label=True)
    for subgroup in (Attribute("a1"), LowLight()):
        drawn = subgroup.draw(table, 0.25, np.random.default_rng(0))
        assert drawn.groups == ("others", subgroup.label)
        assert not drawn.groups_by_label
