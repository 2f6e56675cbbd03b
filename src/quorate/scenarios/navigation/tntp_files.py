"""The files of a TNTP network in its folder: which is of which kind, by its name."""

from __future__ import annotations

import re
from pathlib import Path

from quorate.errors import InputError
from quorate.runtime.digests import digest_files

GEOJSON = ".geojson"
NAMES = re.compile(r"(.*)_(net|network|trips|nodes?|flow)(_[^.]*)?\.tntp", re.IGNORECASE)
KINDS = {"network": "net", "nodes": "node"}
PACKED = (".zip", ".gz", ".7z")


def kind_of(file: Path) -> str | None:
    """Return what a file is by its name, in any case: net, trips, node or flow; None of others.

    >>> kind_of(Path("Town_Net.tntp")), kind_of(Path("Town_network_2016_01.tntp"))
    ('net', 'net')
    """
    found = NAMES.fullmatch(file.name)
    return None if found is None else KINDS.get(kind := found[2].lower(), kind)


def network_name(net: Path) -> str:
    """Return what stands before the kind in a file's name.

    >>> network_name(Path("Town_network_2016_01.tntp"))
    'Town'
    """
    found = NAMES.fullmatch(net.name)
    return found[1] if found else net.stem


def find_files(folder: Path, kind: str) -> list[Path]:
    """Return the files of a kind: named as usual, ``*_net.tntp``, or, if none is, in another way.

    Other ways are capital letters, ``network`` for ``net``, ``nodes`` for ``node``, and more words
    at the end.
    """
    if not folder.is_dir():
        return []
    usual = sorted(folder.glob(f"*_{kind}.tntp"))
    return usual or [file for file in sorted(folder.glob("*")) if kind_of(file) == kind]


def find_file(folder: Path, kind: str) -> Path:
    """Return the only file of a kind.

    Raises:
        InputError: there is none, or more than one.
    """
    found = find_files(folder, kind)
    if len(found) == 1:
        return found[0]
    packed = [
        file.name
        for file in sorted(folder.glob("*"))
        if file.suffix in PACKED and kind_of(file.with_suffix("")) == kind
    ]
    fix = f"Unpack {packed[0]}." if packed and not found else "Give a folder with one network."
    raise InputError(
        f"Expected one file *_{kind}.tntp in the folder {folder}, got "
        f"{', '.join(file.name for file in found) or 'none'}. {fix}"
    )


def unread_files(folder: Path) -> list[str]:
    """Return the names of the folder's TNTP files that are of no kind that is known."""
    return [file.name for file in sorted(folder.glob("*.tntp")) if kind_of(file) is None]


def digest_network(folder: Path) -> str:
    """Return a digest of the names and bytes of the files that say what a network is.

    Raises:
        InputError: the folder is not there, or a file cannot be read.
    """
    files = [find_file(folder, "net"), find_file(folder, "trips")]
    files += [*folder.glob(f"*{GEOJSON}"), *folder.glob("*_node.tntp")]
    try:
        return digest_files(folder, files)
    except OSError as error:
        raise InputError(
            f"Expected to read the files in {folder}, got: {error.strerror or error}. Mend its "
            "permissions."
        ) from error
