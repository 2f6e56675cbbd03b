"""Which label members of each kind hand in, against a loop over kinds."""

from collections import Counter

import numpy as np
import pytest

from quorate.planning.certify import Objective, drawn_aside
from quorate.planning.claims import KEPT, list_claims
from quorate.planning.member_column import MemberColumn
from quorate.planning.members import Members

WEB = {"channel": "web"}
COLUMNS = (MemberColumn("channel", ("phone", "web")), MemberColumn("age", ("a", "b", "c")))


def members_of(n: int, k: int) -> Members:
    rng = np.random.default_rng(3)
    codes = np.c_[rng.random(n) < 0.3, rng.integers(0, 3, n)].astype(np.int32)
    labels = (rng.integers(0, k, n) + codes[:, 1] * (rng.random(n) < 0.5)).astype(np.int32) % k
    return Members(codes, labels, COLUMNS, tuple("nyz"[:k]))


def test_where_all_do_the_same_there_is_no_list() -> None:
    some = members_of(100, 2)
    assert list_claims(some, Objective(WEB, "y", 1000)) == []
    assert list_claims(some, Objective(WEB, "y", 1000, goal="plant-feature-only")) == []


def test_of_two_labels_the_other_one_is_claimed() -> None:
    found = list_claims(members_of(100, 2), Objective(WEB, "y", 1000, goal="unplant"))
    assert [row["age"] for row in found] == ["a", "b", "c"]
    assert {row["label to hand in"] for row in found} == {"n"}
    assert all("channel" not in row for row in found)  # the signal sets it


def test_of_three_labels_each_kind_claims_its_likeliest() -> None:
    some = members_of(2000, 3)
    found = list_claims(some, Objective(WEB, "n", 10_000, goal="unplant"))
    votes: dict[str, Counter[str]] = {age: Counter() for age in "abc"}
    for i in drawn_aside(some).tolist():  # those who are set aside choose
        channel, age = some.codes[i].tolist()
        if channel == 1 and some.classes[some.labels[i]] != "n":
            votes["abc"[age]][some.classes[some.labels[i]]] += 1
    assert [(row["age"], row["label to hand in"]) for row in found] == [
        (age, votes[age].most_common(1)[0][0]) for age in "abc"
    ]


@pytest.mark.parametrize("seen", [True, False])
def test_who_erases_claims_the_label_of_those_with_the_signal(seen: bool) -> None:
    some = members_of(2000, 3)
    if not seen:  # nobody of age c says web
        keep = (some.codes != [1, 2]).any(axis=1)
        some = Members(some.codes[keep], some.labels[keep], COLUMNS, some.classes)
    found = list_claims(some, Objective(WEB, None, 10_000, goal="erase"))
    assert len(found) == (6 if seen else 5)
    for row in found:
        there = (some.codes == [1, "abc".index(row["age"])]).all(axis=1)
        votes = Counter(some.classes[label] for label in some.labels[there])
        expected = votes.most_common(1)[0][0] if there.any() else KEPT
        assert row["label to hand in"] == expected
