"""What a member gains and pays by joining: the participation game on a campaign's own curves.

Acting costs k, in units of full success, and whoever acts gets all of the success S; whoever stays
out gets γ·S. A pledge is an assurance contract: nobody acts before the quorum. See ``theory``
(``participation``, ``best_response``, ``pledges``) for the model, which is no guarantee.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from quorate.collective.facts.curve import SuccessCurve, Surety
from quorate.collective.facts.reading import mapping, number, whole
from quorate.errors import InputError
from quorate.intervals import Floats
from quorate.printable import one_line
from quorate.theory.best_response import rest_points
from quorate.theory.participation import gain_from_acting, success_that_pays
from quorate.theory.pledges import expected_after_defection, turnout_law
from quorate.validate import at_least, in_interval

MOST_PEOPLE = 20_000  # counted one by one; of more, groups of equal size are counted
BEYOND = 4  # times the quorum, what pays and who is expected: more people are not looked at
MOST_EXPECTED = 10**9
TERMS = "joining"  # key of a campaign's source at which the organiser's terms stand
PREFERRED: tuple[Surety, ...] = ("simulated", "rehearsed", "measured", "certified")


@dataclass(frozen=True)
class JoiningTerms:
    """What acting costs and brings, and how many are expected: as the organiser states it.

    Args:
        cost: k, what acting costs a member, in units of full success, at least 0.
        share: γ, the part of the success that reaches those who stay out, in [0, 1].
        expected: how many pledges are expected by the deadline, by the median; None for no idea.
        spread: standard deviation of the logarithm of that number, at least 0.
        defectors: share of those who pledged that do not act, in [0, 1).

    Raises:
        InputError: a number is out of range.
    """

    cost: float = 0.1
    share: float = 0.5
    expected: int | None = None
    spread: float = 0.5
    defectors: float = 0.1

    def __post_init__(self) -> None:
        at_least("cost", self.cost, 0, "It is in units of full success, as in 0.1.")
        in_interval("share", self.share, 0, 1, "1: who stays out gets as much as who acts.")
        if self.expected is not None:
            at_least("expected", self.expected, 1, "Expect somebody.", most=MOST_EXPECTED)
        at_least("spread", self.spread, 0, "0: it is known how many pledge.", most=10)
        in_interval("defectors", self.defectors, 0, 1, "Somebody acts.", open_high=True)

    def to_plain(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> JoiningTerms:
        """Return the terms that plain data hold; what they leave out is as by default.

        Raises:
            InputError: something is no number, out of range, or unknown.
        """
        names = {one.name for one in fields(cls)}
        try:
            given = dict(mapping(plain))
            if not set(given) <= names:
                raise ValueError(f"{', '.join(sorted(set(given) - names))} among them")
            expected = given.pop("expected", None)
            read = {name: number(value) for name, value in given.items()}
            people = None if expected is None else whole(expected, 1, MOST_EXPECTED)
        except (ValueError, ArithmeticError) as error:
            raise InputError(
                f"Expected {', '.join(sorted(names))} as terms of joining, got: "
                f"{one_line(str(error))}. Give numbers."
            ) from None
        return cls(expected=people, **read)


def terms_in(source: Mapping[str, Any] | None) -> JoiningTerms:
    """Return the terms that stand in a campaign's source; those by default where none do.

    Raises:
        InputError: as ``JoiningTerms.from_plain``.
    """
    given = None if source is None else source.get(TERMS)
    return JoiningTerms() if given is None else JoiningTerms.from_plain(given)


@dataclass(frozen=True)
class JoiningOnCurve:
    """What joining brings, as one curve says.

    Args:
        surety, called: of the curve; with "certified" every success is a lower bound.
        at_quorum: success once as many act as the quorum asks for.
        member: what each of them gets, S − k.
        outsider: what each one gets who stays out, γS.
        pays: whether acting then pays, (1 − γ)S > k.
        decisive: whether the pledge pays on which the quorum hangs, S − k > γS₀: without it nobody
            acts.
        pays_from: members from which on acting pays: the minimum viable size; None for nowhere.
    """

    surety: Surety
    called: str
    at_quorum: float
    member: float
    outsider: float
    pays: bool
    decisive: bool
    pays_from: int | None


@dataclass(frozen=True)
class Call:
    """What comes of the call to pledge, as far as the organiser expects pledges.

    Args:
        reached: probability that the quorum is met by the deadline, given the pledges so far.
        member: expected S − k of someone who pledges and acts; γS₀ where nobody acts.
        outsider: expected γS of someone who stays out.
        success: expected success.
    """

    reached: float
    member: float
    outsider: float
    success: float


@dataclass(frozen=True)
class Joining:
    """What a member gains and pays, at the pledges so far and at the quorum.

    Args:
        terms: what the organiser states.
        quorum, pledges: asked for, and made so far.
        curves: what joining brings on each curve of the source; none without one.
        spoken_of: the curve that ``tipping`` and ``call`` are about: the most cautious of what was
            simulated, else rehearsed, measured or certified; None without a curve.
        tipping: number of actors below which, without a pledge, members would rather stay out and
            above which more would join; None where there is no such point.
        call: what comes of the call; None where there is no curve or nothing is expected.
    """

    terms: JoiningTerms
    quorum: int
    pledges: int
    curves: tuple[JoiningOnCurve, ...]
    spoken_of: JoiningOnCurve | None
    tipping: int | None
    call: Call | None


def joining(
    curves: tuple[SuccessCurve, ...],
    terms: JoiningTerms,
    quorum: int,
    pledges: int,
    people: int | None = None,
) -> Joining:
    """Return what a member gains and pays by joining.

    Args:
        curves: success by members, as the source of the campaign has it; may be empty.
        terms: what the organiser states.
        quorum: pledges that are asked for.
        pledges: made so far.
        people: who may act at most, such as everyone on the platform; None where that is unknown.

    Raises:
        InputError: a number is out of range.
    """
    at_least("quorum", quorum, 1, "Ask for at least one pledge.")
    at_least("pledges", pledges, 0, "Count the pledges so far.")
    found = tuple(_on_curve(curve, terms, quorum) for curve in curves)
    spoken = _most_cautious(found)
    if spoken is None:
        return Joining(terms, quorum, pledges, found, None, None, None)
    curve = curves[found.index(spoken)]
    game = _game(
        curve, terms, _who_may_act(curve, terms, max(quorum, spoken.pays_from or 1), people)
    )
    call = None if terms.expected is None else _call(game, terms, quorum, pledges)
    tipping = None if spoken.surety == "certified" else game.tipping  # a bound does not tip
    return Joining(terms, quorum, pledges, found, spoken, tipping, call)


def _on_curve(curve: SuccessCurve, terms: JoiningTerms, quorum: int) -> JoiningOnCurve:
    success = float(curve.success_of(quorum))
    needed = float(success_that_pays(terms.cost, terms.share))
    # Acting pays above this success, not at it; with no cost anybody's success pays.
    from_size = curve.members_for(max(needed, 1e-9)) if math.isfinite(needed) else math.inf
    return JoiningOnCurve(
        curve.surety,
        curve.called,
        success,
        success - terms.cost,
        terms.share * success,
        float(gain_from_acting(success, terms.cost, terms.share)) > 0,
        success - terms.cost > terms.share * float(curve.success_of(0)),
        max(1, math.ceil(from_size - 1e-6)) if math.isfinite(from_size) else None,
    )


def _who_may_act(curve: SuccessCurve, terms: JoiningTerms, needed: int, people: int | None) -> int:
    """Return how many people the game is played by: no more than matter for what is said."""
    often = (terms.expected or 1) * math.exp(2 * terms.spread)
    largest = max(math.ceil(curve.largest), needed) if people is None else max(people, needed)
    return min(largest, math.ceil(BEYOND * max(needed, often)))


def _most_cautious(found: tuple[JoiningOnCurve, ...]) -> JoiningOnCurve | None:
    """Return the curve that the page speaks of: of the preferred kind the one that pays last."""
    for surety in PREFERRED:
        of_kind = [one for one in found if one.surety == surety]
        if of_kind:
            return max(of_kind, key=lambda one: (one.pays_from or math.inf, -one.at_quorum))
    return None


@dataclass(frozen=True, eq=False)
class _Game:
    """The game of those who may act, in groups of ``unit`` people.

    Args:
        success: S of 0 .. n groups, (n+1,).
        everyone, mine: expected S once some of j have not acted, and that of a member, (n+1,).
    """

    unit: int
    success: Floats
    everyone: Floats
    mine: Floats
    tipping: int | None


@functools.lru_cache(maxsize=256)
def _game(curve: SuccessCurve, terms: JoiningTerms, people: int) -> _Game:
    """Return the game on a curve, whatever the number of pledges."""
    unit = math.ceil(people / MOST_PEOPLE)
    n = math.ceil(people / unit)
    success = curve.success_of(np.arange(n + 1) * unit)  # (n+1,)
    rests = rest_points(success, np.full(n, terms.cost), terms.share)
    tips = rests.unstable[rests.unstable > 0]
    everyone = expected_after_defection(success, terms.defectors)
    mine = np.insert(expected_after_defection(success[1:], terms.defectors), 0, success[0])
    return _Game(unit, success, everyone, mine, int(tips[0]) * unit if len(tips) else None)


def _call(game: _Game, terms: JoiningTerms, quorum: int, pledges: int) -> Call:
    """Return what comes of the call, given that there are so many pledges already."""
    assert terms.expected is not None
    n, unit = len(game.success) - 1, game.unit
    law = turnout_law(n, terms.expected / unit, terms.spread)  # (n+1,)
    so_far = min(math.ceil(pledges / unit), n)
    law[:so_far] = 0.0
    if law.sum() > 0:
        law = law / law.sum()
    else:  # more have pledged than were ever expected
        law[so_far] = 1.0
    acts = np.where(np.arange(n + 1) >= math.ceil(quorum / unit), law, 0.0)  # (n+1,)
    reached = 1.0 if pledges >= quorum else min(float(acts.sum()), 1.0)
    nobody = float(game.success[0])
    success = float(acts @ game.everyone) + (1 - reached) * nobody
    member = float(acts @ (game.mine - terms.cost)) + (1 - reached) * terms.share * nobody
    return Call(reached, member, terms.share * success, success)
