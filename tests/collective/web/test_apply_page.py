"""The page that adds a change to a picture: one file, offline, for people on telephones."""

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import picture_files as files
import pytest
from browser import Visitors, axe
from PIL import Image

import quorate
from quorate.collective.web import standalone
from quorate.errors import InputError, StoreError
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.perturbations.apply import LIMITS, apply_to_file
from quorate.test_time.perturbations.perturbation import Perturbation, to_bytes

if TYPE_CHECKING:
    from playwright.sync_api import Page

NASTY = '<img src=x onerror=alert(1)></script>"&'


def change_of_labels() -> Perturbation:
    """A change of each label but one, for pictures of 8 x 8."""
    delta = np.random.default_rng(0).integers(-8, 9, (3, 3, 8, 8)).astype(np.int16)
    delta[2] = 0
    classes = ("cat", NASTY, "bird")
    change = Perturbation("additive", {"delta": delta}, classes, (3, 8, 8), 8 / 255)
    return change.with_about(platform_name=NASTY)


def change_for_everyone() -> Perturbation:
    """A filter of grey pictures, under L2."""
    arrays = {"weight": np.full((1, 1, 3, 3), 0.05), "bias": np.array([3.0])}
    return Perturbation("filter", arrays, ("cat", "dog"), (1, 8, 8), 0.5, "l2")


def photo(folder: Path, name: str = "my.photo.jpg") -> Path:
    """A small photo on the member's own disk."""
    x = np.random.default_rng(1).integers(0, 256, (21, 30, 3)).astype(np.uint8)
    path = folder / name
    path.write_bytes(files.encoded(x, "JPEG"))
    return path


def opened(visitor: Visitors, folder: Path, change: Perturbation, *look: str) -> "Page":
    """The page in one file, opened from the disk by somebody without a network."""
    path = folder / "page.html"
    path.write_text(standalone.apply_page(to_bytes(change)), "utf-8")
    page = visitor(*look, offline=True)
    page.goto(path.as_uri())
    return page


def saved(page: "Page", folder: Path) -> tuple[str, np.ndarray]:
    """The name and the pixels of what the page saves."""
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the changed picture").click()
    download.value.save_as(folder / "saved.png")
    with Image.open(folder / "saved.png") as image:
        assert not image.info
        return download.value.suggested_filename, np.asarray(image)


def by_library(change: Perturbation, picture: Path, label: str | None) -> tuple[Any, np.ndarray]:
    """What ``quorate apply`` says and writes."""
    paths = [picture.parent / name for name in ("perturbation.npz", "out.png")]
    paths[0].write_bytes(to_bytes(change))
    said = apply_to_file(paths[0], picture, paths[1], label)
    with Image.open(paths[1]) as image:
        return said, np.asarray(image)


