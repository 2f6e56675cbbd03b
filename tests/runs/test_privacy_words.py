"""Wherever ε is shown, it is said what it leaves out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

import quorate
from quorate import catalog
from quorate.learners.scikit.tree import Tree
from quorate.membership_inference.audit import make_audit, run_audit
from quorate.membership_inference.study import make_membership_study, run_membership
from quorate.protocols import Classifier, Learner
from quorate.runs.privacy_words import HEADING, leaves_out, leaves_out_in_words, privacy_sections
from quorate.runs.result import Result
from quorate.spec import describe

STANDARDISING = "standardising a table's numbers by the mean and deviation of its people"
TUNING = "choosing settings such as the step size or the depth on these people"


@pytest.mark.parametrize(
    "learner",
    [
        "dp-sgd",
        "dp-adam:model=mlp",
        "dp-forest",
        "dp-boosting:epsilon=3",
        "fine-tuned",
        "loss-trimming:learner=(dp-sgd)",
        "coarsened:learner=(dp-sgd:epsilon=8),step=0.5",
        "knn-cleaning:learner=(fine-tuned)",
    ],
)
def test_every_private_learner_leaves_out_tuning_and_standardising(learner: str) -> None:
    made = catalog.build("learners", learner)
    for given in (learner, made, describe(made)):
        assert {STANDARDISING, TUNING} <= set(leaves_out(given))


def test_every_learner_of_the_catalog_that_has_a_budget_says_so() -> None:
    for name in catalog.CATALOG["learners"]:
        made = catalog.build("learners", name)
        assert bool(leaves_out(made)) == hasattr(getattr(made, "learner", made), "epsilon")


def test_what_is_around_a_learner_adds_its_own() -> None:
    cleaned = leaves_out("loss-trimming:learner=(dp-sgd)")
    assert cleaned[-1] == "who is left out or relabelled by loss-trimming"
    assert "the public people, who have no budget" in leaves_out("fine-tuned")
    assert "how many people there are" in leaves_out("dp-sgd")
    assert "how many people there are" not in leaves_out("dp-forest")  # nothing depends on it


def test_nothing_is_said_where_no_budget_is_stated() -> None:
    for learner in ("sgd", "dp-sgd:epsilon=inf", "dp-forest:epsilon=inf", "fine-tuned:learner=sgd"):
        assert leaves_out(learner) == ()
        assert leaves_out_in_words(learner, float("inf")) == ""
    assert privacy_sections([("sgd", None), ("dp-boosting:epsilon=inf", float("inf"))]) == []


@dataclass(frozen=True)
class Odd(Learner):
    """States a budget and says nothing of it."""

    name: ClassVar[str] = "odd"

    def fit(self, data: Any, rng: Any) -> Classifier:
        return Tree().fit(data, rng)


def test_a_learner_of_ones_own_that_says_nothing_is_named() -> None:
    (section,) = privacy_sections([(Odd(), 2.0), ("gone", 1.0), ("sgd", None)])
    assert section.heading == HEADING
    assert section.sentences == (
        "ε of odd, gone counts one training on the rows as the platform received them. It "
        "leaves out: whatever its learner does not say.",
    )


def test_learners_that_leave_out_the_same_share_a_sentence() -> None:
    (section,) = privacy_sections([("dp-sgd", 1.0), ("dp-sgd:epsilon=3", 3.0), ("dp-adam", None)])
    assert len(section.sentences) == 1
    assert section.sentences[0].startswith("ε of dp-sgd, dp-adam counts one training")


# ------------------------------------------------------------------------- wherever ε is shown


def curve() -> Result:
    return quorate.curve(**ON_DIGITS, learner=["dp-forest:trees=2", "tree"], alphas="0.2", seeds=1)


def critical_mass() -> Result:
    people, learner = "digits:n=100", "dp-forest:trees=2"
    return quorate.critical_mass(people, learner, strategy="planting:size=2", budget=4, width=9)


def membership() -> Result:
    given = {**ON_DIGITS, "learner": "dp-forest:trees=2", "alphas": [0.1], "seeds": 1}
    return run_membership(make_membership_study(**given, models=8))


def attribute_privacy() -> Result:
    people = {"population": "proxies:n=100,held_out=200", "margin": 0.3, "models": 0, "seeds": 1}
    given = {"alphas": (0.0, 0.5), "ways": ("swapping",), "learner": "dp-forest:trees=2", **people}
    return quorate.scenario("privacy", **given).result


def audit() -> Result:
    return run_audit(make_audit(population="digits:n=100", learner="dp-forest", canaries=40))


ON_DIGITS = {"population": "digits:n=100", "strategy": "planting:size=2"}
RESULTS = [curve, critical_mass, membership, attribute_privacy, audit]


@pytest.mark.parametrize("make", RESULTS)
def test_every_result_of_a_private_learner_says_it(make: Callable[[], Result]) -> None:
    result = make()
    (section,) = [one for one in result.sections() if one.heading == HEADING]
    assert not section.on_page_only  # the terminal prints it, too
    assert section.sentences[0].startswith("ε of dp-forest counts one training")
    assert STANDARDISING in section.sentences[0]
    assert TUNING in section.sentences[0]
    assert any(one["heading"] == HEADING for one in result.stored()["sections"])  # in the JSON


def test_every_row_that_states_a_budget_says_it() -> None:
    result = curve()
    for rows in (result.rows(), result.to_json()["cells"]):
        by_learner = {row["learner"]: row for row in rows}
        assert STANDARDISING in by_learner["dp-forest:epsilon=1,trees=2"]["epsilon_leaves_out"]
        assert not by_learner["tree"].get("epsilon_leaves_out")
    assert STANDARDISING in audit().rows()[0]["epsilon_leaves_out"]
