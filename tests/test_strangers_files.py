"""Files of strangers: whatever is planted in one, every command that reads it runs none of it.

Each payload makes a folder, the marker, if it is unpickled, imported, called or evaluated. A
command may refuse the file or use it; it never leaves a marker, and never ends in a traceback.
"""

import io
import json
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save

from quorate.learners.base.scikit_learner import PlainEstimator
from quorate.runs.cell import Record
from quorate.runs.store import Store
from quorate.runtime import cache
from quorate.test_time.http.server import read_keys
from quorate.test_time.platforms.in_process import CARD, ESTIMATOR, MODEL, save_platform
from quorate.test_time.platforms.platform import Card
from quorate.test_time.study.running import run_correction
from quorate.test_time.study.settings import make_correction

STORED = Path(__file__).parent / "stored"
TINY = {
    "population": "digits:n=300,held_out=0.05",
    "subgroup": "low_light",
    "share": "0.2",
    "platform": "mlp:epochs=1",
    "proxy": "mlp:epochs=1",
    "members": "10",
    "queries": "2",
    "epsilon": "8/255",
    "crafting": "steps=1,restarts=1",
    "extraction": "variants=0",
    "label-free": "gain",
    "adaptive": "none",
    "seeds": "1",
}


@dataclass(frozen=True)
class Payload:
    """What makes the marker, in every form that a file could hold it."""

    marker: Path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.marker),)

    @property
    def pickled(self) -> bytes:
        """A pickle."""
        return pickle.dumps(self)

    @property
    def npz(self) -> bytes:
        """Arrays of objects, which are pickles inside, under the names that our files have."""
        file = io.BytesIO()
        array = np.array([self], dtype=object)
        names = ("about", "facts", "delta", "phi", "member", "acts", "x", "y", "person", "0")
        np.savez(file, **dict.fromkeys(names, array))  # type: ignore[arg-type]
        return file.getvalue()

    @property
    def skops(self) -> bytes:
        """A file of skops that calls a function, for whoever trusts what it names."""
        text = json.dumps(str(self.marker))
        builtin = {"__module__": "builtins", "__class__": "str", "__loader__": "JsonNode"}
        one = {**builtin, "content": text, "is_json": True}
        given = {**builtin, "__class__": "tuple", "__loader__": "TupleNode", "content": [one]}
        call = {"__module__": "os", "__class__": "mkdir", "__loader__": "ConstructorFromReduceNode"}
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            schema = {**call, "content": given, "protocol": 2, "_skops_version": "0.16.0"}
            archive.writestr("schema.json", json.dumps(schema))
        return file.getvalue()

    @property
    def named(self) -> dict[str, Any]:
        """Plain data that name a function, for whoever imports what is named."""
        return {"name": "os:mkdir", "is": "os.mkdir", "py/object": "os.mkdir", "path": self.text}

    @property
    def text(self) -> str:
        """The marker's path."""
        return str(self.marker)

    @property
    def code(self) -> str:
        """A line of Python."""
        return f"__import__('os').mkdir({self.text!r})"


def correct(out: str, **more: str) -> tuple[str, ...]:
    """The words of a tiny correction."""
    given = {**TINY, **{key.replace("_", "-"): value for key, value in more.items()}}
    pairs = [("--out", out), *((f"--{key}", value) for key, value in given.items())]
    return ("correct", "--anyway", *(word for pair in pairs for word in pair))


@pytest.fixture
def payload(tmp_path: Path) -> Payload:
    return Payload(tmp_path / "marker")


