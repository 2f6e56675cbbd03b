"""What the catalog holds, for people to read."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from rich.console import Console

from quorate import catalog, spec
from quorate.catalog import CATALOG, Entry
from quorate.errors import InputError
from quorate.validate import unknown


def listing(kind: str | None) -> dict[str, list[dict[str, Any]]]:
    """Return every method of a kind (or of all kinds) with its meaning and parameters.

    ``distribution`` is the installed one that a method comes from, None for quorate's own; where
    its line cannot be used, ``error`` says why.

    Raises:
        InputError: there is no such kind.
    """
    if kind is not None and kind not in CATALOG:
        raise unknown("kind", kind, CATALOG)
    kinds = [kind] if kind else list(CATALOG)
    return {name: [_listed(entry) for entry in catalog.entries(name)] for name in kinds}


def _listed(entry: Entry) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": entry.name, "distribution": entry.distribution or None}
    try:
        return {**plain, **_about(entry.load())}
    except InputError as error:
        return {**plain, "meaning": "It cannot be used.", "parameters": [], "error": str(error)}


def _about(cls: type) -> dict[str, Any]:
    parameters = [
        {
            "name": name,
            "type": _type(spec.hints(cls)[name]),
            "required": spec.is_required(field),
            "default": None if spec.is_required(field) else _default(field),
            "meaning": field.metadata.get("help", ""),
        }
        for name, field in spec.parameters(cls).items()
    ]
    return {"meaning": spec.summary(cls), "parameters": parameters}


def _default(field: Any) -> Any:
    value = spec.default_of(field)
    if isinstance(value, tuple):
        return ",".join(spec.text_of(one) for one in value)
    return spec.text(value) if field.metadata.get("kind") and value is not None else value


def _type(annotation: Any) -> str:
    options = [a for a in get_args(annotation) if a is not type(None)]
    inner = options[0] if options and type(None) in get_args(annotation) else annotation
    if get_origin(inner) is Literal:
        return "|".join(get_args(inner))
    if get_origin(inner) is tuple:
        return f"comma list, each {_type(get_args(inner)[0])}"
    names = {int: "whole number", float: "number", str: "text", bool: "true|false"}
    return names.get(inner, getattr(inner, "__name__", str(inner)).lower())


def print_listing(entries: dict[str, list[dict[str, Any]]], console: Console) -> None:
    """Print a listing."""
    for kind, methods in entries.items():
        console.print(kind.upper())
        for method in methods:
            source = f" ({method['distribution']})" if method["distribution"] else ""
            console.print(f"\n  {method['name']}  {method['meaning']}{source}", soft_wrap=True)
            if "error" in method:
                console.print(f"      {method['error']}", soft_wrap=True)
            for p in method["parameters"]:
                value = "required" if p["required"] else f"default {_shown(p['default'])}"
                console.print(
                    f"      {p['name']:<16}{p['meaning']} ({p['type']}, {value})", soft_wrap=True
                )
        console.print()


def _shown(default: Any) -> str:
    """Return a default as text.

    >>> _shown(0), _shown(None), _shown({}), _shown(1e-5), _shown(False), _shown("")
    ('0', 'none', 'none', '1e-05', 'false', 'empty')
    """
    if default == "":
        return "empty"
    if default is None or default == {}:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)
