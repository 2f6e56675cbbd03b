"""Dask: a cluster that somebody else keeps, and workers of this machine, while things die."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from dask_cluster import DaskCluster, dask_cluster, wait_until
from squares_run import CELLS
from squares_work import Squares, cells, squares

from quorate import catalog
from quorate.errors import WorkerError
from quorate.executors import dask
from quorate.executors.choose import choose_executor
from quorate.executors.clusters.dask_jobs import JobsPool
from quorate.executors.serial import SERIAL
from quorate.runs.cell import PlainCell
from quorate.runs.running import run_missing
from quorate.runs.store import FILE, Store

Command = Callable[..., tuple[int, str, str]]
RUN = Path(__file__).parents[1] / "stand_ins" / "squares_run.py"
STUDY = (
    *("curve", "--population", "gaussian:n=40,held_out=20", "--learner", "sgd:epochs=1"),
    *("--strategy", "planting:signal=columns,x2=3", "--alphas", "0.5", "--seeds", "1"),
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A cluster that tests share, with a worker of one thread and one of two."""
    with dask_cluster(tmp_path_factory.mktemp("kept")) as cluster:
        cluster.start_worker()
        cluster.start_worker(threads=2)
        yield cluster


@pytest.fixture
def own(tmp_path: Path) -> Iterator[DaskCluster]:
    """A cluster for one test, without workers."""
    (tmp_path / "cluster").mkdir()
    with dask_cluster(tmp_path / "cluster") as cluster:
        yield cluster


def stored(out: Path) -> dict[str, str]:
    """Return what is in a store, as another process sees it."""
    if not (out / FILE).exists():
        return {}
    db = sqlite3.connect(f"file:{out / FILE}?mode=ro", uri=True)
    try:
        return dict(db.execute("SELECT id, plain FROM record").fetchall())
    except sqlite3.OperationalError:  # there is no table yet
        return {}
    finally:
        db.close()


def complete(out: Path, before: dict[str, str]) -> None:
    """Run what is missing here, and check that every cell is there once, the first ones as were."""
    with Store(out, write=True) as store, SERIAL.open() as pool:
        found = run_missing(Squares(), cells(*range(CELLS)), store, pool)
    assert squares(found) == [n**2 for n in range(CELLS)]
    after = stored(out)
    assert len(after) == CELLS
    assert before.items() <= after.items()


# ------------------------------------------------------------------------------ workers


def test_a_worker_that_is_killed_changes_no_outcome(own: DaskCluster, tmp_path: Path) -> None:
    first, _ = own.start_worker(), own.start_worker()
    out = tmp_path / "out"
    with Store(out, write=True) as store, choose_executor(executor=own.executor).open() as pool:
        killer = threading.Thread(
            target=lambda: (wait_until(lambda: len(stored(out)) > 2), own.stop([first]))
        )
        killer.start()
        found = run_missing(Squares(seconds=0.05), cells(*range(CELLS)), store, pool)
        killer.join()
        there = pool.look()
    assert squares(found) == [n**2 for n in range(CELLS)]
    assert there is not None
    assert (there.ready, there.lost) == (1, 1)


