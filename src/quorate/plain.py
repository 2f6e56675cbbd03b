"""Plain data for JSON, which knows neither NaN nor infinity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

Plain = TypeVar("Plain", bound=Mapping[str, Any])


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
