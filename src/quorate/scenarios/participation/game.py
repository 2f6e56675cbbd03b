"""The game of participation on a measured curve: what pays, what lasts, and what pledges change.

Shapes: a sizes, s seeds, n people who may act, c curves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quorate.intervals import CONFIDENCE, Floats, mean_over_seeds, resampled_means
from quorate.plain import finite_or_none
from quorate.scenarios.participation.measured_curve import Measured
from quorate.scenarios.participation.monotone_curve import at_sizes, by_actors, crossing, monotone
from quorate.theory.best_response import QUANTILES, RestPoints, rest_points, welfare
from quorate.theory.participation import success_that_pays
from quorate.theory.pledges import PledgeOutcome, call_probability, pledge_outcome, turnout_law

ALONE, PLEDGED, FALLIBLE = "act at once", "pledge", "pledge, with defectors and a guess"


@dataclass(frozen=True)
class Terms:
    """What acting costs and brings, and what people believe: the parameters of the game.

    Args:
        cost, share: k in units of full success, and γ.
        belief, spread: the median of how many are expected to act, as a fraction of the platform's
            people, and the standard deviation of its logarithm.
        defectors, noise: d, and τ of the logarithm of the estimated α*.
        threshold: α* to be pledged, a fraction of the platform's people; None: read at ``target``.
        target: S*.
    """

    cost: float
    share: float
    belief: float
    spread: float
    defectors: float
    noise: float
    threshold: float | None
    target: float


@dataclass(frozen=True)
class Interval:
    """A number with its 95% interval over seeds; inf where there is none such."""

    estimate: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """Return plain data; None for inf."""
        return {key: finite_or_none(value) for key, value in vars(self).items()}


@dataclass(frozen=True, eq=False)
class Played:
    """The game on one curve, or on the curve of one of its seeds.

    Args:
        terms: of the game.
        people, may_act: N and n.
        success: S_m for m = 0 .. n actors, (n+1,).
        pays_from: α from which acting pays, inf if nowhere.
        threshold: α* to be pledged, inf where the target is not reached.
        incentive: per member, what has to be added for acting to pay at the size believed.
    """

    terms: Terms
    people: int
    may_act: int
    success: Floats
    pays_from: float
    threshold: float
    incentive: float

    @property
    def costs(self) -> Floats:
        """k of each person, (n,)."""
        return np.full(self.may_act, self.terms.cost)

    @cached_property
    def rests(self) -> RestPoints:
        """Where best responses rest, and where they tip."""
        return rest_points(self.success, self.costs, self.terms.share)

    @cached_property
    def welfare(self) -> Floats:
        """What people who may act get on average, (n+1,)."""
        return welfare(self.success, self.costs, self.terms.share)

    @property
    def optimum(self) -> int:
        """The number of actors that is best for all together."""
        return int(self.welfare.argmax())

    @property
    def tipping(self) -> int | None:
        """The least number of actors at which it tips; None where it never does."""
        found = self.rests.unstable
        return int(found[0]) if len(found) else None

    def pledges(self, belief: float | None = None) -> dict[str, PledgeOutcome]:
        """Return what comes of a call: acted on at once, pledged, and pledged by fallible people.

        Args:
            belief: of how many respond, in place of the terms' own.
        """
        terms, n = self.terms, self.may_act
        median = (terms.belief if belief is None else belief) * self.people
        law = turnout_law(n, median, terms.spread)
        wanted = self.threshold * self.people
        exact, guessed = (call_probability(n, wanted, noise) for noise in (0.0, terms.noise))
        ways = {
            ALONE: (np.ones(n + 1), 0.0),
            PLEDGED: (exact, 0.0),
            FALLIBLE: (guessed, terms.defectors),
        }
        return {
            way: pledge_outcome(self.success, terms.cost, terms.share, law, calling, defectors)
            for way, (calling, defectors) in ways.items()
        }


@dataclass(frozen=True, eq=False)
class PlayedCurve:
    """The game on the mean of a measured curve, with intervals, and on each of its seeds.

    Args:
        measured: the curve.
        mean: the game on the mean over seeds.
        by_seed: on each seed's own, with the threshold that the other seeds say.
        pays_from, incentive, threshold: with their intervals.
        between: the measured sizes around ``pays_from``.
    """

    measured: Measured
    mean: Played
    by_seed: tuple[Played, ...]
    pays_from: Interval
    incentive: Interval
    threshold: Interval
    between: tuple[float, float]


def play(measured: Measured, terms: Terms, may_act: int) -> PlayedCurve:
    """Return the game on a curve: on its mean, and on each seed's own.

    In a seed's own game its curve is the truth, and the threshold is read off the other seeds: a
    collective knows α* from elsewhere.

    Args:
        measured: the curve.
        terms: of the game.
        may_act: n.
    """
    alphas, success = measured.alphas, measured.success
    fitted = monotone(np.column_stack([mean_over_seeds(success), success, _others(success)]))
    again = monotone(np.clip(resampled_means(success), 0, 1))  # (a, c)
    needed = float(success_that_pays(terms.cost, terms.share))
    threshold, pays_from = _threshold(alphas, fitted, terms), crossing(alphas, fitted, needed)
    incentive = _incentive(alphas, fitted, terms)
    seeds = success.shape[1]

    def game(curve: int, known: int) -> Played:
        return Played(
            terms, measured.people, may_act,
            by_actors(alphas, fitted[:, curve], measured.people, may_act),
            float(pays_from[curve]), float(threshold[known]), float(incentive[curve]),
        )  # fmt: skip

    low, high = np.searchsorted(alphas, pays_from[0]), len(alphas)
    edges = np.concatenate([alphas, [math.inf]])
    return PlayedCurve(
        measured,
        game(0, 0),
        tuple(game(1 + s, 1 + seeds + s) for s in range(seeds)),
        _interval(pays_from[0], crossing(alphas, again, needed)),
        _interval(incentive[0], _incentive(alphas, again, terms)),
        _interval(threshold[0], _threshold(alphas, again, terms)),
        (float(edges[max(low - 1, 0)]), float(edges[min(low, high)])),
    )


def _others(success: Floats) -> Floats:
    """Return the mean over all seeds but one, (a, s); of one seed, itself."""
    s = success.shape[1]
    return success if s == 1 else (success.sum(axis=1, keepdims=True) - success) / (s - 1)


def _threshold(alphas: Floats, curves: Floats, terms: Terms) -> Floats:
    if terms.threshold is not None:
        return np.full(curves.shape[1], terms.threshold)
    return crossing(alphas, curves, terms.target)


def _incentive(alphas: Floats, curves: Floats, terms: Terms) -> Floats:
    """Return [k − (1−γ)·E S]₊ of each curve, (c,), over the sizes that are believed in."""
    from scipy.special import ndtri

    z = ndtri((np.arange(QUANTILES) + 0.5) / QUANTILES) if terms.spread else np.zeros(1)
    sizes = np.minimum(terms.belief * np.exp(terms.spread * z), alphas[-1])
    expected = [at_sizes(alphas, curve, sizes).mean() for curve in curves.T]
    return np.maximum(terms.cost - (1 - terms.share) * np.array(expected), 0)


def _interval(estimate: float, resampled: Floats) -> Interval:
    """Return an interval whose ends are among the resampled values, so that inf stays inf."""
    tail = (1 - CONFIDENCE) / 2
    ordered = np.sort(resampled)
    low, high = (
        float(ordered[min(len(ordered) - 1, math.floor(q * len(ordered)))])
        for q in (tail, 1 - tail)
    )
    return Interval(float(estimate), min(low, float(estimate)), max(high, float(estimate)))
