"""``quorate watch``: periods, what is said of the target, and the page, from the file to Python."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import quorate as library
from quorate.errors import InputError
from quorate.report.stored import load_result
from quorate.theory.confidence_sequence import confidence_sequence
from quorate.watching.periods import periods_of

FALL = [1, 1, 1, 1, 0] * 60 + [0, 0, 1, 0, 0] * 60  # 80%, and from outcome 301 on 20%


def test_periods_end_where_success_changed_and_begin_where_this_was_seen() -> None:
    first, second = periods_of(np.array(FALL, dtype=bool), 0.6, 0.95)
    assert first.change is not None
    assert abs(first.stop - 300) <= 5
    assert first.stop < first.seen == second.start < 340
    assert (second.change, second.stop, second.seen) == (None, 600, 600)
    low, high = confidence_sequence(FALL[second.start :], 0.05)
    assert second.low == pytest.approx(low, abs=1e-12)  # sums of arrays that lie elsewhere round
    assert second.high == pytest.approx(high, abs=1e-12)
    # The target is settled with the first outcome whose limit comes to it.
    low, high = confidence_sequence(FALL[: first.stop], 0.05)
    assert first.reached == 1 + np.flatnonzero(low >= 0.6)[0]
    assert (first.status, first.excluded) == ("reached", None)
    assert (second.status, second.reached) == ("excluded", None)
    assert second.excluded is not None
    assert second.start < second.excluded < 600


def test_a_reached_target_an_excluded_one_and_an_open_one() -> None:
    outcomes = [1, 1, 1, 1, 0] * 40
    status = {target: library.watch(outcomes, target).status for target in (0.6, 0.8, 0.95)}
    assert status == {0.6: "reached", 0.8: "open", 0.95: "excluded"}
    assert not library.watch(outcomes).fell


def test_what_is_said() -> None:
    found = library.watch(FALL, target=0.6)
    now, target, fall, promise = found.summary()
    assert found.fell
    last = found.last
    assert now.startswith(f"Successes since outcome {last.start + 1}: {last.successes[-1]} of ")
    assert "The probability of success is between" in now
    assert target.startswith("The target of 60% is excluded, which outcome ")
    assert fall.startswith("Success fell from 80")
    assert fall.endswith("The platform may have adapted.")
    assert "with probability 95% or more" in promise
    assert "falsely with probability 5% or less" in promise
    rise = library.watch([not one for one in FALL], target=0.6)
    assert not rise.fell
    assert "Success rose from 19" in " ".join(rise.summary())
    assert "adapted" not in " ".join(rise.summary())


def test_of_many_changes_the_last_are_told() -> None:
    found = library.watch(FALL * 3)
    said = [line for line in found.summary() if line.startswith("Success ")]
    assert [line.split()[1] for line in said] == ["fell", "rose", "fell"]
    assert "Before, success changed 2 times." in found.summary()
    assert len(found.sections()[0].rows) == 6
    assert [one["change"] is None for one in found.to_json()["periods"]] == [False] * 5 + [True]


def test_nothing_is_known_where_the_change_is_seen_with_the_last_outcome() -> None:
    seen = library.watch(FALL).periods[0].seen
    found = library.watch(FALL[:seen])
    assert found.summary()[0].startswith("No outcome has been reported since success changed")
    assert (found.status, len(found.periods), found.fell) == ("open", 1, True)
    before = library.watch(FALL[: seen - 1])
    assert not before.fell


def test_what_was_said_stays_said() -> None:
    whole = library.watch(FALL, target=0.6).periods[0]
    for n in (whole.seen, 400, 599):
        one = library.watch(FALL[:n], target=0.6).periods[0]
        assert (one.stop, one.seen, one.reached) == (whole.stop, whole.seen, whole.reached)


def test_drift_that_is_no_change_is_said_to_be_unsteady() -> None:
    from dataclasses import replace

    found = library.watch([1] * 20, target=0.5)
    low, high = confidence_sequence([1] * 50 + [0] * 400, 0.05)  # as if no change had been seen
    drifting = replace(found.periods[0], low=low[-20:], high=high[-20:])
    unsteady = replace(found, periods=(drifting,))
    assert unsteady.status == "unsteady"
    assert unsteady.summary()[0].endswith("No one probability of success fits them all: it drifts.")
    assert unsteady.to_json()["periods"][0]["low"] is None
    assert unsteady.sections()[0].rows[0]["95% interval"] == "–"


def rounded(text: str) -> Any:
    return json.loads(text, parse_float=lambda number: round(float(number), 9))


@pytest.mark.usefixtures("plain_pictures")
def test_from_the_file_to_the_page(
    quorate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"{day},{'yes' if one else 'no'}" for day, one in enumerate(FALL, 1)]
    Path("o.csv").write_text("\n".join(["time,success", *reversed(rows), ",yes"]))
    code, printed, said = quorate("watch", "o.csv", "--target", "0.6", "--out", "w")
    assert (code, said) == (0, "")
    assert "1 of 601 rows could not be read." in printed
    assert "column 'time' is empty" in printed
    assert "Rows were put in the order of their times" in printed
    assert load_result("w").title == "Is it working?"
    assert quorate("show", ".")[0] == 0
    assert ">w: watch, 20" in Path("index.html").read_text()  # its folder, kind and date
    plain = rounded(quorate("watch", "o.csv", "--target", "0.6", "--out", "w", "--json")[1])
    expected = rounded(json.dumps(library.watch(FALL, target=0.6).to_json()))
    assert plain == {**expected, "left_out": {"column 'time' is empty": 1}}
    assert (plain["status"], plain["fell"], plain["outcomes"]) == ("excluded", True, 600)


def test_mistakes() -> None:
    with pytest.raises(InputError, match=r"Expected target=60 in \(0, 1\]"):
        library.watch([1], target=60)
    with pytest.raises(InputError, match=r"Expected confidence=1 in \(0, 1\)"):
        library.watch([1], confidence=1)


def test_long_reports_have_rows_of_some_outcomes() -> None:
    rows = library.watch([1, 0] * 1000).rows()
    assert [row["outcome"] for row in rows[-2:]] == [1998, 2000]
    assert len(rows) == 1023 + 489
    assert rows[3] == pytest.approx(
        {"outcome": 4, "period": 1, "success": 0.5, "low": rows[3]["low"], "high": rows[3]["high"]}
    )
