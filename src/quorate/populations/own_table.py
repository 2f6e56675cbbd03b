"""A table of the user's own."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

from quorate.populations import sizes
from quorate.populations.table_files import encode_people, file_fingerprint, read_table
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split, Table


@functools.lru_cache(maxsize=1)
def _people(
    path: str, stamp: str, label: str, group: str | None, drop: str | None, separator: str | None
) -> Table:
    dropped = drop.split("+") if drop else []
    return encode_people(read_table(path, separator), label, group, dropped, path)


@dataclass(frozen=True)
class OwnTable(Population):
    """Your own table: a CSV or parquet file with one row per person and named columns.

    Numbers are standardised, text is one-hot encoded, and the group column stays a feature unless
    dropped. The split is random and redrawn for each seed.

    Raises:
        InputError: the file, a column or a value is missing.
    """

    name: ClassVar[str] = "table"
    path: str = param(help="The file, .csv or .parquet.")
    label: str = param(help="Column of the labels.")
    group: str | None = param(None, "Column that defines the groups.")
    drop: str | None = param(None, "Columns hidden from the platform, joined by +.")
    separator: str | None = param(
        None, "Separator of a CSV file; by default detected from its header."
    )
    n: int | None = param(None, sizes.REMAINING_N)
    held_out: float = param(0.25, sizes.HELD_OUT_FRACTION)

    def __post_init__(self) -> None:
        sizes.check_held_out(self.held_out)

    def split(self, rng: Rng) -> Split:
        """Return a random split."""
        stamp = self.fingerprint()
        people = _people(self.path, stamp, self.label, self.group, self.drop, self.separator)
        return sizes.split_at_random(people, self.n, self.held_out, rng)

    def fingerprint(self) -> str:
        """Return a digest of the file's bytes."""
        return file_fingerprint(self.path)
