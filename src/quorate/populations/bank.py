"""Bank Marketing, from a file of the UCI repository."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

from quorate.compared_groups import ComparedGroups
from quorate.populations.tables.table_files import PublicTable, encode_people
from quorate.populations.tables.table_reading import read_table
from quorate.spec import param
from quorate.table import Table

COMPARED = ComparedGroups(("blue-collar",), (), "yes")  # ours


@functools.lru_cache(maxsize=1)
def _people(path: str, stamp: str, group: str | None) -> Table:
    raw = read_table(path)
    raw.check_columns(["y", group])
    return encode_people(raw.read(raw.columns, ("y", group)), "y", group, path, COMPARED)


@dataclass(frozen=True)
class Bank(PublicTable):
    """UCI Bank Marketing: 45,211 people called by a bank, and who takes up a deposit.

    16 columns, 7 of them numbers; the label is y, no or yes (Moro, Cortez, Rita 2014). The split is
    random and redrawn for each seed. Numbers are standardised on the training people, text is
    one-hot encoded, and "unknown" is a value of its own.

    Raises:
        DataUnavailableError: the file is neither at ``path`` nor in ``QUORATE_DATA``.
        InputError: held_out is not in (0, 1), n exceeds the people there are, or no column is
            called ``group``.
    """

    name: ClassVar[str] = "bank"
    file: ClassVar[str] = "bank-full.csv"
    source: ClassVar[str] = "https://archive.ics.uci.edu/dataset/222/bank+marketing (bank.zip)"
    path: str | None = param(
        None, "File bank-full.csv or its folder; by default QUORATE_DATA/tabular."
    )

    def people(self, path: str, stamp: str) -> Table:
        """Return everyone in the file."""
        return _people(path, stamp, self.group)
