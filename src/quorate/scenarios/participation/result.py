"""What came of the game: numbers, tables and pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quorate.figures.style import percent_of
from quorate.intervals import Floats, band
from quorate.plain import finite_or_none
from quorate.runs.result import Picture
from quorate.scenarios.participation.game import (
    ALONE,
    FALLIBLE,
    PLEDGED,
    Interval,
    Played,
    PlayedCurve,
)
from quorate.scenarios.participation.monotone_curve import at_sizes
from quorate.theory.best_response import RECONSIDER
from quorate.theory.participation import assured_equilibria, success_that_pays
from quorate.theory.pledges import pledges_needed

SURE = 0.95  # of the number of pledges that is enough
KEYS = {ALONE: "at_once", PLEDGED: "pledged", FALLIBLE: "fallible"}


@dataclass(frozen=True, eq=False)
class Course:
    """Where it goes from one start.

    Args:
        start: share of those who may act that begin.
        shares: who act in each round, by what they see of their acquaintances, (r+1,).
        settled: whether nobody wanted to change any more at the end.
        alone: how many act in the end if people change their minds one at a time, knowing all.
    """

    start: float
    shares: Floats
    settled: bool
    alone: int


@dataclass(frozen=True, eq=False)
class Participated:
    """The game on one curve and on those of the platform's other learners.

    Args:
        game: on the chosen curve.
        learners: on each curve of the same people, strategy and goal, the chosen one among them.
        courses: from each start.
        network: who sees whom.
    """

    game: PlayedCurve
    learners: tuple[PlayedCurve, ...]
    courses: tuple[Course, ...]
    network: str

    @property
    def title(self) -> str:
        """What the page is called."""
        measured = self.game.measured
        return f"Does joining pay? {measured.population}, {measured.called}"

    # ------------------------------------------------------------------------------------- numbers

    def to_json(self) -> dict[str, Any]:
        """Return plain data; None where there is no such number."""
        game, mean = self.game, self.game.mean
        measured, terms = game.measured, mean.terms
        return {
            "curve": {
                **{key: getattr(measured, key) for key in ("population", "strategy", "learner")},
                "called": measured.called, "people": measured.people,
                "may_act": mean.may_act, "seeds": len(measured.seeds),
            },
            "cost": terms.cost,
            "share": terms.share,
            "pays": {
                "success": finite_or_none(float(success_that_pays(terms.cost, terms.share))),
                "alpha": game.pays_from.to_json(),
                "between": [finite_or_none(end) for end in game.between],
                "members": _people(game.pays_from.estimate, measured.people),
            },
            "regimes": _regimes(mean),
            "equilibria": _equilibria(mean),
            "tipping_point": None if mean.tipping is None else _at(mean, mean.tipping),
            "free_riding": _free_riding(mean),
            "regime": regime(mean),
            "dynamics": self._dynamics(),
            "pledges": self._pledges(),
            "learners": [_learner_json(one) for one in self.learners],
        }  # fmt: skip

    def _dynamics(self) -> dict[str, Any]:
        people, may_act = self.game.measured.people, self.game.mean.may_act
        return {
            "network": self.network,
            "reconsider": RECONSIDER,
            "courses": [
                {
                    "start": course.start,
                    "one_at_a_time": course.alone / people,
                    "by_acquaintances": float(course.shares[-1]) * may_act / people,
                    "settled": course.settled,
                    "rounds": len(course.shares) - 1,
                    "shares": [round(float(share), 6) for share in course.shares],
                }
                for course in self.courses
            ],
        }

    def _pledges(self) -> dict[str, Any]:
        mean, terms = self.game.mean, self.game.mean.terms
        wanted = mean.threshold * mean.people
        possible = 0 < math.ceil(wanted) <= mean.may_act if math.isfinite(wanted) else False
        holds = (
            assured_equilibria(mean.success, mean.costs, terms.share, math.ceil(wanted))
            if possible
            else np.array([], dtype=np.int64)
        )
        enough = pledges_needed(wanted, terms.defectors, terms.noise, SURE) if wanted else 0.0
        return {
            "threshold": self.game.threshold.to_json(),
            "pledges": finite_or_none(math.ceil(wanted) if math.isfinite(wanted) else wanted),
            "assured_equilibria": [_at(mean, int(m)) for m in holds],
            "enough_with_defectors_and_noise": finite_or_none(enough),
            **{KEYS[way]: vars(outcome) for way, outcome in mean.pledges().items()},
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a learner and seed: the game on the seed's own curve.

        The threshold of its pledges is what the other seeds say.
        """
        return self._rows

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        return [
            _row(one, seed, played)
            for one in self.learners
            for seed, played in zip(one.measured.seeds, one.by_seed, strict=True)
        ]

    # -------------------------------------------------------------------------------------- tables

    def tables(self) -> dict[str, list[dict[str, str]]]:
        """Return what is printed."""
        people = self.game.measured.people
        return {
            "When acting pays, by the platform's learner": [
                _learner_row(one) for one in self.learners
            ],
            f"Equilibria: {regime(self.game.mean)}": [
                {
                    "α": percent_of(float(f"{row['alpha']:.3g}")),
                    "people": f"{row['actors']:,}",
                    "": "lasts" if row["stable"] else "tips",
                    "success": f"{row['success']:.3f}",
                    "who acts gets": f"{row['member']:.3f}",
                    "who stays out gets": f"{row['outsider']:.3f}",
                }
                for row in _equilibria(self.game.mean)
            ],
            "Responses, from those who begin (of those who may act)": [
                {
                    "begin": percent_of(course.start),
                    "one at a time, knowing all": f"{course.alone:,} people",
                    f"by acquaintances ({self.network})": (
                        f"{round(course.shares[-1] * self.game.mean.may_act):,} people"
                    ),
                    "rounds": f"{len(course.shares) - 1}{'' if course.settled else ', unsettled'}",
                }
                for course in self.courses
            ],
            f"A call that about {round(self.game.mean.terms.belief * people):,} people answer": [
                {
                    "": way,
                    "it is acted": f"{outcome.reached:.1%}",
                    "too few to pay": f"{outcome.too_early:.1%}",
                    "success": f"{outcome.success:.3f}",
                    "who acts gets": f"{outcome.member:.3f}",
                    "who stays out gets": f"{outcome.outsider:.3f}",
                }
                for way, outcome in self.game.mean.pledges().items()
            ],
        }

    # ------------------------------------------------------------------------------------ pictures

    def pictures(self) -> dict[str, Picture]:
        """Return the two regimes, the responses, what pledges change, and the learners."""
        from quorate.figures import participation as figures

        game, mean, terms = self.game, self.game.mean, self.game.mean.terms
        measured = game.measured
        sizes, values = _thinned(mean)
        average, *ends = band(measured.success)
        low, high = (at_sizes(measured.alphas, end, sizes) for end in ends)
        found = {
            "regimes": Picture(
                figures.regimes_figure(
                    (sizes, values, low, high),
                    (measured.alphas, average),
                    terms.cost, terms.share, game.pays_from.estimate,
                    mean.rests.stable / mean.people, mean.rests.unstable / mean.people,
                ),
                f"What a person gets with γ = {terms.share:g} and k = {terms.cost:g}, by how many "
                "act. Filled dots: it stays there. Open dots: it tips.",
            ),
            "responses": Picture(
                figures.responses_figure(
                    [(course.start, course.shares) for course in self.courses],
                    mean.rests.unstable / mean.may_act, self.network,
                ),
                "Who act, round by round, when people go by those whom they know; dotted: where "
                "it tips if everybody knows all.",
            ),
            "pledges": Picture(
                figures.pledges_figure(*_by_belief(mean), mean.threshold, terms.belief),
                "What one who acts gets, and how likely it is that it does not pay, by how many "
                "are expected to answer the call.",
            ),
        }  # fmt: skip
        if len(self.learners) > 1:
            found["learners"] = Picture(
                figures.learners_figure(
                    [one.measured.called for one in self.learners],
                    [_ends(one.pays_from) for one in self.learners],
                    [_ends(one.incentive) for one in self.learners],
                    max(float(one.measured.alphas[-1]) for one in self.learners),
                    terms.belief,
                ),
                "The least collective for which acting pays, and what each member of the expected "
                "one would have to be given for it to pay, by the platform's learner.",
            )
        return found


