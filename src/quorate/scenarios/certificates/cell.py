"""One seed and goal: what is certified with each number of members, and what it achieves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quorate.plain import finite_or_none
from quorate.scenarios.certificates.campaign import Campaign, Crowd, draw_crowd
from quorate.scenarios.certificates.cars import LABELS
from quorate.theory.certificates.counts import AssumedPlatform
from quorate.theory.certificates.members_needed import members_needed


def measure_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is measured of one cell: plain data, one entry a label and radius.

    Args:
        cell: ``goal``, ``seed``, ``sizes``, ``platform_size``, ``test_size``, ``confidence``,
            ``target``, ``aside``, ``labels`` and ``radii`` of the scenario.
    """
    crowd = draw_crowd(cell["platform_size"], cell["test_size"], cell["seed"])
    return {
        "found": [
            _measure(crowd, cell, label, radius)
            for label in cell["labels"]
            for radius in cell["radii"]
        ]
    }


def _measure(crowd: Crowd, cell: Mapping[str, Any], label: str, radius: str) -> dict[str, Any]:
    platform = AssumedPlatform(cell["platform_size"], test_size=cell["test_size"])
    how = platform, cell["confidence"], radius
    certified, achieved = [], []
    for n in cell["sizes"]:
        acting = _campaign(crowd, cell, label, n)
        found = acting.certify(*how)
        certified.append(finite_or_none(found.success))
        achieved.append(acting.achieve(crowd, found.planted))
    most = cell["sizes"][-1]
    rows = _campaign(crowd, cell, label, most)

    def success(n: int) -> float:
        return rows.scaled(n, set_aside(cell["aside"], n)).certify(*how).success

    needed = members_needed(success, cell["target"], platform.size)
    whose = {"label": label, "radius": radius}
    return {**whose, "certified": certified, "achieved": achieved, "needed": needed}


def _campaign(crowd: Crowd, cell: Mapping[str, Any], label: str, n: int) -> Campaign:
    aside = set_aside(cell["aside"], n)
    return Campaign.of(crowd, cell["goal"], LABELS.index(label), n, aside)


def set_aside(wanted: int, n: int) -> int:
    """Return how many of n members choose labels: those wanted, but at most half.

    >>> set_aside(10_000, 110_100), set_aside(10_000, 5_001)
    (10000, 2500)
    """
    return max(1, min(wanted, n // 2))
