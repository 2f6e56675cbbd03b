"""What every test shares: caches in a temporary folder, and the real data where they are."""

import atexit
import functools
import io
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import absl.logging
import hypothesis
import numpy as np
import pytest
import threadpoolctl
import typer.main
from slurm_cluster import SlurmCluster, slurm_cluster, why_no_slurm

from quorate import catalog
from quorate.executors.executor import Executor, Pool

# Test processes run side by side, one a core: threads of each would wait for those of the others.
# NumPy is there already; what is imported later, and worker processes, read the variable.
threadpoolctl.threadpool_limits(1)
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A suite that was started in the background ignores Ctrl-C, as would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The command line is built at every call, of hundreds of annotations: here, once a process.
typer.main.get_command = functools.cache(typer.main.get_command)

# Absl, which the privacy accountant imports, closes the stream that it logs to when logging is
# configured anew, unless it knows the stream. It does not know the file that pytest captures into.
absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__

# Doctests are looked for in every module, and modules of one name cannot be told apart.
collect_ignore_glob = ["*conftest.py"]

# What tests cache is kept out of the user's home, and removed by the process that began. Its
# workers inherit the folder: what one has decoded or calibrated, the others find there. All is set
# here, since ``datasets`` reads it once, when it is imported.
if "QUORATE_TEST_CACHES" not in os.environ:
    os.environ["QUORATE_TEST_CACHES"] = tempfile.mkdtemp(prefix="quorate-tests-")
    atexit.register(shutil.rmtree, os.environ["QUORATE_TEST_CACHES"], ignore_errors=True)
CACHES = Path(os.environ["QUORATE_TEST_CACHES"])
os.environ["QUORATE_CACHE"] = str(CACHES / "quorate")
os.environ["HF_HOME"] = str(CACHES / "hugging-face")
os.environ["HF_DATASETS_CACHE"] = str(CACHES / "datasets")
os.environ["HF_HUB_OFFLINE"] = "1"  # a test never waits for the network
os.environ.setdefault("RAY_AUTH_TOKEN", uuid.uuid4().hex)  # Ray would write one into the home
os.environ["QUORATE_CONFIG"] = os.devnull  # nor does it obey the user's own defaults

