"""The result of participation: does joining pay, who acts in the end, and what pledges change."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap
from typing import Any

from quorate.figures.style import percent_of
from quorate.intervals import Interval
from quorate.plain import finite_or_none
from quorate.runs.privacy_words import privacy_sections
from quorate.runs.result import Picture, Result, Row, Section, TextRow
from quorate.runs.wording import percent
from quorate.scenarios.participation import measures, pictures
from quorate.scenarios.participation.game import ALONE, PLEDGED, CurveGames
from quorate.scenarios.participation.measures import CALLS
from quorate.scenarios.participation.responses import ResponseCourse
from quorate.theory.best_response import RECONSIDER
from quorate.theory.participation import assured_equilibria, success_that_pays
from quorate.theory.pledges import PledgeOutcome, pledges_needed

WHOSE = ("population", "strategy", "learner", "called", "people")
SURE = 0.95  # probability that a number of pledges is enough


@dataclass(frozen=True, eq=False)
class ParticipationResult(Result):
    """The game on one curve, and on those of the platform's other learners.

    Args:
        games: the game on the chosen curve.
        learners: the game on each curve of the same people, strategy and goal, the chosen one's
            among them.
        courses: where best responses lead from each start.
        network: who sees whom.
    """

    games: CurveGames
    learners: tuple[CurveGames, ...]
    courses: tuple[ResponseCourse, ...]
    network: str

    @property
    def title(self) -> str:
        """What the page is called."""
        measured = self.games.measured
        return f"Does joining pay? {measured.population}, {measured.called}"

    # ---------------------------------------------------------------------------- for programs

    def rows(self) -> list[Row]:
        """Return one row a learner and seed: the game on the seed's own curve.

        The threshold of its pledges is what the other seeds say.
        """
        return self._rows

    @cached_property
    def _rows(self) -> list[Row]:
        return [row for one in self.learners for row in measures.measure_seeds(one)]

    def to_json(self) -> dict[str, Any]:
        """Return plain data; None where there is no such number."""
        games, mean = self.games, self.games.mean
        measured, terms = games.measured, mean.terms
        return {
            "curve": {
                **{key: getattr(measured, key) for key in WHOSE},
                "may_act": mean.may_act,
                "seeds": len(measured.seeds),
            },
            "cost": terms.cost,
            "share": terms.share,
            "pays": {
                "success": finite_or_none(float(success_that_pays(terms.cost, terms.share))),
                "alpha": games.pays_from.to_json(),
                "between": [finite_or_none(end) for end in games.between],
                "members": measures.count_people(games.pays_from.estimate, measured.people),
            },
            "regimes": measures.list_regimes(mean),
            "equilibria": measures.list_equilibria(mean),
            "tipping_point": None
            if mean.tipping is None
            else measures.measure_at(mean, mean.tipping),
            "free_riding": measures.measure_free_riding(mean),
            "regime": measures.name_regime(mean),
            "dynamics": self._dynamics(),
            "pledges": self._pledges(),
            "learners": [measures.measure_learner(one) for one in self.learners],
        }

    def _dynamics(self) -> dict[str, Any]:
        people, may_act = self.games.measured.people, self.games.mean.may_act
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
        mean, terms = self.games.mean, self.games.mean.terms
        wanted = mean.threshold * mean.people
        possible = 0 < math.ceil(wanted) <= mean.may_act if math.isfinite(wanted) else False
        game = mean.success, mean.costs, terms.share
        holds = assured_equilibria(*game, math.ceil(wanted)) if possible else ()
        enough = pledges_needed(wanted, terms.defectors, terms.noise, SURE) if wanted else 0.0
        return {
            "threshold": self.games.threshold.to_json(),
            "pledges": finite_or_none(math.ceil(wanted) if math.isfinite(wanted) else wanted),
            "assured_equilibria": [measures.measure_at(mean, int(m)) for m in holds],
            "enough_with_defectors_and_noise": finite_or_none(enough),
            **{CALLS[call]: vars(outcome) for call, outcome in mean.pledges().items()},
        }

    # ------------------------------------------------------------------------------ for people

    def summary(self) -> list[str]:
        """Return whether joining pays, where best responses end, and what a pledge changes."""
        return [self._say_pays(), self._say_regime(), self._say_free_riding(), self._say_pledges()]

    def _say_pays(self) -> str:
        pays, terms, people = self.games.pays_from, self.games.mean.terms, self.games.mean.people
        given = f"a cost of {terms.cost:g} and a share of {terms.share:g} for who stays out"
        members = measures.count_people(pays.estimate, people)
        if members is None:
            return f"With {given}, acting pays at no size that was measured."
        return (
            f"With {given}, acting pays from {percent(pays.estimate)} on: {members:,} of "
            f"{people:,} people (95% interval {percent(pays.low)} to {percent(pays.high)})."
        )

    def _say_regime(self) -> str:
        mean, regime = self.games.mean, measures.name_regime(self.games.mean)
        said = f"Where everyone knows how many act, {regime}"
        if mean.tipping is None:
            return f"{said}."
        size = percent(mean.tipping / mean.people)
        return f"{said}: it tips at {mean.tipping:,} of {mean.people:,} people, {size}."

    def _say_free_riding(self) -> str:
        found, may_act = measures.measure_free_riding(self.games.mean), self.games.mean.may_act
        fewest, most, best = (found[key]["actors"] for key in ("fewest", "most", "optimum"))
        said = f"It is best for all if {best:,} of the {may_act:,} who may act do."
        lost = found["lost_at_fewest"]
        if fewest == most:
            return f"{said} While {fewest:,} do, a person gets {_less(lost)} on average."
        return (
            f"{said} In the stable equilibrium with the fewest actors, {fewest:,}, a person gets "
            f"{_less(lost)} on average, and in that with the most, {most:,}, "
            f"{_less(found['lost_at_most'])}."
        )

    def _say_pledges(self) -> str:
        mean = self.games.mean
        found, answer = mean.pledges(), round(mean.terms.belief * mean.people)
        alone, pledged = found[ALONE], found[PLEDGED]
        return (
            f"If about {answer:,} of {mean.people:,} people answer a call and act at once, each of "
            f"them gets {alone.member:.3f}, and with probability {alone.too_early:.0%} there are "
            f"too few for it to pay. With a pledge, an assurance contract, it is "
            f"{pledged.member:.3f} and {pledged.too_early:.0%}, and they act with probability "
            f"{pledged.reached:.0%}."
        )

    def sections(self) -> list[Section]:
        """Return the tables: learners, equilibria, responses, and a call."""
        mean, people = self.games.mean, self.games.measured.people
        answer = round(mean.terms.belief * people)
        responses = "Responses, from those who begin (of those who may act)"
        tables: dict[str, Iterable[TextRow]] = {
            "When acting pays, by the platform's learner": map(_learner_row, self.learners),
            f"Equilibria: {measures.name_regime(mean)}": map(
                _equilibrium_row, measures.list_equilibria(mean)
            ),
            responses: map(self._course_row, self.courses),
            f"A call that about {answer:,} people answer": starmap(
                _call_row, mean.pledges().items()
            ),
        }
        found = [Section(heading, rows=tuple(rows)) for heading, rows in tables.items()]
        measured = [one.measured for one in self.learners]
        return found + privacy_sections((one.learner, one.epsilon) for one in measured)

    def _course_row(self, course: ResponseCourse) -> TextRow:
        end = round(course.shares[-1] * self.games.mean.may_act)
        return {
            "begin": percent_of(course.start),
            "one at a time, knowing all": f"{course.alone:,} people",
            f"by acquaintances ({self.network})": f"{end:,} people",
            "rounds": f"{len(course.shares) - 1}{'' if course.settled else ', unsettled'}",
        }

    def pictures(self) -> dict[str, Picture]:
        """Return the two regimes, the responses, what pledges change, and the learners."""
        mean = self.games.mean
        drawn = {
            "regimes": pictures.draw_regimes(self.games),
            "responses": pictures.draw_responses(mean, self.courses, self.network),
            "pledges": pictures.draw_pledges(mean),
        }
        if len(self.learners) > 1:
            drawn["learners"] = pictures.draw_learners(self.learners)
        return drawn


def _learner_row(one: CurveGames) -> TextRow:
    members = measures.count_people(one.pays_from.estimate, one.measured.people)
    budget = one.measured.epsilon
    return {
        "learner": one.measured.called,
        "ε": "" if budget is None else ("∞" if math.isinf(budget) else f"{budget:.2g}"),
        "pays from α": _say_interval(one.pays_from, lambda v: percent_of(float(f"{v:.3g}"))),
        "people": "none are enough" if members is None else f"{members:,}",
        "incentive a member": _say_interval(one.incentive, lambda v: f"{v:.3f}"),
        "regime": measures.name_regime(one.mean),
    }


def _equilibrium_row(row: dict[str, Any]) -> TextRow:
    return {
        "α": percent_of(float(f"{row['alpha']:.3g}")),
        "people": f"{row['actors']:,}",
        "stability": "lasts" if row["stable"] else "tips",
        **_say_gains(row),
    }


def _call_row(call: str, outcome: PledgeOutcome) -> TextRow:
    acted, early = f"{outcome.reached:.1%}", f"{outcome.too_early:.1%}"
    return {
        "call": call,
        "it is acted": acted,
        "too few to pay": early,
        **_say_gains(vars(outcome)),
    }


def _say_gains(of: dict[str, Any]) -> TextRow:
    named = {"success": "success", "who acts gets": "member", "who stays out gets": "outsider"}
    return {heading: f"{of[key]:.3f}" for heading, key in named.items()}


def _say_interval(value: Interval, words: Callable[[float], str]) -> str:
    def one(number: float) -> str:
        return "never" if math.isinf(number) else words(number)

    return f"{one(value.estimate)} ({one(value.low)} to {one(value.high)})"


def _less(lost: float) -> str:
    """Return how much less a person gets.

    >>> _less(0.8), _less(0.0001)
    ('0.800 less', 'no less')
    """
    return f"{lost:.3f} less" if round(lost, 3) else "no less"
