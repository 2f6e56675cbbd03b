"""The number of flips swept, chosen on one half of the people held out and scored on the other."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate import catalog
from quorate.errors import InputError
from quorate.populations.unequal import COMPARED
from quorate.report.files import write_result
from quorate.runs.kept_tables import KeptTables
from quorate.runtime.seeds import mixed
from quorate.scenarios.bias import swept
from quorate.scenarios.bias.cell import TwoGroups, enlist_minority
from quorate.scenarios.bias.choosing import choose
from quorate.scenarios.bias.groups import sizes_of
from quorate.scenarios.bias.measures import measure_groups
from quorate.scenarios.bias.scenario import Bias
from quorate.scenarios.bias.swept import halve, measure_swept
from quorate.scenarios.bias.swept_result import SweptResult
from quorate.scenarios.scenario import make_scenario, run_scenario
from quorate.spec import describe
from quorate.strategies.relabelling.rb_prob import RBProb
from quorate.table import Submission

POPULATION = "unequal:n=300,held_out=4000"
SIDES = {"minority": ["minority"], "majority": [], "positive": "yes"}
SMALL = {
    "name": "bias",
    "population": POPULATION,
    "learners": "logistic,tree:max_depth=3",
    "strategies": "rb-prob,random,rehearsed",
    "alphas": "0,0.5,1",
    "knowledge": "20,all",
    "at": "0.5",
    "seeds": "2",
    "alone": "threshold-optimizer",
    "flips": "20,0,5,400",
}


def cell(**other: Any) -> dict[str, Any]:
    asked = {"strategy": "rb-prob", "alpha": 0.5, "known": "all", "flips": [5, 20, 400]}
    plain = {"population": POPULATION, "sides": SIDES, "learner": "logistic", "seed": 1}
    return {**plain, **asked, **other}


@pytest.fixture(scope="module")
def result() -> SweptResult:
    found = run_scenario(SMALL).result
    assert isinstance(found, SweptResult)
    return found


# ------------------------------------------------------------------------------------- the sweep


def test_a_sweep_is_what_each_number_does_alone() -> None:
    """Naive: score members by a logistic regression of the majority, flip the top M, fit, judge."""
    from sklearn.linear_model import LogisticRegression

    split = TwoGroups(POPULATION, COMPARED, 1).split()
    people, held_out = split.train, split.held_out
    assert people.group is not None
    assert held_out.group is not None
    member = enlist_minority(people, 0.5, mixed(1, 1))
    found = measure_swept(cell())
    varying = (people.x[people.group == 0] != people.x[people.group == 0][0]).any(axis=0)
    rows = people.x[:, varying].astype(np.float64)
    favoured = LogisticRegression(max_iter=1000).fit(
        rows[people.group == 0], people.y[people.group == 0]
    )
    can_act = np.flatnonzero(member & (people.y == 0))
    ranked = can_act[np.argsort(-favoured.predict_proba(rows[can_act])[:, 1])]
    assert found["supply"] == len(can_act)
    for one in found["swept"]:
        y = people.y.copy()
        y[ranked[: one["flips"]]] = 1
        changed = people.take(member).relabelled(y[member])
        handed_in = Submission(people, changed, member)
        model = catalog.build("learners", "logistic").fit(handed_in, mixed(1, 4))
        predicted, minority = model.predict(held_out.x), held_out.group == 1
        naive = measure_groups(held_out.y, predicted, minority)
        assert one["everyone"]["equalised_odds"] == round(naive["equalised_odds"], 6)
        assert one["everyone"]["accuracy"] == round(naive["accuracy"], 6)
        second = halve(held_out, mixed(1, swept.HALVES))
        for half, who in zip(one["halves"], (~second, second), strict=True):
            naive = measure_groups(held_out.y[who], predicted[who], minority[who])
            assert half["equalised_odds"] == round(naive["equalised_odds"], 6)


def test_a_strategys_own_number_is_one_of_the_sweep() -> None:
    """``flips`` as a fraction of the minority and as a number of it do the same."""
    people = TwoGroups(POPULATION, COMPARED, 0).split().train
    assert people.group is not None
    member = people.group == 1
    own = people.take(member)
    known = RBProb(knowledge="all").learn(people, member, np.random.default_rng(0))
    tables = RBProb().sweep(own, known, [0, 7, 10**6], np.random.default_rng(1))
    alone = replace(RBProb(), flips=7 / len(own)).apply(own, known, np.random.default_rng(1))
    assert (tables[1].y == alone.y).all()
    assert [int((table.y != own.y).sum()) for table in tables] == [0, 7, (own.y == 0).sum()]


def test_more_flips_than_members_can_supply_are_capped_and_counted(result: SweptResult) -> None:
    found = measure_swept(cell())
    assert [one["flips"] for one in found["swept"]] == [5, 20, 400]
    flipped = [one["flipped"] for one in found["swept"]]
    assert flipped == [5, 20, found["supply"]]
    assert found["supply"] < 400
    at_supply = measure_swept(cell(flips=[found["supply"]]))
    assert at_supply["swept"][0]["everyone"] == found["swept"][-1]["everyone"]
    acting = [row for row in result.rows() if row["strategy"] == "rb-prob" and row["alpha"] == 0.5]
    assert {row["capped"] for row in acting} == {1}
    (said,) = [one for one in result.sections() if "cannot be supplied" in one.heading]
    assert "all of them act where 400 are asked for" in said.sentences[0]


def test_training_that_fails_is_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise swept.FitFailedError("no")

    monkeypatch.setattr(swept, "fit_model", fail)
    assert measure_swept(cell()) == {"failed": "no"}


# ------------------------------------------------------------------------------------ the choice


def test_halves_have_as_many_of_each_group_and_label() -> None:
    people = TwoGroups(POPULATION, COMPARED, 0).split()
    second = halve(people.held_out, np.random.default_rng(0))
    one, other = (sizes_of(people.held_out.take(who)) for who in (~second, second))
    assert {one[key] - other[key] for key in one} <= {0, 1}


def test_a_choice_by_hand() -> None:
    """On the first half M₁ is best, worth .4 on the second; there M₂ is, worth .3 on the first."""
    found = choose(np.array([[0.5, 0.5], [0.1, 0.4], [0.3, 0.2]]))
    assert found.picks.tolist() == [1, 2]
    assert found.scored.tolist() == [0.4, 0.3]
    assert found.lowest.tolist() == [0.2, 0.1]
    assert found.flattery == pytest.approx(0.2, abs=1e-12)  # of sums in floats
    assert choose(np.array([[0.2, 0.2], [0.2, 0.2]])).picks.tolist() == [0, 0]  # the fewest flips


def test_what_is_chosen_on_one_half_never_sees_the_other() -> None:
    """Whatever is measured on the second half, the first chooses the same; it flatters nobody."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        violation = rng.random((rng.integers(1, 9), 2))
        other = violation.copy()
        other[:, 1] = rng.random(len(violation))
        assert choose(violation).picks[0] == choose(other).picks[0] == violation[:, 0].argmin()
        assert choose(violation).scored[0] == violation[violation[:, 0].argmin(), 1]
        assert choose(violation).flattery >= 0
        same = np.repeat(violation[:, :1], 2, axis=1)  # chosen where it is scored
        assert choose(same).flattery == 0


