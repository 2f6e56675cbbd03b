"""Every long command on machines that see no folder of ours leads to the same bits as here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from far_workers import FarWorkers, can_hide
from PIL import Image

import quorate
from quorate.errors import WorkerError
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.membership_inference.audit import make_audit, run_audit
from quorate.membership_inference.study import make_membership_study, run_membership
from quorate.planning.plan import PlanRequest, make_plan
from quorate.runs.store import Store

VARIES = ("seconds", "provenance", "stored_at")
Command = Callable[[Path, Executor], Any]
FEW = "digits:n=120,held_out=0.05"
PLANTING = "planting:target=8,size=2"


def same(plain: Any) -> Any:
    """Return plain data without what differs from run to run."""
    if isinstance(plain, dict):
        return {key: same(value) for key, value in plain.items() if key not in VARIES}
    return [same(one) for one in plain] if isinstance(plain, list | tuple) else plain


def kept(out: Path) -> list[Any]:
    """Return all that a folder holds."""
    with Store(out) as store:
        found = [(kind, one) for kind in store.kinds() for one in store.records(kind)]
    return sorted(
        (kind, one.id, json.dumps(same(one.plain)), sorted(one.files.items()))
        for kind, one in found
    )


def scenario(name: str, **parameters: Any) -> Command:
    def run(out: Path, executor: Executor) -> Any:
        given = {**parameters, "executor": executor, "device": "cpu"}
        quorate.scenario(name, out, **given)
        return kept(out)

    return run


def critical_mass(out: Path, executor: Executor) -> Any:
    given: dict[str, Any] = {"strategy": PLANTING, "budget": 8, "out": out, "device": "cpu"}
    quorate.critical_mass(FEW, "tree", executor=executor, **given)
    return kept(out)


def audit(out: Path, executor: Executor) -> Any:
    run_audit(make_audit(population=FEW, learner="tree", seeds=1, canaries=20), out, executor)
    return kept(out)


def membership(out: Path, executor: Executor) -> Any:
    study = make_membership_study(
        population=FEW, strategy=PLANTING, learner="tree", alphas="0.1", seeds=1, models=8
    )
    run_membership(study, out, executor)
    return kept(out)


TUNED = """
title = "Tuned"
population = "digits:n=120,held_out=0.2"
strategy = "planting:target=8,size=2"
learner = "sgd:model=logistic,epochs=1"
alphas = [0, 0.1]
seeds = 1

[tune]
learning_rate = [0.1, 0.2]
"""


def experiment(out: Path, executor: Executor) -> Any:
    file = out.with_suffix(".toml")
    file.write_text(TUNED)
    quorate.run(file, out, executor=executor, device="cpu")
    return [kept(out), kept(out / "tuning")]


def plan(out: Path, executor: Executor) -> Any:
    """Return a plan; the file of its members lies beside ``out``."""
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, 80)
    table = {"age": age, "channel": rng.choice(["web", "phone"], 80)}
    decided = np.where(age > 50, "yes", "no")
    pd.DataFrame(table).assign(decision=decided).to_csv(out.parent / "members.csv", index=False)
    named: dict[str, Any] = {"target": "yes", "signal": "channel=web", "seeds": 1}
    panel = {"learners": ("tree",), "rehearsed": ("naive-bayes",)}
    request = PlanRequest(label="decision", platform_size=400, **named, **panel)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quorate.planning.rehearsal.RUNS", 3)  # of 20 splits
        made = make_plan(out.parent / "members.csv", request, executor, "cpu")
    assert made.rehearsal.rows
    assert made.simulation.rows
    return same(made.to_json())


COMMANDS: dict[str, Command] = {
    "bias": scenario(
        "bias", population="unequal:n=200", learners="tree", alphas="0.3", knowledge="all",
        strategies="random", alone="none", seeds=1, standard_error=0.5,
    ),
    "privacy": scenario("privacy", alphas="0.3", seeds=1, models=0, ways="swapping"),
    "navigation": scenario("navigation", days=1, gap=0.05, reports="50"),
    "collectives": scenario(
        "collectives", population=FEW, sizes="0,0.1", cases="as-given", seeds=1, learners="tree"
    ),
    "effective-size": scenario(
        "effective-size", worlds="digits", populations=FEW, strategies=PLANTING, targets="0.5",
        plain="sgd:model=logistic,epochs=1", learners="jtt:model=logistic,epochs=2",
        alphas="0,0.1,0.3", seeds=1,
    ),
    "certificates": scenario(
        "certificates", sizes="300,900", platform_size=3000, test_size=300, labels="Excellent",
        radii="hoeffding", aside=100, seeds=1,
    ),
    "critical-mass": critical_mass,
    "audit": audit,
    "membership": membership,
    "experiment": experiment,
    "plan": plan,
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_leads_to_the_same_bits_elsewhere(
    name: str, far: FarWorkers, tmp_path: Path
) -> None:
    out = far.mine / name
    assert COMMANDS[name](out, far.executor) == COMMANDS[name](tmp_path / name, SERIAL)


def test_files_of_people_are_found_by_the_same_relative_names(
    far: FarWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(far.shared)
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, 80)
    pd.DataFrame({"age": age, "old": age > 50}).to_csv("people.csv", index=False)
    for label, middle in (("dark", 60), ("light", 190)):
        Path("pictures", label).mkdir(parents=True)
        for i in range(20):
            pixels = rng.integers(middle - 40, middle + 40, (4, 4)).astype(np.uint8)
            Image.fromarray(pixels).save(f"pictures/{label}/{i}.png")
    people = {
        "table:path=people.csv,label=old": "planting:target=True,signal=columns,age=30",
        "images:path=pictures": "planting:target=dark,size=1",
    }
    for population, strategy in people.items():
        study: dict[str, Any] = {"population": population, "strategy": strategy}
        study |= {"learner": "tree", "alphas": [0.1], "seeds": 1}
        there = quorate.curve(**study, executor=far.executor, device="cpu")
        assert same(there.to_json()) == same(quorate.curve(**study, device="cpu").to_json())


@pytest.mark.skipif(not can_hide(), reason="this user can hide no folder from a process")
def test_a_file_of_people_that_is_not_there_is_named_and_the_machine_too(far: FarWorkers) -> None:
    file = far.mine / "people.csv"
    file.write_text("age,old\n" + "20,no\n60,yes\n" * 20)
    study: dict[str, Any] = {"population": f"table:path={file},label=old", "learner": "tree"}
    study |= {"strategy": "planting:target=yes,signal=columns,age=30", "alphas": [0.1], "seeds": 1}
    with pytest.raises(WorkerError, match=r"people\.csv to be a readable .* This was found on"):
        quorate.curve(**study, executor=far.executor, device="cpu")
