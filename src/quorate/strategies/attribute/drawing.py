"""One value a row, drawn with the row's probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quorate.table import Labels, Rng

Floats = npt.NDArray[np.float64]


def drawn(probabilities: Floats, rng: Rng) -> Labels:
    """Return an index a row, (m,), drawn with probabilities (m, k); each row sums to 1.

    >>> drawn(np.array([[1.0, 0.0], [0.0, 1.0]]), np.random.default_rng(0)).tolist()
    [0, 1]
    """
    below = np.cumsum(probabilities, axis=1)[:, :-1]  # (m, k − 1)
    codes: Labels = (rng.random(len(below))[:, None] >= below).sum(axis=1)
    return codes
