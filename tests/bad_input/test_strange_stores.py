"""Stores and reports of strangers: digests are right and values are not; one line each."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import quorate as library
from quorate.errors import StoreError
from quorate.plain import read_json
from quorate.runs.cell import Record
from quorate.runs.digests import digest_of
from quorate.runs.store import FILE, Store
from quorate.runtime.database import SUPER_JOURNAL

DEEP = "[" * 100_000 + "]" * 100_000


def rewrite(out: Path, change: Callable[[Any], Any], table: str = "record") -> None:
    """Change what every row says, and give it the right digest, as a stranger would."""
    kind = "kind, id" if table == "record" else "'study', version"
    with closing(sqlite3.connect(out / FILE)) as db:
        rows = db.execute(f"SELECT rowid, {kind}, plain, stored_at FROM {table}").fetchall()
        for row, kind, id_, text, time in rows:
            changed = change(json.loads(text))
            plain = changed if isinstance(changed, str) else json.dumps(changed)
            db.execute(
                f"UPDATE {table} SET plain = ?, digest = ? WHERE rowid = ?",
                [plain, digest_of(kind, id_, plain, time), row],
            )
        db.commit()


def put(**values: Any) -> Callable[[Any], Any]:
    return lambda plain: {**plain, **values}


def without(key: str) -> Callable[[Any], Any]:
    return lambda plain: {name: value for name, value in plain.items() if name != key}


TRIALS: dict[str, Callable[[Any], Any]] = {
    "infinite success": put(success=float("inf")),
    "a success in words": put(success="0.5"),
    "a true success": put(success=True),
    "a success in a list": put(success=[0.5]),
    "an infinite size": put(alpha=float("inf")),
    "a size that is none": put(alpha=None),
    "a seed in words": put(seed="1"),
    "half a seed": put(seed=0.5),
    "a seed beyond 64 bits": put(seed=2**64),
    "negative people": put(people=-1),
    "a number for a learner": put(learner=5),
    "a record in words": put(record="loss"),
    "a description that is none": put(description=None),
    "libraries in words": put(provenance={"libraries": "numpy"}),
    "effective sizes in words": put(record={"alpha_effective": "0.5"}),
    "one key more": put(more=1),
    "one key less": without("people"),
    "a list": lambda _: [1],
    "a word": lambda _: '"a"',
    "nothing": lambda _: "null",
    "deep JSON": lambda _: DEEP,
    "a deep value": lambda plain: json.dumps(plain)[:-1] + ', "record": ' + DEEP + "}",
    "levels beyond any": put(record=json.loads("[" * 80 + "]" * 80)),
}


@pytest.mark.parametrize("name", TRIALS)
def test_a_trial_of_wrong_types_is_refused(
    name: str, run_refused: Callable[..., str], out: Path
) -> None:
    rewrite(out, TRIALS[name])
    for words in (("show", out, "--json"), ("export", out), ("export", out, "--format", "latex")):
        if "effective" in name and "export" in words and "latex" not in words:
            continue  # the cells can be exported: they are written as they stand there
        if "libraries" in name and "export" in words:
            continue  # of which nothing is exported
        assert len(run_refused(*words)) < 1000
    if "libraries" not in name and "effective" not in name:
        with pytest.raises(StoreError, match=r"^Expected [^\n]+$"):
            library.load(out)


STUDIES: dict[str, Callable[[Any], Any]] = {
    "a learner of no name": put(learner=[{"name": 5}]),
    "a learner in numbers": put(learner=5),
    "no learner": without("learner"),
    "seeds in words": put(seeds="many"),
    "a target that is infinite": put(target=float("inf")),
    "names that are a list": put(names=[1]),
    "data that are a number": put(data=5),
    "a list": lambda _: [1],
    "deep JSON": lambda _: DEEP,
}


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_of_wrong_types_is_refused(
    name: str, run_refused: Callable[..., str], out: Path
) -> None:
    rewrite(out, STUDIES[name], "study")
    run_refused("show", out, "--json")


REPORTS: dict[str, Any] = {
    "rows that are a table": {"rows": {}, "tables": {}},
    "a row that is a number": {"rows": [5], "tables": {}},
    "tables that are a list": {"rows": [], "tables": []},
    "a table that is a number": {"rows": [], "tables": {"a": 5}},
    "a cell that is a number": {"rows": [], "tables": {"a": [{"b": 5}]}},
    "sentences that are a number": {"rows": [], "tables": {}, "sentences": 5},
    "a sentence that is a list": {"rows": [], "tables": {}, "sentences": [[]]},
    "a list": [1],
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_of_wrong_types_is_no_report(
    name: str, run_refused: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "results.json").write_text(json.dumps(REPORTS[name]))
    for words in (("show", tmp_path), ("export", tmp_path)):
        run_refused(*words)
    (tmp_path / "results.json").write_text(DEEP)
    run_refused("show", tmp_path)


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "latex"])
def test_strange_values_of_a_report_are_exported(
    kind: str, quorate: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    """Numbers beyond 64 bits, infinities, halves of signs, and columns of several types."""
    values = [
        2**70,
        float("inf"),
        float("nan"),
        "\ud800",
        [1],
        {"a": 1},
        {},
        [{}],
        None,
        True,
        "=1",
        "a\0b",
    ]
    nested = [{"b": {}, "c": [{}], "d": [[1], [2]]}] * 2
    plain = {
        "rows": [*({"a": one} for one in values), *nested],
        "tables": {"t": [{"a": "\ud800=1"}]},
    }
    (tmp_path / "results.json").write_text(json.dumps(plain))
    file = tmp_path / "out"
    code, _, said = quorate("export", tmp_path, "--format", kind, "--out", file)
    assert (code, said) == (0, "")
    assert file.stat().st_size


def test_a_journal_never_has_another_file_removed(tmp_path: Path) -> None:
    """SQLite removes the file that a journal names, once it has rolled the journal back."""
    mine = tmp_path / "mine"
    mine.write_text("mine")
    with Store(tmp_path / "run", write=True) as store:
        store.add("trial", Record("a", {}))
    name = str(mine).encode()
    tail = name + len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big") + SUPER_JOURNAL
    journal = tmp_path / "run" / f"{FILE}-journal"
    journal.write_bytes(b"\xd9\xd5\x05\xf9 \xa1c\xd7".ljust(512, b"\0") + b"\0\0\0\0" + tail)
    with pytest.raises(StoreError, match="Expected no journal beside"):
        Store(tmp_path / "run", write=True)
    assert mine.read_text() == "mine"


def test_a_strange_cell_of_a_scenario_is_refused(
    quorate: Callable[..., tuple[int, str, str]], tmp_path: Path, plain_pictures: None
) -> None:
    words = ("scenario", "navigation", "--reports", "0", "--out", tmp_path)
    assert quorate(*words)[0] == 0
    for change in (lambda _: {"result": 5}, lambda _: {}, lambda _: DEEP):
        rewrite(tmp_path, change)
        code, _, said = quorate(*words)
        assert code == 2
        assert said.startswith("Error: Expected ")
        assert said.count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [b'"a\xed\xa0\x80"', b'"a\\ud800"', '"a\\uD800"'.encode("utf-16"), '"a\\ud800"', '"a\ud800"'],
)
def test_half_a_sign_becomes_a_question_mark(text: str | bytes) -> None:
    assert read_json(text) == "a?"
    assert read_json(b'{"\xed\xa0\x80": 1}') == {"?": 1}


@pytest.mark.parametrize(
    "change",
    [
        put(provenance={"libraries": 3}),
        put(provenance={"libraries": {}, "reading": True}),
        put(provenance={key: [[1]] for key in ("libraries", "device", "cores")}),
    ],
)
@pytest.mark.usefixtures("plain_pictures")
def test_a_run_over_a_strangers_trials_is_refused_in_one_line(
    change: Callable[[Any], Any],
    run_refused: Callable[..., str],
    options: Callable[..., list[str]],
    out: Path,
) -> None:
    rewrite(out, change)
    message = run_refused("curve", *options(), "--out", out, "--json")
    assert message.startswith(f"Expected {out} to hold what quorate writes, got something else (")
