"""What a search for a photo edit found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from quorate.intervals import Estimate
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.edits.similarity import Similarity
from quorate.test_time.perturbations.perturbation import Perturbation


class Tried(NamedTuple):
    """One setting, and what the platform said of it while the search went on.

    Args:
        pipeline: the setting.
        asked: how many photos it was asked about.
        right: of how many the platform's label was right.
    """

    pipeline: Pipeline
    asked: int
    right: int


@dataclass(frozen=True, eq=False)
class FoundEdit:
    """The photo edit that a search settles on.

    Args:
        pipeline: the edit; exposure by 0 stops where no edit is better.
        perturbation: the same as members apply it, within the budget.
        gain: of accuracy, confirmed on photos that the search never used; 0 for no edit.
        confirmed: how many photos confirmed it.
        tried: the settings that were asked about, most asked first.
        similarity: how alike members' photos are before and after.
        asked: questions in all.
        notes: what happened on the way, in words.
    """

    pipeline: Pipeline
    perturbation: Perturbation
    gain: Estimate
    confirmed: int
    tried: tuple[Tried, ...]
    similarity: Similarity
    asked: int
    notes: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """Return what there is to say of it as plain data, but for the notes."""
        return {
            "pipeline": self.pipeline.text,
            "by_hand": list(self.pipeline.by_hand),
            "gain": self.gain.to_json(),
            "confirmed": self.confirmed,
            "similarity": self.similarity.structural,
            "distance": self.similarity.largest_change,
            "asked": self.asked,
            "tried": [
                {"pipeline": one.pipeline.text, "asked": one.asked, "right": one.right}
                for one in self.tried
            ],
        }
