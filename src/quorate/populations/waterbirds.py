"""Waterbirds, by its hub name."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from quorate.populations.pictures.image_files import hub_fingerprint, load_hub
from quorate.populations.sizes import REDRAWN_HELD_OUT, REDRAWN_N, subsample_both
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split, Table
from quorate.validate import at_least

HUB_NAME = "grodino/waterbirds"


@dataclass(frozen=True)
class Waterbirds(Population):
    """Waterbirds: 4,795 + 5,794 photos of birds on land or water (hub name grodino/waterbirds).

    Landbirds are mostly shown on land and waterbirds on water, a spurious correlation; groups are
    the kind of bird and the place. The official test set is held out and the validation set unused
    (Sagawa, Koh, Hashimoto, Liang 2020, arXiv:1911.08731).

    Raises:
        DataUnavailableError: there is no local copy (QUORATE_DATA) and the hub is out of reach.
        InputError: size is below 1, or n or held_out exceeds the people there are.
    """

    name: ClassVar[str] = "waterbirds"
    size: int = param(64, "Side in pixels that photos are resized to.")
    n: int | None = param(None, REDRAWN_N)
    held_out: int | None = param(None, REDRAWN_HELD_OUT)

    def __post_init__(self) -> None:
        at_least("size", self.size, 1, "Use a side such as 64.")

    def fingerprint(self) -> str | None:
        """Return a digest of the local copy, None where it is as it was published or not there."""
        return hub_fingerprint(HUB_NAME)

    def split(self, rng: Rng) -> Split:
        """Return the official split, subsampled if asked."""
        split = load_hub(HUB_NAME, image="image", label="label", group="place", size=self.size)
        return subsample_both(_by_label(split), self.n, self.held_out, rng)


@functools.lru_cache(maxsize=1)  # so that all seeds of everyone share one table
def _by_label(split: Split) -> Split:
    return Split(birds_on_places(split.train), birds_on_places(split.held_out))


def birds_on_places(people: Table) -> Table:
    """Return the same people in groups of their label and their place."""
    groups = tuple(f"{bird} on {place}" for bird in people.classes for place in people.groups)
    group = people.y * len(people.groups) + np.asarray(people.group)
    return replace(people, group=group, groups=groups, groups_by_label=True)
