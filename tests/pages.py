"""Reading the pages that reports leave."""

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "wbr", "hr", "input", "base"}


class Page(HTMLParser):
    """Reads a page into elements, text and what it would load."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag  # every element is closed where it should be

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def leads(self) -> list[str]:
        """Return the addresses of other pages, which are followed when somebody asks for them."""
        links = [attrs for tag, attrs in self.elements if tag == "a" and "download" not in attrs]
        return [str(attrs.get("href")) for attrs in links]

    def loads(self) -> list[str]:
        """Return every address that a browser would follow to draw the page, or to save a file."""
        found = []
        for tag, attrs in self.elements:
            if tag == "a" and "download" not in attrs:
                continue
            for name, value in attrs.items():
                if name in ("src", "srcset", "href", "xlink:href", "data", "action", "poster"):
                    found.append(value or "")
                found += re.findall(r"url\(([^)]*)\)", value or "")
        return found
