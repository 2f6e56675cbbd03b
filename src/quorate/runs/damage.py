"""What bit rot has done to a store: found when it is opened, named, and set aside by a writer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field

from quorate.runs.digests import digest_of, line_of
from quorate.validate import listed

ROWS = {  # of a table: what its digest is made of, as bytes, since damaged text may be no UTF-8
    "record": ("kind", "id", "plain", "stored_at", "digest"),
    "study": ("'study'", "version", "plain", "stored_at", "digest"),
}


@dataclass
class Damage:
    """The rows of a store that are not as they were written.

    Args:
        records: what they call themselves, by row.
        studies: what they call themselves, by number.
        of: number of records in all, damaged ones among them.
        older: records and files of older versions, which have no digests, that cannot be read.
        told: whether the user knows.
    """

    records: dict[int, str] = field(default_factory=dict)
    studies: dict[int, str] = field(default_factory=dict)
    of: int = 0
    older: set[str] = field(default_factory=set)
    told: bool = False

    def __bool__(self) -> bool:
        return bool(self.records or self.studies or self.older)

    def words(self, path: object) -> str:
        """Return how many rows of a file are damaged, and which."""
        names = sorted([*self.records.values(), *self.studies.values(), *self.older])
        of = f" of {self.of} records" if len(names) == len(self.records) else ""
        return f"{len(names)}{of} in {path} ({listed(names)})"


def check_pages(db: sqlite3.Connection, write: bool) -> None:
    """Raise sqlite3.DatabaseError where the pages of a file do not hang together.

    An index that is not that of its table is made anew by a writer; readers use none.
    """
    if write and db.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",):
        return
    (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(str(found))
    if write:
        db.execute("REINDEX")


def find_damage(db: sqlite3.Connection) -> Damage:
    """Return which rows do not have the digest that they were written with."""
    files: dict[tuple[bytes, bytes], list[str]] = {}
    query = "SELECT CAST(kind AS BLOB), CAST(id AS BLOB), CAST(name AS BLOB), content FROM file"
    for kind, id_, name, content in db.execute(f"{query} NOT INDEXED"):
        files.setdefault((kind, id_), []).append(line_of(_text(name), content))
    found = Damage()
    for table, columns in ROWS.items():
        bad = found.records if table == "record" else found.studies
        parts = ", ".join(f"CAST({column} AS BLOB)" for column in columns)
        for row, *values in db.execute(f"SELECT rowid, {parts} FROM {table} NOT INDEXED"):
            kind, id_, plain, stored_at, digest = map(_text, values)
            own = files.get((values[0], values[1]), []) if table == "record" else []
            if digest_of(kind, id_, plain, stored_at, "\n".join(sorted(own))) != digest:
                bad[row] = f"{_named(kind)} {_named(id_) if table == 'record' else row}"
            found.of += table == "record"
    return found


def _text(content: bytes) -> str:
    return content.decode(errors="surrogateescape")


def _named(text: str) -> str:
    """Return the beginning of a name that may be damaged."""
    return text[:12].encode("ascii", "replace").decode()


def set_aside(db: sqlite3.Connection, damage: Damage, now: str) -> None:
    """Move damaged rows to a table of their own, so that their cells are missing."""
    for table, rows in (("record", damage.records), ("study", damage.studies)):
        chosen = f"FROM {table} NOT INDEXED WHERE rowid IN (SELECT value FROM json_each(?))"
        kind, id_ = ("kind", "id") if table == "record" else ("'study'", "number")
        given = _listed(rows)
        db.execute(f"INSERT INTO damaged SELECT {kind}, {id_}, '', plain, ? {chosen}", [now, given])
        if table == "record":
            owners = "SELECT 1 FROM damaged AS a WHERE a.kind = file.kind AND a.id = file.id"
            own = f"FROM file WHERE EXISTS ({owners})"
            db.execute(f"INSERT INTO damaged SELECT kind, id, name, content, ? {own}", [now])
            db.execute(f"DELETE {own}")
        db.execute(f"DELETE {chosen}", [given])


def _listed(rows: Iterable[int]) -> str:
    return json.dumps(list(rows))
