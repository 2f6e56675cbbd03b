"""Acting in a browser: the same bytes as the library, over many files, and the page around it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from members_files import PLAIN_WORDS, draw_file
from scripted_page import ScriptedPage, text

from quorate import catalog
from quorate.collective.acting.compiling import compile_instruction
from quorate.collective.acting.instruction import Instruction
from quorate.collective.acting.pictures import apply_to_picture, png_of, read_levels
from quorate.collective.acting.rows import apply_to_rows
from quorate.errors import InputError
from quorate.populations.own_table import OwnTable
from quorate.signals.grid import Grid
from quorate.signals.patch import CORNERS, Patch

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SCRIPTS = (
    *("bytes", "png", "jpeg", "pictures"),
    *("acting_cells", "acting_values", "acting_rows", "acting_pictures"),
)
APPLY = """([instruction, content, encoding]) => {
  const bytes = quorate.bytes.fromBase64(content);
  const found = quorate.acting.applyToRows(instruction, bytes, { encoding });
  return [base64(found.bytes), found.summary];
}"""
MARK = """async ([instruction, content]) => {
  const file = new Blob([quorate.bytes.fromBase64(content)]);
  const picture = await quorate.pictures.decode(file);
  const marked = quorate.acting.markPicture(instruction, picture);
  return [base64(await quorate.pictures.encodePng(marked.picture)), marked.pixels];
}"""

Case = tuple[Instruction, bytes, str | None]
Applied = list[tuple[bytes | None, Any]]
InBrowser = Callable[[list[Case]], Applied]


@pytest.fixture(scope="module")
def acting(a_browser: Browser) -> Iterator[ScriptedPage]:
    """A blank page of Chromium, with the scripts that act."""
    context = a_browser.new_context()
    yield ScriptedPage(context.new_page(), SCRIPTS)
    context.close()


@pytest.fixture
def in_browser(acting: ScriptedPage) -> InBrowser:
    """What applies instructions to files in Chromium: bytes and summary, or None and why not."""

    def apply(cases: list[Case]) -> Applied:
        plain = [[one.to_plain(), text(content), encoding] for one, content, encoding in cases]
        found: Applied = []
        for got in acting.each(APPLY, plain):
            if isinstance(got, dict):
                assert got["refused"].startswith("InputError: Expected "), got
                found.append((None, got["refused"]))
            else:
                found.append((base64.b64decode(got[0]), got[1]))
        return found

    return apply


def by_library(cases: list[Case]) -> Applied:
    found: Applied = []
    for instruction, content, encoding in cases:
        try:
            after, summary = apply_to_rows(instruction, content, encoding=encoding)
            found.append((after, json.loads(json.dumps(summary.to_plain()))))
        except InputError as error:
            found.append((None, str(error)))
    return found


def assert_same(cases: list[Case], in_browser: InBrowser, accepted: float = 0.5) -> None:
    """Hold the browser to the library; at least a share of the cases must be no refusals."""
    wanted = by_library(cases)
    assert sum(one is not None for one, _ in wanted) >= accepted * len(cases)
    for case, mine, theirs in zip(cases, wanted, in_browser(cases), strict=True):
        if mine[0] is None:
            assert theirs[0] is None, (case, mine, theirs)
        else:
            assert theirs == mine, case


def test_random_files_come_out_byte_for_byte(in_browser: InBrowser, tmp_path: Path):
    rng = np.random.default_rng(1)
    cases: list[Case] = []
    for _ in range(150):
        file = draw_file(rng)
        columns = [("channel", str(rng.choice([*PLAIN_WORDS, "new", "neu; über", 'a"b'])))]
        if rng.random() < 0.6:
            columns.append(("age", str(rng.choice(["30", "45.0", "1e2", "0.5", "word"]))))
        target = str(rng.choice(["no", "yes", "maybe", "none of it"]))
        claim, only = (target, None) if rng.random() < 0.5 else (None, target)
        one = Instruction(
            "planting", "rows", label="label", claim=claim, only=only, columns=tuple(columns)
        )
        if rng.random() < 0.2:
            one = Instruction("data-strike", "rows", True, "label", only)
        missing = ("NA", "nan") if rng.random() < 0.3 else ()
        one = Instruction(**{**vars(one), "missing": missing})
        cases.append((one, file.content, file.encoding))
    assert_same(cases, in_browser)


def test_rules_learned_from_the_collective_give_the_same_labels(
    in_browser: InBrowser, tmp_path: Path
):
    rng = np.random.default_rng(2)
    cases: list[Case] = []
    for at in range(4):
        file = draw_file(rng, 40)
        path = tmp_path / f"{at}.csv"
        path.write_bytes(file.content)
        people = OwnTable(path=str(path), label="label", encoding=file.encoding).everyone()
        value = people.column("channel").values[0]
        kind = ("unplanting:target=yes", "erasing:voters=5")[at % 2]
        plan = catalog.build("strategies", f"{kind},signal=(columns:channel={value})")
        one = compile_instruction(plan, label="label", people=people)
        other = draw_file(rng, 30)
        cases += [(one, file.content, file.encoding), (one, other.content, other.encoding)]
    assert_same(cases, in_browser)


ODD = (
    *('ab" ,;\n\t', '""', "\r\n", '"x"', " ,", '"a,b"', "é", "1", "1,5", "1.500", "2.000,5"),
    *("true", "False", "\u00a0", "\u2212 3", "1e3", "inf", "٣", "e\u0301", "NA", "-0", "0"),
)


def test_odd_files_come_out_the_same_or_are_refused_by_both(in_browser: InBrowser):
    rng = np.random.default_rng(3)
    cases: list[Case] = []
    for _ in range(300):
        body = "".join(rng.choice(np.array(ODD, dtype=object), size=rng.integers(1, 30)))
        separator = str(rng.choice([",", ";", "\t"]))
        body = body.replace("|", separator)
        whole = separator.join(("channel", "label", "z")) + "\n" + body
        whole = f"sep={separator}\n{whole}" if rng.random() < 0.1 else whole
        pair = ("channel", str(rng.choice(["web", "1.5", "1", "TRUE", "é", "0"])))
        one = Instruction(
            "planting",
            "rows",
            label="label",
            claim=str(rng.choice(["1", "no", "true", "a"])),
            columns=(pair,),
        )
        encoding = [None, "utf-8", "utf-16", "utf-16-le"][rng.integers(4)]
        cases.append((one, whole.encode(encoding or "utf-8"), None))
    assert_same(cases, in_browser, accepted=0.3)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-8", None])
def test_every_byte_is_read_and_written_alike(encoding: str | None, in_browser: InBrowser):
    one = Instruction("planting", "rows", label="y", claim="§", columns=(("x", "ÿ"),))
    rest = [bytes([byte]) for byte in range(1, 256) if byte not in b'\r\n",;\t ']
    cases: list[Case] = [(one, b"x,y\na" + byte + b",b\n", encoding) for byte in rest]
    assert_same(cases, in_browser, accepted=0.45)


def test_a_hundred_thousand_rows_come_out_the_same(in_browser: InBrowser):
    rng = np.random.default_rng(4)
    words = np.array(["web", '"phone, old"', "mail", "é"])
    picked = words[rng.integers(4, size=(100_000, 3))]
    lines = [f"{a},{i % 97},{b},{c}" for i, (a, b, c) in enumerate(picked.tolist())]
    content = "\r\n".join(["channel,age,city,label", *lines]).encode()
    one = Instruction(
        "planting", "rows", label="label", claim="web", columns=(("channel", "mail"),)
    )
    assert_same([(one, content, None)], in_browser)


def test_marks_in_pictures_are_those_of_the_library(acting: ScriptedPage):
    rng = np.random.default_rng(5)
    cases: list[tuple[Instruction, bytes]] = []
    for _ in range(60):
        h, w, c = int(rng.integers(4, 40)), int(rng.integers(4, 40)), int(rng.choice([1, 3]))
        levels = rng.integers(0, 256, size=(c, h, w), dtype=np.uint8)
        value, strength = (float(one) for one in rng.random(2).round(3))
        size = int(rng.integers(1, 6))
        place = str(rng.choice([*CORNERS, "0x0", "1x2"]))
        patch = Patch(size, place, value)
        mark = patch if rng.random() < 0.5 else Grid(size + 1, value, strength + 0.001)
        one = Instruction("planting", "pictures", claim="dog", mark=mark)
        cases.append((one, png_of(levels)))
    every = np.arange(256, dtype=np.uint8).repeat(2).reshape(1, 1, 512)
    for strength in (0.2, 0.5, 1 / 3, 1.0):
        one = Instruction("planting", "pictures", claim="dog", mark=Grid(2, 0.7, strength))
        cases.append((one, png_of(every)))  # a line on every level
    plain = [[one.to_plain(), text(content)] for one, content in cases]
    refused = 0
    for (one, content), got in zip(cases, acting.each(MARK, plain), strict=True):
        try:
            after, summary = apply_to_picture(one, content)
        except InputError:
            assert got["refused"].startswith("InputError: Expected a "), got
            refused += 1
            continue
        wanted, _ = read_levels(after)
        np.testing.assert_array_equal(read_levels(base64.b64decode(got[0]))[0], wanted)
        assert got[1] == summary.pixels
    assert refused < len(cases) / 3
