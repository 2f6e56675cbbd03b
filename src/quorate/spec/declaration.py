"""What a method declares: its name, its parameters, and what each of them means."""

from __future__ import annotations

import dataclasses
import functools
import typing
from typing import Any


def param(
    default: Any = dataclasses.MISSING,
    help: str = "",
    *,
    kind: str | None = None,
    takes_rest: bool = False,
    shown: bool = False,
    later: bool = False,
) -> Any:
    """Declare one parameter of a method.

    Args:
        default: its default; without one it is required.
        help: one line with its unit.
        kind: the catalog's kind it is built from, where it is itself a method.
        takes_rest: a mapping that receives every parameter the method does not have.
        shown: written out in every label, even at its default.
        later: added to a method that results are stored of: left out of its plain data at its
            default, so that the ids of those results stay.
    """
    metadata = {
        "help": help,
        "kind": kind,
        "takes_rest": takes_rest,
        "shown": shown,
        "later": later,
    }
    if _is_missing(default):
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def is_method_class(cls: type) -> bool:
    """Whether a class is a frozen dataclass with a name."""
    settings = getattr(cls, "__dataclass_params__", None)
    return settings is not None and settings.frozen and isinstance(getattr(cls, "name", None), str)


@functools.cache
def parameters(cls: type) -> dict[str, dataclasses.Field[Any]]:
    """Return the parameters of a method class by name, in order."""
    return {f.name: f for f in dataclasses.fields(cls)}


@functools.cache
def hints(cls: type) -> dict[str, Any]:
    """Return the type of each parameter of a method class."""
    return typing.get_type_hints(cls)


def default_of(field: dataclasses.Field[Any]) -> Any:
    """Return the default of a parameter that has one."""
    factory: Any = field.default_factory
    return field.default if _is_missing(factory) else factory()


def is_required(field: dataclasses.Field[Any]) -> bool:
    """Whether a parameter has no default."""
    return _is_missing(field.default) and _is_missing(field.default_factory)


def _is_missing(default: Any) -> bool:
    """Whether it is the mark for no default, or a copy of it: a script's class is sent with one."""
    return isinstance(default, type(dataclasses.MISSING))


def summary(cls: type) -> str:
    """Return the first sentence of a method's docstring, however many lines it stands on."""
    said: list[str] = []
    for line in (cls.__doc__ or "").strip().splitlines():
        if not line.strip() or (said and said[-1][-1] in ".?!"):
            break
        said.append(line.strip())
    return " ".join(said)


def name_of(cls: type) -> str:
    """Return what a method class is called."""
    return str(cls.name)  # type: ignore[attr-defined]


def is_bare(method: Any) -> bool:
    """Whether every parameter is at its default."""
    cls: type = type(method)
    own = parameters(cls).items()
    return not any(is_required(f) or getattr(method, key) != default_of(f) for key, f in own)


def inner_field(cls: type) -> str | None:
    """Return the parameter that takes what the method does not have: an inner method or mapping.

    Not one of several methods, nor one that may be missing.
    """
    for key, field in parameters(cls).items():
        hint = hints(cls)[key]
        one = typing.get_origin(hint) is not tuple and not is_optional(hint)
        if field.metadata.get("takes_rest") or (field.metadata.get("kind") and one):
            return key
    return None


def is_optional(annotation: Any) -> bool:
    """Whether a parameter of this type may be None."""
    return type(None) in typing.get_args(annotation)
