"""A pilot of the members, which decides how a certificate's error is shared among its tests.

Far cells need hardly any error and those near the point where they turn need all of it, but levels
may not be chosen by the counts that are tested. One member in twenty is put in the pilot at random;
tests count the rest. Nobody's action depends on it: the pilot's members act like all others.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.table import Labels
from quorate.theory.certificates.counts import Floats, SignalCounts
from quorate.theory.certificates.leads import Sampled

Tests = npt.NDArray[np.bool_]
SHARE = 0.05  # of the members
FLOOR = 1e-4  # importance of a test whose outcome seems clear


@dataclass(frozen=True)
class Pilot:
    """What some members hold, who were chosen without looking at the rows of the rest.

    Args:
        honest: those whose own row is in cell x with label y, (m, k).
        planted: those who plant in cell x, (m,).
        weights: those by whom cell x is weighed, (m,).
        members: how many they are.
    """

    honest: Floats
    planted: Floats
    weights: Floats
    members: int

    def plan(
        self, target: Labels, rivals: Floats, people: Sampled, acting: int, slack: float
    ) -> tuple[Floats, Tests]:
        """Return each test's share of the error, (m, k), and where labels are tested together.

        A test matters if its outcome is open: with z the margin by which the pilot expects the
        planted label to lead, in standard deviations, its share is proportional to exp(−z²/2) and
        to the people in its cell.

        Args:
            target: index of the planted label in each cell, (m,).
            rivals: 1 for each label that is tested, 0 for others, (m, k).
            people: those whom the tests count, and the others.
            acting: n, all members.
            slack: cN.
        """
        if not self.members or not people.members or not people.others:
            return np.zeros_like(self.honest), np.zeros(self.honest.shape, dtype=bool)
        gamma, by = people.gamma, people.others / self.members
        of_target = np.take_along_axis(self.honest, target[:, None], axis=1)  # (m, 1)
        lead = by * (gamma * self.honest - of_target / gamma)
        variance = by**2 * (gamma**2 * self.honest + of_target / gamma**2 + 1)
        variance *= 1 + self.members / people.members
        act = acting / self.members
        planted = act * self.planted[:, None]  # (m, 1)
        z = (planted - slack - lead) / np.sqrt(variance + act * planted)
        matters = rivals * (np.exp(-(z**2) / 2) + FLOOR) * self.planted[:, None]
        total = float(matters.sum())
        together = self._together(of_target, people)
        return (matters / total if total else np.zeros_like(matters)), together

    def _together(self, of_target: Floats, people: Sampled) -> Tests:
        """Return where the errors of both counts are smaller if they are tested together, (m, k).

        By rules of thumb for the width of either limit; a choice that is not the best costs
        members, never confidence.
        """
        if people.gamma != 1:
            return np.zeros(self.honest.shape, dtype=bool)
        by = people.members / self.members
        rivals, target = by * self.honest, by * of_target
        apart = 1.6 * np.sqrt(rivals) + 2.5 * np.sqrt(target)
        possible = target + 3 * np.sqrt(target + 4)  # holders of the target that are not excluded
        return np.asarray(1.7 * np.sqrt(rivals + possible) < apart)


def draw_pilot(counts: SignalCounts, target: int | None = None) -> Pilot:
    """Return a pilot of one member in twenty, drawn at random; nobody if that were everyone.

    Args:
        counts: all members.
        target: the label whose members alone plant; None if all do.

    >>> draw_pilot(SignalCounts([[30, 10]], [2000], 2000, signal_cells=1)).members
    92
    """
    honest, planted = counts.honest, counts.planted
    at_home = honest.sum(axis=1) if target is None else honest[:, target]  # plant where they are
    arrive = np.maximum(planted - at_home, 0)
    stay = np.maximum(counts.weights - honest.sum(axis=1) - arrive, 0)
    held = drawn(np.column_stack([honest, arrive, stay]))  # (m, k + 2)
    k = counts.k
    own = held[:, :k]
    plant = held[:, k] + (own.sum(axis=1) if target is None else own[:, target])
    weights = held.sum(axis=1)
    if weights.sum() >= counts.members:  # nobody would be left to test: do without a pilot
        return Pilot(0 * own, 0 * plant, 0 * weights, 0)
    return Pilot(own, plant, weights, round(float(weights.sum())))


def drawn(counts: Floats) -> Floats:
    """Return how many of the people counted are in the pilot, in the shape of ``counts``.

    Each is drawn with probability 1/20, by a generator whose seed is a digest of the counts: equal
    counts give the same certificate, and no seed is shared by all who use it. Counts that are
    projected to more members need not be whole; of those, the pilot holds just a twentieth.

    >>> drawn(np.array([1000.0, 0.0])).tolist(), drawn(np.array([1000.5, 0.0])).round(3).tolist()
    ([40.0, 0.0], [50.025, 0.0])
    """
    if (counts % 1).any():
        return counts * SHARE
    digest = hashlib.sha256(np.ascontiguousarray(counts, dtype="<f8").tobytes()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    return rng.binomial(counts.astype(np.int64), SHARE).astype(np.float64)
