"""Audits from end to end, on tiny people: the battery, the page, the comparison, the errors."""

import csv
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

import quorate.auditing.running as running
from quorate.auditing.audit import ModelAudit, least_favoured, make_audit, rarest_label
from quorate.auditing.battery import BATTERY, Aim
from quorate.auditing.bounds import Bounds
from quorate.auditing.defences import find_defences
from quorate.auditing.measured import AttackResult, DefenceResult
from quorate.auditing.result import ModelAuditResult
from quorate.auditing.running import run_audit
from quorate.auditing.searching import AlphaSearch, Purse
from quorate.auditing.signals import as_members, plantable, telling
from quorate.auditing.wording import (
    control_sentence,
    count,
    missing,
    soft_intervals,
    strongest_defence,
)
from quorate.catalog import build
from quorate.errors import InputError
from quorate.executors.serial import SERIAL
from quorate.intervals import Interval
from quorate.learners.scikit.naive_bayes import NaiveBayes
from quorate.runs.digests import with_digest
from quorate.runs.running import opened
from quorate.signals.columns import Columns
from quorate.strategies.data_strike import DataStrike
from quorate.studies.critical_mass.rounds import Bracket, Point, SearchEnd
from quorate.studies.trial import Trial, draw_people, streams
from quorate.table import Table

