"""Numbers in words, as every result says them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def percent(alpha: float) -> str:
    """Return a fraction as a percentage with three digits; inf as "not reached".

    >>> percent(0.00123456), percent(float("inf")), percent(float("nan"))
    ('0.123%', 'not reached', 'not measured')
    """
    if math.isnan(alpha):
        return "not measured"
    return "not reached" if math.isinf(alpha) else f"{100 * alpha:.3g}%"


def interval(low: float, high: float) -> str:
    """Return an interval of fractions as percentages; a dash where nothing was measured.

    >>> interval(0.01, 0.1), interval(float("nan"), float("nan"))
    ('(1%, 10%]', '–')
    """
    return "–" if math.isnan(low) else f"({percent(low)}, {percent(high)}]"


def people(number: float) -> str:
    """Return how many people, to the nearest whole; a dash where there is no number.

    >>> people(12.0), people(float("inf"))
    ('12', '–')
    """
    return f"{number:.0f}" if math.isfinite(number) else "–"


def rate(value: float | None) -> str:
    """Return a rate in [0, 1] with three decimals; a dash where there is no number.

    >>> rate(0.12345), rate(float("nan")), rate(None)
    ('0.123', '–', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def name_place(provenance: Mapping[str, Any]) -> dict[str, str]:
    """Return of which revision and machine numbers are, as facts by label.

    >>> name_place({"git_revision": None, "processor": "A chip", "system": "Linux"})
    {'quorate': 'installed', 'Machine': 'A chip, Linux'}
    """
    machine = provenance.get("gpu") or provenance.get("processor")
    return {
        "quorate": str(provenance.get("git_revision") or "installed"),
        "Machine": f"{machine}, {provenance.get('system')}",
    }
