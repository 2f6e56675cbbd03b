"""A page as ONE file: scripts, colours and data inside, so that it works without a server.

Its content security policy lets it run these scripts, and ask nobody for anything.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from quorate.collective.web.rendering import STATIC, Rendering
from quorate.errors import InputError, reason
from quorate.runtime.files import check_file, write_file
from quorate.test_time.perturbations.apply import LIMITS
from quorate.test_time.perturbations.perturbation import from_bytes, load, to_bytes
from quorate.test_time.perturbations.told import UNDOES, ToldPerturbation

STYLES = ("site.css",)  # of every page
PICTURE_SCRIPTS = ("bytes.js", "png.js", "jpeg.js", "pictures.js")  # in this order
CHANGE_SCRIPTS = (
    *("archives.js", "resizing.js", "spread.js", "edits.js", "pipelines.js", "networks.js"),
    "change.js",
)
APPLY_SCRIPTS = (*PICTURE_SCRIPTS, *CHANGE_SCRIPTS, "apply.js")
BY = "quorate apply-page"
APPLY_STYLES = ("apply.css",)


@dataclass(frozen=True)
class OfferedChange:
    """A change as the page that applies it offers it.

    Args:
        labels: those that a member can choose; none where the change is the same for everyone.
        steps: what a phone's editor calls each step; none where nobody could do it by hand.
        width: of the pictures that it was found for, in pixels, so that a radius can be told.
        told: what the file says of itself, in sentences.
        undoes, limits: what undoes it, and what it does not protect against.
        file: bytes of the file, as base64.
    """

    labels: tuple[str, ...]
    steps: tuple[str, ...]
    width: int
    told: tuple[str, ...]
    undoes: tuple[str, ...]
    limits: tuple[str, ...]
    file: str


def offered_change(npz: bytes, where: str = "perturbation.npz") -> OfferedChange:
    """Return what the page offers of a perturbation file.

    Args:
        npz: bytes of the file.
        where: words for messages.

    Raises:
        InputError: it is none.
    """
    change = from_bytes(npz, where)
    labels: tuple[str, ...] = ()
    if not change.label_free:
        pairs = zip(change.classes, change.arrays["delta"], strict=True)
        labels = tuple(name for name, delta in pairs if delta.any())
    told = ToldPerturbation(Path(where), change)
    return OfferedChange(
        labels=labels,
        steps=tuple(by_hand for _, by_hand in change.kind.steps(change.arrays)),
        width=change.shape[2],
        told=tuple(told.summary()),
        undoes=UNDOES,
        limits=LIMITS,
        file=base64.b64encode(npz).decode(),
    )


def apply_page(npz: bytes, title: str = "Add the change to your picture") -> str:
    """Return the page that adds a change to a member's own picture, as one file of HTML.

    Args:
        npz: bytes of a perturbation file, as ``quorate correct`` writes it.
        title: of the page.

    Raises:
        InputError: it is no perturbation file.
    """
    values = {"change": offered_change(npz)}
    return one_file("applying.html", title, APPLY_SCRIPTS, APPLY_STYLES, values)


def write_apply_page(perturbation: str | Path, out: str | Path) -> Path:
    """Write the page that adds a change to a member's own picture, and return where it is.

    Args:
        perturbation: a file that ``quorate correct`` has left.
        out: file to write, .html.

    Raises:
        InputError: a file is not what it should be, or cannot be written.
        StoreError: it would replace a file that is not such a page.
    """
    path = Path(out)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(
            f"Expected a file for a page (.html), got {path}. Write {path.with_suffix('.html')}."
        )
    check_file(path, BY, [perturbation], "choose another name")
    page = apply_page(to_bytes(load(perturbation)))
    try:
        write_file(path, page.encode(), BY)
    except OSError as error:
        raise InputError(
            f"Expected to write {path}, got: {reason(error)}. Choose a folder that is there and "
            "has room."
        ) from error
    return path


def one_file(
    body: str,
    title: str,
    scripts: Sequence[str],
    styles: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
) -> str:
    """Return a page with everything inside.

    Args:
        body: template of what stands on it.
        title: of the page.
        scripts: names of its scripts, in the order that they need each other.
        styles: names of its style sheets, besides that of every page.
        values: what the template is given.
    """
    style = "\n".join(_static(name, "</style") for name in (*STYLES, *styles))
    texts = [_static(name, "</script") for name in scripts]
    return Rendering(time.time).page(
        "one_file.html",
        body=body,
        title=title,
        policy=_policy(texts, style),
        style=Markup(style),
        scripts=[Markup(text) for text in texts],
        **(values or {}),
    )


def _static(name: str, end: str) -> str:
    """Return one of the package's own files, which must not end the element that it stands in."""
    text = (STATIC / name).read_text("utf-8")
    if end in text.lower():
        raise ValueError(f"{name} holds {end}")
    return text


def _policy(scripts: Sequence[str], style: str) -> str:
    """Return a content security policy: these scripts and this style, and no network."""
    allowed = " ".join(_hash(text) for text in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