Command = Callable[..., tuple[int, str, str]]
ASKED = {"label": "loan", "group": "sex", "people": 200, "seeds": 2, "budget": 190}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 400 people: loans go with work and income, less often to women."""
    rng = np.random.default_rng(0)
    n, file = 400, tmp_path_factory.mktemp("people") / "people.csv"
    sex = rng.choice(["f", "m"], n)
    work = rng.choice(["nurse", "smith", "cook", "diver"], n, p=[0.4, 0.3, 0.27, 0.03])
    income = rng.integers(10, 60, n)
    odds = 0.1 * (income - 42) + (sex == "m") + (work == "smith")
    loan = np.where(rng.random(n) < 1 / (1 + np.exp(-odds)), "yes", "no")
    with file.open("w", newline="") as lines:
        rows = zip(sex, work, income, loan, strict=True)
        csv.writer(lines).writerows([("sex", "work", "income", "loan"), *rows])
    return file


@pytest.fixture(scope="module")
def found(people: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelAuditResult, Path]:
    """The audit of naive Bayes, and its folder."""
    out = tmp_path_factory.mktemp("audit")
    asked = make_audit(model="naive-bayes", data=people, size=10_000, **ASKED)
    return run_audit(asked, out), out


def test_every_line_of_the_battery_is_tried_or_said_not_to_be(
    found: tuple[ModelAuditResult, Path],
) -> None:
    result, _ = found
    tried = {one.name for one in result.attacks}
    assert tried | set(result.left_out) == {one.name for one in BATTERY}
    assert tried & set(result.left_out) == set()
    assert {"planting", "feature-only planting", "data strike", "random noise (control)"} <= tried


def test_the_target_is_half_of_the_way(found: tuple[ModelAuditResult, Path]) -> None:
    for one in found[0].attacks:
        assert one.target == pytest.approx((1 + one.without) / 2)


def test_the_first_sentence_is_the_smallest_collective(
    found: tuple[ModelAuditResult, Path],
) -> None:
    result, _ = found
    smallest = result.smallest
    assert smallest is not None
    moving = [one for one in result.attacks if not one.is_control]
    assert smallest.estimate == min(one.estimate for one in moving if one.estimate == one.estimate)
    number = math.ceil(smallest.estimate * 10_000 - 1e-9)
    said = result.summary()[0]
    assert said.startswith(f"About {number:,} people of 10,000")
    assert smallest.does in said
    assert smallest.gains in said
    assert smallest.low < smallest.estimate <= smallest.high


def test_each_part_of_the_page_is_there(found: tuple[ModelAuditResult, Path]) -> None:
    result, _ = found
    headings = [one.heading for one in result.sections()]
    assert headings == [
        "The smallest collectives that move it",
        "What they do, what they gain, and what it costs everyone else",
        "What it costs each group",
        f"Defences against {result.defended}",
        "Certified, beside simulated",
        "What was not tried",
    ]
    assert {"early-stopping", "robust-aggregation", "dp-sgd", "group-dro"} <= set(result.refused)
    names = {one.name for one in result.defences}
    assert names | set(result.refused) >= {"loss-trimming", "knn-cleaning", "spectral-signatures"}
    costs = [one for one in result.attacks if one.group_costs]
    assert costs
    assert set(costs[0].group_costs) == {"f", "m"}


def test_the_same_again_trains_nothing_and_says_the_same(
    found: tuple[ModelAuditResult, Path], people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, out = found
    monkeypatch.setattr(NaiveBayes, "fit", None)
    asked = make_audit(model="naive-bayes", data=people, size=10_000, **ASKED)
    again = run_audit(asked, out)
    assert again.to_json() == result.to_json()
    assert result.spent <= ASKED["budget"]


def test_from_the_command_line_and_against_an_earlier_one(
    quorate: Command, people: Path, tmp_path: Path
) -> None:
    words = ["--label", "loan", "--wanted", "yes", "--people", 200, "--seeds", 2, "--budget", 90]
    before = tmp_path / "before"
    code, printed, said = quorate("audit", "naive-bayes", people, *words, "--out", before)
    assert code == 0, said
    assert "How few people can move naive-bayes?" in printed
    assert (before / "report.html").exists()
    assert (before / "attacks.csv").read_text().count("\n") >= 4
    same = ("audit", "naive-bayes", people, *words, "--against", before, "--out", tmp_path / "same")
    code, printed, said = quorate(*same)
    assert code == 0, said
    assert "No regression beyond noise." in printed
    # Had it taken everyone then, it would take fewer people now.
    file = before / "results.json"
    plain = json.loads(file.read_text())
    for one in plain["attacks"]:
        one |= {"estimate": None, "low": 1.0, "high": None, "is_reached": False}
    plain.pop("digest", None)
    file.write_text(json.dumps(with_digest(plain)))
    code, printed, said = quorate(*same, "--json")
    assert code == 1
    assert "Regression: fewer people move the model by planting" in said
    assert json.loads(printed)["regression"] is True
    verdicts = {one["name"]: one["verdict"] for one in json.loads(printed)["comparison"]}
    assert verdicts["planting"] == "fewer people"
    file.write_text(file.read_text().replace('"low": 1.0', '"low": 0.5'))
    code, _, said = quorate(*same)
    assert (code, "numbers that were changed since" in said) == (2, True)


def test_candidates_are_signals_that_people_can_carry(people: Path) -> None:
    asked = make_audit(model="tree", data=people, label="loan")
    train = draw_people(asked.population, streams(0)[0]).train
    for some in (plantable(train, "yes", 10_000), telling(train, "yes", 10_000)):
        assert some.signals
        for signal in some.signals:
            assert isinstance(signal, Columns)
            signal.plant(train)
            if "income" in signal.set:
                assert float(signal.set["income"]).is_integer()  # as the file has them
    members = as_members(train, 10_000)
    assert members.numbers["income"].tolist() == [float(int(v)) for v in members.numbers["income"]]
    first = telling(train, "yes", 10_000).signals[0]
    assert set(first.set) & {"work", "income", "sex"}


def test_defences_that_apply_to_a_network() -> None:
    train = draw_people(build("populations", "digits:n=60"), streams(0)[0]).train
    found = find_defences(build("learners", "sgd:hidden=8"), train)
    assert set(found.learners) == {
        "loss-trimming", "knn-cleaning", "spectral-signatures", "early-stopping",
        "robust-aggregation", "dp-sgd",
    }  # fmt: skip
    assert found.learners["dp-sgd"].hidden == 8
    assert "these people have none" in found.refused["group-dro"]


def test_a_purse_grants_what_is_left() -> None:
    purse = Purse(10)
    assert [purse.take(6), purse.take(6), purse.take(6)] == [6, 4, 0]
    assert purse.used() == 1
    assert Purse(10, minutes=1e-9).left() == 0


def test_who_wants_what() -> None:
    y = np.array([0, 0, 0, 1, 1, 0, 1, 0])
    group = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    table = Table(np.zeros((8, 1), np.float32), y, ("no", "yes", "never"), group, ("f", "m"))
    assert rarest_label(table) == "yes"  # nobody has "never"
    assert least_favoured(table, "yes") == "f"
    assert least_favoured(Table(table.x, y, table.classes), "yes") == ""


def test_words_of_the_battery_are_whole() -> None:
    aim = Aim("yes", Columns({"work": "diver"}), "f")
    for attack in BATTERY:
        strategy = attack.make(aim)
        assert strategy.goal
        for words in (attack.does, attack.gains):
            said = words.format(signal="work=diver", wanted="yes", minority="f")
            assert "{" not in said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"data": "people.csv"}, r"Expected the column of the labels in people\.csv"),
        ({"data": "digits", "label": "y"}, r"Expected --label y beside a \.csv or \.parquet file"),
        ({"data": "digits", "budget": 3}, r"Expected budget=3 to be at least 20"),
        ({"data": "digits", "target": 0}, r"Expected target=0 in \(0, 1\]"),
        ({"data": "digits", "size": 1}, r"Expected size=1 to be at least 2"),
        ({"data": "digits", "seeds": 1}, r"Expected seeds=1 to be at least 2"),
        ({"data": "digits", "minutes": 0}, r"Expected minutes=0"),
        ({"data": "digits", "width": 1}, r"Expected width=1 above 1"),
        ({"data": "digits", "attack": "x"}, r"key of an audit"),
        ({"data": None}, "Expected a data to audit"),
    ],
)
def test_mistakes_are_named(given: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_audit(model="tree", **given)


def test_pictures_are_audited_too() -> None:
    audit = ModelAudit(
        model=build("learners", "tree"), population=build("populations", "digits:n=150"),
        seeds=2, budget=40,
    )  # fmt: skip
    result = run_audit(audit)
    planting = next(one for one in result.attacks if one.name == "planting")
    assert planting.does.startswith("sets the mark patch:size=")
    assert running.smallest_of(result.attacks) == result.smallest


def test_a_file_makes_a_claim_about_an_audit(
    quorate: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audited.toml").write_text(
        """title = "t"
