"""The common style of all figures: readable in grey, fit for a paper."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

# Okabe and Ito's colours, distinct for any colour vision; markers and dashes are distinct in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<")
SIGNS = ("●", "■", "▲", "◆", "▼", "✚", "✖", "★", "◀")  # the same as text
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (3, 1, 1, 1)), (0, (1, 1)))
GREY = "#666666"
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
