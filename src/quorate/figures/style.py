"""The common style of all figures: readable in grey, fit for a paper."""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, ParamSpec

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:  # for annotations in all figures: the library is loaded when one is drawn
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure as Figure
else:
    Axes = Figure = Any

P = ParamSpec("P")
Floats = npt.NDArray[np.float64]

# Okabe and Ito's colours, distinct for any colour vision; markers and dashes are distinct in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<")
SIGNS = ("●", "■", "▲", "◆", "▼", "✚", "✖", "★", "◀")  # the same as text
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (3, 1, 1, 1)), (0, (1, 1)))
GREY = "#666666"
DASHED: Any = {"color": GREY, "linewidth": 0.8, "linestyle": (0, (2, 2))}  # a level
AT_LEFT, AT_TOP = ("axes fraction", "data"), ("data", "axes fraction")  # of places in ``write``
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.5,
    "lines.markersize": 4,
    "svg.fonttype": "path",  # the same picture wherever it is opened
    "svg.hashsalt": "quorate",  # and the same bytes for the same data
    "pdf.fonttype": 42,  # TrueType fonts, which journals ask for
    "figure.constrained_layout.use": True,
}

SMALL_BELOW = 4.5  # inches
SMALL: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "lines.linewidth": 1.2,
    "lines.markersize": 3,
}


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Let a function that returns a figure draw it in the common style."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        import matplotlib as mpl

        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return drawn


@contextlib.contextmanager
def in_style() -> Iterator[None]:
    """Draw in the common style, in a figure that may be somebody else's."""
    import matplotlib as mpl

    with mpl.rc_context({key: value for key, value in STYLE.items() if "layout" not in key}):
        yield


@contextlib.contextmanager
def for_width(width: float) -> Iterator[None]:
    """Draw in sizes that fit a panel of so many inches: smaller ones in a paper's column."""
    import matplotlib as mpl

    with mpl.rc_context(SMALL if width < SMALL_BELOW else {}):
        yield


def figure_of(axes: Axes) -> Figure:
    """Return the whole figure that axes stand in, of which they may be in a part."""
    figure = axes.figure
    while figure is not (above := figure.figure):
        figure = above
    return figure


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def paired_panels(
    number: int, width: float, height: float, margin: float = 0.4, **shared: Any
) -> tuple[Figure, list[Axes]]:
    """Return a figure and its panels, two in a row, of a width and height in inches each."""
    columns = min(2, max(1, number))
    rows = max(1, math.ceil(number / columns))
    figure = new_figure(width * columns + margin, height * rows)
    panels: list[Axes] = list(figure.subplots(rows, columns, squeeze=False, **shared).flat)
    for empty in panels[number:]:
        empty.set_visible(False)
    return figure, panels[:number]


def write(
    axes: Axes,
    text: str,
    at: tuple[float, float],
    offset: tuple[float, float] = (0, 0),
    within: Any = "data",
    size: float = 7.5,
    **look: Any,
) -> None:
    """Write text at an offset in points from a place, given in data or fractions of the axes."""
    look = {"fontsize": size, "parse_math": False, **look}
    axes.annotate(text, at, offset, within, "offset points", **look)


def set_ticks(axis: Any, ticks: Sequence[float], words: Callable[[float], str]) -> None:
    """Put the ticks of an axis at these places alone."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))


def take_literally(texts: Iterable[Any]) -> None:
    """Show dollar signs in texts as such: a path may hold some."""
    for text in texts:
        text.set_parse_math(False)


def render(figure: Figure, kind: Literal["svg", "png", "pdf"]) -> bytes:
    """Return a figure as the bytes of a file; equal figures give equal bytes."""
    import matplotlib as mpl

    file = io.BytesIO()
    said = {"svg": "Date", "png": "Software", "pdf": "CreationDate"}  # would make files differ
    with mpl.rc_context(STYLE):
        figure.savefig(file, format=kind, dpi=160, metadata={said[kind]: None})
    return file.getvalue()


def percent_of(alpha: float) -> str:
    """Return a fraction in percent, as on ticks."""
    return f"{100 * alpha:.6g}%"


def colour(number: int) -> str:
    """Return the colour of a line by its number."""
    return COLOURS[number % len(COLOURS)]


def look(number: int) -> dict[str, Any]:
    """Return the colour and the marker of a line by its number."""
    return {"color": colour(number), "marker": MARKERS[number % len(MARKERS)]}


def dashes(number: int) -> Any:
    """Return the dashes of a line by its number."""
    return DASHES[number % len(DASHES)]


def ink(number: int) -> Any:
    """Return a line's colour, darkened for text."""
    from matplotlib.colors import to_rgb

    return tuple(0.7 * part for part in to_rgb(colour(number)))


def wrapped(text: str, width: int = 72) -> str:
    """Return text in lines of at most ``width`` letters."""
    import textwrap

    lines = [textwrap.wrap(line, width) for line in text.splitlines()]
    return "\n".join(itertools.chain(*lines))


def broken(text: str, width: int = 24) -> str:
    """Return the text of a method in lines of at most ``width`` letters, broken after its signs.

    >>> print(broken("dp-sgd:model=mlp,epsilon=10,max_grad_norm=1", 20))
    dp-sgd:model=mlp,
    epsilon=10,
    max_grad_norm=1
    >>> broken("https://example.org/a_model_without_an_end", 20).splitlines()
    ['https://example.org/', 'a_model_without_an_e', 'nd']
    """
    lines = [""]
    for part in re.findall(rf".{{1,{width}}}?(?:(?<=[,:(+/\\ ])|$)|.{{{width}}}", text):
        if len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)
