"""A small plan and a small correction, as what the library writes: made once a process."""

import copy
import functools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import quorate
from quorate.runs.digests import with_digest

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


@functools.cache
def _plan() -> str:
    found = quorate.plan(
        members(),
        label=" decision ",
        target="yes",
        platform_size=4000,
        signal="channel=web",
        learner="logistic",
        seeds=1,
    )
    return json.dumps(with_digest(found.stored()))


@functools.cache
def _correction() -> str:
    with tempfile.TemporaryDirectory(prefix="quorate-tests-") as folder:
        shutil.copytree(STORED, Path(folder) / "correct")
        found = quorate.show(Path(folder) / "correct")
        return json.dumps(with_digest(found.stored()))


def plan_json() -> dict[str, Any]:
    """Return plan.json of a real plan: certified from 399 members on, rehearsed and simulated."""
    found: dict[str, Any] = json.loads(_plan())
    return found


def correction_json() -> dict[str, Any]:
    """Return results.json of a real correction, of ten members who ask five questions each."""
    found: dict[str, Any] = json.loads(_correction())
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
