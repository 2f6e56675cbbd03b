"""Applying an instruction to a CSV file: what is not changed keeps every byte.

The page does the same in the browser: ``web/static/acting_rows.js``. Both are tested against the
strategies of the library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from quorate.collective.acting.column_texts import ColumnTexts, Key, number_in_text
from quorate.collective.acting.csv_cells import CsvCells, Place, read_cells, unquoted
from quorate.collective.acting.instruction import Instruction
from quorate.collective.acting.matching import Matcher
from quorate.collective.acting.summary import RowsSummary
from quorate.errors import InputError
from quorate.validate import clean_text, unknown

_NOWHERE: Place = (0, 0)  # of a cell that a short row does not have
EXAMPLES = 5  # rows that are shown before and after


def apply_to_rows(
    instruction: Instruction,
    content: bytes,
    *,
    encoding: str | None = None,
    separator: str | None = None,
) -> tuple[bytes, RowsSummary]:
    """Return a member's CSV file as they hand it in, and what was done to it.

    Cells that are not changed keep their text, quotation marks, blanks and line ends; a changed one
    is written as the file mostly writes that value. The rows come out as ``Strategy.apply`` returns
    them for the same people.

    Args:
        instruction: what is done.
        content: the file.
        encoding, separator: as in ``read_cells``.

    Raises:
        InputError: the file is no CSV file, lacks a column, or has a value that can be read in two
            ways; the message says how to mend it.
    """
    if instruction.data != "rows":
        raise InputError(
            "Expected an instruction for rows of a table, got one for pictures. Give a picture."
        )
    cells = read_cells(content, encoding=encoding, separator=separator)
    found = _File.of(instruction, cells)
    if instruction.withholds:
        return _withheld(instruction, found)
    return _changed(instruction, found)


@dataclass(eq=False)
class _File:
    """A file, and its columns as far as the instruction needs them."""

    cells: CsvCells
    at: Mapping[str, int]
    missing: frozenset[str]
    short: set[int]
    columns: dict[str, ColumnTexts] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    places: dict[str, list[Place]] = field(default_factory=dict)

    @classmethod
    def of(cls, instruction: Instruction, cells: CsvCells) -> _File:
        """Return a file whose columns are there, once each."""
        names = [clean_text(cells.value(place)) for place in cells.header]
        needed = list(dict.fromkeys(_needed(instruction)))
        for name in needed:
            _check_column(name, names, cells.separator)
        _check_header(cells, names)
        at = {name: names.index(name) for name in needed}
        last = max(at.values(), default=-1)
        short = {i for i, row in enumerate(cells.rows) if len(row) <= last}
        missing = frozenset(["", *(clean_text(word) for word in instruction.missing)])
        file = cls(cells, at, missing, short)
        label = None if instruction.label is None else clean_text(instruction.label)
        for name in needed:
            file._read(name, holds_names=name == label)
        return file

    def _read(self, name: str, *, holds_names: bool) -> None:
        at, cells = self.at[name], self.cells
        places: list[Place] = []
        said: dict[str, str] = {}
        written, texts = [], []
        for row in cells.rows:
            if at >= len(row):
                texts.append("")
                places.append(_NOWHERE)
                continue
            start, end = place = cells.trimmed(row[at])
            places.append(place)
            one = cells.text[start:end]
            text = said.get(one)
            if text is None:
                text = said[one] = clean_text(unquoted(one))
            texts.append(text)
            if text not in self.missing:
                written.append((one, text))
        self.texts[name], self.places[name] = texts, places
        self.columns[name] = ColumnTexts.of(name, written, holds_names=holds_names)

    def has(self, name: str | None, row: int, key: Key | None) -> bool:
        """Whether a row's cell has the value of a key; None is nobody's."""
        if name is None or key is None or self.texts[name][row] in self.missing:
            return False
        return self.columns[name].key(self.texts[name][row]) == key


def _needed(instruction: Instruction) -> list[str]:
    """Return the columns that an instruction reads or sets."""
    names = [name for name, _ in instruction.columns]
    if instruction.label is not None:
        names.append(instruction.label)
    if instruction.claims is not None:
        names += [column.name for column in instruction.claims.columns]
    return [clean_text(name) for name in names]


def _check_column(name: str, names: Sequence[str], separator: str) -> None:
    if name not in names:
        fix = "The first line of the file must name the columns."
        if len(names) == 1:
            fix += f" If another sign than {separator!r} separates its cells, name it."
        raise unknown("column of your file", name, names, fix)
    if names.count(name) > 1:
        raise InputError(
            f"Expected one column called {name!r}, got {names.count(name)}. Rename the others."
        )


def _check_header(cells: CsvCells, names: list[str]) -> None:
    """Raise InputError where the header line comes again: two files were put below each other."""
    for number, row in enumerate(cells.rows, start=1):
        if len(row) == len(names) and clean_text(cells.value(row[0])) == names[0]:
            again = [clean_text(cells.value(place)) for place in row] == names
            if again and any(number_in_text(name) is None for name in names):
                raise InputError(
                    f"Expected one header line, got it again in row {number}. Take it out there."
                )


def _label_key(instruction: Instruction, file: _File) -> tuple[str | None, Key | None]:
    """Return the column of the labels, and the key of the label that is acted on."""
    if instruction.label is None:
        return None, None
    label = clean_text(instruction.label)
    wanted = None if instruction.only is None else file.columns[label].find(instruction.only)
    return label, wanted


def _withheld(instruction: Instruction, file: _File) -> tuple[bytes, RowsSummary]:
    """Return the file without the rows of a data strike."""
    label, wanted = _label_key(instruction, file)
    cells, kept, withheld, unlabelled = file.cells, [], 0, 0
    start = 0
    for row, (begin, end) in enumerate(cells.lines):
        strikes = instruction.only is None or file.has(label, row, wanted)
        if label is not None and not strikes:
            unlabelled += file.texts[label][row] in file.missing
        if strikes:
            kept.append(cells.text[start:begin])
            start = end
            withheld += 1
    kept.append(cells.text[start:])
    rest = len(cells.rows) - withheld - unlabelled
    summary = RowsSummary(len(cells.rows), 0, others=rest, unlabelled=unlabelled, withheld=withheld)
    return cells.encoded("".join(kept)), summary


@dataclass(eq=False)
class _Setter:
    """One value to write into one column: how, and into which cells."""

    column: ColumnTexts
    key: Key | None
    spelled: str
    value: str

    @classmethod
    def of(cls, column: ColumnTexts, value: str, separator: str) -> _Setter:
        key = column.find(value)
        if key is None:
            return cls(column, None, column.newly_spelled(value, separator), value)
        return cls(column, key, column.spelled(key), value)


def _changed(instruction: Instruction, file: _File) -> tuple[bytes, RowsSummary]:
    """Return the file with the columns set and the labels claimed."""
    cells = file.cells
    label, wanted = _label_key(instruction, file)
    sets = {
        clean_text(name): _setter(file, clean_text(name), value)
        for name, value in instruction.columns
    }
    claims: dict[str, _Setter] = {}  # as they are needed
    matcher = None
    if instruction.claims is not None:
        matcher = Matcher(instruction.claims, file.columns)
    counts = dict.fromkeys(("changed", "same", "others", "unlabelled", "short", "unlike"), 0)
    edits: list[tuple[Place, str]] = []
    used: dict[tuple[str, str], None] = {}
    examples: list[tuple[int, tuple[str, ...], tuple[str, ...]]] = []
    claiming = instruction.claim is not None or matcher is not None
    shown = (*sets, *([label] if claiming and label is not None else []))
    for row in range(len(cells.rows)):
        claimed = instruction.claim
        if row in file.short:
            counts["short"] += 1
            continue
        if label is not None and file.texts[label][row] in file.missing:
            counts["unlabelled"] += 1
            continue
        if instruction.only is not None and not file.has(label, row, wanted):
            counts["others"] += 1
            continue
        if matcher is not None:
            claimed = matcher.claim({name: file.texts[name][row] for name in matcher.names})
            if claimed is None:
                counts["unlike"] += 1
                continue
        todo = list(sets.items())
        if claimed is not None and label is not None:
            if claimed not in claims:
                claims[claimed] = _setter(file, label, claimed)
            todo.append((label, claims[claimed]))
        wrote = _write(file, row, todo, edits, used)
        counts["changed" if wrote else "same"] += 1
        if wrote and len(examples) < EXAMPLES:
            before = tuple(file.texts[name][row] for name in shown)
            after = tuple(wrote.get(name, file.texts[name][row]) for name in shown)
            examples.append((row + 1, before, after))
    summary = RowsSummary(
        len(cells.rows),
        new_values=tuple(used),
        columns=shown,
        examples=tuple(examples),
        **counts,
    )
    return cells.encoded(_edited(cells.text, edits)), summary


def _setter(file: _File, name: str, value: str) -> _Setter:
    return _Setter.of(file.columns[name], value, file.cells.separator)


def _write(
    file: _File,
    row: int,
    todo: Sequence[tuple[str, _Setter]],
    edits: list[tuple[Place, str]],
    used: dict[tuple[str, str], None],
) -> Mapping[str, str]:
    """Add the edits of one row, and return what is new, by column."""
    wrote = {}
    for name, setter in todo:
        if file.has(name, row, setter.key):
            continue
        edits.append((file.places[name][row], setter.spelled))
        wrote[name] = clean_text(unquoted(setter.spelled))
        if setter.key is None:
            used[name, setter.value] = None
    return wrote


def _edited(text: str, edits: list[tuple[Place, str]]) -> str:
    """Return a text with other signs in some places."""
    parts, at = [], 0
    for (start, end), new in sorted(edits):
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])
