"""Files: written whole or not at all, every one here; read as TOML, or in their own encoding."""

from __future__ import annotations

import codecs
import tomllib
from pathlib import Path
from typing import Any

from quorate.errors import InputError, reason
from quorate.plain import MOST_LEVELS, levels
from quorate.runtime.outputs import (
    begin_folder,
    check_file,
    check_folder,
    write_file,
    write_files,
    write_plain,
)
from quorate.runtime.places import place
from quorate.runtime.writing import make_file, replace_file

__all__ = [
    "begin_folder",
    "check_file",
    "check_folder",
    "make_file",
    "place",
    "read_toml",
    "replace_file",
    "write_file",
    "write_files",
    "write_plain",
]

MOST_BYTES = 10 * 2**20  # of a file that people write; the longest here has 4 KB


def read_toml(path: str | Path, what: str = "a study file") -> dict[str, Any]:
    """Return what a TOML file holds.

    Args:
        path: the file.
        what: is expected there, in words.

    Raises:
        InputError: the file is not there or too large, is not TOML, or is nested too deeply.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
        raise InputError(
            f"Expected {what} at {path}, got: {reason(error)}. Give a TOML file."
        ) from None
    if len(content) > MOST_BYTES:
        raise InputError(
            f"Expected {what} of at most {MOST_BYTES // 2**20} MB at {path}, got more. Give a TOML "
            "file."
        )
    try:
        plain = tomllib.loads(content.decode("utf-8-sig"))
        if levels(plain) <= MOST_LEVELS:
            return plain
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fix = "Save it as UTF-8" if isinstance(error, UnicodeDecodeError) else "Mend that line"
        raise InputError(f"Expected {path} to be TOML, got: {error}. {fix}.") from None
    except (RecursionError, ValueError):  # of a number with too many digits
        pass
    raise InputError(
        f"Expected {path} to be TOML with at most {MOST_LEVELS} lists and tables inside each other "
        "and no number of thousands of digits, got more. Write it as the examples do."
    )


_MARKS = {  # the longer first: that of UTF-32 begins as that of UTF-16
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decoded(content: bytes, encoding: str | None = None) -> str:
    """Return a file's text: in the encoding of its byte order mark, else UTF-8 or as given.

    >>> decoded(b"\\xef\\xbb\\xbfa"), decoded("é".encode("utf-16")), decoded(b"\\xe9", "cp1252")
    ('a', 'é', 'é')

    Raises:
        UnicodeDecodeError: it is not in that encoding.
    """
    for mark, named in _MARKS.items():
        if content.startswith(mark):
            return content.decode(named)
    if encoding is None and content[1:2] == b"\0":
        encoding = "utf-16-le"
    elif encoding is None and content[:1] == b"\0":
        encoding = "utf-16-be"
    return content.decode(encoding or "utf-8")
