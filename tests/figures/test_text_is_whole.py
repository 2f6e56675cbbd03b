"""No picture cuts a title or a label, and no two titles stand on one another."""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from quorate.figures.collectives import SuccessSurface, masses_figure, surfaces_figure
from quorate.figures.participation import responses_figure
from quorate.figures.plan import CertifiedCurve, MassForecast, plan_figure

LONG = "planting:target=8, size=2, place=top-left, signal=(grid: spacing=3, strength=0.25)"


def shown_texts(figure: Figure) -> Iterator[Text]:
    figure.savefig("/dev/null", format="png", dpi=100)  # laid out
    ticks = {
        label
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for label in (*axis.get_ticklabels(), *axis.get_ticklabels(minor=True))
    }  # those beyond the ends of an axis are not drawn
    texts = figure.findobj(lambda one: isinstance(one, Text) and one.get_visible())
    yield from (text for text in texts if text.get_text().strip() and text not in ticks)


def outside(figure: Figure) -> list[str]:
    """Return texts that are cut by the edge of the picture, with three dots of grace."""
    found, edge = [], figure.bbox
    for text in shown_texts(figure):
        box = text.get_window_extent()
        if text.axes is not None and not text.axes.get_visible():
            continue
        if min(box.x0, box.y0) < -3 or box.x1 > edge.x1 + 3 or box.y1 > edge.y1 + 3:
            found.append(text.get_text())
    return found


def surfaces(number: int, sizes: int) -> Figure:
    values = np.full((sizes, sizes), 0.5)
    each = [SuccessSurface(f"collective {n + 1}: {LONG}", values) for n in range(number)]
    return surfaces_figure("same signal, other target", each, np.linspace(0, 0.3, sizes).tolist())


DRAWN: dict[str, Callable[[], Figure]] = {
    **{f"surfaces {n} {a}": lambda n=n, a=a: surfaces(n, a) for n in (1, 2, 3) for a in (2, 4, 8)},
    "masses": lambda: masses_figure([(LONG, [(0.1, 0.0, 0.2)] * 2)] * 3, [0.0, 0.3], 0.9),
    "plan": lambda: plan_figure(
        [CertifiedCurve("certified", np.array([10.0, 3000.0]), np.array([0.0, 1.0]))],
        [MassForecast("dp-sgd:epsilon=1,max_grad_norm=1", 5.0, 1.0, 9.0)],
        2900,
        3000,
        0.9,
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_no_text_is_cut(name: str) -> None:
    assert outside(DRAWN[name]()) == []


@pytest.mark.parametrize("sizes", [2, 4, 8])
def test_titles_of_panels_keep_apart(sizes: int) -> None:
    figure = surfaces(3, sizes)
    list(shown_texts(figure))
    boxes = [axes._left_title.get_window_extent() for axes in figure.axes]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_starts_that_cannot_be_told_apart_have_one_name() -> None:
    courses = [(start, np.array([start, 0.5, 1.0])) for start in (0.0, 0.001, 0.01, 0.5)]
    courses[1] = (0.001, np.array([0.0, 0.5, 1.0]))
    figure = responses_figure(courses, np.array([]), "small-world")
    names = [text for text in shown_texts(figure) if text.get_text().endswith(" begin")]
    assert [text.get_text() for text in names] == ["0%, 0.1% begin", "1% begin", "50% begin"]
    boxes = [text.get_window_extent() for text in names]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
