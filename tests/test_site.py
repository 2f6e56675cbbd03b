"""The site builds without a warning, asks no other host for anything, and names what is public."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import quorate
from documents import ROOT, results
from pages import Page
from quorate import catalog, protocols
from quorate.api import accepted

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("sphinx") is None,
    reason="Sphinx is not installed: pip install 'quorate[docs]'",
)
LOADS = {"img", "script", "link", "iframe", "source", "video", "audio", "object", "embed", "image"}


def build(folder: Path) -> None:
    """Build the site strictly, as ``make docs`` does."""
    command = next(
        line for line in (ROOT / "Makefile").read_text().splitlines() if "sphinx" in line
    )
    options = command.split()[1:-1]
    ran = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr


def test_the_site(tmp_path: Path) -> None:
    """One test, since it is built once: workers of the suite would build it once each."""
    build(tmp_path)
    pages = sorted(path for path in tmp_path.rglob("*.html") if "_static" not in path.parts)
    assert len(pages) > 50
    read = {page: Loads(page.read_text()) for page in pages}
    assert [(page.stem, asked) for page in pages for asked in foreign(read[page])] == []
    for sheet in tmp_path.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)]*", sheet.read_text()) == []
    assert [(page.stem, link) for page in pages for link in dead(page, read[page])] == []
    names = (tmp_path / "objects.inv").read_bytes()
    assert [name for name in public() if name not in inventory(names)] == []


class Loads(Page):
    """Reads what a page loads, whether or not each of its elements is closed."""

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            self.open.remove(tag)

    @property
    def addresses(self) -> list[str]:
        found = []
        for tag, attributes in self.elements:
            if tag == "link" and attributes.get("rel") in ("next", "prev", "canonical"):
                continue
            if tag in LOADS:
                found += [attributes.get(name) or "" for name in ("src", "href", "srcset", "data")]
            found += re.findall(r"url\([\"']?([^)\"']*)", attributes.get("style") or "")
        return found


def foreign(page: Loads) -> list[str]:
    """Return what a browser would ask another host for, to draw a page."""
    return [address for address in page.addresses if re.match(r"(https?:)?//", address)]


def test_a_page_that_asks_another_host_is_found() -> None:
    for html, asked in {
        '<script src="https://cdn.example/x.js"></script>': ["https://cdn.example/x.js"],
        '<link rel="stylesheet" href="//fonts.example/x.css">': ["//fonts.example/x.css"],
        '<p style="background: url(http://a.example/b)">': ["http://a.example/b"],
        '<a href="https://arxiv.org">followed only when asked for</a>': [],
        '<img src="../images/demo.png">': [],
    }.items():
        assert foreign(Loads(html)) == asked


def dead(page: Path, read: Loads) -> list[str]:
    """Return the links of a page to files of the site that are not there."""
    found = []
    for link in read.leads():
        parts = urlsplit(link)
        if not parts.scheme and parts.path and not (page.parent / unquote(parts.path)).exists():
            found.append(link)
    return found


def inventory(written: bytes) -> set[str]:
    """Return the names of Python's objects that the reference of a site holds."""
    from sphinx.util.inventory import InventoryFile

    read = InventoryFile.loads(written, uri="")
    kinds = (kind for kind in read.data if kind.startswith("py:"))
    return {name for kind in kinds for name in read.data[kind]}


def public() -> list[str]:
    """Return the full names of what is public, as the package says it."""
    functions = [f"quorate.{name}" for name in quorate.__all__ if name != "__version__"]
    roles = [path.replace(":", ".") for path in catalog.ROLES.values()]
    roles += [
        f"quorate.protocols.{name}"
        for name, found in vars(protocols).items()
        if getattr(found, "__module__", "") == "quorate.protocols"
    ]
    methods = [
        path.replace(":", ".") for names in catalog.BUILT_IN.values() for path in names.values()
    ]
    returned = [f"{cls.__module__}.{cls.__qualname__}" for cls in results()]
    types = [f"{accepted.__name__}.{name}" for name in accepted.__annotations__]
    return [*functions, *types, *roles, *methods, *returned]
