"""The margin test: does the planted label lead in a cell of whatever data the platform will hold?

Every certificate of Gauthier, Bach and Jordan 2025 (arXiv:2502.04879) has the shape

    S ≥ P̂[ (n/N)(P̂_planted(x) − 2R) − ((N−n)/N)(Δ̂_x + 2R + 2R′) − c > 0 ] − R.

The set of cells that pass is chosen and weighed with the same rows. That is sound because, with the
stated probability, it lies inside a set that depends on the distribution alone: the x with
(n/N)(P(x) − R) − ((N−n)/N)(Δ_x + 2R′) − c > 0. In all of those the platform is won, and their
probability is estimated with R. Bernstein radii keep the argument valid, because every limit on a
sample is nondecreasing in the probability it is drawn from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.theory.certificates.counts import AssumedPlatform, Floats
from quorate.theory.radii import (
    bernstein_limits,
    bernstein_radius,
    hoeffding_radius,
    sample_least,
    sample_most,
)

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Margins:
    """The margin test of a cell, in rows of the platform.

    Args:
        platform: what is assumed of it.
        members: n, who act.
        estimating: members whose honest rows are counted: n, or fewer if some were set aside.
        log_inverse: log(1/δ̃).
        radius: "hoeffding" or "bernstein".
    """

    platform: AssumedPlatform
    members: int
    estimating: int
    log_inverse: float
    radius: str

    def won(self, planted: Floats, rivals: Floats, target: Floats) -> Bools:
        """Return the cells in which the planted label leads by more than cN rows, (m,).

        Args:
            planted: frequency of the planted label in the cell among the n changed rows, (m,).
            rivals: frequency of each rival label among the honest rows, (m, r).
            target: frequency of the planted label among the honest rows, (m,).
        """
        of_members = self.least_planted(planted)  # rows
        against = self.most_against(rivals, target)
        return of_members - against - self.platform.slack > 0

    def least_planted(self, frequency: Floats) -> Floats:
        """Return n·(P̂ − 2R), or with Bernstein the least that n draws of its lower limit show."""
        n, log_inverse = self.members, self.log_inverse
        if self.radius == "hoeffding":
            return n * (frequency - 2 * hoeffding_radius(n, log_inverse))
        low, _ = bernstein_limits(frequency, n, log_inverse)
        least: Floats = n * sample_least(low, n, log_inverse)
        return least

    def most_against(self, rivals: Floats, target: Floats) -> Floats:
        """Return (N−n)(Δ̂ + 2R(n) + 2R(N−n)), or with Bernstein the rivals' most minus its least."""
        n, others = self.estimating, self.platform.others(self.members)
        log_inverse = self.log_inverse
        if others == 0:  # everyone is a member: there is nobody else
            return np.zeros_like(target)
        if n == 0:
            return np.full_like(target, np.inf)
        gamma = self.platform.gamma
        if self.radius == "hoeffding":
            ours, theirs = hoeffding_radius(n, log_inverse), hoeffding_radius(others, log_inverse)
            high, low = rivals.max(axis=1) + ours, target - ours
            if gamma > 1:
                high, low = odds_times(gamma, high), odds_times(1 / gamma, low)
            radii: Floats = others * (high - low + 2 * theirs)
            return radii
        _, most_of_all = bernstein_limits(rivals, n, log_inverse)  # (m, r)
        low, _ = bernstein_limits(target, n, log_inverse)
        high = odds_times(gamma, most_of_all.max(axis=1))
        most = sample_most(high, others, log_inverse)
        least = sample_least(odds_times(1 / gamma, low), others, log_inverse)
        against: Floats = others * (most - least)
        return against

    def success(self, frequency: float, counted: int) -> float:
        """Return P̂ − R(n) − R(N_test), the success that ``counted`` members guarantee."""
        test = self.platform.test_size
        if self.radius == "hoeffding":
            bound = frequency - float(hoeffding_radius(counted, self.log_inverse))
            return bound - (float(hoeffding_radius(test, self.log_inverse)) if test else 0.0)
        bound = frequency - float(bernstein_radius(frequency, counted, self.log_inverse))
        if not test or bound <= 0:
            return bound
        return float(sample_least(bound, test, self.log_inverse))


def odds_times(gamma: float, p: Floats) -> Floats:
    """Return the probability whose odds are Γ times those of p, with p clipped to [0, 1].

    >>> odds_times(3.0, np.array([0.5, 1.0, -0.1])).tolist()
    [0.75, 1.0, 0.0]
    """
    p = np.clip(p, 0, 1)
    return np.asarray(gamma * p / (1 + (gamma - 1) * p))
