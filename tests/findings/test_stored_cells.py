"""What is kept of a run is judged again as the run itself was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import quorate
from quorate.errors import InputError
from quorate.findings.experiment import read_experiment
from quorate.findings.stored_cells import judge_again
from quorate.report.files import write_result

pytestmark = pytest.mark.usefixtures("plain_pictures")

TUNED = """
title = "Digits"
claim = "Longer training needs fewer."
source = "ours"
ours = "Everything."
expected = "α* shrinks."
population = "digits:n=200"
strategy = "planting:size=2"
alphas = "0.05,0.5"
seeds = 3
[learner]
short = "sgd:model=logistic,epochs=1"
long = "sgd:model=logistic,epochs=4"
forest = "forest:n_estimators=3"
[tune]
learning_rate = [0.02, 0.1]
[[expect]]
along = ["short", "long"]
is = "shrinking"
[[expect]]
measure = "success"
of = "short"
at = 0.05
at_least = 0.9
[[expect]]
of = "forest"
at_most = 0.5
[[expect]]
measure = "accuracy"
of = "long"
at_most = 0.2
aside = true
"""


def test_a_study_is_judged_from_its_cells_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "longer.toml"
    file.write_text(TUNED, encoding="utf-8")
    write_result(quorate.run(file, tmp_path / "out"), tmp_path / "out")
    found = json.loads((tmp_path / "out" / "finding.json").read_text(encoding="utf-8"))
    assert len(found["statements"]) == 4
    changed = {**found, "verdict": "holds", "statements": []}
    assert judge_again(read_experiment(file), changed, tmp_path / "out") == found
    file.write_text(TUNED.replace("0.05,0.5", "0.05,0.4"), encoding="utf-8")
    message = r"cells that the file of the experiment asks for, got sgd:.* at alpha=0.5 in .*\. Run"
    with pytest.raises(InputError, match=message):
        judge_again(read_experiment(file), found, tmp_path / "out")


ROWS = """
claim = "It closes gaps, and costs nobody."
source = "ours"
ours = "Everything."
expected = "Both."
scenario = "navigation"
[[expect]]
measure = "gap"
of = { members = 10 }
at_least = 0.5
[[expect]]
measure = "cost"
of = { members = 10 }
at_most = 0
"""


def test_rows_are_judged_from_their_table(tmp_path: Path) -> None:
    """A cost of 1 ± 0.25: t = 4 in the law of 2 degrees, of which 4.30 is 95%; of ±0.2, t = 5.

    Half of that, as two statements ask, is 6.21.
    """
    file = tmp_path / "gap.toml"
    file.write_text(ROWS, encoding="utf-8")
    for half, verdict in ((0.25, "undecided"), (0.2, "does not hold")):
        spread = half * 3**0.5
        cells = [(1, 0.9, 1 - spread), (2, 0.95, 1.0), (3, 0.9, 1 + spread)]
        rows = [f"10,{seed},{gap},{cost}" for seed, gap, cost in cells]
        (tmp_path / "cells.csv").write_text("members,seed,gap,cost\n" + "\n".join(rows))
        found = judge_again(read_experiment(file), {"name": "gap"}, tmp_path)
        assert found["name"] == "gap"
        assert [one["verdict"] for one in found["statements"]] == ["holds", verdict]
        assert [one["refutes"] for one in found["statements"]] == [False, False]
        assert found["verdict"] == "undecided"


def test_without_cells_there_is_nothing_to_judge(tmp_path: Path) -> None:
    file = tmp_path / "gap.toml"
    file.write_text(ROWS, encoding="utf-8")
    with pytest.raises(
        InputError, match=r"Expected cells\.csv\.xz in .*, got no row\. Run the exp"
    ):
        judge_again(read_experiment(file), {}, tmp_path)
