"""What is simulated is what is certified: the same columns, values, action; and why nothing is."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from acting import act

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.planning import simulate as module
from quorate.planning.certify import Objective
from quorate.planning.member_column import MemberColumn
from quorate.planning.members import Members
from quorate.planning.simulate import FEWEST_ROWS, SimulatedMass, simulate
from quorate.populations.own_table import OwnTable
from quorate.strategies.planting import Planting


def members_of(n: int, seed: int = 1) -> Members:
    """Return people with a channel (phone, web; a twentieth web), and a kind that is their label.

    The second column is called as the labels are in the simulation's own file.
    """
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, n)
    codes = np.c_[rng.random(n) < 0.05, kind].astype(np.int32)
    columns = (MemberColumn("channel", ("phone", "web")), MemberColumn("label", ("1", "2.0")))
    return Members(codes, kind.astype(np.int32), columns, ("no", "yes"))


PEOPLE = members_of(400)
WEB = Objective({"channel": "web"}, "yes", 4000)


def test_rows_are_those_of_the_certificate(tmp_path: Path) -> None:
    path = module._write(PEOPLE, tmp_path)
    frame = pd.read_csv(path, dtype=str)
    assert list(frame.columns) == ["=channel", "=label", module.LABEL]
    for j, column in enumerate(PEOPLE.columns):
        named = frame[f"={column.name}"].str.removeprefix("=").map(column.values.index)
        assert (named.to_numpy() == PEOPLE.codes[:, j]).all()
    labels = frame[module.LABEL].str.removeprefix("=").map(PEOPLE.classes.index)
    assert (labels.to_numpy() == PEOPLE.labels).all()


def test_members_act_as_the_certificate_says(tmp_path: Path) -> None:
    """Both columns stay text, so everyone with the signal has the one-hot code of web."""
    path = module._write(PEOPLE, tmp_path)
    people = OwnTable(str(path), module.LABEL).split(np.random.default_rng(0)).train
    strategy = module._strategy(PEOPLE, WEB)
    assert isinstance(strategy, Planting)
    acted = act(strategy, people)
    assert acted.x.shape[1] == 4  # two values in each of two columns
    column = people.column("=channel")
    assert column.values == ("=phone", "=web")
    assert (acted.x[:, column.start : column.stop] == [0, 1]).all()
    kept = people.column("=label")
    assert (acted.x[:, kept.start :] == people.x[:, kept.start :]).all()
    assert {acted.classes[y] for y in acted.y} == {"=yes"}


@pytest.mark.parametrize(
    ("goal", "target", "name"),
    [
        ("plant", "yes", "planting"),
        ("plant-feature-only", "yes", "planting-features"),
        ("unplant", "yes", "unplanting"),
        ("erase", None, "erasing"),
    ],
)
def test_each_goal_has_its_strategy(goal: str, target: str | None, name: str) -> None:
    strategy = module._strategy(PEOPLE, replace(WEB, goal=goal, target=target))  # type: ignore[arg-type]
    assert type(strategy).name == name


def test_a_planted_target_is_found() -> None:
    """Honest people get their kind, so half of them "yes"; with enough members, all who say web."""
    found = simulate(PEOPLE, WEB, ["tree"], seeds=2)
    (row,) = found.rows
    assert found.curves is not None
    (curve,) = found.curves
    assert row.learner == "tree"
    assert curve.people == 300  # a quarter of 400 is held out
    assert curve.alphas[0] == 0
    assert curve.success[0].max() < 0.75  # about half, of 100 held out: 5 standard deviations
    assert 0 < row.low <= row.critical_mass <= row.high <= 0.5
    assert (curve.success[curve.alphas >= row.critical_mass].mean(axis=1) >= 0.9).all()
    at = curve.alphas.tolist().index(0.1)  # 400 of 4000: the share of today is among the sizes
    assert row.success_now == curve.success[at].mean()
    assert found.notes == (
        "Simulated on 300 rows drawn from the members' own, 2 times each; the share that is enough "
        "on a platform of another size, or for other settings, may differ.",
    )


def test_numbers_do_not_depend_on_jobs(two_workers: Executor) -> None:
    learners = ["tree", "naive-bayes"]
    alone = simulate(members_of(60), WEB, learners, seeds=1).rows
    shared = simulate(members_of(60), WEB, learners, seeds=1, executor=two_workers).rows
    assert alone == shared
    assert [row.learner for row in alone] == learners


def test_a_target_out_of_reach_is_not_found() -> None:
    """Feature-only, with a learner that knows the kind: no share of members moves it to 0.99."""
    objective = replace(WEB, goal="plant-feature-only", success=0.99)
    found = simulate(PEOPLE, objective, ["tree"], seeds=1)
    (row,) = found.rows
    assert math.isinf(row.critical_mass)
    assert row.to_dict()["critical_mass"] is None
    carry = int(((PEOPLE.codes[:, 0] == 1) & (PEOPLE.labels == 0)).sum())
    assert found.notes[1].startswith(f"In simulation the {carry} members who carry the signal")


ONE_LABEL = replace(PEOPLE, labels=np.zeros_like(PEOPLE.labels))
WIDE = replace(
    PEOPLE,
    columns=(PEOPLE.columns[0], MemberColumn("city", tuple(f"c{i}" for i in range(201)))),
)


@pytest.mark.parametrize(
    ("members", "objective", "reason"),
    [
        (
            PEOPLE,
            replace(WEB, signal={"channel": "fax"}, new_values=True),
            "no member has the signal's value of channel yet.",
        ),
        (members_of(FEWEST_ROWS - 1), WEB, "39 rows are too few to train on; 40 would do."),
        (
            replace(PEOPLE, classes=("no", "yes", "later")),
            replace(WEB, target="later"),
            "no member has the label 'later'.",
        ),
        (
            ONE_LABEL,
            replace(WEB, target="no"),
            "all members have one label, so there is nothing to learn.",
        ),
        (WIDE, WEB, "a column has more than 200 values: city."),
    ],
)
def test_why_nothing_is_simulated(members: Members, objective: Objective, reason: str) -> None:
    found = simulate(members, objective, ["tree"], seeds=1)
    assert found.rows == ()
    assert found.curves is None
    assert found.notes == (f"Nothing was simulated: {reason}",)


def test_the_fewest_rows_are_enough() -> None:
    assert len(simulate(members_of(FEWEST_ROWS), WEB, ["naive-bayes"], seeds=1).rows) == 1


def test_many_members_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is drawn, somebody has each value of the signal, and somebody has the target."""
    codes, labels = np.zeros((500, 2), dtype=np.int32), np.zeros(500, dtype=np.int32)
    codes[497, 0], codes[498, 1], labels[499] = 1, 1, 1
    members = Members(codes, labels, PEOPLE.columns, ("no", "yes"))
    objective = replace(WEB, signal={"channel": "web", "label": "2.0"})
    monkeypatch.setattr(module, "MOST_PEOPLE", 10)
    drawn = module._drawn(members, objective)
    assert 10 <= len(drawn) <= 13
    assert drawn.codes.sum(axis=0).tolist() == [1, 1]
    assert drawn.labels.sum() == 1
    again = module._drawn(members, objective)
    assert (again.codes == drawn.codes).all()
    monkeypatch.setattr(module, "MOST_PEOPLE", 500)
    assert module._drawn(members, objective) is members


def test_sizes_hold_the_share_of_today() -> None:
    for rows, share in ((300, 0.1), (4000, 0.452), (30, 0.9), (4000, 1.0)):
        sizes = module._alphas(rows, share)
        assert share in sizes
        assert list(sizes) == sorted(set(sizes))
        assert min(sizes) >= min(0.001, 3 / rows)
    assert min(module._alphas(4000, 1e-6)) == 0.001  # fewer than four of 4,000 are not simulated


def test_rows_of_no_number_are_none() -> None:
    row = SimulatedMass("tree", math.nan, math.nan, math.inf, 0.5).to_dict()
    assert row == {
        "learner": "tree",
        "critical_mass": None,
        "low": None,
        "high": None,
        "success_now": 0.5,
    }


@pytest.mark.parametrize(
    ("learners", "seeds", "message"),
    [
        (["sdg"], 1, "Did you mean sgd"),
        (["tree"], 0, "Expected seeds=0 to be at least 1"),
        ([], 1, "Expected at least one learner"),
    ],
)
def test_bad_values_are_refused(learners: list[str], seeds: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulate(PEOPLE, WEB, learners, seeds=seeds)
