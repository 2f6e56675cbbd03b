"""Any result as one HTML page that stands alone: no network, no scripts, all data inside."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from quorate.report.columns import columns
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
    environment.filters["columns"] = lambda rows: {
        name: markupsafe.Markup(LEFT if left else "") for name, left in columns(rows).items()
    }
    sections = result.sections()
    placed = {name for section in sections for name in section.pictures}
    return environment.get_template("page.html.j2").render(
        result=result,
        sections=sections,
        finding=result.verdict,
        pictures={name: _shown(name, picture, files) for name, picture in pictures.items()},
        at_top=[name for name in pictures if name not in placed],
        downloads={name: _data_uri(name, content) for name, content in files.items()},
    )


def _shown(name: str, picture: Picture, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what the template draws: an SVG element, or the address of photographs."""
    if picture.photographs:
        return {
            "address": _data_uri(f"{name}.png", files[f"{name}.png"]),
            "width": None,
            "picture": picture,
        }
    drawing = files[f"{name}.svg"].decode()
    width = re.search(r'<svg[^>]*? width="([\d.]+)pt"', drawing)
    return {
        "svg": _named(drawing[drawing.index("<svg") :], picture.caption),
        "width": width and width[1],
        "picture": picture,
    }


def _named(drawing: str, caption: str) -> str:
    """Return an SVG element that says to those who do not see it what it shows."""
    import markupsafe

    return drawing.replace("<svg", f'<svg role="img" aria-label="{markupsafe.escape(caption)}"', 1)


def _breakable(text: str) -> Any:
    """Return text as HTML whose lines may break after a comma or a colon within a method's name."""
    import markupsafe

    parts = re.split(r"(?<=[,:])(?=[^\s\d])", text)
    return markupsafe.Markup("<wbr>").join(parts)


def _data_uri(name: str, content: bytes) -> str:
    kind = MEDIA_TYPES[name.rsplit(".", 1)[1]]
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
