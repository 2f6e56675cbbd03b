"""What members reach without any platform: the accuracy of a classifier of their own."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field

import numpy as np

from quorate import spec
from quorate.intervals import Estimate, exact_rate
from quorate.runtime.seeds import stream
from quorate.spec import content_id
from quorate.table import Labels
from quorate.test_time.extraction.own_classifier import train_own
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.people import OWN, PeopleSplit
from quorate.test_time.study.sources import SURROGATE_LOOKS, SizedLearner, read_learner


def own_accuracy(
    correction: Correction, group: CellGroup, split: PeopleSplit, held: Labels
) -> Estimate:
    """Return how often members' own classifier is right about the subgroup, held out.

    It learns from the photos' true labels, by the surrogate's learner or else a small convolutional
    network. Whoever could classify as well by themselves need not ask. The last one stays in
    memory: the budgets of queries and of changes do not matter to it.

    Args:
        correction, group: the study, and the group of the collective.
        split: people of the seed.
        held: which photos the members hold, (n,).
    """
    learners = correction.surrogates[group.proxy].learners
    learners = learners or (read_learner("cnn", SURROGATE_LOOKS),)
    facts = {**correction.describe_people(), "extraction": spec.describe(correction.extraction)}
    named = [{"looks": one.looks, **spec.describe(one.learner)} for one in learners]
    photos = hashlib.sha256(held.tobytes()).hexdigest()
    key = content_id({**facts, "seed": group.seed, "learners": named, "photos": photos})
    return _trained(_Training(key, correction, group.seed, learners, split, held))


@dataclass(frozen=True)
class _Training:
    """What a classifier is trained on, and by; its key tells it from others."""

    key: str
    correction: Correction = field(compare=False)
    seed: int = field(compare=False)
    learners: tuple[SizedLearner, ...] = field(compare=False)
    split: PeopleSplit = field(compare=False)
    held: Labels = field(compare=False)

    def accuracy(self) -> Estimate:
        """Return the accuracy of the classifier once it is trained."""
        extraction = self.correction.extraction
        rows = (extraction.variants + 1) * len(self.held)
        learners = [one.sized(rows) for one in self.learners]
        rng = np.random.default_rng(stream(self.seed, OWN))
        model = train_own(self.split.photos.take(self.held), learners, extraction, rng)
        held_out, inside = self.split.held_out, self.split.inside
        right = model.predict(held_out.x[inside]) == held_out.y[inside]
        return exact_rate(int(right.sum()), len(right))


@functools.lru_cache(maxsize=2)
def _trained(training: _Training) -> Estimate:
    return training.accuracy()
