"""What older versions have left in a folder, read as today's records.

Until the first format of the store ended, only trials were kept in it. The cells of scenarios,
membership inference and corrections were files of their own, ``cells/ID.json`` or ``cells/ID.npz``.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from quorate.runs.cell import Record

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
    """Return the columns of a trial in the first format as the plain data of its record."""
    plain = dict(zip(TRIAL_COLUMNS, values, strict=True))
    plain |= {name: json.loads(plain[name]) for name in JSON_COLUMNS}
    if plain["exact_law"] is not None:
        plain["exact_law"] = bool(plain["exact_law"])
    return json.dumps(plain)


def read_cell_files(
    folder: Path, known: Container[tuple[str, str]]
) -> Iterator[tuple[str, Record]]:
    """Yield the kind and the record of each cell that is a file; damaged ones are left out.

    Args:
        folder: of a run.
        known: kinds and ids that need not be read.
    """
    for path in sorted((folder / CELLS).glob("*.json")):
        if not any((kind, path.stem) in known for kind in ("scenario", "correction")):
            yield from _of_json(path)
    for path in sorted((folder / CELLS).glob("*.npz")):
        beside = path.with_name(f"{path.stem.removesuffix(LABEL_FREE)}.json")  # a perturbation's
        if ("membership", path.stem) not in known and not beside.exists():
            yield from _of_arrays(path)


def _of_json(path: Path) -> Iterator[tuple[str, Record]]:
    """Yield the cell of a scenario or of a correction; nothing where the file is damaged."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(plain.get("result"), dict):
            yield "scenario", Record(path.stem, plain)
        elif plain.get("id") == path.stem:
            files = {
                name: path.with_name(f"{path.stem}{end}.npz").read_bytes()
                for end, name in PERTURBATIONS.items()
                if path.with_name(f"{path.stem}{end}.npz").exists()
            }
            yield "correction", Record(path.stem, plain, files)
    except (OSError, ValueError, AttributeError):
        return


def _of_arrays(path: Path) -> Iterator[tuple[str, Record]]:
    """Yield the cell of membership inference; nothing where the file is damaged."""
    try:
        content = path.read_bytes()
        with np.load(io.BytesIO(content)) as arrays:
            about = json.loads(str(arrays["about"]))
        if about.get("id") == path.stem:
            yield "membership", Record(path.stem, about, {ARRAYS: content})
    except (OSError, ValueError, KeyError, AttributeError, EOFError, zipfile.BadZipFile):
        return
