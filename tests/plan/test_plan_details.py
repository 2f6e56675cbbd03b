"""What goes with a certificate, by hand: costs, different rows, growth, and what it withstands."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from quorate.planning.cells import signal_counts
from quorate.planning.certify import Objective, certify
from quorate.planning.details import SIZES, plan_details
from quorate.planning.member_column import MemberColumn
from quorate.planning.members import Members
from quorate.planning.rehearsal_rows import written_signal
from quorate.theory.certificates.counts import AssumedPlatform
from quorate.theory.certificates.planting import planting_certificate

COLUMNS = (
    MemberColumn("channel", ("phone", "web")),
    MemberColumn("age", ("young", "old")),
    MemberColumn("region", ("north", "south")),
)
WEB = {"channel": "web"}


def members_of(rows: list[str], times: int = 1) -> Members:
    """Return members from words such as "phone young north no", each so many times."""
    split = [row.split() for row in rows for _ in range(times)]
    codes = [[c.values.index(v) for c, v in zip(COLUMNS, r[:3], strict=True)] for r in split]
    labels = [["no", "yes"].index(row[3]) for row in split]
    return Members(
        np.array(codes, dtype=np.int32), np.array(labels, dtype=np.int32), COLUMNS, ("no", "yes")
    )


EIGHT = members_of(
    [
        "phone young north no",
        "phone young north no",
        "phone young south no",
        "phone old north yes",
        "phone old north no",
        "web young north yes",
        "web old north no",
        "web old north yes",
    ]
)


def test_costs_by_hand() -> None:
    """Three of eight say web; three of eight are "yes", of whom two say web and one phone."""
    asked = Objective(WEB | {"region": "north"}, "yes", 100)
    found = plan_details(EIGHT, asked)
    assert found.having == {"channel": 3 / 8, "region": 7 / 8}
    assert found.claiming == 3 / 8
    only = plan_details(EIGHT, replace(asked, goal="plant-feature-only"))
    assert only.having == {"channel": 2 / 3, "region": 1}  # of the three who act
    assert only.claiming == 1  # nobody changes a label
    against = plan_details(EIGHT, replace(asked, goal="unplant"))
    assert against.having == found.having
    assert against.claiming == 5 / 8  # those who are not "yes" can keep their label
    erased = plan_details(EIGHT, replace(asked, goal="erase", target=None))
    assert math.isnan(erased.claiming)
    assert math.isnan(plan_details(EIGHT, replace(asked, goal="erase")).claiming)


def test_different_rows_by_hand() -> None:
    """With web set, age and region are left: young north, young south, old north."""
    asked = Objective(WEB, "yes", 100)
    assert plan_details(EIGHT, asked).changed == 3
    # The "yes" alone: old north, young north, old north.
    assert plan_details(EIGHT, replace(asked, goal="plant-feature-only")).changed == 2
    # Who erases keeps their features, of which there are five different rows.
    assert plan_details(EIGHT, replace(asked, goal="erase", target=None)).changed == 5
    everything = WEB | {"age": "old", "region": "south"}
    assert plan_details(EIGHT, replace(asked, signal=everything)).changed == 1


def test_nobody_who_acts_costs_nothing() -> None:
    members = replace(EIGHT, labels=np.zeros(8, dtype=np.int32))
    found = plan_details(members, Objective(WEB, "yes", 100, goal="plant-feature-only"))
    assert found.having == {"channel": 1}
    assert found.changed == 0


@pytest.mark.parametrize("signal", [WEB, WEB | {"age": "old", "region": "south"}])
def test_one_row_more_and_it_is_no_longer_certified(signal: dict[str, str]) -> None:
    """Four cells of 1000 members, or one of 4000; 200 say web and "no", a row against."""
    rows = [f"phone {a} {r} no" for a, r in itertools.product(("young", "old"), ("north", "south"))]
    members = members_of(rows, 950)
    spoil = members_of([row.replace("phone", "web") for row in rows], 50)
    members = replace(
        members,
        codes=np.r_[members.codes, spoil.codes],
        labels=np.r_[members.labels, spoil.labels],
    )
    asked = Objective(signal, "yes", 20_000, success=0.5)
    found = plan_details(members, asked)
    counts = signal_counts(members, {("channel", "age", "region").index(c): 1 for c in signal})

    def success(more: int) -> float:
        """A row against the members takes one from a lead, as c·N = 2εN rows would."""
        platform = AssumedPlatform(20_000, eps=more / 40_000)
        return planting_certificate(counts, 1, platform).success

    assert found.tolerated is not None
    assert found.tolerated > 0
    assert success(found.tolerated) >= 0.5 > success(found.tolerated + 1)
    if len(signal) == 3:  # one cell with 4000 rows, against which 50 of 4000 members speak
        expected = 4000 - 50 * 4
        assert expected - 150 < found.tolerated < expected


def test_what_is_not_certified_withstands_nothing() -> None:
    asked = Objective(WEB, "yes", 100)
    assert certify(EIGHT, asked).best.success < 0.9
    assert plan_details(EIGHT, asked).tolerated is None
    hundred = members_of(["phone young north no"], 200)
    assert plan_details(hundred, Objective(WEB, "yes", 300, goal="unplant")).tolerated is None


def test_growth_is_the_certificate() -> None:
    members = members_of(["phone young north no", "phone old south no"], 100)
    found = plan_details(members, Objective(WEB, "yes", 1000, eps=0.01))
    assert len(found.sizes) == SIZES
    assert (found.sizes[0], found.sizes[-1]) == (10, 1000)
    assert (np.diff(found.sizes) > 0).all()
    counts = signal_counts(members, {0: 1})
    for at in (0, 12, SIZES - 1):
        scaled = counts.scaled(int(found.sizes[at]))
        assert (
            found.success[at]
            == planting_certificate(scaled, 1, AssumedPlatform(1000, 0.01)).success
        )
    assert found.success[-1] > found.success[0]


def test_growth_of_a_tiny_platform_stays_inside() -> None:
    found = plan_details(EIGHT, Objective(WEB, "yes", 8))
    assert found.sizes.tolist() == [8]


def test_members_write_the_median_of_a_bin_and_leave_a_missing_value_empty() -> None:
    column = MemberColumn(
        "age", ("below 64", "64 or more", "missing"), (64.0,), (20.0, 90.0), missing="missing"
    )
    codes = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [1, 0], [1, 1], [2, 0], [2, 1]], np.int32)
    members = Members(
        codes,
        np.array([0, 1] * 4, np.int32),
        (column, MemberColumn("kind", ("a", "b"))),
        ("no", "yes"),
        numbers={"age": np.array([20, 30, 64, 70, 80, 90, np.nan, np.nan])},
    )

    def written(**signal: str) -> dict[str, str]:
        objective = Objective(signal, "yes", 100, new_values=True)
        return written_signal(members, objective)

    # Of 64, 70, 80 and 90 the lower of the two in the middle; of 20 and 30 the lower.
    assert written(age="64 or more", kind="b") == {"age": "70", "kind": "b"}
    assert written(age="below 64") == {"age": "20"}
    assert written(age="33.5") == {"age": "33.5"}
    assert written(age="missing", kind="c") == {"age": "", "kind": "c"}
    assert plan_details(members, Objective({"kind": "a"}, "yes", 100)).sets == {"kind": "a"}
