"""Curves: what a sweep says, as typed objects, frames and JSON. Cells are made by hand."""

import dataclasses
import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

from quorate import spec
from quorate.errors import InputError, StoreError
from quorate.runs.store import Store
from quorate.studies.curve import Curve
from quorate.studies.curves import Curves
from quorate.studies.loading import load
from quorate.studies.study import Study, make_study
from quorate.studies.trial import Outcome, Trial
from quorate.theory.planting import planting_critical_mass
from quorate.version import __version__

Measure = Callable[[Trial], dict[str, Any]]


def outcome(cell: Trial, version: str = __version__, **measured: Any) -> Outcome:
    return Outcome(
        id=cell.id,
        population=spec.text(cell.population),
        strategy=spec.text(cell.strategy),
        goal=spec.text(cell.goal),
        learner=spec.text(cell.learner),
        alpha=cell.alpha,
        seed=cell.seed,
        members=round(200 * cell.alpha),
        people=200,
        seconds=0.5,
        version=version,
        provenance={"libraries": {"numpy": "2"}},
        description=cell.describe(),
        **measured,
    )


def study(**changes: Any) -> Study:
    plain = {
        "population": "digits:n=200",
        "strategy": "planting:size=2",
        "learner": ["sgd", "group-dro"],
        "alphas": [0.01, 0.1],
        "seeds": 2,
    }
    return make_study(**{**plain, **changes})


def curves(of: Study, measure: Measure) -> Curves:
    return Curves.of([outcome(cell, **measure(cell)) for cell in of.cells()], of)


def by_size(cell: Trial) -> dict[str, Any]:
    """SGD reaches .9 at α = .1, group DRO never does; accuracy falls with α."""
    top = {"sgd": {0.0: 0.1, 0.01: 0.5, 0.1: 0.95}, "group-dro": {0.0: 0.1, 0.01: 0.2, 0.1: 0.3}}
    success = top[type(cell.learner).name][cell.alpha] + 0.02 * cell.seed
    return {
        "success": success,
        "accuracy": 0.9 - cell.alpha,
        "xi": 0.25,
        "gap": 1.0,
        "exact_law": False,
    }


def failing(cell: Trial) -> dict[str, Any]:
    if type(cell.learner).name == "group-dro":
        return {"error": "training diverged"}
    return by_size(cell)


# ------------------------------------------------------------------------------ curves


def test_one_curve_a_learner_with_cells_in_their_places() -> None:
    sgd, dro = curves(study(), by_size)
    assert (sgd.learner, dro.learner) == ("sgd", "group-dro")  # in the study's order
    assert sgd.alphas.tolist() == [0.0, 0.01, 0.1]
    assert sgd.seeds == (0, 1)
    # Sums of two numbers, made the same way as in by_size.
    assert sgd.success.tolist() == [[0.1, 0.1 + 0.02], [0.5, 0.5 + 0.02], [0.95, 0.95 + 0.02]]
    assert sgd.accuracy[:, 1].tolist() == [0.9, 0.9 - 0.01, 0.9 - 0.1]
    assert (sgd.people, sgd.xi, sgd.gap, sgd.exact_law) == (200, 0.25, 1.0, False)


def test_cells_in_any_order_give_the_same_curves() -> None:
    of = study()
    cells = [outcome(cell, **by_size(cell)) for cell in of.cells()]
    shuffled = [cells[i] for i in np.random.default_rng(0).permutation(len(cells))]
    assert Curves.of(shuffled, of).to_json() == Curves.of(cells, of).to_json()


def test_missing_and_failed_cells_are_nan() -> None:
    def some(cell: Trial) -> dict[str, Any]:
        broken = cell.alpha == 0.01 and cell.seed == 1
        return {"error": "diverged"} if broken else by_size(cell)

    of = study(learner="sgd")
    cells = [outcome(cell, **some(cell)) for cell in of.cells()]
    (curve,) = Curves.of(cells[1:], of)  # the cell of α = 0, seed 0 is missing
    assert np.isnan(curve.success).tolist() == [[True, False], [False, True], [False, False]]
    assert np.isnan(curve.accuracy).tolist() == np.isnan(curve.success).tolist()
    assert curve.critical_mass(0.9).estimate == 0.1


