"""Figures of how platforms treat groups."""

import numpy as np

from quorate.figures.bias import (
    CategoryAxis,
    MeasureLines,
    PlatformPanel,
    StrategyLine,
    platforms_figure,
)


def test_one_place_is_drawn_with_room_for_names() -> None:
    """A sweep over a single size: nothing warns, and the name stands right of the point."""
    one = np.array([0.5])
    measured = MeasureLines([StrategyLine("random", 0, (one, one - 0.1, one + 0.1))], [])
    axis = CategoryAxis("α", [0], ["20%"])
    figure = platforms_figure([PlatformPanel("tree", [measured])], ["gap"], axis)
    (axes,) = figure.axes
    low, high = axes.get_xlim()
    (text,) = axes.texts
    assert low < 0 < text.get_position()[0] < high
