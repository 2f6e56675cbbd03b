"""The page: it stands alone, says what was found, and hands the data over."""

import base64
import math
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

import pytest
from matplotlib.figure import Figure

from pages import Page
from quorate.figures.style import render
from quorate.report.page import render_page
from quorate.runs.result import Picture
from quorate.studies.curves import Curves, mass_sentence

Make = Callable[..., Curves]
FILES = {
    "cells.csv": b"alpha,success\n0.1,\xc3\xa9\n",
    "results.json": b'{"cells": []}',
    "curves.svg": b"<svg/>",
    "curves.png": bytes(range(256)),
}


def drawn(curves: Curves, svg: bytes) -> str:
    """Return the page with that picture."""
    pictures = {"curves": Picture(Figure(), "Top: success.")}
    return render_page(curves, pictures, {**FILES, "curves.svg": svg})


@pytest.fixture(scope="module")
def html(curves: Curves) -> str:
    return drawn(curves, render(curves.plot(), "svg"))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def small(curves: Curves) -> Page:
    """Return the page with a stand-in for the picture, which takes a second to draw."""
    return Page(drawn(curves, b"<?xml?><svg><path d='M0 0'/></svg>"))


# ------------------------------------------------------------------------------ stands alone


def test_nothing_is_loaded_from_anywhere(page: Page, html: str) -> None:
    addresses = page.loads()
    assert len(addresses) > len(FILES)
    for address in addresses:
        assert address.startswith(("data:", "#")), address
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base", "form", "img"}
    assert "style" in tags
    css = "".join(re.findall(r"<style[^>]*>(.*?)</style>", html, flags=re.S))
    assert not re.search(r"@import|@font-face|url\(\s*['\"]?(?!#|data:)", css)
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)


def test_the_page_is_well_formed_and_says_its_encoding(page: Page, html: str) -> None:
    assert page.open == []
    assert html.startswith("<!doctype html>")
    assert ("meta", {"charset": "utf-8"}) in page.elements
    assert html.count("<svg") == 1
    assert "<!DOCTYPE svg" not in html  # it names an address


def test_every_learner_and_every_number_is_there(page: Page) -> None:
    words = page.words()
    for learner in ("sgd", "dp-sgd: epsilon=1, max_grad_norm=1", "group-dro"):
        assert learner in words
    for shown in ("Whose digits?", "10%", "(1%, 10%]", "not reached", "2 of 2", "0.125", "0.875"):
        assert shown in words
    assert "nan" not in words
    assert " inf" not in words


def test_findings_are_sentences(page: Page) -> None:
    words = page.words()
    who = "(digits:n=200, planting:size=2)"
    assert f"sgd {who}: 10% of the people, about 20, reach 90% success." in words
    assert f"{who}: no collective that was tried reaches 90% success." in words
    assert f"group-dro {who}: success is 90% or more without any collective." in words


def test_a_finding_of_a_learner_that_never_trained() -> None:
    row = {
        "called": "sgd",
        "population": "p",
        "strategy": "s",
        "collective": "anyone",
        "estimate": math.nan,
        "target": 0.9,
        "members": math.nan,
    }
    assert mass_sentence(row) == "sgd (p, s): nothing was measured, every training failed."
    of_a_group = {**row, "collective": "4 on frog", "estimate": math.inf, "target": 0.9}
    assert mass_sentence(of_a_group) == (
        "sgd (p, s, members of 4 on frog): no collective that was tried reaches 90% success."
    )


def test_where_the_numbers_come_from(page: Page) -> None:
    words = page.words()
    for fact in ("0123456789ab", "torch 2.6", "A chip", "Linux x86_64", "Cells 18", "Seeds 0, 1"):
        assert fact in words
    assert "ε = 1 at δ = 1e-05 by PLD" in words
    assert "Poisson sampling; noise multiplier 2, 40 steps at rate 0.25" in words


def test_cells_of_different_revisions_are_told(make_curves: Make) -> None:
    mixed = make_curves(revision="aaaa").outcomes[:9] + make_curves(revision="bbbb").outcomes[9:]
    words = small(Curves(mixed)).words()
    assert "(aaaa)" in words
    assert "(bbbb)" in words


# ------------------------------------------------------------------------------ hands data over


def test_downloads_are_the_files_byte_by_byte(page: Page) -> None:
    links = {attrs["download"]: attrs["href"] for tag, attrs in page.elements if tag == "a"}
    assert set(links) == set(FILES)
    types = {
        "csv": "text/csv",
        "json": "application/json",
        "svg": "image/svg+xml",
        "png": "image/png",
    }
    for name, address in links.items():
        assert address is not None
        head, _, content = address.partition(",")
        assert head == f"data:{types[name.split('.')[1]]};base64"
        found = base64.b64decode(unquote_to_bytes(content), validate=True)
        assert found == FILES[name] if name != "curves.svg" else found.startswith(b"<?xml")


# ------------------------------------------------------------------------------ odd names


def test_names_cannot_break_out_of_the_page(make_curves: Make) -> None:
    evil = "<script>alert(1)</script>\"'&--><img src=//x onerror=y>"
    title = f"</title>{evil}"

    def failing(cell):
        return {"error": evil} if cell.alpha else {"success": 0.5, "accuracy": 0.5}

    curves = make_curves(failing, title=title, strategy=f"planting:target='{'<b>&'}'")
    page = Page(drawn(curves, render(curves.plot(), "svg")))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "b"}
    assert page.open == []
    assert title in page.words()
    assert "planting:target=<b>&" in page.words()
    assert f"sgd at α = 0.01, seed 0: {evil}" in page.words()


def test_failed_cells_have_no_numbers_and_no_nan(make_curves: Make) -> None:
    def failing(cell):
        if type(cell.learner).name == "sgd" or cell.alpha == 0:
            return {"error": "it diverged"}
        return {"success": 0.5, "accuracy": 0.5}

    words = small(make_curves(failing)).words()
    assert "nothing was measured, every training failed" in words
    assert "not measured" in words
    assert "Cells that failed" in words
    assert "nan" not in words
    assert "sgd – – – –" in words  # the two ends of the learner that never trained
    assert "group-dro – 0.500 – 0.500" in words  # and of one that failed without a collective


def test_several_headings_are_told_apart(make_curves: Make) -> None:
    words = small(make_curves(population=["digits:n=200", "digits:n=300"], learner="sgd")).words()
    assert words.count("digits: n=300, planting: size=2: sgd") == 2  # in both tables
    alone = small(make_curves(learner="sgd")).words()
    assert "digits: n=200, planting: size=2: sgd" not in alone


def test_the_words_without_failures_name_none(page: Page) -> None:
    assert "Cells that failed" not in page.words()
