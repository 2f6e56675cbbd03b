"""Square: random search by squares at the edge of what is allowed."""

from __future__ import annotations

import functools
import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from quorate.spec import param
from quorate.table import Rng
from quorate.test_time.attacks.attack import Attack, Case, Search
from quorate.test_time.platforms.platform import Gives, Pixels
from quorate.validate import in_interval

HALVED_AFTER = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)  # of 10,000 queries
DRAWN = 64  # squares drawn at once


@dataclass(frozen=True)
class Square(Attack):
    """Sets one random square after another to ±ε per channel and keeps what lowers the margin.

    The margin is max log p_j over j ≠ y, less log p_y. It begins with vertical stripes of ±ε; a
    square covers the fraction p of the image, which is halved on a schedule scaled to the budget
    (Andriushchenko, Croce, Flammarion, Hein 2020, arXiv:1912.00049, L∞, with the margin loss, also
    towards a label). A square that would change nothing is drawn again, and costs nothing.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "square"
    needs: ClassVar[Gives] = "scores"
    p: float = param(0.8, "Fraction of the image that the first squares cover, in (0, 1].")

    def __post_init__(self) -> None:
        in_interval("p", self.p, 0, 1, "Use p=0.8.", open_low=True)

    def search(self, case: Case, rng: Rng) -> Search:
        """Yield one candidate a query."""
        edges = np.stack([case.low, case.high])  # (2, c, h, w)
        c, h, w = case.x.shape
        channels = np.arange(c)
        best = np.where(rng.integers(2, size=(c, 1, w)), edges[1], edges[0])  # (c, h, w)
        lowest = (yield best).margin
        squares = _drawn(c, rng)
        by_signs: dict[tuple[int, ...], Pixels] = {}  # an edge for each channel, (c, h, w)
        for s in _sides(self, case.budget, h, w):
            while True:
                row, column, *signs = next(squares)
                top, left = int(row * (h - s + 1)), int(column * (w - s + 1))
                place = np.s_[:, top : top + s, left : left + s]
                ends = tuple([int(2 * sign) for sign in signs])
                if ends not in by_signs:
                    by_signs[ends] = edges[list(ends), channels]
                square, before = by_signs[ends][place], best[place].copy()  # (c, s, s)
                if square.tobytes() != before.tobytes():
                    break
            best[place] = square
            margin = (yield best).margin
            if margin < lowest:
                lowest = margin
            else:
                best[place] = before

    def side(self, iteration: int, budget: int, h: int, w: int) -> int:
        """Return the side of the square in an iteration of so many, in pixels."""
        halved = bisect_left(HALVED_AFTER, int(iteration / budget * 10_000))
        s = round(math.sqrt(self.p / 2**halved * h * w))
        return min(max(s, 1), h, w)


@functools.lru_cache(maxsize=16)
def _sides(attack: Square, budget: int, h: int, w: int) -> list[int]:
    """Return the side of every iteration: one schedule for all people."""
    return [attack.side(iteration, budget, h, w) for iteration in range(budget - 1)]


def _drawn(c: int, rng: Rng) -> Iterator[list[float]]:
    """Yield two numbers for a square's place and one for each channel's sign, in [0, 1)."""
    while True:
        drawn: npt.NDArray[np.float64] = rng.random((DRAWN, 2 + c))
        yield from drawn.tolist()