def regime(played: Played) -> str:
    """Return in words where best responses end.

    By the stable equilibria: none acts, all do, some do and the others ride free, or it depends.
    """
    stable, n = played.rests.stable, played.may_act
    if len(stable) > 1:
        return "it depends on how many begin"
    if not len(stable):
        return "people do not care"
    last = int(stable[0])
    if last in (0, n):
        return "nobody acts, whoever begins" if last == 0 else "everybody who may act does"
    return "some act, and the others ride free"


def _at(played: Played, actors: int) -> dict[str, Any]:
    success, terms = float(played.success[actors]), played.terms
    return {
        "alpha": actors / played.people,
        "actors": actors,
        "success": success,
        "member": success - terms.cost,
        "outsider": terms.share * success,
    }


def _equilibria(played: Played) -> list[dict[str, Any]]:
    both = [(int(m), True) for m in played.rests.stable]
    both += [(int(m), False) for m in played.rests.unstable]
    return [{**_at(played, m), "stable": stable} for m, stable in sorted(both)]


def _regimes(played: Played) -> list[dict[str, Any]]:
    """Return from where to where joining pays, over the sizes that may act."""
    largest = played.may_act / played.people
    edge = min(played.pays_from, largest)
    parts = [(0.0, edge, False), (edge, largest, True)]
    return [{"from": a, "to": b, "joining_pays": pays} for a, b, pays in parts if b > a]


