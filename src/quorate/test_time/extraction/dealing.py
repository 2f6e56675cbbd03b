"""The law of a sum of counts that are dealt at random: what an honest member's share adds up to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.table import Labels

Floats = npt.NDArray[np.float64]
NEGLIGIBLE = 1e-20  # of a probability, far below what anything is tested at


def law_of_sum(counts: Labels, drawn: int) -> Floats:
    """Return P(sum = s), s = 0, 1, ..., of ``drawn`` of the counts, drawn without replacement.

    Equal counts are drawn together: of K that are v, among those left, a hypergeometric number j,
    which adds v·j. With two values 0 and 1 this is the hypergeometric law itself.

    Args:
        counts: whole numbers of 0 or more, (n,).
        drawn: how many of them are drawn, at most n.

    >>> law_of_sum(np.array([0, 1, 1, 2]), 2).round(4).tolist()
    [0.0, 0.3333, 0.3333, 0.3333, 0.0]

    Raises:
        InputError: more are drawn than there are.
    """
    if drawn > len(counts):
        raise InputError(f"Expected to draw at most {len(counts)} counts, got {drawn}. Draw fewer.")
    values, sizes = np.unique(counts, return_counts=True)
    most = int(values[-1]) * drawn if len(values) else 0
    chance = np.zeros((drawn + 1, most + 1))  # of how many are drawn, and their sum
    chance[0, 0] = 1
    left = len(counts)
    for value, size in zip(values[::-1].tolist(), sizes[::-1].tolist(), strict=True):
        after = np.zeros_like(chance)
        for done in np.flatnonzero(chance.max(axis=1) > NEGLIGIBLE).tolist():
            law = _hypergeometric(left, size, drawn - done)
            for j in np.flatnonzero(law > NEGLIGIBLE).tolist():
                sums = chance[done, : most + 1 - value * j]
                after[done + j, value * j :] += law[j] * sums
        chance, left = after, left - size
    return np.asarray(chance[drawn])


def _hypergeometric(n: int, marked: int, drawn: int) -> Floats:
    """Return P(j marked), j = 0, ..., drawn, of so many drawn from n: C(K, j)·C(n−K, m−j)/C(n, m).

    Both ways of counting give the same number; the steps from j to j + 1 are exact ratios.
    """
    from scipy.special import gammaln

    j = np.arange(drawn + 1)
    possible = (j <= marked) & (drawn - j <= n - marked)
    k = j[possible]

    def choose(top: int, some: npt.NDArray[np.integer] | int) -> Floats:
        return np.asarray(gammaln(top + 1) - gammaln(np.add(some, 1)) - gammaln(top - some + 1))

    law = np.zeros(drawn + 1)
    law[possible] = np.exp(choose(marked, k) + choose(n - marked, drawn - k) - choose(n, drawn))
    return law
