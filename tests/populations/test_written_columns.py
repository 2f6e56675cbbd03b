"""Tables as people write them: which texts are numbers, names or missing, and what is refused."""

import bz2
import datetime
import decimal
import gzip
import lzma
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from quorate import catalog
from quorate.errors import InputError
from quorate.planning.members import Members, read_members
from quorate.populations.tables.table_format import TableFormat
from quorate.table import Table

N = 48
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes columns of N values and a label to a file, and returns its path."""

    def write(
        name: str = "people.csv",
        separator: str = ",",
        header: Sequence[str] | None = None,
        encoding: str = "utf-8",
        **columns: Sequence[Any],
    ) -> Path:
        columns = {"y": ["no", "yes"] * (N // 2)} | columns
        rows = [separator.join(header or columns)]
        rows += [separator.join(map(str, row)) for row in zip(*columns.values(), strict=True)]
        (tmp_path / name).write_bytes(("\n".join(rows) + "\n").encode(encoding))
        return tmp_path / name

    return write


def people_of(path: Path, **given: Any) -> Table:
    plain = {"name": "table", "path": str(path), "label": "y", **given}
    return catalog.build("populations", plain).split(np.random.default_rng(0)).train


def values_of(people: Table, column: str) -> list[float]:
    """The numbers of a column, sorted, on the scale of the file."""
    one = people.column(column)
    assert not one.values
    return sorted({round(float(v) * one.scale + one.mean, 3) for v in people.x[:, one.start]})


def cycle(*values: Any) -> list[Any]:
    return [values[i % len(values)] for i in range(N)]


AGES = [20 + i * 7 % 31 for i in range(N)]  # 31 different numbers, which do not count the rows


# ---------------------------------------------------------------------------- words and missing


WORDS = ("NA", "None", "null", "nan", "N/A", "-", "?", "#N/A", "NULL", "NaN", "n/a", "DE")


def test_a_word_is_a_value_and_not_missing(write: Write) -> None:
    path = write(country=cycle(*WORDS), y=cycle("NA", "None", "nan"))
    people, members = people_of(path), read_members(path, "y")
    assert people.classes == members.classes == ("NA", "None", "nan")
    assert people.column("country").values == members.columns[0].values == tuple(sorted(WORDS))
    assert any("'?' (4)" in note and "missing=" in note for note in people.notes)
    for word in WORDS:
        assert people.column("country").encode(word).sum() == 1
        assert members.columns[0].code(word) == sorted(WORDS).index(word)
    signal = catalog.build("signals", "columns:country=nan")  # which is a float by now
    column = people.column("country")
    assert signal.plant(people)[0, column.start : column.stop].tolist() == (
        column.encode("nan").tolist()
    )
    assert people.label("NA") == members.label("NA") == 0


def test_a_word_is_missing_where_the_user_says_so(write: Write) -> None:
    path = write(country=cycle("NA", "DE", "?", "FR"), age=cycle(-9, *AGES[:47]))
    message = r"got 24 missing or infinite values in column 'country' of .*, the first in row 0, "
    message += r"12 of them written 'NA' and 12 of them written '\?'\. Fill or drop"
    with pytest.raises(InputError, match=message):
        people_of(path, missing="NA+?")
    labels = write(a=AGES, y=cycle("no", "yes", "NA"))
    for read in (
        lambda: people_of(labels, missing="NA"),
        lambda: read_members(labels, "y", how=TableFormat(missing=("NA",))),
    ):
        with pytest.raises(InputError, match=r"got 16 missing of 48, 16 of them written 'NA'\."):
            read()
    path = write(country=cycle("NA", "DE", "?", "FR"), age=cycle(-9, *AGES[:47]))
    members = read_members(path, "y", how=TableFormat(missing=("NA", "?", "-9")))
    country, age = members.columns
    assert country.values == ("DE", "FR", "missing")
    assert members.notes[0] == (
        "country: 24 of 48 values are missing, 12 of them written 'NA' and 12 of them written '?', "
        "and count as the value 'missing'."
    )
    assert country.code("NA") == country.code("?") == country.code("missing") == 2
    assert age.values[-1] == "missing"
    members = read_members(path, "y", how=TableFormat(missing=("none",)))
    assert members.notes[0].startswith("Column 'country': '?' (12), 'NA' (12) count as values")
    assert "Nothing is written 'none', which was to stand for what is missing." in members.notes


def test_an_empty_cell_is_missing(write: Write) -> None:
    path = write(country=cycle("", "DE", '" "', "FR"))
    with pytest.raises(InputError, match="24 missing or infinite values in column 'country'"):
        people_of(path)
    assert read_members(path, "y").columns[0].values == ("DE", "FR", "missing")
    with pytest.raises(InputError, match="Expected a value of 'y' for everyone, got 24 missing"):
        people_of(write(a=AGES, y=cycle("", "no", "", "yes")))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_parquet_words_are_values_and_nulls_are_missing(kind: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"c": cycle("NA", None, "DE"), "y": cycle("no", "yes")})
    path = tmp_path / f"f.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    assert read_members(path, "y").columns[0].values == ("DE", "NA", "missing")


def test_many_numbers_and_a_word_are_asked_about(write: Write) -> None:
    path = write(age=["NA", *AGES[1:]])
    message = r"got 47 numbers such as '27' and 'NA' \(1\)\. Where it means .* say missing=NA"
    with pytest.raises(InputError, match=message):
        people_of(path)
    with pytest.raises(InputError, match=message.replace("missing=", "--missing ")):
        read_members(path, "y", how=TableFormat(options=True))
    assert read_members(path, "y", how=TableFormat(missing=("NA",))).columns[0].edges
    assert len(people_of(path, text="age").column("age").values) == 32
    assert people_of(write(age=["NA", *AGES[1:]], b=AGES), drop="age").x.shape[1] == 1


def test_few_numbers_and_a_word_are_names(write: Write) -> None:
    people = people_of(write(grade=cycle("1", "2", "NA")))
    assert people.column("grade").values == ("1", "2", "NA")
    assert "Column 'grade': 32 numbers and 'NA' (16): all of them count as names." in people.notes


# --------------------------------------------------------------------------------------- numbers


def test_decimal_commas_are_numbers(write: Write) -> None:
    path = write(separator=";", income=[f"{age},5" for age in AGES])
    people, members = people_of(path), read_members(path, "y")
    assert set(values_of(people, "income")) <= {age + 0.5 for age in AGES}
    assert people.notes == members.notes[:1] == ("Column 'income': '20,5' is read as 20.5.",)
    column = people.column("income")
    assert column.encode("12,5").tolist() == column.encode(12.5).tolist()
    assert column.encode("12,5").tolist() == column.encode("12.5").tolist()
    assert members.columns[0].code("20,5") == members.columns[0].code(20.5) == 0
    with pytest.raises(InputError, match=r"got '1\.234': in the file that is 1234, else 1\.234\."):
        column.encode("1.234")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ('"{},234.50"', 234.5),
        ('"{},234,000"', 234_000),
        ("{}.234.000", 234_000),
        ('"{}.234,50"', 234.5),
        ("{} 234", 234),
        ("{}\u00a0234", 234),
        ("{}'234", 234),
        ("{}_234", 234),
    ],
)
def test_signs_between_thousands_are_read(written: str, number: float, write: Write) -> None:
    unit = 1_000_000 if number == 234_000 else 1000
    path = write(income=[written.format(age) for age in AGES])
    wanted = {age * unit + number for age in AGES}
    # float32 carries seven digits of each number
    assert {float(f"{v:.6g}") for v in values_of(people_of(path), "income")} <= wanted
    assert read_members(path, "y").columns[0].span == (min(wanted), max(wanted))


def test_a_number_that_can_be_read_in_two_ways_is_asked_about(write: Write) -> None:
    path = write(income=[f'"{age},234"' for age in AGES])
    message = r"in one way, got '20,234': 20234 or 20\.234\. .*decimal=\. or decimal=\",\""
    with pytest.raises(InputError, match=message):
        people_of(path)
    with pytest.raises(InputError, match=r"--decimal \. or --decimal ,"):
        read_members(path, "y", how=TableFormat(options=True))
    assert min(values_of(people_of(path, decimal="."), "income")) >= 20_234
    assert max(values_of(people_of(path, decimal=","), "income")) <= 50.234
    with pytest.raises(InputError, match=r"known decimal sign, got ';'\. Known: ',', '\.'\."):
        people_of(path, decimal=";")


@pytest.mark.parametrize(
    "written",
    [
        [f'"{age},5"' if age % 2 else f"{age}.5" for age in AGES],
        ['"1,5"', "2.5", *['"3,5"'] * 46],
    ],
)
def test_two_ways_of_writing_numbers_are_refused(written: list[str], write: Write) -> None:
    with pytest.raises(InputError, match=r"Expected one way of writing numbers in column 'income'"):
        people_of(write(income=written))


def test_points_that_may_be_thousands_are_asked_about(write: Write) -> None:
    """In a file with decimal commas, or where numbers without a point are all below 1000."""
    points = [f"{age}.234" for age in AGES]
    mixed = [f"{age}.234" if age % 2 else str(age) for age in AGES]
    commas = [f"{age},5" for age in AGES]
    for columns in ({"a": points, "b": commas}, {"a": mixed}):
        path = write(separator=";", **columns)
        for read in (people_of, lambda path: read_members(path, "y")):
            with pytest.raises(InputError, match=r"column 'a' that can be read in one way, got"):
                read(path)
        assert max(values_of(people_of(path, decimal=","), "a")) >= 20_234
    assert max(values_of(people_of(path, decimal="."), "a")) <= 50.234
    message = r"with the decimal sign '\.' in column 'b', got '20,5'\. .*drop=b"
    with pytest.raises(InputError, match=message):
        people_of(write(separator=";", a=points, b=commas), decimal=".")


@pytest.mark.parametrize(
    "written",
    [
        [f"{age}.234" for age in AGES],
        [f"{age / 7:.3f}" for age in AGES],
        ["1234", *[f"{age}.234" for age in AGES[1:]]],
        cycle("1", "2", "1.125"),
    ],
)
def test_points_are_decimal_signs_elsewhere(written: list[str], write: Write) -> None:
    people = people_of(write(a=written))
    assert people.notes == ()
    assert set(values_of(people, "a")) <= {float(text) for text in written}


@pytest.mark.parametrize("written", ["{}%", "${}", "{} €", "{} kg", '"${},234"', "£{}.50"])
def test_numbers_with_signs_and_units_are_refused(written: str, write: Write) -> None:
    path = write(income=[written.format(age) for age in AGES])
    for read in (people_of, lambda path: read_members(path, "y")):
        with pytest.raises(InputError, match=r"Write numbers without signs and units; .*text=inc"):
            read(path)
    few = people_of(write(rate=cycle("7%", "19%")))
    assert few.column("rate").values == ("19%", "7%")
    assert few.notes == ("Column 'rate': values such as '7%' count as names, not as numbers.",)


def test_names_that_hold_numbers_stay_names(write: Write) -> None:
    bands = cycle("18-25", "26-35", "36-50", "51-65", "65+")
    path = write(
        age=bands, school=cycle("10th", "11th", "7th-8th", "Bachelors"), q=cycle("Q1", "Q2")
    )
    people = people_of(path)
    assert people.notes == ()
    assert people.column("age").values == ("18-25", "26-35", "36-50", "51-65", "65+")


def test_numbers_in_other_spellings(write: Write) -> None:
    people = people_of(write(a=cycle("1e3", "2.0", "+3", "\u22124", ".5")))
    assert values_of(people, "a") == [-4, 0.5, 2, 3, 1000]
    assert people.column("a").encode("1e3").tolist() == people.column("a").encode(1000).tolist()
    zeros = people_of(write(zip=cycle("01067", "10115")))
    assert zeros.notes[0].startswith("Column 'zip': '01067' is read as the number 1067.")
    kept = people_of(write(zip=cycle("01067", "10115")), text="zip")
    assert kept.column("zip").values == ("01067", "10115")


def test_whole_numbers_are_told_apart_however_large(write: Write) -> None:
    path = write(a=AGES, y=[2**53 + i % 3 for i in range(N)], b=[2**53 + i % 3 for i in range(N)])
    names = tuple(str(2**53 + i) for i in range(3))
    assert people_of(path).classes == names
    assert read_members(path, "y").columns[1].values == names


# ---------------------------------------------------------------------------------------- labels


def test_blanks_around_a_label_do_not_make_another(write: Write) -> None:
    spelt = ("yes", "no ", '" yes"', "no\u00a0", "yes\u3000", "no\u200b", "yes\t", "\ufeffno")
    path = write(a=AGES, y=cycle(*spelt))
    people, members = people_of(path), read_members(path, "y")
    assert people.classes == members.classes == ("no", "yes")
    assert members.labels.tolist() == cycle(1, 0)
    for notes in (people.notes, members.notes):
        assert "Column 'y': blanks around 42 values, or other signs that are not seen, " in notes[0]
    assert people_of(write(a=AGES, y=cycle("café", "cafe\u0301", "no"))).classes == ("café", "no")


def test_labels_that_differ_in_case_are_named(write: Write) -> None:
    people = people_of(write(a=AGES, y=cycle("yes", "Yes", "no")))
    assert people.classes == ("Yes", "no", "yes")
    assert people.notes == (
        "Column 'y': 'Yes' (16) and 'yes' (16) are different values, though they look alike.",
    )


@pytest.mark.parametrize(
    ("spelt", "classes"),
    [
        (("TRUE", "FALSE"), ("FALSE", "TRUE")),
        (("true", "false"), ("false", "true")),
        (("True", "TRUE", "false"), ("False", "True")),
        (("1", "1.0", "0"), ("0.0", "1.0")),
        (("1.0", "2.0"), ("1.0", "2.0")),
        (("10", "9"), ("9", "10")),
    ],
)
def test_labels_are_found_as_they_are_written(
    spelt: tuple[str, ...], classes: tuple[str, ...], write: Write
) -> None:
    path = write(a=AGES, y=cycle(*spelt), f=cycle(*spelt), g=cycle(*spelt))
    people, members = people_of(path, group="g"), read_members(path, "y")
    assert people.classes == people.groups == members.classes == classes
    for text in (*spelt, *classes, f" {spelt[0]} "):
        assert people.label(text) == members.label(text)
        people.column("f").encode(text)
        members.columns[1].code(text)


# ----------------------------------------------------------------------------------- file kinds


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.PARQUET", lambda path: pd.read_csv(path).to_parquet()),
        ("a.Pq", lambda path: pd.read_csv(path).to_parquet()),
        ("named-wrong.csv", lambda path: pd.read_csv(path).to_parquet()),
        ("a.CSV", Path.read_bytes),
        ("a.csv.gz", lambda path: gzip.compress(path.read_bytes())),
        ("a.csv.GZ", lambda path: gzip.compress(path.read_bytes().replace(b",", b";"))),
        ("sep.csv", lambda path: b"sep=;\r\n" + path.read_bytes().replace(b",", b";")),
        ("a.tsv", lambda path: path.read_bytes().replace(b",", b"\t")),
        ("utf16.csv", lambda path: path.read_text().encode("utf-16")),
        ("utf16be.csv", lambda path: path.read_text().encode("utf-16-be")),
        ("bom.csv", lambda path: path.read_text().encode("utf-8-sig")),
        ("crlf.csv", lambda path: path.read_bytes().replace(b"\n", b"\r\n")),
    ],
)
def test_one_table_in_files_of_many_kinds(
    name: str, pack: Callable[[Path], bytes], write: Write
) -> None:
    plain = write(a=AGES, job=cycle("cook", "nurse"))
    path = plain.with_name(name)
    path.write_bytes(pack(plain))
    ours, theirs = people_of(path), people_of(plain)
    assert ours.x.tolist() == theirs.x.tolist()
    assert (ours.columns, ours.classes, ours.notes) == (theirs.columns, theirs.classes, ())


def test_an_encoding_is_named_and_can_be_given(write: Write) -> None:
    path = write(city=cycle("Köln", "Zürich"), encoding="cp1252")
    with pytest.raises(InputError, match=r"'utf-8' codec can't decode byte .* encoding=cp1252"):
        people_of(path)
    assert people_of(path, encoding="cp1252").column("city").values == ("Köln", "Zürich")
    with pytest.raises(InputError, match=r"known encoding, got 'cp1253x'. Did you mean cp1252"):
        people_of(path, encoding="cp1253x")


def test_a_separator_is_the_one_that_splits_evenly(write: Write) -> None:
    path = write(separator=";", header=["y", "income, net, in €", "b"], a=AGES, b=AGES[::-1])
    assert [column.name for column in people_of(path).columns] == ["income, net, in €", "b"]
    with pytest.raises(InputError, match=r"got 'y'\. Known: y\|a\. .*separator=CHARACTER"):
        people_of(write(separator="|", a=AGES))


def test_a_spreadsheet_is_no_csv_file(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match=r"a\.xlsx .* Save the sheet as CSV"):
        people_of(tmp_path / "a.xlsx")


def test_parquet_columns_of_each_type(tmp_path: Path) -> None:
    days = [datetime.date(2024, 1, 1 + i % 3) for i in range(N)]
    frame = pd.DataFrame(
        {
            "y": [label.encode() for label in cycle("no", "yes ")],
            "bytes": [word.encode() for word in cycle("NA", "Köln")],
            "decimals": [decimal.Decimal(i % 12) / 4 for i in range(N)],
            "days": days,
            "times": pd.to_datetime(days),
            "kinds": pd.Categorical(cycle("u", "v")),
            "truths": pd.array(cycle(True, False), dtype="boolean"),
            "whole": pd.array(cycle(1, 2, 3), dtype="Int64"),
        }
    )
    frame.to_parquet(tmp_path / "f.parquet")
    people, members = people_of(tmp_path / "f.parquet"), read_members(tmp_path / "f.parquet", "y")
    assert people.classes == members.classes == ("no", "yes")
    values = {column.name: column.values for column in people.columns}
    assert values["bytes"] == ("Köln", "NA")
    assert values["days"] == values["times"] == ("2024-01-01", "2024-01-02", "2024-01-03")
    assert (values["kinds"], values["truths"]) == (("u", "v"), ("False", "True"))
    assert values_of(people, "decimals") == [i / 4 for i in range(12)]
    assert values_of(people, "whole") == [1, 2, 3]
    of_members = {column.name: column for column in members.columns}
    assert of_members["decimals"].edges
    assert of_members["whole"].values == ("1", "2", "3")
    assert of_members["bytes"].values == ("Köln", "NA")


@pytest.mark.parametrize("value", [[1, 2], {"u": 1}, b"\xff\xfe\xfa"])
def test_parquet_columns_that_are_no_values_are_refused(value: Any, tmp_path: Path) -> None:
    frame = pd.DataFrame({"odd": [value] * N, "a": AGES, "y": cycle("no", "yes")})
    frame.to_parquet(tmp_path / "f.parquet")
    with pytest.raises(InputError, match=r"in column 'odd', got .*leave the column out"):
        people_of(tmp_path / "f.parquet")
    with pytest.raises(InputError, match="in column 'odd'"):
        read_members(tmp_path / "f.parquet", "y")
    assert people_of(tmp_path / "f.parquet", drop="odd").x.shape[1] == 1


def test_numbers_stored_as_text_are_refused(tmp_path: Path) -> None:
    texts = [f"{age},5" for age in AGES]
    frame = pd.DataFrame({"a": texts, "zip": cycle("10115", "01067"), "y": cycle("no", "yes")})
    frame.to_parquet(tmp_path / "f.parquet")
    with pytest.raises(InputError, match=r"numbers in column 'a', got 48 numbers .* text=a"):
        people_of(tmp_path / "f.parquet")
    kept = people_of(tmp_path / "f.parquet", text="a")
    assert kept.column("zip").values == ("01067", "10115")


def test_a_parquet_index_with_a_name_is_a_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"country": cycle("NA", "DE"), "a": AGES, "y": cycle("no", "yes", "yes")})
    frame.set_index("country").to_parquet(tmp_path / "f.parquet")
    assert people_of(tmp_path / "f.parquet").column("country").values == ("DE", "NA")
    assert read_members(tmp_path / "f.parquet", "y").columns[0].name == "country"


# --------------------------------------------------------------------------------------- headers


@pytest.mark.parametrize(
    "header", [("y", "a", "a"), ("y", "a", "y"), ("y", "a", " a "), ("y", "y", "b")]
)
def test_a_name_twice_is_refused(header: tuple[str, ...], write: Write) -> None:
    path = write(header=header, a=AGES, b=AGES[::-1])
    for read in (people_of, lambda path: read_members(path, "y")):
        with pytest.raises(InputError, match=r"to have a name of its own, got '[ay]' 2 times"):
            read(path)


def test_a_name_twice_in_a_frame_is_refused() -> None:
    frame = pd.DataFrame([[1, 2, "no"], [2, 1, "yes"]], columns=["a", "a", "y"])
    with pytest.raises(InputError, match="got 'a' 2 times"):
        read_members(frame, "y")


def test_a_missing_word_in_a_frame_is_not_a_new_value() -> None:
    """As pandas reads a CSV file: NA has become NaN, which the members' rows still hold."""
    frame = pd.DataFrame({"country": cycle("DE", None, "FR"), "y": cycle("no", "yes")})
    members: Members = read_members(frame, "y")
    with pytest.raises(InputError, match=r"have no value there \('missing'\).* may have been 'NA'"):
        members.columns[0].code("NA", new_values=True)
    assert members.columns[0].code("AT", new_values=True) == 3


