"""What a change looks like: a few people's pictures, and the change itself, small and amplified."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.figures.correction import sheet_figure
from quorate.runs.result import Row
from quorate.test_time.perturbations.budget import levels_of
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.platforms.platform import Pixels
from quorate.test_time.study.examples import ExamplePictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CLASSES = 20
IN_A_ROW = 11  # pictures
MIDDLE = 128  # the grey that changes are drawn around


@dataclass(frozen=True, eq=False)
class Sheet:
    """Pictures in rows, each with its caption.

    Args:
        pictures: a name and the pictures of each row, as ``sheet_figure`` takes them.
        times: factor by which changes are amplified.
        rows: the sizes of the changes, one row each.
    """

    pictures: list[tuple[str, list[tuple[str, Pixels]]]]
    times: int
    rows: list[Row]

    @functools.cached_property
    def figure(self) -> Figure:
        """The pictures as one figure."""
        return sheet_figure(self.pictures)


def people_sheet(
    examples: ExamplePictures, perturbation: Perturbation, free: Perturbation | None
) -> Sheet:
    """Return pictures of a few people of the subgroup, before and after.

    Columns: before, after, the change at true scale around mid grey, and amplified; then with the
    label-free change, and that change amplified.
    """
    x, y = examples.x, examples.y
    changes = [("per class", perturbation), *([("label-free", free)] if free is not None else [])]
    after = {name: one.apply(x, y) for name, one in changes}
    moved = {name: _moved(x, changed) for name, changed in after.items()}
    times = _times(perturbation, *moved.values())
    rows, data = [], []
    for place, label in enumerate(y):
        pictures = [("before", x[place])]
        for name, changed in after.items():
            change = moved[name][place]
            if name == "per class":
                pictures += [("after", changed[place]), ("change", _around_grey(change, 1))]
            else:
                pictures.append((name, changed[place]))
            pictures.append((f"change × {times}", _around_grey(change, times)))
            who = {"person": int(examples.person[place]), "label": perturbation.classes[label]}
            data.append({**who, "change": name, **_size(change)})
        if place:
            pictures = [("", picture) for _, picture in pictures]
        rows.append((perturbation.classes[label], pictures))
    return Sheet(rows, times, data)


def changes_sheet(
    examples: ExamplePictures, perturbation: Perturbation, free: Perturbation | None
) -> Sheet:
    """Return the change of each class, of 20 at most, and the label-free one last, amplified.

    A gain or a filter changes each picture by itself: what it does to the subgroup's average
    picture is shown.
    """
    average = examples.average[None]  # (1, c, h, w)
    named = perturbation.classes[:MOST_CLASSES]
    found = [("per class", name, _change(perturbation, y, average)) for y, name in enumerate(named)]
    if free is not None:
        found.append(("label-free", "label-free", _change(free, 0, average)))
    times = _times(perturbation, *(change for *_, change in found))
    pictures = [(_short(name), _around_grey(change, times)) for _, name, change in found]
    rows = [("", pictures[start : start + IN_A_ROW]) for start in range(0, len(pictures), IN_A_ROW)]
    data = [{"change": kind, "class": name, **_size(change)} for kind, name, change in found]
    return Sheet(rows, times, data)


def _change(perturbation: Perturbation, label: int, average: Pixels) -> Any:
    """Return the change of a class in levels, (c, h, w)."""
    if perturbation.family == "additive":
        delta = perturbation.arrays["delta"]
        return delta[0 if len(delta) == 1 else label]
    return _moved(average, perturbation.apply(average, np.array([label])))[0]


def _moved(before: Pixels, after: Pixels) -> Any:
    return after.astype(np.int16) - before


def _times(perturbation: Perturbation, *moved: Any) -> int:
    """Return the largest whole factor at which no change leaves the scale around mid grey."""
    if perturbation.norm == "linf":
        most = levels_of(perturbation.epsilon)
    else:
        most = max(int(np.abs(one).max(initial=0)) for one in moved)
    return max(1, (MIDDLE - 1) // max(1, most))


def _around_grey(moved: Any, times: int) -> Pixels:
    picture: Pixels = np.clip(MIDDLE + times * moved.astype(np.int32), 0, 255).astype(np.uint8)
    return picture


def _size(moved: Any) -> dict[str, float]:
    """Return how large a change is, in levels of 255 and as a length on the pixel scale."""
    levels = np.abs(moved.astype(np.float64))
    return {
        "largest_levels": float(levels.max(initial=0)),
        "mean_levels": float(levels.mean()),
        "l2": float(np.sqrt(np.square(levels / 255).sum())),
    }


def _short(name: str) -> str:
    """Return a name that fits above a picture."""
    return name if len(name) <= 14 else f"{name[:13]}…"
