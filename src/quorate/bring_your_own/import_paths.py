"""Import paths such as ``mypackage.train:fit``, which name an object of the user's own as text."""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import dataclass
from typing import Any

from quorate.errors import InputError

PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


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


def load(text: str) -> ImportPath:
    """Return what stands at an import path; modules of the working directory are found too.

    Importing a module runs its code.

    Raises:
        InputError: there is no such module, it cannot be imported, or it has no such name.
    """
    module, _, name = text.strip().partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
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
