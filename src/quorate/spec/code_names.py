"""The names that compiled code looks up, imports and gives new values."""

from __future__ import annotations

import dis
import types
from collections.abc import Iterator
from typing import Any


def globals_of(code: types.CodeType) -> list[str]:
    """Return the names that code and the code inside it look up in its module."""
    return sorted(
        {
            str(one.argval)
            for inner in _with_inner(code)
            for one in dis.get_instructions(inner)
            if one.opname == "LOAD_GLOBAL" or (one.opname == "LOAD_NAME" and _is_plain(one.argval))
        }
    )


def stored_by(code: types.CodeType) -> set[str]:
    """Return the names in modules and of attributes that code gives new values.

    What an object is given as it is made, ``self.by = by`` in ``__init__``, is no new value.
    """
    stores = ("STORE_GLOBAL", "STORE_ATTR", "DELETE_GLOBAL", "DELETE_ATTR")
    found = set()
    for inner in _with_inner(code):
        made = inner.co_varnames[0] if inner.co_name == "__init__" else ""
        before: tuple[Any, ...] = ()
        for one in dis.get_instructions(inner):
            if one.opname in stores and not (made and made in before[-1:]):
                found.add(str(one.argval))
            held = one.argval if isinstance(one.argval, tuple) else (one.argval,)
            before = held if one.opname.startswith("LOAD_FAST") else ()
    return found


def attributes_of(code: types.CodeType) -> set[str]:
    """Return the names that code and the code inside it look up in objects."""
    return {name for inner in _with_inner(code) for name in inner.co_names}


def imports_of(code: types.CodeType) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the modules that code imports as it runs, and what it takes out of each."""
    for inner in _with_inner(code):
        told = list(dis.get_instructions(inner))
        for i, one in enumerate(told):
            if one.opname == "IMPORT_NAME":
                level, parts = told[i - 2].argval, told[i - 1].argval
                yield "." * int(level or 0) + str(one.argval), tuple(parts or ())


def _with_inner(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _with_inner(constant)


def _is_plain(name: str) -> bool:
    return not name.startswith("__")  # in the body of a class: its module's name, which is no code
