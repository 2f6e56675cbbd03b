"""A run from parameters to rows, and every parameter that cannot be used."""

import dataclasses
import json
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from quorate import catalog
from quorate.compared_groups import choose_groups
from quorate.errors import InputError
from quorate.populations.unequal import COMPARED
from quorate.protocols import Learner
from quorate.runtime.seeds import mixed
from quorate.scenarios.bias import platform_alone
from quorate.scenarios.bias.cell import TwoGroups, enlist_minority, measure_cell
from quorate.scenarios.bias.groups import check_sizes, join_groups, people_needed
from quorate.scenarios.bias.measures import measure_groups
from quorate.scenarios.bias.result import BiasResult
from quorate.scenarios.scenario import make_scenario, run_scenario
from quorate.strategies.relabelling import rehearsal
from quorate.strategies.relabelling.minority_knowledge import MinorityKnowledge
from quorate.strategies.relabelling.rb_prob import RBProb
from quorate.strategies.relabelling.rehearsal import Rehearsal
from quorate.strategies.relabelling.rehearsed import best_count
from quorate.table import Split, Submission

SMALL = {
    "name": "bias",
    "population": "unequal:n=300,held_out=3000",
    "learners": "logistic",
    "strategies": "rb-prob,random",
    "alphas": "0,0.5",
    "knowledge": "20,all",
    "at": "0.5",
    "seeds": "2",
    "alone": "threshold-optimizer",
}


@pytest.fixture(scope="module")
def result() -> BiasResult:
    found = run_scenario(SMALL).result
    assert isinstance(found, BiasResult)
    return found


def test_rows_are_what_was_asked_for(result: BiasResult) -> None:
    """A seed and learner: α = 0 and ½, twice; 20 known, twice; one platform alone."""
    rows = result.rows()
    logistic = [row for row in rows if row["learner"] == "logistic"]
    places = [(row["strategy"], row["alpha"], row["known"]) for row in logistic if row["seed"] == 0]
    assert sorted(places) == sorted(
        [
            (strategy, alpha, known)
            for strategy in ("rb-prob", "random")
            for alpha, known in ((0.0, "all"), (0.5, "all"), (0.5, "20"))
        ]
        + [("platform: threshold-optimizer", 0.0, "all")]
    )
    for row in logistic:
        (before,) = [
            other["accuracy"]
            for other in logistic
            if (other["seed"], other["strategy"], other["alpha"]) == (row["seed"], "random", 0)
        ]
        assert row["error_added"] == round(before - row["accuracy"], 6)
    mean = [row for row in rows if row["learner"] == "all"]
    assert len(mean) == 12  # of one learner, itself
    assert {row["equalised_odds"] for row in mean} <= {row["equalised_odds"] for row in logistic}


def test_an_honest_platform_is_one_fitted_to_everyone(result: BiasResult) -> None:
    split = TwoGroups("unequal:n=300,held_out=3000", result.compared, 1).split()
    model = catalog.build("learners", "logistic").fit(
        Submission.without_collective(split.train), mixed(1, 4)
    )
    assert split.held_out.group is not None
    predicted = model.predict(split.held_out.x)
    honest = measure_groups(split.held_out.y, predicted, split.held_out.group == 1)
    (row,) = [
        row
        for row in result.rows()
        if (row["learner"], row["strategy"], row["alpha"], row["seed"])
        == ("logistic", "random", 0, 1)
    ]
    assert {name: row[name] for name in honest} == {k: round(v, 6) for k, v in honest.items()}
    assert row["changed"] == 0


def test_plain_data_tables_and_pictures(result: BiasResult) -> None:
    plain = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert plain["sides"] == {"minority": ["minority"], "majority": [], "positive": "yes"}
    assert len(plain["results"]) == 13
    first = plain["results"][0]["equalised_odds"]
    assert first["low"] <= first["mean"] <= first["high"]
    assert plain["people"]["minority"] + plain["people"]["majority"] == 300
    tables = result.tables()
    assert len(tables) == 3
    assert {"learner": "logistic", "who does what": "random"}.items() <= next(
        iter(tables.values())
    )[1].items()
    (row, *_) = next(iter(tables.values()))
    assert "±" in row["accuracy"]
    alone = dataclasses.replace(result, seeds=1)  # one seed has no interval
    (row, *_) = next(iter(alone.tables().values()))
    assert "±" not in row["accuracy"]
    assert result.summary()[0].startswith("While 50% of the minority act, the strategy r")
    pictures = result.pictures()
    assert list(pictures) == ["alpha", "knowledge"]
    said = {text.get_text() for axes in pictures["alpha"].figure.axes for text in axes.texts}
    assert said == {"rb-prob", "random", "threshold-optimizer"}


