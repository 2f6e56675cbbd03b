"""What is dealt to an honest member: how often their answers are contradicted, by chance alone."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.table import Labels
from quorate.test_time.extraction.dealing import law_of_sum

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """What is counted of a member's answers.

    Args:
        compared, others: answers that someone trusted gave an answer to as well, and all others.
        contradicted: C, of the compared ones, those that are contradicted.
        unexpected: U, of all, those that are not as expected.
    """

    compared: int
    others: int
    contradicted: int
    unexpected: int


class Dealt:
    """What is dealt to an honest member: of compared answers, and of all others.

    Args:
        contradicted: whether each compared answer is contradicted, 0 or 1.
        both: of each compared answer, whether it is contradicted plus whether it is unexpected.
        alone: of each other answer, whether it is unexpected.
        error: probability that an answer is spoilt.
    """

    def __init__(self, contradicted: Labels, both: Labels, alone: Labels, error: float) -> None:
        self._parts = contradicted, both, alone
        self._means = [float(part.mean()) if len(part) else 0.0 for part in self._parts]
        self._error = error
        self._known: dict[tuple[int, int], tuple[Floats, Floats]] = {}

    def chance(self, counts: Counts) -> float:
        """Return the lower of the probabilities of as much as C, and as C + U."""
        means, n = self._means, (counts.compared, counts.others)
        both = counts.contradicted + counts.unexpected
        usual = means[1] * n[0] + means[2] * n[1]
        if counts.contradicted <= means[0] * n[0] and both <= usual:
            return 1.0  # nothing to suspect
        one, other = self.tails(*n)
        return min(_at(one, counts.contradicted), _at(other, both))

    def tails(self, compared: int, others: int) -> tuple[Floats, Floats]:
        """Return P(C ≥ s) and P(C + U ≥ s), s = 0, 1, ...

        A spoilt answer adds as much as any can: 2 where it is compared, else 1.
        """
        if (compared, others) not in self._known:
            contradicted, both, alone = self._parts
            slips = [binomial(n, self._error) for n in (compared, others)]
            double = np.zeros(2 * compared + 1)
            double[::2] = slips[0]
            laws = [
                [_law(contradicted, compared), slips[0]],
                [_law(both, compared), double, _law(alone, others), slips[1]],
            ]
            one, other = (functools.reduce(np.convolve, some) for some in laws)
            self._known[compared, others] = _upper(one), _upper(other)
        return self._known[compared, others]


def _law(counts: Labels, drawn: int) -> Floats:
    """Return the law of a sum; where a suspect has more than there are, all are drawn."""
    return law_of_sum(counts, min(drawn, len(counts)))


def _upper(law: Floats) -> Floats:
    return np.asarray(law[::-1].cumsum()[::-1])


def _at(tail: Floats, value: int) -> float:
    return float(tail[value]) if value < len(tail) else 0.0


def binomial(n: int, rate: float) -> Floats:
    """Return P(j of n), j = 0, ..., n."""
    from scipy.special import gammaln, xlog1py, xlogy

    j = np.arange(n + 1)
    choose = gammaln(n + 1) - gammaln(j + 1) - gammaln(n - j + 1)
    return np.asarray(np.exp(choose + xlogy(j, rate) + xlog1py(n - j, -rate)))
