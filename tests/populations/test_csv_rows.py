"""Rows of CSV files that are not like the header line, and signs that no table holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate import catalog
from quorate.errors import InputError
from quorate.planning.members import read_members
from quorate.populations.own_table import OwnTable
from quorate.populations.tables.table_format import TableFormat
from quorate.table import Table

Write = Callable[..., Path]
ROWS = [f"{'no' if i % 2 else 'yes'},{i % 3},{'ab'[i // 2 % 2]}" for i in range(24)]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes a header line and rows, and returns the path."""

    def write(*rows: str, header: str = "y,n,c", end: str = "\n") -> Path:
        (tmp_path / "people.csv").write_text("\n".join([header, *rows]) + end)
        return tmp_path / "people.csv"

    return write


def people_of(path: Path, **given: Any) -> Table:
    plain = {"name": "table", "path": str(path), "label": "y", **given}
    return catalog.build("populations", plain).split(np.random.default_rng(0)).train


@pytest.mark.parametrize("again", ["y,n,c", '"y", n ,c', " y,n,c\u00a0"])
@pytest.mark.parametrize("at", [0, 7, 24])
def test_a_header_line_that_comes_again_is_refused(again: str, at: int, write: Write) -> None:
    path = write(*ROWS[:at], again, *ROWS[at:])
    message = rf"Expected one header line in .*people\.csv, got it again in line {at + 2}\. Take"
    with pytest.raises(InputError, match=message):
        people_of(path)
    with pytest.raises(InputError, match=message):
        read_members(path, "y")


def test_short_rows_are_counted_and_named(write: Write) -> None:
    members = read_members(write(*ROWS[:5], "no,1", "", *ROWS[5:], "yes"), "y")
    assert members.columns[1].values == ("a", "b", "missing")
    assert members.notes[0] == (
        "2 lines have fewer cells than the header line, the first is line 7: what stands in none "
        "is missing."
    )
    assert not read_members(write(*ROWS, "", "  ", end="\n\n"), "y").notes


def test_a_quotation_mark_that_is_not_closed_is_named(write: Write) -> None:
    members = read_members(write(*ROWS[:5], 'no,1,"a', "no,2,b", 'yes,1,b"', *ROWS[5:]), "y")
    assert members.notes == (
        "Column 'c': 'a\\nno,2,b\\nyes,1,b' is one value of 3 lines. Where a quotation mark is not "
        "closed, it has swallowed rows.",
    )


def test_a_zero_byte_is_refused_and_the_end_of_a_dos_file_is_none(write: Write) -> None:
    with pytest.raises(InputError, match=r"got: a zero byte in line 4\. Mend it, or name the file"):
        people_of(write(*ROWS[:2], "no,1,a\0", *ROWS[2:]))
    assert people_of(write(*ROWS, end="\n\x1a")).classes == ("no", "yes")


@pytest.mark.parametrize("separator", ["::", "||", "[[(", '"', "\n"])
def test_a_separator_is_one_character(separator: str) -> None:
    with pytest.raises(InputError, match="Expected a separator of one character, got "):
        TableFormat(separator)


def test_any_blanks_can_separate(write: Write) -> None:
    path = write("no   1  a", "yes 2 b", header="y n  c")
    assert people_of(path, separator=r"\s+", held_out=0.5).column("c").values == ("a", "b")
    path = write("no   1  a", "yes 2 b", header="y n  n")
    with pytest.raises(InputError, match="name of its own, got 'n' 2 times"):
        people_of(path, separator=r"\s+")


def test_columns_of_one_name_can_be_left_out(write: Write) -> None:
    path = write(*ROWS, header="y,n,n")
    with pytest.raises(InputError, match=r"got 'n' 2 times\. .*or leave all of them out: drop=n\."):
        people_of(path)
    path = write(*(f"{row},{i % 5}" for i, row in enumerate(ROWS)), header="y,n,n,z")
    assert [one.name for one in people_of(path, drop="n").columns] == ["z"]
    assert [one.name for one in read_members(path, "y", ignore=["n"]).columns] == ["z"]
    with pytest.raises(InputError, match="got 'y' 2 times"):
        people_of(write(*ROWS, header="y,n,y"))


def test_a_file_without_a_header_line_is_told(write: Write) -> None:
    with pytest.raises(InputError, match=r"got 'y'\. .* They stand in the first line, which names"):
        people_of(write(*ROWS[1:], header=ROWS[0]))


