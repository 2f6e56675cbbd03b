"""One collective of one size: what the platform infers, of whom, and what it is still good for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.catalog import build
from quorate.errors import FitFailedError
from quorate.protocols import Classifier, Learner, ScoredClassifier
from quorate.scenarios.privacy.acting import Agreement, agree
from quorate.scenarios.privacy.membership import membership_aucs
from quorate.scenarios.privacy.people import People, set_apart
from quorate.strategies.attribute.drawing import Floats
from quorate.strategies.attribute.listing import read_way
from quorate.studies.trial import draw_people, enlist, streams
from quorate.table import Array, Labels, Mask, Rng, Submission

EVERYONE, MEMBERS, ALONE = "everyone", "members", "alone"
STATING, STATING_HONEST = "stating members", "stating members, honest row"


@dataclass(frozen=True)
class Inferred:
    """What a platform gets right about an attribute.

    Args:
        people: how many were measured.
        base_rate: accuracy of always guessing their most common value.
        accuracy: of the likeliest value.
        gain: accuracy − base rate.
        advantage: (mean recall − 1/k)/(1 − 1/k) of the likeliest value; for k = 2 the true-positive
            rate − the false-positive rate.
        allowing: the same of the value that is likeliest for its base rate.
    """

    people: int
    base_rate: float
    accuracy: float
    gain: float
    advantage: float
    allowing: float


def inferred(scores: Floats, base: Floats, attribute: Labels) -> Inferred:
    """Return how well scores tell an attribute; values that none of the people has do not count.

    The platform's own answer is argmax p_a; one that allows for the base rate is argmax p_a/π_a,
    with π that of what the platform received. Source of the advantage: Yeom, Giacomelli,
    Fredrikson, Jha 2018, arXiv:1709.01604; its form for k > 2 is ours.

    Args:
        scores: the platform's probabilities, (n, k).
        base: π, (k,).
        attribute: true values, (n,).

    >>> scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.6, 0.4]])
    >>> found = inferred(scores, np.array([0.75, 0.25]), np.array([0, 0, 0, 1]))
    >>> found.accuracy, found.advantage, round(found.allowing, 4)
    (0.75, 0.0, 0.3333)
    """
    answers = scores.argmax(axis=1)
    accuracy = float((answers == attribute).mean())
    base_rate = float(np.bincount(attribute).max() / len(attribute))
    allowing = (scores / np.where(base > 0, base, 1)).argmax(axis=1)  # 1: never received
    return Inferred(
        people=len(attribute),
        base_rate=base_rate,
        accuracy=accuracy,
        gain=accuracy - base_rate,
        advantage=_advantage(answers, attribute),
        allowing=_advantage(allowing, attribute),
    )


def _advantage(answers: Labels, attribute: Labels) -> float:
    """Return (mean recall − 1/k)/(1 − 1/k) over the k values that people have; NaN of one."""
    present = np.unique(attribute)
    if len(present) < 2:
        return float("nan")
    recall = np.mean([(answers[attribute == a] == a).mean() for a in present])
    chance = 1 / len(present)
    return float((recall - chance) / (1 - chance))


@dataclass(frozen=True, eq=False)
class Platform:
    """What a platform received, and the two models that it made of it.

    Args:
        reads: infers the attribute.
        base: base rate of the attribute in what it received, (k,).
        useful: predicts the label that the platform is useful for.
    """

    reads: ScoredClassifier
    base: Floats
    useful: Classifier

    def infer(self, x: Array, attribute: Labels) -> Inferred:
        """Return how well it infers the attribute of people from these rows."""
        return inferred(self.reads.probabilities(x), self.base, attribute)


def train(people: People, submitted: People, member: Mask, learner: Learner, rng: Rng) -> Platform:
    """Return the platform that learns from people of whom some hand in something else."""
    claims = Submission(people.to_infer(), submitted.to_infer(), member)
    rows = Submission(people.table, submitted.table, member)
    reads = learner.fit(claims, rng)
    counts = np.bincount(claims.mixed().y, minlength=len(people.values))
    return Platform(reads, counts / len(people), learner.fit(rows, rng))  # type: ignore[arg-type]


def measure(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is measured of one cell: by whose rows, numbers by name; None where not defined.

    Args:
        cell: ``population``, ``attribute``, ``value``, ``way``, ``columns``, ``how_many``,
            ``alpha``, ``learner``, ``members_learner``, ``models``, ``probed`` and ``seed``.
    """
    draw, enlisting, fit, test = streams(cell["seed"])
    split = draw_people(build("populations", cell["population"]), draw)
    people, held_out = set_apart(split, cell["attribute"], cell["value"])
    rng = np.random.default_rng(enlisting)
    member = enlist(len(people), cell["alpha"], rng)
    learner = build("learners", cell["learner"])
    try:
        agreement = _agreement(cell, people, member)
        submitted = agreement.submitted(rng) if member.any() else people.take(member)
        platform = train(people, submitted, member, learner, np.random.default_rng(fit))
        found = _measured(
            platform, agreement, people, submitted, member, held_out, np.random.default_rng(test)
        )
    except FitFailedError as failure:
        return {"error": str(failure), "columns": [], "whose": {}}
    aucs = membership_aucs(
        people, lambda some, acts: _agreement(cell, some, acts), cell["alpha"], learner,
        cell["models"], cell["probed"], np.random.default_rng(_fifth(cell["seed"])),
    )  # fmt: skip
    for whose, auc in aucs.items():
        found[whose]["membership_auc"] = auc
    names = [column.name for column in agreement.columns]
    return {"error": None, "columns": names, "whose": found}


def _fifth(seed: int) -> np.random.SeedSequence:
    """Return the stream beside a trial's four: who is probed, and in whose data."""
    return np.random.SeedSequence(seed).spawn(5)[4]


def _agreement(cell: Mapping[str, Any], people: People, member: Mask) -> Agreement:
    """Return what the members agree on; who acts alone goes by published statistics of everyone."""
    known = people.take(member) if member.any() else people
    return agree(
        read_way(cell["way"]), known, tuple(cell["columns"]), cell["how_many"], cell["alpha"],
        build("learners", cell["members_learner"]),
    )  # fmt: skip


def _measured(
    platform: Platform,
    agreement: Agreement,
    people: People,
    submitted: People,
    member: Mask,
    held_out: People,
    rng: Rng,
) -> dict[str, dict[str, Any]]:
    """Return numbers by whose rows they are about."""
    changed = agreement.rows_of(held_out, rng)  # of each as if a member
    looks = {
        EVERYONE: (held_out, held_out.table.x, True),
        MEMBERS if member.any() else ALONE: (held_out, changed, True),
    }
    if member.any():
        acting = people.take(member)
        looks[STATING] = (acting, submitted.table.x, False)
        looks[STATING_HONEST] = (acting, acting.table.x, False)
    found = {}
    for whose, (whom, x, unseen) in looks.items():
        seen = platform.infer(x, whom.attribute)
        useful = float((platform.useful.predict(x) == whom.table.y).mean()) if unseen else None
        found[whose] = {**vars(seen), "useful_accuracy": useful, "membership_auc": None}
    return found