def test_every_population_strategy_goal_and_learner_has_a_curve() -> None:
    of = study(population=["digits:n=200", "digits:n=300"], goal=["planted", "planted:size=2"])
    found = list(curves(of, by_size))
    assert len({(c.population, c.strategy, c.goal, c.learner) for c in found}) == len(found) == 8


# ------------------------------------------------------------------------------ critical masses


def test_critical_masses_by_hand() -> None:
    sgd, dro = curves(study(), by_size).critical_masses().to_rows()
    assert (sgd["estimate"], sgd["below"]) == (0.1, 0.01)
    assert sgd["members"] == 0.1 * 200
    assert (sgd["target"], sgd["seeds"], sgd["reached"]) == (0.9, 2, 1.0)
    assert (dro["estimate"], dro["members"], dro["reached"]) == (math.inf, math.inf, 0.0)
    assert dro["below"] == 0.1


def test_another_target_may_be_asked_for() -> None:
    found = curves(study(), by_size)
    assert [mass.estimate for mass in found.critical_masses(0.5)] == [0.01, math.inf]
    assert [mass.target for mass in found.critical_masses(0.5)] == [0.5, 0.5]
    assert [mass.estimate for mass in found.critical_masses()] == [0.1, math.inf]
    with pytest.raises(InputError, match=r"target=1\.5"):
        found.critical_masses(1.5)


def test_a_learner_that_never_trained_does_not_break_the_others() -> None:
    """Every cell of one learner failed: its row has no value, the others are whole."""
    found = curves(study(), failing)
    sgd, dro = found.critical_masses().to_rows()
    assert sgd == curves(study(), by_size).critical_masses().to_rows()[0]
    assert math.isnan(dro["estimate"])
    assert math.isnan(dro["low"])
    assert math.isnan(dro["high"])
    assert dro["reached"] == 0.0
    row = found.to_json()["critical_mass"][1]
    assert (row["estimate"], row["high"], row["members"]) == (None, None, None)
    assert len(found.critical_masses().to_frame()) == 2


def test_the_bound_stands_where_it_speaks_of_the_curve() -> None:
    rows = curves(study(eps=0.01, reading="huber"), by_size).critical_masses().to_rows()
    wanted = planting_critical_mass(0.9, 0.25, 1.0, 0.01, "huber")
    assert [row["bound"] for row in rows] == [wanted, wanted]


@pytest.mark.parametrize(
    "changes",
    [
        {"strategy": "planting-features"},  # another strategy
        {"goal": "planted:size=1"},  # another signal is measured
        {"goal": "planted:target=3,size=2"},  # another target
    ],
)
def test_no_bound_where_the_theory_is_about_something_else(changes: dict[str, str]) -> None:
    (curve, *_) = curves(study(**changes), by_size)
    assert not any(bound.applies for bound in curve.bounds)
    assert all(bound.why for bound in curve.bounds)
    assert curve.bound(np.array([0.1]), 0.0, "tv") is None
    assert curves(study(**changes), by_size).critical_masses().to_rows()[0]["bound"] is None


def test_a_goal_that_is_the_strategys_own_written_out_has_a_bound() -> None:
    (curve, *_) = curves(study(goal="planted:size=2"), by_size)
    assert [bound.name for bound in curve.bounds if bound.applies] == ["planting"]
    # ξ = .25, Δ = 1, α = .5: 1 − 1·.25 = .75.
    values = curve.bound(np.array([0.5]), 0.0, "tv")
    assert values is not None
    assert values.tolist() == [0.75]


def test_xi_is_averaged_over_cells_and_the_gap_is_the_worst() -> None:
    def varied(cell: Trial) -> dict[str, Any]:
        return {**by_size(cell), "xi": 0.25 + 0.5 * cell.seed, "gap": float(cell.seed)}

    (curve, *_) = curves(study(), varied)
    assert (curve.xi, curve.gap) == (0.5, 1.0)


def test_a_goal_without_a_signal_has_no_law() -> None:
    (curve, *_) = curves(study(), lambda cell: {"success": 0.5, "accuracy": 0.5})
    assert (curve.xi, curve.gap, curve.exact_law) == (None, None, None)
    assert curve.bound(np.array([0.5]), 0.0, "tv") is None


# ------------------------------------------------------------------------------ frames and JSON

