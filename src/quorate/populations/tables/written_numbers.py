"""Numbers in the texts of a column: in one way of writing them, or refused by name."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from quorate.errors import InputError
from quorate.populations.tables.table_format import TableFormat
from quorate.validate import PLAIN_NUMBER, listed, means_missing, number_of

FEW_NUMBERS = 10  # distinct numbers up to which a column of text may be taken for names
_ALL_PLAIN = re.compile(rf"(?:(?:{PLAIN_NUMBER})\n)*+")
_BY_POINTS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_BELOW_1000 = re.compile(r"[+-]?\d{1,3}")
FEWEST_POINTS = 3  # different numbers such as 1.234, beside others such as 999
_DIGIT = re.compile(r"\d")
_IN_SIGNS = re.compile(r"^\((.+)\)$|^=\"(.*)\"$")  # (5) is -5 to accountants; ="05" to spreadsheets
_WITH_SIGN = re.compile(
    r"[+-]?([^\w.,+=-]{0,3})([+-]?\d[\d.,' ]*)(\s*(?:[^\w\s.,+-]|[^\W\d_]{1,4})?)"
)


def numbers_in(
    texts: list[str], name: str, how: TableFormat, *, plain_only: bool
) -> tuple[list[int | float] | None, str]:
    """Return the number that each text spells, None unless all do, and how they are written.

    Raises:
        InputError: they could be read in two ways, or some in one way and some in another.
    """
    if not texts:
        return None, ""
    plain = _ALL_PLAIN.fullmatch("".join(text + "\n" for text in texts)) is not None
    if plain and plain_only:
        found = [number_of(text) for text in texts]
        beyond = any(map(_is_beyond, texts, found))
        return None if beyond else exactly(found), ""  # names stay as they are written
    if plain and how.decimal != ",":
        dotted = {} if how.decimal else _thousands_by_points(texts)
        if len(dotted) >= FEWEST_POINTS and len(dotted) < len(texts):
            raise two_ways(name, next(iter(dotted)), how)
        return exactly([number_of(text) for text in texts]), ""
    if plain_only:
        return None, ""
    read = {sign: [_number_in(text, sign) for text in texts] for sign in (".", ",")}
    whole = [sign for sign in (".", ",") if None not in read[sign]]
    if how.decimal is not None:
        whole = [how.decimal] if how.decimal in whole else []
        if not whole and plain:  # of a number such as 1.5, in a file with decimal commas
            return exactly([number_of(text) for text in texts]), ""
        if not whole and None not in read["." if how.decimal == "," else ","]:
            odd = next(t for t, a in zip(texts, read[how.decimal], strict=True) if a is None)
            raise InputError(
                f"Expected numbers with the decimal sign {how.decimal!r} in column {name!r}, got "
                f"{odd!r}. Give the other sign, write all columns alike, or leave this one out: "
                f"{how.say('drop', name)}."
            )
    if len(whole) == 2 and read["."] != read[","]:
        odd = next(t for t, a, b in zip(texts, read["."], read[","], strict=True) if a != b)
        raise two_ways(name, odd, how)
    if whole:
        return exactly(read[whole[0]]), whole[0]
    if all(a is not None or b is not None for a, b in zip(read["."], read[","], strict=True)):
        odd = next(t for t, a in zip(texts, read["."], strict=True) if a is None)
        other = next((t for t, b in zip(texts, read[","], strict=True) if b is None), texts[0])
        raise InputError(
            f"Expected one way of writing numbers in column {name!r}, got {odd!r} and {other!r}. "
            f"Write all with one decimal sign, leave the column out ({how.say('drop', name)}), or, "
            f"where these are names, say {how.say('text', name)}."
        )
    return None, ""


def two_ways(name: str, odd: str, how: TableFormat) -> InputError:
    """Return the error for a number that can be read in two ways."""
    return InputError(
        f"Expected numbers in column {name!r} that can be read in one way, got {odd!r}: "
        f"{number_of(odd, '.'):.12g} or {number_of(odd, ','):.12g}. Say which sign is the decimal "
        f"one: {how.say('decimal', '.')} or {how.say('decimal', ',')}. Where these are names: "
        f"{how.say('text', name)}."
    )


def _thousands_by_points(texts: Sequence[str]) -> dict[str, None]:
    """Return the texts with a point; none unless these may be thousands, and others are smaller."""
    dotted = dict.fromkeys(text for text in texts if "." in text)
    small = all(_BELOW_1000.fullmatch(text) for text in texts if text not in dotted)
    return dotted if small and all(map(_BY_POINTS.fullmatch, dotted)) else {}


def doubtful_point(texts: Sequence[str]) -> str | None:
    """Return a plain number that would be thousands where other columns have decimal commas."""
    return next(iter(_thousands_by_points(texts)), None)


def _number_in(text: str, sign: str) -> int | float | None:
    """Return the number that a text spells in a column with this decimal sign."""
    number = number_of(text, sign)
    plainly = sign == "," and "." in text and number == number_of(text)
    return None if plainly else number


def exactly(found: Sequence[int | float | None]) -> list[int | float] | None:
    """Return the numbers that there are; None where two whole ones are one as float64: names."""
    values = [value for value in found if value is not None]
    huge = [value for value in values if type(value) is int and abs(value) >= 2**53]
    fit = all(type(value) is int and abs(value) < 2**63 for value in values)
    return None if huge and not fit and len(set(map(float, huge))) < len(set(huge)) else values


def check_text(
    frequency: Counter[str], name: str, how: TableFormat, written: bool
) -> Iterator[str]:
    """Yield a note on text that looks like a few numbers.

    Raises:
        InputError: it looks like many numbers: each would count as a name.
    """
    spelt, others = list[str](), list[str]()
    for text in frequency:
        (spelt if _spells_number(text) else others).append(text)
    if not spelt:
        yield from _check_signs(frequency, name, how)
        return
    if not written and others:
        return  # text by its type, and not all of it numbers
    many = len(spelt) > FEW_NUMBERS
    n = sum(frequency[text] for text in spelt)
    seen = listed([f"{text!r} ({frequency[text]})" for text in commonest(others, frequency)])
    words = f"got {n:,} numbers such as {spelt[0]!r}"
    seen = f" and {seen}" if seen else ""
    if many and written:
        missing = [text for text in others if means_missing(text)]
        fix = f"Where these are names, say {how.say('text', name)}; else mend these values"
        if missing and len(missing) == len(others):
            given = ("," if how.options else "+").join(missing)
            fix = f"Where it means that the value is missing, say {how.say('missing', given)}; " + (
                f"where each value is a name, {how.say('text', name)}; else mend these values"
            )
        raise InputError(
            f"Expected numbers or names in column {name!r}, {words}{seen}. {fix}, or leave "
            f"the column out: {how.say('drop', name)}."
        )
    if many:
        raise InputError(
            f"Expected numbers in column {name!r}, {words}, stored as text. Store them as numbers, "
            f"or, where they are names, say {how.say('text', name)}."
        )
    if others and written:
        yield f"Column {name!r}: {n:,} numbers{seen}: all of them count as names."


def _check_signs(frequency: Counter[str], name: str, how: TableFormat) -> Iterator[str]:
    """Yield a note on a few numbers with one sign or unit, such as 5%; refuse many."""
    if not frequency:
        return
    bare = [_IN_SIGNS.sub(r"\1\2", text) for text in frequency]
    parts = [_WITH_SIGN.fullmatch(text) for text in bare]
    found = [(part[1], part[3]) for part in parts if part is not None]
    first = next(iter(frequency))
    alike = len(found) == len(parts) and len(set(found)) == 1
    if not alike or (found[0] == ("", "") and bare == list(frequency)):
        if len(frequency) > FEW_NUMBERS and all(map(_DIGIT.search, frequency)):
            yield f"Column {name!r}: values such as {first!r} count as names, not as numbers."
        return
    if len(found) > FEW_NUMBERS:
        raise InputError(
            f"Expected numbers or names in column {name!r}, got {len(found)} different texts such "
            f"as {first!r}. Write numbers without signs and units; where these are names, say "
            f"{how.say('text', name)}; or leave the column out: {how.say('drop', name)}."
        )
    yield f"Column {name!r}: values such as {first!r} count as names, not as numbers."


def _spells_number(text: str) -> bool:
    return any(number_of(text, sign) is not None for sign in (".", ","))


def commonest(texts: Sequence[str], frequency: Counter[str]) -> list[str]:
    return sorted(texts, key=lambda text: (-frequency[text], text))


def note_sign(name: str, sign: str, texts: Sequence[str]) -> Iterator[str]:
    if sign:
        signed = next((t for t in texts if not _ALL_PLAIN.fullmatch(t + "\n")), texts[0])
        yield f"Column {name!r}: {signed!r} is read as {number_of(signed, sign):.12g}."


def _is_beyond(text: str, number: float | None) -> bool:
    """Whether a text spells a number that is too large or too small for float64.

    >>> _is_beyond("1e-400", 0.0), _is_beyond("1e400", math.inf), _is_beyond("0.0e9", 0.0)
    (True, True, False)
    """
    digits = text.lower().partition("e")[0]
    return number in (0, math.inf, -math.inf) and any(map(digits.__contains__, "123456789"))


def note_zeros(
    name: str, texts: Sequence[str], found: Sequence[float], how: TableFormat
) -> Iterator[str]:
    for text, number in zip(texts, found, strict=True):
        if number == 0 and _is_beyond(text, number):
            yield f"Column {name!r}: {text!r} is too small for a number here, and read as 0."
            break
    codes = [text for text in texts if len(text) > 1 and text[0] == "0" and text.isdigit()]
    if codes:
        yield (
            f"Column {name!r}: {codes[0]!r} is read as the number {int(codes[0])}. Where these are "
            f"names, say {how.say('text', name)}."
        )
