"""What a member gains and pays by joining, in sentences for people who do not program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from quorate.collective.facts.joining import Joining, JoiningOnCurve, JoiningTerms
from quorate.runs.wording import percent

BY: dict[str, str] = {
    "certified": "what is certified",
    "rehearsed": "what was rehearsed",
    "simulated": "what was simulated",
    "measured": "what was measured",
}
NO_CURVE = (
    "How success grows with the number of members is not known for this campaign, so that nobody "
    "can say what joining brings."
)
WHERE_IT_HANGS = (
    " Yet where the quorum hangs on one pledge, making it pays: without it nobody acts."
)
NO_PROMISE = (
    "This is a model and no promise: it counts everybody alike, and only what success is worth and "
    "what acting costs."
)


@dataclass(frozen=True)
class ToldJoining:
    """What members should know of joining.

    Args:
        first: sentences to decide by, the most important first.
        reckoning: from how many on acting pays, and how that is reckoned.
    """

    first: tuple[str, ...]
    reckoning: tuple[str, ...] = ()


def say_joining(found: Joining) -> ToldJoining:
    """Return what members should know."""
    one = found.spoken_of
    if one is None:
        return ToldJoining((NO_CURVE,))
    return ToldJoining(
        (
            _say_terms(found.terms),
            _say_quorum(found, one),
            _say_pays(found, one),
            _say_certified(found),
            _say_pledges(found),
        ),
        (_say_from(found, one), *_say_tipping(found), *_say_call(found), NO_PROMISE),
    )


def _say_terms(terms: JoiningTerms) -> str:
    """Return what is assumed of costs and of those who stay out."""
    return (
        "Say that full success is worth 100 points to everybody. Then acting costs "
        f"{_worth(terms.cost)}, and those who stay out get {percent(terms.share)} of the success "
        "all the same."
    )


def _say_quorum(found: Joining, one: JoiningOnCurve) -> str:
    """Return what acting brings at the quorum, beside staying out."""
    act = f"{_people(found.quorum)} {'acts' if found.quorum == 1 else 'act'}"
    if one.surety == "certified" and one.at_quorum <= 0:
        return (
            f"If no more than {act}, no success is certified: someone who acts may lose the "
            f"{_worth(found.terms.cost)} that it costs, and gain nothing."
        )
    least = "at least " if one.surety == "certified" else ""
    if one.surety == "measured":
        success = (
            f"{percent(one.at_quorum)} of the gap is closed, which counts as success here, by "
            f"{_whose(one)}"
        )
    elif one.surety == "certified":
        success = f"a success of at least {percent(one.at_quorum)} is certified"
    else:
        success = f"a success of {percent(one.at_quorum)} is expected, by {_whose(one)}"
    return (
        f"If {act}, {success}. Someone who acts then has {least}{_worth(one.member)} in the end, "
        f"and someone who stays out {least}{_worth(one.outsider)}."
    )


def _say_pays(found: Joining, one: JoiningOnCurve) -> str:
    """Return whether acting pays once the quorum is reached."""
    if one.pays:
        return "So acting pays, once the quorum is reached."
    if one.surety == "certified":
        return "So it is not certain that acting pays, even once the quorum is reached."
    return (
        "So someone who thinks of themselves alone would rather stay out: acting helps the "
        "others more than it brings oneself."
        + (WHERE_IT_HANGS if one.decisive and found.pledges < found.quorum else "")
    )


def _say_certified(found: Joining) -> str:
    """Return what is certified of joining, where something is, or that nothing is."""
    certified = [one for one in found.curves if one.surety == "certified"]
    if not certified:
        return "None of this is certified."
    one = certified[0]
    if found.spoken_of is one:
        return "Only what is certified is known here: success may be higher."
    if one.at_quorum <= 0:
        return f"Certified for {_people(found.quorum)}: nothing. All this is a forecast."
    return (
        f"Certified for {_people(found.quorum)} just like those of the plan is a success of at "
        f"least {percent(one.at_quorum)}, which leaves someone who acts with at least "
        f"{_worth(one.member)}."
    )


def _say_pledges(found: Joining) -> str:
    """Return how many have pledged, and what a pledge binds to."""
    so_far = f"{found.pledges:,} {'has' if found.pledges == 1 else 'have'} pledged so far"
    if found.pledges >= found.quorum:
        return f"{so_far}: the quorum is reached, and whoever pledges now promises to act."
    return (
        f"{so_far}. A pledge costs nothing until the quorum is reached: nobody is asked to act "
        "before."
    )


def _say_from(found: Joining, one: JoiningOnCurve) -> str:
    """Return from how many on acting pays, by each of what is known."""
    others = [
        f"{_named(other)} {'never' if other.pays_from is None else f'{other.pays_from:,}'}"
        for other in found.curves
        if other is not one
    ]
    beside = f" ({'; '.join(others)})" if others else ""
    if one.pays_from is None:
        return f"By {_whose(one)}, acting pays at no number of members{beside}."
    act = "acts" if one.pays_from == 1 else "act"
    return f"By {_whose(one)}, acting pays if {_people(one.pays_from)} or more {act}{beside}."


def _say_tipping(found: Joining) -> Iterator[str]:
    """Yield what pledges are for, where acting without them would come to nothing."""
    if found.tipping is not None and found.pledges < found.quorum:
        yield (
            f"Without pledges it would tip at {found.tipping:,}: with fewer, people would rather "
            "drop out, each waiting for the others."
        )


def _say_call(found: Joining) -> Iterator[str]:
    """Yield how likely the quorum is, as far as somebody expects pledges."""
    call, expected = found.call, found.terms.expected
    if call is None or expected is None:
        return
    met = f"Given those so far, the quorum is met with probability {_chance(call.reached)}. "
    if found.pledges >= found.quorum:
        met = ""
    yield (
        f"About {expected:,} pledges are expected. {met}On average over what may come, and "
        f"reckoning with {percent(found.terms.defectors)} who pledge and do not act, someone who "
        f"pledges has {_worth(call.member)} in the end, and someone who stays out "
        f"{_worth(call.outsider)}."
    )


def _whose(one: JoiningOnCurve) -> str:
    return f"{BY[one.surety]} ({one.called})" if one.called else BY[one.surety]


def _named(one: JoiningOnCurve) -> str:
    return f"{one.surety}, {one.called}:" if one.called else f"{one.surety}:"


def _people(number: int) -> str:
    return f"{number:,} member{'' if number == 1 else 's'}"


def _worth(value: float) -> str:
    """Return what somebody gets, in points of which full success is 100.

    >>> _worth(0.8), _worth(-0.1), _worth(-0.001), _worth(0.01)
    ('80 points', 'minus 10 points', '0 points', '1 point')
    """
    points = round(100 * value)
    unit = "point" if abs(points) == 1 else "points"
    return f"{'minus ' if points < 0 else ''}{abs(points):,} {unit}"


def _chance(probability: float) -> str:
    """Return a probability that is neither 0 nor 1 unless it is so.

    >>> _chance(0.24), _chance(0.999), _chance(0.0001), _chance(1.0), _chance(0.0)
    ('24%', 'more than 99%', 'less than 1%', '100%', '0%')
    """
    if probability in (0, 1):
        return f"{probability:.0%}"
    if probability < 0.01:
        return "less than 1%"
    return "more than 99%" if probability > 0.99 else f"{probability:.0%}"
