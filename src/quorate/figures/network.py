"""Maps of traffic: before, after, and the change. Pure functions of plain arrays.

Shapes: l links, n nodes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.figures import style
from quorate.figures.style import Axes, Figure, Floats

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

WIDTH = 3.6  # inches of one of the three maps
WIDEST = 0.02  # of a map's larger side: the band of the largest flow, if links are long enough
OF_A_LINK = 0.35  # of the median link's length: the same for a dense network
HALO = 16.0  # points: how wide the neighbourhood's ground is at its streets
NAMED_NODES = 60  # on a map with more, numbers would cover it
LEAST = 0.002  # of the largest flow: what is less is not drawn as a change
ONE = np.array([[0, 1]])  # link, from the first node to the second
OUTLINE = 0.25  # of a band: its outline, at most


@style.styled
def network_figure(
    places: Floats,
    ends: Ints,
    before: Floats,
    after: Floats,
    inside: Mask,
    unit: str = "vehicles",
    titles: tuple[str, str, str] = ("before", "after", "the change"),
) -> Figure:
    """Return three maps: the flow before, after, and the difference.

    Each direction of a street is a band on its right, as wide as its flow is large, and darker.
    On the third map solid bands have gained and hollow ones have lost. The neighbourhood lies on a
    coloured ground.

    Args:
        places: where each node lies, (n, 2), x to the east and y to the north, one scale.
        ends: the nodes where each link begins and ends, (l, 2), from 0.
        before, after: flows, not negative, (l,).
        inside: the nodes of the neighbourhood, (n,).
        unit: unit of flows, as in "vehicles/h".
        titles: titles of the three maps.
    """
    low, size = places.min(axis=0), np.ptp(places, axis=0).max()
    margin = 0.06 * size
    across, up = np.ptp(places, axis=0) + 2 * margin
    up += 2 * margin  # for the key
    largest = float(max(before.max(), after.max())) or 1.0
    change = after - before
    most = float(np.abs(change).max())
    is_drawn = np.abs(change) > LEAST * largest
    widest = _widest(places, ends, size)
    figure = style.new_figure(3 * WIDTH, WIDTH * up / across + 0.3)
    maps = figure.subplots(1, 3)
    for axes, title in zip(maps, titles, strict=True):
        _ground(axes, places, ends, inside)
        axes.set_title(style.wrapped(title, 48), parse_math=False)
        axes.set_xlim(low[0] - margin, low[0] - margin + across)
        axes.set_ylim(low[1] - 3 * margin, low[1] - 3 * margin + up)
        axes.set_aspect("equal")
        axes.set_axis_off()
    corner = low - [0, 1.5 * margin]
    for axes, flow in zip(maps[:2], (before, after), strict=True):
        shades = [str(0.62 - 0.62 * share) for share in flow / largest]
        _bands(axes, places, ends, widest * flow / largest, facecolors=shades)
        _key(axes, corner, widest, largest, unit)
    _draw_change(maps[2], places, ends, np.where(is_drawn, change, 0), widest / (most or 1.0))
    if is_drawn.any():
        _key_of_change(maps[2], corner, widest, most, unit)
    else:
        _say(maps[2], corner, "no change")
    for axes in maps:
        _number(axes, places, inside)
    return figure


def _widest(places: Floats, ends: Ints, size: float) -> float:
    """Return the width of the widest band, in the map's own unit."""
    lengths = np.hypot(*(places[ends[:, 1]] - places[ends[:, 0]]).T)
    return float(min(WIDEST * size, OF_A_LINK * np.median(lengths[lengths > 0])))


def _ground(axes: Axes, places: Floats, ends: Ints, inside: Mask) -> None:
    """Draw the streets, and a coloured ground below those of the neighbourhood."""
    from matplotlib.collections import LineCollection

    streets = np.unique(np.sort(ends, axis=1), axis=0)
    within = streets[inside[streets].all(axis=1)]
    blue = "#cfe4f3"  # a light shade of the first colour; light grey in print
    halo: Any = {"linewidths": HALO, "colors": blue, "capstyle": "round", "zorder": 0}
    axes.add_collection(LineCollection(list(places[within]), **halo))
    disc = HALO if len(places) > NAMED_NODES else 1.6 * HALO  # to be seen around a number
    x, y = places[inside].T
    axes.scatter(x, y, s=disc**2, color=blue, linewidths=0, zorder=0)
    axes.add_collection(LineCollection(list(places[streets]), linewidths=0.3, colors="0.6"))


