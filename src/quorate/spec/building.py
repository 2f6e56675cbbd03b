"""Plain data to methods, whose parameters are handed on to the methods inside them."""

from __future__ import annotations

import dataclasses
import math
import numbers
import typing
from collections.abc import Mapping
from typing import Any

from quorate.errors import InputError
from quorate.plain import MOST_LEVELS, levels
from quorate.spec.converting import convert, literal
from quorate.spec.declaration import (
    default_of,
    hints,
    inner_field,
    is_optional,
    is_required,
    name_of,
    parameters,
)
from quorate.spec.describing import describe
from quorate.spec.parsing import listed, parse
from quorate.validate import shown, unknown

Catalog = Mapping[str, Mapping[str, type]]  # by kind and name, the name spelt with -


class AdaptingCatalog(dict[str, Mapping[str, type]]):
    """A catalog that makes methods of what is none: a user's objects, and text that names them."""

    def adapt(self, kind: str, value: Any) -> Any:
        """Return the method that stands for a value; text and mappings stay."""
        return value


def build(kind: str, value: Any, catalog: Catalog) -> Any:
    """Return the method of ``kind`` that ``value`` (text, plain data or the method) stands for.

    Of a method that is handed in, numbers are brought to the declared type: np.int64(2) and 2.0
    to 2; and objects inside it that are no methods are adapted as the catalog does it.

    Raises:
        InputError: the name, a parameter or a value is not known; the message lists the valid ones.
    """
    if isinstance(catalog, AdaptingCatalog):
        value = catalog.adapt(kind, value)
    if not isinstance(value, str | Mapping):
        if not dataclasses.is_dataclass(value) or not hasattr(value, "name"):
            raise InputError(
                f"Expected a method's name or its parameters, got {shown(value)}. Write "
                "name:key=value."
            )
        return value if isinstance(value, type) else _with_own_values(value, catalog)
    check_levels(kind, value)
    data = dict(parse(value) if isinstance(value, str) else value)
    return _construct(_class(kind, data.pop("name", None), catalog), data, catalog)


def check_levels(kind: str, value: Any) -> None:
    """Raise InputError where plain data have tables inside each other without end."""
    if levels(value) > MOST_LEVELS:
        raise InputError(
            f"Expected at most {MOST_LEVELS} tables inside each other in one of the {kind}, got "
            f"{shown(value)}. Leave out those that are not needed."
        )


def _with_own_values(method: Any, catalog: Catalog) -> Any:
    """Return a method whose numbers are Python's own, and inside which methods are methods.

    Raises:
        InputError: a number is not of the declared type, or nothing can be made of an object.
    """
    cls: type = type(method)
    changed: dict[str, Any] = {}
    for key, field in parameters(cls).items():
        value, wanted = getattr(method, key), hints(cls)[key]
        if field.metadata.get("kind") and field.init and isinstance(catalog, AdaptingCatalog):
            own = _adapted_inside(field.metadata["kind"], value, catalog)
            if own is not value:
                changed[key] = own
            continue
        of_a_number = wanted in (int, float, int | None, float | None)
        # A bool is a number to Python; a numeric NumPy scalar is one too, but for np.bool_.
        if not of_a_number or value is None or not field.init:
            continue
        if isinstance(value, numbers.Number) or getattr(value, "shape", None) == ():
            own = convert(value, wanted, key)
            if type(own) is not type(value) and not (wanted is float and type(value) is int):
                changed[key] = own
    return dataclasses.replace(method, **changed) if changed else method


def _adapted_inside(kind: str, value: Any, catalog: Catalog) -> Any:
    """Return a method, or several, that stand inside another one; text is left as it is."""
    if value is None or isinstance(value, str | Mapping):
        return value
    if isinstance(value, tuple):
        several = tuple(_adapted_inside(kind, one, catalog) for one in value)
        same = all(a is b for a, b in zip(several, value, strict=True))
        return value if same else several
    return build(kind, value, catalog)


def _class(kind: str, name: Any, catalog: Catalog) -> type:
    """Return the class of ``kind`` with that name, whether written with - or with _."""
    found = catalog[kind].get(name.replace("_", "-")) if isinstance(name, str) else None
    if found is None:
        one = kind.removesuffix("s") if not kind.endswith("ies") else kind[:-3] + "y"
        if name is None:
            raise InputError(
                f"Expected {one} to be named among its parameters, got none. Give it as name, or "
                f"hand in an object. See: quorate list {kind}"
            )
        fix = (
            f"See: quorate list {kind}. A class of your own can be named once its module is "
            "imported and quorate.register is called on it; or hand in an object."
        )
        raise unknown(one, str(name), catalog[kind], fix)
    return found


