"""Import paths are followed where the user has named them, and nowhere else."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import quorate
from quorate import catalog, spec
from quorate.bring_your_own.import_paths import refusing, trusting
from quorate.cli.entry import app
from quorate.errors import InputError
from quorate.runs.store import Store

SOURCE = """
from pathlib import Path
import numpy as np
from sklearn.naive_bayes import GaussianNB

Path("it_ran").touch()
model = GaussianNB()


def fit(X, y):
    found = model.fit(X, y)
    return found.predict


def mark(X):
    return X.assign(x2=3.0)
"""
STUDY = """
population = "gaussian:n=40,held_out=20"
strategy = "planting:signal=columns,x2=3"
learner = "{learner}"
alphas = "0.2"
seeds = 1
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with a module in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one not in ("", str(tmp_path))])
    Path("own_module.py").write_text(SOURCE)
    yield tmp_path
    sys.modules.pop("own_module", None)


def run(*words: str) -> Any:
    return CliRunner().invoke(app, words)


def test_the_command_line_follows_import_paths(folder: Path) -> None:
    found = run(
        *("curve", "--population", "gaussian:n=40,held_out=20", "--alphas", "0.2", "--seeds", "1"),
        *("--strategy", "planting:signal=own_module:mark", "--out", "out", "--json"),
        *("--learner", "own_module:fit", "--learner", "knn-cleaning:learner=own_module:model"),
    )
    assert found.exit_code == 0, found.output
    learners = {one["learner"] for one in json.loads(found.stdout)["cells"]}
    first, second = sorted(learners)
    assert first.startswith("handed-in:model=own_module:fit ")
    assert second.startswith("knn-cleaning:neighbours=5,learner=handed-in,model=own_module:model ")
    (folder / "it_ran").unlink()
    sys.modules.pop("own_module")
    shown = run("show", "out")
    assert shown.exit_code == 0, shown.output
    assert "own_module:fit" in shown.stdout
    assert not (folder / "it_ran").exists()


def test_an_edited_function_gets_cells_of_its_own(folder: Path) -> None:
    before = spec.text(catalog.build("learners", "own_module:fit"))
    sys.modules.pop("own_module")
    Path("own_module.py").write_text(SOURCE.replace("found.predict", "lambda x: found.predict(x)"))
    after = spec.text(catalog.build("learners", "own_module:fit"))
    assert before.rpartition(" ")[0] == after.rpartition(" ")[0] == "handed-in:model=own_module:fit"
    assert before != after


def test_a_study_file_imports_nothing_unless_it_is_trusted(folder: Path) -> None:
    Path("study.toml").write_text(STUDY.format(learner="own_module:fit"))
    for inside in ("own_module:fit", "knn-cleaning:learner=own_module:fit"):
        Path("nested.toml").write_text(STUDY.format(learner=inside))
        refused = run("run", "nested.toml", "--out", "out")
        assert refused.exit_code != 0
        assert "since importing a module runs its code" in str(refused.exception)
        assert "quorate run FILE --trust" in str(refused.exception)
    with pytest.raises(InputError, match="importing a module runs its code"):
        quorate.run("study.toml", "out")
    assert not (folder / "it_ran").exists()
    trusted = run("run", "study.toml", "--out", "out", "--trust", "--json")
    assert trusted.exit_code == 0, trusted.output
    assert (folder / "it_ran").exists()


def test_a_stored_result_imports_nothing(folder: Path) -> None:
    settings: dict[str, Any] = {"alphas": "0.2", "seeds": 1, "learner": "naive-bayes"}
    planting = "planting:signal=columns,x2=3"
    quorate.curve(out="out", population="gaussian:n=40,held_out=20", strategy=planting, **settings)
    with Store("out", write=True) as store:
        study, version = store.studies()[-1]
        store.add_study({**study, "learner": ["own_module:fit"]}, version)
    for command in ("show", "export"):
        assert "in a stored result" in str(run(command, "out").exception)
    with pytest.raises(InputError, match="in a stored result"):
        quorate.load("out")
    assert not (folder / "it_ran").exists()


def test_trust_holds_inside_alone(folder: Path) -> None:
    with refusing("a file"):
        with pytest.raises(InputError, match="in a file"):
            catalog.build("learners", "own_module:fit")
        with trusting():
            catalog.build("learners", "own_module:fit")
        with pytest.raises(InputError, match="in a file"):
            catalog.build("signals", "own_module:mark")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no_such_module:fit", "Install it, or run this in the folder that holds it"),
        ("own_module:fits", "It has: GaussianNB, Path, fit, mark, model, np"),
    ],
)
def test_what_is_not_there_is_told(folder: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        catalog.build("learners", text)


def test_a_module_here_may_be_called_as_a_method_is(folder: Path) -> None:
    with pytest.raises(InputError, match="Expected key=value in 'forest:fit', got 'fit'"):
        catalog.build("learners", "forest:fit")
    Path("own_module.py").rename("forest.py")
    assert catalog.build("learners", "forest:fit").called == "forest:fit"


def test_modules_of_the_working_directory_stand_in_for_none(folder: Path) -> None:
    catalog.build("learners", "own_module:fit")
    assert sys.path[-1] == str(folder)
