"""quorate plan: what it prints and leaves, and what it answers to bad input."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.usefixtures("plain_pictures")

Run = Callable[..., tuple[int, str, str]]
N = 600


def frame_of() -> pd.DataFrame:
    """Return people with a channel (phone, web; a fiftieth fax), and an age in two."""
    rng = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "channel": rng.choice(["phone", "web", "fax"], N, p=[0.6, 0.38, 0.02]),
            "age": rng.choice(["old", "young"], N),
            "decision": rng.choice(["declined", "approved"], N, p=[0.7, 0.3]),
        }
    )


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "members.csv"
    frame_of().to_csv(path, index=False)
    return path


@pytest.fixture
def plan(quorate: Any, members: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that plans for these members, unless told otherwise; it draws no page."""

    def run(*words: str, source: Path = members, drawn: bool = False) -> Any:
        if not drawn:
            monkeypatch.setattr("quorate.report.files.write_result", lambda plan, out: out)
        asked = ["--label", "decision", "--platform-size", "3000"]
        return quorate("plan", source, *asked, "--out", tmp_path / "out", *words)

    return run


NAMED = ("--target", "approved", "--signal", "channel=fax")
QUIET = ("--no-simulate", "--json")


def test_a_table_and_a_page(plan: Run, tmp_path: Path) -> None:
    code, out, err = plan(*NAMED, "--learner", "naive-bayes", "--seeds", "1", drawn=True)
    assert code == 0, err
    assert "Every member sets channel to 'fax', and hands in the label 'approved'." in out
    assert "Simulated, not certified" in out
    assert f"Report: {tmp_path / 'out' / 'plan.html'}" in out
    data = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    assert [row["learner"] for row in data["simulated"]] == ["naive-bayes"]


def test_json_is_one_object(plan: Run) -> None:
    code, out, _ = plan(*NAMED, "--learner", "tree", "--seeds", "1", "--json")
    assert code == 0
    data = json.loads(out)
    assert set(data) >= {"certified", "simulated", "signal", "notes"}
    assert set(data["certified"]) >= {"success", "n_for_target", "confidence", "radius"}
    assert set(data["simulated"][0]) >= {"learner", "critical_mass", "low", "high"}
    assert data["signal"] == {"channel": "fax"}
    assert data["members"] == N


def test_a_search(plan: Run) -> None:
    code, out, _ = plan("--target", "approved", "--suggest", "3", "--cost", "age=5", *QUIET)
    assert code == 0
    data = json.loads(out)
    assert len(data["suggested"]) == 3
    assert data["signal"] == data["suggested"][0]["signal"]
    assert "11 signals" in data["certified"]["radius"]


def test_an_attribute_of_a_parquet_file(plan: Run, tmp_path: Path) -> None:
    path = tmp_path / "members.parquet"
    frame_of().to_parquet(path)
    code, out, err = plan("--goal", "erase", "--attribute", "channel", *QUIET, source=path)
    assert code == 0, err
    data = json.loads(out)
    assert (data["goal"], data["target"]) == ("erase", None)
    assert data["signal"] == {"channel": "phone"}


def test_columns_are_kept_or_left_out(plan: Run) -> None:
    kept, left = (
        json.loads(plan(*NAMED, *QUIET, *words)[1])["by_radius"]
        for words in (("--columns", "channel, "), ("--ignore", "age"))
    )
    assert kept == left
    assert kept != json.loads(plan(*NAMED, *QUIET)[1])["by_radius"]


BAD = {
    "confidence of one": (
        [*NAMED, "--confidence", "1"],
        "Expected confidence=1 in (0, 1). Use a confidence such as 0.95.",
    ),
    "confidence of zero": ([*NAMED, "--confidence", "0"], "Expected confidence=0 in (0, 1)."),
    "success above one": ([*NAMED, "--success", "1.5"], "Expected success=1.5 in [0, 1]."),
    "eps of one": ([*NAMED, "--eps", "1"], "Expected eps=1 in [0, 1)"),
    "unknown reading": ([*NAMED, "--eps", "0.1", "--reading", "tvv"], "Did you mean tv?"),
    "unknown goal": ([*NAMED, "--goal", "plan"], "Expected a known goal, got 'plan'."),
    "target that nobody has": (
        ["--target", "later", "--signal", "channel=fax"],
        "Expected a known label, got 'later'. Known: approved, declined. No member has another",
    ),
    "features alone for a target that nobody has": (
        [
            *("--target", "later", "--labels", "later", "--goal", "plant-feature-only"),
            *("--signal", "channel=fax"),
        ],
        "Expected some members with the label 'later' to plant it by features alone, got none: "
        "that is impossible.",
    ),
    "no target": (["--signal", "channel=fax"], "Name the label to plant or to keep off."),
    "a value outside the alphabet": (
        ["--target", "approved", "--signal", "channel=letter"],
        "Expected a known value of column 'channel', got 'letter'. Known: fax, phone, web. For one "
        "that nobody has yet",
    ),
    "a column that is not there": (
        ["--target", "approved", "--signal", "chanel=fax"],
        "Did you mean channel?",
    ),
    "no pair": (
        ["--target", "approved", "--signal", "fax"],
        "Write COLUMN=VALUE; a pair that holds a comma in quotes",
    ),
    "no signal": (["--target", "approved"], "Expected a signal, got none."),
    "signal and search": (
        [*NAMED, "--suggest", "3"],
        "Expected --suggest with --goal plant and without a signal",
    ),
    "search of another goal": (
        ["--target", "approved", "--suggest", "3", "--goal", "unplant"],
        "got goal=unplant",
    ),
    "search for nothing": (
        ["--target", "approved", "--suggest", "0"],
        "Expected suggest=0 to be at least 1.",
    ),
    "negative cost": (
        ["--target", "approved", "--suggest", "3", "--cost", "age=-1"],
        "Expected cost of age=-1 to be at least 0.",
    ),
    "cost that is no number": (
        ["--target", "approved", "--suggest", "3", "--cost", "age=high"],
        "Expected a number as the cost of 'age', got 'high'. Write age=2.",
    ),
    "cost without a search": ([*NAMED, "--cost", "age=1"], "Expected --cost age=1 with --suggest"),
    "unknown multiplicity": (
        ["--target", "approved", "--suggest", "3", "--multiplicity", "splits"],
        "Did you mean split?",
    ),
    "attribute of another goal": (
        ["--target", "approved", "--attribute", "age"],
        "Expected --attribute age with --goal erase",
    ),
    "unknown label column": ([*NAMED, "--label", "decisions"], "Did you mean decision?"),
    "one bin": ([*NAMED, "--bins", "1"], "Expected bins=1 in [2, 1000]."),
    "no people": ([*NAMED, "--platform-size", "0"], "Expected size=0 to be at least 1."),
    "fewer people than members": (
        [*NAMED, "--platform-size", "599"],
        "Expected at least as many people on the platform as members, got a platform size of 599 "
        "and 600 members.",
    ),
    "unknown learner": ([*NAMED, "--learner", "sdg"], "Did you mean sgd?"),
    "no seed": ([*NAMED, "--learner", "tree", "--seeds", "0"], "Expected seeds=0 to be at least 1"),
    "unknown device": ([*NAMED, "--learner", "tree", "--device", "tpu"], "known device, got 'tpu'"),
    "no worker": ([*NAMED, "--learner", "tree", "--jobs", "0"], "Expected jobs=0 to be at least 1"),
}


