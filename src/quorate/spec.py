"""Parameters to plain data and back: text, TOML values, descriptions and content ids.

A method is a frozen dataclass with a ``name``; its fields are its parameters. On the command line
they ride on the name, ``dp-sgd:epsilon=1,max_grad_norm=1``. A value in parentheses is a mapping or
a method of its own, ``signal=(patch:size=3)``. A parameter that a method does not have is handed
on to the method inside it, so ``planting:target=8,size=3`` sets the size of its signal.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import hashlib
import json
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from quorate.errors import InputError
from quorate.validate import unknown

Catalog = Mapping[str, Mapping[str, type]]  # by kind and name, the name spelt with -


def param(
    default: Any = dataclasses.MISSING,
    help: str = "",
    *,
    kind: str | None = None,
    takes_rest: bool = False,
    shown: bool = False,
) -> Any:
    """Declare one parameter of a method.

    Args:
        default: its default; without one it is required.
        help: one line with its unit.
        kind: the catalog's kind it is built from, where it is itself a method.
        takes_rest: a mapping that receives every parameter the method does not have.
        shown: written out in every label, even at its default.
    """
    metadata = {"help": help, "kind": kind, "takes_rest": takes_rest, "shown": shown}
    if _is_missing(default):
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


# ------------------------------------------------------------------------------- text to plain data


def parse(text: str) -> dict[str, Any]:
    """Return the plain data that ``name:key=value,...`` stands for.

    >>> parse("planting:target=8,signal=(patch:size=3)")
    {'name': 'planting', 'target': '8', 'signal': {'name': 'patch', 'size': '3'}}
    >>> parse('table:path="a,b.csv",label=y')["path"]
    'a,b.csv'

    Raises:
        InputError: a parameter without "=", or an unclosed parenthesis or quote.
    """
    name, _, rest = text.strip().partition(":")
    if not name:
        raise InputError(f"Expected name:key=value,..., got {text!r}. Begin with a method's name.")
    pairs = _parse_pairs(rest, text)
    if "name" in pairs:
        raise InputError(
            f"Expected the name before the colon only, got name={pairs['name']} in {text!r}. Where "
            "a key of a mapping is called name, write the mapping out, as in set=(name=VALUE)."
        )
    return {"name": name, **pairs}


def _parse_pairs(rest: str, whole: str) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for part in _split(rest, whole):
        key, equals, value = part.partition("=")
        key = _unquoted(key.strip())
        if not equals or not key:
            raise InputError(
                f"Expected key=value in {whole!r}, got {part!r}. "
                "Separate parameters by commas, as in sgd:model=cnn,epochs=5."
            )
        if key in pairs:
            raise InputError(f"Expected {key!r} once in {whole!r}, got it twice. Keep one.")
        pairs[key] = _parse_value(value.strip())
    return pairs


def _parse_value(value: str) -> Any:
    if value.startswith("(") and value.endswith(")"):
        inner = value[1:-1]
        before_equals = inner.split("=", 1)[0]
        is_mapping = "=" in inner and ":" not in before_equals
        return _parse_pairs(inner, inner) if is_mapping else parse(inner)
    return None if value.lower() == "none" else _unquoted(value)


def _unquoted(text: str) -> str:
    quoted = len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def _split(text: str, whole: str) -> list[str]:
    """Split at the commas that stand outside parentheses and quotes."""
    parts, start, depth, quote = [], 0, 0, ""
    for i, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth < 0:
                break
        elif char == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    if depth or quote:
        raise InputError(f"Expected closed parentheses and quotes, got {whole!r}. Close them.")
    return [p for p in [*parts, text[start:]] if p.strip()]


# ----------------------------------------------------------------------------- plain data to method


def build(kind: str, value: Any, catalog: Catalog) -> Any:
    """Return the method of ``kind`` that ``value`` (text, plain data or the method) stands for.

    Raises:
        InputError: the name, a parameter or a value is not known; the message lists the valid ones.
    """
    if not isinstance(value, str | Mapping):
        if not hasattr(value, "name"):
            raise InputError(
                f"Expected a method's name or its parameters, got {value!r}. Write name:key=value."
            )
        return value
    data = dict(parse(value) if isinstance(value, str) else value)
    return _construct(_class(kind, data.pop("name", None), catalog), data, catalog)


def _class(kind: str, name: Any, catalog: Catalog) -> type:
    """Return the class of ``kind`` with that name, whether written with - or with _."""
    found = catalog[kind].get(name.replace("_", "-")) if isinstance(name, str) else None
    if found is None:
        one = kind.removesuffix("s") if not kind.endswith("ies") else kind[:-3] + "y"
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
    takes_rest = _inner_field(cls) if rest else None
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
        raise InputError(
            f"Expected {_name(cls)} to be given {', '.join(missing)}, got {list(data) or 'nothing'}"
            f". Write {_name(cls)}:{','.join(f'{k}=...' for k in missing)}."
        )
    return cls(**arguments)


def _argument(key: str, value: Any, kind: str | None, annotation: Any, catalog: Catalog) -> Any:
    """Return one parameter's value: a method, several, or what ``convert`` makes of it."""
    if kind is None:
        return convert(value, annotation, key)
    if typing.get_origin(annotation) is tuple:
        return tuple(build(kind, one, catalog) for one in _listed(value))
    return None if value is None and _is_optional(annotation) else build(kind, value, catalog)


