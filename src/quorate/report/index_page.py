"""One page over a folder of runs: each with its title, kind, date, headline and a small picture."""

from __future__ import annotations

import base64
import io
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from quorate.report.other_pages import lead_to
from quorate.report.page import template
from quorate.report.stored_folders import MOST, FolderInside, FolderOverview
from quorate.runtime.outputs import write_files

INDEX = "index.html"
SIDE = 352  # pixels of a small picture's longer side, twice as many as it is shown with
FIRST_PICTURE = re.compile(r'aria-labelledby="([\w-]+)-title"')


def write_index(overview: FolderOverview) -> Path:
    """Write the page of a folder of runs into it; return the page's path.

    Raises:
        StoreError: there is an index.html that quorate did not make, or it cannot be written.
    """
    folder = overview.folder
    import markupsafe

    page = template("index.html.j2").render(
        overview=overview,
        runs=[_shown(one, folder) for one in overview.inside],
        is_cut=len(overview.inside) == MOST,
        nowhere=markupsafe.Markup(lead_to({})),
    )
    write_files(folder, {INDEX: page.encode()}, "run the same command again")
    return folder / INDEX


def _shown(one: FolderInside, folder: Path) -> dict[str, Any]:
    """Return what the template draws of a run."""
    place = Path(os.path.relpath(one.folder, folder)).as_posix()
    has_page = one.page is not None and one.page.is_file()
    address = f"{quote(place)}/{quote(one.page.name)}" if has_page and one.page else None
    thumbnail = _thumbnail(one.page) if has_page and one.page else None
    return {"inside": one, "place": place, "address": address, "thumbnail": thumbnail}


def _thumbnail(page: Path) -> str | None:
    """Return the first picture of a page, made small, as an address; None where there is none."""
    from PIL import Image

    try:
        found = FIRST_PICTURE.search(page.read_text(encoding="utf-8"))
        names = [f"{found[1]}.png"] if found else sorted(p.name for p in page.parent.glob("*.png"))
        for name in names[:1]:
            with Image.open(page.parent / name) as picture:
                small = picture.convert("RGB")
            small.thumbnail((SIDE, SIDE))
            file = io.BytesIO()
            small.save(file, "PNG", optimize=True)
            return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    except (OSError, ValueError, Image.DecompressionBombError):
        return None  # a page is as good without it
    return None