@pytest.mark.parametrize(("words", "message"), BAD.values(), ids=BAD)
def test_a_mistake_is_answered(plan: Run, tmp_path: Path, words: list[str], message: str) -> None:
    quiet = [] if "--learner" in words else ["--no-simulate"]
    code, out, err = plan(*words, *quiet)
    assert code == 2
    assert message in " ".join(err.split())
    assert out == ""
    assert not (tmp_path / "out").exists()


def changed(tmp_path: Path, **columns: Any) -> Path:
    """Return a file of the same people with columns added or changed."""
    path = tmp_path / "changed.csv"
    frame_of().assign(**columns).to_csv(path, index=False)
    return path


BAD_FILES: dict[str, tuple[dict[str, Any], str]] = {
    "one label": (
        {"decision": "approved"},
        "Expected at least 2 labels in column 'decision', got only 'approved'.",
    ),
    "a label is missing": (
        {"decision": ["", *["approved", "declined"] * ((N - 1) // 2), "approved"]},
        "Expected a value of 'decision' for everyone, got 1 missing of 600.",
    ),
    "free text": (
        {"remark": [f"call {i} of them" for i in range(N)]},
        "Expected at most 50 distinct texts in column 'remark', got 600 in 600 rows: free text",
    ),
}


@pytest.mark.parametrize(("columns", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_rows_that_say_nothing_are_refused(
    plan: Run, tmp_path: Path, columns: dict[str, Any], message: str
) -> None:
    code, _, err = plan(*NAMED, "--no-simulate", source=changed(tmp_path, **columns))
    assert code == 2
    assert message in " ".join(err.split())


def test_no_file(plan: Run, tmp_path: Path) -> None:
    code, _, err = plan(*NAMED, source=tmp_path / "none.csv")
    assert code == 2
    assert "to be a CSV or parquet file, got nothing there" in " ".join(err.split())


NOTED: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "a value is missing": (
        {"age": ["", "old", "young"] * (N // 3)},
        [],
        "age: 200 of 600 values are missing and count as the value 'missing'.",
    ),
    "numbers in bins": (
        {"income": range(N - 1, -1, -1)},
        [],
        "income in bins: below 150; 150 to 300; ",
    ),
    "cells that are too many": (
        {f"x{i}": [(row >> i) % 2 for row in range(N)] for i in range(9)},
        [],
        "different cells of the other columns, fewer than 5 in each",
    ),
    "everyone carries it": ({"channel": "fax"}, [], "Every member carries the signal already"),
    "a new value": (
        {},
        ["--signal", "channel=letter", "--new-values"],
        "No member has the signal's value of channel yet",
    ),
}


@pytest.mark.parametrize(("columns", "words", "note"), NOTED.values(), ids=NOTED)
def test_what_follows_is_noted(
    plan: Run, tmp_path: Path, columns: dict[str, Any], words: list[str], note: str
) -> None:
    path = changed(tmp_path, **columns)
    code, out, err = plan(*NAMED, *words, *QUIET, source=path)
    assert code == 0, err
    assert any(note in found for found in json.loads(out)["notes"])


def test_what_cannot_be_simulated_is_noted(plan: Run) -> None:
    words = ("--signal", "channel=letter", "--new-values", "--learner", "tree", "--json")
    code, out, _ = plan("--target", "approved", *words)
    assert code == 0
    data = json.loads(out)
    assert data["simulated"] == []
    assert data["notes"][-1].startswith("Nothing was simulated: no member has the signal's value")


def test_stopped_in_the_middle(plan: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("quorate.planning.plan.make_plan", stop)
    code, out, err = plan(*NAMED)
    assert (code, out) == (130, "")
    assert "Nothing was written." in err
    assert not (tmp_path / "out").exists()
