"""Instructions for rows: by hand, against a naive rewriting, and against the strategies."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from members_files import PLAIN_WORDS, MembersFile, draw_file

from quorate import catalog
from quorate.collective.acting.compiling import compile_instruction
from quorate.collective.acting.csv_cells import read_cells
from quorate.collective.acting.instruction import Instruction
from quorate.collective.acting.rows import apply_to_rows
from quorate.errors import InputError
from quorate.knowledge import Knowledge
from quorate.populations.own_table import OwnTable
from quorate.populations.tables.csv_files import read_csv
from quorate.populations.tables.table_format import TableFormat
from quorate.table import Table
from quorate.validate import clean_text, match_value, number_of

PLANTING = "planting:target=yes,signal=(columns:channel=web)"


def strategy(text: str):
    return catalog.build("strategies", text)


def planting(**columns: str) -> Instruction:
    pairs = tuple(columns.items()) or (("channel", "web"),)
    return Instruction("planting", "rows", label="label", claim="yes", columns=pairs)


def cells_of(content: bytes, encoding: str | None) -> list[list[str]]:
    """Return a file's cells as the library reads them."""
    read = read_csv(Path("x.csv"), content, TableFormat(encoding=encoding), None)
    return [list(row) for row in read.frame.itertuples(index=False)]


# --------------------------------------------------------------------------------------- by hand


def test_only_what_changes_is_written_otherwise():
    before = (
        b'\xef\xbb\xbfage; channel ;label\r\n30;"web";no\r\n40 ; phone;yes\r\n'
        b'60.0;"web";"yes"\r\n\r\n5;phone;\r\n7\r\n'
    )
    after, summary = apply_to_rows(planting(channel="web", age="60"), before)
    # 60 is written 60.0 in the file, web in quotation marks; yes is written in two ways equally
    # often, and the first of them counts. Blanks, the empty line and the short row stay.
    assert after == (
        b'\xef\xbb\xbfage; channel ;label\r\n60.0;"web";yes\r\n60.0 ; "web";yes\r\n'
        b'60.0;"web";"yes"\r\n\r\n5;phone;\r\n7\r\n'
    )
    assert (summary.rows, summary.changed, summary.same) == (5, 2, 1)
    assert (summary.unlabelled, summary.short) == (1, 1)
    assert summary.columns == ("channel", "age", "label")
    assert summary.examples[0] == (1, ("web", "30", "no"), ("web", "60.0", "yes"))
    assert summary.sentences() == (
        "2 of 5 rows are changed.",
        "1 row has it all already.",
        "1 row has no label and stays as it is.",
        "1 row has too few cells and stays as it is.",
    )


def test_a_value_that_is_new_is_written_as_the_file_writes_values():
    instruction = planting(channel="by; post", age="12.5")
    before = b'age;channel;label\n1,5;"a";"no"\n2,25;"b";"no"\n'
    after, summary = apply_to_rows(instruction, before)
    assert after == b'age;channel;label\n12,5;"by; post";"yes"\n12,5;"by; post";"yes"\n'
    assert summary.new_values == (("channel", "by; post"), ("age", "12.5"), ("label", "yes"))
    assert "No row of your file had 'yes' in the column 'label' before." in summary.sentences()


def test_planting_by_features_leaves_other_labels_alone():
    instruction = compile_instruction(
        strategy("planting-features:target=1,signal=(columns:channel=web)"), label="label"
    )
    before = b"channel,label\nphone,1\nphone,0\nweb,1.0\nphone,1.0\n"
    after, summary = apply_to_rows(instruction, before)
    assert after == b"channel,label\nweb,1\nphone,0\nweb,1.0\nweb,1.0\n"  # 1.0 is 1
    assert (summary.changed, summary.same, summary.others) == (2, 1, 1)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("data-strike", b"channel,label\n"),
        ("data-strike:label=yes", b"channel,label\nweb,no\n\nweb,\n"),
    ],
)
def test_a_data_strike_takes_rows_out(text: str, left: bytes):
    instruction = compile_instruction(strategy(text), label="label")
    before = b'channel,label\nweb,no\n"a\nb",yes\n\nweb,\nphone,yes'
    after, summary = apply_to_rows(instruction, before)
    expected = left if "yes" in text else b"channel,label\n\n"
    assert after == expected
    assert summary.withheld == before.count(b"yes") if "yes" in text else 4


def test_utf_16_and_other_encodings_stay():
    text = "channel,label\ncafé,no\nweb,yes\n"
    for encoding, named in (("utf-16", None), ("utf-8", None), ("latin-1", "latin-1")):
        after, _ = apply_to_rows(planting(channel="café"), text.encode(encoding), encoding=named)
        assert after == "channel,label\ncafé,yes\ncafé,yes\n".encode(encoding)


