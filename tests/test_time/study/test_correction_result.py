"""What a correction reports: numbers by hand, words, tables, and files. Nothing is trained."""

import base64
import csv
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from correction_outcomes import (
    CLASSES,
    change_of,
    estimate,
    result_of,
    study,
)
from rich.console import Console

from quorate.errors import InputError, StoreError
from quorate.intervals import Estimate
from quorate.learners.theoretical.worst_case import LookupClassifier
from quorate.report.files import write_result
from quorate.report.terminal import print_result
from quorate.test_time.perturbations.perturbation import load
from quorate.test_time.platforms.in_process import save_platform
from quorate.test_time.platforms.platform import Card
from quorate.test_time.study import effects
from quorate.test_time.study.outcome import CorrectionOutcome
from quorate.test_time.study.result import CorrectionResult
from quorate.test_time.study.wording import CAUTIONS, noise, span

TOP = {
    "before",
    "after",
    "gap_closed",
    "intervals",
    "controls",
    "proxy_agreement",
    "queries",
    "label_free",
    "outside",
    "adaptive",
    "notes",
    "headline",
    "seeds",
    "cells",
}


# ------------------------------------------------------------------------------------- the numbers


def test_one_seed_is_what_the_cell_says() -> None:
    result = result_of(study())
    cell, found = result.outcomes[0].to_plain(), result.to_json()
    assert set(found) == TOP
    assert found["before"] == cell["before"]
    assert found["after"] == cell["after"]
    assert found["gap_closed"] == 0.5
    assert found["intervals"] == cell["intervals"]
    assert found["controls"] == cell["controls"]
    assert {**found["queries"], "adaptive": 0} == cell["queries"]
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
        platform=["cnn", "mlp"],
        proxy=["resnet", "mlp"],
        members="50,20",
        queries="5,10",
        epsilon="16/255,8/255",
    )
    found = result_of(correction).to_json()
    assert found["headline"] == {
        "population": "digits",
        "subgroup": "low-light",
        "platform": "cnn",
        "proxy": "resnet",
        "members": 50,
        "queries": 10,
        "epsilon": 8 / 255,
        "norm": "linf",
    }
    assert len(found["cells"]) == 2**5
    assert found["queries"]["pooled"] == 500


def test_means_over_seeds_and_their_stretched_interval_by_hand() -> None:
    correction = study(seeds=2)
    result = result_of(correction, lambda group, _: {"closed": [0.5, 1.5][group.seed]})
    found = result.to_json()
    assert found["gap_closed"] == 1.0
    # The bootstrap means of two are 0.5, 1 and 1.5; κ = √2 · 12.7062/1.95996 = 9.1681 stretches
    # them (Student's t and the normal's 97.5% points), and nothing is cut at 0 or 1.
    assert found["intervals"]["gap_closed"] == pytest.approx([-3.58405, 5.58405], abs=1e-4)
    assert found["intervals"]["controls"]["force_rate"] == [0.4, 0.4]  # equal in both
    assert found["cells"][0]["seeds"] == 2


def test_rates_stay_between_0_and_1() -> None:
    correction = study(seeds=2)
    result = result_of(correction, lambda group, _: {"inside": [0.6, 0.8][group.seed]})
    found = result.to_json()
    assert found["after"]["accuracy_by_group"]["low-light"] == pytest.approx(0.7)
    assert found["intervals"]["after"]["accuracy[low-light]"] == [0.0, 1.0]


def test_a_seed_without_a_gap_counts_for_nothing_and_is_told() -> None:
    correction = study(seeds=3)
    result = result_of(correction, lambda group, _: {"closed": [0.5, None, None][group.seed]})
    found = result.to_json()
    assert found["gap_closed"] == 0.5
    assert found["intervals"]["gap_closed"] == [0.4, None]  # that seed's own
    assert found["notes"][0].startswith("In 2 of 3 seeds the subgroup was served no worse")
    nowhere = result_of(study(), lambda *_: {"closed": None, "free": {"filter": None}})
    assert nowhere.to_json()["gap_closed"] is None
    assert nowhere.to_json()["intervals"]["gap_closed"] == [None, None]
    (said,) = effects.found(nowhere.headline, "low-light")
    assert said.startswith("There was no gap to close")


