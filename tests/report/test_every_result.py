"""Every kind of result becomes words, a page, files and exports; see tests/stored/README.md."""

import csv
import importlib
import io
import json
import pkgutil
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import markupsafe
import numpy as np
import pyarrow.parquet as pq
import pytest

import quorate as library
from pages import Page
from quorate.auditing.result import ModelAuditResult
from quorate.collective.publishing.report import PublishedChange
from quorate.comparison.result import Comparison
from quorate.findings.kinds.kind import RunResult
from quorate.findings.running import ExperimentResult
from quorate.membership_inference.audit_result import AuditResult
from quorate.membership_inference.result import MembershipResult
from quorate.planning.result import Plan
from quorate.report import files
from quorate.report.export import export
from quorate.report.stored import JudgedResult, StoredResult
from quorate.report.stored_folders import FolderOverview
from quorate.runs.digests import is_unchanged
from quorate.runs.result import Result, WrappedResult
from quorate.scenarios.bias.result import BiasResult
from quorate.scenarios.bias.swept_result import SweptResult
from quorate.scenarios.certificates.result import CertificatesResult
from quorate.scenarios.collectives.result import CollectivesResult
from quorate.scenarios.effective_size.result import EffectiveSizeResult
from quorate.scenarios.navigation.result import NavigationResult
from quorate.scenarios.participation.result import ParticipationResult
from quorate.scenarios.privacy.result import PrivacyResult
from quorate.scenarios.scenario import ScenarioRun
from quorate.studies.critical_mass.result import CriticalMassSearch
from quorate.studies.critical_mass.result_of_several import CriticalMassSearches
from quorate.studies.curves import Curves
from quorate.test_time.perturbations.told import ToldPerturbation
from quorate.test_time.study.comparison_result import QueryComparison
from quorate.test_time.study.result import CorrectionResult
from quorate.watching.result import WatchResult
from test_stored_results import COMMANDS, STORED

KINDS: dict[str, type[Result]] = {  # by what a folder of tests/stored or a command is called
    "audit": ModelAuditResult,
    "audit-privacy": AuditResult,
    "bias": BiasResult,
    "certificates": CertificatesResult,
    "bias-flips": SweptResult,
    "collectives": CollectivesResult,
    "compare-queries": QueryComparison,
    "correct": CorrectionResult,
    "critical-mass": CriticalMassSearch,
    "critical-masses": CriticalMassSearches,
    "curve": Curves,
    "effective-size": EffectiveSizeResult,
    "experiment": Curves,
    "membership": MembershipResult,
    "navigation": NavigationResult,
    "participation": ParticipationResult,
    "plan": Plan,
    "privacy": PrivacyResult,
    "watch": WatchResult,
}
PLAN = [
    *("plan", "members.csv", "--label", "decision", "--target", "yes", "--platform-size", "3000"),
    *("--suggest", "2", "--learner", "tree", "--seeds", "1", "--out", "plan"),
]
AUDIT = [
    *(
        "audit-privacy",
        "--population",
        "digits:n=200",
        "--learner",
        "dp-forest",
        "--canaries",
        "60",
    ),
    *("--out", "audit-privacy"),
]
MODEL_AUDIT = [
    *("audit", "tree", "digits:n=90", "--size", "5000", "--seeds", "2", "--budget", "80"),
    *("--out", "audit"),
]
CERTIFICATES = [
    *("scenario", "certificates", "--sizes", "300,900", "--platform-size", "3000"),
    *("--test-size", "300", "--aside", "100", "--seeds", "1", "--out", "certificates"),
]
MASSES = [
    *("critical-mass", "--population", "gaussian:n=300,held_out=200", "--budget", "4"),
    *("--strategy", "planting:signal=columns,x2=3", "--learner", "tree", "--learner", "logistic"),
    *("--out", "critical-masses"),
]
FLIPS = [
    *("scenario", "bias", "--population", "unequal:n=200,held_out=4000", "--strategies", "rb-prob"),
    *("--learners", "tree", "--alone", "none", "--alphas", "0.3", "--knowledge", "20", "--seeds"),
    *("1", "--flips", "0,5", "--out", "bias-flips"),
]
NOT_STORED = {
    "bias-flips": FLIPS,
    "plan": PLAN,
    "audit": MODEL_AUDIT,
    "audit-privacy": AUDIT,
    "certificates": CERTIFICATES,
    "critical-masses": MASSES,
    "watch": ["watch", "outcomes.csv", "--target", "0.6", "--out", "watch"],
}  # what older versions did not store
STORED_OTHERWISE = (
    "compare-queries",
    "critical-mass",
    "critical-masses",
    "experiment",
    "plan",
)  # in part, or as more
# What is around another result; and what no run leaves as its result: a file that tells of itself,
# what test_show_any_folder.py reads, and what is made of two runs (tests/comparison).
AROUND = {WrappedResult, ScenarioRun, RunResult, ExperimentResult, ToldPerturbation}
AROUND |= {StoredResult, JudgedResult, FolderOverview, Comparison}
AROUND |= {PublishedChange}  # of a server, not of a folder: tests/collective/publishing renders it