def test_measures_are_fairlearns() -> None:
    fairlearn = pytest.importorskip("fairlearn.metrics")
    rng = np.random.default_rng(0)
    y, predicted, minority = rng.random((3, 500)) < 0.4
    found = measure_groups(y.astype(int), predicted.astype(int), minority)
    sides: dict[str, Any] = {"sensitive_features": minority}
    odds = fairlearn.equalized_odds_difference(y, predicted, agg="mean", **sides)
    assert found["equalised_odds"] == pytest.approx(odds, rel=1e-12)  # the order of sums
    parity = fairlearn.demographic_parity_difference(y, predicted, **sides)
    assert found["demographic_parity"] == pytest.approx(parity, rel=1e-12)


@pytest.mark.parametrize("name", list(platform_alone.ALONE))
def test_a_platform_alone_comes_closer_to_equal_odds(name: str) -> None:
    pytest.importorskip("fairlearn")
    cell = {
        "population": "unequal:n=600,held_out=4000",
        "learner": "logistic",
        "seed": 0,
        "sides": {"minority": ["minority"], "majority": [], "positive": "yes"},
    }
    nobody = measure_cell({**cell, "strategy": "nobody", "alpha": 0.0, "known": "all"})
    alone = measure_cell({**cell, "alone": name})
    # ten rounds of exponentiated gradient do less, on these 600 people, than the other two
    by = 0.01 if name == "exponentiated-gradient" else 0.03
    assert alone["equalised_odds"] < nobody["equalised_odds"] - by
    assert measure_cell({**cell, "alone": name}) == alone


def test_without_fairlearn_the_rest_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fairlearn", None)
    found = run_scenario({**SMALL, "seeds": "1", "knowledge": "all"}).result
    assert all(not row["strategy"].startswith("platform") for row in found.rows())
    assert "quorate[fairness]" in found.to_json()["notes"][0]
    (left_out,) = [one for one in found.sections() if one.heading == "Left out"]
    assert "quorate[fairness]" in left_out.sentences[0]


def test_which_platforms_can_do_what() -> None:
    def ways(learner: str) -> list[str]:
        built: Learner = catalog.build("learners", learner)
        return [name for name in platform_alone.ALONE if platform_alone.fits(name, built)]

    assert ways("logistic") == list(platform_alone.ALONE)
    assert ways("boosting") == ["threshold-optimizer", "grid-search"]
    assert ways("dp-sgd") == ["threshold-optimizer"]
    assert ways("svm") == ["grid-search"]


# ---------------------------------------------------------------------- who acts, what is known


def test_collectives_and_knowledge_are_nested() -> None:
    people = TwoGroups("unequal:n=200,held_out=10", COMPARED, 0).split().train
    assert people.group is not None
    minority = people.group == 1
    before = np.zeros(200, dtype=bool)
    for alpha in (0.0, 0.1, 0.5, 1.0):
        member = enlist_minority(people, alpha, np.random.default_rng(3))
        assert member.sum() == round(alpha * minority.sum())
        assert not (member & ~minority).any()
        assert (member | before == member).all()
        before = member
    less, more = (
        RBProb(knowledge=known).learn(people, member, np.random.default_rng(3)).others
        for known in ("5", "20")
    )
    assert less is not None
    assert more is not None
    assert (less.x == more.x[:5]).all()
    sizes = RBProb().learn(people, member, np.random.default_rng(3)).group_sizes
    assert sizes == ((~minority).sum(), minority.sum())


# ------------------------------------------------------------------------------------ rehearsals


def test_the_number_is_sought_where_the_gap_is_smallest() -> None:
    """Gap |M − 24|: of 0, 1, 2, 4, ..., 64 both 16 and 32 are 8 off; between 16 and 32 lies 24."""

    class Wedge:
        def gap(self, acting: np.ndarray) -> float:
            return abs(len(acting) - 24)

    assert best_count(Wedge(), np.arange(64)) == 24  # type: ignore[arg-type]
    assert best_count(Wedge(), np.arange(0)) == 0  # type: ignore[arg-type]


