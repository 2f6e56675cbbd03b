"""CIFAR-100, by its hub name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from quorate.populations.pictures.image_files import hub_fingerprint, load_hub
from quorate.populations.sizes import REDRAWN_HELD_OUT, REDRAWN_N, subsample_both
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split

HUB_NAME = "uoft-cs/cifar100"


@dataclass(frozen=True)
class CIFAR100(Population):
    """CIFAR-100: 50,000 + 10,000 photos of 32x32 pixels in 100 classes (hub name uoft-cs/cifar100).

    The official test set is held out (Krizhevsky 2009). A local copy may hold fewer.

    Raises:
        DataUnavailableError: there is no local copy (QUORATE_DATA) and the hub is out of reach.
        InputError: n or held_out exceeds the people there are.
    """

    name: ClassVar[str] = "cifar100"
    labels: Literal["fine", "coarse"] = param(
        "fine", "Whether labels are the 100 fine classes or the 20 coarse ones."
    )
    n: int | None = param(None, REDRAWN_N)
    held_out: int | None = param(None, REDRAWN_HELD_OUT)

    def fingerprint(self) -> str | None:
        """Return a digest of the local copy, None where it is as it was published or not there."""
        return hub_fingerprint(HUB_NAME)

    def split(self, rng: Rng) -> Split:
        """Return the official split, subsampled if asked."""
        split = load_hub(HUB_NAME, image="img", label=f"{self.labels}_label")
        return subsample_both(split, self.n, self.held_out, rng)
