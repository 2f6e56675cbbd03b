"""The pictures of participation, with what is seen in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np

from quorate.intervals import Floats, band
from quorate.runs.result import Picture
from quorate.scenarios.participation.game import CurveGames, ParticipationGame
from quorate.scenarios.participation.measures import CALLS
from quorate.scenarios.participation.monotone_curve import interpolate
from quorate.scenarios.participation.responses import ResponseCourse

POINTS = 200  # of a curve that is drawn
BELIEFS = 40  # of the picture of pledges


def draw_regimes(games: CurveGames) -> Picture:
    """Return what a person gets by how many act, with the equilibria."""
    from quorate.figures.participation import regimes_figure

    measured, mean, terms = games.measured, games.mean, games.mean.terms
    sizes, values = _thin_out(mean)
    average, *ends = band(measured.success)
    low, high = (interpolate(measured.alphas, end, sizes) for end in ends)
    curve, points = (sizes, values, low, high), (measured.alphas, average)
    rests = mean.rests.stable / mean.people, mean.rests.unstable / mean.people
    pays_from = games.pays_from.estimate
    figure = regimes_figure(curve, points, terms.cost, terms.share, pays_from, *rests)
    caption = (
        f"What a person gets with γ = {terms.share:g} and k = {terms.cost:g}, by how many act. "
        "Filled dots: it stays there. Open dots: it tips."
    )
    return Picture(figure, caption)


def draw_responses(
    game: ParticipationGame, courses: Sequence[ResponseCourse], network: str
) -> Picture:
    """Return who acts, round by round, from each start."""
    from quorate.figures.participation import responses_figure

    lines = [(course.start, course.shares) for course in courses]
    return Picture(
        responses_figure(lines, game.rests.unstable / game.may_act, network),
        "Who act, round by round, when people go by those whom they know; dotted: where it tips if "
        "everybody knows all.",
    )


def draw_pledges(game: ParticipationGame) -> Picture:
    """Return what pledges change, by how many are expected to answer the call."""
    from quorate.figures.participation import pledges_figure

    beliefs = np.geomspace(1 / game.people, game.may_act / game.people, BELIEFS)
    outcomes = [game.pledges(float(belief)) for belief in beliefs]

    def course(call: str, measure: str) -> Floats:
        return np.array([getattr(outcome[call], measure) for outcome in outcomes])

    lines = {call: (course(call, "member"), course(call, "too_early")) for call in CALLS}
    return Picture(
        pledges_figure(beliefs, lines, game.threshold, game.terms.belief),
        "What one who acts gets, and how likely it is that it does not pay, by how many are "
        "expected to answer the call.",
    )


def draw_learners(learners: Sequence[CurveGames]) -> Picture:
    """Return the minimum viable size and the incentive needed, by the platform's learner."""
    from quorate.figures.participation import learners_figure

    sizes = [astuple(one.pays_from) for one in learners]
    incentives = [astuple(one.incentive) for one in learners]
    largest = max(float(one.measured.alphas[-1]) for one in learners)
    names, belief = [one.measured.called for one in learners], learners[0].mean.terms.belief
    return Picture(
        learners_figure(names, sizes, incentives, largest, belief),
        "The least collective for which acting pays, and what each member of the expected one "
        "would have to be given for it to pay, by the platform's learner.",
    )


def _thin_out(game: ParticipationGame) -> tuple[Floats, Floats]:
    """Return sizes and S at some numbers of actors, close together where they are few."""
    n = game.may_act
    actors = np.unique(np.rint(np.geomspace(1, n + 1, POINTS)).astype(np.int64)) - 1
    return actors / game.people, game.success[actors]
