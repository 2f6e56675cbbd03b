"""People's data as they gave them, read back from features."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.given import Given, GivenPixels, given_of
from quorate.given_column import GivenColumn, simplest
from quorate.populations.tables.table_files import standardised
from quorate.table import Column, Split, Submission, Table

AGE = Column("age", 0, mean=40.3, scale=9.7)
JOB = Column("job", 1, ("nurse", "smith"))


def encoded(values: np.ndarray, column: Column) -> np.ndarray:
    """Numbers as features, the way reading a table does it: in 64 bits, then in 32."""
    return ((values.astype(np.float64) - column.mean) / column.scale).astype(np.float32)


def a_number(values: pd.Series, column: Column = AGE) -> GivenColumn:
    distinct = values.drop_duplicates().sort_values().reset_index(drop=True)
    return GivenColumn(column.name, column, distinct, encoded(distinct.to_numpy(), column))


def people(ages: pd.Series) -> Table:
    """People with these ages, nurses and smiths in turn, labelled 0 and 1 in turn."""
    n = len(ages)
    x = np.zeros((n, 3), np.float32)
    x[:, 0] = encoded(ages.to_numpy(), AGE)
    x[np.arange(n), 1 + np.arange(n) % 2] = 1
    y = np.arange(n) % 2
    job = GivenColumn("job", JOB, pd.Series(["nurse", "smith"], dtype="category"))
    how = Given(("0", "1"), pd.Series([0, 1]), (a_number(ages), job), label="ill")
    return Table(x, y, ("0", "1"), columns=(AGE, JOB), given=how)


def test_numbers_come_back_with_their_type_and_names_as_categories() -> None:
    table = people(pd.Series([18, 44, 18, 97]))
    frame = given_of(table).rows(table.x)
    assert frame["age"].tolist() == [18, 44, 18, 97]
    assert frame["age"].dtype == np.int64
    assert frame["job"].tolist() == ["nurse", "smith", "nurse", "smith"]
    assert frame["job"].dtype == "category"
    labels = given_of(table).labels(table.y)
    assert (labels.tolist(), labels.dtype, labels.name) == ([0, 1, 0, 1], np.int64, "ill")


@drawn(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=40, unique=True),
    st.randoms(use_true_random=False),
)
def test_what_stood_in_the_data_comes_back_after_a_split(values: list[float], random) -> None:
    ages = pd.Series(values)
    table = people(ages)
    order = list(range(len(values)))
    random.shuffle(order)
    train, held_out = np.split(np.array(order), [1 + len(values) // 2])
    split = standardised(Split(table.take(train), table.take(held_out)))
    for part, rows in ((split.train, train), (split.held_out, held_out)):
        read = given_of(part).rows(part.x)["age"].tolist()
        codes = dict[float, set[float]]()  # whoever has a feature, of everyone as encoded now
        everyone = standardised(Split(table.take(train), table)).held_out
        for value, code in zip(ages, everyone.x[:, 0], strict=True):
            codes.setdefault(float(code), set()).add(value)
        for value, found, code in zip(ages[rows], read, part.x[:, 0], strict=True):
            assert found in codes[float(code)]
            assert found == value or len(codes[float(code)]) > 1


@pytest.mark.parametrize(("mean", "scale"), [(40.3, 9.7), (0.0, 1.0), (-1e6, 1234.5), (0.1, 1e-7)])
@pytest.mark.parametrize("planted", [60, 60.5, 0.1, -3, 1e-9, 123456, 0])
def test_a_planted_number_is_read_as_the_simplest(
    mean: float, scale: float, planted: float
) -> None:
    column = Column("age", 0, mean=mean, scale=scale)
    code = column.encode(planted)
    (found,) = simplest(code, column).tolist()
    assert column.encode(found) == code
    assert len(repr(found).strip("0.")) <= len(repr(float(planted)).strip("0."))


def test_a_planted_number_keeps_whole_numbers_whole_where_it_is_whole() -> None:
    table = people(pd.Series([18, 44, 18, 97]))
    split = standardised(Split(table, table))
    for planted, dtype in ((60, np.int64), (60.5, np.float64)):
        x = split.train.x.copy()
        x[1, 0] = split.train.columns[0].encode(planted)[0]
        frame = given_of(split.train).rows(x)
        assert frame["age"].tolist() == [18, planted, 18, 97]
        assert frame["age"].dtype == dtype


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "Int64", "Float64"])
def test_types_of_numbers_are_kept(dtype: str) -> None:
    ages = pd.Series([18, 44, 97], dtype=dtype)
    table = people(ages)
    pd.testing.assert_series_equal(given_of(table).rows(table.x)["age"], ages, check_names=False)
    x = table.x.copy()
    x[0, 0] = AGE.encode(60)[0]
    assert given_of(table).rows(x)["age"].dtype == dtype
    x[0, 0] = AGE.encode(-3)[0]
    assert given_of(table).rows(x)["age"].tolist() == [-3, 44, 97]


def test_a_missing_number_comes_back_as_missing() -> None:
    gaps = Column("age is missing", 1, ("no", "yes"))
    known = GivenColumn("age", AGE, pd.Series([18.0, 97.0, np.nan]), AGE.encode(18), gaps)
    known = replace(known, codes=np.concatenate([AGE.encode(18), AGE.encode(97)]))
    how = Given(("0", "1"), np.array([0, 1]), (known,))
    x = np.array([[0, 0, 1], [*AGE.encode(97), 1, 0], [*AGE.encode(60), 1, 0]], np.float32)
    table = Table(x, np.array([0, 1, 1]), ("0", "1"), columns=(AGE, gaps), given=how)
    frame = given_of(table).rows(x)
    assert list(frame) == ["age"]
    np.testing.assert_array_equal(frame["age"], [np.nan, 97, 60])
    # Elsewhere among the features, and on another scale: its values are found by arithmetic.
    moved = replace(AGE, start=2, mean=0.0, scale=1.0), replace(gaps, start=0)
    x = np.array([[0, 1, 0], [1, 0, 33]], np.float32)
    table = Table(x, np.array([0, 1]), ("0", "1"), columns=moved, given=how)
    np.testing.assert_array_equal(given_of(table).rows(x)["age"], [np.nan, 33])


def test_arrays_come_back_as_arrays() -> None:
    values = np.array([18, 97])
    known = GivenColumn("0", AGE, values, encoded(values, AGE))
    how = Given(("0", "1"), np.array([False, True]), (known,), form="array")
    table = Table(known.codes[:, None], np.array([0, 1]), ("0", "1"), columns=(AGE,), given=how)
    rows, labels = given_of(table).rows(table.x), given_of(table).labels(table.y)
    assert (rows.tolist(), rows.dtype) == ([[18], [97]], np.int64)
    assert (labels.tolist(), labels.dtype) == ([False, True], bool)


def test_strategies_and_sub_tables_keep_how_data_were_given() -> None:
    table = people(pd.Series([18, 44, 18, 97]))
    member = np.array([False, True, False, True])
    changed = table.take(member).relabelled(np.array([0, 0]))
    mixed = Submission(table, changed, member).mixed()
    frame = given_of(mixed).rows(mixed.x)
    assert frame["age"].tolist() == [18, 44, 18, 97]
    assert given_of(mixed).labels(mixed.y).tolist() == [0, 0, 0, 0]


def test_columns_that_were_taken_out_or_labels_that_changed_are_not_made_up() -> None:
    table = people(pd.Series([18, 44, 18, 97]))
    less = replace(table, x=table.x[:, :1], columns=(AGE,), classes=("old", "young"))
    assert list(given_of(less).rows(less.x)) == ["age"]
    assert given_of(less).labels(less.y).tolist() == ["old", "young", "old", "young"]
    bare = replace(table, columns=())
    assert given_of(bare).rows(bare.x) is bare.x


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (GivenPixels(), np.float32([[[[0, 1]]]])),
        (GivenPixels(0, 255, "uint8", "hwc"), np.uint8([[[[0], [255]]]])),
        (GivenPixels(-1, 1, "float64", "hw"), np.float64([[[-1, 1]]])),
    ],
)
def test_pictures_come_back_with_their_axes_scale_and_type(how: GivenPixels, expected) -> None:
    x = np.float32([[[[0, 1]]]])  # (n, c, h, w)
    given = Given(("0", "1"), np.array([0, 1]), pixels=how)
    table = Table(x, np.array([0]), ("0", "1"), given=given)
    found = given_of(table).rows(x)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "answers",
    [[0, 1, 1], [0.0, 1.0, 1.0], [False, True, True], ["0", "1", "1"], np.array([[0], [1], [1]])],
)
def test_answers_are_read_as_people_write_labels(answers: object) -> None:
    how = Given(("0", "1"), np.array([0, 1]))
    assert how.read_labels(answers).tolist() == [0, 1, 1]
    how = Given(("0.0", "1.0"), np.array([0.0, 1.0]))
    assert how.read_labels(answers).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (["maybe"], r"Expected labels among no, yes from the model, got 'maybe'\. Return labels"),
        (
            [[0.2, 0.8]],
            r"Expected one label a row from the model, got shape \(1, 2\)\. .* not prob",
        ),
        ([float("nan")], r"got nan"),
    ],
)
def test_answers_that_are_no_labels_are_refused(answers: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Given(("no", "yes"), np.array(["no", "yes"], dtype=object)).read_labels(answers)
