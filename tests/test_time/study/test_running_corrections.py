"""A correction end to end on tiny digits: bit for bit, resumed, killed, and over HTTP."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mortal_model import Mortal
from PIL import Image
from served_platform import served

from quorate.errors import InputError, QuorateError, StoreError
from quorate.executors.choose import choose_executor
from quorate.executors.executor import Executor
from quorate.executors.processes import Processes
from quorate.executors.serial import Serial
from quorate.runs.older import CELLS, PERTURBATIONS
from quorate.runs.store import Store
from quorate.test_time.extraction.pool import collect
from quorate.test_time.extraction.questions import Questions
from quorate.test_time.extraction.surrogate import extract
from quorate.test_time.platforms.encoding import digests
from quorate.test_time.platforms.in_process import (
    MODEL,
    InProcessPlatform,
    load_platform,
    save_platform,
)
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.metered import MeteredPlatform
from quorate.test_time.platforms.platform import EVALUATION, to_pixels
from quorate.test_time.study.access import LEDGERS
from quorate.test_time.study.cell import CorrectionCell
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.deployment import Deployment, PlatformWork, _again
from quorate.test_time.study.examples import ExamplePictures
from quorate.test_time.study.measuring import CorrectionWork, PreparedGroup
from quorate.test_time.study.outcome import EXAMPLES, CorrectionOutcome
from quorate.test_time.study.people import people_of
from quorate.test_time.study.running import run_correction, stored
from quorate.test_time.study.settings import make_correction, read_folder
from quorate.test_time.study.sources import PLATFORM_LOOKS, read_learner

TINY: dict[str, Any] = {
    "population": "digits:n=300,held_out=0.05",
    "subgroup": "low_light",
    "share": 0.2,
    "platform": "mlp:epochs=3",
    "proxy": "mlp:epochs=3",
    "members": 10,
    "queries": 3,
    "crafting": "steps=3,restarts=1",
    "extraction": "variants=0",
    "label_free": "gain",
    "adaptive": "none",
    "anyway": True,  # so few people tell of no gap
}
VARIES = ("seconds", "provenance")


def study(**more: Any) -> Correction:
    return make_correction(**{**TINY, **more})


def run_all(
    out: Path, executor: Executor | None = None, **more: Any
) -> tuple[CorrectionOutcome, ...]:
    return run_correction(study(**more), out, executor or Serial(), "cpu").outcomes


def plain_of(outcomes: Iterable[CorrectionOutcome]) -> list[dict[str, Any]]:
    """Return outcomes as plain data, without what differs from run to run."""
    plain = [one.to_plain() for one in outcomes]
    return [{key: value for key, value in one.items() if key not in VARIES} for one in plain]


def run(out: Path, executor: Executor | None = None, **more: Any) -> list[dict[str, Any]]:
    return plain_of(run_all(out, executor, **more))


def kept_ids(out: Path) -> set[str]:
    with Store(out) as store:
        return store.ids(CorrectionWork.kind)


def spent(out: Path) -> list[dict[str, int]]:
    """What each key has spent, in every ledger of a folder."""
    found = []
    for path in sorted((out / LEDGERS).glob("*.sqlite")):
        with Ledger(path) as ledger:
            (platform,) = {p for (p,) in ledger._db.execute("SELECT platform FROM question")}
            found.append(dict(ledger.spent_by_key(platform)))
    return found


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """One correction of two budgets, which share everything up to the crafting."""
    out = tmp_path_factory.mktemp("done")
    return out, run(out, epsilon="8/255,64/255")


def test_what_is_left_out_of_the_people_stands_with_the_result(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for label, middle in (("dark", 60), ("light", 190)):
        (tmp_path / "shades" / label).mkdir(parents=True)
        for i in range(60):
            pixels = rng.integers(middle - 40, middle + 40, (4, 4)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "shades" / label / f"{i}.png")
    (tmp_path / "shades" / "dark" / "60.heic").touch()
    population = f"images:path={tmp_path / 'shades'}"
    few = {"members": 3, "photos": 3, "platform": "mlp:epochs=1", "proxy": "mlp:epochs=1"}
    made = study(population=population, **few)
    for _ in range(2):  # measured, then stored
        found = run_correction(made, tmp_path / "out", Serial(), "cpu")
        assert "dark/60.heic" in found.facts()["How the file was read"]


def copy_of(done: tuple[Path, Any], to: Path) -> Path:
    return Path(shutil.copytree(done[0], to / "copy"))


# ------------------------------------------------------------------------------------- one run


@pytest.mark.parametrize("names_cells", [True, False])
def test_a_correction_is_shown_without_its_people(
    done: tuple[Path, list[dict[str, Any]]],
    tmp_path: Path,
    names_cells: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also one of an older version, which has not said which cells it is made of."""
    out = copy_of(done, tmp_path)
    run(out, platform="mlp:epochs=2")  # another one in the same folder
    run(out, epsilon="8/255,64/255")
    plain = json.loads((out / "correction.json").read_text())
    assert len(plain["cells"]) == 2
    if not names_cells:
        del plain["cells"]
        (out / "correction.json").write_text(json.dumps(plain))
    for place in ("cell.photos_held", "people.people_of", "deployment.people_of"):
        name = f"quorate.test_time.study.{place}"
        monkeypatch.setattr(name, lambda *_: pytest.fail("people were drawn"))
    assert plain_of(stored(out).outcomes) == done[1]


