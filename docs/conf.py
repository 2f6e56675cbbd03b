"""How Sphinx builds the site: ``make docs``. CONTRIBUTING says why Sphinx, and why from the root.

The source folder is the root of the repository, so that one link holds on the site and in the
repository alike: README, CONTRIBUTING, experiments and benchmarks are pages like any other.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parent))

from notebook import NotebookParser

from quorate.version import __version__

project = "quorate"
author = "the quorate developers"
copyright = "the quorate developers"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**", "experiments/*.md", "benchmarks/*.md"]
exclude_patterns = [".*", "build", "runs", "src", "tests", "experiments/results"]
source_suffix = {".md": "markdown", ".ipynb": "notebook"}
nitpicky = (
    False  # types of NumPy and PyTorch are named, not linked: their inventories lie elsewhere
)

myst_enable_extensions = ["html_image"]  # the thumbnails of the gallery
myst_heading_anchors = 4  # as the repository's host makes them
myst_links_external_new_tab = False
suppress_warnings = ["myst.header"]  # generated pages may begin below the first level

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88  # longer ones have a line a parameter
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"quorate {__version__}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_additional_pages = {"index": "static/redirect.html"}
templates_path = ["."]
html_theme_options = {"sidebar_hide_name": False}

INDEXES = ("docs/index", "docs/reference/api/index")  # pages that are lists of pages
_LINK = re.compile(r"^- \[[^\]]+\]\(([^):#]+)\.(?:md|ipynb)\)")
_DOCTEST = re.compile(r"\s*(>>>|\.\.\.)")
_LITERAL = re.compile(r"(``.+?``)")


def _as_prose(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Let α* and ŷ_ be letters, not markup, in docstrings, which are written as plain sentences."""
    in_example = False
    for i, line in enumerate(lines):
        in_example = bool(_DOCTEST.match(line)) or (in_example and bool(line.strip()))
        if not in_example:
            parts = _LITERAL.split(line)
            parts[::2] = [_escaped(part) for part in parts[::2]]
            lines[i] = "".join(parts)


def _escaped(prose: str) -> str:
    prose = re.sub(r"`([^`]+)`", r"``\1``", prose)
    parts = _LITERAL.split(prose)
    parts[::2] = [re.sub(r"([*|]|_(?=\W|$))", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def _parameters(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Give a method of the catalog the meaning that each parameter has there."""
    if (
        what != "class"
        or not dataclasses.is_dataclass(obj)
        or any("Args:" in line for line in lines)
    ):
        return
    said = [(f.name, f.metadata["help"]) for f in dataclasses.fields(obj) if f.metadata.get("help")]
    if said:
        at = next((i for i, line in enumerate(lines) if line.strip() == "Raises:"), len(lines))
        lines[at:at] = ["", "Args:", *(f"    {field}: {meaning}" for field, meaning in said), ""]


def _contents(app: Sphinx, docname: str, source: list[str]) -> None:
    """Make the site's sidebar of the links of a page that is a list of pages.

    So a page that no such list leads to fails the build, and no page repeats its links in words
    that the repository's host would show as they stand.
    """
    if docname not in INDEXES:
        return
    caption, below = "", {}  # type: str, dict[str, list[str]]
    for line in source[0].splitlines():
        caption = line[3:] if line.startswith("## ") else caption
        if found := _LINK.match(line):
            page = posixpath.normpath(posixpath.join(posixpath.dirname(docname), found[1]))
            below.setdefault(caption, []).append(page)
    for caption, pages in below.items():
        listing = "\n".join(f"/{page}" for page in pages)
        options = f":hidden:\n:caption: {caption}\n" if caption else ":hidden:\n"
        source[0] += f"\n```{{toctree}}\n{options}\n{listing}\n```\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect what is said above."""
    app.add_source_parser(NotebookParser)
    app.connect("source-read", _contents)
    app.connect("autodoc-process-docstring", _parameters, priority=100)
    app.connect("autodoc-process-docstring", _as_prose, priority=200)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
