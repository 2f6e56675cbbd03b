"""A correction and what is compared with it on other machines, which do not see its folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from far_workers import FarWorkers, can_hide
from mortal_model import Mortal
from served_platform import served

from quorate import spec
from quorate.errors import WorkerError
from quorate.executors.dask import Dask
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.runtime import device
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.study import on_platforms
from quorate.test_time.study.access import LEDGERS
from quorate.test_time.study.deployment import PlatformWork
from quorate.test_time.study.outcome import CorrectionOutcome
from quorate.test_time.study.query_comparison import compare
from quorate.test_time.study.running import run_correction
from quorate.test_time.study.settings import make_correction
from quorate.test_time.study.sources import PLATFORM_LOOKS, read_learner

TINY: dict[str, Any] = {
    "population": "digits:n=300,held_out=0.05",
    "subgroup": "low_light",
    "share": 0.2,
    "platform": "mlp:epochs=1",
    "proxy": "logistic:epochs=1",
    "members": "5,10",
    "queries": 3,
    "crafting": "steps=1,restarts=1",
    "extraction": "variants=0",
    "label_free": "none",
    "adaptive": "none",
    "anyway": True,
}


def run(out: Path, executor: Executor = SERIAL, **more: Any) -> tuple[CorrectionOutcome, ...]:
    return run_correction(make_correction(**{**TINY, **more}), out, executor, "cpu").outcomes


def plain(outcomes: tuple[CorrectionOutcome, ...]) -> list[Any]:
    """Return what does not differ from run to run."""
    said = [({**one.to_plain(), "seconds": 0, "provenance": {}}, one.files) for one in outcomes]
    return [(json.dumps(one), files) for one, files in said]


def measures(outcomes: tuple[CorrectionOutcome, ...]) -> list[str]:
    """Return what was measured, whoever was asked."""
    return [json.dumps(one.measures.to_plain()) for one in outcomes]


def spent(out: Path) -> dict[str, dict[str, int]]:
    """Return what each key has spent, in every ledger of a folder."""
    found = {}
    for path in sorted((out / LEDGERS).glob("*.sqlite")):
        with Ledger(path) as ledger:
            (platform,) = {p for (p,) in ledger._db.execute("SELECT platform FROM question")}
            found[path.name] = dict(ledger.spent_by_key(platform))
    return found


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A correction that was run in this process."""
    out = tmp_path_factory.mktemp("here")
    run(out)
    return out


@pytest.fixture(scope="module")
def there(far: FarWorkers) -> Path:
    """The same on other machines, which do not see the folder."""
    out = far.mine / "correction"
    run(out, far.executor)
    return out


def test_far_workers_lead_to_the_same_bits_and_ledgers(here: Path, there: Path) -> None:
    assert plain(run(there)) == plain(run(here))  # both are stored
    assert len(run(there)) == 2
    each = {f"member-{i:04}": 3 for i in range(1, 11)}
    assert list(spent(there).values()) == [each]
    assert spent(there) == spent(here)


def test_far_workers_compare_to_the_same_bits(here: Path, there: Path, far: FarWorkers) -> None:
    asked: dict[str, Any] = {"attacks": "simba", "budget": 5, "people": 5}
    found = compare(there, **asked, executor=far.executor)
    expected = compare(here, **asked)
    assert (found.alone, found.pooled) == (expected.alone, expected.pooled)


def test_a_platform_too_large_for_messages_needs_a_folder_that_workers_see(
    here: Path, far: FarWorkers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_platforms, "MOST_SENT", 1000)  # bytes
    shutil.copytree(here, far.shared / "run")
    shutil.copytree(here, tmp_path / "run")  # other tests read the settings that are kept in here
    expected = plain(run(tmp_path / "run", queries=2))
    assert plain(run(far.shared / "run", far.executor, queries=2)) == expected
    assert spent(far.shared / "run") == spent(tmp_path / "run")
    assert not list((far.shared / "run").glob(".probe*"))
    if can_hide():
        shutil.copytree(here, far.mine / "run")
        with pytest.raises(WorkerError, match=r"Expected .*run to be a folder that all workers"):
            run(far.mine / "run", far.executor, queries=4)