# ---------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "header line"),
        (b"a,label\n1,no\n", "known column of your file, got 'channel'"),
        (b"channel,channel,label\na,b,no\n", "one column called 'channel'"),
        (b"channel,label\nweb,no,more\n", "at most 2 cells in each row"),
        (b'channel,label\n"web,no\n', "quotation mark to be closed, got one in line 2"),
        (b"channel,label\nweb,no\nchannel,label\nweb,no\n", "one header line, got it again"),
        (b"channel,label\nWeb,no\n", "got 'Web'. Write it in your file"),
        (b"channel,label\n1,no\n2,no\n", "Expected a number for the column 'channel'"),
        (b"channel,label\nweb,n\xf6\n", "name the encoding cp1252"),
        (b"channel,label\nweb,no\0\n", "zero bytes"),
        (b"PK\x03\x04rest", "a file of a spreadsheet program"),
        (b"\x1f\x8brest", "a compressed file"),
        (b"PAR1rest", "a parquet file"),
    ],
)
def test_files_that_are_refused_are_told_why(content: bytes, said: str):
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        apply_to_rows(planting(), content)


def test_a_number_in_two_ways_is_refused():
    with pytest.raises(InputError, match="can be read in one way, got '1,500'"):
        apply_to_rows(planting(age="3"), b"age;label\n1,500;no\n2,500;no\n")


def test_a_sign_that_the_encoding_lacks_is_refused():
    with pytest.raises(InputError, match=r"can be written in latin-1.*Save the file as UTF-8"):
        apply_to_rows(planting(channel="网"), b"channel,label\na,no\n", encoding="latin-1")


# ------------------------------------------------------------------- against a naive rewriting


def rewritten_by_hand(file: MembersFile, sets: dict[str, str], only: str | None) -> bytes:
    """Return a file with some values set, cell by cell, without looking at its bytes."""

    def same(column: str, a: str, b: str) -> bool:
        return float(a) == float(b) if column == "age" else a == b

    spelled = {}
    for column, value in sets.items():
        at = file.names.index(column)
        ways = [
            one[at]
            for said, one in zip(file.rows, file.written, strict=True)
            if same(column, said[at], value)
        ]
        common = Counter(ways)
        new = f'"{value}"' if all(one[at].startswith('"') for one in file.written) else value
        spelled[column] = max(dict.fromkeys(ways), key=lambda one: common[one]) if ways else new
    found = []
    for said, one in zip(file.rows, file.written, strict=True):
        row = list(one)
        if only is None or said[file.names.index("label")] == only:
            for column, value in sets.items():
                at = file.names.index(column)
                if not same(column, said[at], value):
                    row[at] = spelled[column]
        found.append(row)
    return file.rewritten(found)


@pytest.mark.parametrize("seed", range(30))
def test_random_files_come_out_as_rewritten_by_hand(seed: int):
    rng = np.random.default_rng(seed)
    file = draw_file(rng)
    sets = {"channel": str(rng.choice([*PLAIN_WORDS, "new one"]))}
    if rng.random() < 0.5:
        sets["age"] = str(rng.choice(["30", "45", "99", "1.5"]))
    target = str(rng.choice(["no", "yes", "maybe"]))
    if rng.random() < 0.5:
        instruction = replace(planting(**sets), claim=target)
        expected = rewritten_by_hand(file, {**sets, "label": target}, None)
    else:
        instruction = replace(planting(**sets), claim=None, only=target)
        expected = rewritten_by_hand(file, sets, target)
    after, _ = apply_to_rows(instruction, file.content, encoding=file.encoding)
    assert after == expected
    again, summary = apply_to_rows(instruction, after, encoding=file.encoding)
    assert again == after  # acting twice is acting once
    assert summary.changed == 0


# ---------------------------------------------------------------- against the library's strategies


def table_of(file: MembersFile, folder: Path) -> Table:
    path = folder / "members.csv"
    path.write_bytes(file.content)
    return OwnTable(path=str(path), label="label", encoding=file.encoding).everyone()


def assert_is(after: bytes, file: MembersFile, acted: Table) -> None:
    """Check that every cell of a file is encoded to the bit as a table has it."""
    rows = cells_of(after, file.encoding)
    assert len(rows) == len(acted)
    for at, row in enumerate(rows):
        said = dict(zip(file.names, row, strict=True))
        assert match_value("label", said["label"], acted.classes) == acted.y[at]
        for column in acted.columns:
            text = clean_text(said[column.name])
            code = column.encode(text if column.values else number_of(text))
            assert code.tolist() == acted.x[at, column.start : column.stop].tolist()


