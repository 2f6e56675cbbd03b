"""The scenario ``certificates``: certified success over the number of members, and achieved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.plain import group_by
from quorate.runs.kept_tables import KeptTables
from quorate.runs.result import Row
from quorate.runs.running import opened
from quorate.runtime.seeds import check_count
from quorate.scenarios.certificates.campaign import GOALS
from quorate.scenarios.certificates.cars import LABELS
from quorate.scenarios.certificates.cell import measure_cell
from quorate.scenarios.certificates.result import CertificatesResult, CertifiedCurve
from quorate.scenarios.running import run_cells
from quorate.scenarios.scenario import Scenario
from quorate.spec import make_tuples, param
from quorate.theory.certificates.counts import AssumedPlatform, failure
from quorate.validate import LARGEST, at_least, in_interval, unknown
from quorate.version import __version__

MOST_PEOPLE = 10**8  # who are drawn one by one
Goal = Literal["plant", "plant-feature-only", "unplant-naive", "unplant-adaptive"]
CellRadius = Literal["hoeffding", "bernstein", "aggregate", "exact", "tightest"]


@dataclass(frozen=True)
class Certificates(Scenario):
    """What members can be sure of beforehand, beside what they achieve on the best platform.

    The synthetic cars of Gauthier, Bach and Jordan (arXiv:2502.04879): 18 categorical columns, four
    labels, and a signal that sets 17 columns, so that X* has five cells. Everyone on the platform
    is drawn from one law; the first n are the members. Each radius certifies from their rows alone;
    the platform predicts the most common label of each cell of all N rows, and fresh test people
    judge it. The law is written anew from their generator.

    Raises:
        InputError: a parameter is out of range, or a name is not known.
    """

    name: ClassVar[str] = "certificates"

    goals: tuple[Goal, ...] = param(
        GOALS,
        "What members do: plant, plant-feature-only, unplant-naive or unplant-adaptive; a list "
        "runs each.",
    )
    labels: tuple[str, ...] = param(LABELS, "Labels to plant, or to keep off; each alone.")
    radii: tuple[CellRadius, ...] = param(
        ("hoeffding", "bernstein", "exact"),
        "Radii of the certificate: hoeffding is the published one; also aggregate, tightest.",
    )
    sizes: tuple[int, ...] = param(
        (10_000, 20_000, 40_000, 60_000, 80_000, 100_000, 120_000),
        "Numbers of members, growing.",
    )
    platform_size: int = param(1_000_000, "N, all people the platform learns from.")
    test_size: int = param(100_000, "N_test, people on whom success is measured.")
    confidence: float = param(0.95, "Confidence of a certificate, in (0, 1).")
    aside: int = param(
        10_000,
        "Members who choose the labels of cells for unplant-adaptive; at most half of them do.",
    )
    target: float = param(0.9, "S*, the success for which members are counted, in [0, 1].")
    seeds: int = param(2, "Number of seeds, at least 1; everyone is drawn anew for each.")
    first_seed: int = param(0, "First seed, at least 0.")

    def __post_init__(self) -> None:
        make_tuples(self)
        for name in ("goals", "labels", "radii", "sizes"):
            if not getattr(self, name):
                raise InputError(f"Expected one or more of {name}, got none. Name one.")
        for label in self.labels:
            if label not in LABELS:
                raise unknown("label", label, LABELS)
        if min(self.sizes) < 2 or (np.diff(self.sizes) <= 0).any():
            raise InputError(
                f"Expected sizes of two members or more that grow, got {list(self.sizes)}. Write "
                "sizes=10000,40000,120000."
            )
        for key in ("platform_size", "test_size"):
            at_least(key, getattr(self, key), 2, "Count people.", most=MOST_PEOPLE)
        AssumedPlatform(self.platform_size).others(self.sizes[-1])
        failure(self.confidence)
        at_least("aside", self.aside, 1, "Use a tenth of the members, say.", most=LARGEST)
        in_interval("target", self.target, 0, 1, "It is a success rate.")
        check_count(self.seeds, "Five or more give intervals.")
        at_least("first_seed", self.first_seed, 0, "Begin with 0.", most=LARGEST)

    def run(self, out: Path | None, executor: Executor) -> CertificatesResult:
        """Draw everyone of each seed, certify, and measure what it achieves."""
        cells = [
            self._cell(goal, seed)
            for seed in range(self.first_seed, self.first_seed + self.seeds)
            for goal in self.goals
        ]
        with opened(out, executor) as (store, pool):
            found = run_cells(measure_cell, cells, store, pool, "Certifying", ("scipy.special",))
        curves = (
            CertifiedCurve(cell["goal"], seed=cell["seed"], sizes=self.sizes, **one)
            for cell, measured in zip(cells, found, strict=True)
            for one in measured["found"]
        )
        return self._result(curves)

    def read_back(self, tables: KeptTables) -> CertificatesResult:
        """Return the result of rows that are kept; those over labels are made from the others."""
        of_labels = [row for row in tables.needed() if row["over"] != "labels"]
        by_curve = group_by(of_labels, "goal", "label", "radius", "seed")
        return self._result([_read_curve(rows) for rows in by_curve.values()])

    def _result(self, curves: Iterable[CertifiedCurve]) -> CertificatesResult:
        whose = self.platform_size, self.test_size, self.confidence, self.target
        return CertificatesResult(tuple(curves), *whose)

    def _cell(self, goal: str, seed: int) -> dict[str, Any]:
        """Return all that the outcome of one cell depends on."""
        listed = {key: list(getattr(self, key)) for key in ("labels", "radii", "sizes")}
        single = ("platform_size", "test_size", "confidence", "aside", "target")
        return {
            "scenario": self.name,
            "version": __version__,
            "goal": goal,
            "seed": seed,
            **listed,
            **{key: getattr(self, key) for key in single},
        }


def _read_curve(rows: Sequence[Row]) -> CertifiedCurve:
    """Return the curve of its rows: one a size, and one over the sizes."""
    by_size = [row for row in rows if not row["over"]]
    (over_sizes,) = (row for row in rows if row["over"] == "sizes")
    columns = ("members", "certified", "achieved")
    sizes, certified, achieved = ([row[name] for row in by_size] for name in columns)
    return CertifiedCurve(
        **{name: rows[0][name] for name in ("goal", "label", "radius", "seed")},
        sizes=tuple(sizes),
        certified=certified,
        achieved=achieved,
        needed=over_sizes["needed"],
    )
