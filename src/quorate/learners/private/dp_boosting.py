"""Differentially private boosting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.learners.base.private_trees import DEEPEST, PrivateTrees, Scores, softmax
from quorate.spec import param
from quorate.table import Labels, Rng
from quorate.validate import above_zero

UNIT = 1024  # gradients are rounded towards 0 to multiples of 1/UNIT


@dataclass(frozen=True, kw_only=True)
class DPBoosting(PrivateTrees):
    """Differentially private gradient boosting: noisy sums of gradients in random trees' leaves.

    Tree t adds v = 2η·G̃/(Ñ + λ) in each leaf, clipped to ±2η: G̃ is the sum of y − softmax(F) over
    the people in the leaf and Ñ (at least 0) their number, both with two-sided geometric noise of
    scale 3T/ε; λ = √2·3T/ε + 1 is the noise's standard deviation, plus 1. One person changes G by
    at most 2 and N by 1 in L1: (ε, 0)-differential privacy, neighbours differing by one person
    added or removed. Without noise and at η = 1 the step descends, since softmax curves by at most
    1/2 (Böhning 1992). Splits drawn without data save the budget for the leaves (Maddock et al.
    2022, arXiv:2210.02910; the rest is ours). Labels and values of
    texts count as public, and so do the range of numbers and their scale, though numbers are
    standardised on the training people. ε leaves out choosing settings on these people.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "dp-boosting"
    depth: int = param(4, f"Number of splits from root to leaf, in [1, {DEEPEST}].")
    learning_rate: float = param(0.5, "Step size η of a tree.")

    def __post_init__(self) -> None:
        super().__post_init__()
        above_zero("learning_rate", self.learning_rate, "Use a step size such as 0.5.")

    @property
    def sensitivity(self) -> int:
        """3: a person's gradient is at most 2 in L1, and their count 1."""
        return 3

    def learn(self, leaves: Labels, y: Labels, k: int, rng: Rng) -> tuple[Scores, Scores]:
        """Return the leaves' steps, (T, 2ᴰ, k), and initial scores of 0."""
        wanted = np.eye(k)[y]  # (n, k)
        scores = np.zeros((len(y), k))
        steps = []
        for leaf in leaves:
            gradients = np.trunc(UNIT * (wanted - softmax(scores))).astype(np.int64)
            own = np.column_stack([gradients, np.full(len(y), UNIT)])  # (n, k + 1)
            sums = np.zeros((2**self.depth, k + 1), dtype=np.int64)
            np.add.at(sums, leaf, own)
            noisy = self.released(sums, UNIT, rng) / UNIT
            total, number = noisy[:, :k], noisy[:, k:].clip(0)
            total -= total.mean(axis=1, keepdims=True)  # as without noise
            step = 2 * self.learning_rate * (total / (number + self.deviation + 1)).clip(-1, 1)
            steps.append(step)
            scores += step[leaf]
        return np.array(steps), np.zeros(k)
