"""What members reach without a platform: a classifier of their own, trained on true labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.protocols import Learner
from quorate.table import Rng, Table
from quorate.test_time.extraction.pool import QueryPool
from quorate.test_time.extraction.surrogate import Extraction, average, train_models
from quorate.test_time.platforms.platform import Answers, to_pixels


def train_own(
    photos: Table, learners: Sequence[Learner], extraction: Extraction, rng: Rng
) -> NetworkClassifier:
    """Return what members can train from their own photos alone, with no query.

    The surrogates' learners see the same photos and as many variants of them, with the *true*
    labels in place of the platform's answers. Why members should ask a platform at all, and which
    accuracy a change has to compare with, is told by this classifier. All photos are learned from:
    judge it on people held out.

    Args:
        photos: members' photos with true labels, (n, c, h, w).
        learners: the surrogates' learners, sized for n·(1 + variants) rows.
        extraction: settings of the extraction, of which the number of variants and of models count.
        rng: draws the variants and the weights.

    Returns:
        The network, or the mean of the networks' logits where there are several.

    Raises:
        InputError: a learner makes no network.
        FitFailedError: a training diverged.
    """
    each = np.arange(len(photos))
    known = QueryPool(to_pixels(photos.x), Answers(photos.y), member=each, photo=each)
    labelled = replace(extraction, self_training=0)  # no label is missing
    models = train_models(known, photos.classes, learners, labelled, rng)
    return average(models)
