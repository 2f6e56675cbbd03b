"""A saved index is nothing to learn from: left out and named, whatever it is called."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from quorate import catalog
from quorate.errors import InputError
from quorate.planning.members import read_members
from quorate.planning.plan import PlanRequest, make_plan
from quorate.populations.tables.table_format import TableFormat
from quorate.table import Table

N = 40
AGES = [20 + i * 7 % 31 for i in range(N)]


def people_of(path: Path, **given: Any) -> Table:
    plain = {"name": "table", "path": str(path), "label": "y", **given}
    return catalog.build("populations", plain).split(np.random.default_rng(0)).train


def frame_of(name: str, values: Sequence[Any]) -> pd.DataFrame:
    """Rows sorted by label, so that a number of the row tells it."""
    return pd.DataFrame({name: values, "age": AGES, "y": ["no"] * 20 + ["yes"] * 20})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("", range(N)),
        ("Unnamed: 0", range(N)),
        ("Unnamed: 0.1", range(0, 3 * N, 3)),
        ("X.1", range(0, 3 * N, 3)),
        ("", [f"row {i}" for i in range(N)]),
        ("index", range(N, 0, -1)),
        ("Index", [i * 17 % N for i in range(N)]),
        ("__index_level_0__", range(N)),
        ("id", [f"u{i}" for i in range(N)]),
        ("row_id", range(1000, 1000 + N)),
        ("customer_id", range(1000, 1000 + 3 * N, 3)),
        ("PassengerId", [i * 17 % N for i in range(N)]),
        ("Nr.", range(1, N + 1)),
        ("index", [*range(N // 2), *range(N // 2)]),
        ("", [*range(1, N // 2 + 1), *range(1, N // 2 + 1)]),
        ("lfd", range(N)),
        ("counter", range(1, N + 1)),
        ("counter", [float(i) for i in range(N)]),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_numbers_the_rows_is_left_out(
    kind: str, name: str, values: Sequence[Any], tmp_path: Path
) -> None:
    path, frame = tmp_path / f"f.{kind}", frame_of(name, values)
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    people, members = people_of(path), read_members(path, "y")
    assert [column.name for column in people.columns] == ["age"]
    assert [column.name for column in members.columns] == ["age"]
    called = name or "Unnamed: 0"
    for notes in (people.notes, members.notes):
        assert any(repr(called) in one and "is left out" in one for one in notes)
    with pytest.raises(InputError, match=r"as a saved index does, and is left out.* say keep="):
        people.column(called)
    kept = people_of(path, keep=called)
    assert [column.name for column in kept.columns] == [called, "age"]
    how = TableFormat(keep=(called,), text=(called,))
    assert how.say("keep", called)
    assert read_members(path, "y", columns=[called, "age"]).position(called) == 0


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("income", [i * 2 for i in range(N)]),
        ("score", [*range(N - 1), 7]),
        ("index", [1.5 + i for i in range(N)]),
        ("index", [100, 101] * 20),
        ("index", [0, 1] * 20),
        ("id", [7] * N),
        ("rank", range(N, 0, -1)),
        ("paid", [i * 3 for i in range(N)]),
        ("x", [i * 3 for i in range(N)]),
        ("x.1", [i * 3 for i in range(N)]),
        ("X.2", [0.5 + i for i in range(N)]),
        ("X.2", [3, 4] * 20),
    ],
)
def test_what_does_not_number_the_rows_is_kept(
    name: str, values: Sequence[Any], tmp_path: Path
) -> None:
    frame_of(name, values).to_csv(tmp_path / "f.csv", index=False)
    assert people_of(tmp_path / "f.csv").column(name).name == name
    assert read_members(tmp_path / "f.csv", "y").position(name) == 0


def test_a_label_or_a_group_is_never_left_out(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    frame_of("id", [i % 2 for i in range(N)]).assign(index=range(N)).to_csv(path, index=False)
    people = people_of(path, group="index")
    assert [column.name for column in people.columns] == ["id", "age", "index"]
    assert people_of(path, label="id").classes == ("0", "1")


def test_a_column_without_a_name_that_is_no_index_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    frame_of("", ["u", "v"] * 20).to_csv(path, index=False)
    for read in (people_of, lambda path: read_members(path, "y")):
        with pytest.raises(InputError, match=r"a name for every column .* 'Unnamed: 0'\..*drop="):
            read(path)
    assert people_of(path, drop="Unnamed: 0").x.shape[1] == 1
    assert people_of(path, keep="Unnamed: 0").x.shape[1] == 3


def test_separators_at_the_ends_of_lines_make_no_column(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    text = frame_of("income", AGES[::-1]).to_csv(index=False)
    path.write_text(text.replace("\n", ",\n"))
    people = people_of(path)
    assert [column.name for column in people.columns] == ["income", "age"]
    assert people.notes == ("Column 'Unnamed: 3' is empty, and left out.",)


def test_a_frame_is_taken_as_it_is_but_for_a_saved_index() -> None:
    frame = frame_of("Unnamed: 0", range(N)).assign(counter=range(N))
    assert [column.name for column in read_members(frame, "y").columns] == ["age", "counter"]


def test_a_search_never_proposes_a_row_number(tmp_path: Path) -> None:
    frame_of("", range(N)).to_csv(tmp_path / "f.csv", index=False)
    request = PlanRequest(label="y", platform_size=1000, target="yes", suggest=3)
    plan = make_plan(tmp_path / "f.csv", request)
    assert plan.suggestions is not None
    assert {name for one in plan.suggestions.items for name in one.signal} == {"age"}
    assert any("'Unnamed: 0'" in note and "--keep" in note for note in plan.notes)