def write_members(file: Path) -> None:
    rng = np.random.default_rng(3)
    columns = [rng.choice(values, 400) for values in (["web", "fax"], ["old", "young"])]
    labels = np.where(rng.random(400) < 0.6, "yes", "no")
    rows = zip(*columns, labels, strict=True)
    with file.open("w", newline="") as lines:
        csv.writer(lines).writerows([("channel", "age", "decision"), *rows])


def write_outcomes(file: Path) -> None:
    outcomes = [*["yes", "yes", "yes", "no"] * 20, *["no"] * 40, "unknown"]
    file.write_text("\n".join(["time,success", *(f"{n},{one}" for n, one in enumerate(outcomes))]))


@pytest.mark.usefixtures("plain_pictures")
@pytest.mark.parametrize("name", KINDS)
def test_words_page_files_and_exports(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quorate: Callable[..., tuple[int, str, str]],
) -> None:
    shutil.copytree(STORED, tmp_path, dirs_exist_ok=True)
    write_members(tmp_path / "members.csv")
    write_outcomes(tmp_path / "outcomes.csv")
    monkeypatch.chdir(tmp_path)
    written: list[tuple[Result, Path]] = []
    write = files.write_result

    def write_and_note(result: Result, folder: Path) -> Path:
        written.append((result, folder))
        return write(result, folder)

    monkeypatch.setattr(files, "write_result", write_and_note)
    code, printed, said = quorate(*COMMANDS.get(name, NOT_STORED.get(name, PLAN)))
    assert code == 0, said
    ((result, folder),) = written
    assert type(getattr(result, "result", result)) is KINDS[name]

    assert result.title in " ".join(printed.split())
    for sentence in result.summary():
        assert sentence in printed
    assert not re.search(r"\b(nan|inf|None)\b", printed)
    code, shown, said = quorate("show", folder)
    assert code == 0, said
    if name not in STORED_OTHERWISE:
        assert all(line in shown for line in printed.splitlines() if not line.startswith("Report"))
    check_shown(result)
    check_page(result, folder)
    check_access(result, folder)
    check_data(result, folder)
    check_exports(result, folder)


def check_shown(result: Result) -> None:
    """In Python it is a line, in a notebook a snippet that loads nothing, and a frame of rows."""
    said = repr(result)
    assert said.startswith(f"<{type(result).__name__}: ")
    assert "\n" not in said
    assert len(said) < 600
    snippet = Page(result._repr_html_())
    assert snippet.open == []
    assert all(address.startswith("data:") for address in snippet.loads())
    assert not {tag for tag, _ in snippet.elements} & {"script", "link", "iframe", "object"}
    assert len(result.to_frame()) == len(result.rows())


def check_page(result: Result, folder: Path) -> None:
    """The page is well formed, stands alone, and holds every word, picture and file."""
    html = (folder / f"{result.stem}.html").read_text(encoding="utf-8")
    page = Page(html)
    assert page.open == []
    assert all(address.startswith(("data:", "#")) for address in page.loads())
    assert not {tag for tag, _ in page.elements} & {"script", "link", "iframe", "object"}
    words = page.words()
    sections = result.sections()
    said = [*result.summary(), *(line for one in sections for line in (*one.sentences, *one.after))]
    for sentence in (result.title, *said, *(one.heading for one in sections)):
        assert plain(sentence) in plain(words)
    for picture in result.pictures().values():
        assert plain(picture.caption) in plain(words)
    photographs = [one for one in result.pictures().values() if one.photographs]
    assert html.count("<figure>") == len(result.pictures())
    assert html.count("<img ") == len(photographs)
    for fact, value in {**result.settings(), **result.facts()}.items():
        assert plain(f"{fact} {value}") in plain(words)
    offered = {attrs["download"] for _, attrs in page.elements if "download" in attrs}
    assert {f"{name}.png" for name in result.pictures()} <= offered
    assert all((folder / str(name)).is_file() for name in offered)
    assert not re.search(r"\b(nan|inf|None)\b", words)


