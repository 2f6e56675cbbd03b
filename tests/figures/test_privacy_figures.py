"""Attribute privacy over the sizes: what is on the picture, and where."""

import math
from typing import Any

import numpy as np
import pytest

from quorate.figures.alpha_axis import MeasureCurve
from quorate.figures.privacy import StrategyCurves, privacy_figure
from quorate.figures.style import render

ALPHAS = np.array([0.0, 0.3, 0.7])


def curve(label: str, *values: float) -> MeasureCurve:
    mean = np.array(values)
    return MeasureCurve(label, ALPHAS, (mean, mean - 0.01, mean + 0.01))


def way(label: str, alone: float = 0.4) -> StrategyCurves:
    return StrategyCurves(
        label,
        alone,
        (curve("everyone", 0.8, 0.7, 0.02), curve("members", math.nan, 0.5, 0.02)),
        (curve("everyone", 0, 0, 0), curve("members", 0, 0.1, 0.2)),
        (curve("everyone", 0.6, 0.6, 0.6), curve("members", math.nan, math.nan, math.nan)),
    )


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_every_way_has_a_row_of_three() -> None:
    figure = privacy_figure([way("swapping"), way("cancelling/swapping")], margin=0.05)
    axes = figure.axes
    assert len(axes) == 6
    assert [one.get_ylabel() for one in axes[::3]] == ["swapping", "cancelling/swapping"]
    assert [one.get_title(loc="left") for one in axes[:3]] == [
        "advantage of inferring the attribute",
        "useful accuracy lost",
        "AUC of membership inference",
    ]
    everyone, members = [one for one in axes[0].get_lines() if one.get_marker() != "None"]
    assert np.asarray(everyone.get_ydata()).tolist() == [0.8, 0.7, 0.02]
    assert members.get_marker() != everyone.get_marker()
    assert members.get_linestyle() != everyone.get_linestyle()


def test_names_stand_apart_and_what_was_not_measured_has_none() -> None:
    figure = privacy_figure([way("swapping")], margin=0.05)
    first, _, last = figure.axes
    assert sorted(texts(first)) == ["a lone member", "everyone", "members"]
    assert texts(last) == ["everyone"]
    heights = sorted(getattr(text, "xy")[1] for text in first.texts)  # noqa: B009
    bottom, top = first.get_ylim()
    # names are at least a twelfth of the panel apart, as tall as letters of 7 points are there
    assert min(np.diff(heights)) > (top - bottom) / 13


def test_a_lone_member_may_not_have_been_measured() -> None:
    (first, *_) = privacy_figure([way("swapping", alone=math.nan)], margin=0.05).axes
    assert sorted(texts(first)) == ["everyone", "members"]


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_equal_figures_give_equal_bytes(kind: Any) -> None:
    one, two = (render(privacy_figure([way("swapping")], 0.05), kind) for _ in range(2))
    assert one == two
