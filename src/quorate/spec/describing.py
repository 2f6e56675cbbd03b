"""Methods to plain data and to text, and the ids of plain data."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from quorate.errors import InputError
from quorate.plain import as_plain
from quorate.spec.declaration import (
    default_of,
    inner_field,
    is_bare,
    is_method_class,
    is_required,
    name_of,
    parameters,
)
from quorate.spec.parsing import continues_a_method
from quorate.validate import shown


def describe(method: Any) -> dict[str, Any]:
    """Return the method as plain data, every parameter written out: ``build`` takes it back.

    But for what a later version added, where it is as it always was.
    """
    plain = {"name": type(method).name}
    cls: type = type(method)
    for key, field in parameters(cls).items():
        value = getattr(method, key)
        if not (field.metadata.get("later") and value == default_of(field)):
            plain[key] = _plain(value)
    return plain


def _plain(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value  # nearly all are such: tried first
    if getattr(value, "shape", None) == ():  # a NumPy number; arrays are data
        value = as_plain(value)
    if dataclasses.is_dataclass(value) and hasattr(value, "name"):
        return describe(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, str):
        return str(value)  # and no more, whatever it carries
    if isinstance(value, int | float):
        return value
    raise InputError(
        f"Expected a parameter that is plain data, got {shown(value)} of type "
        f"{type(value).__name__}. Data are arguments; parameters are numbers, text, mappings or "
        "methods."
    )


def methods_within(value: Any) -> Iterator[Any]:
    """Yield every method that a value is, holds or has inside it, the outermost first."""
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        for one in value:
            yield from methods_within(one)
        return
    cls: type = type(value)
    if is_method_class(cls):
        yield value
        for key in parameters(cls):
            yield from methods_within(getattr(value, key))


def text(method: Any) -> str:
    """Return the shortest text that ``build`` turns into this method; it labels rows and lines.

    Parameters at their default are left out, but for those declared ``shown``, which come first.
    """
    known = _texts.get(id(method))
    if known is not None and known[0] is method:
        return known[1]
    pairs = _text_pairs(method)
    found = name_of(type(method)) + (":" + ",".join(pairs) if pairs else "")
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
    own = parameters(cls).items()
    pairs = []
    for key, field in sorted(own, key=lambda item: not item[1].metadata.get("shown")):
        value, always = getattr(method, key), field.metadata.get("shown")
        if always or is_required(field) or value != default_of(field):
            pairs += _pairs_of(cls, key, value)
    return pairs


def _pairs_of(cls: type, key: str, value: Any) -> list[str]:
    """Return ``key=value`` of one parameter, or, where it is handed on, what stands inside it."""
    own, handed_on = parameters(cls), key == inner_field(cls)
    if isinstance(value, tuple):
        return [f"{key}={_text_value(','.join(map(_text_of_part, value)))}"]
    if own[key].metadata.get("kind") and value is not None:
        pairs, default = _text_pairs(value), own[key].default
        if not handed_on or any(pair.split("=")[0] in own for pair in pairs):
            return [f"{key}=({text(value)})"]
        same = type(value) is type(default) and is_bare(default)
        return pairs if same else [f"{key}={name_of(type(value))}", *pairs]
    if isinstance(value, Mapping):
        written = {k: _text_in_mapping(as_plain(v)) for k, v in value.items()}
        pairs = [f"{_text_value(str(k))}={v}" for k, v in written.items()]
        flat = handed_on and not any(k in own or k == "name" for k in value)
        return pairs if flat else [f"{key}=({','.join(pairs)})"]
    return [f"{key}={_text_value(value)}"]


def _text_in_mapping(value: Any) -> str:
    # A float stays one, 1.0: the type of what is in a mapping is not declared.
    return repr(value) if isinstance(value, float) else _text_value(value)


def text_of(value: Any) -> str:
    """Return one value of a list as text: a method's own, or a number's."""
    return text(value) if hasattr(value, "name") else _text_value(value)


def _text_of_part(value: Any) -> str:
    """Return one value of a list that stands in a text, quoted where it would not come back."""
    part = text_of(value)
    return f'"{part}"' if not part or continues_a_method(part) else part


def _text_value(value: Any) -> str:
    value = as_plain(value)
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    plain = str(value)
    if plain == plain.strip() and plain.lower() != "none" and not any(c in plain for c in ",()\"'"):
        return plain
    return f"'{plain}'" if '"' in plain else f'"{plain}"'


def content_id(plain: Mapping[str, Any]) -> str:
    """Return the id of plain data: equal data, equal id; 128 bits of SHA-256, in hex.

    The dates of a TOML file stand for their text.
    """
    canonical = json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str
    )
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