def test_the_payloads_work(payload: Payload) -> None:
    """Each makes the marker where it is read without care: else nothing below shows anything."""
    import skops.io

    def read(file: bytes) -> Any:
        return np.load(io.BytesIO(file), allow_pickle=True)["x"]

    for careless in (
        lambda: pickle.loads(payload.pickled),
        lambda: read(payload.npz),
        lambda: skops.io.loads(payload.skops, trusted=["os.mkdir"]),
        lambda: eval(payload.code),
    ):
        careless()
        payload.marker.rmdir()


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A correction that was run to its end, with a platform of scikit-learn beside its own."""
    from sklearn.naive_bayes import GaussianNB

    out = tmp_path_factory.mktemp("done") / "run"
    words = {name.replace("-", "_"): value for name, value in TINY.items()}
    run_correction(make_correction(**words, anyway=True), out, device_name="cpu")
    rng = np.random.default_rng(0)
    estimator = GaussianNB().fit(rng.random((20, 64)), np.arange(20) % 10)
    card = Card("naive", tuple(map(str, range(10))), (1, 8, 8))
    save_platform(out / "naive", PlainEstimator(estimator), card)
    return out


@pytest.fixture
def out(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "run"))


Plant = Callable[[Path, Payload], None]


def fill(folder: Path, name: str, content: bytes) -> None:
    """Replace a file of a platform, and let its card say that this is right."""
    (folder / name).write_bytes(content)
    plain = json.loads((folder / CARD).read_text())
    plain["files"][name] = sha256(content).hexdigest()
    (folder / CARD).write_text(json.dumps(plain))


def plant_older(out: Path, payload: Payload) -> None:
    """Leave the folder as an older version did, with a pickle as its model."""
    for folder in (out / "platform", out / "naive"):
        plain = json.loads((folder / CARD).read_text())
        del plain["files"]
        (folder / CARD).write_text(json.dumps(plain))
        (folder / MODEL).unlink()
        (folder / "model.pickle").write_bytes(payload.pickled)


def plant_beside(out: Path, payload: Payload) -> None:
    (out / "platform" / "model.pickle").write_bytes(payload.pickled)
    (out / "platform" / "__init__.py").write_text(payload.code)


def plant_in_models(out: Path, payload: Payload) -> None:
    fill(out / "platform", MODEL, payload.pickled)
    fill(out / "naive", ESTIMATOR, payload.skops)


def plant_names_in_models(out: Path, payload: Payload) -> None:
    tree = {"is": "network", "network": payload.named, "record": {"map": []}}
    fill(out / "platform", MODEL, save({"0": np.zeros(1)}, {"tree": json.dumps(tree)}))
    fill(out / "naive", ESTIMATOR, payload.pickled)


def plant_layers_in_models(out: Path, payload: Payload) -> None:
    layer = {"layer": "__builtins__", "weights": {"map": []}, "path": payload.text}
    tree = {"is": "network", "network": {"layers": [layer]}, "record": {"map": []}}
    for folder in (out / "platform", out / "naive"):
        fill(folder, MODEL, save({"0": np.zeros(1)}, {"tree": json.dumps(tree)}))


def plant_in_card(out: Path, payload: Payload) -> None:
    for folder in (out / "platform", out / "naive"):
        plain = json.loads((folder / CARD).read_text())
        files = {**plain["files"], "../../model.pickle": "0", payload.text: "0"}
        plain |= {"files": files, "id": payload.named, **payload.named}
        (folder / CARD).write_text(json.dumps(plain))


def plant_in_settings(out: Path, payload: Payload) -> None:
    plain = json.loads((out / "correction.json").read_text())
    plain["population"] = payload.named
    plain["platform"] = ["os:mkdir"]
    (out / "correction.json").write_text(json.dumps(plain))


def plant_learner_in_settings(out: Path, payload: Payload) -> None:
    plain = json.loads((out / "correction.json").read_text())
    plain["platform"] = [f"os:mkdir={payload.text}", f"sklearn:estimator={payload.code!r}"]
    (out / "correction.json").write_text(json.dumps(plain))


def refill(out: Path, change: Callable[[Record], Record]) -> None:
    """Change what a store holds, and let its digests say that this is right."""
    with Store(out) as store:
        kinds = [kind for kind in ("correction", "trial") if store.ids(kind)]
        changed = [(kind, change(one)) for kind in kinds for one in store.records(kind)]
        studies = store.studies()
    for file in out.glob("store.sqlite*"):
        file.unlink()
    with Store(out, write=True) as store:
        for plain, version in studies:
            store.add_study(plain, version)
        for kind, one in changed:
            store.add(kind, one)


def plant_in_store(out: Path, payload: Payload) -> None:
    refill(out, lambda one: replace(one, files=dict.fromkeys(one.files, payload.npz)))


def plant_pickle_in_store(out: Path, payload: Payload) -> None:
    refill(out, lambda one: replace(one, files=dict.fromkeys(one.files, payload.pickled)))


def plant_names_in_store(out: Path, payload: Payload) -> None:
    named = {"population": payload.named, "subgroup": payload.named, "crafting": payload.named}

    def change(one: Record) -> Record:
        description = {**one.plain["description"], **named}
        return replace(one, plain={**one.plain, **payload.named, "description": description})

    refill(out, change)


def plant_in_ledger(out: Path, payload: Payload) -> None:
    for file in (out / "ledgers").glob("*.sqlite"):
        with closing(sqlite3.connect(file)) as db:
            db.execute("UPDATE question SET scores = ?", (payload.pickled,))
            db.commit()


RESULTS = (("show", "run"), ("export", "run"))
COMPARED = (("compare-queries", "run", "--attacks", "square", "--budget", "3", "--people", "1"),)
SERVED = tuple(("platform", "serve", "--model", f"run/{name}") for name in ("platform", "naive"))
ASKED = (
    correct("other", platform="run/platform"),
    correct("other", platform="./run/naive"),
    ("run", "study.toml", "--out", "third"),
)
GOES_ON = (correct("run", epsilon="8/255,16/255"),)
RUNS: tuple[tuple[Plant, tuple[tuple[str, ...], ...]], ...] = (
    (plant_older, (*RESULTS, *COMPARED, *SERVED, *ASKED, *GOES_ON)),
    (plant_beside, (*RESULTS, *SERVED, correct("run"))),
    (plant_in_models, (*RESULTS, *COMPARED, *SERVED, *ASKED, *GOES_ON)),
    (plant_names_in_models, (*SERVED, *ASKED)),
    (plant_layers_in_models, SERVED),
    (plant_in_card, (*RESULTS, *COMPARED, *SERVED, *ASKED, *GOES_ON)),
    (plant_in_settings, (*RESULTS, *COMPARED)),
    (plant_learner_in_settings, (*RESULTS, *COMPARED)),
    (plant_names_in_store, (*RESULTS, *COMPARED)),
    (plant_in_store, (*RESULTS, *COMPARED)),
    (plant_pickle_in_store, (*RESULTS, *COMPARED)),
    (plant_in_ledger, (RESULTS[0], *GOES_ON)),
)


@pytest.mark.usefixtures("plain_pictures")
@pytest.mark.parametrize(("plant", "commands"), RUNS)
def test_nothing_in_a_strangers_run_runs(
    plant: Plant,
    commands: tuple[tuple[str, ...], ...],
    out: Path,
    payload: Payload,
    quorate: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(out.parent)
    monkeypatch.setattr("quorate.test_time.http.server.serve", lambda *given: None)
    plant(out, payload)
    lines = {key.replace("-", "_"): value for key, value in TINY.items()}
    lines["platform"] = "./run/naive"
    text = "\n".join(f"{key} = {json.dumps(value)}" for key, value in lines.items())
    Path("study.toml").write_text(f"{text}\nanyway = true\n")
    for words in commands:
        code, _, said = quorate(*words)
        assert not payload.marker.exists(), words
        assert code in (0, 2), said


def a_table(name: str, content: Callable[[Payload], bytes]) -> Plant:
    def plant(folder: Path, payload: Payload) -> None:
        (folder / name).write_bytes(content(payload))

    return plant


def extension_in_parquet(payload: Payload) -> bytes:
    """Parquet whose column says that it is of a type that is made by unpickling."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": payload.pickled,
    }
    fields = [pa.field("a", pa.int64(), metadata=about), pa.field("label", pa.string())]
    said = {"pandas": pickle.dumps(payload), "huggingface": json.dumps(payload.named).encode()}
    columns = [[0, 1] * 20, ["x", "y"] * 20]
    file = io.BytesIO()
    pq.write_table(pa.table(columns, pa.schema(fields, said)), file)
    return file.getvalue()


