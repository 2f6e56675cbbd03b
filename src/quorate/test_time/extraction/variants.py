"""Variants of questions that cost no query: a surrogate learns that they get the same answer.

Shape letters: n pictures, c h w image axes.
"""

from __future__ import annotations

import numpy as np

from quorate.table import Rng
from quorate.test_time.platforms.platform import Pixels

SHIFT = 16  # variants are moved by up to a sixteenth of the side


def vary(x: Pixels, rng: Rng) -> Pixels:
    """Return a copy of each image, moved by up to a sixteenth of its side, and mirrored or not.

    Args:
        x: images, (n, c, h, w).
        rng: draws the shifts, and who is mirrored.
    """
    n, c, h, w = x.shape
    reach = max(1, h // SHIFT)
    wide = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode="edge")
    down, right = rng.integers(0, 2 * reach + 1, size=(2, n))
    rows = down[:, None] + np.arange(h)  # (n, h)
    columns = right[:, None] + np.arange(w)  # (n, w)
    if c > 1:  # grey pictures may be writing, which mirrored is another
        mirrored = rng.random((n, 1)) < 0.5
        columns = np.where(mirrored, columns[:, ::-1], columns)
    person, channel = np.arange(n)[:, None, None, None], np.arange(c)[:, None, None]
    moved: Pixels = wide[person, channel, rows[:, None, :, None], columns[:, None, None, :]]
    return moved  # (n, c, h, w)
