"""Wherever ε is shown, it is said what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from quorate import catalog
from quorate.learners.scikit.tree import Tree
from quorate.protocols import Classifier, Learner
from quorate.runs.privacy_words import HEADING, leaves_out, leaves_out_in_words, privacy_sections
from quorate.spec import describe

STANDARDISING = "standardising a table's numbers by the mean and deviation of the training people"
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
