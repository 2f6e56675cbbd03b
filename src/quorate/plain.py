"""Plain data: what JSON and TOML hold. JSON knows neither NaN nor infinity."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

Plain = TypeVar("Plain", bound=Mapping[str, Any])

MOST_LEVELS = 64  # of lists and tables inside each other; what is written here has ten


def as_plain(value: Any) -> Any:
    """Return a NumPy number or array as Python's own numbers; anything else unchanged.

    >>> import numpy as np
    >>> as_plain(np.int64(2)), as_plain(np.array([0.5, 1])), as_plain("a")
    (2, [0.5, 1.0], 'a')
    """
    if type(value).__module__ != "numpy" or not hasattr(value, "tolist"):
        return value
    found = value.tolist()
    return float(found) if type(found).__module__ == "numpy" else found  # longer than a float


def levels(plain: Any) -> int:
    """Return how many lists and tables stand inside each other; counted up to MOST_LEVELS + 1.

    >>> levels(1), levels([]), levels({"a": [[1], 2]})
    (0, 1, 3)
    """
    depth, inside = 0, [plain]
    while depth <= MOST_LEVELS:
        nested = [one for one in inside if isinstance(one, Mapping | list | tuple)]
        if not nested:
            break
        depth += 1
        inside = [
            part for one in nested for part in (one.values() if isinstance(one, Mapping) else one)
        ]
    return depth


def read_json(text: str | bytes) -> Any:
    """Return what JSON says; half of a sign that stands alone in a text becomes a question mark.

    Raises:
        ValueError: it is no JSON, no UTF-8, or has more levels than MOST_LEVELS.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    text = text.encode(errors="replace").decode()  # halves that stand there as they are
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError(f"more than {MOST_LEVELS} levels of lists and tables") from None
    if levels(found) > MOST_LEVELS:
        raise ValueError(f"more than {MOST_LEVELS} levels of lists and tables")
    return _whole_signs(found) if r"\ud" in text.lower() else found


def _whole_signs(plain: Any) -> Any:
    if isinstance(plain, str):
        return plain.encode(errors="replace").decode()
    if isinstance(plain, dict):
        return {_whole_signs(key): _whole_signs(value) for key, value in plain.items()}
    return [_whole_signs(one) for one in plain] if isinstance(plain, list) else plain


def finite_or_none(value: Any) -> Any:
    """Return a value unchanged, but None for NaN and infinities.

    >>> finite_or_none(0.5), finite_or_none(float("nan")), finite_or_none("a"), finite_or_none(None)
    (0.5, None, 'a', None)
    """
    return None if isinstance(value, float) and not math.isfinite(value) else value


def finite(plain: Any) -> Any:
    """Return nested plain data with None for every NaN and infinity.

    >>> finite({"a": [0.5, float("inf")], "b": {"c": float("nan")}})
    {'a': [0.5, None], 'b': {'c': None}}
    """
    if isinstance(plain, dict):
        return {key: finite(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [finite(value) for value in plain]
    return finite_or_none(plain)


def group_by(rows: Iterable[Plain], *keys: str) -> dict[tuple[Any, ...], list[Plain]]:
    """Return rows in groups that agree in some keys, by their values there, in order.

    >>> group_by([{"a": 1, "b": 2}, {"a": 3}, {"a": 1}], "a")
    {(1,): [{'a': 1, 'b': 2}, {'a': 1}], (3,): [{'a': 3}]}
    """
    groups: dict[tuple[Any, ...], list[Plain]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(key) for key in keys), []).append(row)
    return groups