def _bands(axes: Axes, places: Floats, ends: Ints, widths: Floats, **look: Any) -> None:
    """Draw a band on the right of each link, of its width in the map's unit."""
    from matplotlib.collections import PolyCollection

    tail, head = places[ends[:, 0]], places[ends[:, 1]]
    along = head - tail
    right = np.column_stack([along[:, 1], -along[:, 0]])
    right /= np.maximum(np.hypot(*right.T), 1e-300)[:, None]
    aside = widths[:, None] * right
    corners = np.stack([tail, head, head + aside, tail + aside], axis=1)  # (l, 4, 2)
    axes.add_collection(PolyCollection(list(corners), **{"linewidths": 0.0, **look}, zorder=2))


def _draw_change(axes: Axes, places: Floats, ends: Ints, change: Floats, scale: float) -> None:
    """Draw solid bands for what is gained and hollow ones for what is lost."""
    from matplotlib.colors import to_rgba

    for sign, colour, filling in (
        (-1, style.COLOURS[0], "1"),
        (1, style.COLOURS[1], style.COLOURS[1]),
    ):
        some = np.flatnonzero(sign * change > 0)
        widths = scale * np.abs(change[some])
        # A thin band's outline is thin too: it would show more than its flow.
        lines = np.minimum(0.8, OUTLINE * widths * _points_per_unit(axes))
        look = {"facecolors": to_rgba(filling), "edgecolors": to_rgba(colour)}
        _bands(axes, places, ends[some], widths, linewidths=lines, **look)


def _points_per_unit(axes: Axes) -> float:
    """Return how many points a unit of the map is long, about."""
    left, right = axes.get_xlim()
    return 72 * WIDTH / (right - left)


def _key(axes: Axes, corner: Floats, widest: float, largest: float, unit: str) -> None:
    """Draw a band of a round flow, with its number."""
    flow, sample = round_below(largest), _sample(axes, corner)
    _bands(axes, sample, ONE, np.array([widest * flow / largest]), facecolors="0")
    _say(axes, sample[0], f"{flow:,g} {unit}")


def _key_of_change(axes: Axes, corner: Floats, widest: float, most: float, unit: str) -> None:
    """Draw a solid and a hollow band of a round flow, with their numbers."""
    flow = round_below(most)
    for row, (sign, name) in enumerate(((1, "+"), (-1, "−"))):
        sample = _sample(axes, corner, row)
        _draw_change(axes, sample, ONE, np.array([sign * flow]), widest / most)
        _say(axes, sample[0], f"{name}{flow:,g} {unit}")


def _sample(axes: Axes, corner: Floats, row: int = 0) -> Floats:
    """Return the ends of a link in the key, (2, 2), the eastern one first."""
    point = 1 / _points_per_unit(axes)
    left, bottom = corner[0], corner[1] - 12 * point * row
    return np.array([[left + 26 * point, bottom], [left, bottom]])


def _say(axes: Axes, place: Floats, text: str) -> None:
    style.write(axes, text, (float(place[0]), float(place[1])), (5, 1), size=8, va="center")


def round_below(value: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above a positive value.

    >>> round_below(23180.0), round_below(0.7), round_below(5)
    (20000.0, 0.5, 5.0)
    """
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * max(step for step in (1, 2, 5) if step * power <= value))


def _number(axes: Axes, places: Floats, inside: Mask) -> None:
    """Write each node's number, from 1; on a dense map mark those of the neighbourhood alone."""
    if len(places) > NAMED_NODES:
        x, y = places[inside].T
        axes.scatter(x, y, s=5, color=style.ink(0), zorder=4, linewidths=0)
        return
    disc = {"boxstyle": "circle,pad=0.15", "facecolor": "1", "edgecolor": "0.6", "linewidth": 0.4}
    for node, place in enumerate(places):
        colour, weight = (style.ink(0), "bold") if inside[node] else ("0.25", "normal")
        look: Any = {"color": colour, "fontweight": weight, "fontsize": 6, "zorder": 4}
        axes.annotate(str(node + 1), place, ha="center", va="center_baseline", bbox=disc, **look)
