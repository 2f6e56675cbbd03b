"""Tables of a user's own: from a CSV or parquet file to features, labels and groups."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate import catalog
from quorate.errors import InputError
from quorate.given import given_of
from quorate.populations.own_table import OwnTable
from quorate.populations.tables.table_files import encode_features, encode_names, file_fingerprint
from quorate.table import Split, Table

Write = Callable[..., Path]
CSV = "age,job,member,y\n" + "".join(
    f"{20 + i},{('cook', 'driver', 'nurse')[i % 3]},{i % 4 == 0},{'yes' if i % 2 else 'no'}\n"
    for i in range(12)
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes a text file and returns its path."""

    def write(text: str = CSV, name: str = "people.csv", encoding: str = "utf-8") -> Path:
        (tmp_path / name).write_bytes(text.encode(encoding))
        return tmp_path / name

    return write


def split(path: Path, seed: int = 0, **parameters: Any) -> Split:
    plain = {"name": "table", "path": str(path), "label": "y", **parameters}
    return catalog.build("populations", plain).split(np.random.default_rng(seed))


def everyone(path: Path, **parameters: Any) -> Table:
    """All the people of a file, in its order: the random split undone by the column of rows."""
    drawn = split(path, **parameters)
    x = np.concatenate([drawn.train.x, drawn.held_out.x])
    y = np.concatenate([drawn.train.y, drawn.held_out.y])
    group = None
    if drawn.train.group is not None and drawn.held_out.group is not None:
        group = np.concatenate([drawn.train.group, drawn.held_out.group])
    order = np.argsort(x[:, 0], kind="stable")
    people = drawn.train
    return Table(x, y, people.classes, group, people.groups, people.columns).take(order)


# ----------------------------------------------------------------------------------------- encoding


def test_numbers_are_standardised_and_text_is_one_hot(write: Write) -> None:
    people = everyone(write(), group="job")
    assert people.classes == ("no", "yes")
    assert people.y.tolist() == [0, 1] * 6
    assert people.groups == ("cook", "driver", "nurse")
    assert people.group is not None
    assert people.group.tolist() == [0, 1, 2] * 4
    assert [c.name for c in people.columns] == ["age", "job", "member"]
    assert [(c.start, c.stop) for c in people.columns] == [(0, 1), (1, 4), (4, 6)]
    assert people.columns[1].values == ("cook", "driver", "nurse")
    assert people.columns[2].values == ("False", "True")
    # ages 20 ... 31: mean 25.5, variance (12² - 1)/12
    age = (np.arange(20, 32) - 25.5) / (143 / 12) ** 0.5
    # 1e-6: the features are float32, of size below 2
    np.testing.assert_allclose(people.x[:, 0], age, rtol=0, atol=1e-6)
    assert people.x[:, 1:4].tolist() == [np.eye(3)[i % 3].tolist() for i in range(12)]
    assert people.x[:, 4:].tolist() == [[0, 1] if i % 4 == 0 else [1, 0] for i in range(12)]
    assert people.x.dtype == np.float32


def test_a_value_is_encoded_as_the_file_is(write: Write) -> None:
    people = everyone(write())
    for name, value in (("age", 27), ("job", "driver"), ("member", "False")):
        column = people.column(name)
        assert people.x[7, column.start : column.stop].tolist() == column.encode(value).tolist()


def test_columns_can_be_dropped(write: Write) -> None:
    people = split(write(), drop="age+member", group="job").train
    assert [c.name for c in people.columns] == ["job"]
    assert people.x.shape[1] == 3
    assert people.groups == ("cook", "driver", "nurse")
    assert split(write(), drop="job", group="job").train.groups == ("cook", "driver", "nurse")


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e9 + 0.1, 7.0])
def test_a_constant_column_is_zero_and_keeps_its_scale(value: float) -> None:
    """Its standard deviation is not 0 in floating point: 0.1 a hundred times gives 3e-17."""
    x, (column,) = encode_features(pd.DataFrame({"a": np.full(100, value)}), "f")
    assert (x == 0).all()
    assert (column.mean, column.scale) == (value, 1.0)
    assert column.encode(value + 1).tolist() == [1.0]


