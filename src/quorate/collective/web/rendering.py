"""Templates made into pages: compiled once, with everything escaped."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from quorate.collective.web import words
from quorate.version import __version__

HERE = Path(__file__).parent
STATIC = HERE / "static"
_SPANS = (("day", 86_400), ("hour", 3600), ("minute", 60))


class Rendering:
    """The templates of a site.

    Args:
        clock: gives the time, in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.digests = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            for path in sorted(STATIC.iterdir())
            if path.is_file()
        }
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            paragraphs=paragraphs, moment=moment, whole=whole, span=self.span, percent=percent
        )
        self._environment.globals.update(static=self.static, version=__version__, now=clock)

    def page(self, template: str, **values: Any) -> str:
        """Return a page's HTML."""
        return self._environment.get_template(template).render(values)

    def static(self, name: str) -> str:
        """Return the address of a file that no page changes, which browsers keep."""
        return f"/static/{name}?v={self.digests[name]}"

    def span(self, at: float) -> str:
        """Return how far off a time is, such as ``in 3 days`` or ``2 hours ago``."""
        left = at - self._clock()
        for name, seconds in _SPANS:
            n = math.floor(abs(left) / seconds)
            if n:
                text = f"{n:,} {name}{'' if n == 1 else 's'}"
                return f"in {text}" if left > 0 else f"{text} ago"
        return "in less than a minute" if left > 0 else "just now"


def paragraphs(text: str) -> Markup:
    """Return plain text as paragraphs: an empty line begins one, a line's end stays.

    >>> paragraphs("a<b\\n\\nc")
    Markup('<p>a&lt;b</p>\\n<p>c</p>')
    """
    parts = [part.strip("\n") for part in text.split("\n\n")]
    made = (escape(part).replace("\n", Markup("<br>")) for part in parts if part.strip())
    return Markup("\n").join(Markup("<p>{}</p>").format(part) for part in made)


def moment(at: float) -> Markup:
    """Return a time, in seconds since 1970, as people and programs read it."""
    try:
        when = datetime.fromtimestamp(at, UTC)
    except (OverflowError, OSError, ValueError):
        return Markup("never")
    return Markup('<time datetime="{}">{}</time>').format(
        when.isoformat(timespec="seconds"), words.in_words(when)
    )


def whole(value: float) -> str:
    """Return a whole number with commas.

    >>> whole(12345)
    '12,345'
    """
    return f"{round(value):,}"


def percent(share: float) -> str:
    """Return a share in per cent.

    >>> percent(0.125)
    '12.5%'
    """
    return f"{100 * share:.3g}%"
