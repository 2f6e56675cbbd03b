"""Values in a plan as the user writes them: no other spelling of theirs is ever a new value."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quorate.errors import InputError
from quorate.planning import simulate as simulation
from quorate.planning.certify import Objective
from quorate.planning.member_column import MemberColumn, encode_column
from quorate.planning.members import read_members
from quorate.planning.plan import PlanRequest, make_plan
from quorate.populations.tables.table_format import TableFormat
from quorate.signals.columns import Columns
from quorate.strategies.planting import Planting

N = 400


@pytest.fixture(scope="module")
def countries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A third of the members are from NA, and none of these has the label yes."""
    country = np.array(["DE"] * 134 + ["FR"] * 134 + ["NA"] * 132)
    decision = np.where(country == "NA", "no", ["no", "yes"] * 200)
    rows = pd.DataFrame({"country": country, "decision": decision})
    path = tmp_path_factory.mktemp("plan") / "members.csv"
    rows.sample(frac=1, random_state=0).to_csv(path, index=False)
    return path


REQUEST = PlanRequest(
    label="decision", platform_size=10_000, target="yes", signal="country=NA", columns=("country",)
)


@pytest.mark.parametrize("new_values", [False, True])
@pytest.mark.parametrize("missing", [(), ("NA",)])
@pytest.mark.parametrize("signal", ["country=NA", 'country="NA"', "country= NA"])
def test_no_false_certificate_for_a_word(
    countries: Path, new_values: bool, missing: tuple[str, ...], signal: str
) -> None:
    """All 132 who carry the signal speak against it: nothing is certified."""
    asked = replace(REQUEST, signal=signal.replace('"', ""), new_values=new_values, missing=missing)
    plan = make_plan(countries, asked)
    assert plan.certified.carrying == 132
    assert plan.certified.best.success <= 0
    assert plan.certified.best.n_for_target is None or plan.certified.best.n_for_target > N
    said = " ".join(plan.notes)
    assert ("132 of them written 'NA'" if missing else "'NA' (132) count as values") in said


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (["NA", "DE"], "na"),
        (["New York", "Rome"], "new  york"),
        (["Web", "phone"], "WEB"),
        (["ｗｅｂ", "phone"], "web"),
        (["DE", None], "NA"),
        (["DE", None], "nan"),
        (["DE", ""], "null"),
        (["DE", " "], "?"),
        ([1.5, 2.5], "1,5"),
        ([1234, 5], "1,234"),
        ([1234, 5], "1.234,0"),
        ([*range(20)], "3,5"),
    ],
)
@pytest.mark.parametrize("new_values", [False, True])
def test_another_spelling_is_not_new(
    values: Sequence[object], written: str, new_values: bool
) -> None:
    rows = [values[i % len(values)] for i in range(40)]
    members = read_members(pd.DataFrame({"v": rows, "y": ["no", "yes"] * 20}), "y")
    with pytest.raises(InputError, match=r"Expected a known value of column 'v', got") as error:
        members.columns[0].code(written, new_values=new_values)
    assert "--new-values" not in str(error.value)


def test_the_same_value_in_other_words() -> None:
    rows = {"t": ["TRUE", "FALSE"] * 20, "n": [1.0, 2.0] * 20, "third": [1 / 3, 2 / 3] * 20}
    members = read_members(pd.DataFrame({**rows, "y": [1.0, 0.0] * 20}), "y")
    t, n, third = members.columns
    for new_values in (False, True):
        assert [t.code(v, new_values=new_values) for v in ("TRUE", "True", "true", True)] == [1] * 4
        assert [n.code(v, new_values=new_values) for v in ("1", "1.0", " 1", 1, "1e0")] == [0] * 5
        assert third.code(1 / 3, new_values=new_values) == 0
        assert third.code("0.3333333333333333", new_values=new_values) == 0
        assert n.code("7", new_values=True) == 2
    assert members.label("1") == members.label("1.0") == members.label(" 1.0") == 1


def test_nothing_is_a_missing_value() -> None:
    frame = pd.DataFrame({"n": [1.0, np.nan] * 4, "t": ["u", None] * 4, "y": ["no", "yes"] * 4})
    members = read_members(frame, "y")
    for column, values in zip(members.columns, (frame["n"], frame["t"]), strict=True):
        assert [column.code(value) for value in values] == members.codes[:, 0].tolist()


def test_a_value_that_two_could_be_is_asked_about() -> None:
    column = MemberColumn("v", ("1", "1.0", "x"))
    assert (column.code("1"), column.code("1.0")) == (0, 1)
    with pytest.raises(InputError, match=r"one value of column 'v' .* '1\.00', got 2: 1, 1\.0"):
        column.code("1.00", new_values=True)


def test_labels_that_members_have_are_not_added() -> None:
    frame = pd.DataFrame({"a": ["u", "v"] * 4, "y": ["1.0", "no"] * 4})
    assert read_members(frame, "y", labels=["1", "no ", "maybe"]).classes == ("1.0", "no", "maybe")
    with pytest.raises(InputError, match=r"got 'No'\. .*Members have 'no': write it so"):
        read_members(frame, "y", labels=["No"])


def test_numbers_that_agree_in_twelve_digits_have_names_of_their_own() -> None:
    series = pd.Series([1.0, 1.0000000000001, 1e13, 1e13 + 1])
    codes, column = encode_column(series, "a", 4, [])
    assert column.values == ("1", "1.0000000000001", "1e+13", "10000000000001.0")
    assert [column.code(value) for value in series] == codes.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("unit", [1e-320, 1e-310, 1e307])