def csv(payload: Payload) -> bytes:
    rows = [f'"{payload.code}",{i % 2},{"xy"[i % 2]}' for i in range(40)]
    return "\n".join(["words,a,label", *rows]).encode()


def plant_picture_folder(folder: Path, payload: Payload) -> None:
    """Pictures beside all that a data set of Hugging Face could run or load."""
    for kind in "xy":
        (folder / "faces" / kind).mkdir(parents=True)
        for i in range(6):
            picture = Image.fromarray(np.full((8, 8), 20 * i, np.uint8))
            picture.save(folder / "faces" / kind / f"{i}.png")
    faces = folder / "faces"
    (faces / "faces.py").write_text(payload.code)
    (faces / "x" / "conftest.py").write_text(payload.code)
    yaml = f"configs: !!python/object/apply:os.mkdir ['{payload.text}']"
    (faces / "README.md").write_text(f"---\n{yaml}\n---\n")
    (faces / ".huggingface.yaml").write_text(yaml)
    for name in ("dataset_info.json", "state.json", "dataset_infos.json"):
        (faces / name).write_text(json.dumps(payload.named))
    (faces / "x" / "a.pkl").write_bytes(payload.pickled)


def plant_hub_files(folder: Path, payload: Payload) -> None:
    (folder / "faces").mkdir()
    (folder / "faces" / "train.parquet").write_bytes(extension_in_parquet(payload))
    (folder / "faces" / "train.pkl").write_bytes(payload.pickled)