@given(
    st.lists(st.integers(-1000, 1000), min_size=2, max_size=30),
    st.integers(1, 100),
)
def test_standardising_is_undone_by_the_column(ages: list[int], unit: int) -> None:
    values = np.array(ages) / unit
    x, (column,) = encode_features(pd.DataFrame({"age": values}), "f")
    # float32 carries 2^-24 of a standardised value below 30, on a scale of up to 1000
    np.testing.assert_allclose(x[:, 0] * column.scale + column.mean, values, rtol=0, atol=2e-3)


@given(st.lists(st.sampled_from(["b", "a", "é", "10", "9"]), min_size=1))
def test_names_are_sorted_and_coded(values: list[str]) -> None:
    codes, names = encode_names(values, "c")
    assert list(names) == sorted(set(values))
    assert [names[code] for code in codes] == values


def test_numbers_as_labels_are_in_numeric_order() -> None:
    codes, names = encode_names([10, 9, 10], "c")
    assert (codes.tolist(), names) == ([1, 0, 1], ("9", "10"))


# -------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found(separator: str, write: Write) -> None:
    ours = everyone(write(CSV.replace(",", separator), "other.csv"), group="job")
    theirs = everyone(write(), group="job")
    assert ours.x.tolist() == theirs.x.tolist()
    assert ours.y.tolist() == theirs.y.tolist()
    assert ours.columns == theirs.columns


def test_another_separator_is_named(write: Write) -> None:
    path = write(CSV.replace(",", "|"))
    assert everyone(path, separator="|").x.tolist() == everyone(write(name="a.csv")).x.tolist()
    with pytest.raises(
        InputError, match=r"known column of .*, got 'y'\. Known: age\|job\|member\|y"
    ):
        split(path)


def test_parquet_is_read_as_csv_is(write: Write, tmp_path: Path) -> None:
    pd.read_csv(write()).to_parquet(tmp_path / "people.parquet")
    ours, theirs = (
        everyone(tmp_path / "people.parquet", group="job"),
        everyone(write(), group="job"),
    )
    assert ours.x.tolist() == theirs.x.tolist()
    assert ours.y.tolist() == theirs.y.tolist()
    assert ours.columns == theirs.columns


def test_quotes_blanks_and_a_byte_order_mark_are_understood(write: Write) -> None:
    text = '\ufeffy, "a, b" ,job\n1, 2.5,"x, y"\n0, 3.5, z\n1, 4.5, z\n0, 4.5, z\n'
    people = split(write(text)).train
    assert people.classes == ("0", "1")
    assert [c.name.strip() for c in people.columns] == ["a, b", "job"]
    assert people.columns[1].values == ("x, y", "z")


def test_a_long_column_has_one_type(write: Write) -> None:
    """Read in parts (of 8,192 rows for 64 columns), y would be numbers first and text last."""
    rest = ",0" * 63
    rows = [f"{i % 2 if i < 9000 else 'x'}{rest}\n" for i in range(12_000)]
    path = write("y," + ",".join(f"x{j}" for j in range(63)) + "\n" + "".join(rows))
    assert split(path).train.classes == ("0", "1", "x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"Expected .*people\.csv to be a table with a header line, got: No columns to parse"),
        ("age,y\n1,no\n2,no,3\n", r"with a header line, got: Error tokenizing data\. C error: Exp"),
        (
            "age,y\n1,no,3\n2,no,3\n",
            r"got: rows of more cells than the first line has names\. Give",
        ),
        (
            "age,y\n",
            r"Expected people or outcomes in .*people\.csv, got no rows\. Give a file with a row",
        ),
        (
            "age,y\n1,no\n",
            r"Expected between 2 and 1000 labels in column 'y' of .*, got 1\. Name a",
        ),
        (
            "y\nno\nyes\n",
            r"Expected at least one feature column in .*people\.csv, got none\. Drop fe",
        ),
    ],
)
def test_what_is_not_a_table_is_answered(text: str, message: str, write: Write) -> None:
    with pytest.raises(InputError, match=message):
        split(write(text))


