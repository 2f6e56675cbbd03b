"""Assurance contracts ("I act once M have pledged"), with defectors and an estimated threshold M.

The number who respond to a call is uncertain: J = N·b·e^{σz}, z standard normal, within 1 .. n. Of
j who respond, A ~ Binomial(j, 1−d) act, because each defects with probability d. Without a pledge
they act at once; with one, iff j ≥ M = N·α̂*, where α̂* = α*·e^{τz′} is an estimate of α*. Status of
all here: derived, from that model. See docs/explanation/participation.md.

Shapes: n people who may act; arrays (n+1,) are over j or A = 0 .. n.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.theory.participation import gain_from_acting
from quorate.theory.suboptimality import Floats
from quorate.validate import above_zero, at_least, in_interval

KNOTS = 240  # numbers of pledges at which an expectation is computed; linear between them
NEGLIGIBLE = 8.0  # standard deviations beyond which a binomial is not summed: below 1e-14


@dataclass(frozen=True)
class PledgeOutcome:
    """The outcome of a call to act.

    Args:
        reached: probability that the threshold is met; 1 without one.
        too_early: probability that some people act although it does not pay.
        success: expected success; S₀ if nobody acts.
        member: expected S − k of someone who acts as agreed; γS₀ if nobody acts.
        outsider: expected γS.
        acting: expected share who act, of those who may.
    """

    reached: float
    too_early: float
    success: float
    member: float
    outsider: float
    acting: float


def turnout_law(people: int, median: float, spread: float) -> Floats:
    """Return the distribution of the turnout J, round(median·e^{σz}) within 1 .. n, (n+1,).

    >>> turnout_law(3, median=2.0, spread=0.0).tolist()
    [0.0, 0.0, 1.0, 0.0]

    Raises:
        InputError: the median or the spread is negative.
    """
    at_least("belief", median, 0, "It is how many respond, by the median.")
    at_least("spread", spread, 0, "0: it is known how many respond.")
    ends = np.arange(1, people) + 0.5  # (n-1,): between j and j + 1
    below = np.concatenate([[0.0, 0.0], _at_most(ends, median, spread), [1.0]])
    return np.asarray(np.diff(below, prepend=0.0)[1:])


def call_probability(people: int, threshold: float, noise: float) -> Floats:
    """Return the probability that j pledges meet the threshold, for j = 0 .. n, (n+1,).

    P(j ≥ M·e^{τz}) = Φ(ln(j/M)/τ), or whether j ≥ M without noise.

    Args:
        people: n.
        threshold: the true M; inf is out of reach.
        noise: τ, the standard deviation of the log of its estimate.

    >>> call_probability(3, threshold=2.0, noise=0.0).tolist()
    [0.0, 0.0, 1.0, 1.0]

    Raises:
        InputError: the noise is negative.
    """
    at_least("noise", noise, 0, "0: the threshold is the right one.")
    return _at_most(np.arange(people + 1), threshold, noise)


def expected_after_defection(values: npt.ArrayLike, defectors: float) -> Floats:
    """Return E[v_A], A ~ Binomial(j, 1−d), for j = 0 .. n, (n+1,), in the shape of ``values``.

    Computed at up to ``KNOTS`` numbers of pledges, and interpolated linearly between.

    >>> expected_after_defection([0.0, 1.0, 2.0], defectors=0.5).round(9).tolist()
    [0.0, 0.5, 1.0]

    Raises:
        InputError: the share of defectors is not in [0, 1).
    """
    _check_defectors(defectors)
    v = np.asarray(values, dtype=np.float64)
    n = len(v) - 1
    if defectors == 0:
        return v
    knots = np.unique(np.rint(np.geomspace(1, n + 1, KNOTS)).astype(np.int64)) - 1
    return np.interp(np.arange(n + 1), knots, [_expected(v, int(j), defectors) for j in knots])


def too_few_probability(size: float, people: int, defectors: float) -> Floats:
    """Return P(1 ≤ A < size), A ~ Binomial(j, 1−d), for j = 0 .. n, (n+1,).

    >>> too_few_probability(2, 2, defectors=0.5).round(9).tolist()
    [0.0, 0.5, 0.5]

    Raises:
        InputError: the share of defectors is not in [0, 1).
    """
    from scipy.special import bdtr

    _check_defectors(defectors)
    j, most = np.arange(people + 1), min(size, people + 1) - 1
    if most < 1:
        return np.zeros(people + 1)
    few = np.where(j <= most, 1.0, bdtr(np.minimum(most, j), j, 1 - defectors))
    return np.asarray(np.maximum(few - defectors**j, 0.0))  # 0⁰ = 1: with j = 0 nobody acts


def pledge_outcome(
    success: npt.ArrayLike,
    cost: float,
    outsiders_share: float,
    responding: npt.ArrayLike,
    calling: npt.ArrayLike,
    defectors: float = 0.0,
) -> PledgeOutcome:
    """Return the outcome of a call to act, with or without an assurance.

    With π_j the distribution of the turnout and w_j the probability that j meet the threshold:
    reached = Σ π_j w_j; a member gets Σ π_j [w_j·(E[S_{1+B}] − k) + (1−w_j)·γS₀],
    B ~ Binomial(j−1, 1−d), and an outsider γ·Σ π_j [w_j·E[S_A] + (1−w_j)·S₀].

    Args:
        success: S_m for m = 0 .. n actors, (n+1,), nondecreasing, at most 1.
        cost, outsiders_share: k and γ.
        responding: the distribution of the turnout, (n+1,); see ``turnout_law``.
        calling: w, (n+1,); see ``call_probability``. All ones if people do not wait.
        defectors: d, the probability that someone who pledged does not act.

    >>> law = turnout_law(3, median=1.0, spread=0.0)
    >>> alone = pledge_outcome([0.0, 0.1, 0.9, 1.0], 0.2, 0.5, law, np.ones(4))
    >>> assured = pledge_outcome([0.0, 0.1, 0.9, 1.0], 0.2, 0.5, law, call_probability(3, 2.0, 0.0))
    >>> alone.too_early, assured.too_early, round(alone.member, 9), assured.member
    (1.0, 0.0, -0.1, 0.0)

    Raises:
        InputError: an argument is out of range.
    """
    s, law = np.asarray(success, dtype=np.float64), np.asarray(responding, dtype=np.float64)
    n, acts = len(s) - 1, law * np.asarray(calling)  # (n+1,)
    pays = np.flatnonzero(np.asarray(gain_from_acting(s, cost, outsiders_share)) > 0)
    enough = float(pays[0]) if len(pays) else math.inf
    everyone = expected_after_defection(s, defectors)
    mine = expected_after_defection(s[1:], defectors)  # (n,): of a member among j = 1 .. n
    mine = np.insert(mine, 0, s[0])
    rests = float(1 - acts.sum())
    got = float(acts @ everyone) + rests * float(s[0])
    return PledgeOutcome(
        reached=float(acts.sum()),
        too_early=float(acts @ too_few_probability(enough, n, defectors)),
        success=got,
        member=float(acts @ (mine - cost)) + rests * outsiders_share * float(s[0]),
        outsider=outsiders_share * got,
        acting=float(acts @ np.arange(n + 1)) * (1 - defectors) / n,
    )


def pledges_needed(size: float, defectors: float, noise: float, sure: float = 0.95) -> float:
    """Return how many pledges to ask for, so that enough act despite defectors and estimation.

    The least M with P(Binomial(M, 1−d) ≥ m) ≥ p, where m = ⌈size·e^{τz_p}⌉ is at least the true
    number with probability p if ``size`` is an estimate whose logarithm errs by τ. Each of the two
    holds with probability p, and both together with at least 2p − 1.

    Args:
        size: how many must act, above 0; inf gives inf.
        defectors, noise: d and τ.
        sure: p, in (0, 1).

    >>> pledges_needed(10, 0.0, 0.0), pledges_needed(10, 0.2, 0.0), pledges_needed(10, 0.2, 0.5)
    (10.0, 16.0, 34.0)

    Raises:
        InputError: an argument is out of range.
    """
    from scipy.special import bdtrc, ndtri

    _check_defectors(defectors)
    at_least("noise", noise, 0, "0: the number is the right one.")
    in_interval("sure", sure, 0, 1, "As in 0.95.", open_low=True, open_high=True)
    if math.isinf(size):
        return math.inf
    above_zero("size", size, "Somebody has to act.")
    wanted = math.ceil(size * math.exp(noise * float(ndtri(sure))) - 1e-9)  # 10·e⁰ is 10
    low, high = wanted - 1, wanted
    while bdtrc(wanted - 1, high, 1 - defectors) < sure:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        short = bdtrc(wanted - 1, middle, 1 - defectors) < sure
        low, high = (middle, high) if short else (low, middle)
    return float(high)


def _at_most(values: npt.NDArray[np.generic], median: float, spread: float) -> Floats:
    """Return P(median·e^{σz} ≤ v) for each v ≥ 0."""
    from scipy.special import ndtr

    v = np.asarray(values, dtype=np.float64)
    if spread == 0 or median == 0 or math.isinf(median):
        return (v >= median).astype(np.float64)
    with np.errstate(divide="ignore"):  # nobody: ln 0
        return np.asarray(ndtr((np.log(v) - math.log(median)) / spread))


def _expected(values: Floats, pledges: int, defectors: float) -> float:
    """Return E[v_A], A ~ Binomial(pledges, 1−d)."""
    first, mass = _binomial(pledges, defectors)
    return float(mass @ values[first : first + len(mass)])


@functools.lru_cache(maxsize=4 * KNOTS)
def _binomial(pledges: int, defectors: float) -> tuple[int, Floats]:
    """Return the least non-negligible number of actors, and the probabilities from there on."""
    from scipy.special import gammaln

    middle = pledges * (1 - defectors)
    away = NEGLIGIBLE * math.sqrt(middle * defectors) + 1
    a = np.arange(max(0, math.floor(middle - away)), min(pledges, math.ceil(middle + away)) + 1)
    ways = gammaln(pledges + 1) - gammaln(a + 1) - gammaln(pledges - a + 1)
    logs = ways + a * math.log(1 - defectors) + (pledges - a) * math.log(defectors)
    return int(a[0]), np.asarray(np.exp(logs))


def _check_defectors(share: float) -> None:
    in_interval(
        "defectors", share, 0, 1, "The share of those who pledged that do not act.", open_high=True
    )
