"""One collective of one size: what the platform infers, of whom, and what it is still good for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.adapter import fit_model
from quorate.catalog import build
from quorate.errors import FitFailedError
from quorate.goals.unreadable import advantage
from quorate.intervals import Floats
from quorate.knowledge import Knowledge
from quorate.protocols import Classifier, Learner, ScoredClassifier
from quorate.runtime.seeds import stream
from quorate.scenarios.privacy.membership import membership_aucs
from quorate.scenarios.privacy.people import People, set_apart
from quorate.scenarios.privacy.strategies import read_strategies
from quorate.studies.trial import draw_people, enlist, streams
from quorate.table import Array, Labels, Mask, Rng, Submission

EVERYONE, MEMBERS, ALONE = "everyone", "members", "alone"
PROBE = 4  # the stream beside a trial's four: who is probed, and in whose data
STATING, STATING_HONEST = "stating members", "stating members, honest row"


@dataclass(frozen=True)
class AttributeInference:
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


def measure_inference(scores: Floats, base: Floats, attribute: Labels) -> AttributeInference:
    """Return how well scores tell an attribute; values that none of the people has do not count.

    The platform's own answer is argmax p_a; one that allows for the base rate is argmax p_a/π_a,
    with π that of what the platform received. Source of the advantage: Yeom, Giacomelli,
    Fredrikson, Jha 2018, arXiv:1709.01604; its form for k > 2 is ours.

    Args:
        scores: the platform's probabilities, (n, k).
        base: π, (k,).
        attribute: true values, (n,).

    >>> scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.6, 0.4]])
    >>> found = measure_inference(scores, np.array([0.75, 0.25]), np.array([0, 0, 0, 1]))
    >>> found.accuracy, found.advantage, round(found.allowing, 4)
    (0.75, 0.0, 0.3333)
    """
    answers = scores.argmax(axis=1)
    accuracy = float((answers == attribute).mean())
    base_rate = float(np.bincount(attribute).max() / len(attribute))
    allowing = (scores / np.where(base > 0, base, 1)).argmax(axis=1)  # 1: never received
    told = advantage(answers, attribute), advantage(allowing, attribute)
    return AttributeInference(len(attribute), base_rate, accuracy, accuracy - base_rate, *told)


@dataclass(frozen=True, eq=False)
class TrainedPlatform:
    """What a platform received, and the two models that it made of it.

    Args:
        reads: infers the attribute.
        base: base rate of the attribute in what it received, (k,).
        useful: predicts the label that the platform is useful for.
    """

    reads: ScoredClassifier
    base: Floats
    useful: Classifier

    def infer(self, x: Array, attribute: Labels) -> AttributeInference:
        """Return how well it infers the attribute of people from these rows."""
        return measure_inference(self.reads.probabilities(x), self.base, attribute)


def train(
    people: People, submitted: People, member: Mask, learner: Learner, rng: Rng
) -> TrainedPlatform:
    """Return the platform that learns from people of whom some hand in something else."""
    claims = Submission(people.read, submitted.read, member)
    rows = Submission(people.served, submitted.served, member)
    reads = fit_model(learner, claims, rng)
    counts = np.bincount(claims.mixed().y, minlength=people.read.k)
    return TrainedPlatform(reads, counts / len(people), fit_model(learner, rows, rng))  # type: ignore[arg-type]


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
    learner, members_learner = (
        build("learners", cell[key]) for key in ("learner", "members_learner")
    )
    strategies = read_strategies(cell["way"], cell["columns"], cell["how_many"], members_learner)
    # Who acts alone goes by published statistics of everyone.
    members = people.take(member)
    known = Knowledge((members if len(members) else people).read, cell["alpha"])
    try:
        submitted = members
        if member.any():
            submitted = members.handing_in(strategies.state(members.read, known, rng))
        platform = train(people, submitted, member, learner, np.random.default_rng(fit))
        hidden = strategies.hide(held_out.read, known, np.random.default_rng(test))
        found = _measured(platform, people, submitted, member, held_out, hidden.x)
    except FitFailedError as failure:
        return {"error": str(failure), "columns": [], "whose": {}}
    rng = np.random.default_rng(stream(cell["seed"], PROBE))
    probing = learner, cell["models"], cell["probed"], rng
    aucs = membership_aucs(people, strategies, cell["alpha"], *probing)
    for whose, auc in aucs.items():
        found[whose]["membership_auc"] = auc
    return {"error": None, "columns": strategies.changed_columns(known), "whose": found}


def _measured(
    platform: TrainedPlatform,
    people: People,
    submitted: People,
    member: Mask,
    held_out: People,
    hidden: Array,
) -> dict[str, dict[str, Any]]:
    """Return numbers by whose rows they are about."""
    looks = {
        EVERYONE: (held_out, held_out.read.x, True),
        MEMBERS if member.any() else ALONE: (held_out, hidden, True),
    }
    if member.any():
        acting = people.take(member)
        looks[STATING] = (acting, submitted.read.x, False)
        looks[STATING_HONEST] = (acting, acting.read.x, False)
    found = {}
    for whose, (whom, x, unseen) in looks.items():
        seen = platform.infer(x, whom.read.y)
        useful = float((platform.useful.predict(x) == whom.served.y).mean()) if unseen else None
        found[whose] = {**vars(seen), "useful_accuracy": useful, "membership_auc": None}
    return found
