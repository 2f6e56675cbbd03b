"""Success over the outcomes that were reported, with its interval: a chart in SVG."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quorate.collective.facts import svg
from quorate.collective.facts.outcomes import OutcomesView
from quorate.intervals import Floats
from quorate.runs.wording import percent
from quorate.watching.periods import Period

LEFT, RIGHT, TOP, BOTTOM, HEIGHT = 38.0, svg.WIDTH - 10.0, 18.0, 170.0, 206.0
PLACES = 120  # at which a line is drawn, over all periods
EARLY = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55)  # places in a period where the band narrows fast


def outcomes_chart(view: OutcomesView, name: str = "outcomes") -> str:
    """Return the chart: a line and a band for each period, beside the target.

    Args:
        view: what is known.
        name: begins its ids, which must differ between the charts of one page.
    """
    n = max(view.counted, 1)
    parts = [_level(one) for one in (0.0, 0.5, 1.0)]
    for period in view.periods:
        parts += _period(period, n)
    dash: dict[str, float | str] = {
        "stroke": "currentColor",
        "stroke_width": 1.5,
        "stroke_dasharray": "4 3",
    }
    y = float(_y(view.target))
    parts.append(svg.tag("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, **dash))
    above = y - 4 if view.target < 0.9 else y + svg.TEXT + 2
    target, where = f"target {percent(view.target)}", {"x": RIGHT, "y": above}
    named: dict[str, float | str] = {"text_anchor": "end", "class": "over"}  # over the line
    parts.append(svg.tag("text", target, **where, **named))
    parts.append(svg.tag("text", "1", x=LEFT, y=BOTTOM + svg.TEXT + 3))
    if n > 1:
        last = svg.tag("text", f"{n:,}", x=RIGHT, y=BOTTOM + svg.TEXT + 3, text_anchor="end")
        parts.append(last)
    below = "outcomes, in the order of reports"
    middle = (LEFT + RIGHT) / 2
    parts.append(svg.tag("text", below, x=middle, y=HEIGHT - 6, text_anchor="middle"))
    said = " ".join((view.headline(), *view.sentences()))
    return svg.chart(name, "Success over the outcomes reported", said, HEIGHT, parts)


def _period(one: Period, n: int) -> list[str]:
    """Return the band, the line and the end of one period."""
    at = _places(len(one), n)
    x = _x(one.start + at + 1, n)
    low, high = np.minimum(one.low[at], one.high[at]), one.high[at]
    success = one.successes[at] / (at + 1)
    band = svg.points([*x, *x[::-1]], [*_y(high), *_y(low)[::-1]])
    parts = []
    if one.change is not None:
        left, right = (float(_x(end, n)) for end in (one.stop, one.seen))
        box = {"x": left, "y": TOP, "width": max(right - left, 1.0), "height": BOTTOM - TOP}
        parts.append(svg.tag("rect", **box, fill=svg.ORANGE, fill_opacity="0.35"))
    parts.append(svg.tag("polygon", points=band, fill=svg.BLUE, fill_opacity="0.3"))
    line = svg.points(x, _y(success))
    parts.append(svg.tag("polyline", points=line, fill="none", stroke=svg.BLUE, stroke_width=2))
    return parts


def _places(length: int, n: int) -> npt.NDArray[np.int64]:
    """Return places in a period, from 0, at which it is drawn: its ends among them."""
    even = np.linspace(0, length - 1, max(2, round(PLACES * length / n)))
    early = [one for one in EARLY if one < length]
    return np.unique(np.concatenate([even.round(), early])).astype(np.int64)


def _level(success: float) -> str:
    y = float(_y(success))
    line = svg.tag("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, stroke="currentColor", stroke_opacity=0.2)
    return line + svg.tag("text", percent(success), x=LEFT - 4, y=y + 4, text_anchor="end")


def _x(outcome: npt.ArrayLike, n: int) -> Floats:
    """Return where outcomes stand, by their numbers from 1."""
    return np.asarray(LEFT + (RIGHT - LEFT) * (np.asarray(outcome) - 1) / max(n - 1, 1))


def _y(success: npt.ArrayLike) -> Floats:
    return np.asarray(BOTTOM - (BOTTOM - TOP) * np.asarray(success))