# ---------------------------------------------------------------------------------------- the rows


def test_rows_hold_the_choice_and_its_flattery(result: SweptResult) -> None:
    rows = result.rows()
    for row in rows:
        assert row["flattery"] >= 0
        assert row["equalised_odds"] - row["lowest"] == pytest.approx(row["flattery"], abs=3e-6)
        assert row["error"] == pytest.approx(1 - row["accuracy"], abs=2e-6)  # rounded to 1e-6
    found = {
        (row["learner"], row["strategy"], row["alpha"], row["known"]): row
        for row in rows
        if row["seed"] == 0
    }
    before, half, most = (found["tree:max_depth=3", "random", a, "all"] for a in (0.0, 0.5, 1.0))
    reached = before["equalised_odds"] - half["equalised_odds"]
    assert half["improvement"] == pytest.approx(reached, abs=2e-6)
    assert half["beyond_nine_tenths"] == pytest.approx(
        half["improvement"] - 0.9 * most["improvement"], abs=2e-6
    )
    assert half["beyond_four_fifths"] == pytest.approx(
        half["improvement"] - 0.8 * most["improvement"], abs=2e-6
    )
    assert before["improvement"] == before["flips"] == before["flattery"] == 0
    assert found["logistic", "random", 0.5, "20"]["beyond_nine_tenths"] is None
    own = found["logistic", "rehearsed", 0.5, "all"]  # it decides M itself: nothing is chosen
    assert own["flattery"] == 0
    alone = found["logistic", "platform: threshold-optimizer", 0.0, "all"]
    assert alone["equalised_odds"] is not None
    learners = [found[name, "random", 0.5, "all"]["flips"] for name in result.learners]
    assert found["all", "random", 0.5, "all"]["flips"] == pytest.approx(np.mean(learners))