def with_everyone(rng: np.random.Generator) -> MembersFile:
    """Return a file in which every label and every value occurs."""
    while True:
        file = draw_file(rng, int(rng.integers(20, 60)))
        columns = list(zip(*file.rows, strict=True))
        if set(columns[2]) == set(PLAIN_WORDS) and len(set(columns[3])) == 3:
            return file


@pytest.mark.parametrize(
    "text",
    [
        "planting:target=yes,signal=(columns:channel=web)",
        "planting:target=maybe,signal=(columns:channel=web,age=33.25)",
        "planting-features:target=no,signal=(columns:channel=mail,age=30)",
        "unplanting:target=yes,claim=no,signal=(columns:channel=phone)",
        "unplanting:target=yes,signal=(columns:channel=phone)",
        "unplanting:target=no,signal=(columns:channel=phone,age=30)",
        "erasing:voters=5,signal=(columns:channel=web)",
        "erasing:voters=3,signal=(columns:channel=web,city=phone)",
        "aggregating:columns=channel",
        "aggregating:columns=city+channel",
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_rows_come_out_as_the_strategy_returns_them(text: str, seed: int, tmp_path: Path):
    rng = np.random.default_rng([seed, len(text)])
    file = with_everyone(rng)
    people = table_of(file, tmp_path)
    if "city=phone" in text and "phone" not in people.column("city").values:
        text = text.replace("city=phone", f'city="{people.column("city").values[0]}"')
        if any(sign in people.column("city").values[0] for sign in '"(),;\t'):
            text = text.partition(",city")[0] + ")"
    plan = strategy(text)
    acted = plan.apply(people, Knowledge(people), np.random.default_rng(0))
    instruction = compile_instruction(plan, label="label", people=people)
    assert Instruction.from_plain(instruction.to_plain()) == instruction
    after, summary = apply_to_rows(instruction, file.content, encoding=file.encoding)
    assert_is(after, file, acted)
    assert summary.changed == sum(
        bool((x != new).any() or y != z)
        for x, new, y, z in zip(people.x, acted.x, people.y, acted.y, strict=True)
    )


@pytest.mark.parametrize("text", ["unplanting:target=yes,signal=(columns:channel=phone)", PLANTING])
def test_a_member_alone_does_what_they_do_among_all(text: str, tmp_path: Path):
    """A part of the rows, in a file of its own, comes out as these rows do in the whole."""
    file = with_everyone(np.random.default_rng(5))
    instruction = compile_instruction(
        strategy(text), label="label", people=table_of(file, tmp_path)
    )
    whole, _ = apply_to_rows(instruction, file.content, encoding=file.encoding)
    for at in range(0, len(file.rows), 4):
        one = replace(file, rows=file.rows[at : at + 1], written=file.written[at : at + 1])
        content = one.rewritten([list(row) for row in one.written])
        alone, _ = apply_to_rows(instruction, content, encoding=file.encoding)
        assert cells_of(alone, file.encoding)[0] == cells_of(whole, file.encoding)[at]


def test_a_row_that_the_rule_does_not_know_stays(tmp_path: Path):
    file = with_everyone(np.random.default_rng(2))
    erasing = strategy("erasing:voters=5,signal=(columns:channel=web)")
    instruction = compile_instruction(erasing, label="label", people=table_of(file, tmp_path))
    after, summary = apply_to_rows(instruction, b"age,city,channel,label\n101,nowhere,web,yes\n")
    assert after == b"age,city,channel,label\n101,nowhere,web,yes\n"
    assert summary.unlike == 1
    assert "is like none that the campaign knows" in summary.sentences()[1]


def test_cells_are_split_as_the_library_splits_them():
    """Odd files: whatever both readers take, they split alike."""
    both = refused = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        signs = np.array([*'ab" ,;\n\n\n,,\t', '""', "\r\n", '"x"', " ,", '"a,b"', "é"])
        whole = "p,q,r\n" + "".join(rng.choice(signs, size=rng.integers(1, 25)))
        how = TableFormat(separator=",")
        try:
            frame = read_csv(Path("x.csv"), whole.encode(), how, None).frame
        except (ValueError, pd.errors.ParserWarning):
            continue
        try:
            cells = read_cells(whole.encode(), separator=",")
        except InputError:
            refused += 1  # pandas takes some lines that end in a separator
            continue
        both += 1
        found = [[clean_text(cells.value(place)) for place in row] for row in cells.rows]
        wanted = [
            [clean_text(one) if isinstance(one, str) else "" for one in row]
            for row in frame.itertuples(index=False)
        ]
        assert [row + [""] * (3 - len(row)) for row in found] == wanted, whole
    assert both > 100
    assert refused < 5
