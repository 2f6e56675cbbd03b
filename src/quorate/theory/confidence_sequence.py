"""Confidence sequences by betting: intervals for a mean that hold at all times together.

Outcomes X₁, X₂, ... in [0, 1] whose mean given those before is the same, p, each time. Somebody who
bets against "the mean is m" multiplies their capital by 1 + λᵢ(Xᵢ − m) each time; at m = p no bet
gains on average, so that the capital ever reaches 1/δ with probability at most δ (Ville's
inequality). The m at which it never has are a confidence sequence: with probability at least 1 − δ
it holds p at all times, so that one may look at any time, stop, and look again.

Source: Waudby-Smith, Ramdas 2024, arXiv:2010.09686. The bets are λᵢ = (θᵢ − m)/(m(1 − m)) with
θᵢ = (S + 1/2)/(i − 1 + 1), S the successes before (Krichevsky, Trofimov 1981,
doi:10.1109/TIT.1981.1056331): for outcomes 0 and 1 the capital is then, in closed form, the mixture
of Robbins 1970, doi:10.1214/aoms/1177696786. It has no settings, and no bet looks ahead.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quorate.theory.suboptimality import Floats
from quorate.validate import all_in_interval, in_interval

HALVINGS = 45  # of an interval within [0, 1]: ends are exact to 3e-14


def confidence_sequence(
    outcomes: npt.ArrayLike, delta: float, known: tuple[Floats, Floats] | None = None
) -> tuple[Floats, Floats]:
    """Return the lower and the upper limit for the mean after each outcome, (..., n) each.

    After n outcomes with sum s, m is inside while B(s + 1/2, n − s + 1/2)/π < mˢ(1 − m)ⁿ⁻ˢ/δ, and
    was inside all the time before (running intersection). For outcomes between 0 and 1 the left
    side is at most the mean of such capitals over θ, since (θ/m)ˣ((1 − θ)/(1 − m))¹⁻ˣ is at most
    xθ/m + (1 − x)(1 − θ)/(1 − m): it holds for them too, and is wider than it need be. Where the
    means are not the same each time, the lower limit may come to lie above the upper one: then no
    mean fits.

    Args:
        outcomes: in [0, 1], in order, (..., n).
        delta: δ, the probability that the mean is ever outside, in (0, 1).
        known: what this has returned for the first of the outcomes, at the same δ: the limits of
            the others alone are computed.

    >>> low, high = confidence_sequence([1, 1, 1, 1, 1, 1, 1, 1], delta=0.05)
    >>> low.round(3).tolist()
    [0.025, 0.137, 0.25, 0.342, 0.415, 0.474, 0.521, 0.561]
    >>> high.tolist() == [1.0] * 8
    True

    Raises:
        InputError: an outcome is not in [0, 1], or δ not in (0, 1).
    """
    in_interval("delta", delta, 0, 1, "0.05 is usual.", open_low=True, open_high=True)
    x = np.asarray(outcomes, dtype=np.float64)  # (..., n)
    all_in_interval("outcomes", x, 0, 1, "Write 1 for success and 0 for failure.")
    s = np.cumsum(x, axis=-1)
    n = np.broadcast_to(np.arange(1.0, x.shape[-1] + 1), s.shape)
    s = np.minimum(s, n)  # sums of fractions round
    if known is not None:
        begun = known[0].shape[-1]
        low, high = _limits(s[..., begun:], n[..., begun:], delta)
        low, high = np.append(known[0], low, axis=-1), np.append(known[1], high, axis=-1)
    else:
        low, high = _limits(s, n, delta)
    return np.maximum.accumulate(low, axis=-1), np.minimum.accumulate(high, axis=-1)


def _limits(s: Floats, n: Floats, delta: float) -> tuple[Floats, Floats]:
    """Return both limits after n outcomes with sum s, each by itself, (..., n) each."""
    from scipy.special import betaln

    level = betaln(s + 0.5, n - s + 0.5) - np.log(np.pi / delta)  # inside, log mˢ(1−m)ⁿ⁻ˢ is above
    return _end(s, n, level, np.zeros_like(s)), _end(s, n, level, np.ones_like(s))


def _end(s: Floats, n: Floats, level: Floats, outside: Floats) -> Floats:
    """Return where log mˢ(1 − m)ⁿ⁻ˢ falls to the level between s/n and an end of [0, 1]."""
    from scipy.special import xlog1py, xlogy

    inside = s / n
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        is_in = xlogy(s, middle) + xlog1py(n - s, -middle) > level
        inside, outside = np.where(is_in, middle, inside), np.where(is_in, outside, middle)
    return outside
