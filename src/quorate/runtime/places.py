"""Names of files and folders, as users give them."""

from __future__ import annotations

import os
from pathlib import Path

from quorate.errors import InputError

MOST_NAME, MOST_PATH = 255, 4000  # bytes that file systems take


def place(name: str | Path) -> Path:
    """Return where a user wants something read or written.

    >>> place("runs/first").name
    'first'

    Raises:
        InputError: no file or folder can be called so.
    """
    text = os.fspath(name)
    if not text.strip() or "\0" in text:
        raise InputError(
            f"Expected the name of a folder or a file, got {text!r}. Name one, such as runs/first."
        )
    longest = max(Path(text).parts, key=len, default="")
    if len(os.fsencode(longest)) > MOST_NAME or len(os.fsencode(text)) > MOST_PATH:
        raise InputError(
            f"Expected a name of at most {MOST_NAME} bytes for each folder and file, got "
            f"{len(os.fsencode(longest))} in {text[:60]!r}. Choose a shorter one."
        )
    return Path(name)
