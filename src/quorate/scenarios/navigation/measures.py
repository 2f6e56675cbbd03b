"""The measures of navigation's cells, in groups of the same choice, and their means over seeds.

Shapes: d days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from quorate.plain import group_by
from quorate.scenarios.navigation.shortest_paths import Floats

Outcome = Mapping[str, Any]  # a cell with what was measured of it

CHOSEN = ("share", "others", "defence", "reports", "schedule")
GAPS = ("relative_gap", "gap", "accepted")
THROUGH = ("through_before", "through_after", "relative_fall")
TOTALS = ("total_before", "total_after", "total_rise")
MEMBERS = ("members_before", "members_after", "members_delay", "members_rise")
MASSES = ("critical_reports", "critical_per_car")
DAYS = ("mean_fall", "first_fall", "last_fall", "days_reported")
MEASURED = GAPS + THROUGH + TOTALS + MEMBERS + ("spill_over",) + MASSES + DAYS
PERIOD = 14  # days at the beginning and the end that are compared: two weeks, a whole burst


def of_state(one: Outcome) -> dict[str, Any]:
    """Return the measures of traffic at rest."""
    before, after = one["members_before"], one["members_after"]
    is_known = before is not None and after is not None
    return {
        **{key: one[key] for key in MEASURED if key in one},
        "total_rise": one["total_after"] / one["total_before"] - 1,
        "members_delay": after - before if is_known else None,
        "members_rise": after / before - 1 if is_known else None,
        "spill_over": sum(part["after"] - part["before"] for part in one["parts"]),
    }


def of_mass(one: Outcome) -> dict[str, Any]:
    """Return the measures of a critical mass; the fall is that at a million reports."""
    return {
        "critical_reports": one["high"],
        "critical_per_car": one["per_car"],
        "relative_fall": one["reached"],
    }


def of_days(one: Outcome) -> dict[str, Any]:
    """Return the measures of days in a row."""
    falls = np.array(one["falls"])  # (d,)
    return {
        "gap": one["gap"],
        "mean_fall": float(falls.mean()),
        "first_fall": float(falls[:PERIOD].mean()),
        "last_fall": float(falls[-PERIOD:].mean()),
        "days_reported": sum(one["reported"]),
    }


def by_choice(found: Sequence[Outcome], *keys: str) -> list[list[Outcome]]:
    """Return the outcomes in groups of the same choice, in order."""
    return list(group_by(found, *keys).values())


def first_choice(found: Sequence[Outcome]) -> Sequence[Outcome]:
    """Return the seeds of the first choice of each parameter."""
    return by_choice(found, *CHOSEN)[0] if found else []


def mean_of(found: Sequence[Outcome], key: str) -> float | None:
    """Return a mean over seeds; None where a seed has no number."""
    values = [one[key] for one in found]
    return None if not values or None in values else float(np.mean(values))


def mean_falls(found: Sequence[Outcome]) -> Floats:
    """Return the mean fall over the seeds of the first choice on each day, (d,)."""
    return np.asarray(np.mean([one["falls"] for one in first_choice(found)], axis=0))
