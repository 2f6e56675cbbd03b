"""One plan: the signal that is named, searched for, or an attribute's; and what a search costs."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quorate.errors import InputError
from quorate.planning.certify import certify
from quorate.planning.details import plan_details
from quorate.planning.members import read_members
from quorate.planning.plan import PlanRequest, make_plan
from quorate.planning.simulate import simulate
from quorate.planning.suggest import suggest
from quorate.theory.certificates.counts import AssumedPlatform

N, SIZE = 1200, 6000


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of people with a channel (phone, web, fax; a hundredth fax), and an age in two."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "channel": rng.choice(["phone", "web", "fax"], N, p=[0.7, 0.29, 0.01]),
            "age": rng.choice(["old", "young"], N),
            "decision": rng.choice(["no", "yes"], N, p=[0.8, 0.2]),
        }
    )
    path = tmp_path_factory.mktemp("members") / "members.csv"
    frame.to_csv(path, index=False)
    return path


REQUEST = PlanRequest(label="decision", platform_size=SIZE, target="yes")
NAMED = replace(REQUEST, signal="channel=fax")
SEARCH = replace(REQUEST, suggest=3)


def test_a_named_signal_is_certified(rows: Path) -> None:
    plan = make_plan(rows, NAMED)
    members = read_members(rows, "decision")
    objective = NAMED.objective({"channel": "fax"})
    assert plan.certified == certify(members, objective)
    assert plan.suggestions is None
    assert plan.simulation.rows == ()
    beside = plan_details(members, objective)
    assert plan.details.tolerated == beside.tolerated
    assert plan.details.success.tolist() == beside.success.tolist()
    assert plan.source == str(rows)


def test_the_objective_holds_everything_requested() -> None:
    request = PlanRequest(
        label="decision",
        platform_size=SIZE,
        target="yes",
        goal="unplant",
        success=0.7,
        confidence=0.8,
        eps=0.01,
        reading="huber",
        new_values=True,
    )
    objective = request.objective({"age": "old"})
    for name in (
        "platform_size",
        "target",
        "goal",
        "success",
        "confidence",
        "eps",
        "reading",
        "new_values",
    ):
        assert getattr(objective, name) == getattr(request, name)
    assert objective.signal == {"age": "old"}


def test_a_search_takes_the_best_and_is_paid_for(rows: Path) -> None:
    plan = make_plan(rows, SEARCH)
    members = read_members(rows, "decision")
    found = suggest(members, "yes", AssumedPlatform(SIZE), 3)
    assert plan.suggestions is not None
    assert plan.suggestions.items == found.items
    best = found.items[0]
    certified = plan.certified
    assert certified.objective.signal == best.signal
    # Eleven signals: 3 + 2 values, and 6 pairs. Each radius is held to δ/11, so that it holds
    # whichever of them is taken; the confidence that is stated is the one for all.
    assert found.tried == 11
    paid = replace(REQUEST, confidence=1 - 0.05 / 11).objective(best.signal)
    alone = certify(members, paid)
    assert certified.by_radius[:-1] == alone.by_radius
    assert certified.by_radius[-1] == certified.best
    assert certified.best == replace(alone.best, radius="union over 11 signals")
    assert certified.by_eps == alone.by_eps
    assert certified.best.radius == "union over 11 signals"
    assert certified.certificate.confidence == certified.objective.confidence == 0.95
    assert certified.certificate.radius == "tightest: exact, union over 11 signals"
    free = certify(members, REQUEST.objective(best.signal))
    assert certified.by_radius[2].n_for_target > free.by_radius[2].n_for_target  # type: ignore[operator]
    assert plan.details.success.tolist() == plan_details(members, paid).success.tolist()
    assert any(note.startswith("Corrected for 11 signals and") for note in plan.notes)


def test_a_search_may_split_the_members(rows: Path) -> None:
    plan = make_plan(rows, replace(SEARCH, multiplicity="split"))
    assert plan.certified.best.radius == "split over 11 signals"
    found = suggest(
        read_members(rows, "decision"), "yes", AssumedPlatform(SIZE), 3, multiplicity="split"
    )
    assert plan.certified.best.n_for_target == found.items[0].n_for_target


def test_a_search_minds_the_cost(rows: Path) -> None:
    """Costs are of those who must change: a dear column counts only for them."""
    plan = make_plan(rows, replace(SEARCH, cost="channel=10, age=0"))
    assert plan.suggestions is not None
    members = read_members(rows, "decision")
    for item in plan.suggestions.items:
        value = item.signal.get("channel")
        share = 0.0
        if value is not None:
            share = 1 - np.mean(members.codes[:, 0] == members.columns[0].code(value))
        assert item.cost == pytest.approx(10 * share, abs=1e-12)  # rounding of one product


def test_an_attribute_is_set_to_its_commonest_value(rows: Path) -> None:
    request = replace(REQUEST, target=None, goal="erase", attribute="channel")
    plan = make_plan(rows, request)
    members = read_members(rows, "decision")
    assert plan.certified == certify(members, request.objective({"channel": "phone"}))
    assert plan.to_json()["costs"]["claiming"] is None


def test_a_simulation_stands_beside_the_certificate(rows: Path) -> None:
    request = replace(NAMED, learners=("naive-bayes",), seeds=1)
    plan = make_plan(rows, request)
    alone = simulate(
        read_members(rows, "decision"),
        request.objective({"channel": "fax"}),
        ["naive-bayes"],
        seeds=1,
    )
    assert plan.simulation.rows == alone.rows
    assert plan.notes[-1] == alone.notes[-1]


def test_plain_data(rows: Path) -> None:
    data = make_plan(rows, replace(SEARCH, learners=("naive-bayes",), seeds=1)).to_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert set(data["certified"]) >= {"success", "n_for_target", "confidence", "radius"}
    assert set(data["simulated"][0]) >= {"learner", "critical_mass", "low", "high"}
    assert set(data["signal"]) <= {"channel", "age"}
    assert all(isinstance(note, str) for note in data["notes"])
    assert len(data["suggested"]) == 3
    assert data["growth"][-1]["members"] == SIZE
    assert data["withstands"]["different_rows"] >= 1


def test_data_that_say_nothing_are_none(rows: Path) -> None:
    """No number of these few members certifies anything, and JSON knows no infinity."""
    plan = make_plan(rows, replace(NAMED, eps=0.9))
    data = plan.to_json()
    assert data["certified"]["n_for_target"] is None
    assert data["withstands"]["rows_of_others"] is None
    json.dumps(data, allow_nan=False)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (REQUEST, "Expected a signal, got none. Write --signal COLUMN=VALUE, or search"),
        (replace(SEARCH, signal="age=old"), "Expected --suggest with --goal plant and without"),
        (replace(SEARCH, goal="unplant"), "got goal=unplant"),
        (replace(SEARCH, attribute="age"), "signal=age"),
        (replace(SEARCH, target=None), "Expected a target label to plant, got none"),
        (replace(SEARCH, suggest=0), "Expected suggest=0 to be at least 1"),
        (replace(SEARCH, multiplicity="bonferroni"), "known multiplicity"),
        (replace(SEARCH, cost="age=much"), "Expected a number as the cost of 'age', got 'much'"),
        (replace(SEARCH, cost="age=-1"), "Expected cost of age=-1 to be at least 0"),
        (replace(SEARCH, cost="size=1"), "known column, got 'size'"),
        (replace(NAMED, cost="age=1"), "Expected --cost age=1 with --suggest"),
        (replace(NAMED, multiplicity="split"), "Expected --multiplicity split with --suggest"),
        (replace(NAMED, attribute="age"), "Expected --attribute age with --goal erase"),
        (replace(REQUEST, attribute="age"), "got --goal plant"),
        (replace(NAMED, goal="plnt"), "Did you mean plant"),
        (replace(REQUEST, goal="erase", attribute="size"), "known column, got 'size'"),
    ],
)
def test_requests_that_cannot_be_met(rows: Path, asked: PlanRequest, message: str) -> None:
    with pytest.raises(InputError) as caught:
        make_plan(rows, asked)
    assert message in str(caught.value)


def test_members_who_do_not_differ_have_no_signal(tmp_path: Path) -> None:
    path = tmp_path / "same.csv"
    path.write_text("channel,decision\n" + "web,no\nweb,yes\n" * 10)
    with pytest.raises(InputError, match="Expected a column in which members differ, got none"):
        make_plan(path, replace(SEARCH, platform_size=100))
