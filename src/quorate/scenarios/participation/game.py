"""The game of participation on a measured curve: what pays, what lasts, and what pledges change.

A collective action problem: acting has a cost, and who stays out may ride free. A call to pledge is
an assurance contract. Shapes: a sizes, s seeds, n people who may act, c curves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quorate.intervals import CONFIDENCE, Floats, Interval, mean_over_seeds, resampled_means
from quorate.scenarios.participation.measured_curve import MeasuredCurve
from quorate.scenarios.participation.monotone_curve import (
    find_crossing,
    fit_monotone,
    interpolate,
    success_by_actors,
)
from quorate.theory.best_response import QUANTILES, RestPoints, rest_points, welfare
from quorate.theory.participation import success_that_pays
from quorate.theory.pledges import PledgeOutcome, call_probability, pledge_outcome, turnout_law

ALONE, PLEDGED, FALLIBLE = "act at once", "pledge", "pledge, with defectors and a guess"


@dataclass(frozen=True)
class GameTerms:
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


@dataclass(frozen=True, eq=False)
class ParticipationGame:
    """The game on one curve, or on the curve of one of its seeds.

    Args:
        terms: the parameters of the game.
        people, may_act: N and n.
        success: S_m for m = 0 .. n actors, (n+1,).
        pays_from: α from which acting pays, inf if nowhere.
        threshold: α* to be pledged, inf where the target is not reached.
        incentive: per member, what has to be added for acting to pay at the size believed.
    """

    terms: GameTerms
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
            belief: the share who are expected to respond, in place of the terms' own.
        """
        terms, n = self.terms, self.may_act
        median = (terms.belief if belief is None else belief) * self.people
        law = turnout_law(n, median, terms.spread)
        wanted = self.threshold * self.people
        exact, guessed = (call_probability(n, wanted, noise) for noise in (0.0, terms.noise))
        calls = (
            (ALONE, np.ones(n + 1), 0.0),
            (PLEDGED, exact, 0.0),
            (FALLIBLE, guessed, terms.defectors),
        )
        return {
            name: pledge_outcome(self.success, terms.cost, terms.share, law, calling, defectors)
            for name, calling, defectors in calls
        }


@dataclass(frozen=True, eq=False)
class CurveGames:
    """The game on the mean of a measured curve, with intervals, and on each of its seeds.

    Args:
        measured: the curve.
        mean: the game on the mean over seeds.
        by_seed: the game on each seed's own curve, with the threshold that the other seeds say.
        pays_from, incentive, threshold: the numbers of ``mean``, with their intervals.
        between: the measured sizes around ``pays_from``.
    """

    measured: MeasuredCurve
    mean: ParticipationGame
    by_seed: tuple[ParticipationGame, ...]
    pays_from: Interval
    incentive: Interval
    threshold: Interval
    between: tuple[float, float]


def play(measured: MeasuredCurve, terms: GameTerms, may_act: int) -> CurveGames:
    """Return the game on a curve: on its mean, and on each seed's own.

    In a seed's own game its curve is the truth, and the threshold is read off the other seeds: a
    collective knows α* from elsewhere.
    """
    alphas, success = measured.alphas, measured.success
    curves = np.column_stack([mean_over_seeds(success), success, _mean_of_others(success)])
    fitted = fit_monotone(curves)  # (a, 1 + 2s)
    resampled = fit_monotone(np.clip(resampled_means(success), 0, 1))  # (a, c)
    needed = float(success_that_pays(terms.cost, terms.share))
    threshold = _find_threshold(alphas, fitted, terms)
    pays_from = find_crossing(alphas, fitted, needed)
    incentive = _find_incentive(alphas, fitted, terms)
    seeds = success.shape[1]

    def game(curve: int, known: int) -> ParticipationGame:
        by_actors = success_by_actors(alphas, fitted[:, curve], measured.people, may_act)
        found = pays_from[curve], threshold[known], incentive[curve]
        return ParticipationGame(terms, measured.people, may_act, by_actors, *map(float, found))

    low, high = np.searchsorted(alphas, pays_from[0]), len(alphas)
    edges = np.concatenate([alphas, [math.inf]])
    return CurveGames(
        measured=measured,
        mean=game(0, 0),
        by_seed=tuple(game(1 + s, 1 + seeds + s) for s in range(seeds)),
        pays_from=_make_interval(pays_from[0], find_crossing(alphas, resampled, needed)),
        incentive=_make_interval(incentive[0], _find_incentive(alphas, resampled, terms)),
        threshold=_make_interval(threshold[0], _find_threshold(alphas, resampled, terms)),
        between=(float(edges[max(low - 1, 0)]), float(edges[min(low, high)])),
    )


def _mean_of_others(success: Floats) -> Floats:
    """Return the mean over all seeds but one, (a, s); of one seed, itself."""
    s = success.shape[1]
    return success if s == 1 else (success.sum(axis=1, keepdims=True) - success) / (s - 1)


def _find_threshold(alphas: Floats, curves: Floats, terms: GameTerms) -> Floats:
    """Return α* of each curve, (c,): the one given, or where the target is reached."""
    if terms.threshold is not None:
        return np.full(curves.shape[1], terms.threshold)
    return find_crossing(alphas, curves, terms.target)


def _find_incentive(alphas: Floats, curves: Floats, terms: GameTerms) -> Floats:
    """Return [k − (1−γ)·E S]₊ of each curve, (c,), over the sizes that are believed in."""
    from scipy.special import ndtri

    z = ndtri((np.arange(QUANTILES) + 0.5) / QUANTILES) if terms.spread else np.zeros(1)
    sizes = np.minimum(terms.belief * np.exp(terms.spread * z), alphas[-1])
    expected = [interpolate(alphas, curve, sizes).mean() for curve in curves.T]
    return np.maximum(terms.cost - (1 - terms.share) * np.array(expected), 0)


def _make_interval(estimate: float, resampled: Floats) -> Interval:
    """Return an interval whose ends are among the resampled values, so that inf stays inf."""
    tail, ordered = (1 - CONFIDENCE) / 2, np.sort(resampled)
    places = (math.floor(q * len(ordered)) for q in (tail, 1 - tail))
    low, high = (float(ordered[min(len(ordered) - 1, place)]) for place in places)
    return Interval(float(estimate), min(low, float(estimate)), max(high, float(estimate)))
