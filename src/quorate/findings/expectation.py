"""Checkable statements about a result, as plain data, and whether they hold."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from quorate import spec
from quorate.errors import InputError
from quorate.findings.measures import Measures, Selection
from quorate.findings.samples import Sample, combined
from quorate.intervals import CONFIDENCE, Estimate
from quorate.validate import listed, unknown

Verdict = Literal["holds", "does not hold", "undecided"]
Direction = Literal["greater", "smaller", "growing", "shrinking"]


@dataclass(frozen=True)
class Expectation:
    """One statement: a value within limits, a contrast of two, or a trend along several.

    Args:
        measure: what is measured, by the result's own names.
        of: what it is measured on.
        than: what that is compared with; the contrast is a ratio for logarithmic measures.
        against: in place of ``than``, another measure on the same.
        along: in place of ``of``, at least two, in the order along which it grows or shrinks.
        at: size of the collective, where the measure is one of a single size.
        target: S*, where it is not the study's.
        is_: greater or smaller of a contrast, growing or shrinking of a trend.
        at_least, at_most: limits of a value, or of a contrast.
        note: what else there is to say of it.
        aside: whether it says why rather than whether, and does not count for the verdict.

    Raises:
        InputError: the parts do not make a statement.
    """

    measure: str = "critical-mass"
    of: Selection | None = None
    than: Selection | None = None
    against: str | None = None
    along: tuple[Selection, ...] = ()
    at: float | None = None
    target: float | None = None
    is_: Direction | None = None
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""
    aside: bool = False

    def __post_init__(self) -> None:
        limits = self.at_least is not None or self.at_most is not None
        trend = bool(self.along)
        contrast = self.than is not None or self.against is not None
        if self.than is not None and self.against is not None:
            raise InputError(
                f"Expected than or against, got both: {self.plain()}. Compare with another part of "
                "the result, or with another measure on the same."
            )
        if None not in (self.at_least, self.at_most) and self.at_least > self.at_most:  # type: ignore[operator]
            raise InputError(
                f"Expected at_least={self.at_least:g} to be no more than at_most={self.at_most:g}, "
                "got more. Exchange them."
            )
        whole = (
            (trend and len(self.along) > 1 and self.of is None and not contrast and not limits)
            if trend
            else self.of is not None and (limits != (self.is_ is not None) or limits)
        )
        fitting = {True: ("growing", "shrinking"), False: ("greater", "smaller")}[trend]
        if not whole or (self.is_ is not None and self.is_ not in fitting):
            raise InputError(
                "Expected an expectation to be a value (of, with at_least or at_most), a contrast "
                "(of, than, is = greater or smaller, or limits) or a trend (along two or more, is "
                f"= growing or shrinking), got {self.plain()}. Name one of the three."
            )
        if self.is_ in ("greater", "smaller") and not contrast:
            raise InputError(
                f"Expected than beside is={self.is_}, got none. Name what it is compared with."
            )
        if trend and self.is_ is None:
            raise InputError("Expected is = growing or shrinking beside along, got none. Name it.")

    def plain(self) -> dict[str, Any]:
        """Return what was given, as plain data."""
        named = {"is" if key == "is_" else key: value for key, value in vars(self).items()}
        return {key: value for key, value in named.items() if value not in (None, "", (), False)}


KEYS = tuple(field.name.removesuffix("_") for field in fields(Expectation))


@dataclass(frozen=True)
class Statement:
    """What came of an expectation.

    Args:
        text: the statement, in words.
        verdict: whether it holds.
        estimate: the number that decides, and its interval.
        words: the numbers, in words.
        expectation: what was expected.
        refutes: whether it alone refutes its claim: it does not hold, and by an interval that is
            wide enough for all statements of the claim together.
    """

    text: str
    verdict: Verdict
    estimate: Estimate
    words: str
    expectation: Expectation
    refutes: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain data; no value that JSON does not know."""
        ends = {name: getattr(self.estimate, name) for name in ("value", "low", "high")}
        finite = {name: end if math.isfinite(end) else None for name, end in ends.items()}
        return {
            "text": self.text,
            **finite,
            "verdict": self.verdict,
            "refutes": self.refutes,
            "words": self.words,
            "note": self.expectation.note,
            "aside": self.expectation.aside,
            "measure": self.expectation.measure,
            "along": list(self.expectation.along),
            "target": self.expectation.target,
        }


