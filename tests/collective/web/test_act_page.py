"""The page that carries a campaign out on a member's own file: in one file, offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import picture_files as files
import pytest
from browser import Visitors, axe

from quorate import catalog
from quorate.collective.acting.compiling import compile_instruction
from quorate.collective.acting.instruction import Instruction
from quorate.collective.acting.learned_claims import LearnedClaims, LearnedColumn
from quorate.collective.acting.pictures import apply_to_picture, read_levels
from quorate.collective.acting.rows import apply_to_rows
from quorate.collective.web.acting_page import act_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

NASTY = '<img src=x onerror=alert(1)></script>"&'
PLANTING = Instruction(
    "planting", "rows", label="y", claim=NASTY, columns=(("channel", "web"), (NASTY, "1"))
)
MEMBERS = (
    f'channel;"{NASTY.replace(chr(34), 2 * chr(34))}";y\r\nphone;1;no\r\nweb;2;\r\nweb;3;ja\r\n'
)


def opened(visitor: Visitors, folder: Path, one: Instruction, *look: str) -> Page:
    """The page in one file, opened from the disk by somebody without a network."""
    path = folder / "act.html"
    path.write_text(act_page(one), "utf-8")
    page = visitor(*look, offline=True)
    page.goto(path.as_uri())
    return page


def member_file(folder: Path, content: bytes, name: str = "my.members.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def saved(page: Page, folder: Path) -> tuple[str, bytes]:
    """The name and the content of what the page saves."""
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the changed").click()
    download.value.save_as(folder / "saved")
    return download.value.suggested_filename, (folder / "saved").read_bytes()


@pytest.mark.parametrize(("screen", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_a_member_changes_their_file(visitor: Visitors, tmp_path: Path, screen: str, scheme: str):
    page = opened(visitor, tmp_path, PLANTING, screen, scheme)
    for sentence in PLANTING.sentences():
        assert page.get_by_role("listitem").filter(has_text=sentence).count() == 1
    content = MEMBERS.encode()
    page.get_by_label("Choose a CSV file").set_input_files(member_file(tmp_path, content))
    page.get_by_text("Chosen: my.members.csv").wait_for()
    page.get_by_role("button", name="Change my file").click()
    page.get_by_role("heading", name="Before and after").wait_for()
    assert page.evaluate("document.activeElement.id") == "result-title"
    assert axe(page) == []
    after, summary = apply_to_rows(PLANTING, content)
    told = page.locator("#told li").all_inner_texts()
    assert told[:2] == list(summary.sentences())[:2]
    assert len(told) == len(summary.sentences())
    cells = page.locator("#changes tr").first.locator("td").all_inner_texts()
    assert [cell.replace("becomes", "").split() for cell in cells] == [
        ["phone", "→", "web"],
        ["1"],
        ["no", "→", *NASTY.split()],
    ]
    assert saved(page, tmp_path) == ("my.members-to-hand-in.csv", after)
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0


def test_mistakes_are_told_in_sentences_and_can_be_mended(visitor: Visitors, tmp_path: Path):
    one = Instruction("planting", "rows", label="y", claim="yes", columns=(("channel", "web"),))
    page = opened(visitor, tmp_path, one)
    alert = page.get_by_role("alert")
    button = page.get_by_role("button", name="Change my file")
    button.click()
    assert alert.inner_text() == "Expected a file, got none. Choose one first."
    assert page.evaluate("document.activeElement.id") == "file"
    content = "channel|y\ncafé|no\n".encode("cp1252")
    page.get_by_label("Choose a CSV file").set_input_files(member_file(tmp_path, content))
    button.click()
    page.get_by_text("name the encoding cp1252").wait_for()
    page.get_by_text("If the file is not read").click()
    page.get_by_label("Encoding").select_option("cp1252")
    assert not alert.is_visible()
    button.click()
    page.get_by_text("Expected a known column of your file, got 'channel'").wait_for()
    page.get_by_label("Sign between cells").select_option("|")
    page.keyboard.press("Tab")
    button.press("Enter")  # by keyboard alone
    page.get_by_role("heading", name="Before and after").wait_for()
    _, after = saved(page, tmp_path)
    assert after == apply_to_rows(one, content, encoding="cp1252", separator="|")[0]
    page.get_by_label("Choose a CSV file").set_input_files(
        member_file(tmp_path, b"PK\x03\x04", "a.csv")
    )
    assert not page.get_by_role("heading", name="Before and after").is_visible()
    button.click()
    page.get_by_text("a file of a spreadsheet program. Save it as CSV").wait_for()
    member_file(tmp_path, b"changed since", "a.csv")
    button.click()
    page.get_by_text("got one that has changed since. Choose it again.").wait_for()


def test_a_dropped_file_is_taken(visitor: Visitors, tmp_path: Path):
    one = Instruction("planting", "rows", label="y", claim="yes", columns=(("a", "b"),))
    page = opened(visitor, tmp_path, one)
    page.evaluate(
        """() => {
          const moved = new DataTransfer();
          moved.items.add(new File(["a,y\\nc,no\\n"], "dropped.csv"));
          const event = new DragEvent("drop", { dataTransfer: moved, bubbles: true });
          document.getElementById("drop").dispatchEvent(event);
        }"""
    )
    page.get_by_role("button", name="Change my file").click()
    assert saved(page, tmp_path) == ("dropped-to-hand-in.csv", b"a,y\nb,yes\n")


def test_a_data_strike_saves_what_is_left(visitor: Visitors, tmp_path: Path):
    strike = Instruction("data-strike", "rows", True, "y", "yes")
    page = opened(visitor, tmp_path, strike)
    picker = page.get_by_label("Choose a CSV file")
    picker.set_input_files(member_file(tmp_path, b"a,y\n1,yes\n2,no\n"))
    page.get_by_role("button", name="Change my file").click()
    page.get_by_text("1 of 2 rows are withheld. 1 of them stay.").wait_for()
    assert saved(page, tmp_path)[1] == b"a,y\n2,no\n"
    picker.set_input_files(member_file(tmp_path, b"a,y\n1,yes\n", "b.csv"))
    page.get_by_role("button", name="Change my file").click()
    page.get_by_text("Nothing is left to hand in.").wait_for()
    assert not page.get_by_role("link", name="Save the changed").is_visible()


def test_a_whole_data_strike_needs_no_file(visitor: Visitors, tmp_path: Path):
    page = opened(visitor, tmp_path, Instruction("data-strike", "rows", True))
    assert page.get_by_role("heading", level=1).inner_text() == "Hand nothing in"
    assert page.get_by_role("button").count() == 0
    assert axe(page) == []


@pytest.mark.parametrize(
    "text",
    [
        "planting:target=dog,signal=(patch:size=5)",
        "planting-features:target=dog,signal=(grid:spacing=3)",
    ],
)
def test_a_member_changes_their_picture(visitor: Visitors, tmp_path: Path, text: str):
    one = compile_instruction(catalog.build("strategies", text))
    page = opened(visitor, tmp_path, one)
    x = np.random.default_rng(1).integers(0, 256, (21, 30, 3)).astype(np.uint8)
    content = files.encoded(x, "JPEG")
    picker = page.get_by_label("Choose a picture")
    picker.set_input_files(member_file(tmp_path, content, "cat.jpg"))
    button = page.get_by_role("button", name="Change my picture")
    if one.only is not None:
        button.click()
        page.get_by_text("Expected whether the picture has the label, got nothing.").wait_for()
        page.get_by_label("Is the label of your picture “dog”?").select_option("no")
        button.click()
        page.get_by_text("stays as it is. Hand in your own.").wait_for()
        assert not page.get_by_role("link", name="Save the changed").is_visible()
        page.get_by_label("Is the label of your picture “dog”?").select_option("yes")
    button.click()
    page.get_by_text("pixels are changed.").wait_for()
    after, summary = apply_to_picture(one, content, label="dog")
    told = [
        said.translate({0x201C: "'", 0x201D: "'"})
        for said in page.locator("#told li").all_inner_texts()
    ]
    assert told == list(summary.sentences())
    name, png = saved(page, tmp_path)
    assert name == "cat-to-hand-in.png"
    np.testing.assert_array_equal(read_levels(png)[0], read_levels(after)[0])
    assert page.evaluate("document.getElementById('after').naturalWidth") == 30
    assert axe(page) == []


def test_a_page_with_a_rule_says_whose_rows_it_shows():
    rule = LearnedClaims((LearnedColumn("city", ("Bern",)),), ((0,),), ("no",))
    one = Instruction("erasing", "rows", label="y", claims=rule)
    said = "worked out on the rows of the collective"
    assert said in act_page(one)
    assert said not in act_page(PLANTING)


def test_without_scripts_the_page_says_what_to_do(visitor: Visitors, tmp_path: Path):
    path = tmp_path / "act.html"
    path.write_text(act_page(PLANTING), "utf-8")
    page = visitor(java_script_enabled=False)
    page.goto(path.as_uri())
    assert "quorate member act" in page.locator("body").inner_text()