def test_notes_of_cells_are_told_once_with_how_many_they_are_of() -> None:
    correction = study(members="20,50")
    result = result_of(correction, lambda group, _: {"notes": ["A key is exhausted."]})
    assert result.to_json()["notes"][-1] == "A key is exhausted. (2 of 2 cells)"
    one = result_of(study(), lambda group, _: {"notes": ["A key is exhausted."]})
    assert one.to_json()["notes"][-1] == "A key is exhausted."


def test_a_note_of_one_cell_among_several_names_the_cell() -> None:
    def in_one(group: Any, _: float) -> dict[str, Any]:
        noted = (group.seed, group.members, group.proxy) == (1, 50, "mlp")
        return {"notes": ["A key is exhausted."] if noted else []}

    result = result_of(study(members="20,50", proxy=["cnn", "mlp"], seeds=2), in_one)
    assert result.to_json()["notes"][-1] == "A key is exhausted. (seed 1, mlp, 50 × 10)"


def test_what_is_named_twice_counts_once() -> None:
    correction = study(members="20,20", epsilon="8/255,8/255", seeds=[0, 0])
    found = result_of(correction).to_json()
    assert [row["seeds"] for row in found["cells"]] == [1]
    assert found["seeds"] == [0]


def test_a_platform_that_a_cell_knows_by_another_name_is_still_shown() -> None:
    """A trained platform and its folder are one platform: a stored cell holds the older name."""
    correction = study(platform="mlp: hidden=16")
    result = result_of(correction, lambda *_: {"platform": "mlp:hidden=16"})
    assert result.to_json()["headline"]["platform"] == "mlp: hidden=16"


def test_without_label_free_changes_or_adaptive_platforms() -> None:
    correction = study(label_free="none", adaptive="none")
    result = result_of(correction, lambda *_: {"free": {}, "adaptive": {}})
    found = result.to_json()
    assert found["controls"]["label_free"] is None
    assert found["label_free"] == found["adaptive"] == {}
    assert json.dumps(found, allow_nan=False)
    text = printed(result)
    assert "The same change for everyone" not in text
    assert "nothing here tells recognition from the label" in text
    assert "nothing says that this would last" in text


# --------------------------------------------------------------------------------------- the words


def printed(result: CorrectionResult, width: int = 120) -> str:
    out = io.StringIO()
    print_result(result, Console(file=out, width=width, markup=False, highlight=False))
    return out.getvalue()


def rows_of(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines()]


def row_of(text: str, first: str) -> list[str]:
    (row,) = [row for row in rows_of(text) if row and row[0] == first]
    return row[1:]


def test_one_table_with_before_after_and_intervals() -> None:
    text = printed(result_of(study()))
    rows = {
        "accuracy of others": ["0.900", "[0.800, 1.000]", "0.900", "[0.800, 1.000]"],
        "accuracy of low-light": ["0.500", "[0.400, 0.600]", "0.700", "[0.600, 0.800]"],
        "accuracy gap": ["0.400", "[0.300, 0.500]", "0.200", "[0.100, 0.300]"],
        "worst-group accuracy": ["0.500", "[0.400, 0.600]", "0.700", "[0.600, 0.800]"],
    }
    for name, row in rows.items():
        assert row_of(text, name) == row
    assert row_of(text, "disparate impact")[2] == "0.750"
    jpeg = ["per class", "jpeg", "0.650", "0.500", "0.600", "0.300 [0.200, 0.400]"]
    assert jpeg in rows_of(text)
    assert "Every collective" not in text  # of one cell the table of measures says it all
    for said in (
        "low-light people of digits on mlp: 20 members × 10 queries, surrogate mlp, ε = 8/255",
        ", ε = 8/255, 1 seed",
        "The label-free change closes 25% (95% interval: 15% to 35%) of the accuracy gap between",
        "The change per class closes 50% (95% interval: 40% or more) of the accuracy gap between",
        "at most 8 of 255 levels (3.1% of the way",
        "Force rate: 0.400 [0.300, 0.500]",
        "under a wrong class's change: 0.300",
        "random signs of the same budget: 0.450",
        "0.800 [0.700, 0.900] of the questions",
        "Queries: 200 pooled, at most 10 of each member; 4,000 more for measuring, metered apart.",
        "One seed: the intervals",
    ):
        assert said in text
    assert "None" not in text
    assert "nan" not in text


