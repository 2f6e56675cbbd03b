"""A result as HTML that stands alone, as notebooks show it: no scripts, nothing loaded."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

from quorate.figures.style import render
from quorate.runs.columns import columns
from quorate.runs.parts import Picture, Section, TextRow

MOST_ROWS = 12
MOST_SENTENCES = 4
# It takes on the colours of the page around it. A drawing is on white paper; where a notebook says
# that it is dark, its lightness turns around and its hues stay.
STYLE = """\
<style>
.quorate { max-width: 60rem; overflow-wrap: anywhere; }
.quorate h4 { margin: .4rem 0; }
.quorate p, .quorate ul { margin: .3rem 0; }
.quorate .scroll { overflow-x: auto; }
.quorate table { border-collapse: collapse; margin: .5rem 0; font-size: .9em; }
.quorate caption { text-align: left; font-weight: 600; padding: .2rem 0; }
.quorate th, .quorate td { padding: .2rem .6rem; text-align: right; background: none;
  border-bottom: 1px solid rgba(128, 128, 128, .4); font-variant-numeric: tabular-nums; }
.quorate .left { text-align: left; }
.quorate img { display: block; max-width: min(100%, 40rem); height: auto; background: #fff; }
[data-jp-theme-light="false"] .quorate img.drawing, .vscode-dark .quorate img.drawing,
html[theme="dark"] .quorate img.drawing { filter: invert(.92) hue-rotate(180deg); }
</style>"""


def snippet(
    title: str, sentences: Sequence[str], section: Section | None, picture: Picture | None
) -> str:
    """Return a result in HTML; all its text is escaped.

    Args:
        title: of the result.
        sentences: what was found; the first ones are shown.
        section: the one with the main table, or None.
        picture: the main picture, or None.
    """
    parts = [f"<h4>{html.escape(title)}</h4>", *_said(sentences)]
    if section is not None:
        parts.append(_table(section.heading, section.rows))
    if picture is not None:
        parts.append(_image(picture))
    return "\n".join([STYLE, '<div class="quorate">', *parts, "</div>"])


def _said(sentences: Sequence[str]) -> list[str]:
    said = [html.escape(one) for one in sentences[:MOST_SENTENCES]]
    if len(sentences) > MOST_SENTENCES:
        said.append(f"… and {len(sentences) - MOST_SENTENCES} more: <code>.summary()</code>")
    if len(said) < 2:
        return [f"<p>{one}</p>" for one in said]
    return ["<ul>", *(f"<li>{one}</li>" for one in said), "</ul>"]


def _table(heading: str, rows: Sequence[TextRow]) -> str:
    sides = columns(rows)
    kinds = {name: ' class="left"' if left else "" for name, left in sides.items()}
    head = "".join(f'<th scope="col"{kinds[name]}>{html.escape(name)}</th>' for name in sides)
    body = [
        "".join(f"<td{kinds[name]}>{html.escape(row.get(name, ''))}</td>" for name in sides)
        for row in rows[:MOST_ROWS]
    ]
    if len(rows) > MOST_ROWS:
        more = f"… and {len(rows) - MOST_ROWS} more: <code>.tables()</code>"
        body.append(f'<td class="left" colspan="{len(sides)}">{more}</td>')
    lines = "\n".join(f"<tr>{cells}</tr>" for cells in body)
    return (
        f'<div class="scroll"><table><caption>{html.escape(heading)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody></table></div>"
    )


def _image(picture: Picture) -> str:
    kind, media = ("png", "image/png") if picture.photographs else ("svg", "image/svg+xml")
    content = base64.b64encode(render(picture.figure, kind)).decode()  # type: ignore[arg-type]
    look = "photographs" if picture.photographs else "drawing"
    said = html.escape(picture.caption)
    return f'<img class="{look}" alt="{said}" src="data:{media};base64,{content}">'
