"""Text to plain data: names, parameters, quotes and parentheses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from quorate.errors import InputError
from quorate.plain import as_plain
from quorate.validate import shown

MOST_PARENTHESES = 32  # inside each other; a sentence of methods has three or four


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
        raise InputError(
            f"Expected name:key=value,..., got {shown(text)}. Begin with a method's name."
        )
    pairs = _parse_pairs(rest, text)
    if "name" in pairs:
        raise InputError(
            f"Expected the name before the colon only, got name={pairs['name']} in {shown(text)}. "
            "Where a key of a mapping is called name, write it out, as in set=(name=VALUE)."
        )
    return {"name": name, **pairs}


def _parse_pairs(rest: str, whole: str) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for part in split(rest, whole):
        key, equals, value = part.partition("=")
        key = unquoted(key.strip())
        if not equals or not key:
            raise InputError(
                f"Expected key=value in {shown(whole)}, got {shown(part)}. "
                "Separate parameters by commas, as in sgd:model=cnn,epochs=5."
            )
        if key in pairs:
            raise InputError(
                f"Expected {shown(key)} once in {shown(whole)}, got it twice. Keep one."
            )
        pairs[key] = _parse_value(value.strip())
    return pairs


def _parse_value(value: str) -> Any:
    if value.startswith("(") and value.endswith(")"):
        inner = value[1:-1]
        before_equals = inner.split("=", 1)[0]
        is_mapping = "=" in inner and ":" not in before_equals
        return _parse_pairs(inner, inner) if is_mapping else parse(inner)
    return None if value.lower() == "none" else unquoted(value)


def unquoted(text: str) -> str:
    """Return text without the quotes around it."""
    quoted = len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def split(text: str, whole: str) -> list[str]:
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
            if depth > MOST_PARENTHESES:
                raise InputError(
                    f"Expected at most {MOST_PARENTHESES} parentheses inside each other, got more "
                    f"in {shown(whole)}. Leave out those that are not needed."
                )
        elif char == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    if depth or quote:
        raise InputError(f"Expected closed parentheses and quotes, got {shown(whole)}. Close them.")
    return [p for p in [*parts, text[start:]] if p.strip()]


def listed(value: Any) -> list[Any]:
    """Return the parts of a comma list; ``a:x=1,y=2,b`` are two, since y=2 begins no method.

    A part in quotes stands for itself.

    >>> listed("sgd:epochs=5,model=cnn,forest")
    ['sgd:epochs=5,model=cnn', 'forest']
    """
    value = as_plain(value)
    if not isinstance(value, str):
        return list(value) if isinstance(value, list | tuple) else [value]
    parts: list[str] = []
    for part in split(value, value):
        if parts and continues_a_method(part):
            parts[-1] += f",{part}"
        else:
            parts.append(part.strip())
    return parts


def continues_a_method(part: str) -> bool:
    """Whether a part of a comma list is a parameter of the method before it."""
    return not part.startswith(("'", '"')) and "=" in part.split(":")[0].split("(")[0]


def is_path(text: str) -> bool:
    """Whether a text names a folder rather than a method: a separator stands before any parameter.

    What the working directory holds does not matter: it may be a stranger's.

    >>> is_path("./mlp"), is_path("mlp"), is_path("fine-tuned:public=(images:path=./faces)")
    (True, False, False)
    """
    name = text.partition(":")[0]
    separators = {os.sep, os.altsep or os.sep}
    return name in (".", "..") or any(s in name for s in separators) or Path(text).is_absolute()
