"""Whether the probability of success has changed: a test that may be looked at all the time.

If it is always the same p, outcomes 0 and 1 have likelihood pˢ(1 − p)ⁿ⁻ˢ. Against it stands one who
believes that it changed once, after j outcomes with probability w_j, and forecasts before and after
by Krichevsky and Trofimov. The ratio of what the two say of the outcomes is a martingale whatever p
is; the least of these ratios over p,

    E_t = (Σ_{j<t} w_j K(1..j) K(j+1..t) + w_{≥t} K(1..t)) / max_p pˢ(1 − p)ᵗ⁻ˢ,

is no larger, so that P(E_t ≥ 1/δ for any t) ≤ δ: an e-process, by Ville's inequality. K of s
successes and f failures is B(s + 1/2, f + 1/2)/π, as in ``confidence_sequence``.

Source: universal inference, Wasserman, Ramdas, Balakrishnan 2020, arXiv:1912.11436, as it is used
for binary sequences by Ramdas, Ruf, Larsson, Koolen 2022, arXiv:2102.00630. Starting one at each
possible change is the e-detector of Shin, Ramdas, Rinaldo 2022, arXiv:2203.03532; theirs adds them
without weights, and bounds how often false alarms come. Weights that add up to 1 bound the
probability that one ever comes: derived.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.theory.suboptimality import Floats
from quorate.validate import in_interval

FINE = 10  # up to 2¹⁰ every number is a time to look at; beyond, 2⁹ of them in each doubling
AT_ONCE = 128  # times whose e-values are computed together

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """A change of the probability of success.

    Args:
        before: number of outcomes before it, as far as can be told.
        seen: number of outcomes after which it is seen.
        rate_before: share of successes among the outcomes before it.
        rate_after: share of successes among those from then on until it is seen.
    """

    before: int
    seen: int
    rate_before: float
    rate_after: float

    @property
    def is_fall(self) -> bool:
        """Whether there is less success after it."""
        return self.rate_after < self.rate_before


def first_change(outcomes: npt.ArrayLike, delta: float, looked: int = 0) -> Change | None:
    """Return the first change that the outcomes show, None where they show none.

    Args:
        outcomes: 0 or 1, in order, (n,).
        delta: δ, in (0, 1): while the probability of success stays the same, a change is ever
            seen with probability at most this.
        looked: number of outcomes among which no change was seen before: the work for them is not
            done again.

    Returns:
        It depends on the outcomes up to ``seen`` alone: more of them do not take it back.

    >>> first_change([1] * 20 + [0] * 20, delta=0.05)
    Change(before=20, seen=25, rate_before=1.0, rate_after=0.0)
    >>> first_change([1, 0] * 50, delta=0.05)

    Raises:
        InputError: an outcome is neither 0 nor 1, or δ is not in (0, 1).
    """
    in_interval("delta", delta, 0, 1, "0.05 is usual.", open_low=True, open_high=True)
    x = np.asarray(outcomes, dtype=np.float64)  # (n,)
    if not np.isin(x, (0, 1)).all():
        raise InputError(
            "Expected outcomes 0 or 1, got others. Write 1 for success and 0 for failure."
        )
    s = np.concatenate([[0], np.cumsum(x)]).astype(np.int64)  # (n+1,): successes of the first t
    forecasts = _Forecasts.of(len(x))
    times = times_to_look(len(x))
    first = int(np.searchsorted(times, looked, side="right")) // AT_ONCE * AT_ONCE
    for at in range(first, len(times), AT_ONCE):
        some = times[at : at + AT_ONCE]
        terms = _log_terms(s, some, times[: at + AT_ONCE], forecasts)
        alarms = np.flatnonzero(_log_sum(terms) >= np.log(1 / delta))
        if len(alarms):
            t = int(some[alarms[0]])
            before = int(times[np.argmax(terms[alarms[0], :-1])])
            after = (s[t] - s[before]) / (t - before)
            return Change(before, t, float(s[before] / before), float(after))
    return None


def times_to_look(n: int) -> Whole:
    """Return the numbers of outcomes after which is looked, at most n, ascending.

    They are all up to 1,024, then every second one up to 2,048, every fourth up to 4,096, ...: what
    is seen there is as valid, and a million outcomes take a second.

    >>> times_to_look(1030)[-4:].tolist()
    [1024, 1026, 1028, 1030]
    """
    parts, start, step = [np.arange(1, min(n, 2**FINE - 1) + 1)], 2**FINE, 2
    while start <= n:
        parts.append(np.arange(start, min(n, 2 * start - 1) + 1, step))
        start, step = 2 * start, 2 * step
    return np.concatenate(parts)


@dataclass(frozen=True, eq=False)
class _Forecasts:
    """Logs of Γ(k + 1/2)/√π and of Γ(k + 1) for k = 0 .. n: a table is faster than the function."""

    half: Floats
    whole: Floats

    @classmethod
    def of(cls, n: int) -> _Forecasts:
        """Return the tables for up to n outcomes."""
        from scipy.special import gammaln

        k = np.arange(n + 1)
        return cls(gammaln(k + 0.5) - 0.5 * np.log(np.pi), gammaln(k + 1))

    def __call__(self, s: Whole, n: Whole) -> Floats:
        """Return log K of n outcomes with s successes."""
        found: Floats = self.half[s] + self.half[n - s] - self.whole[n]
        return found


def _log_terms(s: Whole, times: Whole, changes: Whole, forecasts: _Forecasts) -> Floats:
    """Return the logs of the terms of E_t, (t, c+1), of each change and then of none yet.

    With k changes before t, w_i = 1/ln(e + i − 1) − 1/ln(e + i), and 1/ln(e + k) is left for later
    ones: they decrease little faster than 1/i, so that late changes are found almost as soon.
    """
    from scipy.special import xlogy

    t, j = times[:, None], changes[None, :]  # (t, 1), (1, c)
    i = np.arange(len(changes)) + np.e
    w = 1 / np.log(i) - 1 / np.log(i + 1)  # (c,)
    n = np.maximum(t - j, 0)
    after = forecasts(np.clip(s[t] - s[j], 0, n), n)
    terms = np.where(j < t, np.log(w) + forecasts(s[j], j) + after, -np.inf)  # (t, c)
    none = forecasts(s[times], times) - np.log(np.log(np.e + np.searchsorted(changes, times)))
    share = s[times] / times
    most = xlogy(s[times], share) + xlogy(times - s[times], 1 - share)  # (t,)
    return np.asarray(np.column_stack([terms, none]) - most[:, None])


def _log_sum(terms: Floats) -> Floats:
    """Return the log of the sum of exponentials in each row."""
    top = terms.max(axis=1)
    return np.asarray(top + np.log(np.exp(terms - top[:, None]).sum(axis=1)))