def listed(text: str) -> list[list[str]]:
    """Return the rows of the last table, of every collective."""
    return [row for row in rows_of(text) if len(row) >= 7]


def test_several_cells_are_listed_by_members_queries_and_budget() -> None:
    correction = study(members="20,50", epsilon="8/255,16/255")
    closes = {20: 0.25, 50: 0.75}
    result = result_of(correction, lambda group, _: {"closed": closes[group.members]})
    rows = listed(printed(result, 200))
    assert [row[:4] for row in rows] == [
        ["20 × 10", "8/255", "0.25 [0.15, 0.35]", "0.25 [0.15, ∞)"],
        ["20 × 10", "16/255", "0.25 [0.15, 0.35]", "0.25 [0.15, ∞)"],
        ["50 × 10", "8/255", "0.25 [0.15, 0.35]", "0.75 [0.65, ∞)"],
        ["50 × 10", "16/255", "0.25 [0.15, 0.35]", "0.75 [0.65, ∞)"],
    ]
    assert rows[0][4:] == ["0.400", "0.500 → 0.700", "jpeg 0.300"]
    both = listed(printed(result_of(study(proxy=["mlp", "cnn"])), 200))
    assert [row[0] for row in both] == ["mlp", "cnn"]
    pairs = listed(printed(result_of(study(platform=["mlp", "cnn"], proxy=["mlp", "cnn"])), 200))
    assert {tuple(row[:2]) for row in pairs} == {
        ("mlp", "mlp"),
        ("mlp", "cnn"),
        ("cnn", "mlp"),
        ("cnn", "cnn"),
    }


def test_names_are_no_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "./[red]mlp[/red]"  # the folder of a saved platform
    save_platform(name, LookupClassifier({}, 0), Card("a", CLASSES, (1, 8, 8)))
    text = printed(result_of(study(platform=[name, "mlp"])), 200)
    assert f"on {name}:" in text
    assert [row[0] for row in listed(text)] == [name, "mlp"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.5, "turned around: low-light people are now served better than the others"),
        (1.5, "over-corrects the accuracy gap"),
        (0.5, "The change per class closes 50% ("),
        (
            -0.5,
            "The change per class widens the accuracy gap between low-light people and the others "
            "by 50% (",
        ),
    ],
)
def test_over_correction_and_harm_are_said_in_words(value: float, said: str) -> None:
    result = result_of(study(), lambda *_: {"closed": value})
    assert said in effects.found(result.headline, "low-light")[1]
    assert said in printed(result)


def test_members_who_contradict_everyone_are_told() -> None:
    odd = {**estimate(0.8), "suspects": [3, 7], "left_out": True}
    result = result_of(study(), lambda *_: {"proxy_agreement": odd})
    assert "2 members contradicted everyone else and were left out." in printed(result)


def test_a_budget_in_l2_is_a_length() -> None:
    correction = study(norm="l2", epsilon=1.5)
    assert "ε = 1.5 (L2)" in printed(result_of(correction))
    assert "length of at most 1.5 (L2)" in noise(1.5, "l2")


def test_what_has_no_bound_is_infinite_and_what_is_not_defined_a_dash() -> None:
    assert span(Estimate(0.2, -math.inf, 0.5)) == "(−∞, 0.500]"
    assert span(Estimate(0.2, -math.inf, math.inf)) == "(−∞, ∞)"
    assert span(Estimate(math.nan, math.nan, math.nan)) == "–"


