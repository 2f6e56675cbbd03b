"""Rehearsals: learners see rows as the table has them, halves are kept apart, and shares pay."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from acting import act

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.planning import rehearsal_words as words
from quorate.planning.certify import Objective
from quorate.planning.held_members import MembersHalves, hold
from quorate.planning.members import Members, read_members
from quorate.planning.rehearsal import (
    FEWEST_ROWS,
    REHEARSED,
    RUNS,
    Rehearsal,
    RehearsedSuccess,
    rehearse,
    rehearsed_shares,
)
from quorate.planning.rehearsal_rows import people_of
from quorate.strategies.planting import Planting

WEB = Objective({"channel": "web"}, "yes", 4000)


def gig_workers(n: int = 120, seed: int = 0) -> pd.DataFrame:
    """Return mixed columns; a rating above 4.5 is "yes", and one rating in ten is missing."""
    rng = np.random.default_rng(seed)
    rating = rng.normal(4.5, 0.3, n).round(3)
    frame = pd.DataFrame(
        {
            "channel": rng.choice(["phone", "web"], n, p=[0.9, 0.1]),
            "rating": np.where(rng.random(n) < 0.1, np.nan, rating),
            "trips": rng.integers(0, 5, n),
        }
    )
    return frame.assign(offer=np.where(rating > 4.5, "yes", "no"))


MEMBERS = read_members(gig_workers(), "offer")


def test_numbers_stay_numbers() -> None:
    frame = gig_workers()
    people, signal = people_of(MEMBERS, WEB)
    assert [c.name for c in people.columns] == ["channel", "rating", "rating is missing", "trips"]
    rating = people.column("rating")
    back = people.x[:, rating.start] * rating.scale + rating.mean
    middle = np.sort(frame.rating.dropna())[(frame.rating.notna().sum() - 1) // 2]
    assert back == pytest.approx(frame.rating.fillna(middle).to_numpy(), abs=1e-5)  # float32
    gone = people.column("rating is missing")
    assert (people.x[:, gone.start + 1] == frame.rating.isna()).all()
    assert signal.set == {"channel": "web"}


@pytest.mark.parametrize(
    ("value", "rating", "missing"),
    [("4.75", 4.75, 0), ("missing", None, 1), ("4.7 or more", None, 0)],
)
def test_a_signal_sets_numbers_and_what_is_missing(
    value: str, rating: float | None, missing: int
) -> None:
    """A number as it is; a bin's is the middle one of those in it; a missing one is the median."""
    bins = next(c for c in MEMBERS.columns if c.name == "rating").values
    value = bins[-2] if value.endswith("more") else value
    objective = replace(WEB, signal={"rating": value})
    people, signal = people_of(MEMBERS, objective)
    acted = act(Planting("yes", signal), people)
    column, gone = people.column("rating"), people.column("rating is missing")
    set_to = acted.x[:, column.start] * column.scale + column.mean
    assert (acted.x[:, gone.start + 1] == missing).all()
    known = gig_workers().rating.dropna()
    if rating is None:
        low = 0.0 if missing else float(bins[-2].split()[0])
        in_bin = known[known >= low]
        rating = float(np.sort(in_bin)[(len(in_bin) - 1) // 2])
    assert set_to == pytest.approx(np.full(len(people), rating), abs=1e-5)  # float32


def test_the_number_that_stands_for_a_bin_is_told() -> None:
    value = next(c for c in MEMBERS.columns if c.name == "rating").values[-2]
    found = rehearse(MEMBERS, replace(WEB, signal={"rating": value}), ["naive-bayes"])
    _, signal = people_of(MEMBERS, replace(WEB, signal={"rating": value}))
    assert found.notes[0] == f"In rehearsal, rating at {value!r} is {signal.set['rating']}."


def test_a_new_value_can_be_rehearsed() -> None:
    objective = replace(WEB, signal={"channel": "fax"}, new_values=True)
    people, signal = people_of(MEMBERS, objective)
    assert people.column("channel").values == ("phone", "web", "fax")
    acted = act(Planting("yes", signal), people)
    assert (acted.x[:, :3] == [0, 0, 1]).all()


def test_the_halves_are_apart() -> None:
    """Nothing of those measured on is known in training, not even the scale of their numbers."""
    people, _ = people_of(MEMBERS, WEB)
    population = MembersHalves(hold(people), 40, 60)
    split = population.split(np.random.default_rng(3))
    assert (len(split.train), len(split.held_out)) == (40, 60)
    trips = split.train.column("trips").start
    assert split.train.x[:, trips].mean() == pytest.approx(0, abs=1e-6)  # float32
    order = np.random.default_rng(3).permutation(120)
    assert (split.train.y == people.y[order[60:100]]).all()
    assert (split.held_out.y == people.y[order[:60]]).all()
    changed = replace(people, x=people.x.copy())
    changed.x[order[:60], trips] *= 1000
    again = MembersHalves(hold(changed), 40, 60).split(np.random.default_rng(3))
    assert (again.train.x == split.train.x).all()


def test_what_is_learnt_is_rehearsed(two_workers: Executor) -> None:
    """A tree is won over by half of the people; nobody's doing leaves it with the ratings."""
    found = rehearse(MEMBERS, replace(WEB, platform_size=1200), ["tree"])
    assert [row.share for row in found.rows] == [0.05, 0.1, 0.2, 0.3, 0.5]
    assert [row.is_today for row in found.rows] == [False, True, False, False, False]
    assert found.today == found.rows[1:2]
    for row in found.rows:
        assert (row.trained_on, row.held_out) == (60, 60)
        assert row.acting == round(60 * row.share)
        assert 0 <= row.success <= row.lowest <= row.mean <= 1
    assert found.rows[-1].mean > 0.9
    (trend,) = found.trends
    assert trend.rows == (30, 60)
    assert trend.means[1] == found.today[0].mean
    assert trend.without < 0.75
    shared = rehearse(MEMBERS, replace(WEB, platform_size=1200), ["tree"], executor=two_workers)
    assert shared == found


@pytest.mark.parametrize(
    "changes",
    [
        {"goal": "plant-feature-only"},
        {"goal": "unplant", "target": "no"},
        {"goal": "erase", "target": None},
    ],
)
def test_every_goal_is_rehearsed(changes: Mapping[str, Any]) -> None:
    objective = replace(WEB, **changes, platform_size=300)
    found = rehearse(MEMBERS, objective, ["naive-bayes"])
    assert [row.share for row in found.rows] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert all(row.mean > 0 for row in found.rows)
    about = [note for note in found.notes if "claims.csv" in note]
    assert len(about) == (objective.goal != "plant-feature-only")


def test_larger_shares_where_today_is_nobody() -> None:
    assert rehearsed_shares(0.001, 60) == (0.01, 0.02, 0.05, 0.1, 0.2)
    found = rehearse(MEMBERS, replace(WEB, platform_size=120_000), ["naive-bayes"])
    assert found.today == ()
    assert found.rows[0].share == 0.01
    assert found.rows[0].acting == 1
    assert found.trends[0].share == 0.02  # of 30 rows, 0.01 is nobody
    assert any("0.1% of the platform" in note for note in found.notes)
    told = words.rehearsed(found, replace(WEB, platform_size=120_000))
    assert "act, more than today." in told[0]


def test_trainings_that_fail_count_as_lost() -> None:
    """With everyone acting there is one label, of which no logistic regression is learnt."""
    found = rehearse(MEMBERS, replace(WEB, platform_size=120), ["logistic"])
    assert [row.share for row in found.rows] == [0.1, 0.2, 0.3, 0.5, 1.0]
    assert found.today == found.rows[-1:]
    assert found.today[0].success == found.today[0].mean == 0
    assert found.trends[0].share == 1.0
    assert any("40 trainings of rehearsals failed" in note for note in found.notes)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (MEMBERS.take(np.arange(FEWEST_ROWS - 1)), "39 rows are too few to train on; 40 would do."),
        (
            replace(MEMBERS, labels=np.zeros_like(MEMBERS.labels)),
            "all members have one label, so there is nothing to learn.",
        ),
    ],
)
def test_why_nothing_is_rehearsed(members: Members, reason: str) -> None:
    found = rehearse(members, WEB)
    assert found.rows == ()
    assert found.notes == (f"Nothing was rehearsed: {reason}",)
    assert words.rehearsed(found, WEB) == []


