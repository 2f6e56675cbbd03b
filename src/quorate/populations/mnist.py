"""MNIST, by its hub name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.populations.pictures.image_files import hub_fingerprint, load_hub
from quorate.populations.sizes import REDRAWN_HELD_OUT, REDRAWN_N, subsample_both
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split

HUB_NAME = "ylecun/mnist"


@dataclass(frozen=True)
class MNIST(Population):
    """MNIST: 60,000 + 10,000 handwritten digits of 28x28 pixels (hub name ylecun/mnist).

    The official test set is held out (LeCun, Bottou, Bengio, Haffner 1998).

    Raises:
        DataUnavailableError: there is no local copy (QUORATE_DATA) and the hub is out of reach.
    """

    name: ClassVar[str] = "mnist"
    n: int | None = param(None, REDRAWN_N)
    held_out: int | None = param(None, REDRAWN_HELD_OUT)

    def fingerprint(self) -> str | None:
        """Return a digest of the local copy, None where it is as it was published or not there."""
        return hub_fingerprint(HUB_NAME)

    def split(self, rng: Rng) -> Split:
        """Return the official split, subsampled if asked."""
        split = load_hub(HUB_NAME, image="image", label="label")
        return subsample_both(split, self.n, self.held_out, rng)