def check_access(result: Result, folder: Path) -> None:
    """The page is for everyone: by keyboard, by ear, on a small screen, at night, and on paper."""
    html = (folder / f"{result.stem}.html").read_text(encoding="utf-8")
    page = Page(html)
    tags = [tag for tag, _ in page.elements]
    assert [tags.count(tag) for tag in ("html", "main", "h1")] == [1, 1, 1]
    assert ("html", {"lang": "en"}) in page.elements
    assert any(attrs.get("name") == "viewport" for _, attrs in page.elements)
    for tag, attrs in page.elements:
        if "scroll" in str(attrs.get("class")).split():
            assert (attrs["role"], attrs["tabindex"]) == ("region", "0")
            assert len(str(attrs["aria-label"])) > len("Table: ")
        if tag == "svg":
            assert attrs["role"] == "img"
            assert re.search(rf'<title id="{attrs["aria-labelledby"]}">[^<]+</title>', html)
        if tag == "img":
            assert attrs["alt"]
            assert attrs["title"]
        if tag == "td" and "role" in attrs:
            assert attrs["data-of"] is not None
    for tag in ("table", "svg", "img"):
        assert tags.count(tag) <= html.count('role="region"')
    named = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(set(named)) == len(named)
    css = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)[0]
    for rule in (
        "(prefers-color-scheme: dark)",
        "@media print",
        "(max-width: 36rem)",
        ":focus-visible",
    ):
        assert rule in css
    assert not re.search(r"[{}]|\[object|<[a-z]", page.words())  # no data, no marks
    summary = result.summary()
    assert summary
    assert all(re.search(r"[.?]$", one) for one in summary)
    first = html.index("<figure") if "<figure" in html else html.index("<table")
    assert html.index(f"{markupsafe.escape(summary[0])}") < min(first, html.index("<h2"))
    assert all((folder / unquote(address)).is_file() for address in page.leads())


def plain(text: str) -> str:
    """Return text without spaces, which a page may break anywhere."""
    return re.sub(r"\s", "", text)


def check_data(result: Result, folder: Path) -> None:
    """JSON is strict; every table of numbers is a CSV file."""
    name = "results.json" if result.stem == "report" else f"{result.stem}.json"
    kept = json.loads((folder / name).read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert is_unchanged(kept)
    assert len(kept.pop("digest")) == 64
    assert kept == json.loads(json.dumps(result.stored(), allow_nan=False))
    printed = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert {key: kept[key] for key in printed if key in kept} == {
        key: value for key, value in printed.items() if key in kept
    }
    for table, rows in result.data().items():
        text = (folder / f"{table.replace('-', '_')}.csv").read_text(encoding="utf-8")
        read = list(csv.DictReader(io.StringIO(text, newline="")))
        assert len(read) == len(rows)
        assert all(set(row) <= set(read[0]) for row in rows)


def check_exports(result: Result, folder: Path) -> None:
    """A folder is exported in every format, whatever was run in it."""
    rows = list(csv.DictReader(io.StringIO(export(folder).decode(), newline="")))
    as_json = json.loads(export(folder, "json"), parse_constant=pytest.fail)
    assert len(rows) == len(as_json) == len(pq.read_table(io.BytesIO(export(folder, "parquet"))))
    assert rows
    latex = export(folder, "latex").decode()
    assert latex.isascii()
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") >= 1


def test_no_kind_of_result_is_left_out() -> None:
    for module in pkgutil.walk_packages(library.__path__, "quorate."):
        importlib.import_module(module.name)
    known, waiting = set(), [Result]
    while waiting:
        subclasses = [one for one in waiting.pop().__subclasses__() if one not in known]
        known.update(subclasses)
        waiting += subclasses
    ours = {one for one in known if one.__module__.startswith("quorate.")}
    assert ours - AROUND == set(KINDS.values())
