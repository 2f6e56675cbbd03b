"""FairFace, by its hub name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from quorate.compared_groups import ComparedGroups
from quorate.populations.pictures.image_files import hub_fingerprint, load_hub
from quorate.populations.sizes import REDRAWN_HELD_OUT, REDRAWN_N, subsample_both
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split
from quorate.validate import at_least

HUB_NAME = "HuggingFaceM4/FairFace"
MARGIN = "0.25"  # the hub's variant with faces cut out closely; 1.25 shows more around them
COMPARED = ComparedGroups(("Black",), (), "Female")  # ours
FaceAttribute = Literal["gender", "age", "race"]


@dataclass(frozen=True)
class FairFace(Population):
    """FairFace: 86,744 + 10,954 photos of faces (hub name HuggingFaceM4/FairFace).

    Faces of real people: show no more than a figure needs, and name nobody. Gender, age and race
    are what annotators saw, not what people say of themselves. CC BY 4.0, Kärkkäinen and Joo 2021
    (arXiv:1908.04913). The validation set is held out. A local copy may hold fewer.

    Raises:
        DataUnavailableError: there is no local copy (QUORATE_DATA) and the hub is out of reach.
        InputError: size is below 1, or n or held_out exceeds the people there are.
    """

    name: ClassVar[str] = "fairface"
    task: FaceAttribute = param("gender", "Attribute that is predicted.")
    group: FaceAttribute | None = param("race", "Attribute that defines the groups.")
    size: int | None = param(
        32, "Side in pixels that photos are resized to; none keeps their own size."
    )
    n: int | None = param(None, REDRAWN_N)
    held_out: int | None = param(None, REDRAWN_HELD_OUT)

    def __post_init__(self) -> None:
        if self.size is not None:
            at_least("size", self.size, 1, "Use a side such as 32.")

    def fingerprint(self) -> str | None:
        """Return a digest of the local copy, None where it is as it was published or not there."""
        return hub_fingerprint(HUB_NAME)

    def split(self, rng: Rng) -> Split:
        """Return the official split, subsampled if asked."""
        parts: Any = {"config": MARGIN, "held_out": "validation"}
        split = load_hub(HUB_NAME, "image", self.task, self.group, self.size, **parts)
        if self.task == "gender":
            split = Split(*(replace(people, compared=COMPARED) for people in vars(split).values()))
        return subsample_both(split, self.n, self.held_out, rng)
