"""What is kept of the runs of experiments: collecting it, and judging it anew."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from quorate.errors import InputError, reason
from quorate.findings.experiment import read_experiment
from quorate.findings.stored_cells import judge_again
from quorate.runs.store import FILE as STORE
from quorate.runs.store import Store
from quorate.studies.trial import stored_outcomes
from quorate.validate import unknown

ROOT = Path(__file__).resolve().parent.parent
EXPERIMENTS, RESULTS = "experiments", "results"
TOOLS = ("claims.py", "generate.py", "keeping.py", "writing.py")  # no experiments
FINDING, PROVENANCE = "finding.json", "provenance.json"
LIMIT = 20_000_000  # bytes of all results that are kept
VERDICTS = ("holds", "holds in part", "does not hold", "undecided")
KEYS = (
    *("name", "title", "claim", "source", "ours", "expected", "time", "verdict", "statements"),
    *("curves", "note", "command", "cpu_seconds", "seeds", "hardware", "version"),
    *("git_revision", "pictures"),
)
KEPT = ("*.svg", "*.png", "*.csv")  # of a run's folder, beside the finding itself

Finding = dict[str, Any]


def experiments(root: Path) -> list[str]:
    """Return the names of the experiments: of their files, without what follows the dot."""
    files = itertools.chain((root / EXPERIMENTS).glob("*.toml"), (root / EXPERIMENTS).glob("*.py"))
    return sorted({file.stem for file in files if file.name not in TOOLS})


def read_finding(path: Path) -> Finding:
    """Return a finding as it was written.

    Raises:
        InputError: it cannot be read, a key is missing, a verdict is none, or a picture is missing.
    """
    try:
        finding = json.loads(path.read_text(encoding="utf-8"))
        missing = [key for key in KEYS if key not in finding]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"Expected a finding at {path}, got: {reason(error)}. Run its experiment again."
        ) from error
    if missing:
        raise InputError(f"Expected {', '.join(missing)} in {path}, got none. Run it again.")
    for one in (finding, *finding["statements"]):
        if one["verdict"] not in VERDICTS:
            raise unknown(f"verdict in {path}", one["verdict"], VERDICTS)
    for picture in finding["pictures"]:
        if not (path.parent / picture).is_file():
            raise InputError(
                f"Expected the picture {picture} beside {path}, got none. Collect the run again."
            )
    return dict(finding)


def collect(run: Path, root: Path = ROOT) -> Path:
    """Copy what is kept of a run to the folder of its results, in place of what was there.

    Raises:
        InputError: there is no finding, it is of no experiment, or all results together would be
            larger than what may be kept.
        StoreError: where the cells came from is kept nowhere but in a store that cannot be read.
    """
    name = str(read_finding(run / FINDING)["name"])
    finding = read_finding(run / FINDING)
    if finding.get("quick"):
        raise InputError(
            f"Expected the whole of {name} in {run}, got its quick form, which proves nothing. Run "
            "it without --quick."
        )
    if name not in experiments(root):
        raise unknown("experiment", name, experiments(root))
    files = [run / FINDING, *itertools.chain(*(sorted(run.glob(one)) for one in KEPT))]
    kept = {file.name: file.read_bytes() for file in files}
    kept[PROVENANCE] = _provenance(run)
    results = root / EXPERIMENTS / RESULTS
    total = sum(map(len, kept.values())) + sum(
        file.stat().st_size
        for file in results.rglob("*")
        if file.is_file() and results / name not in file.parents
    )
    if total > LIMIT:
        raise InputError(
            f"Expected at most {LIMIT:,} bytes of results in all, got {total:,} with those of "
            f"{run}. Keep fewer pictures or cells."
        )
    shutil.rmtree(results / name, ignore_errors=True)
    (results / name).mkdir(parents=True)
    for file_name, content in kept.items():
        (results / name / file_name).write_bytes(content)
    return results / name


def judge(name: str, root: Path = ROOT) -> bool:
    """Judge the results that are kept of an experiment anew; return whether that changed them.

    Raises:
        InputError: there is no such finding, or its cells are not kept, or not those of its file.
    """
    folder = root / EXPERIMENTS / RESULTS / name
    finding = read_finding(folder / FINDING)
    again = judge_again(read_experiment(root / EXPERIMENTS / f"{name}.toml"), finding, folder)
    text = json.dumps(again, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / FINDING).write_text(text, encoding="utf-8")
    return bool(again != finding)


def _provenance(run: Path) -> bytes:
    """Return where the cells of a run came from: as it was written, or from the run's store."""
    if (run / PROVENANCE).exists():
        return (run / PROVENANCE).read_bytes()
    if not (run / STORE).exists():
        return b"[]\n"
    with Store(run) as store:
        found = stored_outcomes(store)
    counts = Counter(json.dumps(one.provenance, sort_keys=True) for one in found)
    rows = [{"cells": count, **json.loads(text)} for text, count in sorted(counts.items())]
    return (json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode()


def judge_or_leave(name: str, root: Path) -> None:
    """Judge a finding anew where that can be done, and print what came of it."""
    try:
        print(f"{'Judged anew' if judge(name, root) else 'As before'}: {name}")
    except InputError as error:
        print(f"Left {name} as it was. {error}", file=sys.stderr)
