"""The members' rows as populations, which carry them along: no other machine has their file."""

from __future__ import annotations

import functools
import hashlib
import pickle
import zlib
from dataclasses import dataclass
from typing import ClassVar, cast

from quorate.bring_your_own.handed_in import HandedIn
from quorate.populations import sizes
from quorate.populations.tables.table_files import standardised
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split, Table


@dataclass(frozen=True)
class PackedRows:
    """A table, packed: of the few values that members have, a small part of its size.

    Args:
        content: the table, packed.
        content_digest: of its values and names, 64 bits in hex.
    """

    content: bytes
    content_digest: str

    def table(self) -> Table:
        """Return the table; the last one that was asked for stays in memory."""
        return _table(self)


@functools.lru_cache(maxsize=1)
def _table(rows: PackedRows) -> Table:
    return cast(Table, pickle.loads(zlib.decompress(rows.content)))


def hold(people: Table) -> HandedIn:
    """Return the rows of a table as a parameter of the populations below."""
    plain = pickle.dumps(people)
    packed = PackedRows(zlib.compress(plain, 1), hashlib.sha256(plain).hexdigest()[:16])
    return HandedIn.of(packed, "members")


@dataclass(frozen=True)
class MembersDrawn(Population):
    """The members' rows; the split is random and drawn anew for each seed."""

    name: ClassVar[str] = "members"
    rows: HandedIn = param(help="The rows.")
    n: int = param(1000, "Number of people trained on.")
    held_out: float = param(0.25, sizes.HELD_OUT_FRACTION)

    def split(self, rng: Rng) -> Split:
        """Return a random split."""
        return sizes.split_at_random(self.rows.value.table(), self.n, self.held_out, rng)


@dataclass(frozen=True)
class MembersHalves(Population):
    """The members' rows, half of them to train on and half to measure on, drawn for each seed.

    Numbers are standardised on those trained on, so that nothing of the other half is known to the
    model.
    """

    name: ClassVar[str] = "members-halves"
    rows: HandedIn = param(help="The rows.")
    n: int = param(1000, "Number of people trained on, at most the first half.")
    held_out: int = param(1000, "Number of people measured on, at most the other half.")

    def split(self, rng: Rng) -> Split:
        """Return a random split."""
        people: Table = self.rows.value.table()
        order = rng.permutation(len(people))
        half = len(people) // 2
        train, test = order[half:][: self.n], order[:half][: self.held_out]
        return standardised(Split(people.take(train), people.take(test)))