def make_expectation(**plain: Any) -> Expectation:
    """Return the expectation that a table of a file stands for.

    Raises:
        InputError: a key is not known, or the parts do not make a statement.
    """
    for key in plain:
        if key not in KEYS:
            raise unknown("key of an expectation", key, KEYS)
    direction = plain.pop("is", None)
    if direction is not None and direction not in get_args(Direction):
        raise unknown("direction of an expectation", str(direction), get_args(Direction))
    along = plain.pop("along", ())
    if isinstance(along, str) or not isinstance(along, Sequence):
        raise InputError(f"Expected along to be a list, got {along!r}. Name two or more.")
    types = {"measure": str, "against": str, "note": str, "aside": bool}
    types |= dict.fromkeys(("at", "target", "at_least", "at_most"), float)
    for key, type_ in types.items():
        if key in plain:
            plain[key] = spec.convert(plain[key], type_, key)
            if type_ is float and math.isnan(plain[key]):
                raise InputError(
                    f"Expected a number for {key}, got nan. Leave it out, or name one."
                )
    for one in (plain.get("of"), plain.get("than"), *along):
        _check_selection(one)
    return Expectation(**plain, along=tuple(along), is_=direction)


def _check_selection(of: Any) -> None:
    """Raise InputError unless ``of`` can select a part of some result."""
    names = [of] if isinstance(of, str) else of
    listing = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    if of is not None and not isinstance(of, Mapping) and not (listing and names):
        raise InputError(
            f"Expected a name, a list of names or a table of columns to select by, got {of!r}. "
            "Write of = 'NAME', or of = {members = 200}."
        )


def judge(expectation: Expectation, result: Measures, family: int = 1) -> Statement:
    """Return whether an expectation holds of a result.

    It holds if the whole 95% interval lies within its limits, does not hold if the whole interval
    lies beyond one of them, and is undecided otherwise. Of a trend the number is the slope over the
    places, paired by seed; one step between neighbours that is wholly against it refutes it, at 95%
    over all steps together (Bonferroni). It refutes its claim if it still does not hold with
    intervals at 1 − 0.05/m, where m statements could.

    Args:
        expectation: the statement.
        result: what it is about.
        family: m, how many statements the claim is made of.

    Raises:
        InputError: there is no such measure, or no such part of the result.
    """
    alone = _judged(expectation, result, CONFIDENCE)
    if alone.verdict != "does not hold":
        return alone
    together = _judged(expectation, result, 1 - (1 - CONFIDENCE) / max(1, family))
    return replace(alone, refutes=together.verdict == "does not hold")


def _judged(expectation: Expectation, result: Measures, confidence: float) -> Statement:
    """Return the statement that intervals at a confidence make."""
    if expectation.along:
        return _trend(expectation, result, confidence)
    wanted, limits = expectation, _limits(expectation, result)
    name = result.words(wanted.measure, wanted.at, wanted.target)
    sample = _sample(wanted, result, wanted.of)
    if wanted.than is None and wanted.against is None:
        estimate = combined([sample], [1], confidence)
        text = f"{name}{_of(wanted.of)} is {_limits_in_words(wanted, wanted.measure)}"
        return _statement(wanted, text, estimate, limits, _value_words(estimate, wanted.measure))
    if wanted.against is None:
        other, what = _sample(wanted, result, wanted.than), _named(wanted.than)
    else:
        other = result.sample(wanted.against, wanted.of or (), wanted.at, wanted.target)
        what = result.words(wanted.against, wanted.at, wanted.target)
    limited = wanted.at_least is not None or wanted.at_most is not None
    if sample.logarithmic != other.logarithmic:
        raise InputError(
            f"Expected two measures of one kind, got {wanted.measure} and {wanted.against}: one is "
            "compared as a ratio, the other as a difference. Compare like with like."
        )
    estimate = combined([sample, other], [1, -1], confidence, magnitude=limited)
    text = f"{name}{_of(wanted.of)} {_contrast(wanted, sample.logarithmic)} {what}"
    return _statement(wanted, text, estimate, limits, _contrast_words(estimate, sample))


def _sample(wanted: Expectation, result: Measures, of: Selection | None) -> Sample:
    return result.sample(wanted.measure, of or (), wanted.at, wanted.target)


def _limits(wanted: Expectation, result: Measures) -> tuple[float, float]:
    """Return within which limits the number of a value or a contrast has to lie."""
    low = -math.inf if wanted.at_least is None else float(wanted.at_least)
    high = math.inf if wanted.at_most is None else float(wanted.at_most)
    if wanted.is_ is None:
        return low, high
    above, below = _apart(_sample(wanted, result, wanted.of).logarithmic)
    return (max(low, above), high) if wanted.is_ == "greater" else (low, min(high, below))


def _apart(logarithmic: bool) -> tuple[float, float]:
    """Return the smallest number above no difference, and the largest below it."""
    same = 1.0 if logarithmic else 0.0
    return math.nextafter(same, math.inf), math.nextafter(same, -math.inf)


