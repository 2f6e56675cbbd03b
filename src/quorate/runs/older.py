"""What older versions have left in a folder, read as today's records.

Until the first format of the store ended, only trials were kept in it. The cells of scenarios,
membership inference and corrections were files of their own, ``cells/ID.json`` or ``cells/ID.npz``.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from quorate.plain import read_json
from quorate.runs.cell import Record
from quorate.runs.digests import is_whole
from quorate.runtime.archives import ArrayArchive

CELLS = "cells"
ARRAYS = "arrays.npz"  # the file of a record of membership inference
TRIAL_COLUMNS = (
    "id",
    "population",
    "strategy",
    "goal",
    "learner",
    "alpha",
    "seed",
    "members",
    "people",
    "seconds",
    "version",
    "success",
    "accuracy",
    "worst_group_accuracy",
    "epsilon",
    "error",
    "xi",
    "gap",
    "exact_law",
    "record",
    "provenance",
    "description",
)
JSON_COLUMNS = ("record", "provenance", "description")
LABEL_FREE = "-label-free"
PERTURBATIONS = {"": "perturbation.npz", LABEL_FREE: "perturbation-label-free.npz"}


def trial_as_json(*values: Any) -> str:
    """Return the columns of a trial in the first format as the plain data of its record.

    Nothing, "", where they are damaged.
    """
    plain = dict(zip(TRIAL_COLUMNS, values, strict=True))
    try:
        plain |= {name: read_json(plain[name]) for name in JSON_COLUMNS}
    except ValueError:
        return ""
    if plain["exact_law"] is not None:
        plain["exact_law"] = bool(plain["exact_law"])
    return json.dumps(plain)


def read_cell_files(
    folder: Path, known: Container[tuple[str, str]], damaged: list[str] | None = None
) -> Iterator[tuple[str, Record]]:
    """Yield the kind and the record of each cell that is a file; damaged ones are left out.

    Args:
        folder: of a run.
        known: kinds and ids that need not be read.
        damaged: a list that the names of damaged files are added to.
    """
    cells = folder / CELLS
    wanted = {
        _of_json: [
            path
            for path in sorted(cells.glob("*.json"))
            if not any((kind, path.stem) in known for kind in ("scenario", "correction"))
        ],
        _of_arrays: [
            path
            for path in sorted(cells.glob("*.npz"))
            if ("membership", path.stem) not in known and not _belongs_to_another(path)
        ],
    }
    for read, paths in wanted.items():
        for path in paths:
            try:
                yield read(path)
            except (OSError, ValueError, KeyError, AttributeError, EOFError, zipfile.BadZipFile):
                if damaged is not None:
                    damaged.append(path.name)


def _belongs_to_another(path: Path) -> bool:
    """Whether a file of arrays is the perturbation of a correction's cell."""
    return path.with_name(f"{path.stem.removesuffix(LABEL_FREE)}.json").exists()


def _of_json(path: Path) -> tuple[str, Record]:
    """Return the cell of a scenario or of a correction; raise a ValueError where it is damaged."""
    plain = read_json(path.read_bytes())
    if isinstance(plain.get("result"), dict):
        return "scenario", Record(path.stem, plain)
    if plain.get("id") != path.stem:
        raise ValueError("no cell, or another one")
    files = {
        name: path.with_name(f"{path.stem}{end}.npz").read_bytes()
        for end, name in PERTURBATIONS.items()
        if path.with_name(f"{path.stem}{end}.npz").exists()
    }
    if not all(is_whole(name, content) for name, content in files.items()):
        raise ValueError("a damaged perturbation")
    return "correction", Record(path.stem, plain, files)


def _of_arrays(path: Path) -> tuple[str, Record]:
    """Return the cell of membership inference; raise an error where it is damaged."""
    content = path.read_bytes()
    if not is_whole(ARRAYS, content):
        raise ValueError("damaged arrays")
    about = read_json(str(ArrayArchive(content).read("about")))
    if about.get("id") != path.stem:
        raise ValueError("no cell, or another one")
    return "membership", Record(path.stem, about, {ARRAYS: content})
