"""A campaign's record, checked on one's own machine: its log, and the change that was published.

In a folder the record is ``log.jsonl`` and, once a change is published, ``change.npz``,
``report.json`` and ``signature.json``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quorate.collective import chain
from quorate.collective.client.access import Access, keep, read_link
from quorate.collective.client.channel import LARGE, RefusalError
from quorate.collective.publishing.signing import SignedChange, verify_change
from quorate.errors import InputError, MissingPackageError, QuorateError, reason
from quorate.extras import require
from quorate.printable import one_line
from quorate.test_time.http.reading import read_object

LOG, CHANGE = "log.jsonl", "change.npz"
REPORT, SIGNATURE = "report.json", "signature.json"


@dataclass(frozen=True)
class Record:
    """What was downloaded, or is in a folder; what is not there is None.

    Args:
        log: one entry a line, as JSON.
        change: the published change's file.
        report, signature: JSON.
        campaign: id of the campaign, where it is known; else empty.
    """

    log: bytes
    change: bytes | None = None
    report: bytes | None = None
    signature: bytes | None = None
    campaign: str = ""

    def write(self, folder: Path) -> list[Path]:
        """Write what is there into a folder, and return the files.

        Raises:
            InputError: it cannot be written to.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"Expected a folder at {folder}, got: {reason(error)}. Name another."
            ) from None
        parts = {LOG: self.log, CHANGE: self.change, REPORT: self.report, SIGNATURE: self.signature}
        written = []
        for name, content in parts.items():
            if content is not None:
                keep(folder / name, content)
                written.append(folder / name)
        return written


@dataclass(frozen=True)
class Verdict:
    """Whether a record holds.

    Args:
        entries: entries of the log that follow from one another.
        head: digest of the last one, to compare with what others have kept.
        kinds: how often each kind of event happened.
        change: SHA-256 of the change whose signature holds; empty where none was checked.
        signed_by: public key that it was signed by; empty likewise.
        broken: what does not hold, in a sentence; empty if all does.
    """

    entries: int = 0
    head: str = ""
    kinds: Mapping[str, int] = field(default_factory=dict)
    change: str = ""
    signed_by: str = ""
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
            "kinds": dict(self.kinds),
            "change": self.change,
            "signed_by": self.signed_by,
            "broken": self.broken,
        }

    def lines(self) -> list[str]:
        """Return it in words."""
        if self.broken:
            return [f"Does not hold: {self.broken}"]
        told = ", ".join(f"{count} {kind}" for kind, count in self.kinds.items())
        lines = [
            f"Holds: {self.entries} entries, each follows from the one before ({told}).",
            f"Digest of the last: {self.head}",
            "Compare it with a digest that others have kept: only so is it certain that the log "
            "was not written anew as a whole.",
        ]
        if self.change:
            lines += [
                f"The change is the one that was published, with its report: {self.change}",
                f"Signed by the key {self.signed_by}",
            ]
        return lines


def fetch_record(access: Access) -> Record:
    """Return a campaign's record as its coordinator has it.

    Raises:
        CoordinatorError: the coordinator refused or failed.
    """
    with access.open() as channel:
        try:
            signature = channel.get_bytes(f"{access.path}/signature")
        except RefusalError as error:
            if error.status != 404:
                raise
            return Record(channel.get_bytes(f"{access.path}/log"), campaign=access.campaign)
        change = channel.get_bytes(f"{access.path}/change.npz")
        report = channel.get_bytes(f"{access.path}/report")
        log = channel.get_bytes(f"{access.path}/log")  # last: it has the entry that publishes
    return Record(log, change, report, signature, access.campaign)


def read_record(place: str) -> Record:
    """Return the record in a folder, in the file of a log, or behind a campaign's address.

    Raises:
        InputError: there is none, or a file is too large.
        CoordinatorError: the coordinator refused or failed.
    """
    if place.startswith(("http://", "https://")):
        link = read_link(place)
        return fetch_record(Access("member", link.address, link.campaign))
    path = Path(place)
    if not path.is_dir():
        return Record(_content(path))
    change, report, signature = (
        _content(path / name) if (path / name).exists() else None
        for name in (CHANGE, REPORT, SIGNATURE)
    )
    return Record(_content(path / LOG), change, report, signature)


def check_record(record: Record, key: str = "") -> Verdict:
    """Return whether a log holds, and the change that comes with it.

    Args:
        record: what is checked.
        key: the coordinator's public key, as it was had from elsewhere; empty takes that of the
            signature, which shows that nothing was exchanged since, not who signed.

    Raises:
        MissingPackageError: there is a change, and the package that checks signatures is not
            installed.
    """
    try:
        entries = chain.verify(_entries(record.log))
        if not entries:
            return Verdict(broken="Expected entries in the log, got none. Is it the log?")
        kinds: dict[str, int] = {}
        for entry in entries:
            kinds[one_line(entry.kind, 40)] = kinds.get(one_line(entry.kind, 40), 0) + 1
        found = Verdict(len(entries), entries[-1].digest, kinds)
        parts = (record.change, record.report, record.signature)
        if parts == (None, None, None):
            return found
        if record.change is None or record.report is None or record.signature is None:
            return Verdict(
                broken=f"Expected {CHANGE}, {REPORT} and {SIGNATURE} together, got some of them. "
                "Download the record again."
            )
        require("member", "checking the signature of a change", "cryptography")
        signed = SignedChange.from_plain(_plain(record.signature, "the signature"))
        report = _plain(record.report, "the report")
        if record.campaign and signed.campaign != record.campaign:
            return Verdict(
                broken="Expected a change of this campaign, got one that was signed for another. "
                "Do not use it."
            )
        verify_change(record.change, report, signed, key or None, entries)
    except MissingPackageError:
        raise
    except QuorateError as error:
        return Verdict(broken=str(error))
    return Verdict(found.entries, found.head, kinds, signed.change, signed.public_key)


def _entries(log: bytes) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(log.splitlines(), start=1):
        if line.strip():
            yield _plain(line, f"line {number} of the log")


def _plain(content: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object that bytes hold."""
    plain = read_object(content)
    if plain is None:
        raise InputError(
            f"Expected {what} as JSON, got another text. Give the file as it was downloaded."
        )
    return plain


def _content(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(LARGE + 1)
    except OSError as error:
        raise InputError(
            f"Expected the record of a campaign at {path}, got: {reason(error)}. Check its name."
        ) from None
    if len(content) > LARGE:
        raise InputError(
            f"Expected a file of at most {LARGE >> 20} MB at {path}, got more. Give the right file."
        )
    return content
