"""A monotone curve through noisy success, and what it says of the critical mass.

Shapes: p measured points, s seeds, g places on the log-size axis, b slopes, w spreads.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.intervals import Floats

NOBODY = 0.25  # members that stand for nobody on the log axis: two octaves below one
NOISE = 0.02  # standard deviation of one measured S: of 450 people held out at S = .8 (derived)
MISFIT = 0.25  # how far a point's place may be off the shape, as a part of its distance from α*
BEYOND = 2.0  # how far the axis goes on past nobody and past everyone, in logs
SLOPES = np.geomspace(0.4, 400, 12)  # (b,), of the log-odds of S per unit of log α
SPREADS = np.geomspace(0.03, 2.5, 14)  # (w,), standard deviations of log α* over seeds
RARER = 1 + (SPREADS / 0.6) ** 2  # (w,), prior odds against a spread: Cauchy's, of scale 0.6
PLACES = 81  # g
LEVEL = 0.97  # of the posterior, for an interval stated at 95%: a search stops where it is narrow,
# and narrow intervals are short by chance more often than others
SURELY_NOT = 1e-4  # posterior mass below which a place is left out of the second, finer grid


@dataclass(frozen=True, eq=False)
class MonotoneFit:
    """The posterior of S(α) near the target, on a grid.

    Args:
        low, estimate, high: 1.5%, 50% and 98.5% points (see ``LEVEL``) of the log of α*·n, the
            critical mass in members, on a continuous scale.
        centre, doubt: mean and standard deviation of the mean over seeds of each seed's own
            log critical mass.
        slope: of the log-odds of S per unit of log α, the typical one.
        spread: of the seeds' own log critical masses, the typical standard deviation.
        widest: posterior mass of the largest of ``SPREADS``: where it is not small, seeds may
            differ by more than the fit can say.
        places: log sizes, (g,).
        centre_mass: posterior mass of ``centre`` at the places, (g,).
        seeds: (s,), with ``own`` and ``own_doubt``: mean and standard deviation of their own log
            critical masses, (s,).
        noise: of one seed's own log critical mass that a single good measurement leaves.
        shape: joint mass of the slope and the place of a further seed's own critical mass, (b, g).
        floor, ceiling, odds: S far below and far above, and the log-odds of the target between.
    """

    low: float
    estimate: float
    high: float
    centre: float
    doubt: float
    slope: float
    spread: float
    widest: float
    places: Floats
    centre_mass: Floats
    seeds: npt.NDArray[np.int64]
    own: Floats
    own_doubt: Floats
    noise: float
    shape: Floats
    floor: float
    ceiling: float
    odds: float

    def mean_curve(self, members: npt.ArrayLike) -> Floats:
        """Return the fitted S at sizes in members, in the shape of ``members``; monotone."""
        x = log_size(members)[..., None, None]
        rise = _expit(self.odds + SLOPES[:, None] * (x - self.places))  # (..., b, g)
        share = (rise * self.shape).sum(axis=(-2, -1))
        return np.asarray(np.clip(self.floor + (self.ceiling - self.floor) * share, 0, 1))


def log_size(members: npt.ArrayLike) -> Floats:
    """Return the place of a size on the axis: log members, nobody two octaves below one.

    >>> log_size([1, 0]).round(3).tolist()
    [0.0, -1.386]
    """
    return np.log(np.maximum(np.asarray(members, dtype=np.float64), NOBODY))


def fit_monotone(
    members: npt.ArrayLike, seeds: npt.ArrayLike, success: npt.ArrayLike, people: int, target: float
) -> MonotoneFit:
    """Return the fit of a monotone curve with a random effect for each seed.

    Seed s has its own log critical mass tₛ ~ N(centre, spread²); its curve is
    S(x) = floor + (ceiling − floor)·σ(odds + slope·(x − tₛ)) with S(tₛ) = S*, x = log members.
    Floor and ceiling are the smallest and largest S measured. The noise of a point is Student's
    with 4 degrees of freedom, of scale ``NOISE`` on S and ``MISFIT``·|x − tₛ| on x: points far from
    the target say little of its place, so the logistic form matters near it only. Centre and the
    logs of slope and spread have flat priors on a grid, which for normal tₛ gives Student's
    interval; spreads far above 0.6 are rarer, as 1/(1 + (spread/0.6)²). The mean curve crosses S*
    at c with E σ(odds + slope·(c − t)) = σ(odds), at or above the centre where seeds differ and
    curves are steep; its posterior is the answer. Source: derived; its coverage is measured by
    ``python -m benchmarks.critical_mass``.

    Args:
        members: size of the collective, (p,), p at least 1.
        seeds: the seed of each point, (p,).
        success: S, (p,), no NaN.
        people: n.
        target: S*, in [0, 1].

    >>> fit = fit_monotone([1, 10, 100, 10, 100], [0, 0, 0, 1, 1], [0, .4, 1, .4, 1], 1000, 0.9)
    >>> math.log(10) < fit.low < fit.estimate < fit.high < math.log(100)
    True
    """
    x, y = log_size(members), np.asarray(success, dtype=np.float64)  # (p,)
    distinct, column = np.unique(np.asarray(seeds, dtype=np.int64), return_inverse=True)  # (s,)
    floor = min(float(y.min()), target - 0.05)
    ceiling = max(float(y.max()), min(target + 0.03, 1.0)) + 0.005
    share = min(max((target - floor) / (ceiling - floor), 0.01), 0.99)
    odds = math.log(share / (1 - share))
    ends = math.log(NOBODY) - BEYOND, math.log(people) + BEYOND
    for _ in range(2):  # the whole axis, then the part of it that is possible
        t = np.linspace(*ends, PLACES)  # (g,)
        step = t[1] - t[0]
        likely, scale = _likelihood(x, y, np.eye(len(distinct))[column], t, odds, floor, ceiling)
        posterior, kernel = _posterior(likely, scale, t)  # (b, w, g)
        shape = np.einsum("bwm,wmg->bg", posterior, kernel)
        own = likely * shape[:, :, None]  # (b, g, s)
        own_mass, centre_mass = _own_mass(own, posterior), posterior.sum((0, 1))  # (g, s), (g,)
        possible = np.flatnonzero(np.maximum(own_mass.max(1), centre_mass) > SURELY_NOT)
        ends = t[possible[0]] - step, t[possible[-1]] + step
    own_mean, centre = t @ own_mass, float(t @ centre_mass)
    slope = math.exp(posterior.sum((1, 2)) @ np.log(SLOPES))
    low, middle, high = _quantiles(t + _above_centre(round(odds, 1))[:, :, None], posterior)
    return MonotoneFit(
        low=low,
        estimate=middle,
        high=high,
        centre=centre,
        doubt=math.sqrt(max(t**2 @ centre_mass - centre**2, 0)),
        slope=slope,
        spread=math.exp(posterior.sum((0, 2)) @ np.log(SPREADS)),
        widest=float(posterior[:, -1].sum()),
        places=t,
        centre_mass=centre_mass,
        seeds=distinct,
        own=own_mean,
        own_doubt=np.sqrt(np.maximum(t**2 @ own_mass - own_mean**2, 0) + step**2 / 12),
        noise=NOISE / ((ceiling - floor) * slope * share * (1 - share)),
        shape=shape,
        floor=floor,
        ceiling=ceiling,
        odds=odds,
    )


def _likelihood(
    x: Floats, y: Floats, of_seed: Floats, t: Floats, odds: float, floor: float, ceiling: float
) -> tuple[Floats, Floats]:
    """Return the likelihood of tₛ = t for each slope and seed, (b, g, s), over its maximum, and
    the log of that maximum, (b, 1, s)."""
    slope, away = SLOPES[:, None, None], x - t[:, None]  # (b, 1, 1), (g, p)
    rise = _expit(odds + slope * away)  # (b, g, p)
    error = y - (floor + (ceiling - floor) * rise)
    steepness = (ceiling - floor) * slope * rise * (1 - rise)
    variance = NOISE**2 + (MISFIT * away * steepness) ** 2
    logs = (-2.5 * np.log1p(error**2 / (4 * variance)) - np.log(variance) / 2) @ of_seed
    top = logs.max(axis=1, keepdims=True)
    return np.exp(logs - top), top


def _posterior(likely: Floats, scale: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Return the mass of (slope, spread, centre), (b, w, g), and the law of t about each centre."""
    apart = (t[:, None] - t) / SPREADS[:, None, None]  # (w, g, g)
    kernel = np.exp(-(apart**2) / 2) + 1e-12  # no outlier is impossible
    kernel /= kernel.sum(axis=2, keepdims=True)
    of_centre = kernel.reshape(-1, len(t)) @ likely  # (b, w·g, s)
    logs = (np.log(of_centre + 1e-300) + scale).sum(axis=2)  # (b, w·g)
    logs = logs.reshape(len(SLOPES), len(SPREADS), len(t)) - np.log(RARER)[:, None]
    mass = np.exp(logs - logs.max())
    return mass / mass.sum(), kernel


