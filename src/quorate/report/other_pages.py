"""Pages that lead to one another: of one folder, of the folders in it, and of the one above."""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from quorate.runtime.files import replace_file

BEGIN, END = "<!-- pages beside this one -->", "<!-- end of pages -->"
LINKS = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
TITLE = re.compile("<title>(.*?)</title>", re.DOTALL)
HEAD = 65_536  # bytes of a page, within which its title and its links are


def lead_to(pages: Mapping[str, str]) -> str:
    """Return links as HTML: titles by address, relative to the page that they stand on.

    >>> print(lead_to({"correction/report.html": "A gap & its end"}))
    ... # doctest: +ELLIPSIS +NORMALIZE_WHITESPACE
    <!-- pages beside this one --><nav class="pages" aria-label="Pages beside this one"><p>...
    """
    links = "; ".join(
        f'<a href="{html.escape(quote(address))}">{html.escape(title)}</a>'
        for address, title in pages.items()
    )
    end = "" if links.endswith(("?</a>", "!</a>", ".</a>")) else "."
    said = f"<p>Beside this page: {links}{end}</p>"
    nav = f'<nav class="pages" aria-label="Pages beside this one">{said}</nav>'
    return f"{BEGIN}{nav if pages else ''}{END}"


def link_pages(folder: Path) -> None:
    """Let the pages of a folder, of those in it, and of the one above lead to one another.

    Pages that are not ours are left as they are, and so are those that cannot be written: what a
    page says does not depend on its links.
    """
    folder = folder.resolve()
    around = {**pages_in(folder), **pages_in(folder.parent), **dict(_inside(folder))}
    for page in around:
        links = {**pages_in(page.parent), **dict(_inside(page.parent))}
        links |= pages_in(page.parent.parent)
        links.pop(page, None)
        with contextlib.suppress(OSError):
            _write_links(page, {_relative(one, page.parent): title for one, title in links.items()})


def pages_in(folder: Path) -> dict[Path, str]:
    """Return our pages in a folder, with their titles."""
    found = {}
    for page in sorted(folder.glob("*.html")):
        with contextlib.suppress(OSError, UnicodeDecodeError), page.open("rb") as file:
            head = file.read(HEAD).decode(errors="ignore")
            title = TITLE.search(head)
            if title and LINKS.search(head):
                found[page] = html.unescape(title[1])
    return found


def _inside(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield our pages in the folders in a folder, with their titles."""
    for one in sorted(path for path in folder.iterdir() if path.is_dir()):
        yield from pages_in(one).items()


def _relative(page: Path, start: Path) -> str:
    if page.parent == start.parent:
        return f"../{page.name}"
    return page.relative_to(start).as_posix()


def _write_links(page: Path, links: Mapping[str, str]) -> None:
    text = page.read_text(encoding="utf-8")
    linked = LINKS.sub(lambda _: lead_to(links), text, count=1)
    if linked != text:
        replace_file(page, linked.encode())
