"""Self-training: a surrogate labels what nobody asked about, and the next one learns from that too.

Pseudo-labels: Lee 2013 (ICML workshop on challenges in representation learning); a student with
noisier inputs than its teacher's: Xie, Luong, Hovy, Le 2020, arXiv:1911.04252. Shape letters: n
questions, u pictures that nobody asked about, k labels.
"""

from __future__ import annotations

import numpy as np

from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.table import Rng
from quorate.test_time.extraction.pool import QueryPool
from quorate.test_time.extraction.variants import vary
from quorate.test_time.platforms.platform import Answers, Pixels, to_features

NOBODY = -1  # stands for the member and the photo of what was not asked


def add_own_labels(
    pool: QueryPool, model: NetworkClassifier, unlabelled: Pixels, sure: float, rng: Rng
) -> QueryPool:
    """Return a pool with what a surrogate is sure of, as if the platform had said so.

    These are the pictures that nobody asked about, and a variant of each question. Where the pool
    holds scores, the surrogate's stand for the platform's; else its label alone counts.

    Args:
        pool: answered questions, n of them.
        model: the surrogate.
        unlabelled: pictures of members that nobody asked about, (u, c, h, w), u of 0 or more.
        sure: least probability of the most likely label, in [0, 1].
        rng: draws the variants.
    """
    x = np.concatenate([unlabelled, vary(pool.x, rng)])  # (u + n, c, h, w)
    p = model.probabilities(to_features(x))  # (u + n, k)
    kept = p.max(axis=1) >= sure
    asked, nobody = pool.answers, np.full(int(kept.sum()), NOBODY)
    scores = None
    if asked.probabilities is not None:
        scores = np.concatenate([asked.probabilities, p[kept]])
    labels = np.concatenate([asked.labels, p[kept].argmax(axis=1)])
    return QueryPool(
        np.concatenate([pool.x, x[kept]]),
        Answers(labels, scores),
        np.concatenate([pool.member, nobody]),
        np.concatenate([pool.photo, nobody]),
        pool.notes,
    )
