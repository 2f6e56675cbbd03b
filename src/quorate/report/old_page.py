"""Pages of a template each, until every kind is a result."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from quorate.report.page import MEDIA_TYPES
from quorate.runs.wording import people, percent


def fill_template(
    name: str, title: str, files: Mapping[str, bytes], facts: Mapping[str, str], **more: Any
) -> str:
    """Return a page made of a template.

    Args:
        name: of the template.
        title: of the page.
        files: what the page offers to take away, by file name.
        facts: where the numbers come from, in words.
        more: what else the template names.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("quorate.report", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "people": people, "breakable": _breakable}
    downloads = {name: _data_uri(name, content) for name, content in files.items()}
    return environment.get_template(name).render(
        title=title, facts=facts, downloads=downloads, **{"finding": None, **more}
    )


def _breakable(name: str) -> Any:
    """Return a method's text as HTML whose lines break after a comma or a colon only."""
    import markupsafe

    parts = re.findall(r"[^,:]*[,:]?", name)
    pieces = [
        markupsafe.Markup("<span class=part>{}</span>").format(part) for part in parts if part
    ]
    return markupsafe.Markup("<wbr>").join(pieces)


def _data_uri(name: str, content: bytes) -> str:
    kind = MEDIA_TYPES[name.rsplit(".", 1)[1]]
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
