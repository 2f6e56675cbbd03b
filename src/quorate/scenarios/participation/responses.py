"""Best-response dynamics: who acts in the end, from those who begin.

Shapes: r rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quorate.intervals import Floats
from quorate.runtime.seeds import stream
from quorate.scenarios.participation.game import ParticipationGame
from quorate.theory import best_response
from quorate.theory.acquaintances import Kind, acquaintances


@dataclass(frozen=True, eq=False)
class ResponseCourse:
    """Where best responses lead from one start.

    Args:
        start: share of those who may act that begin.
        shares: share who act in each round, by what they see of their acquaintances, (r+1,).
        settled: whether nobody wanted to change any more at the end.
        alone: number who act in the end if people change their minds one at a time, knowing all.
    """

    start: float
    shares: Floats
    settled: bool
    alone: int


def follow_responses(
    game: ParticipationGame,
    starts: Sequence[float],
    network: Kind,
    each: int,
    rounds: int,
    seed: int,
) -> tuple[ResponseCourse, ...]:
    """Return where it goes from each start, by acquaintances and one at a time.

    Args:
        game: what acting brings and costs.
        starts: shares of those who may act that begin.
        network: who sees whom.
        each: number of people whom each person sees act or not, on average.
        rounds: rounds of responses, at most.
        seed: of the network, and of who begins.
    """
    known, order, who = (np.random.default_rng(stream(seed, number)) for number in range(3))
    terms, n = game.terms, game.may_act
    seen = acquaintances(network, n, each, known)
    worth = best_response.expected_under_doubt(
        best_response.worth_of_acting(game.success, terms.share), terms.spread
    )
    first = order.permutation(n)  # who begins: more starters include fewer
    found = []
    for start in starts:
        begin = round(start * n)
        shares = best_response.rounds_of_responses(
            worth, game.costs, seen, first < begin, rounds, who
        )
        end = best_response.settled_size(game.success, game.costs, terms.share, begin)
        found.append(ResponseCourse(start, shares, len(shares) <= rounds, end))
    return tuple(found)
