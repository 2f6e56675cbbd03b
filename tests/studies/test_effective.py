"""α_eff of the cells: read into arrays, averaged over seeds, drawn and written out."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np

from quorate.report.files import write_result
from quorate.studies.effective_size import EffectiveSizes
from quorate.studies.study import make_study
from quorate.studies.sweep import run_study
from quorate.studies.trial import Outcome

CELL = Outcome(
    id="",
    population="p",
    strategy="s",
    goal="g",
    learner="jtt",
    alpha=0.1,
    seed=0,
    members=1,
    people=10,
    seconds=0.0,
    version="",
)


def cell(alpha: float, seed: int, *effective: float) -> Outcome:
    record = {"alpha_effective": list(effective)} if effective else {}
    return replace(CELL, alpha=alpha, seed=seed, record=record)


def test_sizes_epochs_and_seeds_by_hand() -> None:
    """A seed that stopped after one epoch, and a cell that failed, leave gaps."""
    cells = [cell(0.1, 0, 0.2, 0.3), cell(0.1, 1, 0.4), cell(0.2, 0, 0.2, 0.2), cell(0.2, 1)]
    sizes = EffectiveSizes.of("here", "jtt", cells)
    assert sizes is not None
    assert sizes.alphas.tolist() == [0.1, 0.2]
    np.testing.assert_allclose(sizes.mean(), [[0.3, 0.3], [0.2, 0.2]])
    rows = [(r["alpha"], r["seed"], r["epoch"], r["alpha_effective"]) for r in sizes.to_rows()]
    assert rows == [
        (0.1, 0, 1, 0.2),
        (0.1, 0, 2, 0.3),
        (0.1, 1, 1, 0.4),
        (0.2, 0, 1, 0.2),
        (0.2, 0, 2, 0.2),
    ]
    assert EffectiveSizes.of("here", "jtt", [cell(0.1, 0), cell(0.2, 0)]) is None


def test_a_report_draws_them_where_there_are_any(tmp_path) -> None:
    methods = {
        "population": "gaussian:n=100,held_out=60",
        "strategy": "planting:signal=columns,x2=3",
        "alphas": [0.1, 0.3],
        "seeds": 2,
    }
    learners = ["sgd:epochs=1", "cvar-dro:epochs=3"]
    curves = run_study(make_study(learner=learners, **methods))
    (sizes,) = curves.effective_sizes()
    assert sizes.learner.startswith("cvar-dro")
    assert sizes.values.shape == (3, 3, 2)
    page = write_result(curves, tmp_path).read_text(encoding="utf-8")
    assert "How large the collective counts as" in page
    assert (tmp_path / "alpha_effective.svg").read_bytes().startswith(b"<?xml")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "alpha_effective.csv").read_text())))
    recorded = [
        (o.alpha, o.seed, value)
        for o in curves.outcomes
        for value in o.record.get("alpha_effective", [])
    ]
    got = [(float(r["alpha"]), int(r["seed"]), float(r["alpha_effective"])) for r in rows]
    assert sorted(got) == sorted(recorded)
    plain = run_study(make_study(learner="sgd:epochs=1", **methods))
    write_result(plain, tmp_path / "plain")
    assert not (tmp_path / "plain" / "alpha_effective.csv").exists()