def test_a_rehearsal_is_what_repeated_rows_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights say how often a row is there: the same as writing it down so many times."""
    from sklearn.linear_model import LogisticRegression

    def exact() -> Any:
        return LogisticRegression(max_iter=1000, tol=1e-10)

    monkeypatch.setattr(rehearsal, "COPIES", (exact,))
    people = TwoGroups("unequal:n=120,held_out=10", COMPARED, 1).split().train
    member = enlist_minority(people, 0.5, np.random.default_rng(0))
    seen = RBProb(knowledge="30").learn(people, member, np.random.default_rng(1))
    whole = replace(seen, group_sizes=(60, 3 * len(seen.own)))  # whole weights
    assert people.compared is not None
    known = MinorityKnowledge.of(whole, people.compared)
    here = Rehearsal.of(known, np.random.default_rng(2))
    assert here is not None
    acting = known.negatives[:5]
    claimed = known.members.y.copy()
    claimed[acting] = 1
    naive = np.zeros(len(here.y))
    for half in (False, True):
        rows, labels = [], []
        for i in np.flatnonzero(here.half != half):
            times = 4 if i < here.k else 6  # each stands for 2 or for 3, and half for all
            acts = i >= here.k and claimed[i - here.k] != here.y[i]
            rows += [here.x[i]] * times
            labels += [1, 1] + [0] * (times - 2) if acts else [here.y[i]] * times
        model = exact().fit(np.array(rows), np.array(labels))
        naive[here.half == half] = model.predict_proba(here.x[here.half == half])[:, 1]
    (judged,) = here.judged(claimed)
    assert judged == pytest.approx(naive, abs=1e-6)  # both are fitted to 1e-10 in the gradient


# -------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"alphas": "0,1.2"}, r"alpha=1.2 in \[0, 1\]"),
        ({"at": "-0.1"}, r"alpha=-0.1 in \[0, 1\]"),
        ({"seeds": "0"}, "seeds=0"),
        ({"first_seed": "-1"}, "first_seed=-1"),
        ({"knowledge": "0"}, "at least 1, or all, got '0'"),
        ({"knowledge": "few"}, "at least 1, or all, got 'few'"),
        ({"knowledge": "5", "strategies": "rb-label:k=6"}, "k=6 to be at most the 5 known"),
        ({"strategies": "rb-probs"}, "Did you mean rb-prob"),
        ({"alone": "threshold"}, "Did you mean threshold-optimizer"),
        ({"standard_error": "0"}, "standard_error=0"),
        ({"strategies": []}, "one or more of strategies"),
        ({"alphas": "0.3,0.3"}, "each of alphas once"),
        ({"learners": "logistic,logistic"}, "each of learners once"),
    ],
)
def test_parameters_that_cannot_be_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_scenario({**SMALL, **given})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"minority": "minorities", "positive": "yes"}, "Did you mean minority"),
        ({"positive": "maybe"}, "Expected a known label, got 'maybe'"),
        ({"knowledge": "500"}, "knowledge=500 to be at most the .* people of the majority"),
        ({"population": "digits:n=100"}, "told who acts"),
        ({"population": "gaussian", "minority": "rarely", "positive": "1"}, "Did you mean rare"),
        ({"population": "digits:n=100", "minority": "a", "positive": "3"}, "people in groups"),
        ({"population": "unequal:n=2,held_out=900", "minority": "minority"}, "to learn from"),
    ],
)
def test_people_who_cannot_act_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run_scenario({**SMALL, **given})


def test_groups_too_small_to_measure_say_how_many_are_needed() -> None:
    """A rate of 100 people has a standard error of at most √(¼/100) = .05, of 25 at most .1."""
    assert (people_needed(0.05), people_needed(0.1), people_needed(0.03)) == (100, 25, 278)
    people = TwoGroups("unequal:n=50,held_out=400", COMPARED, 0).split().held_out
    with pytest.raises(InputError, match=r"at least 100 held-out .* of the minority .* label yes"):
        check_sizes(people, 0.05)
    check_sizes(people, 0.25)  # 4 are enough
    with pytest.raises(InputError, match="at least 100 held-out people"):
        run_scenario({**SMALL, "population": "unequal:n=300,held_out=400"})


def test_more_than_two_labels_are_refused() -> None:
    split = catalog.build("populations", "digits:n=100").split(np.random.default_rng(0))
    grouped = type(split.train)(
        split.train.x,
        split.train.y,
        split.train.classes,
        np.zeros(len(split.train), dtype=np.int64),
        ("a",),
    )
    with pytest.raises(InputError, match=r"Expected two labels, .* got 10"):
        join_groups(type(split)(grouped, grouped), COMPARED)


def test_sides_may_be_bounds_of_numbers_and_leave_people_out() -> None:
    people = TwoGroups("unequal:n=60,held_out=10", COMPARED, 0).split().train
    aged = replace(people, group=np.arange(60) % 3, groups=("20", "40", "70"))
    split = Split(aged, aged)
    seen = join_groups(split, choose_groups(COMPARED, ("<25",), (">60",), None)).train
    assert seen.group is not None
    assert len(seen) == 40  # those of 40 are on neither side
    assert seen.group.tolist() == [1, 0] * 20
    with pytest.raises(InputError, match="Expected a known group, got '>90'"):
        join_groups(split, choose_groups(COMPARED, (">90",), (), None))
