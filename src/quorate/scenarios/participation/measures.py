"""The measures of a game as plain data: equilibria, regimes, free riding, a row for each seed."""

from __future__ import annotations

import math
from typing import Any

from quorate.plain import finite_or_none
from quorate.runs.privacy_words import leaves_out_in_words
from quorate.runs.result import Row
from quorate.scenarios.participation.game import (
    ALONE,
    FALLIBLE,
    PLEDGED,
    CurveGames,
    ParticipationGame,
)

CALLS = {ALONE: "at_once", PLEDGED: "pledged", FALLIBLE: "fallible"}  # keys of JSON and columns


def name_regime(game: ParticipationGame) -> str:
    """Return in words where best responses end.

    By the stable equilibria: nobody acts, all do, some do and the others ride free, or it depends.
    """
    stable, n = game.rests.stable, game.may_act
    if len(stable) > 1:
        return "it depends on how many begin"
    if not len(stable):
        return "people do not care"
    last = int(stable[0])
    if last in (0, n):
        return "nobody acts, whoever begins" if last == 0 else "everybody who may act does"
    return "some act, and the others ride free"


def measure_at(game: ParticipationGame, actors: int) -> dict[str, Any]:
    """Return what people get while so many act."""
    success, terms = float(game.success[actors]), game.terms
    return {
        "alpha": actors / game.people,
        "actors": actors,
        "success": success,
        "member": success - terms.cost,
        "outsider": terms.share * success,
    }


def list_equilibria(game: ParticipationGame) -> list[dict[str, Any]]:
    """Return the equilibria and the tipping points, by how many act."""
    both = [(int(m), True) for m in game.rests.stable]
    both += [(int(m), False) for m in game.rests.unstable]
    return [{**measure_at(game, m), "stable": stable} for m, stable in sorted(both)]


def list_regimes(game: ParticipationGame) -> list[dict[str, Any]]:
    """Return from where to where joining pays, over the sizes that may act."""
    largest = game.may_act / game.people
    edge = min(game.pays_from, largest)
    parts = [(0.0, edge, False), (edge, largest, True)]
    return [{"from": a, "to": b, "joining_pays": pays} for a, b, pays in parts if b > a]


def measure_free_riding(game: ParticipationGame) -> dict[str, Any]:
    """Return the equilibria with the most and the fewest actors beside what is best for all."""
    rests, best = game.rests.stable, game.optimum
    low, high = (int(rests[0]), int(rests[-1])) if len(rests) else (0, 0)
    return {
        "fewest": measure_at(game, low),
        "most": measure_at(game, high),
        "optimum": measure_at(game, best),
        "lost_at_fewest": float(game.welfare[best] - game.welfare[low]),
        "lost_at_most": float(game.welfare[best] - game.welfare[high]),
    }


def count_people(alpha: float, people: int) -> int | None:
    """Return the number of people that a size stands for; None for inf."""
    return None if math.isinf(alpha) else math.ceil(alpha * people - 1e-9)


def measure_learner(games: CurveGames) -> dict[str, Any]:
    """Return what one learner makes of the game, with intervals over seeds."""
    measured, tipping = games.measured, games.mean.tipping
    return {
        "learner": measured.learner,
        "called": measured.called,
        "epsilon": finite_or_none(measured.epsilon),
        **({"epsilon_leaves_out": said} if (said := _leaves_out(games)) else {}),
        "minimum_viable_size": games.pays_from.to_json(),
        "members": count_people(games.pays_from.estimate, measured.people),
        "incentive": games.incentive.to_json(),
        "tipping_point": None if tipping is None else tipping / games.mean.people,
        "regime": name_regime(games.mean),
    }


def _leaves_out(games: CurveGames) -> str:
    return leaves_out_in_words(games.measured.learner, games.measured.epsilon)


def measure_seeds(games: CurveGames) -> list[Row]:
    """Return one flat row a seed: the game on the seed's own curve."""
    rows = []
    for seed, game in zip(games.measured.seeds, games.by_seed, strict=True):
        stable, people = game.rests.stable, game.people
        row: Row = {
            "learner": games.measured.called,
            "seed": seed,
            "epsilon": finite_or_none(games.measured.epsilon),
            "epsilon_leaves_out": _leaves_out(games) or None,
            "minimum_viable_size": finite_or_none(game.pays_from),
            "incentive": game.incentive,
            "tipping_point": None if game.tipping is None else game.tipping / people,
            "fewest_in_equilibrium": int(stable[0]) / people if len(stable) else None,
            "most_in_equilibrium": int(stable[-1]) / people if len(stable) else None,
            "optimum": game.optimum / people,
            "threshold": finite_or_none(game.threshold),
        }
        for call, outcome in game.pledges().items():
            row |= {f"{CALLS[call]}_{key}": value for key, value in vars(outcome).items()}
        rows.append(row)
    return rows
