"""Checks of input that several modules share; each error says what was expected, and the fix."""

import difflib
import math
import numbers
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.plain import as_plain

MOST = 1e9  # of a parameter that counts or measures something; more is a slip of the pen
MOST_ROUNDS = 1e6  # of what is work each time, such as epochs, trees or days
TINIEST, HUGEST = 1e-30, 1e30  # of a positive parameter; float32 holds them
LARGEST = 2**63 - 1  # a whole number that arrays, tables and databases can hold


def in_interval(
    name: str,
    value: float,
    low: float,
    high: float,
    fix: str,
    *,
    open_low: bool = False,
    open_high: bool = False,
) -> None:
    """Raise unless ``value`` lies in the interval from ``low`` to ``high``.

    >>> in_interval("alpha", 1.2, 0, 1, "To act with everyone, use alpha=1.")
    Traceback (most recent call last):
    ...
    quorate.errors.InputError: Expected alpha=1.2 in [0, 1]. To act with everyone, use alpha=1.
    """
    _is_number(name, value, fix)
    above = value > low if open_low else value >= low
    below = value < high if open_high else value <= high
    if not (above and below):  # NaN is outside
        left, right = "(" if open_low else "[", ")" if open_high else "]"
        raise InputError(
            f"Expected {name}={_short(value)} in {left}{low:g}, {high:g}{right}. {fix}"
        )


def all_in_interval(
    name: str,
    values: npt.ArrayLike,
    low: float,
    high: float,
    fix: str,
    *,
    open_low: bool = False,
    open_high: bool = False,
) -> npt.NDArray[np.float64]:
    """Return ``values`` as float64, of any shape; raise as ``in_interval`` for one outside.

    >>> all_in_interval("alpha", [0.1, 1.2], 0, 1, "To act with everyone, use alpha=1.")
    Traceback (most recent call last):
    ...
    quorate.errors.InputError: Expected alpha=1.2 in [0, 1]. To act with everyone, use alpha=1.
    """
    found = np.asarray(values, dtype=np.float64)
    above = found > low if open_low else found >= low
    below = found < high if open_high else found <= high
    outside = ~(above & below)  # NaN is outside
    if outside.any():
        first = float(found[outside].flat[0])
        in_interval(name, first, low, high, fix, open_low=open_low, open_high=open_high)
    return found


def at_least(name: str, value: float, low: float, fix: str, most: float = MOST) -> None:
    """Raise unless ``value`` is ``low`` or more, and no more than ``most``, which is finite.

    >>> at_least("patience", 0, 1, "Wait for at least one epoch.")
    Traceback (most recent call last):
    ...
    quorate.errors.InputError: Expected patience=0 to be at least 1. Wait for at least one epoch.
    """
    _is_number(name, value, fix)
    if value == math.inf:
        raise InputError(f"Expected {name}={value:g} to be finite. Use a large number instead.")
    if not value >= low:
        raise InputError(f"Expected {name}={_short(value)} to be at least {low:g}. {fix}")
    if value > most:
        raise InputError(
            f"Expected {name}={_short(value)} to be at most {most:.15g}: more would never "
            "end, or mean nothing. Use a smaller number."
        )


def storable(name: str, value: int) -> None:
    """Raise unless a whole number is one of 64 bits."""
    if abs(value) > LARGEST:
        raise InputError(
            f"Expected {name}={shown(value, 20)} to be a whole number of at most {LARGEST} (64 "
            "bits). Use a smaller one."
        )


def above_zero(name: str, value: float, fix: str) -> None:
    """Raise unless ``value`` is positive and finite."""
    _is_number(name, value, fix)
    if not 0 < value < math.inf:
        raise InputError(f"Expected {name}={_short(value)} to be a positive finite number. {fix}")
    in_interval(name, value, TINIEST, HUGEST, fix)


def _is_number(name: str, value: object, fix: str) -> None:
    """Raise InputError for what is no number; True and False are none."""
    plain = as_plain(value)
    if isinstance(plain, bool) or not isinstance(plain, numbers.Real):
        raise InputError(f"Expected {name} to be a number, got {shown(value)}. {fix}")


def _short(value: float) -> str:
    try:
        return f"{value:g}"
    except OverflowError:
        return shown(value, 20)