def test_the_mean_over_flips_is_of_those_who_act_on_everyone_held_out() -> None:
    found = run_scenario({**SMALL, "seeds": "1", "strategies": "rb-prob", "first_seed": "1"})
    (row,) = [
        row
        for row in found.rows()
        if (row["learner"], row["alpha"], row["known"]) == ("logistic", 0.5, "all")
    ]
    swept_ones = measure_swept(cell())["swept"]
    odds = [one["everyone"]["equalised_odds"] for one in swept_ones]
    assert row["over_flips"] == pytest.approx(np.mean(odds), abs=1e-6)


def test_words_pictures_and_files(result: SweptResult) -> None:
    json.dumps(result.to_json(), allow_nan=False)
    assert result.flips == (0, 5, 20, 400)
    assert "is chosen on one half of the people held out" in result.summary()[0]
    assert list(result.pictures()) == ["lowest", "flips", "front", "knowledge"]
    lines = list(csv.DictReader(io.StringIO(result.files()["flips.csv"].decode())))
    swept_ones = 2 * 2 * 3  # learners, strategies; α = ½ and 1 with all, α = ½ with 20 known
    assert len(lines) == swept_ones * 4
    none = [float(line["equalised_odds"]) for line in lines if line["flips"] == "0"]
    honest = result.numbers("logistic", "random", 0.0, "all")
    assert len(set(none)) == 2  # nobody acts, on two platforms
    assert honest["equalised_odds"][0] > 0


def test_kept_tables_give_the_same_numbers_and_pictures(
    result: SweptResult, tmp_path: Path
) -> None:
    write_result(result, tmp_path)
    again = make_scenario(SMALL).read_back(KeptTables(tmp_path))
    assert isinstance(again, SweptResult)
    written = [
        {name: value if value != "" else None for name, value in row.items()}
        for row in result.rows()
    ]
    assert again.rows() == written
    assert again.pictures().keys() == result.pictures().keys()
    assert again.by_flips.keys() == result.by_flips.keys()
    for key, by_flips in result.by_flips.items():
        for count, numbers in by_flips.items():
            for name, three in numbers.items():  # six digits are written
                assert again.by_flips[key][count][name] == pytest.approx(three, rel=1e-5, abs=1e-9)


# --------------------------------------------------------------------------------- its parameters


def test_without_flips_nothing_changes() -> None:
    """Cells and plain data of older runs keep their ids."""
    scenario = make_scenario({"name": "bias", "population": POPULATION})
    assert isinstance(scenario, Bias)
    assert "flips" not in describe(scenario)
    cells = scenario._cells(COMPARED)
    assert all("flips" not in one for one in cells)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"flips": "-1"}, "flips=-1"),
        ({"flips": "5,5"}, "each of flips once"),
        ({"strategies": "rb-prob:flips=0.1"}, "flips as a parameter of the scenario"),
    ],
)
def test_parameters_that_cannot_be_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_scenario({**SMALL, **given})


def test_halves_too_small_to_measure_on_are_refused() -> None:
    with pytest.raises(InputError, match="at least 100 held-out people"):
        run_scenario({**SMALL, "population": "unequal:n=300,held_out=1500"})