def test_another_encoding_is_answered(write: Write) -> None:
    with pytest.raises(InputError, match=r"Expected .* to be a table .*'utf-8' codec can't decode"):
        split(write("âge,y\n1,no\n2,yes\n", encoding="latin-1"))


def test_a_file_that_is_not_there_is_answered(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"Expected path=.*none\.csv to be a readable file, got none"
    ):
        split(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(
        InputError, match=r"Expected path=.*folder\.csv to be a readable file, got no"
    ):
        split(tmp_path / "folder.csv")
    (tmp_path / "bad.parquet").write_bytes(b"bad")
    with pytest.raises(
        InputError, match=r"Expected .*bad\.parquet to be a table .*, got: .*Parquet"
    ):
        split(tmp_path / "bad.parquet")


# ----------------------------------------------------------------------------------- missing values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1,u,n\n,u,y\n3,u,n\n,u,n\n",
            r"got 2 missing or infinite values in column 'a' of .*row 1\. Fill or drop them first, "
            r"or leave the column out: drop=COLUMN",
        ),
        ("1,u,n\n2,u,y\n3,u,n\ninf,u,n\n", r"got 1 missing or infinite .*'a' .*in row 3\."),
        ("1,u,n\n2,,y\n3,u,n\n4,u,n\n", r"got 1 missing or infinite values in column 'b'"),
        ("1,u,n\n2,u,\n3,u,n\n4,u,n\n", r"Expected a value of 'y' for everyone, got 1 missing of"),
        ('1,u,n\n2,u," "\n3,u,n\n4,u,n\n', r"Expected a value of 'y' for everyone, got 1 missing"),
    ],
)
def test_a_missing_value_is_named(text: str, message: str, write: Write) -> None:
    with pytest.raises(InputError, match=message):
        split(write("a,b,y\n" + text))


def test_a_missing_group_is_named_and_can_be_dropped(write: Write) -> None:
    path = write("a,b,y\n1,u,n\n2,,y\n3,u,n\n4,u,n\n")
    with pytest.raises(
        InputError, match="Expected a value of 'b' for everyone, got 1 missing of 4"
    ):
        split(path, group="b")
    assert split(path, drop="b").train.x.shape[1] == 1


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean"])
def test_a_missing_value_in_parquet_is_named(dtype: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": pd.array([1, 0, None, 1], dtype=dtype), "y": list("nnyy")})
    frame.to_parquet(tmp_path / "f.parquet")
    with pytest.raises(
        InputError, match=r"got 1 missing or infinite values in column 'a' of .* row 2"
    ):
        split(tmp_path / "f.parquet")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"label": "Y"},
            r"Expected a known column of .*people\.csv, got 'Y'\. .*Known: age, job, me",
        ),
        ({"group": "jobs"}, r"got 'jobs'\. Did you mean job\? Known: age, job, member, y\."),
        ({"drop": "age+jobs"}, r"got 'jobs'\. Did you mean job\?"),
        ({"drop": "age+job+member"}, r"Expected at least one feature column in .*, got none"),
        ({"n": 10}, r"Expected n=10 between 1 and the 9 people there are"),
        ({"n": 0}, r"Expected n=0 between 1 and the 9 people there are"),
        (
            {"held_out": 0.01},
            r"Expected people on both sides of the split, got 12 people with held",
        ),
        ({"held_out": 1.5}, r"Expected held_out=1\.5 in \(0, 1\)\. Use a fraction such as 0\.25"),
    ],
)
def test_a_wrong_parameter_is_answered(
    parameters: dict[str, Any], message: str, write: Write
) -> None:
    with pytest.raises(InputError, match=message):
        split(write(), **parameters)


