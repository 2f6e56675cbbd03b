"""Members' rows: how each kind of column is read, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quorate.errors import InputError
from quorate.planning.member_column import MemberColumn
from quorate.planning.members import read_members

ROWS = pd.DataFrame(
    {
        "channel": ["web", "phone", None, "web", " phone", "web"],
        "age": [21, 35, 35, 50, 64, 21],
        "retired": [False, False, False, False, True, False],
        "decision": ["no", "yes", "no", "no", "yes", "no"],
    }
)


def test_columns_of_each_kind() -> None:
    members = read_members(ROWS, "decision")
    assert [c.name for c in members.columns] == ["channel", "age", "retired"]
    assert [c.values for c in members.columns] == [
        ("phone", "web", "missing"),
        ("21", "35", "50", "64"),
        ("False", "True"),
    ]
    assert members.codes.tolist() == [
        [1, 0, 0],
        [0, 1, 0],
        [2, 1, 0],
        [1, 2, 0],
        [0, 3, 1],
        [1, 0, 0],
    ]
    assert members.codes.dtype == np.int32
    assert members.classes == ("no", "yes")
    assert members.labels.tolist() == [0, 1, 0, 0, 1, 0]
    assert members.notes == (
        "channel: 1 of 6 values are missing and count as the value 'missing'.",
    )


def test_many_numbers_are_cut_at_rounded_quantiles() -> None:
    # Quartiles of 0 .. 100: 25, 50 and 75, an edge belonging to the bin above it.
    frame = pd.DataFrame({"age": range(101), "y": ["a", "b"] * 50 + ["a"]})
    members = read_members(frame, "y")
    (age,) = members.columns
    assert age.edges == (25, 50, 75)
    assert age.values == ("below 25", "25 to 50", "50 to 75", "75 or more")
    assert np.bincount(members.codes[:, 0]).tolist() == [25, 25, 25, 26]
    assert members.notes == ("age in bins: below 25; 25 to 50; 50 to 75; 75 or more.",)
    assert [age.code(v) for v in ("24.9", 25, "50 to 75", "100")] == [0, 1, 2, 3]
    with pytest.raises(InputError, match="Numbers from 0 to 100 stand for a bin"):
        age.code("1000")
    assert age.code("1000", new_values=True) == 3
    assert read_members(frame, "y", bins=2).columns[0].edges == (50,)
    # Nearly everyone has −1: the next number ends the bin.
    frame["age"] = [-1] * 88 + list(range(3, 16))
    assert read_members(frame, "y").columns[0].values == ("below 3", "3 or more")


def test_ten_numbers_are_values_and_eleven_are_not() -> None:
    for count, binned in ((10, False), (11, True)):
        frame = pd.DataFrame({"x": list(range(count)) * 3, "y": ["a", "b", "c"] * count})
        assert bool(read_members(frame, "y").columns[0].edges) == binned


def test_a_missing_value_is_not_taken_for_the_word() -> None:
    frame = pd.DataFrame({"z": ["missing", "u", None, "(missing)"], "y": ["a", "b", "a", "b"]})
    members = read_members(frame, "y")
    (z,) = members.columns
    assert z.values == ("(missing)", "missing", "u", "((missing))")
    assert members.codes[:, 0].tolist() == [1, 2, 3, 0]


def test_a_label_that_is_a_number_is_found_as_one() -> None:
    members = read_members(pd.DataFrame({"z": ["u", "v"], "y": [1.0, 0.0]}), "y")
    assert members.classes[members.label("1")] in ("1", "1.0")


def test_missing_numbers_are_a_value_beside_the_bins() -> None:
    frame = pd.DataFrame({"x": [np.nan, *range(20)], "y": ["a", "b"] * 10 + ["a"]})
    members = read_members(frame, "y")
    assert members.columns[0].values[-1] == "missing"
    assert members.codes[0, 0] == len(members.columns[0].values) - 1
    assert len(members.notes) == 2


def test_which_columns_count() -> None:
    assert [c.name for c in read_members(ROWS, "decision", columns=["age"]).columns] == ["age"]
    kept = read_members(ROWS, "decision", ignore=["age", "retired"]).columns
    assert [c.name for c in kept] == ["channel"]


def test_files(tmp_path: Path) -> None:
    expected = read_members(ROWS, "decision")
    ROWS.to_csv(tmp_path / "a.csv", index=False)
    ROWS.to_csv(tmp_path / "b.csv", index=False, sep=";")
    ROWS.to_parquet(tmp_path / "c.parquet")
    for name in ("a.csv", "b.csv", "c.parquet"):
        found = read_members(tmp_path / name, "decision")
        assert found.codes.tolist() == expected.codes.tolist()
        assert found.columns == expected.columns


def test_values_by_name() -> None:
    column = MemberColumn("stage", ("1", "2.5"))
    assert column.code(1.0) == column.code("1.00") == 0
    assert column.code("2.5") == 1
    assert column.code("9", new_values=True) == 2
    with pytest.raises(InputError, match=r"'9'.*Known: 1, 2\.5.*allow new values"):
        column.code("9")


TEXTS = pd.DataFrame({"note": [f"n{i}" for i in range(60)], "y": ["a", "b"] * 30})


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: read_members(TEXTS, "y"), "at most 50 distinct texts in column 'note', got 60"),
        (lambda: read_members(ROWS, "result"), "'result'"),
        (lambda: read_members(ROWS, "decision", columns=["agee"]), "Did you mean age"),
        (lambda: read_members(ROWS, "decision", ignore=["x"]), "'x'"),
        (lambda: read_members(ROWS, "decision", columns=["decision"]), "at least one column"),
        (lambda: read_members(ROWS[:0], "decision"), "no rows"),
        (lambda: read_members(ROWS[2:4], "decision"), "at least 2 labels.*only 'no'"),
        (lambda: read_members(ROWS, "channel"), "'channel' for everyone, got 1 missing"),
        (lambda: read_members(ROWS, "decision", bins=1), "bins=1"),
        (lambda: read_members("nowhere.csv", "decision"), "nowhere.csv"),
        (lambda: read_members(ROWS, "decision").label("maybe"), "'maybe'.*--labels"),
        (lambda: read_members(ROWS, "decision").position("agee"), "Did you mean age"),
    ],
)
def test_what_is_wrong_is_named(call, named: str) -> None:
    with pytest.raises(InputError, match=named):
        call()


def test_a_text_in_twenty_rows_is_common_enough() -> None:
    many = pd.DataFrame({"note": [f"n{i % 100}" for i in range(2000)], "y": ["a", "b"] * 1000})
    assert len(read_members(many, "y").columns[0].values) == 100


def test_labels_that_no_member_has() -> None:
    members = read_members(ROWS[2:4], "decision", labels=["yes", "no"])
    assert members.classes == ("no", "yes")
    assert members.label("yes") == 1
