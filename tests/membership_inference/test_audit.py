"""Audits of privacy: canaries, what one training shows of them, and how it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from quorate.errors import FitFailedError, InputError
from quorate.learners.base.recorded import with_record
from quorate.learners.scikit.tree import Tree
from quorate.membership_inference.audit import make_audit, run_audit
from quorate.membership_inference.audit_cell import plant
from quorate.membership_inference.audit_result import ASSUMPTIONS, AuditResult
from quorate.populations.digits import Digits
from quorate.protocols import Classifier, Learner
from quorate.runs.privacy_words import HEADING
from quorate.studies.trial import draw_people, streams
from quorate.table import Rng, Submission

Command = Callable[..., tuple[int, str, str]]


def audit(learner: Any, population: str = "digits:n=600", **more: Any) -> AuditResult:
    given = {"canaries": 300, **more}
    return run_audit(make_audit(population=population, learner=learner, **given))


@dataclass(frozen=True)
class Lying(Learner):
    """A tree that remembers everyone, and states a budget of 0.1."""

    name: ClassVar[str] = "lying"

    def fit(self, data: Submission, rng: Rng) -> Classifier:
        return with_record(Tree().fit(data, rng), {"epsilon": 0.1, "delta": 1e-6})


@dataclass(frozen=True)
class Failing(Learner):
    """Never comes to an end."""

    name: ClassVar[str] = "failing"

    def fit(self, data: Submission, rng: Rng) -> Classifier:
        raise FitFailedError("Expected a loss, got none.")


# ------------------------------------------------------------------------------------- canaries


@pytest.mark.parametrize("kind", ["mislabelled", "random-label"])
def test_canaries_are_people_with_other_labels_half_of_them_in(kind: Any) -> None:
    people = Digits().split(np.random.default_rng(0)).train
    planted = plant(people, 600, kind, np.random.default_rng(1))
    own = people.y[planted.rows]
    right = (planted.y == own).mean()
    # of random labels a tenth is right: .1 ± .012 of 600; of mislabelled ones none
    assert right == 0 if kind == "mislabelled" else 0.06 < right < 0.14
    assert len(np.unique(planted.rows)) == 600
    assert 260 < planted.included.sum() < 340  # 300 ± 12
    assert set(np.unique(planted.y)) == set(range(10))

    others = np.setdiff1d(np.arange(len(people)), planted.rows)
    expected = {(people.x[i].tobytes(), int(people.y[i])) for i in others}
    expected |= {
        (people.x[row].tobytes(), int(y))
        for row, y, inside in zip(planted.rows, planted.y, planted.included, strict=True)
        if inside
    }
    told = zip(planted.told.x, planted.told.y, strict=True)
    assert {(x.tobytes(), int(y)) for x, y in told} == expected
    assert len(planted.told) == len(people) - int((~planted.included).sum())


def test_coins_do_not_depend_on_what_is_trained() -> None:
    one, two = (audit(learner, seeds=2) for learner in ("tree", "naive-bayes"))
    for a, b in zip(one.cells, two.cells, strict=True):
        assert (a.included == b.included).all()
    assert (one.cells[0].included != one.cells[1].included).any()


# ----------------------------------------------------------------------------- what is shown


def test_learners_without_privacy_are_shown_to_have_none() -> None:
    """A tree remembers every label; networks that train long remember many."""
    assert audit("tree").lower > 2
    assert audit("tree", "gaussian:n=600").lower > 0.5
    assert audit("sgd:epochs=60", "digits", canaries=600).lower > 0.5
    assert audit("forest:n_estimators=10", kind="random-label").lower > 2


@pytest.mark.parametrize(
    ("learner", "population", "many"),
    [
        ("dp-forest:epsilon=1,trees=1", "digits:n=600", 40),
        ("dp-forest:epsilon=4,trees=1,depth=10", "digits:n=600", 40),
        ("dp-sgd:epsilon=1,epochs=5,batch_size=600", "gaussian:n=600", 20),
    ],
)
def test_what_is_shown_of_private_learners_is_at_most_what_they_state(
    learner: str, population: str, many: int
) -> None:
    """Each bound holds with 95%: 40 audits may exceed ε twice, and hardly ever five times."""
    exceed = 0
    for seed in range(many):
        found = audit(learner, population, seeds=[seed])
        assert found.stated is not None
        exceed += found.lower > found.stated
        assert found.is_refuted == (found.lower > found.stated)
    assert exceed <= many // 10


def test_a_statement_that_cannot_be_true_is_refuted() -> None:
    found = audit(Lying())
    assert found.stated == 0.1
    assert found.lower > 2
    assert found.is_refuted
    assert "states ε = 0.1: the statement is refuted." in found.summary()[0]
    assert all(row["delta"] == 1e-6 for row in found.rows())
    # a claim at a smaller δ than the stated one is another claim, and refutes nothing
    other = audit(Lying(), delta=0)
    assert not other.is_refuted
    assert "states ε = 0.1 at a larger δ. That is another claim" in other.summary()[0]
    assert audit(Lying(), delta=1e-4).is_refuted


def test_several_trainings_share_the_error_that_is_allowed() -> None:
    one, three = audit("tree"), audit("tree", seeds=3)
    first = [row for row in three.rows() if row["seed"] == 0]
    for alone, among in zip(one.rows(), first, strict=True):
        assert (alone["guesses"], alone["right"]) == (among["guesses"], among["right"])
        assert among["epsilon_lower"] < alone["epsilon_lower"]
    assert three.lower == max(row["epsilon_lower"] for row in three.rows())


# ----------------------------------------------------------------------------- how it is told


def test_what_it_takes_for_granted_stands_beside_it() -> None:
    found = audit("dp-forest", canaries=100)
    sections = {one.heading: one for one in found.sections()}
    assert sections["What a bound takes for granted, and what it is not"].sentences == ASSUMPTIONS
    assert "standardising" in sections[HEADING].sentences[0]
    assert "dp-forest states ε = 1, which this does not contradict." in found.summary()[0]
    assert "states no privacy budget" in audit("tree", canaries=100).summary()[0]
    free = audit("dp-forest:epsilon=inf", canaries=100)
    assert "is run without a privacy budget" in free.summary()[0]
    assert json.loads(json.dumps(free.to_json(), allow_nan=False))["epsilon_stated"] is None


def test_a_training_that_failed_shows_nothing() -> None:
    found = audit(Failing(), canaries=30)
    assert found.summary() == [
        "No training came to an end, so nothing can be said of its privacy.",
        "1 of 1 trainings failed. The first: Expected a loss, got none.",
    ]
    assert (found.rows(), found.pictures()) == ([], {})
    assert found.to_json()["epsilon_lower"] is None


def test_a_confidence_is_not_rounded_to_certainty() -> None:
    assert "with 99.9% confidence" in audit("tree", confidence=0.999).summary()[0]


def test_it_is_said_how_much_could_be_shown() -> None:
    found = audit("dp-forest", canaries=100)
    # five numbers of guesses share 5%: q¹⁰⁰ = .01 at ε = log(q/(1 − q)) = 3.05
    assert (
        "Had all guesses been right, an ε of at least 3.05 would have been shown."
        in found.summary()[1]
    )
    assert found.to_json()["most_that_can_be_shown"] == pytest.approx(3.055, abs=2e-3)


def test_what_is_stored_is_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = make_audit(population="digits:n=200", learner="tree", canaries=60, seeds=2)
    first = run_audit(asked, tmp_path)
    monkeypatch.setattr(Tree, "fit", None)
    again = run_audit(asked, tmp_path)
    assert again.to_json()["bounds"] == first.to_json()["bounds"]
    assert again.data()["canaries"] == first.data()["canaries"]
    monkeypatch.undo()
    assert run_audit(asked).data()["canaries"] == first.data()["canaries"]


def test_from_the_command_line(quorate: Command, tmp_path: Path) -> None:
    words = ("audit-privacy", "--population", "digits:n=200", "--learner", "tree", "--canaries", 60)
    code, printed, said = quorate(*words, "--out", tmp_path)
    assert code == 0, said
    assert "ε is at least 1." in printed
    assert (tmp_path / "audit.html").exists()
    assert (tmp_path / "canaries.csv").read_text().count("\n") == 61
    code, shown, said = quorate("show", tmp_path)
    assert code == 0, said
    assert "ε is at least 1." in shown
    found = json.loads(quorate(*words, "--out", tmp_path, "--json")[1])
    assert found["epsilon_lower"] > 1
    assert found["assumptions"] == list(ASSUMPTIONS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"canaries": 5}, r"Expected canaries=5 to be at least 20"),
        ({"canaries": 400}, r"at most half of the 600 people to be canaries, got 400"),
        ({"population": "digits:n=90", "canaries": 50}, "Use canaries=45 or fewer, or more"),
        ({"population": "digits:n=30", "canaries": 20}, "got 20. Use more people, at least 40"),
        ({"kind": "loud"}, "kind"),
        ({"learner": "svm"}, "a learner whose models give probabilities"),
        ({"learner": ""}, "Expected a learner, got none"),
        ({"seeds": []}, "at least one of seeds"),
        ({"delta": 2}, "Expected delta=2"),
        ({"confidence": 1.0}, "Expected confidence=1"),
        ({"models": 3}, "key of an audit"),
        ({"learner": "dp-sgd:delta=0.1"}, "below 1/n"),
    ],
)
def test_what_does_not_fit_together_is_answered(given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        audit(**{"learner": "tree", **given})


def test_people_are_those_of_a_trial_of_the_seed() -> None:
    found = audit("tree", seeds=[3])
    people = draw_people(Digits(n=600), streams(3)[0]).train
    assert found.cells[0].about["people"] == len(people) - int((~found.cells[0].included).sum())
