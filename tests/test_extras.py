"""What a plain installation can do, and the one message where it cannot."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from quorate.errors import InputError
from quorate.extras import EXTRAS, require
from quorate.runtime import provenance

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
FOR_DEVELOPERS = {"bench", "docs", "test"}
MODULES = {
    "mlflow_skinny": "mlflow",
    "scikit_image": "skimage",
}  # packages that are imported by another name


def test_extras_are_those_of_the_project_s_metadata() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]

    def modules(extra: str) -> set[str]:
        found = set()
        for one in extras[extra]:
            if inside := re.fullmatch(r"quorate\[(.+)\]", one):
                found |= modules(inside[1])
            else:
                name = re.split(r"[<>=!~\[; ]", one)[0].lower().replace("-", "_")
                found.add(MODULES.get(name, name))
        return found

    assert {extra: set(names) for extra, names in EXTRAS.items()} == {
        extra: modules(extra) for extra in set(extras) - FOR_DEVELOPERS
    }
    plain = {re.split(r"[<>=]", one)[0] for one in project["dependencies"]}
    assert not plain & {name for names in EXTRAS.values() for name in names}


def test_a_missing_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError) as caught:
        require("train", "training networks")
    assert str(caught.value) == (
        "Expected torch for training networks, got no such package installed. Install it: "
        "pip install 'quorate[train]'."
    )
    with pytest.raises(InputError, match=r"'quorate\[train\]'\. Trees do without\.$"):
        require("train", "training networks", instead="Trees do without.")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    require("data", "pictures", "datasets")  # the other one of the extra is not asked for
    with pytest.raises(InputError, match="Expected pyarrow for pictures"):
        require("data", "pictures")


def test_provenance_leaves_out_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = metadata.version

    def version(name: str) -> str:
        if name == "torch":
            raise metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(metadata, "version", version)
    libraries = provenance._libraries()
    assert "torch" not in libraries
    assert libraries["numpy"] == found("numpy")


MEMBERS = "income,sex,decision\n" + "high,f,yes\nhigh,m,yes\nlow,f,no\nlow,m,no\n" * 20
STUDY = "--population digits:n=200 --strategy planting:target=8,size=2"
CURVE = f"curve {STUDY} --alphas 0.3 --seeds 1"
WORK = [  # what trains no network
    f"{CURVE} --learner tree --learner dp-forest --out runs/tree",
    "show runs/tree",
    "export runs/tree --format csv --out cells.csv",
    "participation runs/tree --cost 0.1 --share 0.5 --out runs/joins",
    f"critical-mass {STUDY} --learner tree --budget 3 --target 0.5 --out runs/search",
    "scenario navigation --network siouxfalls --reports 20 --share 0.6 --out runs/roads",
    "plan members.csv --label decision --target yes --platform-size 1000 --signal sex=f "
    "--no-simulate --no-rehearse --out runs/plan",
    "plan members.csv --label decision --target yes --platform-size 1000 --signal sex=f "
    "--no-rehearse --seeds 1 --out runs/simulated",
    "list learners",
]
REFUSED = {  # and what needs more than is installed
    f"{CURVE} --learner sgd --out runs/sgd": ("torch", "train"),
    f"{CURVE} --learner tree --device cuda --out runs/cuda": ("torch", "train"),
    "correct --population digits:n=300 --subgroup low-light --platform tree --proxy tree "
    "--members 5 --queries 2 --anyway --out runs/correct": ("torch", "train"),
    "curve --population mnist --strategy planting --learner tree --seeds 1 --out runs/mnist": (
        "datasets",
        "data",
    ),
    "export runs/tree --format parquet --out cells.parquet": ("pyarrow", "data"),
}
ALONE = """
import contextlib, io, json, sys

class Without:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, *rest):
        hidden = name.split(".")[0] in ("torch", "datasets", "pyarrow")
        return None if hidden else self.finder.find_spec(name, *rest)
    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = map(Without, sys.meta_path)
from quorate.cli.entry import main
found = []
for words in json.loads(sys.argv[1]):
    sys.argv = ["quorate", *words.split()]
    said, code = io.StringIO(), 0
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main()
    except SystemExit as end:
        code = end.code or 0
    found.append([code, said.getvalue()])
print(json.dumps(found))
"""


def test_what_trains_no_network_works_without_the_extras(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text(MEMBERS, encoding="utf-8")
    commands = [*WORK, *REFUSED]
    run = subprocess.run(
        [sys.executable, "-c", ALONE, json.dumps(commands)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "QUORATE_CACHE": str(tmp_path / "cache")},  # which may hold MNIST
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    for words, (code, said) in zip(WORK, found, strict=False):
        assert code == 0, f"{words}\n{said}"
    simulated = json.loads((tmp_path / "runs/simulated/plan.json").read_text(encoding="utf-8"))
    names = {row["learner"].partition(":")[0] for row in simulated["simulated"]}
    assert names == {"forest", "boosting"}  # of the usual panel, what trains no network
    (note,) = (one for one in simulated["notes"] if "PyTorch" in one)
    assert "dp-sgd:epsilon=1, " in note
    assert "pip install 'quorate[train]'" in note
    assert " Learners such as boosting train no network." in found[len(WORK)][1]
    asked = list((tmp_path / "runs/correct").glob("ledgers/*.sqlite"))
    assert not asked  # no query is spent on what cannot be crafted
    refused = zip(REFUSED.items(), found[len(WORK) :], strict=True)
    for (words, (module, extra)), (code, said) in refused:
        assert code == 2, words
        assert f"Expected {module} for " in said
        assert f"got no such package installed. Install it: pip install 'quorate[{extra}]'." in said
