"""Any result as one HTML page that stands alone: no network, no scripts, all data inside."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from quorate.report.other_pages import lead_to
from quorate.report.verdict import needed_in_words, verdict_in_words
from quorate.runs.columns import columns
from quorate.runs.result import Picture, Result

MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "npz": "application/zip",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
}
LEFT = ' class="left"'


def render_page(
    result: Result,
    pictures: Mapping[str, Picture],
    files: Mapping[str, bytes],
) -> str:
    """Return the page as text.

    Args:
        result: what is shown.
        pictures: those of the result; each is drawn in ``files`` already.
        files: what the page shows and offers to take away, by name.
    """
    import markupsafe

    sections = result.sections()
    placed = {name for section in sections for name in section.pictures}
    page: str = template("page.html.j2").render(
        result=result,
        sections=sections,
        finding=result.verdict,
        needed_in_words=needed_in_words,
        verdict_in_words=verdict_in_words,
        pictures={name: _shown(name, picture, files) for name, picture in pictures.items()},
        at_top=[name for name in pictures if name not in placed],
        downloads={name: _data_uri(name, content) for name, content in files.items()},
        nowhere=markupsafe.Markup(lead_to({})),
    )
    return page


def template(name: str) -> Any:
    """Return a template of pages, in which every text is escaped."""
    import jinja2
    import markupsafe

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("quorate.report", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["breakable_label"] = _breakable_label
    environment.filters["columns"] = lambda rows: {
        name: markupsafe.Markup(LEFT if left else "") for name, left in columns(rows).items()
    }
    return environment.get_template(name)


def _shown(name: str, picture: Picture, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what the template draws: an SVG element, or the address of photographs."""
    shown: dict[str, Any] = {"picture": picture, "title": _title(picture), "width": None}
    if picture.photographs:
        return {**shown, "address": _data_uri(f"{name}.png", files[f"{name}.png"])}
    drawing = files[f"{name}.svg"].decode()
    width = re.search(r'<svg[^>]*? width="([\d.]+)pt"', drawing)
    element = _named(drawing[drawing.index("<svg") :], name, shown["title"])
    return {**shown, "svg": element, "width": width and width[1]}


def _title(picture: Picture) -> str:
    """Return what a picture is called: the first sentence of its caption."""
    return re.split(r"(?<=[.!?]) ", picture.caption)[0].rstrip(".")


def _named(drawing: str, name: str, title: str) -> str:
    """Return an SVG element that says to those who do not see it what it shows.

    Its names of parts are its own on the page: every drawing has a figure_1.
    """
    import markupsafe

    own = re.sub(r'(?<= id=")(?=[^"]+")', f"{name}-", drawing)
    own = re.sub(r'((?:xlink:)?href="#|url\(#)', rf"\1{name}-", own)
    start, end, rest = own.partition(">")
    said = f'<title id="{name}-title">{markupsafe.escape(title)}</title>'
    start = start.replace("<svg", f'<svg role="img" aria-labelledby="{name}-title"', 1)
    return f"{start}{end}{said}{rest}"


def _breakable(text: str) -> Any:
    """Return text as HTML whose lines may break after a comma or a colon within a method's name."""
    import markupsafe

    return markupsafe.Markup("<wbr>").join(_parts(text))


def _breakable_label(text: str) -> str:
    r"""Return text for an attribute, with blanks of no width where its lines may break.

    >>> _breakable_label("sgd:epochs=1")
    'sgd:\u200bepochs=1'
    """
    return "\u200b".join(_parts(text))


def _parts(text: str) -> list[str]:
    return re.split(r"(?<=[,:])(?=[^\s\d])", text)


def _data_uri(name: str, content: bytes) -> str:
    kind = MEDIA_TYPES[name.rsplit(".", 1)[1]]
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
