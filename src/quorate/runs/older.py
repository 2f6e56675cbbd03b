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
PERTURBATIONS = {"": "perturbation.npz", "-label-free": "perturbation-label-free.npz"}


def trial_as_json(*values: Any) -> str:
    """Return the columns of a trial in the first format as the plain data of its record."""
    plain = dict(zip(TRIAL_COLUMNS, values, strict=True))
    plain |= {name: json.loads(plain[name]) for name in JSON_COLUMNS}
    if plain["exact_law"] is not None:
        plain["exact_law"] = bool(plain["exact_law"])
    return json.dumps(plain)


def read_cell_files(folder: Path, known: Container[str]) -> Iterator[tuple[str, Record]]:
    """Yield the kind and the record of each cell that is a file; damaged ones are left out.

    Args:
        folder: of a run.
        known: ids that need not be read.
    """
    for path in sorted((folder / CELLS).glob("*.json")):
        if path.stem not in known and (found := _of_json(path)) is not None:
            yield found
    for path in sorted((folder / CELLS).glob("*.npz")):
        if path.stem not in known and (record := _of_arrays(path)) is not None:
            yield "membership", record


def _of_json(path: Path) -> tuple[str, Record] | None:
    """Return a cell of a scenario or of a correction."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(plain["result"], dict):
            return "scenario", Record(path.stem, plain)
    except KeyError:
        pass
    except (OSError, ValueError, TypeError):
        return None
    if plain.get("id") != path.stem:
        return None
    files = {name: path.with_name(f"{path.stem}{end}.npz") for end, name in PERTURBATIONS.items()}
    there = {name: file.read_bytes() for name, file in files.items() if file.exists()}
    return "correction", Record(path.stem, plain, there)


def _of_arrays(path: Path) -> Record | None:
    """Return a cell of membership inference; None for a perturbation, or a damaged file."""
    try:
        content = path.read_bytes()
        with np.load(io.BytesIO(content)) as arrays:
            about = json.loads(str(arrays["about"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if about.get("id") != path.stem:
        return None
    return Record(path.stem, about, {ARRAYS: content})
