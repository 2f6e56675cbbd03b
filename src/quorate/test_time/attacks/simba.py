"""SimBA: one direction after another, forwards or backwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from quorate.spec import param
from quorate.table import Rng
from quorate.test_time.attacks.attack import Attack, Case, Levels, Search
from quorate.test_time.platforms.platform import Gives, Pixels
from quorate.validate import in_interval, unknown

# some pixels, what they are now, and what they are set to in turn
Move = tuple[int | slice, int | Pixels, Sequence[int | Pixels]]


@dataclass(frozen=True)
class SimBA(Attack):
    """Moves along one direction of a basis by +ε, else by −ε, and keeps what raises p_y.

    Directions come in random order without replacement, then again; the image never leaves the ball
    of radius ε, so that along a pixel it goes to either end. A step takes two queries at most, and
    none for a move that would change nothing (Guo, Gardner, You, Wilson, Weinberger 2019,
    arXiv:1905.07121; the L∞ ball is derived). The discrete cosine basis takes the lowest
    ``frequencies`` of each channel, scaled to a largest entry of 1.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "simba"
    needs: ClassVar[Gives] = "scores"
    basis: Literal["pixel", "dct"] = param(
        "pixel", "Directions to try: pixel for single pixels, dct for cosines.", shown=True
    )
    frequencies: float = param(
        0.25, "Fraction of each axis's frequencies that dct takes, in (0, 1]."
    )

    def __post_init__(self) -> None:
        if self.basis not in ("pixel", "dct"):
            raise unknown("basis", self.basis, ("pixel", "dct"))
        in_interval("frequencies", self.frequencies, 0, 1, "Use 0.25.", open_low=True)

    def search(self, case: Case, rng: Rng) -> Search:
        """Yield the image itself, then at most two candidates a step."""
        image = case.x.copy()  # (c, h, w)
        best = image.reshape(-1)  # (d,), the same memory
        low, high = case.low.reshape(-1), case.high.reshape(-1)
        highest = (yield image).log_probability
        moves = self._pixels if self.basis == "pixel" else self._cosines
        while True:
            for where, before, ends in moves(best, low, high, case, rng):
                for end in ends:
                    best[where] = end
                    score = (yield image).log_probability
                    if score > highest:
                        highest = score
                        break
                    best[where] = before

    def _pixels(
        self, best: Pixels, low: Pixels, high: Pixels, case: Case, rng: Rng
    ) -> Iterator[Move]:
        for i in rng.permutation(best.size).tolist():
            now = int(best[i])
            yield i, now, [end for end in (int(high[i]), int(low[i])) if end != now]

    def _cosines(
        self, best: Pixels, low: Pixels, high: Pixels, case: Case, rng: Rng
    ) -> Iterator[Move]:
        c, h, w = case.x.shape
        down, right = (max(1, round(self.frequencies * side)) for side in (h, w))
        for i in rng.permutation(c * down * right).tolist():
            channel, frequency = divmod(i, down * right)
            where = slice(channel * h * w, (channel + 1) * h * w)
            now = best[where].copy()
            step = case.epsilon * cosine(h, w, *divmod(frequency, right)).reshape(-1)
            ends = [np.clip(np.rint(now + way * step), low[where], high[where]) for way in (1, -1)]
            yield where, now, [end.astype(np.uint8) for end in ends if (end != now).any()]


def cosine(h: int, w: int, u: int, v: int) -> Levels:
    """Return the cosine of frequencies u and v, cos(π(2i+1)u/2h) cos(π(2j+1)v/2w), (h, w).

    Its largest entry is scaled to 1.
    """
    rows, columns = (
        np.cos(np.pi * (2 * np.arange(side) + 1) * frequency / (2 * side))
        for side, frequency in ((h, u), (w, v))
    )
    wave = np.outer(rows, columns)
    return np.asarray(wave / np.abs(wave).max(), dtype=np.float32)
