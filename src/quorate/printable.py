"""Text of strangers as a terminal may show it: nothing in it is obeyed, only read."""

from __future__ import annotations

import json
import re

# C0 but for tab and newline, DEL, C1; the marks that turn the direction of writing; separators of
# lines that few programs know; lone surrogates, which no encoding takes; invisible tags.
UNKNOWN = "?"
OBEYED = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\u2028\u2029\ufeff\ud800-\udfff\U000e0000-\U000e007f"
)
_OBEYED = re.compile(f"[{OBEYED}]")


def printable(text: str) -> str:
    """Return text with a ? for all that a terminal obeys: control characters, turns of direction.

    >>> printable("a\\x1b[31mb\\r\\u202ec\\n")
    'a?[31mb??c\\n'
    """
    return _OBEYED.sub(UNKNOWN, text)


def one_line(text: str, most: int = 200) -> str:
    """Return printable text in one line of at most so many characters, and dots where it is cut.

    >>> one_line(" a \\r\\n\\t b\\x07 "), one_line("abcdef", 3)
    ('a b?', 'abc...')
    """
    short = printable(" ".join(text[: 2 * most].split()))
    return short[:most] + ("..." if len(short) > most or len(text) > 2 * most else "")


def escaped(text: str) -> str:
    """Return JSON text in which what a terminal obeys is written as JSON escapes.

    >>> escaped('{"a": "\\u202e"}')
    '{"a": "\\\\u202e"}'
    """
    return _OBEYED.sub(lambda found: json.dumps(found[0])[1:-1], text)
