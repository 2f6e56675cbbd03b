"""What a correction reports: numbers by hand, words, one table, and files. Nothing is trained."""

import base64
import csv
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from correction_cells import Cell, cells_of, estimate, study
from rich.console import Console

from quorate.errors import InputError, StoreError
from quorate.report import correction as files_module
from quorate.report.correction import write_correction
from quorate.report.correction_page import render_correction
from quorate.report.correction_pictures import changes_sheet, people_sheet
from quorate.report.correction_summary import summary
from quorate.report.correction_terminal import print_correction
from quorate.report.correction_words import CAUTIONS, closed, how_real, noise, span
from quorate.test_time.perturbations.perturbation import Perturbation, load, save
from quorate.test_time.study.people import people_of

TOP = {
    "before", "after", "gap_closed", "intervals", "controls", "proxy_agreement", "queries",
    "label_free", "outside", "adaptive", "notes", "headline", "seeds", "cells",
}  # fmt: skip
CLASSES = tuple(str(digit) for digit in range(10))


# ------------------------------------------------------------------------------------- the numbers


def test_one_seed_is_what_the_cell_says() -> None:
    correction = study()
    (cell,) = cells_of(correction)
    found = summary([cell], correction)
    assert set(found) == TOP
    assert found["before"] == cell["before"]
    assert found["after"] == cell["after"]
    assert found["gap_closed"] == 0.5
    assert found["intervals"] == cell["intervals"]
    assert found["controls"] == cell["controls"]
    assert found["queries"] == cell["queries"]
    assert found["label_free"] == cell["label_free"]
    assert found["outside"] == cell["outside"]
    assert found["adaptive"] == cell["adaptive"]
    assert found["proxy_agreement"] == cell["proxy_agreement"]
    assert found["seeds"] == [0]
    (row,) = found["cells"]
    assert row["gap_closed"] == {"value": 0.5, "low": 0.4, "high": None}
    assert row["label_free"]["best"] == row["label_free"]["filter"] == estimate(0.25)
    assert found["notes"] == [
        "One seed: the intervals are over the people measured on, not over seeds."
    ]


def test_the_headline_is_the_first_platform_and_proxy_with_as_much_as_was_tried() -> None:
    correction = study(
        platform=["cnn", "mlp"], proxy=["resnet", "mlp"], members="50,20", queries="5,10",
        epsilon="16/255,8/255",
    )  # fmt: skip
    found = summary(cells_of(correction), correction)
    assert found["headline"] == {
        "population": "digits", "subgroup": "low-light", "platform": "cnn", "proxy": "resnet",
        "members": 50, "queries": 10, "epsilon": 8 / 255, "norm": "linf",
    }  # fmt: skip
    assert len(found["cells"]) == 2**5
    assert found["queries"]["pooled"] == 500


def test_means_over_seeds_and_their_stretched_interval_by_hand() -> None:
    correction = study(seeds=2)
    cells = cells_of(correction, lambda group, _: {"closed": [0.5, 1.5][group.seed]})
    found = summary(cells, correction)
    assert found["gap_closed"] == 1.0
    # The bootstrap means of two are 0.5, 1 and 1.5; κ = √2 · 12.7062/1.95996 = 9.1681 stretches
    # them (Student's t and the normal's 97.5% points), and nothing is cut at 0 or 1.
    assert found["intervals"]["gap_closed"] == pytest.approx([-3.58405, 5.58405], abs=1e-4)
    assert found["intervals"]["controls"]["force_rate"] == [0.4, 0.4]  # equal in both
    assert found["cells"][0]["seeds"] == 2


def test_rates_stay_between_0_and_1() -> None:
    correction = study(seeds=2)
    cells = cells_of(correction, lambda group, _: {"inside": [0.6, 0.8][group.seed]})
    found = summary(cells, correction)
    assert found["after"]["accuracy_by_group"]["low-light"] == pytest.approx(0.7)
    assert found["intervals"]["after"]["accuracy[low-light]"] == [0.0, 1.0]


