"""A small plan and a small correction, as what the library writes: made once for all processes."""

import copy
import functools
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import quorate
from quorate.runs.digests import with_digest
from quorate.runtime.writing import replace_file

STORED = Path(__file__).parents[1] / "stored" / "correct"


def members() -> pd.DataFrame:
    """Return 400 people: who comes by the web is one in twenty, and one in five is approved."""
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "channel": np.where(rng.random(400) < 0.05, "web", "phone"),
            "age": np.where(rng.random(400) < 0.5, "old", "young"),
            "decision": np.where(rng.random(400) < 0.2, "yes", "no"),
        }
    )


def _kept(name: str, made: Callable[[], dict[str, Any]]) -> str:
    """Return JSON with its digest, from the caches of the tests where it was made before."""
    file = Path(os.environ["QUORATE_TEST_CACHES"]) / f"campaign-{name}.json"
    if not file.exists():
        replace_file(file, json.dumps(with_digest(made())).encode())
    return file.read_text()


def _plan() -> dict[str, Any]:
    found = quorate.plan(
        members(),
        label=" decision ",
        target="yes",
        platform_size=4000,
        signal="channel=web",
        learner="logistic",
        seeds=1,
    )
    return found.stored()


def _correction() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="quorate-tests-") as folder:
        shutil.copytree(STORED, Path(folder) / "correct")
        found = quorate.show(Path(folder) / "correct")
        return found.stored()


@functools.cache
def _text(name: str) -> str:
    return _kept(name, {"plan": _plan, "correction": _correction}[name])


def plan_json() -> dict[str, Any]:
    """Return plan.json of a real plan: certified from 399 members on, rehearsed and simulated."""
    found: dict[str, Any] = json.loads(_text("plan"))
    return found


def correction_json() -> dict[str, Any]:
    """Return results.json of a real correction, of ten members who ask five questions each."""
    found: dict[str, Any] = json.loads(_text("correction"))
    return found


def changed(plain: dict[str, Any], *path: str | int, to: Any) -> dict[str, Any]:
    """Return a copy of plain data without its digest, and with one value changed."""
    found = copy.deepcopy(plain)
    found.pop("digest", None)
    inner: Any = found
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return found
