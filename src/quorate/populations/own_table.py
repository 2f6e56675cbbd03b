"""A table of the user's own."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import ClassVar

from quorate.compared_groups import read_names
from quorate.populations import sizes
from quorate.populations.tables.row_numbers import find_row_numbers
from quorate.populations.tables.table_files import encode_people, file_fingerprint
from quorate.populations.tables.table_format import TableFormat
from quorate.populations.tables.table_reading import read_table
from quorate.protocols import Population
from quorate.runtime.progress import tell_once
from quorate.spec import param
from quorate.table import Rng, Split, Table
from quorate.validate import clean_text


@functools.lru_cache(maxsize=1)
def _people(
    path: str, stamp: str, label: str, group: str | None, dropped: tuple[str, ...], how: TableFormat
) -> Table:
    raw = read_table(path, how)
    raw.check_columns([label, group], unused=dropped)
    named = {label, group}
    features = [name for name in raw.columns if name not in (*dropped, label)]
    wanted = [name for name in raw.columns if name in named or name in features]
    read = raw.read(wanted, (label, group))
    others = [name for name in features if name not in named]
    numbering = find_row_numbers(read.frame, others, path, how, from_file=True)
    noted = (*read.notes, *numbering.values())
    left_out = (*dropped, *numbering)
    for note in noted:
        tell_once(f"{path}: {note}")
    return encode_people(replace(read, notes=noted), label, group, path, drop=left_out)


@dataclass(frozen=True)
class OwnTable(Population):
    """Your own table: a CSV or parquet file with one row per person and named columns.

    Numbers are standardised on everyone in the file, text is one-hot encoded, and the group column
    stays a feature unless dropped. Only an empty cell is a missing value; words such as NA are
    values like any other. A column that only numbers the rows is left out. The split is random and
    redrawn for each seed.

    Raises:
        InputError: the file, a column or a value is missing, or can be read in two ways.
    """

    name: ClassVar[str] = "table"
    has_categories: ClassVar[bool] = True
    path: str = param(help="The file, .csv or .parquet.")
    label: str = param(help="Column of the labels.")
    group: str | None = param(None, "Column that defines the groups.")
    drop: str | None = param(None, "Columns hidden from the platform, joined by +.")
    separator: str | None = param(
        None, "Separator of a CSV file; by default detected from its first lines."
    )
    n: int | None = param(None, sizes.REMAINING_N)
    held_out: float = param(0.25, sizes.HELD_OUT_FRACTION)
    missing: str | None = param(
        None, "Texts that stand for a missing value, joined by +; an empty cell always does."
    )
    text: str | None = param(None, "Columns of numbers to read as names (categories), joined by +.")
    keep: str | None = param(
        None, "Columns of row numbers to learn from all the same, joined by +."
    )
    decimal: str | None = param(
        None, "Decimal sign of numbers, . or a comma in quotes; by default found for each column."
    )
    encoding: str | None = param(
        None, "Encoding of a CSV file, such as cp1252; by default UTF-8, or by its byte order mark."
    )

    def __post_init__(self) -> None:
        sizes.check_held_out(self.held_out)
        self._format()

    def _format(self) -> TableFormat:
        return TableFormat(
            self.separator,
            self.encoding,
            self.decimal,
            read_names(self.missing),
            read_names(self.text),
            read_names(self.keep),
        )

    def split(self, rng: Rng) -> Split:
        """Return a random split."""
        return sizes.split_at_random(self.everyone(), self.n, self.held_out, rng)

    def notes(self) -> tuple[str, ...]:
        """Return what reading the file did."""
        return self.everyone().notes

    def everyone(self) -> Table:
        """Return everyone in the file."""
        stamp, dropped = self.fingerprint(), read_names(self.drop)
        label = clean_text(str(self.label))  # 0 where a frame numbered its columns
        group = None if self.group is None else clean_text(str(self.group))
        return _people(self.path, stamp, label, group, dropped, self._format())

    def fingerprint(self) -> str:
        """Return a digest of the file's bytes."""
        return file_fingerprint(self.path)
