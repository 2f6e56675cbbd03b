"""One figure of a campaign page: what it is, how much, how it is known and how sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Known = Literal["certified", "rehearsed", "simulated", "measured", "stated"]
KNOWN: dict[Known, str] = {
    "certified": "Proved from the members' own rows: it holds with the confidence stated, if its "
    "assumptions do.",
    "rehearsed": "Measured on platforms that were trained here, on half of the members' rows: it "
    "speaks of platforms that train in that way.",
    "simulated": "A forecast, from platforms that were trained here: no promise.",
    "measured": "The platform's own answers, about people whom neither it nor the collective had "
    "seen.",
    "stated": "As the organiser has stated it: nothing here checks it.",
}


@dataclass(frozen=True)
class StatedFigure:
    """One figure, in words.

    Args:
        label: what it is.
        value: how much, with its unit.
        known: how it is known; ``KNOWN`` says what that means.
        sure: how sure, such as an interval or a confidence; empty where ``known`` says it all.
    """

    label: str
    value: str
    known: Known
    sure: str = ""