def test_a_cell_says_what_was_done_and_its_files_are_there(
    done: tuple[Path, list[dict[str, Any]]],
) -> None:
    out, cells = done
    assert [cell["epsilon"] for cell in cells] == [8 / 255, 64 / 255]
    outcomes = stored(out).outcomes
    assert plain_of(outcomes) == cells
    split = people_of(study(), 0)
    for cell, outcome in zip(cells, outcomes, strict=True):
        assert cell["queries"]["pooled"] == 10 * 3
        assert cell["platform"] == "mlp:epochs=3"
        (note,) = cell["notes"]  # of the few people, none is read as some digits
        assert note.startswith("Disparate impact: ")
        assert "labels are left out" in note
        # 90 are measured on, 45 of them dark: before, after, two controls, a family, the others
        # twice, and the family crafted on labels dealt anew
        assert cell["queries"]["evaluation"] == 90 + 4 * 45 + 2 * 45 + 45
        perturbation = outcome.perturbation()
        assert perturbation.about["cell"] == cell["id"]
        assert perturbation.about["platform"] == cell["platform_id"]
        assert perturbation.epsilon == cell["epsilon"]
        assert not perturbation.label_free
        free = outcome.label_free_perturbation()
        assert free is not None
        assert (free.family, free.label_free) == ("gain", True)
        examples = ExamplePictures.from_bytes(outcome.files[EXAMPLES])
        assert 0 < len(examples.person) <= 6
        assert (examples.x == split.x[examples.person]).all()
        assert (examples.y == split.held_out.y[examples.person]).all()
        json.dumps(cell, allow_nan=False)
    assert load_platform(out / "platform").card.id == cells[0]["platform_id"]
    assert read_folder(out) == study(epsilon="8/255,64/255")
    assert not list(out.rglob("*.part"))
    assert not (out / CELLS).exists()


def test_two_budgets_share_one_pool_and_the_ledger_agrees_to_the_row(
    done: tuple[Path, list[dict[str, Any]]],
) -> None:
    (keys,) = spent(done[0])
    assert keys == {f"member-{i:04}": 3 for i in range(1, 11)}