def _listed(value: Any) -> list[Any]:
    """Return the parts of a comma list; ``a:x=1,y=2,b`` are two, since y=2 begins no method.

    A part in quotes stands for itself.

    >>> _listed("sgd:epochs=5,model=cnn,forest")
    ['sgd:epochs=5,model=cnn', 'forest']
    """
    if not isinstance(value, str):
        return list(value) if isinstance(value, list | tuple) else [value]
    parts: list[str] = []
    for part in _split(value, value):
        if parts and _continues(part):
            parts[-1] += f",{part}"
        else:
            parts.append(part.strip())
    return parts


def _continues(part: str) -> bool:
    """Whether a part of a comma list is a parameter of the method before it."""
    return not part.startswith(("'", '"')) and "=" in part.split(":")[0].split("(")[0]


def _refuse_unknown(cls: type, own: dict[str, Any], rest: dict[str, Any], catalog: Catalog) -> None:
    """Raise InputError for a parameter that no method has on the way inwards; it names them all."""
    called, inside = _name(cls), []
    given, whose = own, dict.fromkeys(parameters(cls), "")
    while (key := _inner_field(cls)) is not None:
        kind = parameters(cls)[key].metadata.get("kind")
        if not kind:
            return  # a mapping takes any name
        inner = _inner_plain(cls, key, given, catalog)
        if inner is None:
            return  # what is missing is said elsewhere
        cls, given = _class(kind, inner.get("name"), catalog), {**inner, **rest}
        inside.append(f"{key}={_name(cls)}")
        whose = {**dict.fromkeys(parameters(cls), _name(cls)), **whose}
    for name in rest:
        if name not in whose:
            chain = called + (f" with {', '.join(inside)}" if inside else "")
            raise unknown(f"parameter of {chain}", name, whose, "See: quorate list", whose)


def _hand_on(
    cls: type, own: dict[str, Any], rest: dict[str, Any], built: dict[str, Any], catalog: Catalog
) -> dict[str, Any]:
    """Return the argument of the inner method or mapping that takes the parameters in ``rest``."""
    key = _inner_field(cls)
    if key is None:
        return {}
    kind = parameters(cls)[key].metadata.get("kind")
    if not kind:
        return {key: {**built.get(key, {}), **{k: _literal(v) for k, v in rest.items()}}}
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


def _literal(value: Any) -> Any:
    """Return text that spells a number exactly as that number, so that equal data are equal."""
    for number in (int, float):
        try:
            if isinstance(value, str) and str(number(value)) == value:
                return number(value)
        except ValueError:
            pass
    return value


def _whole(value: Any) -> int:
    """Return a whole number exactly, however large, where it is written as one."""
    try:
        return int(value)
    except ValueError:
        return int(float(value))  # as in 1e3


def convert(value: Any, annotation: Any, key: str) -> Any:
    """Return ``value`` (text, or a value of a TOML file) as the annotated type.

    >>> convert("5", int, "epochs"), convert(None, float | None, "delta")
    (5, None)

    Raises:
        InputError: it is not of that type.
    """
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        inner = [a for a in args if a is not type(None)]
        spelt = inner[0] is not str and str(value).lower() == "none"  # text may well say "none"
        if value is None or spelt:
            return None
        return convert(value, inner[0], key)
    if origin is tuple:
        parts = (_unquoted(one) if isinstance(one, str) else one for one in _listed(value))
        return tuple(convert(one, args[0], key) for one in parts)
    if origin is Literal:
        if str(value) not in args:
            raise unknown(f"value of {key}", str(value), args)
        return str(value)
    if annotation is bool and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    is_number = not isinstance(value, bool | Mapping | list)
    try:
        if annotation is int and is_number and float(value) == int(float(value)):
            return _whole(value)
        if annotation is float and is_number:
            return float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    if annotation is str and is_number:
        return str(value)
    if origin is collections.abc.Mapping and isinstance(value, Mapping):
        return {str(k): _literal(v) for k, v in value.items()}
    wanted = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    raise InputError(
        f"Expected {key} to be {wanted.get(annotation, '(NAME=VALUE,...)')}, got {value!r}. "
        f"Write {key}=VALUE with such a value."
    )


# ----------------------------------------------------------------------------- method to plain data


