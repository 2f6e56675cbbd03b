"""Bank Marketing, from a file of the UCI repository."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

from quorate.populations.sizes import split_at_random
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
from quorate.validate import in_interval

FILE = "bank-full.csv"
SOURCE = "https://archive.ics.uci.edu/dataset/222/bank+marketing (bank.zip)"


@functools.lru_cache(maxsize=1)
def _people(path: str, stamp: str, group: str | None) -> Table:
    return encode_people(read_table(path), "y", group, [], path)


@dataclass(frozen=True)
class Bank(Population):
    """45,211 people whom a bank called: who takes up a deposit? UCI Bank Marketing.

    16 columns, of them 7 numbers; the label is y, no or yes (Moro, Cortez, Rita 2014). The split is
    random, drawn anew per seed. Numbers are standardised on the people to learn from, text is
    one-hot encoded; "unknown" is a value of its own.

    Raises:
        DataUnavailableError: the file is neither at ``path`` nor in ``QUORATE_DATA``.
        InputError: held_out is not in (0, 1), n is more than there are, or no column is ``group``.
    """

    name: ClassVar[str] = "bank"
    group: str | None = param(None, "column of the groups, such as marital; it stays a feature")
    n: int | None = param(None, "people to learn from; by default all that are not held out")
    held_out: float = param(0.25, "fraction of people held out, in (0, 1)")
    path: str | None = param(None, "bank-full.csv; by default tabular/ in QUORATE_DATA")

    def __post_init__(self) -> None:
        fix = "Use a fraction such as 0.25."
        in_interval("held_out", self.held_out, 0, 1, fix, open_low=True, open_high=True)

    def split(self, rng: Rng) -> Split:
        """Return a random split."""
        path = str(public_file(FILE, self.path, SOURCE))
        people = _people(path, file_fingerprint(path), self.group)
        return standardised(split_at_random(people, self.n, self.held_out, rng))

    def fingerprint(self) -> str | None:
        """Return a digest of the file's bytes where it is one that was named."""
        return file_fingerprint(str(public_file(FILE, self.path, SOURCE))) if self.path else None