def test_bins_of_huge_and_tiny_numbers(unit: float) -> None:
    numbers = np.arange(-17, 17) * unit
    notes: list[str] = []
    codes, column = encode_column(pd.Series(numbers), "a", 4, notes)
    assert len(column.edges) == 3
    assert np.isfinite(column.edges).all()
    assert np.bincount(codes).tolist() == pytest.approx([8, 9, 8, 9], abs=1)
    assert "nan" not in notes[0]


def test_numbers_that_differ_in_late_digits_are_asked_about() -> None:
    frame = pd.DataFrame({"t": 17 * 10**17 + np.arange(40), "y": ["no", "yes"] * 20})
    with pytest.raises(InputError, match=r"at most 15 digits in column 't', got 17000000000000000"):
        read_members(frame, "y")
    assert read_members(frame[::3], "y", how=TableFormat(text=("t",))).columns[0].edges == ()
    frame["t"] += 1000 * np.arange(40)
    assert len(set(read_members(frame, "y").columns[0].values)) == 4


@pytest.mark.parametrize("word", ["-9", "-9.0", -9])
def test_a_missing_number_is_missing_in_every_spelling(tmp_path: Path, word: object) -> None:
    ages = ["-9.0" if i % 5 == 0 else 20 + i % 17 for i in range(100)]
    frame = pd.DataFrame({"age": ages, "y": ["no", "yes"] * 50})
    frame.to_csv(tmp_path / "f.csv", index=False)
    frame.astype({"age": float}).to_parquet(tmp_path / "f.parquet")
    for name in ("f.csv", "f.parquet"):
        members = read_members(tmp_path / name, "y", how=TableFormat(missing=(str(word),)))
        (age,) = members.columns
        assert age.values[-1] == "missing"
        assert age.code(str(word), new_values=True) == age.code(-9, new_values=True) == 4
        assert "20 of 100 values are missing, 20 of them written '-9" in members.notes[1]


def test_an_infinite_number_is_named() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, None, np.inf], "y": ["no", "yes"] * 2})
    with pytest.raises(InputError, match=r"finite numbers in column 'a', got inf in row 3\."):
        read_members(frame, "y")


def test_a_simulation_takes_the_target_as_written() -> None:
    frame = pd.DataFrame({"c": ["u", "v"] * 40, "y": ["TRUE", "FALSE", "FALSE", "TRUE"] * 20})
    members = read_members(frame, "y")
    objective = Objective({"c": " u"}, "true", 800)
    assert simulation._why_not(members, objective) == ""
    strategy = simulation._strategy(members, objective)
    assert isinstance(strategy, Planting)
    assert strategy.target == "=TRUE"
    assert strategy.signal == Columns({"=c": "=u"})


@pytest.mark.parametrize("quotes", ['"{}"', "'{}'", "\u201c{}\u201d", ' "{}" '])
def test_a_value_in_quotes_is_not_new(quotes: str) -> None:
    column = MemberColumn("country", ("DE", "NA", "missing"), missing="missing")
    for word, known in (("NA", "NA"), ("", "missing"), ("n/a", "missing")):
        for new_values in (False, True):
            with pytest.raises(InputError, match=f"Expected a known value .*{known!r}"):
                column.code(quotes.format(word), new_values=new_values)
    assert MemberColumn("name", ("'NA'", "NA")).code("'NA'") == 0


def test_a_column_that_is_named_twice_counts_once() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "y": ["no", "yes"] * 2})
    assert [one.name for one in read_members(frame, "y", columns=["a", "a"]).columns] == ["a"]


@pytest.mark.parametrize("source", [[1, 2], {"y": [1]}, np.zeros((2, 2)), pd.Series([1, 2]), None])
def test_what_is_no_frame_is_answered(source: object) -> None:
    with pytest.raises(InputError, match=r"Expected a path or a pandas frame, got .*DataFrame"):
        read_members(source, "y")


@pytest.mark.parametrize(
    ("values", "given", "known"),
    [
        (("FALSE", "TRUE", "missing"), "no", "FALSE"),
        (("no", "yes"), "0", "no"),
        (("n", "y"), "YES", "y"),
    ],
)
def test_a_truth_value_in_other_words_is_not_new(
    values: tuple[str, ...], given: str, known: str
) -> None:
    column = MemberColumn("member", values, missing="missing" if "missing" in values else None)
    with pytest.raises(InputError, match=f"Members have {known!r}: write it so"):
        column.code(given, new_values=True)


@pytest.mark.parametrize(("values", "given"), [(("FALSE", "TRUE"), "1"), (("0", "1"), "True")])
def test_true_and_one_are_the_same_value(values: tuple[str, ...], given: str) -> None:
    assert MemberColumn("member", values).code(given, new_values=True) == 1


def test_a_word_beside_others_than_truth_values_is_new() -> None:
    assert MemberColumn("answer", ("no", "perhaps", "yes")).code("1", new_values=True) == 3
    assert MemberColumn("answer", ("no",)).code("yes", new_values=True) == 1


@pytest.mark.parametrize("given", ["1e309", "-inf", "Infinity"])
def test_an_infinite_number_is_not_new(given: str) -> None:
    column = MemberColumn("age", ("below 30", "30 or more"), (30.0,), (20.0, 60.0))
    with pytest.raises(InputError, match="Write it as a plain number"):
        column.code(given, new_values=True)


def test_as_many_bins_as_fill_the_memory_are_refused() -> None:
    frame = pd.DataFrame({"a": range(40), "y": ["no", "yes"] * 20})
    with pytest.raises(InputError, match=r"Expected bins=1e\+12 in \[2, 1000\]"):
        read_members(frame, "y", bins=10**12)