def test_what_is_stored_is_not_run_again(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = copy_of(done, tmp_path)
    with monkeypatch.context() as patch:
        for work in (PlatformWork, CorrectionWork):
            patch.setattr(work, "compute", lambda *_: pytest.fail("it was run again"))
        assert run(out, epsilon="8/255,64/255") == done[1]
        assert run(out, epsilon="64/255") == done[1][1:]
    measured: list[float] = []
    real = PreparedGroup.measure

    def measure(self: PreparedGroup, cell: CorrectionCell) -> CorrectionOutcome:
        measured.append(cell.epsilon)
        return real(self, cell)

    monkeypatch.setattr(PreparedGroup, "measure", measure)
    cells = run(out, epsilon="8/255,32/255,64/255")
    assert measured == [32 / 255]  # the missing one alone
    assert [cells[0], cells[2]] == done[1]
    assert spent(out) == spent(done[0])  # its answers were there


def test_self_training_gets_the_photos_that_members_hold_and_nobody_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[np.ndarray] = []

    def watched(*positional: Any, unlabelled: np.ndarray, **named: Any) -> Any:
        given.append(unlabelled)
        return extract(*positional, unlabelled=unlabelled, **named)

    monkeypatch.setattr("quorate.test_time.study.gathering.extract", watched)
    (outcome,) = run_all(tmp_path, extraction="variants=0,self_training=1", photos=5)
    held = to_pixels(people_of(study(photos=5), 0).photos.x[: 10 * 5])
    mine = np.arange(50) % 5 >= 3  # of five photos, three questions ask about three
    (unlabelled,) = given
    assert (unlabelled == held[mine]).all()
    assert outcome.description["extraction"]["self_training"] == 1


def test_the_same_words_lead_to_the_same_bits(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    again = run_all(tmp_path, epsilon="8/255,64/255")
    assert plain_of(again) == done[1]
    for one, other in zip(again, stored(done[0]).outcomes, strict=True):
        assert one.files == other.files


def test_workers_lead_to_the_same_bits(tmp_path: Path, two_workers: Executor) -> None:
    more: dict[str, Any] = {"members": "5,10", "adaptive": "retrained"}
    serial = run(tmp_path / "serial", **more)
    assert len({cell["id"] for cell in serial}) == 2
    assert run(tmp_path / "parallel", two_workers, **more) == serial
    assert spent(tmp_path / "parallel") == spent(tmp_path / "serial")
    assert all(set(cell["adaptive"]) == {"retrained"} for cell in serial)


def test_the_order_of_the_work_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more: dict[str, Any] = {"seeds": 2, "platform": ["mlp:epochs=2", "logistic:epochs=2"]}
    forwards = run(tmp_path / "forwards", **more)
    for work in (PlatformWork, CorrectionWork):
        monkeypatch.setattr(
            work, "stacks", lambda self, cells, workers: [[cell] for cell in cells[::-1]]
        )
    assert run(tmp_path / "backwards", **more) == forwards
    assert [(cell["seed"], cell["platform"][:3]) for cell in forwards] == [
        (0, "mlp"),
        (0, "log"),
        (1, "mlp"),
        (1, "log"),
    ]
    assert spent(tmp_path / "backwards") == spent(tmp_path / "forwards")


# -------------------------------------------------------------------------------- what goes wrong


KILLED = """
import os, signal, sys
from quorate.executors.serial import SERIAL
from quorate.test_time.platforms.in_process import InProcessPlatform
from quorate.test_time.study.measuring import PreparedGroup
from quorate.test_time.study.running import run_correction
from quorate.test_time.study.settings import make_correction

name, nth = sys.argv[3], int(sys.argv[4])
holder, calls = {"ask": InProcessPlatform, "measure": PreparedGroup}[name], []
real = getattr(holder, name)

def dies(*given, **more):
    calls.append(given)
    if len(calls) == nth:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **more)

setattr(holder, name, dies)
import quorate.test_time.extraction.pool
quorate.test_time.extraction.pool.ASKED_AT_ONCE = 7
import json
correction = make_correction(**json.loads(sys.argv[2]))
run_correction(correction, sys.argv[1], SERIAL, "cpu")
"""


@pytest.mark.parametrize("at", [("ask", "3"), ("measure", "2")], ids=lambda at: at[0])
def test_kill_minus_nine_loses_nothing_and_spends_nothing_twice(
    done: tuple[Path, list[dict[str, Any]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: tuple[str, str],
) -> None:
    plain = {**TINY, "epsilon": "8/255,64/255"}
    command = [sys.executable, "-c", KILLED, str(tmp_path), json.dumps(plain), *at]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    (before,) = spent(tmp_path)
    # two batches of 7 were answered and one reserved; or all
    assert sum(before.values()) == (21 if at[0] == "ask" else 30)
    assert kept_ids(tmp_path) == set()  # the cells of a pool are stored together
    asked: list[int] = []
    real = InProcessPlatform.ask

    def count(self: InProcessPlatform, x: Any, keys: Any) -> Any:
        asked.extend(1 for key in keys if key != EVALUATION)
        return real(self, x, keys)

    monkeypatch.setattr(InProcessPlatform, "ask", count)
    monkeypatch.setattr(PlatformWork, "compute", lambda *_: pytest.fail("it was trained again"))
    assert run(tmp_path, epsilon="8/255,64/255") == done[1]
    assert spent(tmp_path) == spent(done[0])
    assert len(asked) == (16 if at[0] == "ask" else 0)  # 14 of 30 were answered before


def measured(cell: dict[str, Any]) -> dict[str, Any]:
    """Return what a cell says, but for where its platform comes from."""
    plain = {key: value for key, value in cell.items() if key not in ("platform", "id")}
    about = {k: v for k, v in cell["description"].items() if k != "saved platform"}
    return {**plain, "description": about}


def test_a_lost_worker_overspends_nothing_and_is_replaced(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    grave = tmp_path / "grave"
    mortal = Mortal(read_learner("mlp:epochs=3", PLATFORM_LOOKS).learner, str(grave))
    more = {"platform": mortal, "epsilon": "8/255,64/255", "members": "5,10"}
    cells = run(tmp_path / "out", Processes(2), **more)
    assert grave.exists()
    differs = ("id", "platform", "platform_id", "description")
    same = {key: value for key, value in done[1][1].items() if key not in differs}
    assert same == {key: cells[-1][key] for key in same}
    assert [cell["queries"]["pooled"] for cell in cells] == [15, 15, 30, 30]
    assert spent(tmp_path / "out") == spent(done[0])


def test_a_model_of_an_own_class_is_not_kept_but_trained_again(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    (tmp_path / "grave").touch()
    mortal = Mortal(read_learner("mlp:epochs=3", PLATFORM_LOOKS).learner, str(tmp_path / "grave"))
    out = tmp_path / "out"
    before = run(out, platform=mortal, epsilon="64/255")
    assert [path.name for path in (out / "platform").iterdir()] == ["card.json"]
    _again.clear()  # as in another process
    after = run(out, platform=mortal, epsilon="8/255,64/255")
    assert after[1:] == before
    assert [one["after"] for one in after] == [one["after"] for one in done[1]]
    with pytest.raises(InputError, match=r"a card without a model.*Name its learner"):
        run(tmp_path / "other", platform=str(out / "platform"))


def as_files(out: Path) -> list[Path]:
    """Keep the cells of a folder as older versions have kept them; return the files of JSON."""
    found = []
    (out / CELLS).mkdir()
    with Store(out) as store:
        for record in store.records(CorrectionWork.kind):
            found.append(out / CELLS / f"{record.id}.json")
            found[-1].write_text(json.dumps(record.plain))
            for end, name in PERTURBATIONS.items():
                (out / CELLS / f"{record.id}{end}.npz").write_bytes(record.files[name])
    for file in out.glob("store.sqlite*"):
        file.unlink()
    return sorted(found)


def test_cells_of_older_versions_are_not_measured_again_but_for_damaged_ones(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, content in enumerate((None, b'{"id": ', b"", b"[1]", b"{}", b"\xff\xfe")):
        out = copy_of(done, tmp_path / str(number))
        path = as_files(out)[0]
        if content is None:
            with monkeypatch.context() as patch:
                patch.setattr(CorrectionWork, "compute", lambda *_: pytest.fail("measured again"))
                assert run(out, epsilon="8/255,64/255") == done[1]
                assert set(stored(out).data()) >= {"pictures", "perturbations"}
            continue
        path.write_bytes(content)
        assert run(out, epsilon="8/255,64/255") == done[1]
        assert spent(out) == spent(done[0])


def test_a_damaged_platform_is_named(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    out = copy_of(done, tmp_path)
    (out / "platform" / MODEL).write_bytes(b"damaged")
    with pytest.raises(InputError, match="Expected a platform in"):
        run(out, epsilon="16/255")
    assert run(out, epsilon="8/255") == done[1][:1]  # what is stored needs no platform
    for content in ("{", "[1]", '{"about": 7}'):
        (out / "platform" / "card.json").write_text(content)
        with pytest.raises(InputError, match=r"Expected a platform's card at .*Remove the folder"):
            run(out, epsilon="8/255")


def test_a_card_does_not_say_where_its_folder_is_put(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """A platform of other settings is put aside in the folder of the run, whatever it says."""
    out = tmp_path / "run"
    for name in ("../../elsewhere", str(tmp_path / "elsewhere"), "..", "", "same", "same"):
        shutil.copytree(done[0] / "platform", out / "platform")
        card = json.loads((out / "platform" / "card.json").read_text())
        card["about"]["name"] = name
        (out / "platform" / "card.json").write_text(json.dumps(card))
        Deployment(study(), out)._serve_first()
    aside = ["same", "same-other", *("unnamed" + "-other" * n for n in range(4))]
    assert sorted(path.name for path in (out / "platforms").iterdir()) == sorted(aside)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_damaged_ledger_is_named_and_left(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    out = copy_of(done, tmp_path)
    (path,) = (out / LEDGERS).glob("*.sqlite")
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="Expected a whole quorate ledger"):
        run(out, epsilon="16/255")
    assert path.read_bytes() == b"no database at all" * 100
    assert run(out, epsilon="8/255") == done[1][:1]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"members": 500}, "photos for each of 500 members"),
        ({"photos": 40}, "Expected 40 photos for each of 10 members"),
        ({"population": "gaussian"}, "a population of images"),
        ({"measured": 0}, "to measure on"),
        ({"reserve": 0.0001}, "for the platform and for the collective"),
    ],
)
def test_what_cannot_be_run_is_named_before_any_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: Any, named: str
) -> None:
    monkeypatch.setattr(PlatformWork, "compute", lambda *_: pytest.fail("it went to work"))
    with pytest.raises(InputError, match=named):
        run(tmp_path, **more)


# ---------------------------------------------------------------------------------- who is asked


def test_platforms_of_scikit_learn_and_a_grid_of_transfers(tmp_path: Path) -> None:
    cells = run(
        tmp_path,
        platform=["forest:n_estimators=5", "mlp:epochs=2"],
        proxy=["logistic:epochs=2", "mlp:epochs=2+logistic:epochs=2"],
        epsilon="16/255",
        adaptive="jpeg",
    )
    assert [(cell["platform"][:3], cell["proxy"][:3]) for cell in cells] == [
        ("for", "log"),
        ("for", "mlp"),
        ("mlp", "log"),
        ("mlp", "mlp"),
    ]
    assert len({cell["platform_id"] for cell in cells}) == 2
    assert all(set(cell["adaptive"]) == {"jpeg"} for cell in cells)
    assert len(spent(tmp_path)) == 2  # a pool a platform, not a proxy
    assert all(sum(keys.values()) == 30 for keys in spent(tmp_path))


def test_scores_are_asked_for_where_a_platform_has_them(tmp_path: Path) -> None:
    (cell,) = run(tmp_path, answers="scores")
    (path,) = (tmp_path / LEDGERS).glob("*.sqlite")
    with Ledger(path) as ledger:
        stored = ledger._db.execute("SELECT count(*) FROM question WHERE scores IS NULL").fetchone()
    assert stored == (0,)
    assert cell["queries"]["pooled"] == 30


def test_a_platform_of_an_earlier_run_is_asked_from_its_folder(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    saved = str(done[0] / "platform")
    (cell,) = run(tmp_path, platform=saved, epsilon="8/255")
    assert measured(cell) == measured(done[1][0])
    assert cell["id"] != done[1][0]["id"]  # it is of the folder's files as they are
    assert not (tmp_path / "platform").exists()


def test_a_platform_of_other_people_is_refused(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    kept = load_platform(done[0] / "platform")
    others = {
        "labels": replace(kept.card, classes=kept.card.classes[::-1]),
        "shape": replace(kept.card, shape=(1, 4, 16)),
    }
    for name, card in others.items():
        save_platform(tmp_path / name, kept.model, card)
        with pytest.raises(InputError, match=r"of shape \(1, 8, 8\) and the labels 0, 1, 2, 3, 4"):
            run(tmp_path / "out", platform=str(tmp_path / name))


def test_larger_collectives_and_budgets_ask_what_smaller_ones_asked_and_more(
    tmp_path: Path,
) -> None:
    cells = run(tmp_path, members="4,10", queries="2,5")
    assert [cell["queries"]["pooled"] for cell in cells] == [8, 20, 20, 50]
    (keys,) = spent(tmp_path)
    assert keys == {f"member-{i:04}": 5 for i in range(1, 11)}


def test_other_photos_are_another_collective(tmp_path: Path) -> None:
    run(tmp_path, photos=3)
    run(tmp_path, photos=2, seeds=[1])
    run(tmp_path, photos=2)
    saved = str(tmp_path / "platform")
    run(tmp_path, platform=saved, photos=2)
    (cell,) = run(tmp_path, platform=saved, photos=2, subgroup="blur")  # the same platform
    assert cell["queries"]["pooled"] == 30
    assert all(max(keys.values()) == 3 for keys in spent(tmp_path))


def test_questions_asked_twice_are_paid_once(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """Two members with one photo: the pool holds both rows, the platform counts one."""
    platform = load_platform(done[0] / "platform")
    x = np.repeat(np.arange(4, dtype=np.uint8), 2).reshape(8, 1, 1, 1) * np.ones((8, 8), np.uint8)
    questions = Questions(x, np.tile([0, 1], 4), np.arange(8))
    with Ledger(tmp_path / "ledger") as ledger:
        pool = collect(MeteredPlatform(platform, ledger, 4), questions)
        assert len(pool) == 8
        assert ledger.spent(platform.card.id) == len(set(digests(x))) == 4
    assert platform.asked.total() == 4


# ------------------------------------------------------------------------------------- over HTTP


def test_over_http_the_numbers_are_the_same(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    keys = tmp_path / "keys.txt"
    with served(done[0] / "platform", keys, members=10, budget=3) as url:
        more: dict[str, Any] = {"platform": url, "key_file": str(keys), "epsilon": "8/255,64/255"}
        cells = run(tmp_path / "out", **more)
        assert run(tmp_path / "out", **more) == cells  # resumed
    for here, there in zip(done[1], cells, strict=True):
        assert there["platform"] == url
        same = {key: here[key] for key in here if key not in ("platform", "notes")}
        assert {key: there[key] for key in same} == same
        assert [note[:27] for note in there["notes"]] == [
            "Nothing says whom a platform"[:27],
            *(note[:27] for note in here["notes"]),
        ]
    assert run(tmp_path / "out", **more) == cells  # shown again once the server is gone
    told = json.loads((tmp_path / "out" / "correction.json").read_text())
    assert told["key_file"] is None
    keys.unlink()  # who reads the folder needs no keys, and no people
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quorate.test_time.study.cell.photos_held", lambda *_: pytest.fail("drawn"))
        shown = stored(tmp_path / "out")
    assert [one.platform_id for one in shown.outcomes] == [cell["platform_id"] for cell in cells]
    keys.write_text("member-0001 a\nevaluation b\n")
    with pytest.raises(InputError, match="whose keys have one budget"):
        run(tmp_path / "out", **more, seeds=2)
    with (
        Ledger(tmp_path / "platform.ledger") as theirs,
        Ledger(tmp_path / "out" / "ledger.sqlite") as ours,
    ):
        id_ = cells[0]["platform_id"]
        each = {f"member-{i:04}": 3 for i in range(1, 11)}
        assert theirs.spent_by_key(id_) == ours.spent_by_key(id_) == each


def test_a_budget_that_ends_midway_is_recorded_and_nothing_is_overspent(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    keys = tmp_path / "keys.txt"
    with served(done[0] / "platform", keys, members=10, budget=2) as url:
        more: dict[str, Any] = {"platform": url, "key_file": str(keys)}
        (cell,) = run(tmp_path / "out", **more)
        assert cell["queries"]["pooled"] == 20
        assert cell["notes"][0].startswith("10 of 30 questions unanswered, since keys have no")
        # Other photos, in the same folder: the keys are spent, and stay so. A picture that was in
        # the first study too is answered, and alone is too few.
        with pytest.raises(
            QuorateError, match=r"no key has queries left|two photos or more, .* got 1"
        ):
            run(tmp_path / "out", seeds=[5], **more)
    with Ledger(tmp_path / "platform.ledger") as theirs:
        assert set(theirs.spent_by_key(cell["platform_id"]).values()) == {2}


def test_keys_that_are_missing_are_named_before_anything_is_asked(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    keys = tmp_path / "keys.txt"
    with served(done[0] / "platform", keys, members=8, budget=None) as url:
        with pytest.raises(InputError, match=r"got none for member-0009, member-0010\. Ask"):
            run(tmp_path / "out", platform=url, key_file=str(keys))
        with pytest.raises(InputError, match="Expected a file of keys at"):
            run(tmp_path / "out", platform=url, key_file=str(tmp_path / "nowhere"))
        lines = keys.read_text().splitlines()
        keys.write_text("\n".join(line for line in lines if not line.startswith(EVALUATION)))
        with pytest.raises(InputError, match=f"got none for {EVALUATION}"):
            run(tmp_path / "out", platform=url, key_file=str(keys), members=8)
    with Ledger(tmp_path / "platform.ledger") as theirs:
        assert theirs.spent(load_platform(done[0] / "platform").card.id) == 0


def test_a_saved_platform_is_not_measured_on_people_it_may_have_learned_from(
    done: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    saved = str(done[0] / "platform")
    for other in ({"seeds": [1]}, {"reserve": 0.4}):
        with pytest.raises(InputError, match="it may have learned from those it"):
            run(tmp_path, platform=saved, **other)
    assert not list(tmp_path.iterdir())


def test_the_served_platform_is_the_one_of_the_last_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = run(tmp_path, platform="mlp:epochs=2")
    (second,) = run(tmp_path, platform="mlp:epochs=3")
    assert load_platform(tmp_path / "platform").card.id == second["platform_id"]
    monkeypatch.setattr(PlatformWork, "compute", lambda *_: pytest.fail("it was trained again"))
    assert run(tmp_path, platform="mlp:epochs=2") == [first]
    assert load_platform(tmp_path / "platform").card.id == first["platform_id"]


def test_no_workers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="jobs=0"):
        run(tmp_path, choose_executor(0))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Choose another --out"):
        run(tmp_path / "file")
