"""Differentially private forests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.learners.base.private_trees import PrivateTrees, Scores
from quorate.table import Labels, Rng


@dataclass(frozen=True, kw_only=True)
class DPForest(PrivateTrees):
    """Differentially private forest: noisy counts of labels in the leaves of random trees.

    ñ = n + two-sided geometric noise of scale T/ε for every leaf and label: (ε, 0)-differential
    privacy, neighbours differing by one person added or removed (Jagannathan, Pillaipakkamnatt,
    Wright 2009; random trees as in Fan et al. 2003). One person is one count in each tree. A leaf
    predicts p = (ñ + λπ)/(Σñ + λ), ñ at least 0, where λ = √2·T/ε + 1, the noise's standard
    deviation plus 1, weighs the base rates π. The score is log π + Σ log(p/π)/√T: the factor, ours,
    lies between 1, as if no tree repeated another, and 1/T, as if all did. Labels and values of
    texts count as public, and so do the range of numbers and their scale, though numbers are
    standardised on the training people. ε leaves out choosing settings on these people.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "dp-forest"

    @property
    def sensitivity(self) -> int:
        """1: a person is one count in each tree."""
        return 1

    def learn(self, leaves: Labels, y: Labels, k: int, rng: Rng) -> tuple[Scores, Scores]:
        """Return the leaves' log-ratios to the base rates, (T, 2ᴰ, k), and log π."""
        cells = 2**self.depth * k
        counts = [np.bincount(leaf * k + y, minlength=cells).reshape(-1, k) for leaf in leaves]
        noisy = np.array([self.released(tree, 1, rng) for tree in counts], dtype=np.float64)
        base = noisy.sum(axis=(0, 1)).clip(1)  # (k,)
        base /= base.sum()
        weight = self.deviation + 1
        shares = noisy.clip(0) + weight * base  # (T, 2ᴰ, k)
        shares /= shares.sum(axis=2, keepdims=True)
        return np.log(shares / base) / math.sqrt(self.trees), np.log(base)
