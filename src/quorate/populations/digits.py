"""Handwritten digits that come inside scikit-learn."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.populations import sizes
from quorate.protocols import Population
from quorate.runtime.cache import on_disk
from quorate.spec import param
from quorate.table import Array, Labels, Rng, Split, Table


@on_disk  # importing scikit-learn's data sets takes seconds, in every process
def _arrays() -> tuple[Array, Labels]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return (bunch.images[:, None] / 16).astype(np.float32), bunch.target.astype(np.int64)


@functools.cache
def all_digits() -> Table:
    """Return all 1,797 digits, (n, 1, 8, 8) on the pixel scale [0, 1]."""
    x, y = _arrays()  # (n, 1, 8, 8) on the pixel scale [0, 1], and (n,)
    return Table(np.array(x), np.array(y), tuple(map(str, range(10))))


@dataclass(frozen=True)
class Digits(Population):
    """1,797 handwritten digits of 8x8 pixels, included in scikit-learn; no download.

    Raises:
        InputError: n exceeds the people there are.
    """

    name: ClassVar[str] = "digits"
    n: int | None = param(None, sizes.REMAINING_N)
    held_out: float = param(0.25, sizes.HELD_OUT_FRACTION)

    def __post_init__(self) -> None:
        sizes.check_held_out(self.held_out)

    def split(self, rng: Rng) -> Split:
        """Return a random split."""
        return sizes.split_at_random(all_digits(), self.n, self.held_out, rng)
