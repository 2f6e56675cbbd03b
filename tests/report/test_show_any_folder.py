"""Whatever was run in a folder is shown and exported, and what is said of others can be done."""

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import quorate as library
from pages import Page
from quorate.errors import InputError, StoreError
from quorate.report.export import export
from quorate.report.stored import load_result
from quorate.runs.digests import with_digest
from quorate.runs.result import Result, Row, Section
from test_stored_results import COMMANDS, STORED

Run = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.usefixtures("plain_pictures")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run_stored(here: Path, quorate: Run) -> Callable[[str], str]:
    """A function that runs a command of tests/stored on its stored cells; it returns the words."""

    def run(*names: str) -> str:
        for file in STORED.glob("*.toml"):
            shutil.copy(file, here)
        printed = ""
        for name in names:
            for needed in {name, "curve" if name == "participation" else name} & set(COMMANDS):
                if (STORED / needed).is_dir():
                    shutil.copytree(STORED / needed, here / needed, dirs_exist_ok=True)
            code, printed, said = quorate(*COMMANDS[name])
            assert code == 0, said
        return printed

    return run


def without_page(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("Report: ")]


@pytest.mark.parametrize("name", ["correct", "participation", "membership", "navigation"])
def test_it_is_shown_as_it_was_printed(name: str, run_stored: Any, quorate: Run) -> None:
    printed = run_stored(name)
    code, shown, said = quorate("show", name)
    assert (code, said) == (0, "")
    assert without_page(shown) == without_page(printed)
    assert f"Report: {name}/report.html" in shown


def test_a_comparison_is_shown_with_its_correction(run_stored: Any, quorate: Run) -> None:
    compared = run_stored("correct", "compare-queries")
    code, shown, _ = quorate("show", "correct")
    assert code == 0
    assert shown.startswith("Correcting mlp")
    assert all(line in shown for line in without_page(compared))
    assert "Report: correct/queries.html" in shown
    pages = [Page(Path("correct", f"{stem}.html").read_text()) for stem in ("report", "queries")]
    assert [page.leads() for page in pages] == [["queries.html"], ["report.html"]]
    assert export("correct", what="queries").decode() == Path("correct/queries.csv").read_text()
    assert b"corrected" in export("correct", "latex", "the-numbers")


def test_a_search_is_shown_beside_its_trials(run_stored: Any, quorate: Run) -> None:
    searched = run_stored("critical-mass")
    code, shown, warned = quorate("show", "critical-mass")
    assert code == 0
    assert all(line in shown for line in without_page(searched))
    assert "a search was run here" in warned
    assert export("critical-mass", what="search").count(b"\n") > 1
    with pytest.raises(InputError, match=r"Known: .*search"):
        export("critical-mass", what="searches")


def test_an_experiment_keeps_its_verdict(run_stored: Any, quorate: Run) -> None:
    printed = run_stored("experiment")
    page = Path("experiment/report.html")
    before = Page(page.read_text()).words()
    assert "Verdict: " in printed
    code, shown, _ = quorate("show", "experiment")
    assert code == 0
    assert [line for line in printed.splitlines() if line in shown] == printed.splitlines()
    after = Page(page.read_text()).words()
    verdict = json.loads(Path("experiment/finding.json").read_text())["claim"]
    assert verdict in before
    assert verdict in after


def test_a_verdict_of_an_older_version_is_shown(quorate: Run, here: Path) -> None:
    """Its statements have no condition and name no design."""
    shutil.copytree(STORED / "experiment", here / "experiment")
    statements = json.loads((here / "experiment" / "finding.json").read_text())["statements"]
    assert all("where" not in one for one in statements)
    code, _, _ = quorate("show", "experiment")
    assert code == 0
    words = Page((here / "experiment" / "report.html").read_text()).words()
    assert all(one["words"] in words for one in statements)


def test_a_report_is_shown_where_what_it_was_made_of_is_gone(
    run_stored: Any, quorate: Run, here: Path
) -> None:
    run_stored("correct")
    (here / "correct" / "store.sqlite").unlink()
    shutil.rmtree(here / "correct" / "cells")
    code, shown, said = quorate("show", "correct")
    assert code == 0
    assert "of the accuracy gap between" in shown
    assert "shown as it was written" in said
    assert export("correct")
    code, _, said = quorate("show", "correct", "--target", "0.5")
    assert code == 2
    assert "Leave --target out." in said


def test_curves_are_shown_by_their_report_alone(run_stored: Any, quorate: Run, here: Path) -> None:
    printed = run_stored("curve")
    rows = len(library.load("curve").rows())
    (here / "curve" / "store.sqlite").unlink()
    code, shown, _ = quorate("show", "curve")
    assert code == 0
    assert without_page(shown) == without_page(printed)
    assert len(list(csv.DictReader(io.StringIO(export("curve").decode(), newline="")))) == rows


