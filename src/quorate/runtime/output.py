"""What is printed where not every letter can be: other encodings than UTF-8, and odd file names."""

from __future__ import annotations

import codecs
import io
import sys
import unicodedata
from typing import TextIO

from quorate.printable import UNKNOWN, printable

READABLE = "quorate.readable"  # the name of the way in which what cannot be encoded is written
ASCII = "quorate_ascii"  # under its own name, help texts would be printed in UTF-8 all the same
RAISING = ("strict", "surrogateescape", "backslashreplace")  # how Python itself opens the streams
SAME = {
    "-": "–—‐‑‒―−⁻",
    "'": "‘’‚′ʼ",
    '"': "“”„″«»",
    "*": "●■▲◆▼✚✖★◀•·∙∗",
    "#": "█▓▒░",
}
ALIKE = """
    ≤ <=   ≥ >=   ≠ !=   ≈ ~   ± +/-   × x   ÷ /   ⁄ /   → ->   ← <-   ↔ <->   ↑ ^   ↓ v   ⇒ =>
    ∞ infinity   ∈ in   √ sqrt   ∑ sum   ∂ d   ∇ grad   ∪ or   ∩ and   ℓ l   ° deg   € EUR   £ GBP
    © (c)   § S.   ß ss   æ ae   Æ AE   œ oe   Œ OE   ø o   Ø O   ł l   Ł L   ı i   đ d   Đ D
    λ lambda   Λ Lambda   ς sigma   … ...   ‖ ||   ⌊ [   ⌋ ]   ⌈ [   ⌉ ]   ∝ ~   ∫ integral   ∓ -/+
    ⊆ in   ¶ P.
"""
WORDS = {sign: word for word, signs in SAME.items() for sign in signs}
WORDS |= dict(zip(ALIKE.split()[::2], ALIKE.split()[1::2], strict=True))


def make_readable() -> None:
    """Let standard output and standard error write what they cannot encode in other letters.

    A redirect on Windows, ``PYTHONIOENCODING`` and old terminals know few letters, and no encoding
    knows a file name that is not valid text. A user's own choice of how to write them stays.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in RAISING:
            is_ascii = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding=ASCII if is_ascii else None, errors=READABLE)


def is_utf8(stream: TextIO) -> bool:
    """Whether a stream writes every letter, as bytes that every program expects."""
    encoding = getattr(stream, "encoding", None)
    return encoding is None or codecs.lookup(encoding).name == "utf-8"


def readable(text: str, encoding: str) -> str:
    """Return text as it will be read once it is written in an encoding.

    Tables are laid out with it, since an α takes more room as "alpha". Signs that would steer the
    terminal, which a name from elsewhere may hold, are question marks.

    >>> readable("S(α) ≤ ½ – naïve", "ascii"), readable("S(α) ≤ ½ – naïve", "cp1252")
    ('S(alpha) <= 1/2 - naive', 'S(alpha) <= ½ – naïve')
    """
    return printable(text).encode(encoding, READABLE).decode(encoding)


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Return what is written in place of letters that cannot be, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    spelled = "".join(_in_ascii(sign) for sign in error.object[error.start : error.end])
    return spelled, error.end


def _in_ascii(sign: str) -> str:
    """Return a letter in plain letters; a question mark where there are none.

    >>> [_in_ascii(sign) for sign in "αΩ₁é┃┏━≤中"]
    ['alpha', 'Omega', '1', 'e', '|', '+', '-', '<=', '?']
    """
    if sign in WORDS:
        return WORDS[sign]
    if unicodedata.combining(sign):  # the accent of the letter before it
        return ""
    match unicodedata.name(sign, "").split():
        case ["GREEK", case, "LETTER", letter]:
            return letter.capitalize() if case == "CAPITAL" else letter.lower()
        case ["BOX", "DRAWINGS", *sides]:
            ways = {side for side in sides if side not in ("LIGHT", "HEAVY", "DOUBLE")}
            return {"HORIZONTAL": "-", "VERTICAL": "|"}.get("".join(ways), "+")
        case ["BRAILLE", *_]:
            return "*"  # of a spinner
    apart = [one for one in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(one)]
    if apart in ([], [sign]):
        return UNKNOWN
    return "".join(one if one.isascii() else _in_ascii(one) for one in apart)


def _find_ascii(name: str) -> codecs.CodecInfo | None:
    known = codecs.lookup("ascii")
    parts = {part: getattr(known, part) for part in ("incrementalencoder", "incrementaldecoder")}
    return (
        codecs.CodecInfo(known.encode, known.decode, name=name, **parts) if name == ASCII else None
    )


codecs.register_error(READABLE, _spell)
codecs.register(_find_ascii)