def unknown(
    what: str,
    given: str,
    valid: Iterable[str],
    fix: str = "",
    notes: Mapping[str, str] = MappingProxyType({}),
    near: str | None = None,
) -> InputError:
    """Return the error for a name that is not one of ``valid``, with the nearest one suggested.

    Where none is near by its letters, ``near`` is.

    >>> print(unknown("animal", "cot", ["dog", "cat"], notes={"cat": "a pet"}))
    Expected a known animal, got 'cot'. Did you mean cat? Known: cat (a pet), dog.
    """
    names = sorted(map(str, valid))
    found = difflib.get_close_matches(str(given)[:100], names, n=1)
    near = found[0] if found else near
    hint = f" Did you mean {near}?" if near else ""
    noted = [f"{name} ({notes[name]})" if notes.get(name) else name for name in names]
    known = ", ".join(noted[:40]) + (f", ... ({len(names)} in all)" if len(names) > 40 else "")
    tail = f" {fix}" if fix else ""
    return InputError(
        f"Expected a known {what}, got {shown(given)}.{hint} Known: {known or 'none'}.{tail}"
    )


def shown(value: object, most: int = 200) -> str:
    """Return a value for a message, on one line and cut where it is long.

    >>> shown("a\\nb"), shown("a" * 300)[-5:], len(shown("a" * 300))
    ("'a\\\\nb'", 'aa...', 203)
    """
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # too many levels, or too many digits
        text = f"a {type(value).__name__} that is too large to show"
    text = " ".join(text.split("\n"))
    return text if len(text) <= most else f"{text[:most]}..."


def listed(names: Sequence[str]) -> str:
    """Return names for a message: the first five, and how many there are.

    >>> listed(["a", "b"]), listed(["a", "b", "c", "d", "e", "f"])
    ('a, b', 'a, b, c, d, e, ... (6 in all)')
    """
    return ", ".join(names[:5]) + (f", ... ({len(names)} in all)" if len(names) > 5 else "")


# ------------------------------------------------------------------------- values, as written

_EDGES = " \t\r\n\f\v\u200b\u200c\u200d\u2060\ufeff"  # blanks, and what has no width at all
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_EXPONENT = r"(?:[eE][+-]?\d+)?"
PLAIN_NUMBER = rf"[+-]?(?:(?:\d+\.?\d*|\.\d+){_EXPONENT}|[iI]nf(?:inity)?|INF(?:INITY)?)"
_PLAIN = re.compile(PLAIN_NUMBER)
_GROUPED = {  # by the decimal sign: thousands in groups, then decimals
    ".": re.compile(
        r"[+-]?(?:[1-9]\d{0,2}(?:(?:,\d{2,3})*,\d{3}|(?:[ '_\u2019]\d{3})+))(?:\.\d+)?" + _EXPONENT
    ),
    ",": re.compile(
        r"[+-]?(?:\d+|[1-9]\d{0,2}(?:(?:\.\d{3})+|(?:[ '_\u2019]\d{3})+))(?:,\d+)?" + _EXPONENT
    ),
}
TRUTHS = dict.fromkeys(("true", "yes", "t", "y", "1", "1.0"), True)
TRUTHS |= dict.fromkeys(("false", "no", "f", "n", "0", "0.0"), False)
_QUOTES = ('""', "''", "\u201c\u201d", "\u2018\u2019", "\u201e\u201c", "\u00ab\u00bb", "``")
_NO_VALUE = {"na", "nan", "null", "none", "nil", "n/a", "n.a.", "#n/a", "nat", "<na>"}
_NO_VALUE |= {"", "-", "--", "?", ".", "missing", "unknown", "not available", "-nan", "1.#qnan"}


def clean_text(text: str) -> str:
    """Return a text without blanks around it, its letters composed, its blanks ordinary ones.

    >>> clean_text("yes\\u00a0"), clean_text(" New\\u00a0York"), clean_text("cafe\\u0301") == "café"
    ('yes', 'New York', True)
    """
    if text.isascii():
        return text.strip(_EDGES)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip(_EDGES)


def number_of(text: str, decimal: str = "") -> int | float | None:
    """Return the number that a text spells, None where it spells none.

    Args:
        text: such as 12, 1e3 or -0.5, with an ASCII or a typographic minus.
        decimal: "" for numbers without signs between their thousands; "." for those that may have
            them, as in 1,234.5; "," for decimal commas, as in 1.234,5.

    >>> number_of("1e3"), number_of("1.0") == number_of("1"), number_of("12,5"), number_of("NA")
    (1000.0, True, None, None)
    >>> number_of("1,234", "."), number_of("1,234", ","), number_of("1.234,5", ",")
    (1234, 1.234, 1234.5)
    """
    plain = clean_text(text).replace("\u2212", "-")
    if decimal and _GROUPED[decimal].fullmatch(plain):
        plain = re.sub(r"[ '_\u2019]", "", plain)
        plain = plain.replace("." if decimal == "," else ",", "").replace(",", ".")
    if not _PLAIN.fullmatch(plain):
        return None
    is_whole = plain.lstrip("+-").isdigit() and len(plain) < 300  # beyond lies infinity
    return int(plain) if is_whole else float(plain)


