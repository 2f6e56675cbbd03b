"""What members of a campaign plant on the cars, what is certified, and what it achieves.

Shapes: c = 5 cells of X*, one a country; k = 4 labels.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.runtime.seeds import mixed
from quorate.scenarios.certificates.cars import COUNTRIES, LABELS, Cars, draw_cars
from quorate.table import Labels
from quorate.theory.certificates.counts import (
    AssumedPlatform,
    Certificate,
    Floats,
    SignalCounts,
)
from quorate.theory.certificates.planting import planting_certificate
from quorate.theory.certificates.unplanting import (
    adaptive_unplanting_certificate,
    naive_unplanting_certificate,
)

PLANT, FEATURE_ONLY = "plant", "plant-feature-only"
NAIVE, ADAPTIVE = "unplant-naive", "unplant-adaptive"
GOALS = (PLANT, FEATURE_ONLY, NAIVE, ADAPTIVE)
CELLS, K = len(COUNTRIES), len(LABELS)
DRAW, TEST = range(2)  # streams of a seed

Joint = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Crowd:
    """Everyone on the platform, in the order in which they join, and the test people.

    Args:
        joint: the cell that the signal moves each to and the label, as cell·k + label, (N,).
        carrying: who carries the signal as they are, (N,).
        test: test people in each cell, (c,).
    """

    joint: Joint
    carrying: npt.NDArray[np.bool_]
    test: Floats

    def all_of(self, n: int) -> Floats:
        """Return the first n people by cell and label, (c, k)."""
        return _by_cell_and_label(self.joint[:n])

    def honest(self, n: int) -> Floats:
        """Return those of them who carry the signal as they are, (c, k)."""
        return _by_cell_and_label(self.joint[:n][self.carrying[:n]])

    def counts(self, n: int, planted_by: int | None = None) -> SignalCounts:
        """Return the counts of n members; all plant, or those with the label ``planted_by``."""
        everyone = self.all_of(n)
        moved = everyone.sum(axis=1)
        planted = moved if planted_by is None else everyone[:, planted_by]
        return SignalCounts(self.honest(n), planted, n, CELLS, moved)


@functools.lru_cache(maxsize=1)  # all goals of a seed stand side by side
def draw_crowd(size: int, test_size: int, seed: int) -> Crowd:
    """Return a platform of so many people and so many test people of a seed."""
    everyone: Cars = draw_cars(size, mixed(seed, DRAW))
    test = draw_cars(test_size, mixed(seed, TEST))
    joint = everyone.country.astype(np.int64) * K + everyone.labels
    at = np.bincount(test.country, minlength=CELLS).astype(np.float64)
    return Crowd(joint, everyone.carrying, at)


def _by_cell_and_label(joint: Joint) -> Floats:
    return np.bincount(joint, minlength=CELLS * K).astype(np.float64).reshape(CELLS, K)


@dataclass(frozen=True)
class Certified:
    """A certificate, and the label to plant in each cell.

    Args:
        success: the bound.
        planted: label by cell, (c,).
    """

    success: float
    planted: Labels


@dataclass(frozen=True, eq=False)
class Campaign:
    """What n members do about one label.

    Args:
        goal: one of ``GOALS``.
        label: index of the label to plant, or to keep off.
        counts: of the members.
        aside: of those who choose the labels of cells, for the adaptive goal.
    """

    goal: str
    label: int
    counts: SignalCounts
    aside: SignalCounts

    @classmethod
    def of(cls, crowd: Crowd, goal: str, label: int, n: int, aside: int) -> Campaign:
        """Return the campaign of the first n people, the first ``aside`` of whom choose labels."""
        only = label if goal == FEATURE_ONLY else None
        return cls(goal, label, crowd.counts(n, only), crowd.counts(aside, only))

    def scaled(self, n: int, aside: int) -> Campaign:
        """Return the campaign of n members, so many of them set aside, if all were like these."""
        return Campaign(self.goal, self.label, self.counts.scaled(n), self.aside.scaled(aside))

    @property
    def unplants(self) -> bool:
        """Whether the label is to be kept off the signal."""
        return self.goal in (NAIVE, ADAPTIVE)

    def certify(self, platform: AssumedPlatform, confidence: float, radius: str) -> Certified:
        """Return what is certified with a radius."""
        how = platform, confidence, radius
        everywhere = np.full(CELLS, self.label, dtype=np.int64)
        if self.goal == NAIVE:
            label, found = naive_unplanting_certificate(self.counts, self.label, *how)
            return Certified(found.success, np.full(CELLS, label, dtype=np.int64))
        if self.goal == ADAPTIVE:
            return Certified(*_adaptive(self.counts, self.aside, self.label, how))
        found = planting_certificate(self.counts, self.label, *how)
        return Certified(found.success, everywhere)

    def achieve(self, crowd: Crowd, planted: Labels) -> float:
        """Return the share of test people for whom it succeeds on the best platform of the rows.

        The platform predicts the most common label in each cell; ties go against the members.
        """
        rows = crowd.honest(len(crowd.joint)) - crowd.honest(self.counts.members)  # (c, k)
        rows[np.arange(CELLS), planted] += self.counts.planted
        wanted = rows[:, self.label]
        rival = np.delete(rows, self.label, axis=1).max(axis=1)
        won = rival > wanted if self.unplants else wanted > rival
        return float(crowd.test[won].sum() / crowd.test.sum())


def _adaptive(
    counts: SignalCounts, aside: SignalCounts, label: int, how: tuple[AssumedPlatform, float, str]
) -> tuple[float, Labels]:
    # Of scaled counts, those set aside must not be more in a cell than there are.
    some = SignalCounts(
        np.minimum(aside.honest, counts.honest),
        aside.planted,
        aside.members,
        aside.signal_cells,
        aside.moved,
    )
    found: tuple[Labels, Certificate] = adaptive_unplanting_certificate(counts, some, label, *how)
    return found[1].success, found[0]