def test_advice_can_be_followed_to_the_letter(write: Write) -> None:
    """Unquoted, None means that nothing is given."""
    path = write(c=cycle("None", "DE"))
    note = people_of(path).notes[0]
    advice = note.rpartition("say ")[2].rstrip(".")
    assert advice == 'missing="None"'
    population = catalog.build("populations", f"table:path={path},label=y,{advice}")
    with pytest.raises(InputError, match="24 missing or infinite values in column 'c'"):
        population.split(np.random.default_rng(0))


@pytest.mark.parametrize("separator", ["\\t", "tab", "\t"])
def test_a_tab_can_be_named(separator: str, write: Write) -> None:
    path = write(separator="\t", header=["y", "a, b; c"], a=AGES)
    assert people_of(path, separator=separator).columns[0].name == "a, b; c"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", gzip.compress(b"a,y\n1,no\n2,yes\n", mtime=0)[:-9]),
        ("a.csv.gz", b"\x1f\x8b\x08\x00" + b"x" * 30),
        ("a.csv.bz2", b"BZh91AY&SY" + b"x" * 30),
        ("a.csv.xz", b"\xfd7zXZ\x00" + b"x" * 30),
        ("a.zip", b"PK\x03\x04" + b"x" * 30),
        ("a.parquet", b"PAR1" + b"x" * 30),
    ],
)
def test_a_damaged_file_is_answered(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=r"to be a table with a header line, got: "):
        people_of(tmp_path / name)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.bz2", "a.csv.xz", "a.zip"])