def plant_network(folder: Path, payload: Payload) -> None:
    (folder / "city").mkdir()
    (folder / "city" / "a_net.tntp").write_text(f"<NUMBER OF NODES> {payload.code}\n<END>\n")
    (folder / "city" / "a_trips.tntp").write_bytes(payload.pickled)
    (folder / "city" / "a_node.tntp").write_text(payload.code)


def plant_study(folder: Path, payload: Payload) -> None:
    learner = json.dumps(f"os:mkdir={payload.text}")
    (folder / "study.toml").write_text(
        f'population = "os:mkdir"\nstrategy = {json.dumps(payload.code)}\nlearner = {learner}\n'
        f"platform = {learner}\nsubgroup = {json.dumps(payload.code)}\n"
    )


def plant_api(folder: Path, payload: Payload) -> None:
    text = f"key_format = {json.dumps('{key.__class__}' + payload.code + '{key}')}"
    (folder / "api.toml").write_text(text)
    (folder / "keys.txt").write_bytes(b"member-0001 " + payload.code.encode())


def plant_change(folder: Path, payload: Payload) -> None:
    (folder / "change.npz").write_bytes(payload.npz)
    (folder / "pickled.npz").write_bytes(payload.pickled)
    (folder / "photo.png").write_bytes(payload.pickled)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / "whole.png")


def plant_cells(folder: Path, payload: Payload) -> None:
    """Cells of older versions, which were files."""
    shutil.copytree(STORED / "membership", folder / "membership")
    shutil.copytree(STORED / "correct", folder / "correct")
    for file in folder.rglob("*.npz"):
        file.write_bytes(payload.npz)


def plant_curve(folder: Path, payload: Payload) -> None:
    """A store of trials whose methods, and whose study, name what they would have imported."""
    shutil.copytree(STORED / "curve", folder / "curve")
    with Store(folder / "curve", write=True):
        pass  # brought up to date
    plain = json.dumps(payload.named)
    with closing(sqlite3.connect(folder / "curve" / "store.sqlite")) as db:
        db.execute("UPDATE study SET plain = replace(plain, 'planting', 'os:mkdir')")
        db.commit()
    methods = dict.fromkeys(("population", "strategy", "goal", "learner"), payload.named)
    refill(
        folder / "curve",
        lambda one: replace(one, plain={**one.plain, "description": {**methods, "x": plain}}),
    )


def plant_report(folder: Path, payload: Payload) -> None:
    """What is left of a result whose store is gone: a JSON file, and tables."""
    (folder / "told").mkdir()
    rows = [{"a": payload.code, payload.code: "1"}]
    told = {"title": payload.code, "rows": rows, "tables": {payload.code: rows}, **payload.named}
    (folder / "told" / "results.json").write_text(json.dumps(told))
    (folder / "tables").mkdir()
    (folder / "tables" / "cells.csv").write_text(f"learner,alpha\n{payload.code},1\n")


def plant_working_directory(folder: Path, payload: Payload) -> None:
    """Folders that are called as learners, networks and populations are."""
    for name in ("mlp", "forest", "grid", "digits", "table"):
        (folder / name).mkdir()
        (folder / name / "model.pickle").write_bytes(payload.pickled)
        (folder / name / "__init__.py").write_text(payload.code)
        card = {"id": "a", "classes": ["a"], "shape": [1, 8, 8], "gives": "labels"}
        (folder / name / CARD).write_text(json.dumps(card))


