"""Tables of any content are read or refused in one sentence, and names stay as they are written."""

import contextlib
import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate import catalog
from quorate.errors import InputError
from quorate.planning.members import read_members
from quorate.validate import clean_text, number_of, truth_of

WORDS = [
    "NA",
    "nan",
    "",
    " ",
    "1",
    "1.0",
    "1,5",
    "1.234",
    "1,234",
    "1e308",
    "-0",
    "inf",
    "5%",
    "$5",
]
WORDS += [
    "TRUE",
    "false",
    "yes",
    "yes ",
    "Yes",
    "\u00a0",
    "−3",
    "1 000",
    "٣",
    "=1",
    "'",
    '"',
    ";",
    "\t",
]
CELLS = st.one_of(st.sampled_from(WORDS), st.text(max_size=6), st.floats().map(str))


def write(folder: Path, rows: list[list[str]], encoding: str = "utf-8") -> Path:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path = folder / "people.csv"
    path.write_bytes(text.getvalue().encode(encoding, "ignore"))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=2, max_size=30), st.text(max_size=5))
def test_any_cells_are_read_or_refused(
    folder: Path, cells: list[tuple[str, str]], header: str
) -> None:
    rows = [[header, "b", "y"], *([a, b, "ny"[i % 2]] for i, (a, b) in enumerate(cells))]
    path = write(folder, rows)
    for read in (
        lambda: catalog.build(
            "populations", {"name": "table", "path": str(path), "label": "y", "held_out": 0.5}
        ).split(np.random.default_rng(0)),
        lambda: read_members(path, "y"),
    ):
        with contextlib.suppress(InputError):
            read()


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5).filter(
    lambda text: clean_text(text) == text and text != "" and number_of(text) is None
)


@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES, min_size=2, max_size=8, unique=True))
def test_names_are_kept_and_found_as_they_are_written(folder: Path, names: list[str]) -> None:
    """Also NA, None, and names that look like others but for their case."""
    if all(truth_of(name) is not None for name in names):
        return
    path = write(folder, [["a", "y"], *(["u", name] for name in names * 2)])
    members = read_members(path, "y")
    assert members.classes == tuple(sorted(names))
    assert [members.classes[members.label(name)] for name in names] == names
    assert members.labels.tolist() == [members.classes.index(name) for name in names * 2]


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(folder: Path, content: bytes) -> None:
    path = folder / "people.csv"
    for start in (b"", b"a,y\n1,n\n2,y\n", b"PAR1", b"\x1f\x8b", b"\xff\xfe"):
        path.write_bytes(start + content)
        with contextlib.suppress(InputError):
            read_members(path, "y")
