"""Checking a campaign's record on one's own machine: the chain of its log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.collective import chain
from quorate.collective.client.access import Access, keep, read_link
from quorate.collective.client.channel import LARGE
from quorate.errors import InputError, QuorateError, reason
from quorate.printable import one_line


@dataclass(frozen=True)
class Verdict:
    """Whether a log holds.

    Args:
        entries: entries of the log that follow from one another.
        head: digest of the last one, to compare with what others have kept.
        kinds: how often each kind of event happened.
        broken: what does not hold, in a sentence; empty if all does.
    """

    entries: int = 0
    head: str = ""
    kinds: Mapping[str, int] | None = None
    broken: str = ""

    @property
    def holds(self) -> bool:
        """Whether all that was checked holds."""
        return not self.broken

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "holds": self.holds,
            "entries": self.entries,
            "head": self.head,
            "kinds": dict(self.kinds or {}),
            "broken": self.broken,
        }

    def lines(self) -> list[str]:
        """Return it in words."""
        if self.broken:
            return [f"Does not hold: {self.broken}"]
        told = ", ".join(f"{count} {kind}" for kind, count in (self.kinds or {}).items())
        return [
            f"Holds: {self.entries} entries, each follows from the one before ({told}).",
            f"Digest of the last: {self.head}",
            "Compare it with a digest that others have kept: only so is it certain that the log "
            "was not written anew as a whole.",
        ]


def read_record(place: str) -> bytes:
    """Return a log: the bytes of a file, or what is behind the address of a campaign.

    Raises:
        InputError: there is no such file, or it is too large.
        CoordinatorError: the coordinator refused or failed.
    """
    if place.startswith(("http://", "https://")):
        link = read_link(place)
        access = Access("member", link.address, link.campaign)
        with access.open() as channel:
            return channel.get_bytes(f"{access.path}/log")
    return _content(Path(place))


def fetch_record(access: Access, out: Path) -> bytes:
    """Write a campaign's log to a file, and return it.

    Raises:
        InputError: the file cannot be written.
        CoordinatorError: the coordinator refused or failed.
    """
    with access.open() as channel:
        content = channel.get_bytes(f"{access.path}/log")
    keep(out, content)
    return content


def check_record(log: bytes) -> Verdict:
    """Return whether a log holds: JSON, one entry a line."""
    try:
        entries = chain.verify(_entries(log))
    except QuorateError as error:
        return Verdict(broken=str(error))
    if not entries:
        return Verdict(broken="Expected entries in the log, got none. Is it the log?")
    kinds: dict[str, int] = {}
    for entry in entries:
        kinds[one_line(entry.kind, 40)] = kinds.get(one_line(entry.kind, 40), 0) + 1
    return Verdict(len(entries), entries[-1].digest, kinds)


def _entries(log: bytes) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(log.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            plain = json.loads(line)
            json.dumps(plain, allow_nan=False)
        except (ValueError, RecursionError):
            plain = None
        if not isinstance(plain, dict):
            raise InputError(
                f"Expected one entry of a log in line {number}, as JSON, got another text. Give "
                "the file as it was downloaded."
            )
        yield plain


def _content(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(LARGE + 1)
    except OSError as error:
        raise InputError(
            f"Expected the log of a campaign at {path}, got: {reason(error)}. Check its name."
        ) from None
    if len(content) > LARGE:
        raise InputError(
            f"Expected the log of a campaign, of at most {LARGE >> 20} MB, at {path}, got more. "
            "Give the right file."
        )
    return content