claim = "It takes fewer than nearly all."
source = "ours"
ours = "All."
expected = "Less than 90%."
model = "tree"
data = "digits:n=150"
seeds = 2
budget = 60
[[expect]]
measure = "alpha"
of = {attack = "planting"}
at_most = 0.9
[[expect]]
measure = "alpha"
of = {attack = "planting"}
at_least = 0.9
"""
    )
    code, printed, said = quorate("run", "audited.toml", "--json")
    assert code == 0, said
    finding = json.loads(printed)["finding"]
    assert [one["verdict"] for one in finding["statements"]] == ["holds", "does not hold"]


def attack(**given: Any) -> AttackResult:
    """A result by hand: 2% of the people, at least 1% and at most 4%, by 16 trainings."""
    cost = Interval(math.nan, math.nan, math.nan)
    plain: dict[str, Any] = {
        "name": "planting", "does": "sets x=1", "gains": "of all who set x=1 get yes",
        "strategy": {}, "wanted": "yes", "minority": "", "target": 0.5, "without": 0.0,
        "reached": 0.6, "estimate": 0.02, "low": 0.01, "high": 0.04, "trainings": 16,
        "is_firm": False, "cost": cost, "group_costs": {}, "bounds": Bounds(), "tried": 1,
        "is_control": False, "people": 1000,
    }  # fmt: skip
    return AttackResult(**plain | given)


def people_of_10_000(alpha: float) -> float:
    return 10_000 * alpha


def test_what_narrow_intervals_would_take_is_said() -> None:
    # high/low = 4 is (log 4 / log 2)² = 4 times as many trainings away from 2: 48 more than 16.
    assert missing(attack(), 2.0) == 48
    assert missing(attack(high=math.inf), 2.0) == 64  # no more than 80 in all
    assert missing(attack(trainings=100), 2.0) == 4  # a round, where that many were not enough
    said = soft_intervals([attack(), attack(is_firm=True)], [], 160, 160, 2.0)
    assert said == [
        "Wide, for want of trainings: planting. Give the same command with --budget 250 or so, "
        "and it goes on from here."
    ]
    assert (
        "--budget 250 or so, and more --minutes" in soft_intervals([attack()], [], 160, 200, 2)[0]
    )
    assert (
        "the same command again, and more --min" in soft_intervals([attack()], [], 160, 400, 2)[0]
    )
    assert soft_intervals([attack(is_firm=True)], [], 160, 160, 2.0) == []


def test_a_control_is_said_to_fail_only_where_it_does() -> None:
    smallest, inf = attack(is_firm=True), math.inf
    lots = {"name": "random noise (control)", "is_control": True, "estimate": inf, "high": inf}

    def said(**given: Any) -> str:
        return control_sentence(attack(**lots | given), smallest, people_of_10_000)

    assert "not even everyone is enough" in said(is_firm=True, low=1.0)
    assert "more than 6,000 are needed, 30 times as many" in said(is_firm=False, low=0.6)
    assert count(attack(**lots), people_of_10_000) == "perhaps not even everyone"
    assert "adds nothing that can be told" in said(estimate=0.02, high=0.04)


def test_defences_that_had_no_turn_are_not_said_to_fail() -> None:
    nan = Interval(math.nan, math.nan, math.nan)
    unknown = DefenceResult("knn-cleaning", *vars(nan).values(), nan, nan, 2, is_firm=False)
    assert strongest_defence([unknown], people_of_10_000) == ""
    useless = replace(unknown, estimate=0.02, low=0.01, high=0.04, shift=Interval(0, -1, 1))
    assert strongest_defence([unknown, useless], people_of_10_000).startswith("No defence that")


def test_what_is_the_users_own_is_called_by_its_name(people: Path) -> None:
    frame = pd.read_csv(people)[["income", "loan"]]
    asked = make_audit(
        model=DecisionTreeClassifier(), data=frame, label="loan", seeds=2, budget=55, people=150
    )
    result = run_audit(asked)
    assert result.title == "How few people can move DecisionTreeClassifier()?"
    page = json.dumps([str(one) for one in result.sections()])
    assert "own:" not in page
    assert "DecisionTreeClassifier() is none that quorate trains" in result.refused["dp-sgd"]


def test_a_budget_that_only_chooses_signals_is_refused(people: Path) -> None:
    asked = make_audit(model="naive-bayes", data=people, **ASKED | {"budget": 20})
    with pytest.raises(InputError, match="Expected more than 20 trainings, got none left"):
        run_audit(asked)


def test_minutes_that_only_choose_signals_are_refused(people: Path) -> None:
    asked = make_audit(model="naive-bayes", data=people, **ASKED | {"minutes": 1e-6})
    with pytest.raises(InputError, match="no time left after signals were chosen"):
        run_audit(asked)


def test_flat_searches_do_not_take_the_turns_of_others(people: Path) -> None:
    audit = make_audit(model="naive-bayes", data=people, label="loan")
    cell = Trial(audit.population, DataStrike("yes"), DataStrike("yes").goal, audit.model, 0.0, 0)
    with opened(None, SERIAL) as (store, pool):
        flat, narrower = (AlphaSearch(cell, store, pool, "x") for _ in range(2))
    for search, (high, points) in ((flat, (400, 40)), (narrower, (4, 16))):
        search.end = SearchEnd((), Bracket(1, 2, high, 1, None), ((1, 1),), "budget")
        search._points = (Point(1, 1, 0.5),) * points
    assert narrower.promise > flat.promise
