"""Parts of small charts as SVG, for pages that allow no inline style.

Charts are as wide as a phone and grow with the page. All that is text is ``currentColor``, so that
it is dark on light pages and light on dark ones; marks have colours that can be seen on both, and
shapes of their own. Each has a title and a description, which screen readers read in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from quorate.figures.style import COLOURS

WIDTH = 330.0  # units of a chart, pixels on a phone
TEXT = 13.0  # size of letters
LETTER = 7.8  # width of one, in wide fonts
BLUE, ORANGE, GREEN = COLOURS[0], COLOURS[1], COLOURS[2]  # 3:1 or more on white and on #111


def tag(name: str, inside: str = "", /, **attributes: float | str) -> str:
    """Return one element; ``_`` in the name of an attribute stands for ``-``.

    >>> tag("line", x1=0, stroke_width=1.5), tag("text", "a < b", x=1 / 3)
    ('<line x1="0" stroke-width="1.5"/>', '<text x="0.3">a &lt; b</text>')
    """
    return _element(name, escape(inside), attributes)


def group(parts: Iterable[str], /, **attributes: float | str) -> str:
    """Return elements inside one."""
    return _element("g", "".join(parts), attributes)


def chart(name: str, title: str, description: str, height: float, parts: Iterable[str]) -> str:
    """Return a whole chart.

    Args:
        name: begins the ids inside, which must differ between charts of one page.
        title: what it shows, in a few words.
        description: what there is to see, in sentences.
        height: in units.
        parts: its elements.
    """
    told = [tag("title", title, id=f"{name}-title"), tag("desc", description, id=f"{name}-desc")]
    named: dict[str, float | str] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {_short(WIDTH)} {_short(height)}",
        "width": WIDTH,
        "height": height,
        "role": "img",
        "aria_labelledby": f"{name}-title {name}-desc",
        "class": "chart",
        "fill": "currentColor",
        "font_family": "inherit",
        "font_size": TEXT,
    }
    return _element("svg", "".join([*told, *parts]), named)


def words(text: str, x: float, y: float) -> str:
    """Return text around a place: kept inside the chart, wherever that is."""
    half = len(text) * LETTER / 2
    anchor = "start" if x < half else "end" if x > WIDTH - half else "middle"
    return tag("text", text, x=x, y=y, text_anchor=anchor)


def cut(text: str, width: float) -> str:
    """Return text that is no wider than so many units, with dots where it is cut.

    >>> cut("simulated", 47), cut("simulated", 99)
    ('simul…', 'simulated')
    """
    most = int(width / LETTER)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def points(xs: Iterable[float], ys: Iterable[float]) -> str:
    """Return places as the points of a line.

    >>> points([0, 1.25], [2, 3])
    '0,2 1.2,3'
    """
    return " ".join(f"{_short(x)},{_short(y)}" for x, y in zip(xs, ys, strict=True))


def _element(name: str, inside: str, attributes: Mapping[str, float | str]) -> str:
    written = "".join(
        f' {key.replace("_", "-")}="{escape(one) if isinstance(one, str) else _short(one)}"'
        for key, one in attributes.items()
    )
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"


def _short(value: float) -> str:
    """Return a number with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")
