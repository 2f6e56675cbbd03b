"""Judging and drawing an experiment again from its kept tables, without running anything."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from quorate.errors import InputError, QuorateError, StoreError
from quorate.findings.experiment import Experiment
from quorate.findings.finding import described, judge_all, plain_rows
from quorate.findings.judging import by_part, together
from quorate.findings.kinds.kind import ReadBack
from quorate.findings.kinds.listing import kind_of
from quorate.findings.measures import CurveMeasures
from quorate.findings.trends import draw_trends
from quorate.runs.kept_tables import KeptTables
from quorate.runs.result import Picture
from quorate.validate import listed

# Of a finding: what its cells say, and what its file says of them.
JUDGED = ("verdict", "statements", "curves", "answers", "where", "looks", "design")
SAME = 1e-6  # by which part numbers may differ that were computed on another machine


def judge_again(experiment: Experiment, finding: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a finding whose statements, verdict and curves are read anew.

    Args:
        experiment: the claim and what is expected.
        finding: the finding as it was written.
        folder: where its tables are.

    Raises:
        InputError: there are no cells, or they are not those of the experiment as it is today.
        StoreError: a table cannot be read.
    """
    asked, found = _read(experiment, finding, folder)
    statements = judge_all(asked, found.measures)
    return {
        **finding,
        "verdict": together(by_part(statements).values()),
        "statements": [one.to_json() for one in statements],
        **({} if found.overview is None else {"curves": plain_rows(found.overview)}),
        **described(experiment),
    }


def draw_again(
    experiment: Experiment, finding: Mapping[str, Any], folder: Path
) -> dict[str, Picture]:
    """Return the pictures of a finding, the most telling first; photographs are left out.

    Raises:
        InputError, StoreError: as ``judge_again``.
    """
    asked, found = _read(experiment, finding, folder)
    trends: dict[str, Picture] = {}
    if isinstance(found.measures, CurveMeasures):
        trends = draw_trends(judge_all(asked, found.measures), found.measures)
    with _tables_of(experiment, folder):
        return {**trends, **found.draw()}


def _read(
    experiment: Experiment, finding: Mapping[str, Any], folder: Path
) -> tuple[Experiment, ReadBack]:
    seeds = finding.get("seeds", 0)
    if experiment.looks and seeds not in experiment.looks:
        raise InputError(
            f"Expected the finding in {folder} to be of a look that its file plans, "
            f"{listed([str(one) for one in experiment.looks])} seeds, got {seeds}. Run it again."
        )
    asked = experiment.at(seeds)
    with _tables_of(experiment, folder):
        return asked, kind_of(asked.settings).read_back(asked, KeptTables(folder))


@contextlib.contextmanager
def _tables_of(experiment: Experiment, folder: Path) -> Iterator[None]:
    """Say of what is not as expected in tables that they are of another run."""
    try:
        yield
    except QuorateError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"Expected the tables of {experiment.name} in {folder}, got others: "
            f"{type(error).__name__}: {error}. Run the experiment again."
        ) from error


def says_the_same(one: Any, other: Any) -> bool:
    """Return whether plain data say the same: numbers but for rounding.

    >>> says_the_same({"value": 0.1 + 0.2}, {"value": 0.3}), says_the_same([1], [1.1])
    (True, False)
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(says_the_same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(says_the_same, one, other))
    if type(one) is float and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=SAME, abs_tol=SAME)
    return bool(one == other)
