"""Any result becomes a page, files and a print: a new kind needs nothing else."""

import csv
import io
import json
import math
import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
from matplotlib.figure import Figure
from rich.console import Console

from quorate.report.files import write_result
from quorate.report.page import render_page
from quorate.report.terminal import print_result
from quorate.runs.result import Picture, Result, Row, Section

EVIL = "<script>alert(1)</script>\"'&--><img src=//x onerror=y>"


class Doubled(Result):
    """Numbers that were doubled."""

    stem: ClassVar[str] = "doubled"
    title = "Twice as much"
    question = "What is twice?"

    def __init__(self, *numbers: float, words: str = "few") -> None:
        self.numbers, self.words = numbers, words
        self.found: dict[str, Any] | None = None

    @property
    def verdict(self) -> dict[str, Any] | None:
        return self.found

    def summary(self) -> list[str]:
        return [f"The largest double is {2 * max(self.numbers):g}.", self.words]

    def sections(self) -> list[Section]:
        rows = tuple(
            {"learner": "dp-sgd:epsilon=1,delta=2", "n": f"{n:,g}", "2n": f"{2 * n:g}"}
            for n in self.numbers
        )
        seen = Section("What is seen", pictures=("curve",), on_page_only=True)
        return [Section("Doubles", ("Each twice.",), rows, ("All were doubled.", self.words)), seen]

    def rows(self) -> list[Row]:
        return [{"n": n, "double": 2 * n} for n in self.numbers]

    def data(self) -> dict[str, list[Row]]:
        return {"doubled": self.rows(), "and-more": [{"x": 1}, {"y": "a,b"}]}

    def to_json(self) -> dict[str, Any]:
        return {"largest": 2 * max(self.numbers)}

    def pictures(self) -> dict[str, Picture]:
        shown = Picture(Figure(figsize=(1, 1)), "As <taken>.", photographs=True)
        return {"people": shown, "curve": Picture(Figure(figsize=(1, 1)), "Grows.")}

    def facts(self) -> dict[str, str]:
        return {"Machine": self.words}

    def files(self) -> dict[str, bytes]:
        return {"more.npz": b"1"}


def printed(result: Result, width: int = 120) -> str:
    out = io.StringIO()
    print_result(result, Console(file=out, width=width, highlight=False, markup=False))
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("any") / "new"
    page = write_result(Doubled(1, 2000, math.nan), out)
    assert page == out / "doubled.html"
    return out


def test_the_folder_holds_what_the_result_names(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        *("doubled.html", "doubled.json", "doubled.csv", "and_more.csv", "more.npz"),
        *("people.png", "curve.svg", "curve.png", "curve.pdf"),
    }
    assert (folder / "and_more.csv").read_text() == 'x,y\n1,\n,"a,b"\n'
    rows = list(csv.DictReader((folder / "doubled.csv").read_text().splitlines()))
    assert [row["double"] for row in rows] == ["2", "4000", ""]


def test_json_knows_no_nan(folder: Path) -> None:
    text = (folder / "doubled.json").read_text()
    kept = json.loads(text, parse_constant=lambda constant: pytest.fail(constant))
    assert kept["largest"] == 4000
    assert kept["rows"][2] == {"n": None, "double": None}
    assert kept["tables"]["Doubles"][0]["2n"] == "2"


def test_the_page_stands_alone_and_holds_all(folder: Path) -> None:
    page = (folder / "doubled.html").read_text()
    addresses = re.findall(r"""(?:src|href|action|data)=["']?([^"' >]+)""", page)
    assert all(one.startswith(("data:", "#")) for one in addresses)
    offered = set(re.findall(r'download="([^"]+)"', page))
    assert offered == {path.name for path in folder.iterdir()} - {"doubled.html"}
    for words in ("What is twice?", "The largest double is 4000.", "<p>Each twice.</p>"):
        assert words in page
    assert page.index("As &lt;taken&gt;.") < page.index("<h2>Doubles") < page.index("Grows.")
    assert page.count("<svg") == page.count("<img") == 1
    assert "dp-sgd:<wbr>epsilon=1,<wbr>delta=2" in page
    assert "2,000" in page  # a number is not broken


def test_a_methods_name_as_a_heading_breaks_between_parameters_on_a_small_screen() -> None:
    result = Doubled(1)
    row = dict.fromkeys(("dp-sgd:epsilon=1,delta=2", "a", "b", "c"), "1")
    result.sections = lambda: [Section("Learners", rows=(row,))]  # type: ignore[method-assign]
    assert 'data-of="dp-sgd:\u200bepsilon=1,\u200bdelta=2"' in render_page(result, {}, {})


def test_names_cannot_break_out_of_the_page() -> None:
    result = Doubled(1, words=EVIL)
    result.sections = lambda: [  # type: ignore[method-assign]
        Section(EVIL, (EVIL,), ({EVIL: EVIL},), (EVIL, EVIL))
    ]
    page = render_page(result, {}, {f"{EVIL}.csv": b""})
    assert "<script" not in page
    assert "<img" not in page


def test_a_verdict_stands_above_what_was_found() -> None:
    result = Doubled(1)
    result.sections = list  # type: ignore[method-assign,assignment]
    statement = {
        "verdict": "does not hold",
        "refutes": False,
        "text": "t",
        "words": "w",
        "note": "",
        "aside": True,
    }
    result.found = {
        "verdict": "holds",
        "quick": True,
        "claim": "Twice is more.",
        "source": "ours",
        "ours": "All.",
        "expected": "More.",
        "statements": [statement],
    }
    page = render_page(result, {}, {})
    assert "aside, does not hold taken alone</em>: t: w" in page
    assert page.index("<strong>Holds (reduced version") < page.index("The largest double")


def test_what_is_for_the_page_alone_is_not_printed() -> None:
    text = printed(Doubled(1, 20))
    assert "What is seen" not in text
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines()]
    assert ["dp-sgd:epsilon=1,delta=2", "20", "40"] in rows
    assert text.index("Twice as much") < text.index("The largest") < text.index("Each twice.")
    assert printed(Doubled(1), 30).count("[red]") == 0
    assert "[red]8[/red]" in printed(Doubled(1, words="[red]8[/red]"))
