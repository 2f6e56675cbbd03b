"""Digests of stored rows and files: what bit rot has changed is told from what is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from quorate.runtime.archives import ArrayArchive

DIGEST = "digest"  # the key of a file's own
DAMAGED = ""  # the digest of a row that is none; no row has it
ARRAYS = ".npz"  # the ending of files that can be looked into


def digest_of(kind: str, id_: str, plain: str, stored_at: str, files: str = "") -> str:
    """Return the digest of a row as it is stored, with those of its files."""
    text = json.dumps([kind, id_, plain, stored_at, files])
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def lines_of(files: Iterable[tuple[str, bytes]]) -> str:
    """Return names and digests of the files of a record, a line each, in the order of names."""
    return "\n".join(sorted(line_of(name, content) for name, content in files))


def line_of(name: str, content: bytes) -> str:
    """Return the name and the digest of one file."""
    return f"{name} {hashlib.sha256(content).hexdigest()}"


def with_digest(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain data of a file with a digest of all of it.

    >>> is_unchanged(with_digest({"a": 1})), is_unchanged({**with_digest({"a": 1}), "a": 2})
    (True, False)
    """
    return {**plain, DIGEST: _digest_of_plain(plain)}


def is_unchanged(plain: Mapping[str, Any]) -> bool:
    """Whether the plain data of a file are those it was written with, as far as can be told.

    Older versions wrote no digest.
    """
    return DIGEST not in plain or plain[DIGEST] == _digest_of_plain(plain)


def _digest_of_plain(plain: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in plain.items() if key != DIGEST}
    text = json.dumps(json.loads(json.dumps(rest)), sort_keys=True)  # keys are texts, once read
    return hashlib.sha256(text.encode()).hexdigest()


def first_digest(kind: str, id_: str, plain: str, stored_at: str, files: str | None) -> str:
    """Return the digest of a row that an older version stored, DAMAGED where it is no whole one.

    Args:
        kind, id_, plain, stored_at: the row.
        files: its files as ``line_of``, None for none; ``line_of_whole`` leaves damaged ones empty.
    """
    lines = sorted((files or "").split("\n")) if files is not None else []
    try:
        whole = isinstance(json.loads(plain), dict) and all(lines)
    except (ValueError, RecursionError):
        whole = False
    return digest_of(kind, id_, plain, stored_at, "\n".join(lines)) if whole else DAMAGED


def line_of_whole(name: str, content: bytes) -> str:
    """Return ``line_of``, and nothing for a file of arrays that is damaged."""
    return line_of(name, content) if is_whole(name, content) else ""


def is_whole(name: str, content: bytes) -> bool:
    """Whether a file of arrays can be read: its parts have the checksums that they came with.

    Of any other kind of file nothing can be said.
    """
    if not name.endswith(ARRAYS):
        return True
    try:
        archive = ArrayArchive(content)  # one that would unpack to too much is none of ours
        return bool(archive.names) and archive.is_whole()
    except Exception:  # whatever a damaged file makes the reader raise
        return False
