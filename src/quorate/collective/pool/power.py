"""How surely false members would be found: what an organiser should know before the start."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from quorate.collective.pool.compared import SUSPECT
from quorate.collective.pool.dealt import Dealt, binomial
from quorate.collective.pool.reliability import ALARM, ERROR, ROUNDS
from quorate.table import Labels
from quorate.validate import at_least, in_interval

Floats = npt.NDArray[np.float64]
SURE = 0.9  # of finding a false member, which makes a plan a good one
MOST_QUERIES = 1000  # of one member, up to which is searched
CLOSE = 1e-4  # two probabilities that are as good as equal
LARGE = 2000  # answers that stand for everyone's: more change nothing


@dataclass(frozen=True, kw_only=True)
class PoolPlan:
    """What decides how surely false members are found.

    Args:
        members: members who answer.
        queries: answers of each.
        doubled: share of the questions that two members answer, in [0, 1].
        classes: number of labels, at least 2.
        agreement: how often the platform gives the expected label to the questions, in [0, 1]; 0
            where nothing is expected.
        false: share of the members who answer falsely, below a half.
        shared: invitations that several members come by.
        alarm: probability of at most so much that anyone honest is left out.
        error: share of an honest member's answers that may be wrong beyond everyone's.

    Raises:
        InputError: a value is out of range.
    """

    members: int
    queries: int
    doubled: float = 0.25
    classes: int = 10
    agreement: float = 0.7
    false: float = 0.2
    shared: int = 0
    alarm: float = ALARM
    error: float = ERROR

    def __post_init__(self) -> None:
        at_least("members", self.members, 2, "One member alone can be compared with nobody.")
        at_least("queries", self.queries, 1, "Let each member answer at least one question.")
        at_least("classes", self.classes, 2, "A platform gives one of two labels or more.")
        at_least("shared", self.shared, 0, "Use 0 where each member has an invitation.")
        in_interval("doubled", self.doubled, 0, 1, "Use a quarter, 0.25.")
        in_interval("agreement", self.agreement, 0, 1, "Use the platform's accuracy.")
        in_interval("false", self.false, 0, 0.5, "Use 0.2.", open_high=True)
        in_interval("alarm", self.alarm, 0, 1, "Use 0.01.", open_low=True, open_high=True)
        in_interval("error", self.error, 0, 0.5, "Use 0.03.")


def chance_found(plan: PoolPlan) -> float:
    """Return how surely ``find_unreliable`` finds a member who answers at random.

    False members who are not suspected yet are among everyone's and hide one another: how surely
    one is suspected is iterated from nobody on, as ``find_unreliable`` does. Those who invert
    labels, or copy one another behind one invitation, are contradicted more often. Derived, for
    honest answers of which ``error`` are contradicted by another honest one, and labels that are
    expected with probability ``agreement``, independently; compared with simulations in the tests.

    >>> round(chance_found(PoolPlan(members=50, queries=20)), 2)
    0.99
    """
    suspected = 0.0
    for _ in range(ROUNDS):
        before, suspected = suspected, _found_at(plan, suspected, SUSPECT)
        if abs(suspected - before) < CLOSE:
            break
    return _found_at(plan, suspected, plan.alarm / (2 * (plan.members + plan.shared)))


def _found_at(plan: PoolPlan, suspected: float, limit: float) -> float:
    """Return how surely a false member is found below a limit, once so many are suspected."""
    trusted = 1 - plan.false * suspected
    hidden = plan.false * (1 - suspected) / trusted  # share of the trusted who are false
    # of the answers, 2·doubled/(1 + doubled) are to questions that two members answer
    queries = min(plan.queries, MOST_QUERIES)  # more find no fewer
    compared = round(queries * 2 * plan.doubled / (1 + plan.doubled) * trusted)
    others = queries - compared
    alone, both = _dealt(plan, hidden).tails(compared, others)
    by_others = binomial(compared, 1 - 1 / plan.classes)
    found = float(by_others[_least(alone, limit) :].sum())
    if plan.agreement > 0:
        law = np.ones(1)  # of C + U
        for part in [_false_both(plan)] * compared + [_false_alone(plan)] * others:
            law = np.convolve(law, part)
        found = max(found, float(law[_least(both, limit) :].sum()))
    return min(1.0, found)


def queries_needed(plan: PoolPlan, sure: float = SURE) -> int | None:
    """Return the fewest answers of each member that find a false one so surely; None without.

    >>> queries_needed(PoolPlan(members=50, queries=20))
    15
    """
    low, high = 0, 1
    while chance_found(replace(plan, queries=high)) < sure:
        low, high = high, 2 * high
        if high > MOST_QUERIES:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if chance_found(replace(plan, queries=middle)) >= sure else (middle, high)
        )
    return high


def in_words(plan: PoolPlan) -> str:
    """Return how surely false members are found, in sentences for an organiser.

    >>> import textwrap
    >>> print(textwrap.fill(in_words(PoolPlan(members=50, queries=20)), 80))
    A member who answers at random would be found with a probability of 99%, if 50
    members give 20 answers each, a fifth of them falsely, and the platform gives
    the true label to 70% of the questions. With 15 answers each it would be 90%.
    """
    needed = queries_needed(plan)
    least = (
        f"Up to {MOST_QUERIES:,} answers each, it stays below {SURE:.0%}: let more questions be "
        "answered twice."
        if needed is None
        else f"With {needed:,} answers each it would be {SURE:.0%}."
    )
    found = chance_found(plan)
    chance = "over 99%" if found > 0.994 else f"{found:.0%}"
    known = ""
    if plan.agreement > 0:
        right = f"{plan.agreement:.0%}"
        known = f", and the platform gives the true label to {right} of the questions"
    share = "a fifth" if plan.false == 0.2 else f"{plan.false:.0%}"
    return (
        f"A member who answers at random would be found with a probability of {chance}, if "
        f"{plan.members:,} members give {plan.queries:,} answers each, {share} of them falsely"
        f"{known}. {least}"
    )


def _dealt(plan: PoolPlan, hidden: float) -> Dealt:
    """Return what is dealt: a large number of answers, a share of them hidden false ones'."""
    false = 1 - 1 / plan.classes
    unexpected = 1 - plan.agreement if plan.agreement > 0 else 0.0
    contradicted = (1 - hidden) * plan.error + hidden * false  # of an honest member's
    honest = np.array(
        [
            (1 - contradicted) * (1 - unexpected),
            (1 - contradicted) * unexpected + contradicted * (1 - unexpected),
            contradicted * unexpected,
        ]
    )
    own = 1 / (1 + plan.members * (1 - plan.false))  # the member's own are among everyone's
    among = own + (1 - own) * hidden
    both = (1 - among) * honest + among * _false_both(plan)
    unexpected = (1 - among) * unexpected + among * false * (plan.agreement > 0)
    contradicted = (1 - among) * contradicted + among * false
    return Dealt(
        _counts([1 - contradicted, contradicted]),
        _counts(both),
        _counts([1 - unexpected, unexpected]),
        plan.error,
    )


def _counts(law: npt.ArrayLike) -> Labels:
    """Return a large number of counts 0, 1, ... with these frequencies."""
    ends = np.rint(LARGE * np.cumsum(law))
    return np.asarray(np.searchsorted(ends, np.arange(LARGE), side="right"))


def _false_alone(plan: PoolPlan) -> Floats:
    """Return the law of U of one answer at random, that nobody else gives."""
    return np.array([1 / plan.classes, 1 - 1 / plan.classes])


def _false_both(plan: PoolPlan) -> Floats:
    """Return the law of C + U of one answer at random, beside an honest one."""
    k = plan.classes
    if not plan.agreement:
        return np.array([1 / k, 1 - 1 / k, 0])
    same = np.array([1 / k, 0, 1 - 1 / k])  # the platform gives the expected label
    other = np.array([0, 2 / k, 1 - 2 / k])
    return np.asarray(plan.agreement * same + (1 - plan.agreement) * other)


def _least(tail: Floats, limit: float) -> int:
    """Return the least sum whose probability is below the limit."""
    below = np.flatnonzero(tail < limit)
    return int(below[0]) if len(below) else len(tail)
