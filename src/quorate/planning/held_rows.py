"""The members' rows in memory: they travel with the cells, as no other machine has their file."""

from __future__ import annotations

import functools
import hashlib
import pickle
import zlib
from dataclasses import dataclass
from typing import ClassVar, cast

from quorate.populations import sizes
from quorate.populations.tables.table_files import standardised
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split, Table


class HeldRows(str):
    """The digest of a table, which it carries along: a parameter that reads as text.

    ``content`` is the table, packed: of the few values that members have, a small part of its size.
    """

    content: bytes

    @classmethod
    def of(cls, people: Table) -> HeldRows:
        """Return the rows of a table."""
        plain = pickle.dumps(people)
        held = cls(hashlib.sha256(plain).hexdigest()[:16])
        held.content = zlib.compress(plain, 1)
        return held

    def table(self) -> Table:
        """Return the table; the last one that was asked for stays in memory."""
        return _table(self)


@functools.lru_cache(maxsize=1)
def _table(rows: HeldRows) -> Table:
    return cast(Table, pickle.loads(zlib.decompress(rows.content)))


@dataclass(frozen=True)
class MembersDrawn(Population):
    """The members' rows; the split is random and drawn anew for each seed."""

    name: ClassVar[str] = "members"
    rows: HeldRows = param(help="The rows.")
    n: int = param(1000, "Number of people trained on.")
    held_out: float = param(0.25, sizes.HELD_OUT_FRACTION)

    def split(self, rng: Rng) -> Split:
        """Return a random split."""
        return sizes.split_at_random(self.rows.table(), self.n, self.held_out, rng)

    def fingerprint(self) -> str:
        """Return a digest of the rows."""
        return str(self.rows)


@dataclass(frozen=True)
class MembersHalves(Population):
    """The members' rows, half of them to train on and half to measure on, drawn for each seed.

    Numbers are standardised on those trained on, so that nothing of the other half is known to the
    model.
    """

    name: ClassVar[str] = "members-halves"
    rows: HeldRows = param(help="The rows.")
    n: int = param(1000, "Number of people trained on, at most the first half.")
    held_out: int = param(1000, "Number of people measured on, at most the other half.")

    def split(self, rng: Rng) -> Split:
        """Return a random split."""
        people = self.rows.table()
        order = rng.permutation(len(people))
        half = len(people) // 2
        train, test = order[half:][: self.n], order[:half][: self.held_out]
        return standardised(Split(people.take(train), people.take(test)))

    def fingerprint(self) -> str:
        """Return a digest of the rows."""
        return str(self.rows)
