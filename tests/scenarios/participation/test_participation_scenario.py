"""Participation on measured curves: read, fitted, played, shown, and refused."""

import json
import shutil
from pathlib import Path

import pytest

from quorate import spec
from quorate.cli.entry import app
from quorate.errors import InputError, StoreError
from quorate.runs.kept_tables import read_texts
from quorate.runs.result import Result
from quorate.scenarios.participation.measured_curve import read_curves
from quorate.scenarios.scenario import make_scenario, run_scenario

pytestmark = pytest.mark.usefixtures("plain_pictures")

HEADER = "population,strategy,goal,learner,alpha,seed,people,success,epsilon"


SIZES = {0.0: 0.0, 0.02: 0.1, 0.04: 0.9, 0.06: 1.0}  # of 50 people: 0, 1, 2, 3 actors


def write_cells(folder: Path, learners=("forest",), seeds=(0,), sizes=SIZES, more=()) -> str:
    rows = [
        f"digits,planting,planted,{learner},{alpha},{seed},50,{success},"
        for learner in learners
        for seed in seeds
        for alpha, success in sizes.items()
    ]
    (folder / "cells.csv").write_text("\n".join([HEADER, *rows, *more]) + "\n")
    return str(folder)


def test_three_people_by_hand(tmp_path: Path) -> None:
    """γ = .5, k = .2: the case of the theory's tests, from a file to JSON.

    Acting pays above S = .4. From 1 of 50 at .1 to 2 at .9 that is at 2%·2^{3/8}, two people; alone
    one gets .1 − .2. It tips at one, since who joins as the second gets .9 − .2 > .1/2.
    """
    folder = write_cells(tmp_path)
    settings = {
        "cost": 0.2,
        "share": 0.5,
        "belief": 0.02,
        "spread": 0,
        "defectors": 0,
        "noise": 0,
        "target": 0.9,
        "network": "complete",
        "starts": "0, 0.5",
        "seed": 3,
    }
    result = run_scenario({"name": "participation", "folder": folder, **settings}).result
    found = result.to_json()
    assert found["pays"]["success"] == 0.4
    assert found["pays"]["alpha"]["estimate"] == pytest.approx(0.02 * 2 ** (3 / 8), rel=1e-12)
    assert found["pays"]["between"] == [0.02, 0.04]
    assert found["pays"]["members"] == 2
    rests = [(row["actors"], row["stable"]) for row in found["equilibria"]]
    assert rests == [(0, True), (1, False), (3, True)]
    assert found["tipping_point"]["alpha"] == 0.02
    assert [part["joining_pays"] for part in found["regimes"]] == [False, True]
    assert found["free_riding"]["optimum"]["actors"] == 3
    assert found["free_riding"]["lost_at_fewest"] == pytest.approx(0.8, abs=1e-12)
    assert found["free_riding"]["lost_at_most"] == 0
    # One answers: at once they get .1 − .2; with a pledge of two nobody acts.
    assert found["pledges"]["at_once"]["member"] == pytest.approx(-0.1, abs=1e-12)
    assert found["pledges"]["at_once"]["too_early"] == 1
    assert found["pledges"]["pledges"] == 2
    assert found["pledges"]["pledged"]["member"] == 0
    assert found["pledges"]["pledged"]["too_early"] == 0
    assert [row["actors"] for row in found["pledges"]["assured_equilibria"]] == [3]
    # An incentive of k − .5·.1 would make acting pay for who expects one.
    assert found["learners"][0]["incentive"]["estimate"] == pytest.approx(0.15, abs=1e-12)
    assert result.summary() == [
        "With a cost of 0.2 and a share of 0.5 for who stays out, acting pays from 2.59% on: 2 of "
        "50 people (95% interval 2.59% to 2.59%).",
        "Where everyone knows how many act, it depends on how many begin: it tips at 1 of 50 "
        "people, 2%.",
        "It is best for all if 3 of the 3 who may act do. In the stable equilibrium with the "
        "fewest actors, 0, a person gets 0.800 less on average, and in that with the most, 3, "
        "no less.",
        "If about 1 of 50 people answer a call and act at once, each of them gets -0.100, and "
        "with probability 100% there are too few for it to pay. With a pledge, an assurance "
        "contract, it is 0.000 and 0%, and they act with probability 0%.",
    ]
    zero, half = found["dynamics"]["courses"]  # round(1.5) is 2: both want in, and the third
    assert (zero["one_at_a_time"], half["one_at_a_time"]) == (0, 3 / 50)
    assert (zero["by_acquaintances"], half["by_acquaintances"]) == (0, 3 / 50)


