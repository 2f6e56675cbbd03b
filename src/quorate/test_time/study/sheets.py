"""What a change looks like: a few people's pictures, and the change itself, small and amplified."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.extras import is_installed
from quorate.figures.correction import sheet_figure
from quorate.runs.result import Row
from quorate.test_time.edits.similarity import structural_similarity
from quorate.test_time.perturbations.budget import levels_of
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.platforms.platform import Pixels
from quorate.test_time.study.effects import FREE, PER_CLASS
from quorate.test_time.study.examples import ExamplePictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CLASSES = 20
IN_A_ROW = 11  # pictures
SMALLEST = 3  # pixels of a side whose structural similarity can be told
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
    examples: ExamplePictures, perturbation: Perturbation | None, free: Perturbation | None
) -> Sheet:
    """Return pictures of a few people of the subgroup, before and after.

    Columns: before; with the label-free change, and that change around mid grey, amplified; then
    the same of the change per class. Changes that would leave the scale are not drawn alone. Each
    picture after says how alike it is to the one before.

    Args:
        examples: the people.
        perturbation: one change a class; None where there is none.
        free: the change that is the same for everyone; None where there is none.
    """
    x, y = examples.x, examples.y
    changes = {name: one for name, one in ((FREE, free), (PER_CLASS, perturbation)) if one}
    after = {name: one.apply(x, y) for name, one in changes.items()}
    moved = {name: _moved(x, changed) for name, changed in after.items()}
    times = _times(list(changes.values()), list(moved.values()))  # 0: beyond the scale
    classes = next(iter(changes.values())).classes
    rows, data = [], []
    for place, label in enumerate(y):
        pictures = [("before" if not place else "", x[place])]
        for name, changed in after.items():
            change, size = moved[name][place], _size(moved[name][place])
            alike = _likeness(x[place], changed[place])
            pictures.append((_caption(name if not place else "", alike, size), changed[place]))
            if times:
                title = "change" if times == 1 else f"change × {times}"
                pictures.append((title if not place else "", _around_grey(change, times)))
            who = {"person": int(examples.person[place]), "label": classes[label]}
            data.append({**who, "change": name, "similarity": alike, **size})
        rows.append((classes[label], pictures))
    return Sheet(rows, times, data)


def _likeness(before: Pixels, after: Pixels) -> float:
    """Return the structural similarity of two pictures, (c, h, w); NaN where it cannot be told."""
    if min(before.shape[1:]) < SMALLEST or not is_installed("skimage"):
        return math.nan
    return structural_similarity(before[None], after[None])


def _caption(name: str, alike: float, size: Mapping[str, float]) -> str:
    """Return what stands above a changed picture: which change, its SSIM and its L∞ distance."""
    said = f"{size['largest_levels']:.0f}/255"
    said = said if math.isnan(alike) else f"SSIM {alike:.2f}, {said}"
    return f"{name}\n{said}" if name else said


def changes_sheet(
    examples: ExamplePictures, perturbation: Perturbation, free: Perturbation | None
) -> Sheet:
    """Return the label-free change, and the change of each class, of 20 at most, amplified.

    A gain or a filter changes each picture by itself: what it does to the subgroup's average
    picture is shown.
    """
    average = examples.average[None]  # (1, c, h, w)
    found = [] if free is None else [(FREE, FREE, _change(free, 0, average))]
    for y, name in enumerate(perturbation.classes[:MOST_CLASSES]):
        found.append((PER_CLASS, name, _change(perturbation, y, average)))
    changes = [perturbation, *([] if free is None else [free])]
    times = max(1, _times(changes, [change for *_, change in found]))
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


def _times(changes: Sequence[Perturbation], moved: Sequence[Any]) -> int:
    """Return the largest whole factor at which no change leaves the scale around mid grey.

    It is 0 where a change does so as it is. Under a budget of L∞ it depends on the budget alone, so
    that pictures can be compared.
    """
    if all(one.norm == "linf" and levels_of(one.epsilon) < 255 for one in changes):
        most = max(levels_of(one.epsilon) for one in changes)
    else:
        most = max(int(np.abs(one).max(initial=0)) for one in moved)
    return (MIDDLE - 1) // max(1, most)


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
