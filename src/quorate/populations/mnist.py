"""MNIST, by its hub name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.populations.image_files import load_hub
from quorate.populations.sizes import subsample_both
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split

HUB_NAME = "ylecun/mnist"


@dataclass(frozen=True)
class MNIST(Population):
    """60,000 + 10,000 real handwritten digits of 28x28 pixels; hub name ylecun/mnist.

    The official test set is held out (LeCun, Bottou, Bengio, Haffner 1998).

    Raises:
        DataUnavailableError: neither a local copy (QUORATE_DATA) nor the hub is there.
    """

    name: ClassVar[str] = "mnist"
    n: int | None = param(None, "people to learn from, drawn anew per seed; by default all 60,000")
    held_out: int | None = param(None, "people held out, drawn likewise; by default all 10,000")

    def split(self, rng: Rng) -> Split:
        """Return the official split, subsampled where asked."""
        split = load_hub(HUB_NAME, image="image", label="label")
        return subsample_both(split, self.n, self.held_out, rng)