def test_where_nothing_pays_there_is_no_size(tmp_path: Path) -> None:
    """γ = 1 leaves only what one's own part changes; at k = .3 the third rides free."""
    sizes = {0.0: 0.0, 0.02: 0.5, 0.04: 0.9, 0.06: 0.95}
    folder = write_cells(tmp_path, sizes=sizes)
    settings = {"cost": 0.3, "share": 1, "target": 0.99, "network": "complete"}
    result = run_scenario({"name": "participation", "folder": folder, **settings}).result
    found = result.to_json()
    json.dumps(found, allow_nan=False)
    assert found["pays"] == {
        "success": None,
        "alpha": {"estimate": None, "low": None, "high": None},
        "between": [0.06, None],
        "members": None,
    }
    assert found["regime"] == "some act, and the others ride free"
    assert found["free_riding"]["most"]["actors"] == 2
    assert found["pledges"]["threshold"]["estimate"] is None  # .99 is not reached
    assert found["pledges"]["pledged"]["reached"] == 0
    assert result.tables()
    pays, rests, riding, _ = result.summary()
    assert pays.endswith("acting pays at no size that was measured.")
    assert rests == "Where everyone knows how many act, some act, and the others ride free."
    assert "While 2 do, a person gets" in riding
    assert result.pictures()


def test_the_curves_that_come_along_say_what_they_should() -> None:
    ran = run_scenario("participation")
    found = ran.result.to_json()
    assert found["curve"]["called"] == "ε = 1"
    by_name = {one["called"]: one for one in found["learners"]}
    assert len(by_name) == 8
    assert by_name["no privacy"]["epsilon"] is None
    assert by_name["ε = 10"]["epsilon"] == pytest.approx(10, abs=0.01)
    least = [by_name[name]["minimum_viable_size"] for name in ("no privacy", "ε = 1", "ε = 0.1")]
    assert least[0]["high"] < least[1]["low"] <= least[1]["high"] < least[2]["low"]
    rows = ran.result.rows()
    assert len(rows) == 8 * 5
    assert {row["seed"] for row in rows} == set(range(5))
    assert set(ran.result.pictures()) == {"regimes", "responses", "pledges", "learners"}


def test_the_curves_that_come_along_are_a_run_that_is_kept() -> None:
    """They are experiments/results/private-epsilon; copy it anew where that is measured anew."""
    kept = Path(__file__).parents[3] / "experiments" / "results" / "private-epsilon"
    here = {(c.learner, c.seeds): c.success.tolist() for c in read_curves("")}
    there = {(c.learner, c.seeds): c.success.tolist() for c in read_curves(str(kept))}
    assert here == there
    assert len(read_texts(kept, "cells")) == 8 * 11 * 5


def test_a_store_and_its_tables_say_the_same(tmp_path: Path) -> None:
    from quorate.report.files import write_result
    from quorate.studies.study import make_study
    from quorate.studies.sweep import run_study

    methods = {"population": "digits:n=120", "strategy": "planting:size=2", "learner": "tree"}
    study = make_study(**methods, alphas="0.05,0.2", seeds=2)
    curves = run_study(study, tmp_path / "run")
    write_result(curves, tmp_path / "run")
    tables = tmp_path / "tables"
    tables.mkdir()
    for name in ("cells.csv", "critical_mass.csv"):
        shutil.copy(tmp_path / "run" / name, tables)
    (stored,), (tabled,) = (read_curves(str(f)) for f in (tmp_path / "run", tables))
    assert stored.success.tolist() == tabled.success.tolist()
    assert stored.alphas.tolist() == tabled.alphas.tolist() == [0.0, 0.05, 0.2]
    for what in ("people", "learner", "called"):
        assert getattr(stored, what) == getattr(tabled, what)


