"""Curves that are read again from the tables of a run are those that were measured."""

from pathlib import Path

from quorate.findings.stored_curves import read_curves
from quorate.report.files import to_csv
from quorate.runs.kept_tables import KeptTables, pack_table
from quorate.studies.study import make_study
from quorate.studies.sweep import run_study


def test_curves_and_effective_sizes_come_back(tmp_path: Path) -> None:
    methods = {"population": "digits:n=120", "strategy": "planting:size=2"}
    learners = {"plain": "tree", "weighed": "cvar-dro:level=0.5,epochs=3"}
    study = make_study(**methods, learner=learners, alphas="0.05,0.2", seeds=2)
    curves = run_study(study)
    for name, rows in curves.data().items():
        (tmp_path / f"{name.replace('-', '_')}.csv.xz").write_bytes(pack_table(to_csv(rows)))
    again = read_curves(study, KeptTables(tmp_path))
    assert again.critical_masses().to_json() == curves.critical_masses().to_json()
    numbers = ("success", "accuracy", "worst_group_accuracy", "seconds", "members")
    for name in numbers:
        assert [getattr(o, name) for o in again.outcomes] == [
            getattr(o, name) for o in curves.outcomes
        ]
    sizes = [one.to_rows() for one in again.effective_sizes()]
    assert sizes == [one.to_rows() for one in curves.effective_sizes()]
    assert sizes
