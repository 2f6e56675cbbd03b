"""Stores that are damaged, newer or not ours: what is said, and that they are left alone."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import quorate
from quorate.errors import InputError, StoreError
from quorate.runs.store import FILE, Store
from quorate.studies.trial import stored_outcomes


@pytest.fixture
def run_on_store(
    run_refused: Callable[..., str], options: Callable[..., list[str]], out: Path
) -> Callable[[], str]:
    """A function that writes to the store and then shows it: refused both times, file untouched."""

    def run() -> str:
        before = (out / FILE).read_bytes()
        written = run_refused("curve", *options(seeds="2"), "--out", out, "--json")
        shown = run_refused("show", out, "--json")
        assert (out / FILE).read_bytes() == before
        assert written == shown
        return shown

    return run


def test_a_store_of_garbage(run_on_store: Callable[[], str], out: Path) -> None:
    (out / FILE).write_bytes(b"this is no store, and never was one; " * 200)
    assert run_on_store() == (
        f"Expected a whole quorate store at {out / FILE}, got: file is not a database. The file "
        "was left as it is; restore it from a copy, or choose another --out."
    )


def test_a_store_cut_off(run_on_store: Callable[[], str], out: Path) -> None:
    whole = (out / FILE).read_bytes()
    (out / FILE).write_bytes(whole[: len(whole) // 2])
    message = run_on_store()
    assert message.startswith(f"Expected a whole quorate store at {out / FILE}, got: ")
    assert message.endswith("restore it from a copy, or choose another --out.")


@pytest.mark.parametrize("seed", range(20))
def test_a_store_with_damaged_bytes(seed: int, out: Path) -> None:
    """Whatever bytes are damaged, it is said or does no harm; no other error gets out."""
    whole = bytearray((out / FILE).read_bytes())
    rng = np.random.default_rng(seed)
    for at in rng.integers(len(whole), size=30):
        whole[at] = rng.integers(256)
    (out / FILE).write_bytes(whole)
    try:
        quorate.load(out)
    except (StoreError, InputError) as error:
        assert str(error).startswith("Expected ")  # noqa: PT017


def test_a_newer_store(run_on_store: Callable[[], str], out: Path) -> None:
    with sqlite3.connect(out / FILE) as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    assert run_on_store() == (
        f"Expected a store of format 3 or older at {out / FILE}, got format 999, written by a "
        "newer quorate. Upgrade quorate, or choose another --out."
    )


def test_another_program_s_database(run_on_store: Callable[[], str], out: Path) -> None:
    (out / FILE).unlink()
    with sqlite3.connect(out / FILE) as database:
        database.execute("CREATE TABLE bookmark (address TEXT)")
    database.close()
    assert run_on_store() == (
        f"Expected {out / FILE} to be a quorate store, got another program's database. Choose "
        "another --out."
    )


def test_a_store_can_be_used_again_once_it_is_mended(first_run: Path, out: Path) -> None:
    """A store that cannot be opened lets go of the folder, even while its error is looked at."""
    (out / FILE).write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreError, match="Expected a whole quorate store") as kept:
        Store(out, write=True)
    shutil.copy(first_run / FILE, out / FILE)
    with Store(out, write=True) as store:
        assert len(stored_outcomes(store)) == 2
    assert kept.value is not None


def test_a_folder_that_holds_no_store(run_refused: Callable[..., str], tmp_path: Path) -> None:
    assert run_refused("show", tmp_path / "none", "--json") == (
        f"Expected the folder of a run at {tmp_path / 'none'}, got no such folder. Name one that a "
        f"command wrote with --out, or make one by quorate demo --out {tmp_path / 'none'}."
    )
    assert not (tmp_path / "none").exists()
    (tmp_path / FILE).touch()
    assert run_refused("show", tmp_path, "--json") == (
        f"Expected cells in {tmp_path / FILE}, got none. Run a study there first."
    )


def test_an_out_that_is_a_file(
    run_refused: Callable[..., str], options: Callable[..., list[str]], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    message = run_refused("curve", *options(), "--out", tmp_path / "file", "--json")
    assert message == (
        f"Expected {tmp_path / 'file'} to be a folder, got a file. Choose another --out."
    )
    assert (tmp_path / "file").read_text() == "mine"
