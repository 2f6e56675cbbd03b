"""Numbers in words, as every result says them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
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
    """Return a rate with three decimals, and no -0.000; a dash where there is no number.

    >>> rate(0.12345), rate(-0.0001), rate(float("nan")), rate(None)
    ('0.123', '0.000', '–', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{value:z.3f}"


def name_place(provenance: Mapping[str, Any]) -> dict[str, str]:
    """Return of which revision and machine numbers are, as facts by label.

    >>> name_place({"git_revision": None, "processor": "A chip", "system": "Linux"})
    {'quorate': 'installed', 'Machine': 'A chip, Linux'}
    """
    machine = provenance.get("gpu") or provenance.get("processor")
    return {
        "quorate": str(provenance.get("git_revision") or "installed"),
        "Machine": f"{machine}, {provenance.get('system')}",
        **name_reading([provenance]),
    }


def name_reading(provenances: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return what reading files did, as a fact by its label; none where it did nothing.

    >>> name_reading([{"reading": ["Column 'id' is left out."]}, {}])
    {'How the file was read': "Column 'id' is left out."}
    """
    notes = dict.fromkeys(note for one in provenances for note in one.get("reading", ()))
    return {"How the file was read": " ".join(notes)} if notes else {}


def settings_in_words(plain: Mapping[str, Any]) -> dict[str, str]:
    """Return what a run was asked for, which is plain data, in words by parameter.

    >>> settings_in_words({"held_out": 0.25, "learner": {"name": "dp-sgd", "delta": 1e-5}})
    {'Held out': '0.25', 'Learner': 'dp-sgd: delta = 1e-05'}
    """
    return {label(key): _in_words(value) for key, value in plain.items()}


def label(key: str) -> str:
    """Return the name of a parameter as the label of a row.

    >>> label("held_out"), label("alpha")
    ('Held out', 'Alpha')
    """
    spaced = key.replace("_", " ")
    return spaced[:1].upper() + spaced[1:]


def _in_words(value: Any) -> str:
    """Return a value in words; a method as its name and its parameters.

    >>> _in_words({"name": "planting", "signal": {"name": "columns", "set": {"x2": 3}}})
    'planting: signal = (columns: set = (x2 = 3))'
    >>> _in_words([0.0, 0.5]), _in_words(None), _in_words(True), _in_words([]), _in_words("")
    ('0, 0.5', 'none', 'yes', 'none', 'none')
    """
    if isinstance(value, Mapping):
        rest = {key: inner for key, inner in value.items() if key != "name"}
        pairs = ", ".join(f"{key} = {_inside(inner)}" for key, inner in rest.items())
        parts = [str(part) for part in (value.get("name"), pairs) if part]
        return ": ".join(parts) or "none"
    if isinstance(value, list | tuple):
        between = "; " if any(isinstance(one, Mapping) for one in value) else ", "
        return between.join(map(_in_words, value)) or "none"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


def _inside(value: Any) -> str:
    """Return a value in words, in brackets where it has parts of its own."""
    words, whole = _in_words(value), not isinstance(value, Mapping | list | tuple)
    return words if whole or re.fullmatch(r"[^\s:=]*", words) else f"({words})"