CURVE = (
    *("--strategy", "planting:size=2", "--learner", "sgd:epochs=1", "--alphas", "0.3"),
    *("--seeds", "1", "--out", "out"),
)
FACES = ("curve", "--population", "images:path=./faces", *CURVE)
TABLES = tuple(
    ("plan", "--population", f"table:path={name},label=label", "--signal", "a=1", "--target", "x")
    for name in ("people.parquet", "people.csv")
)
CITY = ("scenario", "navigation", "--out", "out", "--days", "1", "--network")
FILES: tuple[tuple[Plant, tuple[tuple[str, ...], ...]], ...] = (
    (a_table("people.parquet", extension_in_parquet), TABLES[:1]),
    (a_table("people.parquet", lambda payload: payload.pickled), TABLES[:1]),
    (a_table("people.csv", csv), TABLES[1:]),
    (a_table("people.csv", lambda payload: payload.pickled), TABLES[1:]),
    (plant_picture_folder, (FACES,)),
    (plant_hub_files, (FACES,)),
    (plant_network, ((*CITY, "./city"),)),
    (
        plant_study,
        (("run", "study.toml", "--out", "out"), ("correct", "--file", "study.toml")),
    ),
    (plant_api, (correct("out", api="api.toml", key_file="keys.txt"),)),
    (
        plant_change,
        (
            ("apply", "change.npz", "whole.png", "out.png"),
            ("apply", "pickled.npz", "whole.png", "out.png"),
            ("apply", "change.npz", "photo.png", "out.png"),
            ("show", "change.npz"),
            (
                *(
                    "curve",
                    "--population",
                    "digits:n=60",
                    "--strategy",
                    "perturbed:path=change.npz",
                ),
                *("--learner", "sgd:epochs=1", "--alphas", "0.3", "--seeds", "1", "--out", "out"),
            ),
        ),
    ),
    (
        plant_curve,
        (
            *(("show", "curve"), ("export", "curve"), ("export", "curve", "--format", "latex")),
            ("scenario", "participation", "--folder", "curve", "--out", "out"),
        ),
    ),
    (
        plant_report,
        (
            *(("show", "told"), ("export", "told"), ("export", "told", "--format", "latex")),
            ("scenario", "participation", "--folder", "tables", "--out", "out"),
        ),
    ),
    (plant_cells, (("show", "membership"), ("show", "correct"), ("export", "correct"))),
    (
        plant_working_directory,
        (
            correct("out", platform="mlp:epochs=1"),
            correct("out", platform="mlp"),
            correct("out", platform="./mlp"),
            correct("out", platform="grid"),
        ),
    ),
)


@pytest.mark.usefixtures("plain_pictures")
@pytest.mark.parametrize(("plant", "commands"), FILES)
def test_nothing_in_a_strangers_file_runs(
    plant: Plant,
    commands: tuple[tuple[str, ...], ...],
    payload: Payload,
    tmp_path: Path,
    quorate: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    plant(tmp_path, payload)
    for words in commands:
        code, _, said = quorate(*words)
        assert not payload.marker.exists(), words
        assert code in (0, 2), said


def test_nothing_in_a_strangers_cache_runs(
    payload: Payload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache may be shared, and older versions have kept pickles in it."""
    monkeypatch.setenv("QUORATE_CACHE", str(tmp_path / "cache"))

    def answer(number: int) -> tuple[int, str]:
        return number, "computed"

    answer.__module__, answer.__qualname__ = "test_strangers_files", "answer"
    kept = cache.on_disk(answer)
    for _ in range(2):
        assert kept(3) == (3, "computed")
    (file,) = (tmp_path / "cache").rglob("*.safetensors")
    older = tmp_path / "cache" / "joblib" / "test_strangers_files" / "answer" / "0"
    older.mkdir(parents=True)
    (older / "output.pkl").write_bytes(payload.pickled)
    for content in (
        payload.pickled,
        payload.npz,
        save({"0": np.zeros(1)}, {"tree": json.dumps(payload.named)}),
    ):
        file.write_bytes(content)
        assert kept(3) == (3, "computed")
    assert not payload.marker.exists()


def test_nothing_in_keys_runs(payload: Payload, tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_text(f"member-0001 {payload.code.replace(' ', '')}\n")
    read_keys(tmp_path / "keys.txt")
    assert not payload.marker.exists()


def test_nothing_in_the_working_directory_is_imported(payload: Payload, tmp_path: Path) -> None:
    """Neither what matplotlib's own settings name there, nor a plugin that nobody has installed."""
    for name in ("payload", "matplotlib", "quorate", "sitecustomize", "torch"):
        (tmp_path / f"{name}.py").write_text(payload.code)
    (tmp_path / "matplotlibrc").write_text("backend: module://payload\n")
    info = tmp_path / "evil-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[quorate.learners]\nevil = payload:Evil\n")
    # As the installed command: its own folder begins sys.path, not the working directory.
    code = (
        "import sys; sys.argv = ['quorate', 'list', 'learners']\n"
        "from quorate.figures.style import new_figure, render\n"
        "render(new_figure(1, 1), 'svg')\n"
        "from quorate.cli.entry import main; main()\n"
    )
    source = str(Path(cache.__file__).parents[2])
    run = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "PYTHONPATH": source},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "evil" not in run.stdout
    assert not payload.marker.exists()