def test_an_encoding_that_python_refuses_is_answered() -> None:
    with pytest.raises(InputError, match="Expected a known encoding, got 'undefined'"):
        TableFormat(encoding="undefined")


def test_a_csv_file_named_parquet_is_answered(write: Write) -> None:
    path = write(*ROWS).rename(write(*ROWS).with_suffix(".parquet"))
    with pytest.raises(InputError, match=r"If it is a CSV file, name it \.csv\."):
        people_of(path)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (("-0.0", "0.0", "1"), ("0.0", "1.0")),
        (("1e309", "1e310"), ("1e309", "1e310")),
        (("1e-400", "0", "1"), ("0", "1", "1e-400")),
        (("9007199254740993", "9007199254740992", "1.5"), None),
    ],
)
def test_labels_at_the_ends_of_numbers(
    labels: tuple[str, ...], classes: tuple[str, ...] | None, write: Write
) -> None:
    path = write(*(f"{labels[i % len(labels)]},{i % 5}" for i in range(24)), header="y,n")
    expected = classes or tuple(sorted(labels))
    assert people_of(path).classes == read_members(path, "y").classes == expected
    for label in labels:
        assert people_of(path).label(label) is not None


def test_a_number_that_is_too_small_is_named(write: Write) -> None:
    members = read_members(write("no,1e-400", "yes,2", "no,0e9", "yes,-3", header="y,n"), "y")
    assert "Column 'n': '1e-400' is too small for a number here, and read as 0." in members.notes
    assert members.columns[0].values == ("-3", "0", "2")


@pytest.mark.parametrize("written", ["-${}", "(${})", "${}"])
def test_money_below_zero_is_no_name(written: str, write: Write) -> None:
    rows = [f"{ROWS[i][:2]},{written.format(i) if i % 2 else f'${i}.50'}" for i in range(24)]
    with pytest.raises(InputError, match=r"Expected numbers or names in column 'n', got 24 diff"):
        people_of(write(*rows, header="y,n"))


def test_numbers_in_the_signs_of_a_spreadsheet_are_refused(write: Write) -> None:
    rows = [f'{("no", "yes")[i % 2]},"=""{i}"""' for i in range(24)]
    with pytest.raises(InputError, match=r'got 24 different texts such as \'="0"\''):
        read_members(write(*rows, header="y,n"), "y")


@pytest.mark.parametrize("written", ["USD {}", "{} years", "0x{}", "{}:30", "2024-01-{}"])
def test_many_texts_with_numbers_are_named(written: str, write: Write) -> None:
    rows = [f"{('no', 'yes')[i % 2]},{written.format(i)}" for i in range(10, 34)]
    note = f"Column 'n': values such as {written.format(10)!r} count as names, not as numbers."
    assert read_members(write(*rows, header="y,n"), "y").notes == (note,)


def test_columns_are_found_in_other_spellings(write: Write) -> None:
    path = write(*ROWS, header="y,e\u0301t,c")
    assert [one.name for one in read_members(path, " y ", columns=["e\u0301t "]).columns] == ["ét"]
    assert people_of(path, label="y ", group="e\u0301t").groups == ("0", "1", "2")


def test_a_person_in_place_of_the_header_line_is_told(write: Write) -> None:
    path = write(*(f"{row},{i}" for i, row in enumerate(ROWS)), header="yes,2,a,70")
    message = r"names of the columns in the first line of .*, got values of people: (a, )?yes(, a)?"
    with pytest.raises(InputError, match=message):
        people_of(path, label="yes")
    with pytest.raises(InputError, match=message):
        read_members(path, "yes")
    survey = write(
        *(f"{('no', 'yes')[i % 2]},{'a' * (i % 3)},b" for i in range(24)), header="y,a,b"
    )
    assert len(read_members(survey, "y").columns) == 2
    digits = write(*(f"{i % 2},{i % 3},{i % 5}" for i in range(24)), header="0,1,2")
    assert len(read_members(digits, "0").columns) == 2


def test_numbered_columns_can_be_named_by_number(write: Write) -> None:
    path = write(*ROWS, header="0,1,2")
    by_number: Any = {"label": 0, "group": 1}
    people = OwnTable(path=str(path), **by_number).split(np.random.default_rng(0)).train
    assert (people.classes, people.groups) == (("no", "yes"), ("0", "1", "2"))
    with pytest.raises(InputError, match=r"Expected a known column of .*, got ''"):
        people_of(path, label="")
    with pytest.raises(InputError, match=r"Expected a known column of .*, got ''"):
        people_of(path, label="0", group="")
