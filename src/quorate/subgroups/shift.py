"""The base of distribution shifts of images: who is drawn, and the 8-bit pixels of uploads."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from quorate.errors import InputError
from quorate.protocols import Subgroup
from quorate.table import Array, Rng, Table
from quorate.validate import in_interval


@dataclass(frozen=True)
class Shift(Subgroup):
    """Base of the subgroups whose images come through a worse camera, channel or light."""

    @property
    def label(self) -> str:
        """The shift's name."""
        return self.name

    @abstractmethod
    def change(self, x: Array) -> Array:
        """Return each image under the shift, (n, c, h, w), as any finite values."""

    def shift(self, x: Array) -> Array:
        """Return images under the shift as uploaded: 8 bits, on the pixel scale [0, 1]."""
        if not len(x):
            return x.copy()
        levels: Array = np.rint(np.clip(self.change(x), 0, 1) * np.float32(255))  # (n, c, h, w)
        levels /= np.float32(255)
        return levels

    def draw(self, people: Table, share: float | None, rng: Rng) -> Table:
        """Return everyone, with the images of round(share·n) random people changed.

        For one seed, the people of a smaller share are among those of a larger one.

        Raises:
            InputError: the people are not images, or share is None or outside [0, 1].
        """
        if not people.is_image:
            raise InputError(
                f"Expected images for the subgroup {self.name!r}, got a table. Name people of one "
                "group instead: attribute:value=GROUP."
            )
        if share is None:
            raise InputError(
                f"Expected the share of people under {self.name!r}, got none: images do not say "
                "who they are. Give a share such as 0.2."
            )
        in_interval("share", share, 0, 1, "To change everyone, use share=1.")
        chosen = np.zeros(len(people), dtype=np.int64)  # (n,)
        chosen[rng.permutation(len(people))[: round(share * len(people))]] = 1
        x = people.x.copy()
        x[chosen == 1] = self.shift(people.x[chosen == 1])
        groups = ("others", self.label)
        return replace(people, x=x, group=chosen, groups=groups, groups_by_label=False)
