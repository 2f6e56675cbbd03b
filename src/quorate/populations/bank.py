"""Bank Marketing, from a file of the UCI repository."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

from quorate.compared_groups import ComparedGroups
from quorate.populations.sizes import (
    HELD_OUT_FRACTION,
    REMAINING_N,
    check_held_out,
    split_at_random,
)
from quorate.populations.table_files import (
    encode_people,
    file_fingerprint,
    public_file,
    read_table,
    standardised,
)
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split, Table

FILE = "bank-full.csv"
SOURCE = "https://archive.ics.uci.edu/dataset/222/bank+marketing (bank.zip)"
COMPARED = ComparedGroups(("blue-collar",), (), "yes")  # ours


@functools.lru_cache(maxsize=1)
def _people(path: str, stamp: str, group: str | None) -> Table:
    return encode_people(read_table(path), "y", group, [], path, COMPARED)


@dataclass(frozen=True)
class Bank(Population):
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
    group: str | None = param(None, "Column that defines the groups; it stays a feature.")
    n: int | None = param(None, REMAINING_N)
    held_out: float = param(0.25, HELD_OUT_FRACTION)
    path: str | None = param(
        None, "File bank-full.csv or its folder; by default QUORATE_DATA/tabular."
    )

    def __post_init__(self) -> None:
        check_held_out(self.held_out)

    def split(self, rng: Rng) -> Split:
        """Return a random split."""
        path = str(public_file(FILE, self.path, SOURCE))
        people = _people(path, file_fingerprint(path), self.group)
        return standardised(split_at_random(people, self.n, self.held_out, rng))

    def fingerprint(self) -> str | None:
        """Return a digest of the file's bytes if its path was named."""
        return file_fingerprint(str(public_file(FILE, self.path, SOURCE))) if self.path else None