def test_a_seed_without_a_gap_counts_for_nothing_and_is_told() -> None:
    correction = study(seeds=3)
    cells = cells_of(correction, lambda group, _: {"closed": [0.5, None, None][group.seed]})
    found = summary(cells, correction)
    assert found["gap_closed"] == 0.5
    assert found["intervals"]["gap_closed"] == [0.4, None]  # that seed's own
    assert found["notes"][0].startswith("In 2 of 3 seeds the subgroup was served no worse")
    nowhere = summary(cells_of(study(), lambda *_: {"closed": None}), study())
    assert nowhere["gap_closed"] is None
    assert nowhere["intervals"]["gap_closed"] == [None, None]
    assert closed(nowhere).startswith("There was no gap to close")


def test_notes_of_cells_are_told_once_with_how_many_they_are_of() -> None:
    correction = study(members="20,50")
    cells = cells_of(correction, lambda group, _: {"notes": ["A key is exhausted."]})
    assert summary(cells, correction)["notes"][-1] == "A key is exhausted. (2 of 2 cells)"
    cells = cells_of(study(), lambda group, _: {"notes": ["A key is exhausted."]})
    assert summary(cells, study())["notes"][-1] == "A key is exhausted."


def test_what_is_named_twice_counts_once() -> None:
    correction = study(members="20,20", epsilon="8/255,8/255", seeds=[0, 0])
    found = summary(cells_of(correction), correction)
    assert [row["seeds"] for row in found["cells"]] == [1]
    assert found["seeds"] == [0]


def test_a_platform_that_a_cell_knows_by_another_name_is_still_shown() -> None:
    """A trained platform and its folder are one platform: a stored cell holds the older name."""
    correction = study(platform="mlp: hidden=16")
    cells = cells_of(correction, lambda *_: {"platform": "mlp:hidden=16"})
    assert summary(cells, correction)["headline"]["platform"] == "mlp: hidden=16"


def test_without_label_free_changes_or_adaptive_platforms() -> None:
    correction = study(label_free="none", adaptive="none")
    cells = cells_of(correction, lambda *_: {"free": {}, "adaptive": {}})
    found = summary(cells, correction)
    assert found["controls"]["label_free"] is None
    assert found["label_free"] == found["adaptive"] == {}
    assert json.dumps(found, allow_nan=False)
    text = printed(found)
    assert "Label-free" not in text
    assert "nothing says that this would last" in text


# --------------------------------------------------------------------------------------- the words


def printed(found: dict[str, Any], width: int = 120) -> str:
    out = io.StringIO()
    print_correction(found, Console(file=out, width=width))
    return out.getvalue()


def row_of(text: str, first: str) -> list[str]:
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines()]
    (found,) = [row for row in rows if row and row[0] == first]
    return found[1:]


def test_one_table_with_before_after_and_interval() -> None:
    text = printed(summary(cells_of(study()), study()))
    assert row_of(text, "accuracy of others") == ["0.900", "0.900", "[0.800, 1.000]"]
    assert row_of(text, "accuracy of low-light") == ["0.500", "0.700", "[0.600, 0.800]"]
    assert row_of(text, "accuracy gap") == ["0.400", "0.200", "[0.100, 0.300]"]
    assert row_of(text, "worst-group accuracy") == ["0.500", "0.700", "[0.600, 0.800]"]
    assert row_of(text, "disparate impact")[1] == "0.750"
    assert "members × queries" not in text  # one cell: one table
    for said in (
        "low-light people of digits on mlp: 20 members × 10 queries, proxy mlp, ε = 8/255, 1 seed",
        "Gap closed: 0.500 [0.400, ∞)",
        "at most 8 of 255 levels (3.1% of the way",
        "Label-free, the same change for everyone",
        "filter 0.250, gain 0.125",
        "Force rate: 0.400 [0.300, 0.500]",
        "With a wrong class's change: 0.300",
        "random signs of the same budget: 0.450",
        "platforms that adapt: jpeg 0.300",
        "0.800 [0.700, 0.900] of the questions",
        "Queries: 200 pooled, at most 10 of each member; 4,000 more for measuring, metered apart.",
        "Note: One seed",
    ):
        assert said in text
    assert "None" not in text
    assert "nan" not in text


