"""Model extraction: surrogates are trained on answered queries until they answer as the platform.

Knockoff Nets (Orekondy, Schiele, Fritz 2019, arXiv:1812.02766). Shape letters: n questions, v
variants, k labels.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from quorate.adapter import fit_model
from quorate.errors import InputError
from quorate.intervals import Estimate, exact_rate
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.protocols import Learner
from quorate.spec import param
from quorate.table import Array, Labels, Mask, Rng, Submission, Table
from quorate.test_time.extraction.dealing import law_of_sum
from quorate.test_time.extraction.pool import QueryPool
from quorate.test_time.extraction.self_training import add_own_labels
from quorate.test_time.extraction.variants import vary
from quorate.test_time.platforms.platform import Pixels, to_features
from quorate.validate import MOST_ROUNDS, at_least, in_interval

SUSPECT = 0.01  # how often one honest collective has a member flagged


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """How surrogate models are extracted from a pool of answers.

    Soft distillation draws each variant's label from the platform's scores, anew for each: in
    expectation that is the cross-entropy with the scores, for any learner.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "extraction"
    distillation: Literal["soft", "hard"] = param(
        "soft",
        "What surrogates learn from: scores where there are any (soft), or labels alone (hard).",
    )
    variants: int = param(
        3, "Number of shifted and mirrored copies of each queried image; copies cost no query."
    )
    ensemble: int = param(1, "Surrogate models of each learner, each from fresh weights.")
    validation: float = param(0.1, "Fraction of the pool that agreement is measured on, in (0, 1).")
    robust: bool = param(False, "Whether to leave out members whose answers contradict all others.")
    self_training: int = param(
        0,
        "Rounds in which surrogates also learn from pictures that nobody asked about, labelled by "
        "the surrogates of the round before.",
        later=True,
    )
    sure: float = param(
        0.9, "Probability from which on such a label counts, in [0, 1].", later=True
    )

    def __post_init__(self) -> None:
        at_least("variants", self.variants, 0, "Use 0 for the questions alone.", most=MOST_ROUNDS)
        at_least("ensemble", self.ensemble, 1, "Use at least one surrogate.", most=MOST_ROUNDS)
        in_interval("validation", self.validation, 0, 1, "Use 0.1.", open_low=True, open_high=True)
        at_least("self_training", self.self_training, 0, "Use 0 for none.", most=MOST_ROUNDS)
        in_interval("sure", self.sure, 0, 1, "Use 0.9.")


@dataclass(frozen=True, eq=False)
class SurrogateEnsemble:
    """Surrogate models of one platform, as model extraction leaves them.

    Args:
        models: fitted networks.
        agreement: how often they answer as the platform, on questions about photos kept apart; of
            several, how often the mean of their logits does, whose loss crafting follows.
        suspects: members whose answers contradict everyone else's, (m,).
        left_out: whether they were left out.
        notes: problems met on the way, in words.
    """

    models: tuple[NetworkClassifier, ...]
    agreement: Estimate
    suspects: Labels
    left_out: bool
    notes: tuple[str, ...] = ()

    @property
    def suspect_numbers(self) -> tuple[int, ...]:
        """The suspects, counted from 1 as their keys are."""
        return tuple(int(member) + 1 for member in self.suspects)


def extract(
    pool: QueryPool,
    classes: tuple[str, ...],
    learners: Sequence[Learner],
    extraction: Extraction,
    rng: Rng,
    *,
    unlabelled: Pixels | None = None,
) -> SurrogateEnsemble:
    """Return surrogates of the platform that answered a pool.

    Args:
        pool: answered questions.
        classes: the k label names.
        learners: learners of the surrogates; each is trained ``ensemble`` times.
        extraction: settings of the extraction.
        rng: draws who is held out, the variants and the weights.
        unlabelled: pictures of members that nobody asked about, (u, c, h, w), for self-training;
            None for none.

    Raises:
        InputError: a learner makes no network, which crafting needs, or fewer than two photos.
        FitFailedError: a training diverged.
    """
    apart = _kept_apart(pool, extraction, rng)
    models = train_models(pool.take(~apart), classes, learners, extraction, rng, unlabelled)
    suspects = find_contradicting(pool, average(models))
    notes = list(pool.notes)
    if len(suspects):
        notes.append(
            f"{len(suspects)} members' answers contradict everyone else's: "
            + ", ".join(str(int(member) + 1) for member in suspects[:10])
            + ("." if extraction.robust else ". Leave them out with robust=true.")
        )
    left_out = bool(len(suspects)) and extraction.robust
    if left_out:
        pool = pool.without(suspects)
        apart = _kept_apart(pool, extraction, rng)
        models = train_models(pool.take(~apart), classes, learners, extraction, rng, unlabelled)
    judged = pool.take(apart)
    right = average(models).predict(to_features(judged.x)) == judged.answers.labels
    return SurrogateEnsemble(
        tuple(models), _agreement(right, judged.photo), suspects, left_out, tuple(notes)
    )


