"""Reading plain data of a stranger's: keys, texts and lists are what they should be, or refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from quorate.errors import InputError
from quorate.validate import shown, unknown

MOST_SIGNS = 1000  # of a text such as a label or the name of a column
# What is blank, but nothing to see, is dropped around a cell; and a program may split a cell at a
# sign that separates none in the file.
_BLANK = r"[\s\u200b-\u200d\u2060\ufeff]*"
_FORMULA = re.compile(rf"{_BLANK}[+-].*[(|!]|(?:.*[,;\t\n\r])?{_BLANK}[=@]", re.DOTALL)
AGAIN = "Get the instruction again from the page of the campaign."


def check_keys(plain: Any, needed: set[str], allowed: set[str], where: str) -> dict[str, Any]:
    """Return a mapping that has the needed keys, and no others than those and the allowed ones.

    Raises:
        InputError: it is no mapping, lacks a key or has another one.
    """
    if not isinstance(plain, Mapping):
        raise InputError(f"Expected {where} to be an object, got {shown(plain, 60)}. {AGAIN}")
    for key in plain:
        if key not in needed | allowed:
            raise unknown(f"part of {where}", str(key), needed | allowed, AGAIN)
    lacking = sorted(needed - set(plain))
    if lacking:
        raise InputError(f"Expected {where} to say {lacking[0]!r}, got nothing of it. {AGAIN}")
    return dict(plain)


def text_of(value: Any, what: str) -> str:
    """Return a text that is one: not empty, not too long, of whole signs and without zero bytes.

    Raises:
        InputError: it is none.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_SIGNS:
        raise InputError(
            f"Expected a text of 1 to {MOST_SIGNS:,} signs as {what}, got {shown(value, 60)}. "
            f"{AGAIN}"
        )
    if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise InputError(
            f"Expected a text of whole signs as {what}, got {shown(value, 60)}. {AGAIN}"
        )
    return value


def maybe_text(value: Any, what: str) -> str | None:
    """Return a text, or None for none."""
    return None if value is None else text_of(value, what)


def cell_of(value: Any, what: str) -> str:
    """Return a text that members write into their files: one that no spreadsheet program obeys.

    Raises:
        InputError: it is no text, or a formula.
    """
    text = text_of(value, what)
    if _FORMULA.match(text):
        raise InputError(
            f"Expected a plain value as {what}, got the formula {shown(text, 60)}, which "
            "spreadsheet programs would run. Name another value."
        )
    return text


def listed_plain(value: Any, what: str, most: int) -> list[Any]:
    """Return a list of at most so many things.

    Raises:
        InputError: it is none, or longer.
    """
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > most:
        got = f"{len(value):,}" if isinstance(value, Sequence) else shown(value, 60)
        raise InputError(f"Expected a list of at most {most:,} as {what}, got {got}. {AGAIN}")
    return list(value)