def test_several_cells_are_listed_by_members_queries_and_budget() -> None:
    correction = study(members="20,50", epsilon="8/255,16/255")
    closes = {20: 0.25, 50: 0.75}
    cells = cells_of(correction, lambda group, _: {"closed": closes[group.members]})
    text = printed(summary(cells, correction))
    assert row_of(text, "20 × 10") == ["0.250 (0.250)", "0.250 (0.250)"]
    assert row_of(text, "50 × 10") == ["0.750 (0.250)", "0.750 (0.250)"]
    assert "ε = 8/255" in text
    both = study(proxy=["mlp", "cnn"])
    assert row_of(printed(summary(cells_of(both), both)), "mlp ← cnn")


def test_names_are_no_markup() -> None:
    found = summary(cells_of(study()), study())
    found["headline"]["platform"] = "[red]mlp[/red]"
    found["cells"] = [{**found["cells"][0], "proxy": name} for name in ("[bold]a", "b")]
    text = printed(found)
    assert "on [red]mlp[/red]:" in text
    assert row_of(text, "mlp ← [bold]a")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.5, "Over-corrected: the gap is turned around, low-light people are now served better"),
        (0.5, "(0: nothing changed, 1: the gap is gone)"),
        (-0.5, "The gap has grown"),
    ],
)
def test_over_correction_and_harm_are_said_in_words(value: float, said: str) -> None:
    found = summary(cells_of(study(), lambda *_: {"closed": value}), study())
    assert said in closed(found)
    assert said in printed(found)


def test_members_who_contradict_everyone_are_told() -> None:
    odd = {**estimate(0.8), "suspects": [3, 7], "left_out": True}
    found = summary(cells_of(study(), lambda *_: {"proxy_agreement": odd}), study())
    assert "2 members contradicted everyone else and were left out." in printed(found)


def test_a_budget_in_l2_is_a_length() -> None:
    correction = study(norm="l2", epsilon=1.5)
    found = summary(cells_of(correction), correction)
    assert "ε = 1.5 (L2)" in printed(found)
    assert "length of at most 1.5 (L2)" in noise(found)


def test_what_has_no_bound_is_infinite_and_what_is_not_defined_a_dash() -> None:
    assert span([None, 0.5]) == "(−∞, 0.500]"
    assert span([None, None]) == "(−∞, ∞)"
    assert span([None, None], None) == "–"
    assert "0.500 before, 0.700 after" in how_real(summary(cells_of(study()), study()))[0]


# --------------------------------------------------------------------------------------- the files


def change_of(seed: int, epsilon: float = 8 / 255) -> Perturbation:
    rng = np.random.default_rng(seed)
    delta = rng.integers(-8, 9, (10, 1, 8, 8)).astype(np.int16)
    return Perturbation("additive", {"delta": delta}, CLASSES, (1, 8, 8), epsilon)


def gain() -> Perturbation:
    arrays = {"gain": np.array([1.5], np.float32), "bias": np.array([2.0], np.float32)}
    return Perturbation("gain", arrays, CLASSES, (1, 8, 8), 8 / 255)


def keep(cells: list[Cell], out: Path) -> None:
    """Put perturbations where a run leaves them."""
    (out / "cells").mkdir(parents=True)
    for number, cell in enumerate(cells):
        save(change_of(number), out / "cells" / f"{cell['id']}.npz")
        if cell["label_free"]:
            save(gain(), out / "cells" / f"{cell['id']}-label-free.npz")


