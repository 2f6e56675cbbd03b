"""Statements and the numbers that decide them, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from quorate.findings.expectation import Expectation
from quorate.findings.measures import Selection
from quorate.findings.samples import Sample
from quorate.intervals import Estimate


def contrast(wanted: Expectation, logarithmic: bool) -> str:
    """Return how one is to compare with the other, in words, up to what it is compared with."""
    if wanted.at_least is None and wanted.at_most is None:
        at = " at" if isinstance(wanted.of, Mapping) and not wanted.against else ""
        return f"is {wanted.is_} than{at}"
    that = "" if wanted.against else " that at" if isinstance(wanted.of, Mapping) else " that of"
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
    """Return which part of a result a value is of, to follow its name.

    >>> of_part("plain"), of_part({"members": 200, "queries_per_member": 10})
    (' of plain', ', for members = 200 and queries per member = 10,')
    """
    if isinstance(of, Mapping):
        return f", for {named(of)}," if of else ""
    return f" of {named(of)}" if of else ""


def named(of: Selection | None) -> str:
    """Return what a selection is called."""
    if isinstance(of, Mapping):
        pairs = [f"{key.replace('_', ' ')} = {value}" for key, value in of.items()]
        return " and ".join([", ".join(pairs[:-1]), pairs[-1]] if len(pairs) > 1 else pairs)
    return of if isinstance(of, str) else " with ".join(of or ())


def told_apart(parts: Sequence[Selection | None]) -> tuple[list[str], str]:
    """Return what each of several parts is called by what differs, and what all of them share.

    >>> told_apart([{"alpha": 0.3, "known": "all"}, {"alpha": 1, "known": "all"}])
    (['alpha = 0.3', 'alpha = 1'], ' (known = all)')
    >>> told_apart(["plain", "group DRO"])
    (['plain', 'group DRO'], '')
    """
    tables = [part for part in parts if isinstance(part, Mapping)]
    if not tables or len(tables) < len(parts):
        return [named(part) for part in parts], ""
    first = tables[0]
    shared = {
        key: value
        for key, value in first.items()
        if all(key in t and t[key] == value for t in tables)
    }
    if any(len(table) == len(shared) for table in tables):  # nothing would tell it
        return [named(part) for part in parts], ""
    own = [{k: v for k, v in table.items() if k not in shared} for table in tables]
    return [named(one) for one in own], f" ({named(shared)})" if shared else ""


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