# Deadlines fail a property on a slow machine, and say nothing about the property. In continuous
# integration the examples are the same for the same code; on a desk they are new every time.
hypothesis.settings.register_profile(
    "quorate",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
hypothesis.settings.load_profile("quorate")


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every test begin with quorate's own methods, and forget those of its own at its end."""
    monkeypatch.setattr(catalog, "_registered", {kind: {} for kind in catalog.BUILT_IN})


@pytest.fixture(scope="session")
def two_workers() -> Iterator[Executor]:
    """Two worker processes that tests share: each takes seconds to start and load its libraries."""
    from quorate.executors.processes import Processes

    with Processes(2).open() as pool:

        @dataclass(frozen=True)
        class Shared(Executor):
            """Workers that stay for the next run."""

            name: ClassVar[str] = "shared"

            def open(self) -> AbstractContextManager[Pool]:
                """Yield the pool, and leave it open."""
                return nullcontext(pool)

        yield Shared()


@pytest.fixture(scope="session")
def slurm_nodes() -> Iterator[SlurmCluster]:
    """A Slurm of three nodes, for this test process; tests that need it are skipped without."""
    if reason := why_no_slurm():
        pytest.skip(f"no Slurm here: {reason}")
    with slurm_cluster() as cluster:
        yield cluster


@pytest.fixture
def slurm(
    slurm_nodes: SlurmCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SlurmCluster:
    """A Slurm whose commands answer here, in a folder for the test."""
    monkeypatch.chdir(tmp_path)
    for key, value in slurm_nodes.environment.items():
        monkeypatch.setenv(key, value)
    return slurm_nodes


@pytest.fixture(scope="session")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two workers of a cluster that was there before, as on other machines: a ``FarWorkers``."""
    pytest.importorskip("distributed")
    from far_workers import FarWorkers, far_workers

    from quorate.executors.choose import choose_executor

    home, mine, shared = (tmp_path_factory.mktemp(name) for name in ("far", "mine", "shared"))
    with far_workers(home, [mine]) as named:
        while not (home / "scheduler.json").exists():
            time.sleep(0.05)
        yield FarWorkers(choose_executor(executor=named), mine, shared)


@pytest.fixture(scope="session")
def quorate_data() -> Path:
    """The folder of local copies of public data sets; tests that need it are skipped without."""
    named = os.environ.get("QUORATE_DATA")
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(named) if named else beside
    if not folder.is_dir():
        pytest.skip(f"no folder of local data: QUORATE_DATA is {named or 'not set'}")
    return folder


@pytest.fixture
def few_rows(
    quorate_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, int], None]:
    """A function that lets QUORATE_DATA hold the first rows of a real data set, and no more."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def copy(hub_name: str, rows: int) -> None:
        source = quorate_data / hub_name.replace("/", "--")
        if not source.is_dir():
            pytest.skip(f"no local copy of {hub_name}")
        (tmp_path / source.name).mkdir()
        for file in source.glob("*.parquet"):
            first = next(pq.ParquetFile(file).iter_batches(rows))
            pq.write_table(pa.Table.from_batches([first]), tmp_path / source.name / file.name)
        monkeypatch.setenv("QUORATE_DATA", str(tmp_path))

    return copy


@pytest.fixture(scope="session")
def write_hub_parquet() -> Callable[..., None]:
    """A function that writes a file in the hub's schema: see ``_write_hub_parquet``."""
    return _write_hub_parquet


def _write_hub_parquet(
    path: Path,
    images: Sequence[Any],
    classes: Sequence[str] | Mapping[str, Sequence[str]] = (),
    image_column: str = "image",
    **columns: Sequence[Any],
) -> None:
    """Write PNG images and columns to a parquet file; ``label`` is a class label if classes are.

    ``images`` are arrays (h, w) or (h, w, 3) of 8 bits, or bytes that are written as they are.
    ``classes`` may also name the class labels of several columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image

    cells = []
    for image in images:
        buffer = io.BytesIO()
        if isinstance(image, bytes):
            buffer.write(image)
        else:
            Image.fromarray(np.asarray(image, dtype=np.uint8)).save(buffer, "PNG")
        cells.append({"bytes": buffer.getvalue(), "path": None})
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    table = pa.table({image_column: pa.array(cells, kind), **columns})
    features: dict[str, Any] = {image_column: {"_type": "Image"}}
    for name in columns:
        dtype = "string" if pa.types.is_string(table.schema.field(name).type) else "int64"
        features[name] = {"dtype": dtype, "_type": "Value"}
    named = classes if isinstance(classes, Mapping) else {"label": classes} if classes else {}
    for name, names in named.items():
        features[name] = {"names": list(names), "_type": "ClassLabel"}
    about = json.dumps({"info": {"features": features}})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({"huggingface": about}), path)


@pytest.fixture
def plain_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pictures be as little as they can: to draw one takes a second; figures have tests."""
    drawn = {
        "svg": b'<?xml version="1.0"?><svg width="200pt"></svg>',
        "png": b"\x89PNG\r\n",
        "pdf": b"%PDF-1.4",
    }

    def draw_nothing(figure: Any, file: Any, **more: Any) -> None:
        kind = more.get("format") or Path(file).suffix[1:]
        if isinstance(file, str | Path):
            Path(file).write_bytes(drawn[kind])
        else:
            file.write(drawn[kind])

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", draw_nothing)


@pytest.fixture
def quorate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs the command line here and returns (exit code, stdout, stderr)."""

    from quorate.cli.entry import main

    def run(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["quorate", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            main()
        printed = capsys.readouterr()
        code = caught.value.code
        assert isinstance(code, int | None)
        return code or 0, printed.out, printed.err

    return run