CELL_KEYS = {
    "population",
    "strategy",
    "learner",
    "alpha",
    "seed",
    "success",
    "accuracy",
    "members",
    "epsilon",
    "seconds",
}
MASS_KEYS = {"learner", "target", "estimate", "low", "high"}


def strict(plain: Any) -> str:
    """Return strict JSON: NaN and infinities are refused."""
    return json.dumps(plain, allow_nan=False)


@pytest.mark.parametrize("measure", [by_size, failing])
def test_json_has_the_promised_keys_and_is_strict(measure: Measure) -> None:
    plain = curves(study(), measure).to_json()
    assert json.loads(strict(plain)) == plain
    assert set(plain) == {"cells", "critical_mass"}
    assert len(plain["cells"]) == 12
    for row in plain["cells"]:
        assert row.keys() >= CELL_KEYS
    for row in plain["critical_mass"]:
        assert row.keys() >= MASS_KEYS


def test_what_has_no_value_is_null_however_deep() -> None:
    def odd(cell: Trial) -> dict[str, Any]:
        record = {"loss": math.nan, "weights": [0.5, math.inf], "deep": {"er": [[-math.inf]]}}
        return {**by_size(cell), "epsilon": math.inf, "record": record}

    row = curves(study(), odd).to_json()["cells"][0]
    assert row["epsilon"] is None
    assert row["record"] == {"loss": None, "weights": [0.5, None], "deep": {"er": [[None]]}}
    strict(row)


def test_failed_cells_are_null_with_their_error() -> None:
    rows = curves(study(), failing).to_json()["cells"]
    failed = [row for row in rows if row["learner"] == "group-dro"]
    assert len(failed) == 6
    for row in failed:
        assert (row["success"], row["accuracy"], row["error"]) == (None, None, "training diverged")


def test_frames_have_a_row_a_cell_and_a_row_a_curve() -> None:
    found = curves(study(), by_size)
    frame = found.to_frame()
    assert len(frame) == 12
    assert set(frame.columns) >= CELL_KEYS
    assert "description" not in frame.columns
    sgd = frame[(frame.learner == "sgd") & (frame.alpha == 0.1)]
    assert sgd.success.tolist() == [0.95, 0.95 + 0.02]
    masses = found.critical_masses().to_frame()
    assert masses.estimate.tolist() == [0.1, math.inf]


def test_a_curve_reads_its_own_critical_mass() -> None:
    curve: Curve = next(iter(curves(study(), by_size)))
    assert curve.critical_mass(0.5).estimate == 0.01


# ------------------------------------------------------------------------------ load


def keep(folder: Path, of: Study, measure: Measure, version: str = __version__) -> None:
    """Store a study and its cells, as a sweep by some version would."""
    with Store(folder, write=True) as store:
        store.add_study({**of.describe(), **of.state()}, version)
        for cell in of.cells():
            one = outcome(cell, version, **measure(cell))
            store.add("trial", dataclasses.replace(one, id=f"{version} {one.id}").to_record())


def test_load_gives_back_the_curves_and_how_to_read_them(tmp_path: Path) -> None:
    of = study(target=0.5, eps=0.01, reading="huber", title="Mine")
    keep(tmp_path, of, by_size)
    found = load(tmp_path)
    assert (found.target, found.eps, found.reading, found.title) == (0.5, 0.01, "huber", "Mine")
    assert [c.learner for c in found] == ["sgd", "group-dro"]
    assert len(found.outcomes) == 12
    assert load(tmp_path, target=0.95).target == 0.95
    with pytest.raises(InputError, match="target=2"):
        load(tmp_path, target=2)


def test_load_shows_the_cells_of_the_version_that_ran_last(tmp_path: Path) -> None:
    keep(tmp_path, study(), lambda cell: {"success": 0.25, "accuracy": 0.5}, version="0.0.1")
    keep(tmp_path, study(), by_size)  # the same study, by a later quorate
    assert {one.version for one in load(tmp_path).outcomes} == {__version__}
    assert len(load(tmp_path).outcomes) == 12


