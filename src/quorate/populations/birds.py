"""Birds on backgrounds, after Waterbirds: a folder of one's own, since no hub has it."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from quorate.errors import DataUnavailableError
from quorate.populations.pictures.image_files import hub_fingerprint, hub_folder, load_hub
from quorate.populations.sizes import REDRAWN_HELD_OUT, REDRAWN_N, subsample_both
from quorate.populations.waterbirds import birds_on_places
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split, Table
from quorate.validate import at_least

FOLDER = "waterbirds"  # in QUORATE_DATA
BIRDS, PLACES = ("landbird", "waterbird"), ("land", "water")  # what 0 and 1 stand for


@dataclass(frozen=True)
class Birds(Population):
    """Birds on backgrounds, after Waterbirds: 1,694 + 850 pictures of 96x96 pixels.

    It follows the recipe of Waterbirds (Sagawa, Koh, Hashimoto, Liang 2020, arXiv:1911.08731) with
    other pictures, and is not Waterbirds: a third of its size, birds of CUB-200's first 50 classes
    (Welinder et al. 2010) on coasts and forests (Oliva, Torralba 2001). Its accuracies do not
    compare with published ones. In training 95% of birds stand on their own kind of background: of
    the four groups, "waterbird on land" has 22 people and "landbird on water" 62. Of people held
    out half do. No bird and no background is in two parts.

    Raises:
        DataUnavailableError: the folder ``waterbirds`` is not in QUORATE_DATA.
        InputError: a parameter is out of range, or exceeds the people there are.
    """

    name: ClassVar[str] = "birds"
    size: int = param(96, "Side in pixels that pictures are resized to.")
    n: int | None = param(None, REDRAWN_N)
    held_out: int | None = param(None, REDRAWN_HELD_OUT)
    part: Literal["test", "validation"] = param(
        "test", "Who is held out: test, or validation, on which parameters are chosen."
    )

    def __post_init__(self) -> None:
        at_least("size", self.size, 1, "Use a side such as 96.")

    def fingerprint(self) -> str | None:
        """Return a digest of the folder, None where it is as it was published or not there."""
        return hub_fingerprint(FOLDER)

    def split(self, rng: Rng) -> Split:
        """Return the split of the folder, subsampled if asked."""
        if hub_folder(FOLDER) is None:
            raise DataUnavailableError(
                f"Expected the folder {FOLDER} in QUORATE_DATA for population=birds, which no hub "
                "has, got none. Set QUORATE_DATA to the folder that holds it, or use "
                "population=waterbirds, which is on the hub."
            )
        split = load_hub(
            FOLDER, image="image", label="label", group="place", size=self.size, held_out=self.part
        )
        return subsample_both(_named(split), self.n, self.held_out, rng)


@functools.lru_cache(maxsize=2)  # so that all seeds of everyone share one table
def _named(split: Split) -> Split:
    return Split(_with_names(split.train), _with_names(split.held_out))


def _with_names(people: Table) -> Table:
    return birds_on_places(replace(people, classes=BIRDS, groups=PLACES))
