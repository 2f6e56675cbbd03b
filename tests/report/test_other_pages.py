"""Pages lead to one another: of one folder, of the folders in it, and of the one above."""

from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

from pages import Page
from quorate.report.files import write_result
from quorate.runs.result import Result, Row, Section


class Titled(Result):
    """A result that is a title, and no more."""

    title = ""

    def __init__(self, title: str) -> None:
        self.title = title  # type: ignore[misc]

    def summary(self) -> list[str]:
        return ["It is so."]

    def sections(self) -> list[Section]:
        return []

    def rows(self) -> list[Row]:
        return []

    def to_json(self) -> dict[str, Any]:
        return {}


class Beside(Titled):
    """A result that shares its folder with another."""

    stem: ClassVar[str] = "beside"


def links(page: Path) -> dict[str, str]:
    """Return where a page leads to, by what is said there; every link leads to a page."""
    read = Page(page.read_text())
    addresses = read.leads()
    assert all((page.parent / unquote(one)).is_file() for one in addresses)
    text = read.words().partition("Beside this page:")[2].partition(" .")[0]
    return dict(zip(text.strip().split(" ; "), addresses, strict=False)) if addresses else {}


def test_a_demo_leads_to_its_correction_and_back(tmp_path: Path) -> None:
    first = write_result(Titled("S(α) & more"), tmp_path)
    assert links(first) == {}
    second = write_result(Titled("A gap"), tmp_path / "correction")
    assert links(first) == {"A gap": "correction/report.html"}
    assert links(second) == {"S(α) & more": "../report.html"}
    write_result(Titled("Another"), tmp_path)  # written anew, it leads there all the same
    assert links(first) == {"A gap": "correction/report.html"}
    assert links(second) == {"Another": "../report.html"}


def test_pages_of_one_folder_lead_to_one_another(tmp_path: Path) -> None:
    one = write_result(Titled("One"), tmp_path)
    two = write_result(Beside("Two"), tmp_path)
    odd = write_result(Titled("Odd"), tmp_path / "a #?% folder")
    assert links(one) == {"Two": "beside.html", "Odd": "a%20%23%3F%25%20folder/report.html"}
    assert set(links(two)) == {"One", "Odd"}
    assert set(links(odd)) == {"One", "Two"}


def test_runs_that_only_stand_beside_one_another_do_not(tmp_path: Path) -> None:
    pages = [write_result(Titled(name), tmp_path / name) for name in ("a", "b")]
    assert [links(page) for page in pages] == [{}, {}]


def test_pages_of_others_are_left_as_they_are(tmp_path: Path) -> None:
    theirs = tmp_path / "notes.html"
    theirs.write_text("<title>Mine</title><p>Notes</p>")
    (tmp_path / "binary.html").write_bytes(b"\xff\xfe\x00<title>")
    page = write_result(Titled("Ours"), tmp_path / "run")
    assert theirs.read_text() == "<title>Mine</title><p>Notes</p>"
    assert links(page) == {}


def test_a_title_cannot_break_out(tmp_path: Path) -> None:
    page = write_result(Titled("Ours"), tmp_path)
    write_result(Titled("</a><script>alert(1)</script>\"'"), tmp_path / "run")
    read = Page(page.read_text())
    assert "script" not in {tag for tag, _ in read.elements}
    assert read.open == []


def test_from_the_folder_itself(tmp_path: Path, monkeypatch: Any) -> None:
    write_result(Titled("Above"), tmp_path)
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    page = write_result(Titled("Here"), ".")
    assert links(page) == {"Above": "../report.html"}


def test_a_question_as_a_title_has_no_full_stop_after_it(tmp_path: Path) -> None:
    page = write_result(Titled("Pooled?"), tmp_path / "inside")
    outside = write_result(Titled("One"), tmp_path)
    assert ">Pooled?</a></p>" in outside.read_text(encoding="utf-8")
    assert ">One</a>.</p>" in page.read_text(encoding="utf-8")