def describe(method: Any) -> dict[str, Any]:
    """Return the method as plain data, every parameter written out: ``build`` takes it back."""
    plain = {"name": type(method).name}
    cls: type = type(method)
    for key in parameters(cls):
        plain[key] = _plain(getattr(method, key))
    return plain


def _plain(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value  # nearly all are such: tried first
    if dataclasses.is_dataclass(value) and hasattr(value, "name"):
        return describe(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, int | float | str):
        return value
    raise InputError(
        f"Expected a parameter that is plain data, got {value!r} of type {type(value).__name__}. "
        "Data are arguments; parameters are numbers, text, mappings or methods."
    )


def text(method: Any) -> str:
    """Return the shortest text that ``build`` turns into this method; it labels rows and lines.

    Parameters at their default are left out, but for those declared ``shown``, which come first.
    """
    known = _texts.get(id(method))
    if known is not None and known[0] is method:
        return known[1]
    pairs = _text_pairs(method)
    found = _name(type(method)) + (":" + ",".join(pairs) if pairs else "")
    if _is_immutable(method):
        if len(_texts) >= MOST_TEXTS:
            _texts.clear()
        _texts[id(method)] = method, found
    return found


# A sweep asks for the texts of the same few methods once a cell and more. By identity: methods
# that are equal may be written differently, with 1 or with 1.0.
_texts: dict[int, tuple[Any, str]] = {}
MOST_TEXTS = 1024


def _is_immutable(method: Any) -> bool:
    """Whether no parameter can change, as a mapping can: what can be hashed cannot."""
    try:
        hash(method)
    except TypeError:
        return False
    return dataclasses.is_dataclass(method)


def _text_pairs(method: Any) -> list[str]:
    cls: type = type(method)
    own = parameters(cls)
    pairs, handed_on = [], _inner_field(cls)
    for key, field in sorted(own.items(), key=lambda item: not item[1].metadata.get("shown")):
        value = getattr(method, key)
        if (
            not is_required(field)
            and value == default_of(field)
            and not field.metadata.get("shown")
        ):
            continue
        if isinstance(value, tuple):
            pairs.append(f"{key}={_text_value(','.join(map(_text_of_part, value)))}")
        elif field.metadata.get("kind"):
            inner = _text_pairs(value)
            same = type(value) is type(field.default) and _is_bare(field.default)
            if key == handed_on and not any(pair.split("=")[0] in own for pair in inner):
                pairs += ([] if same else [f"{key}={_name(type(value))}"]) + inner
            else:
                pairs.append(f"{key}=({text(value)})")
        elif isinstance(value, Mapping):
            # A float stays one, 1.0: the type of what is in a mapping is not declared.
            shown = {
                k: repr(v) if isinstance(v, float) else _text_value(v) for k, v in value.items()
            }
            inner = [f"{_text_value(str(k))}={v}" for k, v in shown.items()]
            flat = key == handed_on and not any(k in own or k == "name" for k in value)
            pairs += inner if flat else [f"{key}=({','.join(inner)})"]
        else:
            pairs.append(f"{key}={_text_value(value)}")
    return pairs


def _is_bare(method: Any) -> bool:
    """Whether every parameter is at its default."""
    cls: type = type(method)
    own = parameters(cls).items()
    return not any(is_required(f) or getattr(method, key) != default_of(f) for key, f in own)


def _inner_field(cls: type) -> str | None:
    """Return the parameter that takes what the method does not have: an inner method or mapping.

    Not one of several methods, nor one that may be missing.
    """
    for key, field in parameters(cls).items():
        hint = hints(cls)[key]
        one = typing.get_origin(hint) is not tuple and not _is_optional(hint)
        if field.metadata.get("takes_rest") or (field.metadata.get("kind") and one):
            return key
    return None


def _is_optional(annotation: Any) -> bool:
    return type(None) in typing.get_args(annotation)


def text_of(value: Any) -> str:
    """Return one value of a list as text: a method's own, or a number's."""
    return text(value) if hasattr(value, "name") else _text_value(value)


def _text_of_part(value: Any) -> str:
    """Return one value of a list that stands in a text, quoted where it would not come back."""
    part = text_of(value)
    return f'"{part}"' if not part or _continues(part) else part


def _text_value(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    plain = str(value)
    if plain == plain.strip() and plain.lower() != "none" and not any(c in plain for c in ",()\"'"):
        return plain
    return f"'{plain}'" if '"' in plain else f'"{plain}"'


def content_id(plain: Mapping[str, Any]) -> str:
    """Return the id of plain data: equal data, equal id; 128 bits of SHA-256, in hex."""
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


# ----------------------------------------------------------------------------------- introspection


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
    """Return the first line of a method's docstring: its one-line meaning."""
    return (cls.__doc__ or "").strip().splitlines()[0]


def _name(cls: type) -> str:
    return str(cls.name)  # type: ignore[attr-defined]
