"""Who is compared with whom: what was named, and what is usual."""

import numpy as np
import pytest

from quorate.catalog import build
from quorate.compared_groups import ComparedGroups, choose_groups
from quorate.errors import InputError

USUAL = ComparedGroups(("b",), ("a",), "yes")


@pytest.mark.parametrize(
    ("minority", "majority", "positive", "chosen"),
    [
        ((), (), None, USUAL),
        ((), ("c",), "no", ComparedGroups(("b",), ("c",), "no")),
        (("c",), (), None, ComparedGroups(("c",), (), "yes")),  # the usual majority is b's
        (("c",), ("b",), "no", ComparedGroups(("c",), ("b",), "no")),
    ],
)
def test_what_is_named_comes_first(
    minority: tuple[str, ...],
    majority: tuple[str, ...],
    positive: str | None,
    chosen: ComparedGroups,
) -> None:
    assert choose_groups(USUAL, minority, majority, positive) == chosen


@pytest.mark.parametrize(("minority", "positive"), [((), "yes"), (("c",), None)])
def test_where_nothing_is_usual_both_have_to_be_named(
    minority: tuple[str, ...], positive: str | None
) -> None:
    with pytest.raises(InputError, match="Expected to be told who acts and which label they want"):
        choose_groups(None, minority, (), positive)
    named = choose_groups(None, ("c",), (), "yes")
    assert named == ComparedGroups(("c",), (), "yes")


def test_everyone_else_is_the_majority_and_bounds_mean_numbers() -> None:
    others = ComparedGroups(("b", "c"), (), "yes").groups_of(("a", "b", "c", "d"))
    assert [mask.tolist() for mask in others] == [
        [False, True, True, False],
        [True, False, False, True],
    ]
    with pytest.raises(InputError, match="Expected a known group, got '>90'"):
        ComparedGroups(("<25",), (">90",), "yes").groups_of(("17", "30", "70"))


def test_people_carry_what_is_usual_of_them() -> None:
    """Also behind a population that changes labels, and in the part of a table."""
    wrapped = build("populations", "noisy-labels:population=unequal,n=50,held_out=20")
    split = wrapped.split(np.random.default_rng(0))
    assert split.train.compared == ComparedGroups(("minority",), (), "yes")
    assert split.held_out.take(np.arange(3)).compared == split.train.compared
    digits = build("populations", "digits:n=50").split(np.random.default_rng(0))
    assert digits.train.compared is None
