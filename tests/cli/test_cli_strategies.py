"""Strategies of every kind can be named in every study, in tiny settings."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate.cli import entry
from quorate.test_time.perturbations.perturbation import Perturbation, save

pytestmark = pytest.mark.usefixtures("plain_pictures")

HIDING = "attribute-labels:n=120,held_out=60"
STUDIES = {
    "rb-prob": ("unequal:n=200,held_out=200", "rb-prob", "equalised-odds"),
    "swapping": (HIDING, "swapping:how_many=2", "unreadable"),
    "sequence": (HIDING, "sequence:first=aggregating,then=randomised", "unreadable"),
    "perturbed": ("digits:n=100", "perturbed:path=change.npz", "recognised"),
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in a folder with a stored change, and returns the JSON that it prints."""
    monkeypatch.chdir(tmp_path)
    delta = np.full((1, 1, 8, 8), 4, np.int16)
    digits = tuple(map(str, range(10)))
    save(Perturbation("additive", {"delta": delta}, digits, (1, 8, 8), 8 / 255), "change.npz")

    def call(*words: str) -> Any:
        monkeypatch.setattr("sys.argv", ["quorate", *words, "--json"])
        with pytest.raises(SystemExit) as stop:
            entry.main()
        printed = capsys.readouterr()
        assert not stop.value.code, printed.err
        return json.loads(printed.out)

    return call


@pytest.mark.parametrize("name", STUDIES)
def test_a_curve(run: Any, name: str) -> None:
    population, strategy, goal = STUDIES[name]
    words = ["--population", population, "--strategy", strategy, "--learner", "logistic"]
    cells = run("curve", *words, "--alphas", "0,0.2", "--seeds", "1", "--out", "o")["cells"]
    assert [cell["alpha"] for cell in cells] == [0, 0.2]
    assert {cell["goal"].split(":")[0] for cell in cells} == {goal}
    assert all(0 <= cell["success"] <= 1 for cell in cells)


@pytest.mark.parametrize("name", STUDIES)
def test_a_search(run: Any, name: str) -> None:
    population, strategy, _ = STUDIES[name]
    words = ["--population", population, "--strategy", strategy, "--learner", "logistic"]
    found = run("critical-mass", *words, "--budget", "4", "--target", "0.5", "--out", "o")
    assert found["trainings"] == 4


def test_a_file_with_two_of_them(run: Any) -> None:
    Path("study.toml").write_text(
        f'population = "{HIDING}"\nstrategy = ["swapping", "cancelling"]\n'
        'goal = ["unreadable", "unreadable:changed=swapping"]\n'
        'learner = "logistic"\nalphas = [0.5]\nseeds = 1\n'
    )
    found = run("run", "study.toml", "--out", "o")
    assert len({(cell["strategy"], cell["goal"]) for cell in found["cells"]}) == 4


def test_they_are_listed(run: Any) -> None:
    listed = run("list", "strategies")["strategies"]
    names = {one["name"] for one in listed}
    assert {"rb-prob", "rehearsed", "swapping", "cancelling", "sequence", "perturbed"} <= names