def test_a_platform_in_a_folder_is_found_by_its_path(
    here: Path, far: FarWorkers, tmp_path: Path
) -> None:
    saved = far.shared / "saved"
    shutil.copytree(here / "platform", saved)
    more: dict[str, Any] = {"platform": str(saved), "members": 5}
    found = run(far.mine / "of saved", far.executor, **more)
    assert plain(found) == plain(run(tmp_path, **more))


@pytest.mark.skipif(device.find("auto") == "cuda", reason="there is a GPU here")
def test_a_gpu_is_looked_for_where_cells_are_computed(far: FarWorkers) -> None:
    with pytest.raises(WorkerError, match=r"Expected a GPU for device=cuda.* This was found on"):
        run_correction(make_correction(**TINY), far.mine / "gpu", far.executor, "cuda")


def test_a_lost_worker_is_made_up_for_and_a_model_of_an_own_class_trained_again(
    here: Path, far: FarWorkers
) -> None:
    """The folder of the platform holds a card alone. The first worker that asks it dies."""
    grave = far.shared / "grave"
    mortal = Mortal(read_learner("mlp:epochs=1", PLATFORM_LOOKS).learner, str(grave))
    out = far.mine / "own"
    found = run(out, far.executor, platform=mortal)
    assert grave.exists()
    assert [path.name for path in (out / "platform").iterdir()] == ["card.json"]
    assert measures(found) == measures(run(here))
    assert list(spent(out).values()) == list(spent(here).values())


# ------------------------------------------------------------------------------ who asks, and pays


def test_a_platform_behind_an_address_is_asked_from_here_alone(
    here: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No worker is started, nor waited for."""
    keys, out = tmp_path / "keys.txt", tmp_path / "out"
    monkeypatch.setattr(Dask, "open", lambda self: pytest.fail("workers were started"))
    with served(here / "platform", keys, members=10, budget=3) as url:
        found = run(out, Dask(workers=2), platform=url, key_file=str(keys))
        assert capsys.readouterr().err.startswith("A platform behind an address is asked from th")
        again = run(out, Dask(workers=2), platform=url, key_file=str(keys))
        assert plain(again) == plain(found)
        assert capsys.readouterr().err == ""  # nothing is asked
    assert measures(found) == measures(run(here))
    with Ledger(tmp_path / "platform.ledger") as theirs, Ledger(out / "ledger.sqlite") as ours:
        each = {f"member-{i:04}": 3 for i in range(1, 11)}
        (id_,) = {one.platform_id for one in found}
        assert theirs.spent_by_key(id_) == ours.spent_by_key(id_) == each


KILLED = """
import json, os, signal, sys
from quorate.executors.choose import choose_executor
from quorate.runs.store import Store
from quorate.test_time.study.running import run_correction
from quorate.test_time.study.settings import make_correction

real = Store.add

def dies(store, kind, record):
    if kind == "correction":  # its ledger is taken over already
        os.kill(os.getpid(), signal.SIGKILL)
    real(store, kind, record)

Store.add = dies
executor = choose_executor(executor=sys.argv[3])
run_correction(make_correction(**json.loads(sys.argv[2])), sys.argv[1], executor, "cpu")
"""


def test_kill_minus_nine_between_ledger_and_record_counts_nothing_twice(
    here: Path, far: FarWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = far.mine / "killed"
    named = spec.text(far.executor)
    command = [sys.executable, "-c", KILLED, str(out), json.dumps(TINY), named]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert sum(sum(keys.values()) for keys in spent(out).values()) in (15, 30)  # of 5, or of 10
    monkeypatch.setattr(PlatformWork, "compute", lambda *_: pytest.fail("it was trained again"))
    assert plain(run(out, far.executor)) == plain(run(here))
    assert spent(out) == spent(here)