def _own_mass(own: Floats, posterior: Floats) -> Floats:
    """Return the mass of each seed's own place, (g, s), from that for each slope, (b, g, s).

    Where a slope leaves a seed no place that a number can hold, the other slopes speak.
    """
    totals = own.sum(1)  # (b, s)
    held = totals > 0
    scale = np.divide(posterior.sum((1, 2))[:, None], totals, out=np.zeros_like(totals), where=held)
    mass = (own * scale[:, None, :]).sum(0)
    lost = ~held.all(0)
    mass[:, lost] = np.where(held.any(0)[lost], mass[:, lost], 1 / len(mass))
    mass[:, lost] /= np.maximum(mass[:, lost].sum(0), 1e-300)
    return np.asarray(mass)


@functools.lru_cache(maxsize=256)
def _above_centre(odds: float) -> Floats:
    """Return by how much the mean curve crosses above the centre, (b, w), in logs."""
    from scipy.special import ndtri

    z = ndtri((np.arange(100) + 0.5) / 100)  # 100 equally likely seeds
    low = np.full((len(SLOPES), len(SPREADS)), -8.0)  # 2.6 of the largest spread, and more
    high = -low
    for _ in range(23):  # halves 16 to about 2e-6
        middle = (low + high) / 2
        places = middle[:, :, None] - SPREADS[None, :, None] * z  # (b, w, 100)
        short = _expit(odds + SLOPES[:, None, None] * places).mean(2) < _expit(np.array(odds))
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return np.asarray((low + high) / 2)


def _quantiles(values: Floats, mass: Floats) -> tuple[float, float, float]:
    order = np.argsort(values, axis=None)
    weights = mass.ravel()[order]
    tail = (1 - LEVEL) / 2
    low, middle, high = np.interp(
        [tail, 0.5, 1 - tail], np.cumsum(weights) - weights / 2, values.ravel()[order]
    )
    return float(low), float(middle), float(high)


def _expit(values: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(values / 2))
