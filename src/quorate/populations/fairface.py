"""FairFace, by its hub name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from quorate.populations.image_files import load_hub
from quorate.populations.sizes import subsample_both
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split
from quorate.validate import at_least

HUB_NAME = "HuggingFaceM4/FairFace"
MARGIN = "0.25"  # the hub's variant with faces cut out closely; 1.25 shows more around them
FaceAttribute = Literal["gender", "age", "race"]


@dataclass(frozen=True)
class FairFace(Population):
    """86,744 + 10,954 photos of faces, with gender, age and race; hub name HuggingFaceM4/FairFace.

    These are faces of real people: show none that a figure does not need, and name nobody. The
    attributes are what annotators saw, not what people say of themselves. CC BY 4.0, Kärkkäinen
    and Joo 2021 (arXiv:1908.04913). The validation part is held out. A local copy may hold fewer.

    Raises:
        DataUnavailableError: neither a local copy (QUORATE_DATA) nor the hub is there.
        InputError: size is below 1, or n or held_out is more than there are.
    """

    name: ClassVar[str] = "fairface"
    task: FaceAttribute = param("gender", "the attribute that is predicted")
    group: FaceAttribute | None = param("race", "the attribute that makes the groups")
    size: int | None = param(
        32, "side in pixels to resize to, small to train on CPUs; none: their own"
    )
    n: int | None = param(None, "people to learn from, drawn anew per seed; by default all")
    held_out: int | None = param(None, "people held out, drawn likewise; by default all")

    def __post_init__(self) -> None:
        if self.size is not None:
            at_least("size", self.size, 1, "Use a side such as 32.")

    def split(self, rng: Rng) -> Split:
        """Return the official split, subsampled where asked."""
        split = load_hub(
            HUB_NAME,
            image="image",
            label=self.task,
            group=self.group,
            size=self.size,
            config=MARGIN,
            held_out="validation",
        )
        return subsample_both(split, self.n, self.held_out, rng)