@pytest.mark.parametrize(("screen", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_from_a_file_without_a_network(
    visitor: Visitors, tmp_path: Path, screen: str, scheme: str
) -> None:
    change, picture = change_of_labels(), photo(tmp_path)
    page = opened(visitor, tmp_path, change, screen, scheme)
    assert axe(page) == []
    assert page.get_by_label("Or take a photo").is_visible() == (screen == "phone")
    page.get_by_label("Choose a picture").set_input_files(picture)
    page.get_by_label("What it truly shows").select_option(NASTY)
    page.get_by_role("button", name="Add the change").click()
    page.get_by_role("heading", name="Before and after").wait_for()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    said, wanted = by_library(change, picture, NASTY)
    name, pixels = saved(page, tmp_path)
    assert name == "my.photo-changed.png"
    np.testing.assert_array_equal(pixels, wanted)
    words = page.locator("#told").inner_text()
    assert f"Largest change of a value {said.largest_change}, mean {said.mean_change:.1f}." in words
    assert said.lines()[2] in words  # that it is not exact, at this size
    text = page.locator("main").inner_text()
    assert all(limit in text for limit in LIMITS)
    assert "JPEG weakens it" in text


def tab_to(page: "Page", wanted: str) -> None:
    """Press the tabulator once; again only while nothing has the focus, as in a page that opens."""
    for _ in range(50):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.id")
        if focused:
            break
        page.wait_for_timeout(20)
    assert focused == wanted


def test_with_the_keyboard_alone(visitor: Visitors, tmp_path: Path) -> None:
    change, picture = change_of_labels(), photo(tmp_path)
    page = opened(visitor, tmp_path, change, "desk")
    # Heard from the beginning: whether one opens is noticed only some time after this is asked for.
    page.on("filechooser", lambda chooser: chooser.set_files(picture))
    tab_to(page, "picture")
    page.keyboard.press("Enter")
    page.get_by_text("Chosen: my.photo.jpg").wait_for()
    tab_to(page, "label")
    page.keyboard.type("cat")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Before and after").wait_for()
    page.wait_for_function("document.activeElement.id === 'result-title'")
    before = page.locator("#difference").get_attribute("aria-label")
    tab_to(page, "factor")
    page.keyboard.press("ArrowRight")
    assert page.locator("#difference").get_attribute("aria-label") != before
    tab_to(page, "save")
    with page.expect_download():
        page.keyboard.press("Enter")


def test_the_same_for_everyone_dropped_on_the_page(visitor: Visitors, tmp_path: Path) -> None:
    change, picture = change_for_everyone(), photo(tmp_path)
    page = opened(visitor, tmp_path, change)
    assert page.locator("select").count() == 0
    carried = page.evaluate_handle(
        """(bytes) => {
          const carried = new DataTransfer();
          carried.items.add(new File([quorate.bytes.fromBase64(bytes)], "photo.jpg"));
          return carried;
        }""",
        base64.b64encode(picture.read_bytes()).decode(),
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": carried})
    assert page.locator("#chosen").inner_text() == "Chosen: photo.jpg"
    page.get_by_role("button", name="Add the change").click()
    page.get_by_role("heading", name="Before and after").wait_for()
    said, wanted = by_library(change, picture, None)
    np.testing.assert_array_equal(saved(page, tmp_path)[1], wanted)
    words = page.locator("#told").inner_text()
    assert "keeps its colours" in words
    assert f"a length of {said.budget:.4g} levels; used here {said.used:.4g}" in words


def test_photo_edits_that_a_member_could_make_by_hand(visitor: Visitors, tmp_path: Path) -> None:
    arrays = Pipeline.parse("gaussian:sigma=0.7 + exposure:stops=2").arrays((3, 8, 8))
    change = Perturbation("edit", arrays, ("cat", "dog"), (3, 8, 8), 1.0)
    picture = photo(tmp_path)
    page = opened(visitor, tmp_path, change.with_about(similarity={"value": 0.62}))
    assert page.locator("#by-hand li").all_inner_texts() == [
        "Blur or Noise reduction: a radius of 0.7 pixels.",
        "Exposure or Brightness: 4 times as bright, or about +4.4 in an editor that counts "
        "stops (EV).",
    ]
    text = page.locator("main").inner_text()
    assert "Pixels are those of a picture that is 8 pixels wide." in text
    assert "carries no label: you need not say what your picture" in text
    assert "structural similarity (SSIM) of 0.62" in text
    assert page.locator("select").count() == 0
    page.get_by_label("Choose a picture").set_input_files(picture)
    page.get_by_role("button", name="Add the change").click()
    page.get_by_role("heading", name="Before and after").wait_for()
    assert axe(page) == []
    said, wanted = by_library(change, picture, None)
    words = page.locator("#told").inner_text()
    assert "no budget, so that people may see it" in words
    assert f"Largest change of a value {said.largest_change}, mean" in words
    np.testing.assert_array_equal(saved(page, tmp_path)[1], wanted)


def test_the_difference_is_shown_as_strong_as_is_asked(visitor: Visitors, tmp_path: Path) -> None:
    delta = np.zeros((1, 1, 2, 2), np.int16)
    delta[0, 0] = [[5, -3], [0, 2]]
    change = Perturbation("additive", {"delta": delta}, ("cat",), (1, 2, 2), 8 / 255)
    picture = tmp_path / "grey.png"
    picture.write_bytes(files.encoded(np.full((2, 2), 100, np.uint8)))
    page = opened(visitor, tmp_path, change)
    page.get_by_label("Choose a picture").set_input_files(picture)
    page.get_by_role("button", name="Add the change").click()
    page.get_by_role("heading", name="Before and after").wait_for()
    levels = """(id) => {
      const canvas = document.getElementById(id);
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return [...data].filter((_, i) => i % 4 === 0);
    }"""
    assert page.evaluate(levels, "before") == [100] * 4
    assert page.evaluate(levels, "after") == [105, 97, 100, 102]
    assert page.evaluate(levels, "difference") == [128 + 25 * by for by in (5, -3, 0, 2)]
    page.get_by_label("How strongly to show the difference").fill("10")
    assert page.evaluate(levels, "difference") == [128 + 10 * by for by in (5, -3, 0, 2)]


def test_what_is_missing_or_wrong_is_said(visitor: Visitors, tmp_path: Path) -> None:
    page = opened(visitor, tmp_path, change_of_labels())
    told, button = page.get_by_role("alert"), page.get_by_role("button", name="Add the change")
    button.click()
    assert told.inner_text() == "Expected a picture, got none. Choose one first."
    assert page.evaluate("document.activeElement.id") == "picture"
    (tmp_path / "notes.jpg").write_text("no picture")
    page.get_by_label("Choose a picture").set_input_files(tmp_path / "notes.jpg")
    button.click()
    assert told.inner_text().startswith("Expected what the picture truly shows, got nothing.")
    page.get_by_label("What it truly shows").select_option("cat")
    button.click()
    told.wait_for()
    assert told.inner_text() == (
        "Expected a picture in notes.jpg, got a file that is none, or of a kind that cannot be "
        "read here. Save it as PNG or JPEG first."
    )
    assert page.locator("#result").is_hidden()
    assert page.locator("option").all_inner_texts() == ["Choose one", "cat", NASTY]  # no bird


def test_its_policy_lets_it_ask_nobody(a_browser: Any, tmp_path: Path) -> None:
    people = Visitors(a_browser)
    page = opened(people, tmp_path, change_of_labels())
    for ask in ("fetch('http://127.0.0.1:9/')", "navigator.sendBeacon('http://127.0.0.1:9/')"):
        page.evaluate(f"async () => {{ try {{ await {ask} }} catch {{}} }}")
    page.evaluate("() => { new Image().src = 'http://127.0.0.1:9/'; }")
    page.wait_for_timeout(50)
    wrong = people.end()
    assert len([line for line in wrong if "Content Security Policy" in line]) >= 3, wrong


def test_a_file_that_is_no_change_is_refused() -> None:
    with pytest.raises(InputError, match=r"Expected a perturbation file at perturbation\.npz"):
        standalone.apply_page(b"PK")


def test_the_command_writes_the_page_and_nothing_over(
    tmp_path: Path,
) -> None:
    npz, page = tmp_path / "perturbation.npz", tmp_path / "apply.html"
    npz.write_bytes(to_bytes(change_of_labels()))
    for _ in range(2):  # its own page it writes anew
        quorate.apply_page(npz, page)
    assert page.read_text("utf-8") == standalone.apply_page(npz.read_bytes())
    page.write_text("mine")
    with pytest.raises(StoreError, match="Expected a new file, or one that quorate apply-page"):
        quorate.apply_page(npz, page)
    assert page.read_text() == "mine"
    with pytest.raises(InputError, match=r"Expected a file for a page \(\.html\), got"):
        quorate.apply_page(npz, tmp_path / "apply.png")


def test_a_page_of_any_body_holds_its_scripts_and_no_other() -> None:
    page = standalone.one_file("applying.html", 'A "page" </title>', ("bytes.js",), (), offered())
    assert page.count("<script>") == 1
    assert "<title>A &#34;page&#34; &lt;/title&gt;</title>" in page
    assert page.count("sha256-") == 2  # the script and the style


def offered() -> dict[str, Any]:
    return {"change": standalone.offered_change(to_bytes(change_for_everyone()))}


def test_the_file_inside_is_the_one_given() -> None:
    npz = to_bytes(change_of_labels())
    page = standalone.apply_page(npz)
    held = page.partition('id="change-file">')[2].partition("</script>")[0]
    assert base64.b64decode(json.loads(held)) == npz
