"""Columns with which the target is certified: what is shown can be pasted, and is paid for."""

import math
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quorate.planning import coarsening_words as words
from quorate.planning.certify import Objective, certify
from quorate.planning.coarsening import Coarsening, Coarsenings, coarsen, rebinned, with_columns
from quorate.planning.member_column import MemberColumn
from quorate.planning.members import Members, read_members
from quorate.planning.plan import PlanRequest, make_plan

N, SIZE = 2000, 20_000


def rows_of(n: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "pay": rng.gamma(3, 10, n).round(2),
            "channel": rng.choice(["phone", "web"], n, p=[0.99, 0.01]),
            "city": rng.choice(list("abcdefgh"), n),
            "night": rng.choice(["yes", "no"], n),
            "hours": rng.normal(30, 5, n).round(2),
        }
    )
    return frame.assign(offer=rng.choice(["no", "yes"], n, p=[0.7, 0.3]))


ROWS = rows_of()
MEMBERS = read_members(ROWS, "offer")
WEB = Objective({"channel": "web"}, "yes", SIZE)
FEWER = read_members(ROWS[: N // 4], "offer")  # for what takes long with all of them
FOUND = coarsen(MEMBERS, WEB, 4)


def test_the_options_certify_what_was_found() -> None:
    """Read again with these columns and bins, the rows give the same numbers."""
    assert len(FOUND.items) >= 3
    for one in FOUND.items:
        given = shlex.split(one.options)
        options = dict(zip(given[::2], given[1::2], strict=True))
        members = read_members(
            ROWS,
            "offer",
            columns=options["--columns"].split(","),
            bins=int(options.get("--bins", 4)),
        )
        objective = replace(WEB, confidence=float(options["--confidence"]))
        best = certify(members, objective).best
        assert (best.success, best.n_for_target) == (one.success, one.n_for_target)
        assert set(one.columns) | set(one.left_out) == {c.name for c in MEMBERS.columns}
        assert "channel" in one.columns


def test_all_that_could_be_tried_is_paid_for() -> None:
    """Four other columns have sixteen sets, from the signal alone on; in 4, 3 and 2 bins."""
    assert FOUND.tried == 3 * 16
    assert FOUND.confidence == 0.95
    for one in FOUND.items:
        assert 1 - 0.05 / 48 <= one.confidence < 1 - 0.99 * 0.05 / 48
    names = with_columns(MEMBERS, [1, 2, 3])  # no numbers: no bins
    assert coarsen(names, WEB, 4).tried == 4
    assert all(one.bins is None for one in coarsen(names, WEB, 4).items)


def test_with_dozens_of_columns_sets_are_small_enough_to_be_paid_for() -> None:
    """Of 60 columns all sets would leave no error to share: K of them are added at most."""
    rng = np.random.default_rng(0)
    codes = np.c_[rng.random(4000) < 0.01, np.zeros((4000, 60))].astype(np.int32)
    columns = tuple(MemberColumn(f"c{at}", ("a", "b")) for at in range(61))
    members = Members(codes, rng.integers(0, 2, 4000).astype(np.int32), columns, ("no", "yes"))
    found = coarsen(members, replace(WEB, signal={"c0": "b"}, success=0.5), 4)
    most = found.items[0].columns
    assert 3 < len(most) - 1 < 60
    assert found.tried == sum(math.comb(60, some) for some in range(len(most)))
    assert found.tried <= 0.05 / 1e-12 < found.tried + math.comb(60, len(most))
    assert 1 - found.items[0].confidence >= 1e-12


def test_as_many_columns_as_today_allows_come_with_larger_sets() -> None:
    counts = [len(one.columns) for one in FOUND.items]
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) == len(counts)
    certified = [one for one in FOUND.items if one.success >= 0.9]
    assert certified
    assert all(one.n_for_target is not None for one in FOUND.items)
    assert max(len(one.columns) for one in FOUND.items) > len(certified[0].columns)


@pytest.mark.parametrize("goal", ["plant-feature-only", "unplant", "erase"])
def test_every_goal(goal: str) -> None:
    target = None if goal == "erase" else "yes"
    objective = replace(
        WEB,
        goal=goal,  # type: ignore[arg-type]
        target=target,
        success=0.7,
        platform_size=SIZE // 4,
    )
    found = coarsen(FEWER, objective, 4)
    assert found.tried == 48
    assert found.items
    for one in found.items:
        assert one.n_for_target is not None


def test_out_of_reach_even_alone() -> None:
    found = coarsen(MEMBERS, replace(WEB, eps=0.9), 4)
    assert found.items == ()
    assert words.coarsened(found, WEB) == (
        "Even if the platform learned from channel alone, a success of 90% could not be certified."
    )


def test_a_bin_that_is_no_more_is_left_out() -> None:
    """A signal that names a bin has that bin in 4 bins alone; a number is in one of any bins."""
    named = MEMBERS.columns[0].values[1]
    found = coarsen(MEMBERS, replace(WEB, signal={"pay": named}, success=0.5), 4)
    assert all(one.bins == 4 for one in found.items)
    rebinned_too = coarsen(MEMBERS, replace(WEB, signal={"pay": "28"}, success=0.5), 4)
    assert rebinned_too.tried == found.tried


def test_rebinned_rows_are_those_that_would_be_read() -> None:
    again, read = rebinned(MEMBERS, 2), read_members(ROWS, "offer", bins=2)
    assert again.columns == read.columns
    assert (again.codes == read.codes).all()
    assert rebinned(replace(MEMBERS, numbers={}), 2).columns == MEMBERS.columns


def test_in_words() -> None:
    def item(columns: int, success: float, needed: int | None) -> Coarsening:
        names = tuple("abcdefg"[:columns])
        return Coarsening(names, tuple("hij"), 2, success, needed, 0.999)

    many = Coarsenings((item(6, 0.1, 3000), item(5, 0.93, 900), item(2, 1.0, 300)), 40)
    assert words.coarsened(many, WEB) == (
        "If the platform learned from 5 of these 8 columns, numbers in 2 bins, alone, a success of "
        "90% would be certified for the members of today."
    )
    few = Coarsenings((item(3, -0.1, 9000), item(2, 0.4, 5000)), 40)
    assert words.coarsened(few, WEB) == (
        "If the platform learned from a and b, numbers in 2 bins, alone, 5,000 members (25% of the "
        "platform) would be enough for a success of 90% to be certified."
    )
    section = words.section(few, WEB, searched=True)
    assert "could try 40 sets" in section.sentences[0]
    assert "with 95% confidence" in section.sentences[0]  # over signals that were tried as well
    assert section.sentences[0].endswith("--signal channel=web.")
    assert [row["columns"] for row in section.rows] == ["3 of 6", "2 of 5"]
    assert section.rows[0]["options"] == "--columns a,b,c --bins 2 --confidence 0.999"


def test_a_plan_searches_where_the_target_is_not_certified(tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    ROWS.to_csv(path, index=False)
    request = PlanRequest(label="offer", platform_size=SIZE, target="yes", signal="channel=web")
    plan = make_plan(path, request)
    assert plan.coarsenings == FOUND
    assert plan.to_json()["coarsened"] == [one.to_dict() for one in FOUND.items]
    assert plan.data()["coarsened"][0]["columns"] == ",".join(FOUND.items[0].columns)
    assert words.coarsened(FOUND, WEB) in plan.summary()
    assert words.HEADING in [section.heading for section in plan.sections()]
    enough = make_plan(path, replace(request, columns=("channel",)))
    assert enough.certified.best.success >= 0.9
    assert enough.coarsenings is None


def naive(members: Members, objective: Objective, target: float) -> int:
    """Return the most columns of any set that the members of today certify, by trying all."""
    others = [at for at, c in enumerate(members.columns) if c.name not in objective.signal]
    signal = [at for at, c in enumerate(members.columns) if c.name in objective.signal]
    most = 0
    for chosen in range(2 ** len(others)):
        kept = sorted(signal + [at for i, at in enumerate(others) if chosen >> i & 1])
        some = with_columns(members, kept)
        if certify(some, objective, ()).best.success >= target:
            most = max(most, len(kept))
    return most


def test_the_search_finds_as_many_columns_as_all_sets() -> None:
    """Greedy, yet here it is as good as trying all sixteen sets."""
    (certified, *_) = [one for one in FOUND.items if one.success >= 0.9]
    paid = replace(WEB, confidence=certified.confidence)
    assert len(certified.columns) == max(
        naive(rebinned(MEMBERS, bins), paid, 0.9) for bins in (4, 3, 2)
    )
