"""Runs on a Ray cluster of two nodes: its workers, deaths and ends, and what is refused."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from ray_cluster import RayCluster, ray_cluster
from squares_run import CELLS
from squares_work import Squares, cells, squares

from quorate.errors import StoreError, WorkerError
from quorate.executors.choose import choose_executor
from quorate.executors.executor import Pool, Workers
from quorate.executors.serial import SERIAL
from quorate.runs.cell import PlainCell, Record, Work
from quorate.runs.running import run_missing
from quorate.runs.store import Store

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="Ray is not installed: pip install 'quorate[ray]'",
)

STAND_INS = Path(__file__).parents[1] / "stand_ins"
WORKERS = 3  # of the pool
SOON = 30  # seconds until nothing is left
MOST = 90  # seconds on a machine that is busy
LOST = "A worker was lost; what it had begun is tried again.\n"


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    """Two nodes of two CPUs each."""
    with ray_cluster() as found:
        yield found


@pytest.fixture(scope="module")
def pool(cluster: RayCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """Three workers, so that each node has one; a CPU is left for runs in other processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUORATE_DATA", str(tmp_path_factory.mktemp("data")))
        with choose_executor(
            executor=f"ray:address={cluster.address},workers={WORKERS}"
        ).open() as found:
            yield found


def wait_until(is_so: Callable[[], bool], most: float = MOST) -> None:
    end = time.monotonic() + most
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


@dataclass(frozen=True)
class Places(Work[PlainCell]):
    """Says where it is computed; one number ends its worker, once.

    Args:
        once: file by which a worker knows that one has died; none does where it is empty.
    """

    kind: ClassVar[str] = "places"
    once: str = ""
    seconds: float = 0.0

    def prepare(self, stack: Sequence[PlainCell]) -> None:
        """Load nothing."""

    def compute(self, stack: Sequence[PlainCell]) -> list[Record]:
        (cell,) = stack
        if cell.plain["n"] == 7 and self.once and not Path(self.once).exists():
            Path(self.once).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.seconds)
        seen = {
            "process": os.getpid(),
            "raylet": os.getppid(),
            "folder": os.getcwd(),
            "data": os.environ.get("QUORATE_DATA"),
            "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
        }
        return [Record(cell.id, {**seen, "square": cell.plain["n"] ** 2})]


def seen(pool: Pool, work: Work[PlainCell], *numbers: int) -> list[dict[str, Any]]:
    with Store(None) as store:
        return [one.plain for one in run_missing(work, cells(*numbers), store, pool)]


# ------------------------------------------------------------------------------ as elsewhere


def test_outcomes_are_those_of_this_process(pool: Pool) -> None:
    numbers = range(0, 4000, 7)
    with SERIAL.open() as here:
        assert seen(pool, Squares(), *numbers) == seen(here, Squares(), *numbers)


