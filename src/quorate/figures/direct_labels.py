"""Direct labels: short ones beside their curves, so that no legend is needed.

Points are (x, y) in dots, y upwards; boxes are (left, bottom, right, top). Shapes: p points of a
curve, c candidates for a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]

STEP = 5.0  # dots between the points that stand for a curve, at least
POINTS = 800  # for all curves together, about
TRIED_EVERY = 6  # of them, one is tried as the point that a label is beside
GAPS = (4.0, 12.0, 24.0, 40.0, 60.0, 90.0)  # dots between a curve and its label, as tried
SIDES = np.array([(1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1)])
BETWEEN = 3.0  # dots that labels keep from each other, at least
FAR = 7.0  # dots from which on a label needs a line to its curve
CROWD = 24.0  # dots that a point to speak of is away from all other curves, if it can be
PASSES = 3  # times that each label is placed again, among the others
COVERS, COVERS_OWN, PER_DOT, MISLEADS, MEETS = 3.0, 1.0, 0.25, 12.0, 1000.0  # costs


@dataclass(frozen=True)
class LabelSpot:
    """Where one label stands: the middle of its box, and the point of the curve it speaks of.

    Args:
        x, y: middle of the box.
        at: the point of the curve.
        far: whether it stands so far from there that a line has to lead to it.
    """

    x: float
    y: float
    at: tuple[float, float]
    far: bool


def place_labels(
    curves: Sequence[Floats],
    sizes: Sequence[tuple[float, float]],
    room: Box,
    taken: Sequence[Box] = (),
    lines: Sequence[Floats] = (),
) -> list[LabelSpot]:
    """Return a spot for the label of each curve: beside it, in the room, over no other label.

    Each label in turn takes the place that costs least; then each is placed again among the others.
    Covering curves costs, distance from the own curve does, being nearer to another one does, and
    speaking of a point where curves are close together does. Ours.

    Args:
        curves: the points of each, (p, 2), p ≥ 1, joined by straight lines; parts outside the room
            are not labelled.
        sizes: width and height of each label, in dots.
        room: the box that labels may be in.
        taken: boxes that are taken already.
        lines: points of what else is drawn and better not covered, (p, 2) each.

    >>> curve = np.array([[0.0, 0.0], [100.0, 100.0]])
    >>> (spot,) = place_labels([curve], [(20.0, 10.0)], (0, 0, 100, 100))
    >>> spot.far
    False
    """
    length = sum(float(_lengths(curve).sum()) for curve in [*curves, *lines])
    step = max(STEP, length / POINTS)
    drawn = [_sample_points(curve, room, step) for curve in curves]
    pairs = zip(drawn, sizes, strict=True)
    tried = [_list_candidates(points, size, room) for points, size in pairs]  # (c, 6) each
    others = [_sample_points(line, room, step) for line in lines]
    alone = [_cost_alone(number, places, drawn, others) for number, places in enumerate(tried)]
    chosen: dict[int, int] = {}
    for _ in range(PASSES):
        for number, places in enumerate(tried):
            labels = [tried[k][place, :4] for k, place in chosen.items() if k != number]
            boxes = np.array([*labels, *taken], dtype=np.float64).reshape(-1, 4)
            met = _overlap(places[:, :4], boxes).sum(axis=1)
            chosen[number] = int(np.argmin(alone[number] + MEETS * met))
    return [_make_spot(tried[number][chosen[number]]) for number in range(len(curves))]


def _make_spot(place: Floats) -> LabelSpot:
    left, bottom, right, top, x, y = map(float, place)
    far = bool(_outside(place[:4], place[4:]) > FAR)
    return LabelSpot((left + right) / 2, (bottom + top) / 2, (x, y), far)


def _lengths(curve: Floats) -> Floats:
    return np.asarray(np.hypot(*np.diff(curve, axis=0).T))


def _sample_points(curve: Floats, room: Box, step: float) -> Floats:
    """Return points at equal steps along a curve, (p, 2), of the part that is in the room."""
    pieces = [curve[:1]]
    for start, end, length in zip(curve, curve[1:], _lengths(curve), strict=False):
        shares = np.linspace(0, 1, max(2, int(length / step) + 1))[1:, None]
        pieces.append(start + shares * (end - start))
    points = np.concatenate(pieces)
    left, bottom, right, top = room
    inside = (points >= (left, bottom)).all(axis=1) & (points <= (right, top)).all(axis=1)
    return points[inside] if inside.any() else points[:1]


def _list_candidates(points: Floats, size: tuple[float, float], room: Box) -> Floats:
    """Return what is tried for one label: its box and the point it speaks of, (c, 6)."""
    half = np.array(size) / 2
    found = []
    for gap in GAPS:
        for side in SIDES:
            middles = points[::TRIED_EVERY] + side * (half + gap / np.hypot(*side))
            found.append(np.hstack([middles - half, middles + half, points[::TRIED_EVERY]]))
    places = np.concatenate(found)
    # What sticks out is moved in, rather than left out: there is always a place to be had.
    low, high = np.array(room[:2]) + BETWEEN, np.array(room[2:]) - BETWEEN
    move = np.maximum(low - places[:, :2], 0) + np.minimum(high - places[:, 2:4], 0)
    places[:, :4] += np.tile(move, 2)
    return places


def _cost_alone(
    number: int, places: Floats, drawn: Sequence[Floats], lines: Sequence[Floats]
) -> Floats:
    """Return what each place costs whatever the other labels do, (c,)."""
    boxes = places[:, :4]
    own = _outside(boxes[:, None], drawn[number])  # (c, p)
    near = own.min(axis=1)
    cost = COVERS_OWN * (own == 0).sum(axis=1) + PER_DOT * _outside(boxes, places[:, 4:])
    for other, points in enumerate(drawn):
        if other != number:
            away = _outside(boxes[:, None], points)
            cost = cost + COVERS * (away == 0).sum(axis=1)
            cost += MISLEADS * (away.min(axis=1) < near + BETWEEN)
            alone = np.hypot(*(places[:, 4:, None] - points.T).transpose(1, 0, 2)).min(axis=1)
            cost += PER_DOT * np.maximum(CROWD - alone, 0)
    for points in lines:
        cost = cost + COVERS_OWN * (_outside(boxes[:, None], points) == 0).sum(axis=1)
    return np.asarray(cost)


def _outside(boxes: Floats, points: Floats) -> Floats:
    """Return how far points (..., 2) are from boxes (..., 4); 0 within them."""
    low, high = boxes[..., :2], boxes[..., 2:]
    away = np.maximum(np.abs(points - (low + high) / 2) - (high - low) / 2, 0)
    return np.asarray(np.sqrt(away[..., 0] * away[..., 0] + away[..., 1] * away[..., 1]))


def _overlap(boxes: Floats, others: Floats) -> Floats:
    """Return the area that boxes (c, 4) share with others (b, 4) and their margin, (c, b)."""
    low = np.maximum(boxes[:, None, :2], others[:, :2] - BETWEEN)
    high = np.minimum(boxes[:, None, 2:], others[:, 2:] + BETWEEN)
    return np.asarray(np.prod(np.maximum(high - low, 0), axis=2))