def test_load_without_cells_says_so(tmp_path: Path) -> None:
    with Store(tmp_path, write=True):
        pass
    with pytest.raises(StoreError, match="got none"):
        load(tmp_path)
    keep(tmp_path, study(), by_size, version="0.0.1")
    with Store(tmp_path, write=True) as store:  # killed before its first cell
        store.add_study(study().describe(), __version__)
    with pytest.raises(StoreError, match=r"got none\. Run it there"):
        load(tmp_path)


def test_load_needs_no_file_but_the_store_and_shows_the_state_that_ran_last(
    tmp_path: Path,
) -> None:
    """A CSV that changes is other people; the store alone tells which were measured last."""
    file = tmp_path / "people.csv"
    out = tmp_path / "out"
    ages = {"old": "age,y\n1,a\n2,b\n", "new": "age,y\n1,a\n3,b\n"}

    def run_on(state: str) -> None:
        file.write_text(ages[state])
        of = study(
            population=f"table:path={file},label=y", strategy="planting:signal=columns,age=2"
        )
        keep(out, of, lambda cell: {"success": float(state == "new"), "accuracy": 0.5})

    run_on("old")
    run_on("new")
    assert {one.success for one in load(out).outcomes} == {1.0}
    run_on("old")  # back again: every cell is there already
    assert {one.success for one in load(out).outcomes} == {0.0}
    file.unlink()
    assert len(load(out).outcomes) == 12
    assert [c.learner for c in load(out)] == ["sgd", "group-dro"]


def test_load_shows_other_studies_of_the_folder_after_the_last_one(tmp_path: Path) -> None:
    keep(tmp_path, study(learner="group-dro"), by_size)
    keep(tmp_path, study(learner="sgd"), by_size)
    assert [c.learner for c in load(tmp_path)] == ["sgd", "group-dro"]


# ------------------------------------------------------------------------------ names that differ


def differing(**given: Any) -> Curves:
    shared = "max_grad_norm=1,epochs=1,learning_rate=0.3,batch_size=20"
    learners = [f"dp-sgd:epsilon={epsilon},{shared}" for epsilon in (1, 8)]
    learners += ["sgd:model=logistic,epochs=1", "sgd:model=cnn,epochs=1", "forest:n_estimators=5"]
    return curves(study(learner=learners, **given), lambda _: {"success": 0.5, "accuracy": 0.75})


def test_learners_that_differ_in_one_parameter_are_told_apart_by_it() -> None:
    found = differing()
    short = ["dp-sgd:epsilon=1", "dp-sgd:epsilon=8", "sgd:model=logistic", "sgd:model=cnn"]
    short.append("forest:n_estimators=5")  # one of its kind is whole
    success, mass, ends, bounds, *_ = found.sections()
    assert list(success.rows[0]) == ["α", *short]
    assert [row["learner"] for row in mass.rows] == short
    assert [row["learner"] for row in ends.rows] == short
    assert all(any(name in line for line in bounds.sentences) for name in short)
    assert [line.label for line in found._panels()[0].lines] == short
    texts = [curve.learner for curve in found]
    assert all(text in found.facts()["Learner"] for text in texts)  # where what they share stands
    assert [row["learner"] for row in found.critical_masses().to_rows()] == texts


@pytest.mark.parametrize("width", [80, 40])
def test_they_are_told_apart_in_a_narrow_terminal(width: int) -> None:
    from rich.console import Console

    from quorate.report.terminal import print_result

    console = Console(width=width, record=True, file=io.StringIO(), highlight=False, markup=False)
    print_result(differing(), console)
    tables = console.export_text().split("success S(α)")[1]
    assert all(tables.count(f"epsilon={epsilon}") >= 2 for epsilon in (1, 8))
    assert "max_grad_norm" not in tables


def test_names_of_the_user_s_own_stand_everywhere_as_they_are() -> None:
    own = ["strict", "loose: a, b", "sgd:epochs=1", "a net", "trees"]
    found = differing(name=own)
    success, mass, *_ = found.sections()
    assert list(success.rows[0]) == ["α", *own]
    assert [row["learner"] for row in mass.rows] == own
    assert {row["called"] for row in found.data()["critical-mass"]} == set(own)
    assert {row["called"] for row in found.data()["curves"]} == set(own)
    assert all(line.is_name for line in found._panels()[0].lines)
    texts = {text.get_text() for text in found.plot().findobj(Text)}
    assert all(any(name in text for text in texts) for name in own)