def means_missing(text: str) -> bool:
    """Whether a text is one of those that often stand for a value that is not there."""
    return fold(text) in _NO_VALUE


def truth_of(text: str) -> bool | None:
    """Return the truth value that a text spells, None where it spells none."""
    return {"true": True, "false": False}.get(clean_text(text).lower())


def _bit_of(text: str) -> int | None:
    """Return 0 or 1 for what spells it as a number or as a truth value, None for all else."""
    truth, number = truth_of(text), number_of(text)
    if truth is not None:
        return int(truth)
    return int(number) if number is not None and number in (0, 1) else None


def match_value(what: str, given: object, values: Sequence[str]) -> int | None:
    """Return the index of a value as somebody wrote it among values as they were read.

    In this order: the same text, the same but for blanks around it, the same number (1 is 1.0),
    the same truth value (TRUE is True), and, where all are 0, 1 or truth values, 1 for True.

    Raises:
        InputError: it is two of them.

    >>> match_value("label", "1", ("0.0", "1.0")), match_value("label", "TRUE", ("False", "True"))
    (1, 1)
    >>> match_value("label", True, ("0", "1")), match_value("label", 1.0, ("False", "True"))
    (1, 1)
    >>> match_value("label", "NA", ("nan", "missing")) is None
    True
    """
    text = str(given)
    if text in values:
        return values.index(text)
    if given is None:  # the word none, without quotes, as text of a method gives it
        found = [i for i, value in enumerate(values) if value.lower() == "none"]
        return found[0] if len(found) == 1 else None
    binary = all(_bit_of(value) is not None for value in values)
    for same in (clean_text, number_of, truth_of, *((_bit_of,) if binary else ())):
        wanted = same(text)
        if wanted is None:
            continue
        found = [i for i, value in enumerate(values) if same(value) == wanted]
        if len(found) > 1:
            raise InputError(
                f"Expected one {what} to be meant by {text!r}, got {len(found)}: "
                f"{listed([values[i] for i in found])}. Write one of them."
            )
        if found:
            return found[0]
    return None


def given_number(column: str, given: object, decimal: str) -> float | None:
    """Return a number as somebody wrote it for a column, None where it is none.

    It may be written as in the file, or plainly.

    Raises:
        InputError: these are two different numbers.

    >>> given_number("income", "12,5", ","), given_number("income", 12.5, ",")
    (12.5, 12.5)
    """
    if isinstance(given, bool) or (isinstance(given, float) and not decimal):
        return float(given)
    text = str(given)
    plainly, as_in_file = number_of(text), number_of(text, decimal)
    if plainly is None or as_in_file in (None, plainly):
        return as_in_file if plainly is None else plainly
    raise InputError(
        f"Expected one number for column {column!r}, got {text!r}: in the file that is "
        f"{as_in_file:g}, else {plainly:g}. Write it without signs between thousands, and decimals "
        f"with {decimal!r}."
    )


def find_value(what: str, given: object, values: Sequence[str], fix: str = "") -> int:
    """Return the index of a value as somebody wrote it: see ``match_value``.

    Raises:
        InputError: it is none of the values, or two of them.
    """
    found = match_value(what, given, values)
    if found is None:
        near = near_spelling(str(given)[:100], values)
        raise unknown(what, str(given), values, fix, near=near)
    return found


def near_spelling(given: object, values: Iterable[str]) -> str | None:
    """Return the value that a text is but for case, blanks, quotes or the width of its letters.

    Among truth values alone, yes, true and 1 are the same, and no, false and 0.

    >>> near_spelling("new  york", ["Boston", "New York"]), near_spelling("'NA'", ["NA"])
    ('New York', 'NA')
    >>> near_spelling("1", ["FALSE", "TRUE"]), near_spelling("1", ["no", "yes", "2"]) is None
    ('TRUE', True)
    """
    values = list(values)
    folded = fold(str(given))
    found = next((value for value in values if fold(value) == folded), None)
    if found is None and all(fold(value) in TRUTHS for value in values):
        meant = TRUTHS.get(folded)
        found = next((value for value in values if TRUTHS[fold(value)] == meant), None)
    return found


def fold(text: str) -> str:
    """Return a text in which case, blanks, outer quotes and the width of letters do not count."""
    plain = clean_text(text)
    if len(plain) > 1 and plain[0] + plain[-1] in _QUOTES:
        plain = plain[1:-1]
    plain = unicodedata.normalize("NFKC", plain)
    if not plain.isprintable():  # signs that are not seen, such as a soft hyphen
        plain = "".join(one for one in plain if one.isprintable() or one.isspace())
    return " ".join(plain.casefold().split())
