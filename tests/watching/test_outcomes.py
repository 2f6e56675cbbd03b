"""Outcomes as people write them: what counts as success, in which order, and what is left out."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from quorate.errors import InputError
from quorate.watching.outcomes import read_outcomes


def write(folder: Path, text: str) -> Path:
    file = folder / "outcomes.csv"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "outcomes",
    [
        [1, 0, 1],
        (True, False, True),
        ["Yes", "no", " TRUE "],
        np.array([1.0, 0.0, 1.0]),
        np.array([True, False, True]),
        pd.Series(["y", "n", "1.0"], index=[5, 5, 9]),
        pl.Series([True, False, True]),
        pd.DataFrame({"success": [1, 0, 1]}, index=[2, 1, 0]),
        pl.DataFrame({"passed": ["yes", "no", "yes"]}),
    ],
)
def test_outcomes_in_order(outcomes: Any) -> None:
    read = read_outcomes(outcomes)
    assert read.successes.tolist() == [True, False, True]
    assert (read.times, read.left_out, read.reordered) == (None, {}, False)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_file_is_put_in_the_order_of_time_and_unreadable_rows_are_named(
    tmp_path: Path, sign: str
) -> None:
    lines = ["member,time,success", "a,2026-03-02,yes", "b,2026-03-01,no", "c,2026-03-01T12:00,1"]
    lines += ["d,2026-03-03,maybe", "e,2026-03-03,", "f,soon,yes", "g,,0", "h,2026-03-02,False"]
    read = read_outcomes(write(tmp_path, "\n".join(lines).replace(",", sign)))
    assert read.successes.tolist() == [False, True, True, False]
    assert read.times == ("2026-03-01", "2026-03-01T12:00", "2026-03-02", "2026-03-02")
    assert read.left_out == {
        "column 'success' is 'maybe'": 1,
        "column 'success' is empty": 1,
        "column 'time' is 'soon'": 1,
        "column 'time' is empty": 1,
    }
    assert read.reordered


def test_numbers_and_dates_of_any_column_give_the_order() -> None:
    frame = pd.DataFrame({"day": [10, 9, 2], "at": pd.to_datetime(["2026", "2025", "2027"])})
    frame["ok"] = [True, False, None]
    assert read_outcomes(frame, "ok", "day").successes.tolist() == [False, True]
    assert read_outcomes(frame, success="ok", time="at").successes.tolist() == [False, True]
    in_order = read_outcomes(frame.assign(day=[1, 1, 1]), "ok", "day")
    assert in_order.successes.tolist() == [True, False]  # rows of one time keep their order
    assert not in_order.reordered


@pytest.mark.parametrize(
    ("outcomes", "named", "message"),
    [
        (7, {}, "Expected outcomes as a CSV or Parquet file, a data frame, or a list"),
        ([], {}, "Expected outcomes in the list, got none"),
        ([2, "perhaps"], {}, "got none: '2', 'perhaps'. Write 1, yes or true"),
        (np.zeros((2, 2)), {}, "got an array of 2 axes"),
        ({"a": [1], "b": [1]}, {}, "Expected a known column of the data frame, got 'success'"),
        ({"success": [1]}, {"success": "sucess"}, "Did you mean success?"),
        ({"success": [1]}, {"time": "day"}, "got 'day'"),
        ({"success": [1], "time": ["31.05.2026"]}, {}, "Expected numbers or dates such as 2026-"),
        ({"success": [1, None], "time": [None, 1]}, {}, "with an outcome and a time, got none"),
    ],
)
def test_mistakes(outcomes: Any, named: dict[str, str], message: str) -> None:
    given = pd.DataFrame(outcomes) if isinstance(outcomes, dict) else outcomes
    with pytest.raises(InputError) as error:
        read_outcomes(given, **named)
    assert message in str(error.value)


def test_files_that_say_how_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "outcomes.csv"
    file.write_bytes("success|who\nyes|Zoë\n0|Ann\n".encode("cp1252"))
    assert read_outcomes(file, separator="|", encoding="cp1252").successes.tolist() == [True, False]
    with pytest.raises(InputError, match="--encoding cp1252"):
        read_outcomes(file, separator="|")
    file.write_text("success,success\n1,0\n")
    with pytest.raises(InputError, match=r"Expected one column 'success' in .*, got 2"):
        read_outcomes(file)
    file.write_text("success\n")
    with pytest.raises(InputError, match=r"Expected people or outcomes in .*, got no rows"):
        read_outcomes(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got nothing there"):
        read_outcomes(tmp_path / "none.csv")
