"""Numbers as plain data: JSON knows neither NaN nor infinity."""

from __future__ import annotations

import math
from typing import Any


def finite_or_none(value: Any) -> Any:
    """Return a value as it is, and None for a number that is none or has no end.

    >>> finite_or_none(0.5), finite_or_none(float("nan")), finite_or_none("a"), finite_or_none(None)
    (0.5, None, 'a', None)
    """
    return None if isinstance(value, float) and not math.isfinite(value) else value
