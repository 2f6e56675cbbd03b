"""Running the experiment of a file: whatever its kind, to a report and a verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.findings.experiment import Experiment
from quorate.findings.finding import Finding, find
from quorate.findings.kinds.kind import Done
from quorate.findings.kinds.listing import kind_of

RUNS = "runs"
FILE = "finding.json"


@dataclass(frozen=True, eq=False)
class Found:
    """A run that is done, and its finding where the file makes a claim."""

    done: Done
    finding: Finding | None

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        plain = self.done.to_json()
        return plain if self.finding is None else {**plain, "finding": self.finding.to_json()}


def folder_of(experiment: Experiment) -> Path:
    """Return the folder that an experiment runs in where none is named."""
    return Path(RUNS) / (f"{experiment.name}-quick" if experiment.quick else experiment.name)


def run_experiment(
    experiment: Experiment,
    out: str | Path | None = None,
    executor: Executor = SERIAL,
    device: str = "auto",
) -> Found:
    """Run what is missing of an experiment, and judge what it expects.

    Args:
        experiment: what to run.
        out: folder of the results; by default ``runs/`` and its name.
        executor: where cells are computed; the results do not depend on it.
        device: where networks are trained: auto, cpu or cuda.

    Raises:
        InputError: the settings do not fit together, or what is expected is not there.
        StoreError: the folder cannot be read or written; what it holds is kept.
    """
    out = folder_of(experiment) if out is None else Path(out)
    kind = kind_of(experiment.settings)
    kind.check(experiment)
    done = kind.run(experiment.settings, experiment.tuning, out, executor, device)
    return Found(done, find(experiment, done) if experiment.expectations else None)


def write_found(found: Found, out: str | Path) -> Path:
    """Write the report, and the finding beside it as finding.json; return the page's path.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    from quorate.runtime.files import write_files

    plain = None if found.finding is None else found.finding.to_json()
    for pattern in found.done.pictures:  # of a report that had others
        for old in Path(out).glob(pattern):
            old.unlink()
    page = found.done.write(plain)
    if plain is not None:
        shown = [sorted(page.parent.glob(pattern)) for pattern in found.done.pictures]
        plain["pictures"] = [file.name for files in shown for file in files]
        text = json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False)
        write_files(Path(out), {FILE: text.encode()}, "run the same command again")
    return page
