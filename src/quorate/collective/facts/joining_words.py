"""What a member gains and pays by joining, in sentences for people who do not program."""

from __future__ import annotations

from collections.abc import Iterator

from quorate.collective.facts.curve import Surety
from quorate.collective.facts.joining import Joining, JoiningOnCurve, JoiningTerms
from quorate.runs.wording import percent

BY: dict[Surety, str] = {
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


def say_joining(found: Joining) -> tuple[str, ...]:
    """Return what members should know, the most important first."""
    if found.spoken_of is None:
        return (NO_CURVE,)
    return (
        *_say_quorum(found, found.spoken_of),
        _say_certified(found),
        _say_now(found, found.spoken_of),
        *_say_call(found),
        *_say_terms(found.terms),
        NO_PROMISE,
    )


def _say_quorum(found: Joining, one: JoiningOnCurve) -> Iterator[str]:
    """Yield what acting brings at the quorum, beside staying out."""
    least = "at least " if one.surety == "certified" else ""
    success = f"success is {least}{percent(one.at_quorum)}"
    if one.surety == "measured":
        success = f"{percent(one.at_quorum)} of the gap is closed, which counts as success here"
    yield (
        f"If {_people(found.quorum)} act, {success}, by {_whose(one)}. After what it costs, "
        f"someone who acts then gets {least}{_worth(one.member)}; someone who stays out gets "
        f"{least}{_worth(one.outsider)}."
    )
    if one.pays:
        yield "So acting pays, once the quorum is reached."
    elif one.surety == "certified":
        yield "So it is not certain that acting pays, even once the quorum is reached."
    else:
        yield (
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
        return "Only a lower bound is known: what joining brings may be more."
    if one.at_quorum <= 0:
        return f"Certified for {_people(found.quorum)}: nothing. All this is a forecast."
    return (
        f"Certified for {_people(found.quorum)} is a success of at least {percent(one.at_quorum)}, "
        f"with which someone who acts gets at least {_worth(one.member)}."
    )


def _say_now(found: Joining, one: JoiningOnCurve) -> str:
    """Return from how many on acting pays, and what a pledge changes."""
    if one.pays_from is None:
        return (
            f"By {_whose(one)}, acting pays at no number of members. A pledge binds nobody before "
            "the quorum."
        )
    others = [
        f"{_named(other)} {'never' if other.pays_from is None else f'{other.pays_from:,}'}"
        for other in found.curves
        if other is not one
    ]
    beside = f" ({'; '.join(others)})" if others else ""
    said = f"By {_whose(one)}, acting pays if {_people(one.pays_from)} or more act{beside}."
    so_far = f"{found.pledges:,} {'has' if found.pledges == 1 else 'have'} pledged so far"
    if found.pledges >= found.quorum:
        return f"{said} {so_far}: the quorum is reached, and whoever pledges now promises to act."
    said += (
        f" {so_far}: a pledge costs nothing until the quorum is reached, and nobody is asked to "
        "act before."
    )
    if found.tipping is not None:
        said += (
            f" Without pledges it would tip at {found.tipping:,}: with fewer, people would rather "
            "drop out, each waiting for the others."
        )
    return said


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
        f"pledges gets {_worth(call.member)} and someone who stays out {_worth(call.outsider)}."
    )


def _say_terms(terms: JoiningTerms) -> Iterator[str]:
    """Yield what is assumed of costs and of those who stay out."""
    yield (
        f"Assumed: where full success is worth 1 to everybody, acting costs {terms.cost:g}, and "
        f"those who stay out get {percent(terms.share)} of the success all the same."
    )


def _whose(one: JoiningOnCurve) -> str:
    return f"{BY[one.surety]} ({one.called})" if one.called else BY[one.surety]


def _named(one: JoiningOnCurve) -> str:
    return f"{one.surety}, {one.called}:" if one.called else f"{one.surety}:"


def _people(number: int) -> str:
    return f"{number:,} member{'' if number == 1 else 's'}"


def _worth(value: float) -> str:
    """Return what somebody gets, where full success is 1.

    >>> _worth(0.8), _worth(-0.1), _worth(-0.001)
    ('0.80', '-0.10', '0.00')
    """
    return f"{value:z.2f}"


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
