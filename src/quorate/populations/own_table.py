"""A table of the user's own."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

from quorate.populations.sizes import split_at_random
from quorate.populations.table_files import encode_people, file_fingerprint, read_table
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split, Table
from quorate.validate import in_interval


@functools.lru_cache(maxsize=1)
def _people(
    path: str, stamp: str, label: str, group: str | None, drop: str | None, separator: str | None
) -> Table:
    dropped = drop.split("+") if drop else []
    return encode_people(read_table(path, separator), label, group, dropped, path)


@dataclass(frozen=True)
class OwnTable(Population):
    """People of your own, one row each in a CSV or parquet file with named columns.

    Numbers are standardised, text is one-hot encoded; the group column stays a feature unless it
    is dropped. The split is random, drawn anew per seed.

    Raises:
        InputError: the file or a column is not there, or a value is missing.
    """

    name: ClassVar[str] = "table"
    path: str = param(help="the file, .csv or .parquet")
    label: str = param(help="column of the labels")
    group: str | None = param(None, "column of the groups")
    drop: str | None = param(None, "columns that the platform does not see, joined by +")
    separator: str | None = param(None, "of a CSV file; by default found in its header")
    n: int | None = param(None, "people to learn from; by default all that are not held out")
    held_out: float = param(0.25, "fraction of people held out, in (0, 1)")

    def __post_init__(self) -> None:
        fix = "Use a fraction such as 0.25."
        in_interval("held_out", self.held_out, 0, 1, fix, open_low=True, open_high=True)

    def split(self, rng: Rng) -> Split:
        """Return a random split."""
        stamp = self.fingerprint()
        people = _people(self.path, stamp, self.label, self.group, self.drop, self.separator)
        return split_at_random(people, self.n, self.held_out, rng)

    def fingerprint(self) -> str:
        """Return a digest of the file's bytes."""
        return file_fingerprint(self.path)