class Planned(Result):
    """A result of several tables."""

    title = "A plan of plans"
    stem = "plan"

    def __init__(self, more: Any = "x") -> None:
        self.more = more

    def summary(self) -> list[str]:
        return ["Certified: all of it."]

    def sections(self) -> list[Section]:
        return [Section("Certified", rows=({"radius": "r", "ε": "0"},))]

    def rows(self) -> list[Row]:
        return [{"radius": "r", "eps": 0.0}]

    def data(self) -> dict[str, list[Row]]:
        return {"certified": self.rows(), "growth": [{"members": 1}, {"members": 2}]}

    def to_json(self) -> dict[str, Any]:
        return {"more": self.more}


def plan(folder: Path, more: Any = "x") -> Path:
    from quorate.report.files import write_result

    return write_result(Planned(more), folder)


def test_every_table_of_a_plan_is_exported(here: Path) -> None:
    plan(here / "plan")
    assert export("plan") == b"radius,eps\nr,0.0\n"
    assert export("plan", "csv", "certified") == export("plan")
    assert export("plan", "csv", "growth") == b"members\n1\n2\n"
    assert json.loads(export("plan", "json", "growth")) == [{"members": 1}, {"members": 2}]
    assert b"varepsilon" in export("plan", "latex", "certified")
    with pytest.raises(InputError, match="certified, growth"):
        export("plan", "csv", "nothing")


def test_a_folder_of_folders_lists_what_is_in_them(here: Path, quorate: Run) -> None:
    for name in ("runs/b", "runs/a", "runs/deep/er"):
        plan(here / name)
    code, shown, said = quorate("show", "runs")
    assert (code, said) == (0, "")
    assert "There are results in 3 folders. To see one: quorate show runs/a" in shown
    for name in ("runs/a", "runs/b", "runs/deep/er"):
        assert f"│ {name}" in shown
        assert quorate("show", name)[0] == 0  # what is advised can be done
    listed = json.loads(quorate("show", "runs", "--json")[1])["folders"]
    assert [one["folder"] for one in listed] == ["runs/a", "runs/b", "runs/deep/er"]
    with pytest.raises(StoreError, match=r"which holds 3\. Name one of: runs/a, runs/b, runs/deep"):
        export("runs")


def test_a_folder_of_runs_gets_an_index_page(here: Path, quorate: Run) -> None:
    for name in ("runs/b & co", "runs/a", "runs/deep/er"):
        plan(here / name)
    changed = here / "runs/b & co/results.json"
    if not changed.exists():
        (changed,) = (here / "runs/b & co").glob("*.json")
    changed.write_text(changed.read_text().replace("x", "y"))
    assert quorate("show", "runs")[1].endswith("\nReport: runs/index.html\n")
    page = Path("runs/index.html").read_text()
    cards = re.findall("<article.*?</article>", page, re.DOTALL)
    places = [re.search('class="note">([^<:]*)', card) for card in cards]
    assert [one[1].partition(",")[0] for one in places if one] == ["a", "deep/er"]
    pages = re.findall('<a href="([^"]+)">', "".join(cards))
    assert [Path("runs", one).exists() for one in pages] == [True, True]
    assert "<script" not in page
    quorate("show", "runs")  # its own page is replaced
    Path("other").mkdir()
    plan(here / "other/a")
    Path("other/index.html").write_text("mine")
    code, shown, said = quorate("show", "other")
    assert (code, Path("other/index.html").read_text()) == (0, "mine")
    assert (
        "There are results in one folder. To see them: quorate show other/a" in shown
    )  # which is shown all the same
    assert said.startswith("No report: Expected to write index.html to other")


def test_an_index_names_what_is_damaged_or_unfinished(
    here: Path, quorate: Run, run_stored: Callable[[str], str]
) -> None:
    run_stored("curve")
    Path("runs").mkdir()
    for name in ("whole", "changed", "unfinished"):
        shutil.copytree("curve", Path("runs", name))
    report = Path("runs/changed/results.json")
    report.write_text(report.read_text().replace("digits", "figures"))
    Path("runs/unfinished/results.json").unlink()
    Image.new("RGB", (900, 450)).save("runs/whole/curves.png")
    printed = quorate("show", "runs")[1]
    assert "Damaged, or not finished: runs/changed, runs/unfinished." in printed
    page = Path("runs/index.html").read_text()
    changed, unfinished, whole = re.findall("<article.*?</article>", page, re.DOTALL)
    assert "a report that cannot be read" in changed
    assert "a run without a report" in unfinished
    assert 'class="problem"' in changed
    assert 'class="problem"' in unfinished
    assert 'class="problem"' not in whole
    assert 'src="data:image/png;base64,' in whole  # its first picture, made small
    assert re.search(r"whole: study, \d{4}-\d{2}-\d{2}<", whole)
    told = json.loads(quorate("show", "runs", "--json")[1])["folders"]
    assert [one["kind"] for one in told] == ["", "", "study"]


