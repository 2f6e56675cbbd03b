"""What the catalog holds, for people to read."""

from __future__ import annotations

import inspect
from typing import Any, Literal, get_args, get_origin

from rich.console import Console

from quorate import catalog, spec
from quorate.catalog import CATALOG, Entry
from quorate.errors import InputError
from quorate.validate import unknown

# A command in which a method of a kind is used; NAME stands for its name.
EXAMPLES = {
    "populations": "quorate curve --population NAME --strategy planting --learner sgd "
    "--out runs/first",
    "signals": "quorate curve --population POPULATION --strategy planting:signal=NAME "
    "--learner sgd --out runs/first",
    "strategies": "quorate curve --population POPULATION --strategy NAME --learner sgd "
    "--out runs/first",
    "goals": "quorate curve --population POPULATION --strategy planting --goal NAME "
    "--learner sgd --out runs/first",
    "learners": "quorate curve --population digits --strategy planting:size=2 --learner NAME "
    "--out runs/first",
    "subgroups": "quorate correct --population digits --subgroup NAME --platform cnn --proxy cnn "
    "--members 50 --queries 10 --epsilon 8/255",
    "scenarios": "quorate scenario NAME",
    "networks": "quorate scenario navigation --network NAME",
    "attacks": "quorate compare-queries runs/correct --attacks NAME",
    "executors": "quorate curve --population digits --strategy planting:size=2 --learner sgd "
    "--executor NAME --out runs/first",
    "logs": "quorate curve --population digits --strategy planting:size=2 --learner sgd "
    "--log NAME --out runs/first",
}


def listing(kind: str | None) -> dict[str, list[dict[str, Any]]]:
    """Return every method of a kind (or of all kinds) with its meaning and parameters.

    ``origin`` says where a method comes from: "quorate", the installed distribution with its
    version, which is ``distribution`` too, or "yours", where it was registered. Where the line of a
    distribution cannot be used, ``error`` says why.

    Raises:
        InputError: there is no such kind.
    """
    if kind is not None and kind not in CATALOG:
        of = [one for one in CATALOG if kind in (entry.name for entry in catalog.entries(one))]
        fix = f"{kind} is one of the {of[0]}: quorate list {of[0]} {kind}." if of else ""
        raise unknown("kind", kind, CATALOG, fix)
    kinds = [kind] if kind else list(CATALOG)
    return {name: [_listed(entry) for entry in catalog.entries(name)] for name in kinds}


def _listed(entry: Entry) -> dict[str, Any]:
    plain = _origin(entry)
    try:
        return {**plain, **_about_entry(entry)}
    except InputError as error:
        return {**plain, "meaning": "It cannot be used.", "parameters": [], "error": str(error)}


def _origin(entry: Entry) -> dict[str, Any]:
    named = {"name": entry.name, "distribution": entry.distribution or None}
    return {**named, "origin": entry.origin}


def _about_entry(entry: Entry) -> dict[str, Any]:
    """Return what a line means; an estimator's or a function's has no parameters to give."""
    cls, found = entry.load(), entry.own_object()
    if found is None:
        return about(cls)
    said = inspect.getdoc(found) or ""
    return {"meaning": said.partition("\n")[0] or spec.summary(cls), "parameters": []}


def about(cls: type) -> dict[str, Any]:
    """Return what a method means, and its parameters with their types and defaults."""
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


def method_listing(kind: str, name: str) -> dict[str, Any]:
    """Return one method in full: its whole description, where it stands, and a command.

    Args:
        kind: such as "learners".
        name: of the method.

    Raises:
        InputError: there is no such kind, or no such method, or it cannot be used.
    """
    if kind not in CATALOG:
        raise unknown("kind", kind, CATALOG)
    entries = catalog.entries(kind)
    found = [one for one in entries if one.name == name.replace("_", "-")]
    if not found:
        raise unknown(f"name among the {kind}", name, [one.name for one in entries])
    entry = found[0]
    cls = entry.load()
    own = entry.own_object()
    return {
        **_origin(entry),
        **_about_entry(entry),
        "description": description(cls) if own is None else inspect.getdoc(own) or "",
        "defined_in": entry.place,
        "example": _example(kind, entry.name, None if own is not None else cls),
    }


def description(cls: type) -> str:
    """Return the prose of a method's docstring: what stands before its example and sections."""
    text = inspect.cleandoc(cls.__doc__ or "")
    for end in (">>>", "Args:", "Raises:"):
        text = text.partition(end)[0]
    return text.strip()


def _example(kind: str, name: str, cls: type | None) -> str | None:
    """Return a command that uses a method, with the parameters that it cannot do without."""
    if kind not in EXAMPLES:
        return None
    fields = spec.parameters(cls) if cls is not None else {}
    needed = [key for key, field in fields.items() if spec.is_required(field)]
    if kind == "scenarios":
        given = "".join(f" --{key.replace('_', '-')} {key.upper()}" for key in needed)
    else:
        given = ":" * bool(needed) + ",".join(f"{key}={key.upper()}" for key in needed)
    return EXAMPLES[kind].replace("NAME", name + given)


def print_method(found: dict[str, Any], console: Console) -> None:
    """Print one method in full."""
    source = _source(found)
    console.print(f"{found['name']}{source}\n\n{found['description']}\n", soft_wrap=True)
    if found["parameters"]:
        console.print("Parameters")
    for one in found["parameters"]:
        console.print(f"  {one['name']}=  {one['meaning']}", soft_wrap=True)
        console.print(f"      {one['type']}; {shown_default(one)}", soft_wrap=True)
    if found["example"]:
        console.print(f"\nExample\n  {found['example']}", soft_wrap=True)
    console.print(f"\nDefined in {found['defined_in']}", soft_wrap=True)


def _source(method: dict[str, Any]) -> str:
    return "" if method["origin"] == "quorate" else f" ({method['origin']})"


def shown_default(parameter: dict[str, Any]) -> str:
    """Return in words what a parameter is where it is not given."""
    return "required" if parameter["required"] else f"default {_shown(parameter['default'])}"


def _default(field: Any) -> Any:
    value = spec.default_of(field)
    if isinstance(value, tuple):
        return ",".join(one if isinstance(one, str) else spec.text_of(one) for one in value)
    return spec.text(value) if field.metadata.get("kind") and value is not None else value


def _type(annotation: Any) -> str:
    options = [a for a in get_args(annotation) if a is not type(None)]
    inner = options[0] if options and type(None) in get_args(annotation) else annotation
    if get_origin(inner) is Literal:
        return "|".join(get_args(inner))
    if options and get_origin(options[0]) is Literal:  # these, or an object of the user's own
        return f"{_type(options[0])}|MODULE:NAME"
    if get_origin(inner) is tuple:
        return f"comma list, each {_type(get_args(inner)[0])}"
    names = {int: "whole number", float: "number", str: "text", bool: "true|false"}
    return names.get(inner, getattr(inner, "__name__", str(inner)).lower())


def print_listing(entries: dict[str, list[dict[str, Any]]], console: Console) -> None:
    """Print a listing."""
    for kind, methods in entries.items():
        console.print(kind.upper())
        for method in methods:
            source = _source(method)
            console.print(f"\n  {method['name']}  {method['meaning']}{source}", soft_wrap=True)
            if "error" in method:
                console.print(f"      {method['error']}", soft_wrap=True)
            width = max((len(p["name"]) for p in method["parameters"]), default=0)
            for p in method["parameters"]:
                said = f"{p['meaning']} ({p['type']}, {shown_default(p)})"
                console.print(f"      {p['name']:<{width}}  {said}", soft_wrap=True)
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