def _agreement(right: Mask, photo: Labels) -> Estimate:
    """Return how often answers agree; its interval counts photos, not questions.

    Questions about one photo agree together or not at all, as a rule: the interval is taken for as
    many draws as there are photos, which is wide enough whatever they have in common.
    """
    photos, value = len(np.unique(photo)), float(right.mean())
    ends = exact_rate(round(value * photos), photos)
    return Estimate(value, min(ends.low, value), max(ends.high, value))


def _kept_apart(pool: QueryPool, extraction: Extraction, rng: Rng) -> Mask:
    """Return which questions a surrogate is judged by, (n,): it never learns from them."""
    photos = len(np.unique(pool.photo))
    if photos < 2:
        raise InputError(
            f"Expected questions about two photos or more, to learn from and to judge by, got "
            f"{photos}. Enlist more members, or give them more queries."
        )
    return pool.held_out(extraction.validation, rng)


def find_contradicting(pool: QueryPool, model: NetworkClassifier) -> Labels:
    """Return members whose answers a surrogate contradicts far more often than others', (m,).

    A member with a agreements is flagged if P(A ≤ a) < 0.01/m, A the agreements of as many photos
    dealt at random from everyone's and m how many members there are: of honest collectives at most
    1 in 100 has a member flagged. Not of as many questions: those about one hard photo are
    contradicted together. Who holds one or two photos of few is therefore never flagged. Source:
    derived (exact permutation test over photos asked about equally often, Bonferroni).
    """
    right = model.predict(to_features(pool.x)) == pool.answers.labels
    members = np.unique(pool.member)
    _, first, place = np.unique(pool.photo, return_index=True, return_inverse=True)
    asked = np.bincount(place)  # (p,) of p photos
    agreed = np.bincount(place, weights=right).astype(np.int64)  # (p,)
    holder = pool.member[first]  # (p,)
    dealt = functools.cache(lambda times, count: law_of_sum(agreed[asked == times], count))
    flagged = []
    for member in members:
        own = holder == member
        chance = np.ones(1)  # of 0, 1, ... agreements
        for times, count in zip(*np.unique(asked[own], return_counts=True), strict=True):
            chance = np.convolve(chance, dealt(int(times), int(count)))
        flagged.append(chance[: agreed[own].sum() + 1].sum() < SUSPECT / len(members))
    return np.asarray(members[flagged])


def average(models: Sequence[NetworkClassifier]) -> NetworkClassifier:
    """Return several networks as one, whose logits are the mean of theirs; one alone as it is."""
    if len(models) == 1:
        return models[0]
    from quorate.engine.mean_network import MeanNetwork

    return NetworkClassifier(MeanNetwork([one.network for one in models]))


def train_models(
    pool: QueryPool,
    classes: tuple[str, ...],
    learners: Sequence[Learner],
    extraction: Extraction,
    rng: Rng,
    unlabelled: Pixels | None = None,
) -> list[NetworkClassifier]:
    """Return networks trained on answers, and in rounds of self-training on their own as well.

    Raises:
        InputError: a learner makes no network, which crafting needs.
        FitFailedError: a training diverged.
    """
    models = _train(pool, classes, learners, extraction, rng)
    others = pool.x[:0] if unlabelled is None else unlabelled
    for _ in range(extraction.self_training):
        more = add_own_labels(pool, average(models), others, extraction.sure, rng)
        models = _train(more, classes, learners, extraction, rng)
    return models


def _train(
    pool: QueryPool,
    classes: tuple[str, ...],
    learners: Sequence[Learner],
    extraction: Extraction,
    rng: Rng,
) -> list[NetworkClassifier]:
    """Return the surrogates, each from fresh weights and with variants drawn anew."""
    models = []
    for learner in learners:
        for _ in range(extraction.ensemble):
            x, y = _training_set(pool, extraction, rng)
            people = Table(x, y, classes)
            learner.check(people)
            model = fit_model(learner, Submission.without_collective(people), rng)
            if not isinstance(model, NetworkClassifier):
                raise InputError(
                    "Expected a surrogate that is a network, whose gradients crafting follows, "
                    f"got {learner.name}. Use cnn, mlp, logistic or resnet, or sgd:model=cnn."
                )
            models.append(model)
    return models


def _training_set(pool: QueryPool, extraction: Extraction, rng: Rng) -> tuple[Array, Labels]:
    """Return questions and variants, (n·(1 + v), c, h, w), and a label of each."""
    soft = extraction.distillation == "soft" and pool.answers.probabilities is not None
    x, y = [pool.x], [_drawn(pool, rng) if soft else pool.answers.labels]
    for _ in range(extraction.variants):
        x.append(vary(pool.x, rng))
        y.append(_drawn(pool, rng) if soft else pool.answers.labels)
    return to_features(np.concatenate(x)), np.concatenate(y)


def _drawn(pool: QueryPool, rng: Rng) -> Labels:
    """Return a label of each question drawn from its scores, (n,)."""
    scores = pool.answers.probabilities
    assert scores is not None  # asked for only where there are scores
    steps = scores.cumsum(axis=1)
    drawn: Labels = (rng.random((len(steps), 1)) * steps[:, -1:] > steps).sum(axis=1)
    return drawn