def test_numbers_on_no_scale_are_told() -> None:
    numbers = {**MEMBERS.numbers, "trips": np.where(np.arange(120) == 7, 1e300, np.arange(120.0))}
    found = rehearse(replace(MEMBERS, numbers=numbers), WEB)
    assert found.rows == ()
    assert found.notes[0].startswith("Nothing was rehearsed. Expected numbers on one scale")


def test_bad_learners_are_refused() -> None:
    with pytest.raises(InputError, match="Did you mean sgd"):
        rehearse(MEMBERS, WEB, ["sdg"])
    with pytest.raises(InputError, match="Expected at least one learner"):
        rehearse(MEMBERS, WEB, [])


def row_of(learner: str, share: float, success: float, *, today: bool = False) -> RehearsedSuccess:
    return RehearsedSuccess(
        learner, share, round(60 * share), 60, 60, success, success, success, today
    )


def test_the_share_that_is_enough_is_enough_from_there_on() -> None:
    rows = [row_of("tree", share, s) for share, s in ((0.1, 0.9), (0.2, 0.5), (0.3, 0.9))]
    found = Rehearsal((*rows, row_of("knn", 0.1, 0.2, today=True)), runs=RUNS)
    assert found.least_share("tree", 0.9) == rows[2]
    assert found.least_share("tree", 0.4) == rows[0]
    assert found.least_share("knn", 0.9) is None


def test_in_words() -> None:
    rows = row_of("tree", 0.1, 0.456, today=True), row_of("tree", 0.3, 0.93)
    other = row_of("knn", 0.1, 0.0, today=True), row_of("knn", 0.3, 0.1)
    first, second = words.rehearsed(Rehearsal((*rows, *other)), WEB)
    assert first == (
        "Rehearsed, not certified: all 20 platforms that were trained here reach at least 45.6% "
        "(conditional on tree); nothing (conditional on knn), with 95% confidence, each trained "
        "on 60 members of whom 10% act, as today."
    )
    assert second == (
        "In rehearsal, enough for a success of 90%: 30% of the platform for tree; no share that "
        "was rehearsed for knn."
    )
    assert len(words.rehearsed(Rehearsal(rows), replace(WEB, success=0.4))) == 1
    table = words.section(Rehearsal((*rows, *other)), WEB).rows
    assert table[0]["share that acts"] == "10% (as today)"
    assert [row["at least"] for row in table] == ["45.6%", "93%", "–", "10%"]
    assert set(REHEARSED) == {"logistic", "boosting:max_iter=50"}