# --------------------------------------------------------------------------------------- the files


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CorrectionResult]:
    """A folder with everything, of two proxies, two sizes and two seeds."""
    out = tmp_path_factory.mktemp("correction")
    result = result_of(study(proxy=["mlp", "cnn"], members="5,8", seeds=2))
    assert write_result(result, out) == out / "report.html"
    return out, result


FORMS = ("svg", "png", "pdf", "csv")
FIGURES = {f"{name}.{form}" for name in ("gap", "groups", "transfer") for form in FORMS}
SHEETS = {f"{name}.{form}" for name in ("pictures", "perturbations") for form in ("png", "csv")}
CHANGES = {"perturbation.npz", "perturbation-label-free.npz"}
TABLES = {"report.html", "results.json", "cells.csv", "curves.csv"}
NAMES = FIGURES | SHEETS | CHANGES | TABLES


def rows_in(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_the_folder_holds_these_files(whole: Any) -> None:
    out, _ = whole
    assert {file.name for file in out.iterdir() if file.is_file()} == NAMES
    for name in NAMES:
        if name.endswith(".png"):
            assert (out / name).read_bytes().startswith(b"\x89PNG\r\n")


def test_results_are_the_summary_as_strict_json(whole: Any) -> None:
    out, result = whole

    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is no JSON")

    text = (out / "results.json").read_text(encoding="utf-8")
    kept = json.loads(text, parse_constant=refuse)
    assert {key: kept[key] for key in result.to_json()} == result.to_json()
    assert kept["sentences"] == result.summary()


def test_every_cell_is_a_flat_row(whole: Any) -> None:
    out, result = whole
    rows = rows_in(out / "cells.csv")
    assert [row["id"] for row in rows] == [one.id for one in result.outcomes]
    for row, one in zip(rows, result.outcomes, strict=True):
        assert float(row["after.accuracy[low-light]"]) == 0.7
        assert float(row["gap_closed"]) == one.measures.gap_closed.value
        assert row["gap_closed.high"] == "inf"  # no bound
        assert float(row["controls.force_rate.low"]) == pytest.approx(0.3)
        assert row["label_free.best"] == "filter"
        assert (int(row["members"]), int(row["pooled"])) == (one.members, 10 * one.members)


def test_figures_come_with_their_numbers(whole: Any) -> None:
    out, _ = whole
    gap = [
        (row["members"], row["change"], float(row["gap_closed"]))
        for row in rows_in(out / "gap.csv")
    ]
    assert gap == [
        ("5", "label-free", 0.25),
        ("5", "per class", 0.5),
        ("8", "label-free", 0.25),
        ("8", "per class", 0.5),
    ]
    transfer = {(r["platform"], r["proxy"], r["change"]) for r in rows_in(out / "transfer.csv")}
    assert transfer == {
        ("mlp", proxy, change) for proxy in ("mlp", "cnn") for change in ("per class", "label-free")
    }
    groups = {row["label"]: row for row in rows_in(out / "groups.csv")}
    assert groups["low-light"]["before"] == "0.5"
    assert groups["force rate: the class is told"]["before"] == ""
    assert groups["jpeg"]["value"] == "0.6"


def test_the_perturbations_are_those_shown_of_the_first_seed(whole: Any) -> None:
    out, result = whole
    (number,) = (
        number
        for number, one in enumerate(result.outcomes)
        if (one.seed, one.proxy, one.members) == (0, "mlp", 8)
    )
    taken = load(out / "perturbation.npz")
    assert (taken.arrays["delta"] == change_of(number).arrays["delta"]).all()
    assert load(out / "perturbation-label-free.npz").family == "gain"


def test_the_page_stands_alone_and_hands_the_files_over(whole: Any) -> None:
    out, _ = whole
    page = (out / "report.html").read_text(encoding="utf-8")
    for address in re.findall(r'(?:src|href|srcset)="([^"]*)"', page):
        assert address.startswith(("data:", "#")), address[:80]  # "#" within a drawing
    assert not re.search(r"<(script|link|iframe|object|embed|form|base)\b|\son\w+=|@import", page)
    named = re.sub(r'base64,[^"]*|xmlns(:\w+)?="[^"]*"|rdf:\w+="[^"]*"', "", page)
    assert "http" not in re.sub(r"<metadata>.*?</metadata>", "", named, flags=re.S)
    for name in NAMES - {"report.html"}:
        (found,) = re.findall(rf'download="{re.escape(name)}" href="data:[^,]*,([^"]*)"', page)
        assert base64.b64decode(found, validate=True) == (out / name).read_bytes()


def words_of(page: str) -> str:
    import html

    body = page[page.index("<body>") :]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_page_says_what_the_numbers_are_not(whole: Any) -> None:
    out, _ = whole
    words = words_of((out / "report.html").read_text(encoding="utf-8"))
    for caution in CAUTIONS:
        assert caution in words
    for said in (
        "systems that you may query",
        "does not protect against",
        "A later model may undo it",
        "carries the label",
        "the label-free line is the honest one. A change per class carries the label",
        "Force rate: 0.400",
        "at most 8 of 255 levels",
        "as it is",
        "jpeg",
        "80 pooled, at most 10 of each member",
        "4,000 more for measuring, metered apart",
        "No one's data left the machine",
        "surrogate mlp",
        "Two seeds hardly tell",
        "A chip, Linux x86_64",
    ):
        assert said in words, said
    assert "nan" not in words
    assert "None" not in words


@pytest.mark.usefixtures("plain_pictures")
def test_one_platform_one_proxy_and_no_label_free_change(tmp_path: Path) -> None:
    correction = study(members=5, label_free="none", adaptive="none")
    result = result_of(correction, lambda *_: {"free": {}, "adaptive": {}, "closed": None})
    page = write_result(result, tmp_path).read_text(encoding="utf-8")
    names = {file.name for file in tmp_path.iterdir() if file.is_file()}
    without = {name for name in FIGURES if name.startswith("transfer")}
    assert names == NAMES - without - {"perturbation-label-free.npz"}
    assert "There was no gap to close" in words_of(page)
    assert rows_in(tmp_path / "gap.csv")[0]["gap_closed"] == ""


@pytest.mark.usefixtures("plain_pictures")
def test_a_lost_perturbation_and_a_full_folder_are_named(tmp_path: Path) -> None:
    result = result_of(study(members=5))
    lost = [CorrectionOutcome.from_plain(one.to_plain()) for one in result.outcomes]
    with pytest.raises(InputError, match=r"Expected a perturbation file, perturbation-label"):
        write_result(CorrectionResult(result.correction, tuple(lost)), tmp_path)
    (tmp_path / "report.html").mkdir()
    with pytest.raises(StoreError, match="choose another --out"):
        write_result(result, tmp_path)


def test_a_lost_perturbation_loses_no_number() -> None:
    result = result_of(study(members=5))
    lost = [CorrectionOutcome.from_plain(one.to_plain()) for one in result.outcomes]
    found = CorrectionResult(result.correction, tuple(lost)).data()
    assert found == {name: rows for name, rows in result.data().items() if name in found}
    assert set(result.data()) - set(found) == {"pictures", "perturbations"}


@pytest.mark.usefixtures("plain_pictures")
def test_of_an_address_the_page_says_where_the_questions_went(tmp_path: Path) -> None:
    correction = study(platform="http://127.0.0.1:9", key_file="keys.txt")
    result = result_of(correction, lambda *_: {"adaptive": {}})
    page = write_result(result, tmp_path).read_text(encoding="utf-8")
    words = words_of(page)
    assert "The questions went to the platform, and nowhere else." in words
    assert "left the machine" not in words
    assert "None was measured, so nothing says that this would last" in words
