"""Statements and the numbers that decide them, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

from quorate.findings.expectation import Expectation
from quorate.findings.measures import Selection
from quorate.findings.samples import Sample
from quorate.intervals import Estimate


def contrast(wanted: Expectation, logarithmic: bool) -> str:
    """Return how one is to compare with the other, in words, up to what it is compared with."""
    if wanted.at_least is None and wanted.at_most is None:
        return f"is {wanted.is_} than"
    that = "" if wanted.against else " that of"
    if logarithmic:
        return f"is {limits_in_words(wanted, 'ratio')}{that}"
    return _difference_in_words(wanted.at_least, wanted.at_most, that)


def _difference_in_words(low: float | None, high: float | None, that: str) -> str:
    """Return by how much one may differ from the other, in words.

    >>> _difference_in_words(-0.01, 0.01, ""), _difference_in_words(-0.05, None, " that of")
    ('differs by at most 0.01 from', 'is at most 0.05 below that of')
    >>> _difference_in_words(-0.1, 0.2, ""), _difference_in_words(None, -0.1, "")
    ('lies between 0.1 below and 0.2 above', 'is at least 0.1 below')
    """
    if low is not None and high is not None:
        apart = f"differs by at most {high:g} from"
        return f"{apart if low == -high else f'lies between {_side(low)} and {_side(high)}'}{that}"
    if low is not None:
        return f"is at {'least' if low >= 0 else 'most'} {_side(low)}{that}"
    limit = high or 0.0
    return f"is at {'least' if limit < 0 else 'most'} {_side(limit)}{that}"


def _side(difference: float) -> str:
    return f"{abs(difference):g} {'below' if difference < 0 else 'above'}"


def of_part(of: Selection | None) -> str:
    return f" of {named(of)}" if of else ""


def named(of: Selection | None) -> str:
    if isinstance(of, Mapping):
        pairs = ", ".join(f"{key.replace('_', ' ')} = {value}" for key, value in of.items())
        return f"({pairs})"
    return of if isinstance(of, str) else " with ".join(of or ())


def limits_in_words(wanted: Expectation, measure: str) -> str:
    def shown(limit: float) -> str:
        if measure == "ratio":
            return f"{limit:g} times"
        return f"{100 * limit:.3g}%" if measure == "critical-mass" else f"{limit:g}"

    if wanted.at_least is None or wanted.at_most is None:
        only = wanted.at_least if wanted.at_most is None else wanted.at_most
        word = "at least" if wanted.at_most is None else "at most"
        return f"{word} {shown(float(only or 0.0))}"
    return f"between {shown(wanted.at_least)} and {shown(wanted.at_most)}"


def value_words(found: Estimate, measure: str) -> str:
    if measure != "critical-mass":
        return _numbers(found, False)
    shown = [_percent(end) for end in (found.value, found.low, found.high)]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def contrast_words(found: Estimate, sample: Sample) -> str:
    return compared(found, sample.logarithmic, "times")


def compared(found: Estimate, ratio: bool, times: str) -> str:
    """Return a ratio, or a difference as so much more or less, in words."""
    if ratio:
        return f"{_numbers(found, True)} {times}".rstrip()
    if found.value < 0:
        return f"{_numbers(Estimate(-found.value, -found.high, -found.low), False)} less"
    return f"{_numbers(found, False)} more"


def _numbers(found: Estimate, ratio: bool) -> str:
    """Return a number and its interval; the interval is left out where there is none."""
    form = "{:.3g}" if ratio else "{:.3f}"
    value = form.format(found.value)
    if math.isnan(found.low):
        return f"{value} (too few seeds, or some missing: no interval)"
    if math.isinf(found.high) and (math.isinf(found.low) or (ratio and found.low == 0)):
        return f"{value} (beyond the sizes measured)"
    if math.isinf(found.high):
        return f"at least {form.format(found.low)}, by what was measured {value}"
    if math.isinf(found.low) or (ratio and found.low == 0):
        return f"at most {form.format(found.high)}, by what was measured {value}"
    return f"{value} ({form.format(found.low)} to {form.format(found.high)})"


def _percent(alpha: float) -> str:
    return (
        "not measured"
        if math.isnan(alpha)
        else ("not reached" if math.isinf(alpha) else f"{100 * alpha:.3g}%")
    )
