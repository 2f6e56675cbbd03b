"""What the picture of days shows: every day of every schedule, within its axes."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from quorate.figures.navigation import TrafficSeries, days_figure


def test_each_day_is_a_point_filled_where_there_were_reports() -> None:
    one = TrafficSeries("every-other-day", np.array([0.5, -0.2, 0.4]), [True, False, True])
    two = TrafficSeries("burst", np.array([0.1, 0.2, 0.3]), [True, True, True])
    three = TrafficSeries("third", np.array([0.1, 0.2, 0.3]), [False, False, False])
    figure = days_figure([one, two, three])
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == ["every-other-day", "burst", "third"]
    points = panels[0].collections[0]
    offsets = np.asarray(points.get_offsets())
    assert offsets[:, 0].tolist() == [1, 2, 3]
    assert offsets[:, 1] == pytest.approx([0.5, 1.2, 0.6])
    filled = [to_hex(colour) != "#ffffff" for colour in points.get_facecolors()]
    assert filled == [True, False, True]
    for axes in panels:
        low, high = axes.get_ylim()
        assert low == 0
        assert high > 1.2


def test_one_schedule_is_one_panel() -> None:
    figure = days_figure([TrafficSeries("every-day", np.array([0.5]), [True])])
    assert len(figure.axes) == 1
    assert figure.axes[0].get_ylim()[1] > 1
