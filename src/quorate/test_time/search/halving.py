"""Successive halving: many settings about few photos, then the better half about more.

Karnin, Koren, Somekh 2013, "Almost optimal exploration in multi-armed bandits" (ICML). Each stage
has as many queries; its settings are asked about the same photos, as far as members' queries go. It
assumes nothing about how settings are alike, so that it can look at few of them. Shape letters: a
settings.
"""

from __future__ import annotations

import math

import numpy as np

from quorate.table import Labels, Rng
from quorate.test_time.search.inquiry import Inquiry
from quorate.test_time.search.space import Floats, SearchSpace, drawn_order

QUERIES_A_SETTING = 15
SETTINGS = 6, 64  # that begin, at least and at most


def search_halving(space: SearchSpace, expected: Floats, inquiry: Inquiry, rng: Rng) -> Floats:
    """Return how right the platform was under each setting that was left last, −∞ elsewhere, (a,).

    Args:
        space: the settings.
        expected: what is expected of each, less that of no edit, (a,).
        inquiry: asks.
        rng: draws which settings begin.
    """
    queries, of_a_photo = int(inquiry.left.sum()), int(inquiry.left.max())
    n = int(np.clip(queries // QUERIES_A_SETTING, *SETTINGS))
    left = _first(expected, min(n, len(space)), rng)
    stages = max(1, math.ceil(math.log2(len(left))))
    right, asked = np.zeros(len(space)), np.zeros(len(space))  # (a,)
    for _ in range(stages):
        photos = max(1, queries // (stages * len(left)))
        # A member has too few queries for all settings: groups are asked about photos of their own.
        for group in np.array_split(left, math.ceil(len(left) / of_a_photo)):
            rewards = inquiry.ask(group, photos)
            right[group] += rewards.sum(axis=1)
            asked[group] += rewards.shape[1]
        order = np.argsort(-right[left] / np.maximum(asked[left], 1), kind="stable")
        left = left[order[: math.ceil(len(left) / 2)]]
    found = np.full(len(space), -np.inf)
    found[left] = right[left] / np.maximum(asked[left], 1)
    return found


def _first(expected: Floats, n: int, rng: Rng) -> Labels:
    """Return no edit and n − 1 settings, drawn the more often the more is expected of them."""
    order = drawn_order(expected, rng)
    return np.concatenate([np.zeros(1, dtype=np.int64), order[order != 0]])[:n]