def test_a_small_file_that_unpacks_to_too_much_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quorate.populations.tables.csv_files.MOST_UNPACKED", 10_000)
    table = b"a,y\n" + b"1,no\n2,yes\n" * 900  # 9,904 bytes
    for content, fits in ((table, True), (table + b"1,no\n" * 100, False)):
        path = tmp_path / name
        if name == "a.zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("a.csv", content)
        else:
            pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
            path.write_bytes(pack[name[6:]](content))
        if fits:
            assert len(people_of(path).x) == 1350  # three of four learn
            continue
        with pytest.raises(InputError, match="more than 10,000 bytes once it is unpacked"):
            people_of(path)


def test_categories_of_a_frame_are_names_of_whatever_type() -> None:
    frame = pd.DataFrame({"a": pd.Categorical(cycle(*range(12))), "y": cycle("no", "yes")})
    (column,) = read_members(frame, "y").columns
    assert column.edges == ()
    assert len(column.values) == 12


def test_a_truth_value_of_python_is_a_number_of_a_column_of_numbers(write: Write) -> None:
    column = people_of(write(member=cycle(0, 1))).column("member")
    assert column.encode(True).tolist() == column.encode(1).tolist()


@pytest.mark.parametrize(
    "values", [(True, 1), (False, 0.0), (np.True_, np.int64(2)), (True, 1, "1")]
)
def test_truth_values_among_numbers_are_refused(values: tuple[Any, ...]) -> None:
    frame = pd.DataFrame({"a": pd.Series(cycle(*values), dtype=object), "y": cycle("no", "yes")})
    with pytest.raises(InputError, match="Expected numbers or truth values in column 'a', got bo"):
        read_members(frame, "y")


def test_huge_whole_numbers_of_python_are_not_made_one() -> None:
    huge = pd.Series([2**70 + i % 3 for i in range(N)], dtype=object)
    frame = pd.DataFrame({"a": huge, "y": cycle("no", "yes")})
    assert read_members(frame, "y").columns[0].values == tuple(str(2**70 + i) for i in range(3))
    some = pd.DataFrame({"a": pd.Series([None, *range(3)] * 12, dtype=object), "y": frame["y"]})
    assert read_members(some, "y").columns[0].values == ("0", "1", "2", "missing")


def test_a_hundred_thousand_numbers_stored_as_text_are_answered_soon() -> None:
    """As the times of a public file of ratings; this took an hour."""
    frame = pd.DataFrame({"time": [str(10**9 + i) for i in range(100_000)], "y": "no"})
    with pytest.raises(InputError, match="got 100,000 numbers such as '1000000000', stored as te"):
        read_members(frame, "y")
