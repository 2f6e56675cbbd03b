"""What is dealt to an honest member: how often their answers are contradicted, by chance alone."""

from __future__ import annotations

import functools
from collections.abc import Sequence
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

    def usual(self, counts: Counts) -> tuple[float, float]:
        """Return the means of C and of C + U of as many answers."""
        one, both, alone = self._means
        return one * counts.compared, both * counts.compared + alone * counts.others

    def tails(self, compared: int, others: int) -> tuple[Floats, Floats]:
        """Return P(C ≥ s) and P(C + U ≥ s), s = 0, 1, ..."""
        one, other = self.laws(compared, others)
        return _upper(one), _upper(other)

    def laws(self, compared: int, others: int) -> tuple[Floats, Floats]:
        """Return P(C = s) and P(C + U = s), s = 0, 1, ...

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
            self._known[compared, others] = one, other
        return self._known[compared, others]


def chance(dealt: Sequence[Dealt], counts: Sequence[Counts]) -> float:
    """Return the lower of the probabilities of as much as C, and as C + U, over all batches.

    Args:
        dealt: what each batch of questions deals.
        counts: what is counted of the member's answers in each.
    """
    contradicted = sum(one.contradicted for one in counts)
    both = contradicted + sum(one.unexpected for one in counts)
    pairs = list(zip(dealt, counts, strict=True))
    usual = [sum(some) for some in zip(*(one.usual(own) for one, own in pairs), strict=True)]
    if contradicted <= usual[0] and both <= usual[1]:
        return 1.0  # nothing to suspect
    laws = zip(*(one.laws(own.compared, own.others) for one, own in pairs), strict=True)
    one, other = (_upper(functools.reduce(np.convolve, some)) for some in laws)
    return min(_at(one, contradicted), _at(other, both))


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
