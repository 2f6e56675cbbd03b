"""On a phone a picture is no wider than the page, until it is tapped."""

import re
from pathlib import Path

import quorate.report

CSS = (Path(quorate.report.__file__).parent / "page.css").read_text()


def test_pictures_are_as_wide_as_a_narrow_page() -> None:
    narrow = CSS[CSS.index("@media (max-width: 36rem)") :].partition("@media screen")[0]
    widths = re.findall(r"figure svg \{ ([^}]*) \}", narrow)
    assert widths == ["width: 100%;"]  # no least width, which would let it scroll
    enlarged = re.findall(r"figure \.scroll:focus svg.*?\{\s*([^}]*) \}", narrow, re.DOTALL)
    assert len(enlarged) == 1
    assert "var(--width" in enlarged[0]
    assert ".tap { display: inline; }" in narrow
    assert ".tap { display: none; }" in CSS.partition("@media")[0]