def _construct(cls: type, data: dict[str, Any], catalog: Catalog) -> Any:
    fields, types_ = parameters(cls), hints(cls)
    own = {key: data[key] for key in data if key in fields}
    rest = {key: data[key] for key in data if key not in fields}
    arguments: dict[str, Any] = {}
    takes_rest = inner_field(cls) if rest else None
    for key, value in own.items():
        kind = fields[key].metadata.get("kind")
        if kind and key == takes_rest:
            continue  # built with the rest, which it may require
        arguments[key] = _argument(key, value, kind, types_[key], catalog)
    if rest:
        _refuse_unknown(cls, own, rest, catalog)
        arguments |= _hand_on(cls, own, rest, arguments, catalog)
    missing = [k for k, f in fields.items() if is_required(f) and k not in arguments]
    if missing:
        name, given = name_of(cls), list(data) or "nothing"
        raise InputError(
            f"Expected {name} to be given {', '.join(missing)}, got {given}. "
            f"Write {name}:{','.join(f'{key}=VALUE' for key in missing)}."
        )
    made = cls(**arguments)
    for key in fields:
        value = getattr(made, key)
        if isinstance(value, float) and math.isnan(value):
            raise InputError(f"Expected {key} to be a number, got nan. Write {key}=VALUE with one.")
    return made


def _argument(key: str, value: Any, kind: str | None, annotation: Any, catalog: Catalog) -> Any:
    """Return one parameter's value: a method, several, or what ``convert`` makes of it."""
    if kind is None:
        return convert(value, annotation, key)
    if typing.get_origin(annotation) is tuple:
        return tuple(build(kind, one, catalog) for one in listed(value))
    return None if value is None and is_optional(annotation) else build(kind, value, catalog)


def _refuse_unknown(cls: type, own: dict[str, Any], rest: dict[str, Any], catalog: Catalog) -> None:
    """Raise InputError for a parameter that no method has on the way inwards; it names them all."""
    called, inside = name_of(cls), []
    given, whose = own, dict.fromkeys(parameters(cls), "")
    handed_on = rest
    while handed_on and (key := inner_field(cls)) is not None:
        kind = parameters(cls)[key].metadata.get("kind")
        if not kind:
            return  # a mapping takes any name
        inner = _inner_plain(cls, key, given, catalog)
        if inner is None:
            return  # what is missing is said elsewhere
        cls, given = _class(kind, inner.get("name"), catalog), {**inner, **handed_on}
        # What this one takes goes no further in: its own method could take it again, without end.
        handed_on = {k: v for k, v in handed_on.items() if k not in parameters(cls)}
        inside.append(f"{key}={name_of(cls)}")
        whose = {**dict.fromkeys(parameters(cls), name_of(cls)), **whose}
    for name in rest:
        if name not in whose:
            chain = called + (f" with {', '.join(inside)}" if inside else "")
            raise unknown(f"parameter of {chain}", name, whose, "See: quorate list", whose)


def _hand_on(
    cls: type, own: dict[str, Any], rest: dict[str, Any], built: dict[str, Any], catalog: Catalog
) -> dict[str, Any]:
    """Return the argument of the inner method or mapping that takes the parameters in ``rest``."""
    key = inner_field(cls)
    if key is None:
        return {}
    kind = parameters(cls)[key].metadata.get("kind")
    if not kind:
        return {key: {**built.get(key, {}), **{k: literal(v) for k, v in rest.items()}}}
    inner = _inner_plain(cls, key, own, catalog)
    return {} if inner is None else {key: build(kind, {**inner, **rest}, catalog)}


def _inner_plain(
    cls: type, key: str, given: Mapping[str, Any], catalog: Catalog
) -> dict[str, Any] | None:
    """Return the inner method as plain data, given or by default; None where it is missing."""
    field = parameters(cls)[key]
    if key not in given and is_required(field):
        return None
    inner = given[key] if key in given else default_of(field)
    if not isinstance(inner, str | Mapping):
        inner = describe(build(field.metadata["kind"], inner, catalog))
    return parse(inner) if isinstance(inner, str) else dict(inner)