def test_a_quantity_is_no_label(write: Write) -> None:
    rows = "".join(f"{i},{i % 7}\n" for i in range(1001))
    message = (
        r"between 2 and 1000 labels in column 'y' of .*, got 1001\. Name a column of labels, or"
    )
    with pytest.raises(InputError, match=message):
        split(write("y,a\n" + rows))
    assert split(write("y,a\n" + rows.replace("1000,", "999,"))).train.k == 1000


def test_a_column_of_identifiers_is_refused() -> None:
    encode_features(pd.DataFrame({"id": [f"u{i}" for i in range(200)]}), "f")
    message = (
        r"at most 200 distinct values in the text column 'id', got 201\. Leave it out: drop=id"
    )
    with pytest.raises(InputError, match=message):
        encode_features(pd.DataFrame({"id": [f"u{i}" for i in range(201)]}), "f")


# ---------------------------------------------------------------------------------------- the split


def test_the_split_is_random_and_by_the_seed(write: Write) -> None:
    path, seen = write(), set()
    for seed in range(10):
        drawn = split(path, seed, held_out=0.25)
        train, held_out = (part.x[:, 0].tolist() for part in (drawn.train, drawn.held_out))
        assert (len(train), len(held_out)) == (9, 3)
        assert len(set(train + held_out)) == 12  # twelve ages: nobody is on both sides
        seen.add(tuple(held_out))
        assert split(path, seed).held_out.x.tolist() == drawn.held_out.x.tolist()
    assert len(seen) == 10
    assert len(split(path, n=4).train) == 4


def test_a_fingerprint_is_of_the_bytes(write: Write) -> None:
    path = write()
    first = file_fingerprint(str(path))
    assert first == file_fingerprint(str(write(CSV, "copy.csv")))
    write(CSV.replace("cook", "baker"))
    assert file_fingerprint(str(path)) != first


def test_a_file_that_changed_is_read_again(write: Write) -> None:
    assert "cook" in split(write(), group="job").train.groups
    assert "baker" in split(write(CSV.replace("cook", "baker")), group="job").train.groups


def test_real_people_of_a_bank(quorate_data: Path) -> None:
    """UCI Bank Marketing, separated by semicolons: counts as published with the data set."""
    path = quorate_data / "tabular" / "bank-full.csv"
    drawn = split(path, group="job")
    assert (len(drawn.train), len(drawn.held_out)) == (45_211 - 11_303, 11_303)
    assert drawn.train.classes == ("no", "yes")
    both = np.concatenate([drawn.train.y, drawn.held_out.y])
    assert np.bincount(both).tolist() == [39_922, 5_289]
    assert len(drawn.train.groups) == 12
    assert len(drawn.train.columns) == 16
    # 7 numbers, and 9 alphabets of 12, 3, 4, 2, 2, 2, 3, 12 and 4 values
    assert drawn.train.x.shape[1] == 7 + 44


def test_a_file_comes_back_as_a_data_frame_holds_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, 40),
            "income": rng.normal(40, 12, 40).round(2),
            "job": rng.choice(["nurse", "smith"], 40),
            "smoker": rng.random(40) < 0.5,
            "paid": rng.integers(0, 2, 40),
        }
    )
    frame.to_csv(tmp_path / "loans.csv", index=False)
    table = OwnTable(str(tmp_path / "loans.csv"), "paid").everyone()
    rows = given_of(table).rows(table.x)
    pd.testing.assert_frame_equal(rows, pd.read_csv(tmp_path / "loans.csv").drop(columns="paid"))
    assert given_of(table).labels(table.y).tolist() == frame["paid"].tolist()
