"""What theory says beside what was simulated: for any platform near the best for its data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quorate.auditing.battery import Aim
from quorate.auditing.signals import members_certified
from quorate.errors import InputError
from quorate.plain import finite_or_none
from quorate.protocols import Strategy
from quorate.strategies.erasing import Erasing
from quorate.strategies.planting import Planting
from quorate.strategies.planting_features import PlantingFeatures
from quorate.studies.bounds import bounds_of
from quorate.studies.trial import Outcome
from quorate.table import Table

GOALS = {Planting: "plant", PlantingFeatures: "plant-feature-only", Erasing: "erase"}


@dataclass(frozen=True)
class Bounds:
    """Sizes that are enough by theory; None where nothing is said, and then why.

    Args:
        enough: α from which on S* is promised by every classifier that is the best for the rows it
            received; the share of honest people with the signal at its upper 95% limit.
        certified: members from which on S* is certified from a sample of honest rows, at 95%.
        why: neither is there, as a sentence; empty where one is.
    """

    enough: float | None = None
    certified: int | None = None
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        enough = None if self.enough is None else finite_or_none(self.enough)
        return {"bound": enough, "certified_members": self.certified, "why_no_bound": self.why}


def bounds_beside(
    strategy: Strategy,
    aim: Aim,
    without: Sequence[Outcome],
    people: Table,
    target: float,
    size: int,
    tried: int,
) -> Bounds:
    """Return what is promised of a strategy, beside its simulated critical mass.

    Args:
        strategy: what members do.
        aim: with its signal.
        without: outcomes with nobody acting, which tell how common the signal is.
        people: honest training people.
        target: S*.
        size: people on the platform.
        tried: signals among which this one was chosen.
    """
    goal = GOALS.get(type(strategy))
    if goal is None or aim.signal is None:
        return Bounds(why="No bound is known for what these members do.")
    found = [one for one in bounds_of(without) if one.applies] if without else []
    masses = [one.critical_mass(target, 0.0, "tv") for one in found]
    enough = min((one for one in masses if one is not None and math.isfinite(one)), default=None)
    try:
        certified = members_certified(people, aim.signal, aim.wanted, goal, target, size, tried)
    except InputError as error:
        return Bounds(enough, None, "" if enough else str(error))
    why = (
        ""
        if enough is not None or certified is not None
        else ("Nothing is promised: too little is known of how others are with the signal.")
    )
    return Bounds(enough, certified, why)
