"""Digits on coloured paper: two labels, and a spuriously correlated background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.populations import sizes
from quorate.populations.digits import all_digits
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Array, Labels, Rng, Split, Table
from quorate.validate import in_interval

CLASSES = ("even", "odd")
COLOURS = ("red", "blue")
PAPER = np.array([[0.8, 0.2, 0.2], [0.2, 0.2, 0.8]], dtype=np.float32)  # (2, 3)


@dataclass(frozen=True)
class ColouredDigits(Population):
    """Even and odd handwritten digits of 8x8 pixels on red or blue paper; no download.

    In training, with probability ``agreement``, even digits stand on red paper and odd ones on
    blue: the colour is a shortcut that fails the two small groups, as backgrounds do in Waterbirds
    (Sagawa, Koh, Hashimoto, Liang 2020, arXiv:1911.08731) and colours in Colored MNIST (Arjovsky,
    Bottou, Gulrajani, Lopez-Paz 2019, arXiv:1907.02893). Among people held out every digit has
    either colour with probability one half. The digits are those of scikit-learn; numbers and
    colours are ours. Ink is white, as opaque as the digit is bright.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "coloured-digits"
    n: int | None = param(None, sizes.REMAINING_N)
    held_out: float = param(0.25, sizes.HELD_OUT_FRACTION)
    agreement: float = param(0.95, "Probability in [0, 1] that label and colour match in training.")

    def __post_init__(self) -> None:
        sizes.check_held_out(self.held_out)
        in_interval("agreement", self.agreement, 0, 1, "Use a probability such as 0.95.")

    def split(self, rng: Rng) -> Split:
        """Return a random split of the digits, with colours drawn with ``rng``."""
        drawn = sizes.split_at_random(all_digits(), self.n, self.held_out, rng)
        return Split(
            _coloured(drawn.train, self.agreement, rng), _coloured(drawn.held_out, 0.5, rng)
        )


def _coloured(digits: Table, agreement: float, rng: Rng) -> Table:
    """Return grey digits as even and odd ones on paper, which matches with a probability."""
    y = digits.y % 2  # (n,)
    colour = np.where(rng.random(len(y)) < agreement, y, 1 - y)  # (n,)
    groups = tuple(f"{label} on {paper}" for label in CLASSES for paper in COLOURS)
    x = _on_paper(digits.x, colour)
    return Table(x, y, CLASSES, 2 * y + colour, groups, groups_by_label=True)


def _on_paper(ink: Array, colour: Labels) -> Array:
    """Return white ink, (n, 1, h, w), on paper of each person's colour, (n, 3, h, w)."""
    paper = PAPER[colour][:, :, None, None]  # (n, 3, 1, 1)
    return ink + (1 - ink) * paper
