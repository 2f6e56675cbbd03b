"""Figures of an audit of privacy. Pure functions of plain arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from quorate.figures import style
from quorate.figures.style import Figure

Floats = npt.NDArray[np.float64]


@style.styled
def audit_figure(
    inside: Floats,
    outside: Floats,
    bounds: Mapping[str, Sequence[tuple[int, float]]],
    stated: float | None,
) -> Figure:
    """Return the scores of canaries, in and out, and the lower bounds on ε by number of guesses.

    Args:
        inside, outside: scores of canaries that were, and were not, in the training data.
        bounds: (number of guesses, lower bound), by seed.
        stated: the privacy budget that is stated; None or inf for none.
    """
    figure = style.new_figure(7.4, 3.0)
    left, right = figure.subplots(1, 2)
    for number, (label, scores) in enumerate((("in", inside), ("out", outside))):
        if len(scores):
            height = np.arange(1, len(scores) + 1) / len(scores)
            at = np.sort(scores)
            left.step(at, height, where="post", color=style.colour(number))
            middle = float(np.median(at))
            style.write(left, label, (middle, 0.5), (4, 2 - 9 * number), color=style.ink(number))
    left.set_xlabel("φ, the model's confidence in the canary's label")
    left.set_ylabel("share of canaries at or below")
    left.set_title("canaries in the training data, and not in it")
    for number, (label, pairs) in enumerate(bounds.items()):
        guesses, lower = zip(*pairs, strict=True)
        right.plot(guesses, lower, **style.look(number), label=label)
    if len(bounds) > 1:
        right.legend()
    if stated is not None and math.isfinite(stated):
        right.axhline(stated, **style.DASHED)
        style.write(
            right, "stated", (1, stated), (0, 2), style.AT_LEFT, ha="right", color=style.GREY
        )
    right.set_ylim(bottom=0)
    right.set_xlabel("number of guesses")
    right.set_ylabel("lower bound on ε")
    right.set_title("what the guesses show")
    return figure