def _free_riding(played: Played) -> dict[str, Any]:
    """Return the equilibria with the most and the fewest actors beside what is best for all."""
    rests, best = played.rests.stable, played.optimum
    low, high = (int(rests[0]), int(rests[-1])) if len(rests) else (0, 0)
    return {
        "fewest": _at(played, low),
        "most": _at(played, high),
        "optimum": _at(played, best),
        "lost_at_fewest": float(played.welfare[best] - played.welfare[low]),
        "lost_at_most": float(played.welfare[best] - played.welfare[high]),
    }


def _people(alpha: float, people: int) -> int | None:
    return None if math.isinf(alpha) else math.ceil(alpha * people - 1e-9)


def _learner_json(one: PlayedCurve) -> dict[str, Any]:
    tipping = one.mean.tipping
    return {
        "learner": one.measured.learner,
        "called": one.measured.called,
        "epsilon": finite_or_none(one.measured.epsilon),
        "minimum_viable_size": one.pays_from.to_json(),
        "members": _people(one.pays_from.estimate, one.measured.people),
        "incentive": one.incentive.to_json(),
        "tipping_point": None if tipping is None else tipping / one.mean.people,
        "regime": regime(one.mean),
    }


def _learner_row(one: PlayedCurve) -> dict[str, str]:
    members = _people(one.pays_from.estimate, one.measured.people)
    budget = one.measured.epsilon
    return {
        "learner": one.measured.called,
        "ε": "" if budget is None else ("∞" if math.isinf(budget) else f"{budget:.2g}"),
        "pays from α": _shown(one.pays_from, lambda v: percent_of(float(f"{v:.3g}"))),
        "people": "none are enough" if members is None else f"{members:,}",
        "incentive a member": _shown(one.incentive, lambda v: f"{v:.3f}"),
        "regime": regime(one.mean),
    }


def _shown(value: Interval, words: Any) -> str:
    def one(number: float) -> str:
        return "never" if math.isinf(number) else str(words(number))

    return f"{one(value.estimate)} ({one(value.low)} to {one(value.high)})"


def _row(one: PlayedCurve, seed: int, played: Played) -> dict[str, Any]:
    measured, stable, people = one.measured, played.rests.stable, played.people
    row: dict[str, Any] = {
        "learner": measured.called,
        "seed": seed,
        "epsilon": finite_or_none(measured.epsilon),
        "minimum_viable_size": finite_or_none(played.pays_from),
        "incentive": played.incentive,
        "tipping_point": None if played.tipping is None else played.tipping / people,
        "fewest_in_equilibrium": int(stable[0]) / people if len(stable) else None,
        "most_in_equilibrium": int(stable[-1]) / people if len(stable) else None,
        "optimum": played.optimum / people,
        "threshold": finite_or_none(played.threshold),
    }
    for way, outcome in played.pledges().items():
        row |= {f"{KEYS[way]}_{key}": value for key, value in vars(outcome).items()}
    return row


def _thinned(played: Played) -> tuple[Floats, Floats]:
    """Return sizes and S at some 200 numbers of actors, close together where they are few."""
    n = played.may_act
    actors = np.unique(np.rint(np.geomspace(1, n + 1, 200)).astype(np.int64)) - 1
    return actors / played.people, played.success[actors]


def _by_belief(played: Played) -> tuple[Floats, dict[str, tuple[Floats, Floats]]]:
    """Return beliefs, and for each way of acting a member's gain and the risk at each."""
    beliefs = np.geomspace(1 / played.people, played.may_act / played.people, 40)
    outcomes = [played.pledges(float(belief)) for belief in beliefs]

    def course(way: str, what: str) -> Floats:
        return np.array([getattr(outcome[way], what) for outcome in outcomes])

    return beliefs, {way: (course(way, "member"), course(way, "too_early")) for way in KEYS}


def _ends(value: Interval) -> Sequence[float]:
    return value.estimate, value.low, value.high
