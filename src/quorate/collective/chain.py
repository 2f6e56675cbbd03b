"""The record of a campaign: an append-only log whose entries are chained by hashes.

Entry n holds the digest of entry n−1, so nobody can change, remove or insert one without changing
every digest after it. Whoever has kept an earlier digest notices; nobody else can be sure that the
log was not written anew as a whole. No entry names a member.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from quorate.errors import InputError
from quorate.printable import one_line

FIRST = "0" * 64  # stands where the first entry has no previous one
KEYS = ("number", "at", "kind", "facts", "previous", "digest")


@dataclass(frozen=True)
class Entry:
    """One event of a campaign.

    Args:
        number: counted from 1.
        at: when it happened, in seconds since 1970 (UTC).
        kind: what happened, in one word.
        facts: plain data about it.
        previous: digest of the entry before; ``FIRST`` if there is none.
        digest: SHA-256 of all of the above, 64 hex digits.
    """

    number: int
    at: float
    kind: str
    facts: Mapping[str, Any]
    previous: str
    digest: str

    def to_plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def chain(number: int, at: float, kind: str, facts: Mapping[str, Any], previous: str) -> Entry:
    """Return the entry that follows the one with the digest ``previous``.

    >>> chain(1, 0.0, "created", {}, FIRST).digest[:8]
    '17f3147f'
    """
    return Entry(number, at, kind, facts, previous, _digest(number, at, kind, facts, previous))


def verify(entries: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """Return the entries of a log, in order, once each is shown to follow from the one before.

    Raises:
        InputError: an entry was changed, removed, inserted or moved; the message says which.
    """
    found: list[Entry] = []
    for plain in entries:
        place = len(found) + 1
        entry = _read(plain, place)
        previous = found[-1].digest if found else FIRST
        made = chain(entry.number, entry.at, entry.kind, entry.facts, entry.previous)
        wrong = ""
        if entry.number != place:
            wrong = f"number {entry.number}"
        elif entry.previous != previous:
            wrong = "another digest of the entry before"
        elif entry.digest != made.digest:
            wrong = "contents that its digest does not match"
        if wrong:
            raise InputError(
                f"Expected entry {place} of the log to follow from those before it, got {wrong}. "
                "The log was changed after it was written, or the file is damaged: download it "
                "again, and compare the digests with those that others have kept."
            )
        found.append(entry)
    return found


def _digest(number: int, at: float, kind: str, facts: Mapping[str, Any], previous: str) -> str:
    whole = {"number": number, "at": at, "kind": kind, "facts": facts, "previous": previous}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(plain: Mapping[str, Any], place: int) -> Entry:
    good = (
        isinstance(plain, Mapping)
        and set(plain) == set(KEYS)
        and type(plain["number"]) is int
        and type(plain["at"]) in (int, float)
        and isinstance(plain["facts"], Mapping)
        and all(isinstance(plain[key], str) for key in ("kind", "previous", "digest"))
    )
    if not good:
        raise InputError(
            f"Expected entry {place} of a log with {', '.join(KEYS)}, got "
            f"{one_line(json.dumps(plain, default=repr), 80)}. Give the file that the page of the "
            "campaign's record offers."
        )
    return Entry(**plain)