def test_workers_stay_for_several_rounds_and_work_where_the_sender_does(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # relative names mean the same there
    first = seen(pool, Places(seconds=0.05), *range(30))
    second = seen(pool, Places(seconds=0.05), *range(30, 60))
    processes = {one["process"] for one in first}
    assert len(processes) == WORKERS
    assert {one["process"] for one in second} == processes
    assert {one["folder"] for one in first} == {str(tmp_path)}
    assert {one["data"] for one in first} == {os.environ["QUORATE_DATA"]}
    assert {one["gpus"] for one in first} == {""}  # of a node, nobody uses what was not asked for


# ------------------------------------------------------------------------------ lost workers


def test_a_killed_worker_is_replaced_and_only_we_say_so(
    pool: Pool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = pool.look()
    found = seen(pool, Places(str(tmp_path / "died")), *range(20))
    assert [one["square"] for one in found] == [n**2 for n in range(20)]
    after = pool.look()
    assert before is not None
    assert after is not None
    assert after.lost == before.lost + 1
    assert capfd.readouterr() == ("", LOST)


def test_a_cell_that_kills_its_worker_three_times_is_set_aside(pool: Pool) -> None:
    with Store(None) as store:
        with pytest.raises(
            WorkerError, match=r"got 1 on which a worker was lost 3 times .*: n=4\."
        ):
            run_missing(Squares(deadly=(4,)), cells(*range(9)), store, pool)
        assert sorted(squares(store.records("squares"))) == [n**2 for n in range(9) if n != 4]


def test_a_killed_node_s_cells_are_done_by_others(
    cluster: RayCluster, pool: Pool, capfd: pytest.CaptureFixture[str]
) -> None:
    class Killing(Store):
        """Kills a node in the midst of a run."""

        def add(self, kind: str, record: Record) -> None:
            super().add(kind, record)
            if len(self.ids(kind)) == 4:
                cluster.kill_other()

    assert raylets(pool) == {cluster.head, cluster.other}
    lost = pool.look().lost  # type: ignore[union-attr]
    with Killing(None) as store:
        try:
            found = run_missing(Places(seconds=0.1), cells(*range(40)), store, pool)
            assert raylets(pool, 2) == {cluster.head}
            there = pool.look()
        finally:
            cluster.add_other()
    assert [one.plain["square"] for one in found] == [n**2 for n in range(40)]
    assert there == Workers(2, 1, there.lost, "for a CPU each")  # type: ignore[union-attr]
    # Its two workers, and those that Ray places there before it knows that the node is gone.
    assert there.lost > lost  # type: ignore[union-attr]
    printed, said = capfd.readouterr()
    assert printed == ""
    assert set(said.splitlines(keepends=True)) == {LOST}


def raylets(pool: Pool, workers: int = WORKERS) -> set[int]:
    """Return the nodes that compute something, by their own processes."""
    wait_until(lambda: pool.look().ready == workers)  # type: ignore[union-attr]
    return {one["raylet"] for one in seen(pool, Places(seconds=0.1), *range(9))}


# ------------------------------------------------------------------------------ stopped


def run_squares(cluster: RayCluster, folder: Path, seconds: float) -> subprocess.Popen[str]:
    """Start a run of squares in a process of its own, as in a terminal of its own."""
    script, executor = STAND_INS / "squares_run.py", f"ray:address={cluster.address},workers=2"
    return subprocess.Popen(
        [sys.executable, str(script), "out", executor, str(seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        start_new_session=True,
    )


def stored(folder: Path) -> list[Record]:
    try:
        with Store(folder / "out") as store:
            return store.records("squares")
    except StoreError:  # not yet made, or empty
        return []


def test_a_run_that_is_killed_leaves_no_worker_and_goes_on_where_it_was(
    cluster: RayCluster, pool: Pool, tmp_path: Path
) -> None:
    """First by kill -9, then by Ctrl-C; the same command goes on, and then is at its end."""
    wait_until(lambda: pool.look().ready == WORKERS)  # type: ignore[union-attr]
    others = cluster.workers()  # of the pool
    with run_squares(cluster, tmp_path, 0.3) as first:
        wait_until(lambda: len(stored(tmp_path)) >= 2)
        assert len(cluster.workers() - others) == 1  # the other one waits for a CPU
        first.kill()
    wait_until(lambda: not cluster.workers() - others, SOON)
    kept = stored(tmp_path)
    with run_squares(cluster, tmp_path, 0.3) as second:
        wait_until(lambda: len(stored(tmp_path)) >= len(kept) + 2)
        os.killpg(second.pid, signal.SIGINT)  # as a terminal does
        printed, said = second.communicate(timeout=SOON)
    assert (second.returncode, printed) == (130, "")
    assert (
        said.strip()
        == "Stopped. What was finished is stored in out; run the same command to go on."
    )
    wait_until(lambda: not cluster.workers() - others, SOON)
    with run_squares(cluster, tmp_path, 0) as third:
        assert third.communicate(timeout=MOST) == ("", "")
    assert third.returncode == 0
    found = stored(tmp_path)
    assert sorted(squares(found)) == [n**2 for n in range(CELLS)]
    again = {record.id: record.stored_at for record in found}
    assert {record.id: record.stored_at for record in kept}.items() <= again.items()


# ------------------------------------------------------------------------------ connecting


def python(program: str, *words: str, **settings: str) -> Any:
    """Run a program in a process of its own, and return what it prints, which is JSON."""
    environment = {**os.environ, **settings}
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        timeout=MOST,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


OWN = """
import json, logging, os, signal, sys
import ray
from quorate.errors import InputError
from quorate.executors.choose import choose_executor

def state():
    return dict(os.environ), signal.getsignal(signal.SIGTERM), logging.getLogger("ray").level

address, before, found = os.environ["RAY_ADDRESS"], state(), []
with choose_executor(executor="ray:workers=1").open() as pool:
    found += [ray.get_runtime_context().gcs_address == address, pool.submit(abs, -2).result()]
found += [ray.is_initialized(), state() == before]
ray.init(log_to_driver=False, logging_level=logging.CRITICAL)
with choose_executor(executor="ray").open() as pool:
    found += [pool.workers, pool.submit(abs, -3).result()]
found += [ray.is_initialized()]
try:
    with choose_executor(executor="ray:address=" + sys.argv[1]).open():
        pass
except InputError as error:
    found += [str(error)]
ray.shutdown()
print(json.dumps(found))
"""


def test_a_program_s_own_ray_is_used_and_ray_address_is_heeded(cluster: RayCluster) -> None:
    port = cluster.address.rpartition(":")[2]
    found = python(OWN, f"localhost:{port}", RAY_ADDRESS=cluster.address)
    assert found[:4] == [True, 2, False, True]
    assert found[4:7] == [4, 3, True]  # workers by CPUs, of which others have some
    assert found[7] == (
        f"Expected to connect to a Ray cluster at localhost:{port}, got a program that is "
        f"connected to {cluster.address}. Leave address= out to use that one, or call "
        "ray.shutdown() before."
    )


LOCAL_FIRST = """
import json, sys
from quorate.executors.choose import choose_executor
found = []
for text in ("ray:workers=1", "ray:workers=1,address=" + sys.argv[1]):
    with choose_executor(executor=text).open() as pool:
        found.append(pool.submit(abs, -2).result())
print(json.dumps(found))
"""


def test_a_cluster_without_a_token_can_follow_a_local_ray_with_one(cluster: RayCluster) -> None:
    assert python(LOCAL_FIRST, cluster.address) == [2, 2]


# ------------------------------------------------------------------------------ refused


CURVE = (
    *("curve", "--population", "digits:n=100", "--strategy", "planting:size=2"),
    *("--learner", "sgd:epochs=1", "--alphas", "0.1", "--seeds", "1", "--out", "out"),
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["ray:address=127.0.0.1:1"],
            "Expected a Ray cluster at 127.0.0.1:1, got: Connection refused. Start one (ray start "
            "--head), or mend the address; on this machine: ray:workers=2.",
        ),
        (
            ["ray:address=head"],
            "Expected the address of a Ray cluster, got 'head'. Use auto, HOST:PORT (as ray start "
            "--head has printed), ray://HOST:10001 or local.",
        ),
        (
            ["ray:gpus=1.5"],
            "Expected gpus=1.5 to be a whole number, or less than one. Use gpus=2.",
        ),
        (
            ["ray:workers=0"],
            "Expected workers=0 to be at least 1. Use one worker or more.",
        ),
        (
            ["ray:workers=2", "--device", "cuda"],
            "Expected GPUs for device=cuda, got workers of Ray without one. Ask for one each, or "
            "for a part: ray:gpus=1.",
        ),
    ],
    ids=["nobody there", "no address", "gpus", "workers", "device"],
)
def test_what_cannot_be_is_refused_before_anything_is_stored(
    quorate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert quorate(*CURVE, "--executor", *words) == (2, "", f"Error: {said}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_ray_is_named(
    quorate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "ray" else find(name)
    )
    assert quorate(*CURVE, "--executor", "ray") == (
        2,
        "",
        "Error: Expected ray for the executor ray, got no such package installed. Install it: pip "
        "install 'quorate[ray]'.\n",
    )
    assert list(tmp_path.iterdir()) == []


REFUSED = """
import contextlib, io, json, sys
import ray
from quorate.cli.entry import main

address, found = sys.argv[1], [ray.__version__]
for here, more in ((ray.__version__, "gpus=1,patience=1"), ("2.0.0", "workers=1")):
    ray.__version__ = here
    sys.argv = ["quorate", *sys.argv[2:], "--executor", f"ray:address={address},{more}"]
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.suppress(SystemExit):
        main()
    sys.argv[1:] = [address, *sys.argv[1:-2]]
    found.append(said.getvalue())
print(json.dumps(found))
"""


def test_workers_that_never_come_and_other_versions_are_said_in_a_line(
    cluster: RayCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    version, never, differs = python(REFUSED, cluster.address, *CURVE)
    assert re.sub(r"\(\d free\)", "(N free)", never) == (
        "Error: Expected workers of Ray, got none for 1 seconds: each needs a CPU and 1 GPU, and "
        "the cluster has 4 CPUs (N free) and 0 GPUs (N free). Start a node that has them (ray "
        "start), or wait longer (patience=10m).\n"
    )
    there = platform.python_version()
    assert differs == (
        f"Error: Expected a Ray cluster of the versions here, Ray 2.0.0 on Python {there}, got Ray "
        f"{version} on Python {there} at {cluster.address}. Install the same ones: pip install "
        f"ray=={version}, in an environment of that Python.\n"
    )
