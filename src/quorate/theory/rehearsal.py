"""What rehearsals say of platforms that are trained in the same way.

n members are split R times: on one part a learner is trained, with the plan, and the share s of all
people whom this model gives what is wanted is counted on the other part. Given the model, people of
the other part are independent draws from the same distribution, so their count is binomial.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.validate import at_least, in_interval

Floats = npt.NDArray[np.float64]


def lower_limit(successes: int, n: int, delta: float) -> float:
    """Return the one-sided lower confidence limit of a probability seen k times in n draws.

    It exceeds the probability in at most a share δ of the draws. Source: Clopper and Pearson 1934.

    >>> lower_limit(10, 10, 0.05) == 0.05 ** (1 / 10), lower_limit(0, 10, 0.05)
    (True, 0.0)
    """
    from scipy.special import betaincinv

    return float(betaincinv(successes, n - successes + 1, delta)) if successes else 0.0


def rehearsed_success(
    successes: npt.ArrayLike, held_out: int, trained_share: float, delta: float, among: int = 1
) -> float:
    """Return a success that every rehearsed platform has, and as a rule the next one trained alike.

    The smaller of two limits.

    min_r L(k_r), L the Clopper-Pearson limit at δ/(R·among). All R models together have at least
    that success in all but a share δ of the draws of members, whatever the distribution and the
    learner, and so do those of all ``among`` such statements: each limit holds given its model, and
    a union bound joins them. Status: derived.

    s̄ − t·d·√((1 + ρ)/(1 − ρ) + 1/R), for a platform that is trained on people none of whom is a
    member: ρ is the share of the members that two trainings have in common on average, t Student's
    quantile at 1 − δ with R − 1 degrees of freedom, and d the standard deviation over the R runs or
    that of the runs below the mean alone, if it is larger. If s is a sum over the people trained
    on, two runs correlate by ρ (cf. Nadeau and Bengio 2003, doi:10.1023/A:1024068626366, who
    correct the mean in this way), so runs vary by 1 − ρ of what trainings vary by, and their mean
    misses by ρ. Not a theorem for every learner: where success falls far in rare trainings, 20 runs
    on one table may all go well. ``python -m benchmarks.rehearsal`` found .94 at δ = .05 in the
    worst of 36 settings. Status: derived.

    Args:
        successes: k_r, how many of those held out each run won, (R,), at least 2 runs.
        held_out: number of people held out in each run.
        trained_share: ρ, trained on among all members, in [0, 1).
        delta: δ, in (0, 1).
        among: number of statements for which the first limit holds together.

    Returns:
        A success in [0, 1]; 0 says nothing.

    Raises:
        InputError: a value is out of range, or there are fewer than 2 runs.

    >>> round(rehearsed_success([100] * 20, 100, 0.5, 0.05), 3)  # .0025 ** .01
    0.942
    """
    won = np.asarray(successes, dtype=np.int64)
    at_least("held_out", held_out, 1, "Hold out at least one person.")
    in_interval("trained_share", trained_share, 0, 1, "It is a share of members.", open_high=True)
    in_interval("delta", delta, 0, 1, "Use 0.05, say.", open_low=True, open_high=True)
    if won.ndim != 1 or len(won) < 2 or not (won.min() >= 0 and won.max() <= held_out):
        raise InputError(
            f"Expected at least 2 runs that each won from 0 to {held_out} of those held out, got "
            f"{won.tolist()}. Rehearse 20 times, say."
        )
    at_least("among", among, 1, "This is one statement.")
    every = lower_limit(int(won.min()), held_out, delta / (len(won) * among))
    return max(0.0, min(every, _next_one(won / held_out, trained_share, delta)))


def _next_one(success: Floats, trained_share: float, delta: float) -> float:
    """Return s̄ − t·d·√((1 + ρ)/(1 − ρ) + 1/R)."""
    from scipy.special import stdtrit

    runs, mean = len(success), float(success.mean())
    below = np.minimum(success - mean, 0)
    spread = max(float(success.std(ddof=1)), math.sqrt(2 * float((below**2).sum()) / (runs - 1)))
    correction = math.sqrt((1 + trained_share) / (1 - trained_share) + 1 / runs)
    return mean - float(stdtrit(runs - 1, 1 - delta)) * spread * correction