def test_the_command_is_the_scenario(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    folder = write_cells(tmp_path)
    options = ["--cost", "0.2", "--network", "complete", "--json"]
    run = CliRunner().invoke(
        app, ["participation", folder, "--out", str(tmp_path / "out"), *options]
    )
    assert run.exit_code == 0, run.output
    said = json.loads(run.stdout)
    assert said["cost"] == 0.2
    page = (tmp_path / "out" / "report.html").read_text()
    for words in ("Does joining pay? digits, forest", "who stays out gets", "by acquaintances"):
        assert words in page
    same = run_scenario(
        {"name": "participation", "folder": folder, "cost": 0.2, "network": "complete"}
    )
    assert said == json.loads(json.dumps(same.result.to_json()))


def test_seeds_that_miss_a_size_are_left_out(tmp_path: Path) -> None:
    folder = write_cells(
        tmp_path, seeds=(0, 1), more=["digits,planting,planted,forest,0.08,0,50,1.0,"]
    )
    (curve,) = read_curves(folder)
    assert curve.seeds == (0,)
    assert curve.alphas.tolist() == [0.0, 0.02, 0.04, 0.06, 0.08]


def test_parameters_are_plain_data() -> None:
    made = make_scenario('participation:cost=0.3,starts="0.1,0.2",network=ring,threshold=none')
    assert make_scenario(spec.describe(made)) == made
    assert make_scenario(spec.text(made)) == made


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cost": -0.1}, r"cost=-0\.1 to be at least 0"),
        ({"share": 1.5}, r"share=1\.5 in \[0, 1\]"),
        ({"share": -0.5}, r"share=-0\.5 in \[0, 1\]"),
        ({"belief": 1.2}, r"belief=1\.2 in \[0, 1\]"),
        ({"spread": -1}, "spread=-1 to be at least 0"),
        ({"defectors": 1}, r"defectors=1 in \[0, 1\)"),
        ({"defectors": -0.1}, r"defectors=-0\.1 in \[0, 1\)"),
        ({"noise": -0.2}, r"noise=-0\.2 to be at least 0"),
        ({"threshold": 1.1}, r"threshold=1\.1 in \[0, 1\]"),
        ({"threshold": -0.1}, r"threshold=-0\.1 in \[0, 1\]"),
        ({"target": 1.1}, r"target=1\.1"),
        ({"reach": 0}, r"reach=0 in \(0, 1\]"),
        ({"starts": [0.1, 2]}, r"starts=2 in \[0, 1\]"),
        ({"starts": []}, "starts=0"),
        ({"rounds": 0}, "rounds=0"),
        ({"seed": -1}, "seed=-1"),
        ({"network": "rings"}, "Did you mean ring"),
        ({"learner": "forrest"}, r"learner='forrest' to name one curve, got 0 of 8.*no privacy"),
        ({"learner": "dp-sgd"}, r"got 7 of 8\. Choose by --learner"),
        ({"strategy": "erasing"}, "strategy='erasing' to name one curve"),
        ({"reach": 0.5}, r"reach=0\.5 to be one person or more and at most 0\.3"),
        ({"reach": 1e-6}, "one person or more"),
        ({"acquaintances": 3}, "acquaintances=3 to be even"),
    ],
)
def test_bad_input_is_answered(given: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run_scenario({"name": "participation", **given})


def test_a_folder_is_asked_for_curves(tmp_path: Path) -> None:
    def run(folder: str, **more: object) -> Result:
        return run_scenario({"name": "participation", "folder": folder, **more}).result

    with pytest.raises(StoreError, match=r"store or cells\.csv"):
        run(str(tmp_path))
    with pytest.raises(StoreError, match=r"store or cells\.csv"):
        run(str(tmp_path / "nowhere"))
    several = write_cells(tmp_path, learners=("forest", "tree"))
    with pytest.raises(InputError, match=r"learner='knn' to name one curve.*forest .*; tree "):
        run(several, learner="knn")
    for given, played in (({"learner": "tree"}, "tree"), ({}, "forest")):  # else the first
        found = run(several, network="complete", **given)
        assert found.to_json()["curve"]["called"] == played
    with pytest.raises(StoreError, match=r"if nobody acts, α = 0, got 0\.1"):
        run(write_cells(tmp_path, sizes={0.1: 0.1, 0.2: 0.5}))
    with pytest.raises(StoreError, match="two sizes"):
        run(write_cells(tmp_path, sizes={0.0: 0.1}))
    with pytest.raises(StoreError, match="numbers in"):
        run(write_cells(tmp_path, sizes={0.0: "none", 0.1: 0.5}))
    (tmp_path / "cells.csv").write_text("alpha,seed\n0,0\n")
    with pytest.raises(StoreError, match="the columns population"):
        run(str(tmp_path))
