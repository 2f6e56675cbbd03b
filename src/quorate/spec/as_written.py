"""What stands in a source for values that may change as the code runs."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import types
from typing import Any


def find_written(name: str, where: Any) -> str:
    """Return what is written for a name in a class or a module, without comments; empty if nowhere.

    Args:
        name: of the value.
        where: a class, a module, or a function of the module.
    """
    file = _file_of(where)
    tree: ast.AST | None = _parsed(file, "".join(linecache.getlines(file))) if file else None
    inside = where.__qualname__.split(".") if isinstance(where, type) else []
    for part in inside:
        tree = next((one for one in _body(tree) if getattr(one, "name", "") == part), None)
    return "; ".join(
        ast.dump(value)
        for one in _body(tree)
        for target, value in _assigned(one)
        if isinstance(target, ast.Name) and target.id == name
    )


def _file_of(where: Any) -> str:
    """Return the file, or the cell of a notebook, that code was compiled from."""
    if inspect.ismodule(where):
        return getattr(where, "__file__", None) or ""
    held = vars(where).values() if isinstance(where, type) else [where]
    functions = [inspect.unwrap(one) for one in held if isinstance(one, types.FunctionType)]
    files = [one.__code__.co_filename for one in functions if one.__module__ == where.__module__]
    return next((file for file in files if linecache.getlines(file)), "")


@functools.lru_cache(maxsize=32)
def _parsed(file: str, source: str) -> ast.Module | None:
    try:
        return ast.parse(source, file)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _body(tree: Any) -> list[ast.stmt]:
    return list(getattr(tree, "body", ()))


def _assigned(one: ast.stmt) -> list[tuple[ast.expr, ast.expr]]:
    """Return the targets and the value of an assignment."""
    if isinstance(one, ast.Assign):
        return [(target, one.value) for target in one.targets]
    if isinstance(one, ast.AnnAssign | ast.AugAssign) and one.value is not None:
        return [(one.target, one.value)]
    return []
