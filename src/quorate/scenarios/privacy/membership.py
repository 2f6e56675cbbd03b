"""Who stated the attribute? Membership inference against the model that reads it, on few people."""

from __future__ import annotations

import numpy as np

from quorate.adapter import fit_model
from quorate.errors import FitFailedError
from quorate.intervals import Floats
from quorate.knowledge import Knowledge
from quorate.membership_inference.lira import auc, confidence, halves, lira
from quorate.protocols import Learner
from quorate.scenarios.privacy.people import People
from quorate.scenarios.privacy.strategies import MemberStrategies
from quorate.studies.trial import enlist
from quorate.table import Mask, Rng, Submission

LEAST_MODELS = 4


def membership_aucs(
    people: People,
    strategies: MemberStrategies,
    alpha: float,
    learner: Learner,
    models: int,
    probed: int,
    rng: Rng,
) -> dict[str, float | None]:
    """Return the AUC of LiRA against models of the attribute, of honest people and of members.

    N models learn from random halves of the first ``probed`` people, of whom a fraction alpha acts.
    Whether someone was in a half is told from the model's confidence in their true value on their
    honest row, with the other models as shadows: the attacker knows of the collective. Source:
    Carlini, Chien, Nasr, Song, Terzis, Tramèr 2022, arXiv:2112.03570.

    Args:
        people: the platform's.
        strategies: what those who act do.
        alpha: fraction who act.
        learner: what platform and attacker train.
        models: N; 0 measures nothing.
        probed: how many people.

    Returns:
        ``everyone`` (honest people) and ``members``; without those whom there are none of, and
        empty where a training failed.
    """
    if not models:
        return {}
    some = people.take(np.arange(min(probed, len(people))))
    inside = halves(len(some), models, rng)  # (N, n): the same whatever alpha
    acts = enlist(len(some), alpha, rng)
    members = some.take(acts).read
    if acts.any():
        members = strategies.state(members, Knowledge(members, alpha), rng)
    everyone = Submission(some.read, members, acts)
    try:
        phi = np.stack([_phi(learner, everyone, half, some, rng) for half in inside])  # (N, n)
    except FitFailedError:  # a half in which everybody claims the same
        return {}
    scores = lira(phi, phi, inside).online
    found: dict[str, float | None] = {}
    for whose, who in (("everyone", ~acts), ("members", acts)):
        if who.any():
            found[whose] = auc(scores[:, who], inside[:, who])
    return found


def _phi(learner: Learner, everyone: Submission, half: Mask, people: People, rng: Rng) -> Floats:
    """Return a model's confidence in everybody's true value on their honest row, (n,)."""
    model = fit_model(learner, everyone.take(np.flatnonzero(half)), rng)
    scores = model.probabilities(people.read.x)  # type: ignore[attr-defined]
    return confidence(scores, people.read.y)