def test_a_result_in_a_folder_inside_is_named(here: Path, quorate: Run) -> None:
    plan(here / "demo")
    plan(here / "demo" / "correction")
    shown = quorate("show", "demo")[1]
    assert "There is also A plan of plans. To see it: quorate show demo/correction" in shown
    assert "Certified: all of it." in quorate("show", "demo/correction")[1]


def test_a_file_stands_for_its_folder(here: Path, quorate: Run) -> None:
    page = plan(here / "plan")
    for file in (page, page.with_suffix(".json")):
        assert quorate("show", file)[1] == quorate("show", page.parent)[1]
    (here / "study.toml").write_text("")
    code, _, said = quorate("show", "study.toml")
    assert code == 2
    assert "Run it by quorate run study.toml." in said
    (here / "people.csv").write_text("")
    assert "Error: Expected a perturbation file at people.csv" in quorate("show", "people.csv")[2]


def test_a_part_of_a_run_names_the_whole(run_stored: Any, quorate: Run) -> None:
    run_stored("correct")
    for part in ("platform", "ledgers"):
        code, _, said = quorate("show", f"correct/{part}")
        assert code == 2
        assert said.endswith("which is a part of one. Name the whole: correct.\n")


def test_a_run_that_was_not_ended_says_so(here: Path, quorate: Run) -> None:
    shutil.copytree(STORED / "bias", here / "bias")
    code, _, said = quorate("show", "bias")
    assert code == 2
    assert "stored cells (scenario), of a run that has not come to its end. Run the same" in said
    code, _, said = quorate(*COMMANDS["bias"])  # as it is told
    assert code == 0, said
    assert quorate("show", "bias")[0] == 0


def test_folders_without_results_name_what_is_near(here: Path, quorate: Run) -> None:
    plan(here / "runs" / "first")
    code, _, said = quorate("show", "runs/frist")
    assert code == 2
    assert "In runs there are: runs/first." in said
    (here / "empty").mkdir()
    assert "got one without results" in quorate("show", "empty")[2]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tables": [1]}, "Expected tables by their heading as tables"),
        ({"tables": {"a": [{"b": 1}]}}, "Expected tables whose rows are texts by column"),
        ({"rows": {"a": 1}}, "Expected a list of rows as rows"),
        ({"sentences": "x"}, "Expected a list of texts as sentences"),
        ({"sections": [{"heading": 1}]}, "Expected headings with their sentences as sections"),
        ({"data": {"a": 3}}, "Expected tables whose rows are values by column as data"),
    ],
)
def test_a_report_of_wrong_types_is_one_clear_line(
    changes: dict[str, Any], said: str, here: Path, quorate: Run
) -> None:
    file = plan(here / "plan").with_suffix(".json")
    file.write_text(json.dumps(with_digest({**json.loads(file.read_text()), **changes})))
    for command in ("show", "export"):
        code, _, error = quorate(command, "plan")
        assert code == 2
        assert error.startswith(f"Error: {said}")
        assert error.count("\n") == 1


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"a": 1}', ""])
def test_a_broken_report_is_said(text: str, here: Path, quorate: Run) -> None:
    (here / "run").mkdir()
    (here / "run" / "results.json").write_text(text)
    code, _, error = quorate("show", "run")
    assert code == 2
    assert error.startswith("Error: Expected a report in run/results.json, got: ")
    with pytest.raises(StoreError):
        load_result("run")


@pytest.mark.parametrize("name", ["plan", "scenario"])
def test_a_changed_number_in_a_report_is_never_shown(name: str, here: Path, quorate: Run) -> None:
    file = plan(here / name).with_suffix(".json")
    text = file.read_text()
    digits = [at for at, sign in enumerate(text) if sign.isdigit()]
    for at in digits[:: max(1, len(digits) // 12)]:
        file.write_text(f"{text[:at]}{(int(text[at]) + 1) % 10}{text[at + 1 :]}")
        for command in ("show", "export"):
            code, words, error = quorate(command, name)
            assert (code, words) == (2, "")
            assert error.startswith(f"Damaged: {name}/plan.json was changed since it was written.")
    file.write_text(text)
    assert quorate("show", name)[0] == 0
