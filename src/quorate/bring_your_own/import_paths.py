"""Import paths such as ``mypackage.train:fit``, which name an object of the user's own as text."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.errors import InputError

PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


# Whose words are read, and what allows an import all the same; none where they are the user's own.
_others_words: ContextVar[tuple[str, str] | None] = ContextVar("others_words", default=None)


@contextlib.contextmanager
def refusing(whose: str, fix: str = "Name what quorate knows: see quorate list.") -> Iterator[None]:
    """Refuse import paths inside: what is read may be a stranger's, and an import runs code.

    Args:
        whose: what is read, such as "a study file".
        fix: what a user can do who trusts it.
    """
    before = _others_words.set((whose, fix))
    try:
        yield
    finally:
        _others_words.reset(before)


@contextlib.contextmanager
def trusting() -> Iterator[None]:
    """Allow import paths inside, in what the user has said to trust."""
    before = _others_words.set(None)
    try:
        yield
    finally:
        _others_words.reset(before)


@dataclass(frozen=True, eq=False)
class ImportPath:
    """An object with the path that it was imported by.

    Args:
        text: such as "mypackage.train:fit".
        value: what stands there.
    """

    text: str
    value: Any


def is_import_path(text: str) -> bool:
    """Whether a text is MODULE:NAME, rather than a name with parameters.

    >>> is_import_path("mypackage.train:fit"), is_import_path("sgd:epochs=5"), is_import_path("sgd")
    (True, False, False)
    """
    return PATH.fullmatch(text.strip()) is not None


def lies_here(text: str) -> bool:
    """Whether an import path begins with a module or a package of the working directory."""
    top = text.strip().partition(":")[0].partition(".")[0]
    return Path(f"{top}.py").is_file() or Path(top, "__init__.py").is_file()


def load(text: str) -> ImportPath:
    """Return what stands at an import path; modules of the working directory are found too.

    Importing a module runs its code, so that it is done only where the user has named it.

    Raises:
        InputError: there is no such module, it cannot be imported, or it has no such name; or the
            path stands in what may be a stranger's.
    """
    if (others := _others_words.get()) is not None:
        raise InputError(
            f"Expected no import path in {others[0]}, since importing a module runs its code, got "
            f"{text.strip()}. {others[1]}"
        )
    module, _, name = text.strip().partition(":")
    if not {"", os.getcwd()} & set(sys.path):
        sys.path.append(os.getcwd())  # last: nothing there stands in for what is installed
    try:
        value: Any = importlib.import_module(module)
    except Exception as error:  # an import may raise anything
        raise InputError(
            f"Expected {module} of {text} to be a module that can be imported, got "
            f"{type(error).__name__}: {error}. Install it, or run this in the folder that holds it."
        ) from error
    for part in name.split("."):
        if not hasattr(value, part):
            known = sorted(one for one in vars(value) if not one.startswith("_"))[:20]
            raise InputError(
                f"Expected {part} in {module}, got none. It has: {', '.join(known) or 'no names'}."
            )
        value = getattr(value, part)
    return ImportPath(text.strip(), value)
