"""NES: the gradient from pairs of questions, and steps along its sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.spec import param
from quorate.table import Rng
from quorate.test_time.attacks.attack import Attack, Case, Levels, Search
from quorate.test_time.platforms.platform import Gives
from quorate.validate import above_zero, at_least, in_interval


@dataclass(frozen=True)
class NES(Attack):
    """Estimates the gradient of log p_y from antithetic pairs of noise, and steps along its sign.

    g = Σ (log p_y(a) − log p_y(b)) (a − b), with a and b the images nearest to z ± σu within ε and
    u normal; z ← z + step · ε · sign(momentum · v + (1 − momentum) · g), within ε; then z is asked
    itself (Ilyas, Engstrom, Athalye, Lin 2018, arXiv:1804.08598; with a − b in place of 2σu, as
    pixels are whole levels and the ball has edges: derived). The source's σ of 0.001 is a quarter
    of a level, which rounding would swallow.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "nes"
    needs: ClassVar[Gives] = "scores"
    pairs: int = param(25, "Pairs of queries for one gradient.")
    sigma: float = param(2.0, "Spread of the noise, in levels of 1/255.")
    step: float = param(0.25, "Length of a step, as a fraction of epsilon, in (0, 2].")
    momentum: float = param(0.5, "Share of the last direction that is kept, in [0, 1).")

    def __post_init__(self) -> None:
        at_least("pairs", self.pairs, 1, "A gradient needs at least one pair.")
        above_zero("sigma", self.sigma, "Use 2 levels; below half a level nothing changes.")
        in_interval("step", self.step, 0, 2, "Use step=0.25.", open_low=True)
        in_interval("momentum", self.momentum, 0, 1, "Use 0 for none.", open_high=True)

    def search(self, case: Case, rng: Rng) -> Search:
        """Yield pairs of candidates, then the image after the step."""
        low, high = case.low, case.high
        z = case.x.astype(np.float32)  # (c, h, w)
        velocity = np.zeros_like(z)
        while True:
            gradient = np.zeros_like(z)
            for _ in range(self.pairs):
                noise = np.float32(self.sigma) * rng.standard_normal(z.shape, dtype=np.float32)
                up = np.clip(np.rint(z + noise), low, high).astype(np.uint8)
                down = np.clip(np.rint(z - noise), low, high).astype(np.uint8)
                rise = (yield up).log_probability - (yield down).log_probability
                gradient += np.float32(rise) * (up.astype(np.float32) - down)
            velocity = self.momentum * velocity + (1 - self.momentum) * gradient
            move: Levels = np.sign(velocity, dtype=np.float32)
            z = np.clip(z + np.float32(self.step * case.epsilon) * move, low, high)
            yield np.rint(z).astype(np.uint8)
