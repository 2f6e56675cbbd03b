"""CIFAR-10, by its hub name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.populations.image_files import load_hub
from quorate.populations.sizes import subsample_both
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split

HUB_NAME = "uoft-cs/cifar10"


@dataclass(frozen=True)
class CIFAR10(Population):
    """50,000 + 10,000 real photos of 32x32 pixels, ten kinds of things; hub name uoft-cs/cifar10.

    The official test set is held out (Krizhevsky 2009). A local copy may hold fewer.

    Raises:
        DataUnavailableError: neither a local copy (QUORATE_DATA) nor the hub is there.
        InputError: n or held_out is more than there are.
    """

    name: ClassVar[str] = "cifar10"
    n: int | None = param(None, "people to learn from, drawn anew per seed; by default all")
    held_out: int | None = param(None, "people held out, drawn likewise; by default all")

    def split(self, rng: Rng) -> Split:
        """Return the official split, subsampled where asked."""
        split = load_hub(HUB_NAME, image="img", label="label")
        return subsample_both(split, self.n, self.held_out, rng)