def test_workers_of_several_threads_do_one_message_at_a_time(
    kept: DaskCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(None) as store, choose_executor(executor=kept.executor).open() as pool:
        assert pool.workers == 2
        found = run_missing(Squares(), cells(*range(CELLS)), store, pool)
        together = [pool.submit(_overlaps) for _ in range(8)]  # more than there are workers
        assert not any(one.result() for one in together)
    assert squares(found) == [n**2 for n in range(CELLS)]
    assert "dask worker --nworkers auto --nthreads 1" in capsys.readouterr().err


_at_it = threading.Semaphore(1)


def _overlaps() -> bool:
    """Whether another thread of this process is here as well."""
    import time

    if not _at_it.acquire(blocking=False):
        return True
    time.sleep(0.02)
    _at_it.release()
    return False


# ------------------------------------------------------------------------------ what ends


def start(out: Path, executor: str, seconds: float, folder: Path) -> subprocess.Popen[str]:
    """Start a run in a process of its own, which keeps what it makes in a folder."""
    return subprocess.Popen(
        [sys.executable, str(RUN), str(out), executor, str(seconds)],
        env={**os.environ, "TMPDIR": str(folder)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def workers_in(folder: Path) -> list[psutil.Process]:
    """Return the processes that name a folder, as workers of this machine do."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(str(folder) in word for word in process.info["cmdline"] or []):
            found.append(process)
    return found


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_no_worker_and_goes_on(
    tmp_path: Path, sent: signal.Signals
) -> None:
    out, folder = tmp_path / "out", tmp_path / "temporary"
    folder.mkdir()
    run = start(out, "dask:workers=2", 0.2, folder)
    wait_until(lambda: len(stored(out)) > 2)
    assert workers_in(folder)
    run.send_signal(sent)
    _, errors = run.communicate()
    if sent == signal.SIGINT:
        assert run.returncode == 130
        assert errors.endswith(
            f"Stopped. What was finished is stored in {out}; run the same command to go on.\n"
        )
        assert workers_in(folder) == []
        assert list(folder.glob("quorate-*")) == []  # keys and logs
    wait_until(lambda: workers_in(folder) == [])
    wait_until(lambda: list(folder.glob("quorate-*")) == [])
    before = stored(out)
    assert 2 < len(before) < CELLS
    complete(out, before)


def test_a_cluster_drops_the_tasks_of_a_run_that_is_killed(
    kept: DaskCluster, tmp_path: Path
) -> None:
    from distributed import Client

    out = tmp_path / "out"
    run = start(out, kept.executor, 0.1, tmp_path)
    wait_until(lambda: len(stored(out)) > 2)
    with Client(scheduler_file=str(kept.file), set_as_default=False) as client:
        wait_until(lambda: any(client.processing().values()))
        run.kill()
        run.communicate()
        wait_until(lambda: not any(client.processing().values()))
    before = stored(out)
    assert len(before) < CELLS
    complete(out, before)


def test_a_scheduler_that_dies_ends_the_run_and_the_same_run_goes_on(
    own: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask, "CONNECTING", 2)  # seconds in which it may come back
    own.start_worker()
    out = tmp_path / "out"

    def run() -> None:
        with (
            Store(out, write=True) as store,
            choose_executor(executor=own.executor).open() as pool,
        ):
            run_missing(Squares(seconds=0.05), cells(*range(CELLS)), store, pool)

    killer = threading.Thread(
        target=lambda: (wait_until(lambda: len(stored(out)) > 2), own.stop(own.processes[:1]))
    )
    killer.start()
    with pytest.raises(WorkerError, match=r"scheduler to answer, got no connection .* to go on\."):
        run()
    killer.join()
    before = stored(out)
    assert 2 < len(before) < CELLS
    own.start_scheduler()
    own.start_worker()
    run()
    complete(out, before)


def test_workers_of_this_machine_are_reached_from_it_alone_and_tell_nothing_without_a_key() -> None:
    with choose_executor(executor="dask:workers=1").open() as pool:
        assert isinstance(pool, JobsPool)
        there = pool._client.scheduler_info(n_workers=-1)
        addresses = [there["address"], *there["workers"]]
        assert all(one.startswith("tls://127.0.0.1:") for one in addresses)
        servers = [there, *there["workers"].values()]
        for server in servers:
            connection = http.client.HTTPConnection("127.0.0.1", server["services"]["dashboard"])
            for page in ("/info/main/workers.html", "/json/counts.json", "/metrics", "/health"):
                connection.request("GET", page)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 404
            connection.close()
        assert len(servers) == 2


# ------------------------------------------------------------------------------ refused


def refused(quorate: Command, out: Path, *words: str) -> str:
    """Return the one line that a command is refused with."""
    code, printed, errors = quorate(*STUDY, "--out", str(out), *words)
    assert (code, printed) == (2, "")
    assert errors.startswith("Error: Expected ")
    assert errors.count("\n") == 1
    assert stored(out) == {}
    return errors


def test_no_file_of_a_scheduler(quorate: Command, tmp_path: Path) -> None:
    said = refused(quorate, tmp_path / "out", "--executor", "dask:scheduler_file=none.json")
    assert "Start one that writes it: dask scheduler --scheduler-file none.json." in said
    assert not (tmp_path / "out").exists()


def test_no_scheduler(
    quorate: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: DaskCluster
) -> None:
    monkeypatch.setattr(dask, "CONNECTING", 0.5)
    said = refused(quorate, tmp_path / "out", "--executor", "dask:address=tcp://127.0.0.1:9")
    assert "Expected a Dask scheduler at tcp://127.0.0.1:9, got: " in said
    own.stop()  # the file stays
    said = refused(quorate, tmp_path / "out", "--executor", own.executor)
    assert f"Expected a Dask scheduler at {own.file}, got: " in said


@pytest.mark.parametrize(
    ("executor", "module"), [("dask", "dask_jobqueue"), ("slurm", "cryptography"), ("ray", "ray")]
)
def test_an_extra_that_is_not_installed(
    quorate: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    executor: str,
    module: str,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    said = refused(quorate, tmp_path / "out", "--executor", executor)
    assert f"Expected {module} for the executor {executor}, got no such package" in said
    assert f"pip install 'quorate[{executor}]'" in said


def test_workers_that_never_come(own: DaskCluster, quorate: Command, tmp_path: Path) -> None:
    said = refused(quorate, tmp_path / "out", "--executor", f"{own.executor},patience=0.5")
    assert "got none for 0.5 seconds. Start some (dask worker)" in said


@dataclass(frozen=True)
class Differing:
    """A worker that has something else.

    Args:
        modules: files in a folder at the head of its path.
        said: of it.
    """

    modules: dict[str, str]
    said: str


OTHERS = {
    "another Python": Differing(
        {
            "sitecustomize.py": "import platform\n"
            "platform.python_version_tuple = lambda: ('3', '9', '1')\n"
        },
        "on every worker, as here, got Python 3.9 on ",
    ),
    "another quorate": Differing(
        {
            "quorate/__init__.py": "__path__ = [{source!r}]\n"
            "import quorate.version\n"
            "quorate.version.__version__ = '0.0.1'\n"
        },
        "on every worker, as here, got quorate 0.0.1 on ",
    ),
    "an old quorate": Differing(
        {"quorate/__init__.py": ""},
        "with another version: No module named 'quorate.executors'. Install the same version",
    ),
    "no quorate": Differing(
        {"quorate.py": "raise ModuleNotFoundError(\"No module named 'quorate'\")"},
        "without it, or with another version: No module named 'quorate'. Install the same version",
    ),
}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A cluster for workers that come and go."""
    with dask_cluster(tmp_path_factory.mktemp("mixed")) as cluster:
        cluster.start_worker()
        yield cluster


@pytest.mark.parametrize("other", OTHERS)
def test_workers_that_have_another_version(
    mixed: DaskCluster, quorate: Command, tmp_path: Path, other: str
) -> None:
    """One of two is enough: it is found before anything runs, and lives on."""
    differing = OTHERS[other]
    for name, text in differing.modules.items():
        file = tmp_path / "modules" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("{source!r}", repr(str(Path(catalog.__file__).parent))))
    path = os.pathsep.join([str(tmp_path / "modules"), str(Path(catalog.__file__).parents[1])])
    worker = mixed.start_worker({"PYTHONPATH": path})
    try:
        said = refused(quorate, tmp_path / "out", "--executor", mixed.executor)
        assert differing.said in said
        assert worker.poll() is None
    finally:
        mixed.stop([worker])


def test_files_that_differ_or_are_not_there(
    own: DaskCluster, quorate: Command, tmp_path: Path
) -> None:
    """A worker that sees another disk: what differs is named, and so is its machine."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a worker with a disk of its own needs root and unshare")
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, value in ((here, 1), (there, 2)):
        folder.mkdir()
        rows = "\n".join(f"{n % 7},{n % 3},{'ab'[n % 2]}" for n in range(80))
        (folder / "people.csv").write_text(f"x,z,y\n{rows}\n{value},1,a\n")
    mount = f'mount --bind {there} {here} && exec "$@"'
    own.start_worker(within=["unshare", "--mount", "sh", "-c", mount, "sh"])
    study = (
        *("curve", "--population", f"table:path={here / 'people.csv'},label=y"),
        *("--learner", "logistic", "--strategy", "planting:signal=columns,x=3"),
        *("--alphas", "0.5", "--seeds", "1", "--executor", own.executor),
    )
    code, _, errors = quorate(*study, "--out", str(tmp_path / "out"))
    assert code == 2
    assert errors.startswith("Error: Expected the worker on ")
    assert "since its files or its code differ: data is '" in errors
    assert errors.endswith("Give every worker the same files and the same code.\n")
    (there / "people.csv").unlink()
    code, _, errors = quorate(*study, "--out", str(tmp_path / "out"))
    assert code == 2
    assert errors.startswith(f"Error: Expected path={here / 'people.csv'} to be a readable file")
    assert "This was found on " in errors
    assert stored(tmp_path / "out") == {}
    with Store(None) as store, choose_executor(executor=own.executor).open() as pool:
        (tmp_path / "shared").mkdir()
        assert squares(run_missing(In(folder=str(tmp_path / "shared")), cells(3), store, pool)) == [
            9
        ]
        with pytest.raises(WorkerError, match=r"here to be a folder that all workers share, .*No"):
            run_missing(In(folder=str(here)), cells(4), store, pool)
    assert not list(tmp_path.glob("*/.probe*"))


@dataclass(frozen=True)
class In(Squares):
    """Squares numbers where a folder is shared.

    Args:
        folder: the folder.
    """

    folder: str = ""

    def shared_folder(self, cells: Sequence[PlainCell]) -> Path:
        return Path(self.folder)


def test_a_gpu_that_is_not_there(mixed: DaskCluster, quorate: Command, tmp_path: Path) -> None:
    words = "--executor", mixed.executor, "--device", "cuda"
    said = refused(quorate, tmp_path / "out", *words)
    assert "Expected a GPU for device=cuda, got none that PyTorch" in said
    assert "This was found on " in said


# ------------------------------------------------------------------------------ whom it works for


SCRIPT = """
from beside import shift
from own{number} import Constant

import quorate
import sys
from quorate import catalog
from quorate.executors.choose import choose_executor
from quorate.runs.cell import PlainCell, Record, Work
from quorate.runs.running import run_missing
from quorate.runs.store import Store


class FileCell(PlainCell):
    def describe(self):
        return {{**self.plain, "says": int(open("number").read())}}


class Shifts(Work):
    kind = "shifts"

    def prepare(self, stack):
        pass

    def compute(self, stack):
        label = catalog.build("learners", "constant").label
        says = [cell.describe()["says"] for cell in stack]
        return [
            Record(cell.id, {{"found": [shift(cell.plain["n"]), one, label]}})
            for cell, one in zip(stack, says)
        ]


if __name__ == "__main__":
    quorate.register(Constant)
    with Store(None) as store, choose_executor(executor=sys.argv[1]).open() as pool:
        found = run_missing(Shifts(), [FileCell({{"n": n}}) for n in range(6)], store, pool)
    print([record.plain["found"] for record in found])
"""
OWN = """
from dataclasses import dataclass
from typing import Any, ClassVar

from quorate.protocols import Learner


@dataclass(frozen=True)
class Constant(Learner):
    name: ClassVar[str] = "constant"
    label: int = {number}

    def fit(self, data, rng) -> Any:
        raise NotImplementedError
"""


def test_a_worker_that_stays_works_for_one_script_after_another(
    kept: DaskCluster, tmp_path: Path
) -> None:
    """Each has a folder, a relative file, modules and a method of its own, of the same names."""
    for number in (0, 1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "number").write_text(str(number))
        (folder / "script.py").write_text(SCRIPT.format(number=number))
        (folder / "beside.py").write_text(f"def shift(n):\n    return n + {number}\n")
        (folder / f"own{number}.py").write_text(OWN.format(number=number))
        ran = subprocess.run(
            [sys.executable, "script.py", kept.executor],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout == f"{[[n + number, number, number] for n in range(6)]}\n"
