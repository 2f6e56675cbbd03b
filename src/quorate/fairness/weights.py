"""Weights of people, and how many people weighted ones are worth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.intervals import Floats


def check_weights(sample_weight: npt.ArrayLike | None, n: int) -> Floats | None:
    """Return the weights of n people, (n,); None where none are given.

    >>> check_weights([1, -2], 2)
    Traceback (most recent call last):
    ...
    quorate.errors.InputError: Expected weights of 0 or more, got -2. Give each person's own weight.

    Raises:
        InputError: there is not one for each person, or one is negative or no number, or all are 0.
    """
    if sample_weight is None:
        return None
    given = np.asarray(sample_weight)
    if given.shape != (n,):
        raise InputError(
            f"Expected one weight for each of {n} people, got shape {given.shape}. Give "
            "sample_weight the rows of y."
        )
    if given.dtype.kind not in "iufb":
        raise InputError(f"Expected numbers for sample_weight, got {given.dtype}. Give numbers.")
    weights = given.astype(np.float64)
    bad = ~np.isfinite(weights) | (weights < 0)
    if bad.any():
        raise InputError(
            f"Expected weights of 0 or more, got {weights[bad][0]:g}. Give each person's own "
            "weight."
        )
    if not weights.any():
        raise InputError(
            "Expected a weight above 0, got 0 for everyone. Leave sample_weight out to count "
            "everyone once."
        )
    return np.asarray(weights / weights.max())  # their scale says nothing, and squares stay finite


def effective(hits: Floats, misses: Floats, hits2: Floats, misses2: Floats) -> Floats:
    """Return how many rows of weight 1 a weighted rate is worth; 0 where it has no weight.

    The less of two numbers: (Σw)²/Σw², which holds where weights have nothing to do with who is
    right, and p(1 − p) over the variance Σ w²(y − p)²/(Σw)² of the weighted rate p, which holds
    also where they have. Sources: Kish 1965 (Survey Sampling, section 8.2); Korn, Graubard 1998
    (Survey Methodology 24, 193 to 201).

    Args:
        hits, misses: sums of the weights of rows that count for the rate, and of the others.
        hits2, misses2: sums of their squares.

    >>> four = [np.array(each, float) for each in (2, 2, 2, 2)]  # four rows of weight 1
    >>> float(effective(*four))
    4.0
    """
    total, squares = hits + misses, hits2 + misses2
    size = total**2 / np.where(squares > 0, squares, 1)
    rate = hits / np.where(total > 0, total, 1)
    spread = hits2 * (1 - rate) ** 2 + misses2 * rate**2
    mixed = (rate > 0) & (rate < 1)
    by_rate = rate * (1 - rate) * total**2 / np.where(mixed, spread, 1)
    return np.asarray(np.where(mixed, np.minimum(size, by_rate), size))