@pytest.fixture
def plain_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing: figures take a second each and have tests of their own."""
    monkeypatch.setattr(files_module, "render", lambda figure, kind: b"<svg></svg>")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Cell], Any]:
    """A folder with everything, of two proxies, two sizes and two seeds."""
    out = tmp_path_factory.mktemp("correction")
    correction = study(proxy=["mlp", "cnn"], members="5,8", seeds=2)
    cells = cells_of(correction)
    keep(cells, out)
    assert write_correction(cells, correction, out) == out / "report.html"
    return out, cells, correction


FIGURES = {
    f"{name}.{form}" for name in ("gap", "groups", "transfer") for form in ("svg", "png", "csv")
}
NAMES = FIGURES | {
    "report.html", "results.json", "cells.csv", "pictures.png", "pictures.csv",
    "perturbations.png", "perturbations.csv", "perturbation.npz", "perturbation-label-free.npz",
}  # fmt: skip


def rows_in(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_the_folder_holds_these_files(whole: Any) -> None:
    out, _, _ = whole
    assert {file.name for file in out.iterdir() if file.is_file()} == NAMES
    for name in NAMES:
        if name.endswith(".png"):
            assert (out / name).read_bytes().startswith(b"\x89PNG\r\n")


def test_results_are_the_summary_as_strict_json(whole: Any) -> None:
    out, cells, correction = whole

    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is no JSON")

    text = (out / "results.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=refuse) == summary(cells, correction)


def test_every_cell_is_a_flat_row(whole: Any) -> None:
    out, cells, _ = whole
    rows = rows_in(out / "cells.csv")
    assert [row["id"] for row in rows] == [cell["id"] for cell in cells]
    for row, cell in zip(rows, cells, strict=True):
        assert float(row["after.accuracy[low-light]"]) == 0.7
        assert float(row["gap_closed"]) == cell["gap_closed"]
        assert row["gap_closed.high"] == "inf"  # no bound
        assert float(row["controls.force_rate.low"]) == pytest.approx(0.3)
        assert row["label_free.best"] == "filter"
        assert (int(row["members"]), int(row["pooled"])) == (cell["members"], 10 * cell["members"])


def test_figures_come_with_their_numbers(whole: Any) -> None:
    out, _, _ = whole
    gap = [
        (row["members"], row["change"], float(row["gap_closed"]))
        for row in rows_in(out / "gap.csv")
    ]
    assert gap == [
        ("5", "per class", 0.5), ("5", "label-free", 0.25),
        ("8", "per class", 0.5), ("8", "label-free", 0.25),
    ]  # fmt: skip
    transfer = {(r["platform"], r["proxy"], r["change"]) for r in rows_in(out / "transfer.csv")}
    assert transfer == {
        ("mlp", proxy, change) for proxy in ("mlp", "cnn") for change in ("per class", "label-free")
    }
    groups = {row["label"]: row for row in rows_in(out / "groups.csv")}
    assert groups["low-light"]["before"] == "0.5"
    assert groups["force rate: the class is told"]["before"] == ""
    assert groups["jpeg"]["value"] == "0.6"


def test_the_perturbations_are_those_shown_of_the_first_seed(whole: Any) -> None:
    out, cells, _ = whole
    (number,) = (
        number
        for number, cell in enumerate(cells)
        if (cell["seed"], cell["proxy"], cell["members"]) == (0, "mlp", 8)
    )
    taken = load(out / "perturbation.npz")
    assert (taken.arrays["delta"] == change_of(number).arrays["delta"]).all()
    assert load(out / "perturbation-label-free.npz").family == "gain"


def test_the_page_stands_alone_and_hands_the_files_over(whole: Any) -> None:
    out, _, _ = whole
    page = (out / "report.html").read_text(encoding="utf-8")
    for address in re.findall(r'(?:src|href|srcset)="([^"]*)"', page):
        assert address.startswith("data:"), address[:80]
    assert not re.search(r"<(script|link|iframe|object|embed|form|base)\b|\son\w+=|@import", page)
    assert "http" not in re.sub(r"base64,[^\"]*", "", page)
    for name in NAMES - {"report.html"}:
        (found,) = re.findall(rf'download="{re.escape(name)}" href="data:[^,]*,([^"]*)"', page)
        assert base64.b64decode(found, validate=True) == (out / name).read_bytes()


def words_of(page: str) -> str:
    import html

    body = page[page.index("<body>") :]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_page_says_what_the_numbers_are_not(whole: Any) -> None:
    out, _, _ = whole
    words = words_of((out / "report.html").read_text(encoding="utf-8"))
    for caution in CAUTIONS:
        assert caution in words
    for said in (
        "systems that you may query", "does not protect against", "A later model may undo it",
        "carries the label", "the label-free line is the honest one", "Force rate: 0.400",
        "at most 8 of 255 levels", "as it is", "jpeg", "80 pooled, at most 10 of each member",
        "4,000 more for measuring, metered apart", "no one's data left the machine",
        "mlp ← cnn", "Two seeds hardly tell", "A chip, Linux x86_64",
    ):  # fmt: skip
        assert said in words, said
    assert "nan" not in words
    assert "None" not in words


@pytest.mark.usefixtures("plain_pictures")
def test_one_platform_one_proxy_and_no_label_free_change(tmp_path: Path) -> None:
    correction = study(members=5, label_free="none", adaptive="none")
    cells = cells_of(correction, lambda *_: {"free": {}, "adaptive": {}, "closed": None})
    keep(cells, tmp_path)
    page = write_correction(cells, correction, tmp_path).read_text(encoding="utf-8")
    names = {file.name for file in tmp_path.iterdir() if file.is_file()}
    assert names == NAMES - {
        *(n for n in FIGURES if "transfer" in n),
        "perturbation-label-free.npz",
    }
    assert "There was no gap to close" in words_of(page)
    assert rows_in(tmp_path / "gap.csv")[0]["gap_closed"] == ""


@pytest.mark.usefixtures("plain_pictures")
def test_a_lost_perturbation_and_a_full_folder_are_named(tmp_path: Path) -> None:
    correction = study(members=5)
    cells = cells_of(correction)
    with pytest.raises(InputError, match="Expected a perturbation file at"):
        write_correction(cells, correction, tmp_path)
    keep(cells, tmp_path)
    (tmp_path / "report.html").mkdir()
    with pytest.raises(StoreError, match="run the same command again"):
        write_correction(cells, correction, tmp_path)


def test_of_an_address_the_page_says_where_the_questions_went() -> None:
    there = "http://127.0.0.1:9"
    correction = study(platform=there, key_file="keys.txt")
    cells = cells_of(correction, lambda *_: {"adaptive": {}})
    shown = ("gap.svg", "groups.svg", "pictures.png", "perturbations.png")
    files = dict.fromkeys(shown, b"<svg></svg>")
    times = {"pictures": 2, "perturbations": 2}
    page = render_correction(summary(cells, correction), correction, cells, files, times)
    words = words_of(page)
    assert "The questions went to the platform, and nowhere else." in words
    assert "left the machine" not in words
    assert "none was measured, so nothing says that this would last" in words


# ------------------------------------------------------------------------------------- the pictures


def test_a_few_people_of_different_labels_and_no_more() -> None:
    split = people_of(study(), 0)
    sheet = people_sheet(split, change_of(0), gain())
    people = {row["person"]: row["label"] for row in sheet.rows}
    assert len(people) == len(set(people.values())) == 6
    assert set(people) <= set(split.inside.tolist())
    assert len(sheet.figure.axes) == 6 * 6
    assert sheet.times == 15  # 127 of 8 levels
    assert len(people_sheet(split, change_of(0), None).figure.axes) == 6 * 4
    for row in sheet.rows:
        assert 0 < row["largest_levels"] <= 8
        assert row["l2"] <= math.sqrt(64) * 8 / 255


def test_what_is_drawn_is_what_is_sent_in() -> None:
    split, change = people_of(study(), 0), change_of(0)
    sheet = people_sheet(split, change, None)
    who = sheet.rows[0]["person"]
    before = split.x[[who]]
    after = change.apply(before, split.held_out.y[[who]])
    moved = after.astype(int) - before
    drawn = [axes.get_images()[0].get_array()[::14, ::14, 0] for axes in sheet.figure.axes[:4]]
    for found, expected in zip(drawn, (before, after, 128 + moved, 128 + 15 * moved), strict=True):
        assert (found == expected[0, 0]).all()


def test_the_change_of_each_class_and_of_a_gain() -> None:
    split, change = people_of(study(), 0), change_of(0)
    sheet = changes_sheet(split, change, gain())
    assert [row["class"] for row in sheet.rows] == [*CLASSES, "label-free"]
    drawn = sheet.figure.axes[3].get_images()[0].get_array()[::14, ::14, 0]
    assert (drawn == np.clip(128 + 15 * change.arrays["delta"][3, 0], 0, 255)).all()
    average = np.rint(split.x[split.inside].mean(0))
    expected = np.clip(np.rint(average * np.float32(0.5) + 2), -8, 8).max()
    assert sheet.rows[-1]["largest_levels"] == expected


def test_an_l2_change_is_amplified_as_far_as_it_stays_on_the_scale() -> None:
    delta = np.zeros((10, 1, 8, 8), np.int16)
    delta[:, :, 4, 4] = 30
    change = Perturbation("additive", {"delta": delta}, CLASSES, (1, 8, 8), 1.0, "l2")
    assert changes_sheet(people_of(study(), 0), change, None).times == 4  # 4 · 30 ≤ 127