def _trend(wanted: Expectation, result: Measures, confidence: float) -> Statement:
    samples = [_sample(wanted, result, of) for of in wanted.along]
    places = [i - (len(samples) - 1) / 2 for i in range(len(samples))]
    spread = sum(place**2 for place in places)
    sign = 1 if wanted.is_ == "growing" else -1
    slope = combined(samples, [place / spread for place in places], confidence)
    ends = combined([samples[-1], samples[0]], [1, -1], confidence)
    logarithmic = samples[0].logarithmic
    above, below = _apart(logarithmic)
    limits = (above, math.inf) if sign > 0 else (-math.inf, below)
    of_steps = 1 - (1 - confidence) / (len(samples) - 1)
    steps = [combined([b, a], [1, -1], of_steps) for a, b in itertools.pairwise(samples)]
    against = [
        f"from {_named(a)} to {_named(b)}"
        for (a, b), step in zip(itertools.pairwise(wanted.along), steps, strict=True)
        if (step.high < below if sign > 0 else step.low > above)
    ]
    name = result.words(wanted.measure, wanted.at, wanted.target)
    text = f"{name} is {wanted.is_} along {listed([_named(of) for of in wanted.along])}"
    words = f"a step: {_compared(slope, logarithmic, '')}; first to last: "
    words += _compared(ends, logarithmic, "times as large")
    words += f"; against it: {listed(against)}" if against else ""
    statement = _statement(wanted, text, slope, limits, words)
    if not against:
        return statement
    return Statement(text, "does not hold", slope, words, wanted)


def _contrast(wanted: Expectation, logarithmic: bool) -> str:
    """Return how one is to compare with the other, in words, up to what it is compared with."""
    if wanted.at_least is None and wanted.at_most is None:
        return f"is {wanted.is_} than"
    that = "" if wanted.against else " that of"
    if logarithmic:
        return f"is {_limits_in_words(wanted, 'ratio')}{that}"
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


def _statement(
    wanted: Expectation, text: str, found: Estimate, limits: tuple[float, float], words: str
) -> Statement:
    return Statement(text, verdict_of(found, limits), found, words, wanted)


def verdict_of(found: Estimate, limits: tuple[float, float]) -> Verdict:
    """Return whether a number with its interval lies within limits.

    >>> verdict_of(Estimate(2, 1.5, 3), (1, math.inf)), verdict_of(Estimate(2, 0.5, 3), (1, 9))
    ('holds', 'undecided')
    """
    low, high = limits
    if any(math.isnan(end) for end in (found.value, found.low, found.high)):
        return "undecided"
    if found.low >= low and found.high <= high:
        return "holds"
    return "does not hold" if found.high < low or found.low > high else "undecided"


def overall(statements: Sequence[Statement]) -> Verdict:
    """Return the verdict on a claim: one statement refutes it, or all of them hold.

    A true claim is refuted in 5% of the cases at most, however many statements it is made of
    (Bonferroni); a false one holds in 5% at most, since the statement that is false has to hold by
    mistake (Berger 1982, an intersection-union test).
    """
    if any(one.refutes for one in statements):
        return "does not hold"
    verdicts = {one.verdict for one in statements}
    return "holds" if verdicts == {"holds"} else "undecided"


def _of(of: Selection | None) -> str:
    return f" of {_named(of)}" if of else ""


def _named(of: Selection | None) -> str:
    if isinstance(of, Mapping):
        pairs = ", ".join(f"{key.replace('_', ' ')} = {value}" for key, value in of.items())
        return f"({pairs})"
    return of if isinstance(of, str) else " with ".join(of or ())


def _limits_in_words(wanted: Expectation, measure: str) -> str:
    def shown(limit: float) -> str:
        if measure == "ratio":
            return f"{limit:g} times"
        return f"{100 * limit:.3g}%" if measure == "critical-mass" else f"{limit:g}"

    if wanted.at_least is None or wanted.at_most is None:
        only = wanted.at_least if wanted.at_most is None else wanted.at_most
        word = "at least" if wanted.at_most is None else "at most"
        return f"{word} {shown(float(only or 0.0))}"
    return f"between {shown(wanted.at_least)} and {shown(wanted.at_most)}"


def _value_words(found: Estimate, measure: str) -> str:
    if measure != "critical-mass":
        return _numbers(found, False)
    shown = [_percent(end) for end in (found.value, found.low, found.high)]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def _contrast_words(found: Estimate, sample: Sample) -> str:
    return _compared(found, sample.logarithmic, "times")


def _compared(found: Estimate, ratio: bool, times: str) -> str:
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
