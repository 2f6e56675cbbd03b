"""TOML of strangers: wrong types anywhere, depths, dates; one line each, and nothing is trained."""

import contextlib
import itertools
import json
import os
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from quorate.cli.config import values_in_force
from quorate.errors import InputError, QuorateError
from quorate.executors.configuration import read_configuration
from quorate.findings.experiment import read_experiment
from quorate.findings.kinds.listing import kind_of
from quorate.runtime.files import read_toml
from quorate.test_time.http.api import read_api
from quorate.test_time.study.settings import read_correction

DEEP = {
    "brackets": "x = " + "[" * 3000 + "]" * 3000,
    "tables": "x = " + "{a = " * 3000 + "1" + "}" * 3000,
    "dotted": ".".join("a" * 3000) + " = 1",
    "headed": "[" + ".".join("a" * 3000) + "]",
    "a hundred": "x = " + "[" * 100 + "]" * 100,
    "digits": "x = " + "9" * 5000,
}


@pytest.mark.parametrize("name", DEEP)
def test_depths_without_end_are_refused(name: str, tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text("population = 'digits'\n" + DEEP[name])
    for read in (read_toml, read_experiment, read_correction, read_api):
        with pytest.raises(InputError, match=r"Expected .* to be TOML with at most 64"):
            read(file)


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(InputError, match="of at most 10 MB"):
        read_toml("/dev/zero")


def test_a_pipe_is_read(tmp_path: Path) -> None:
    """As a shell hands over what another command says."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("a = 1",))
    writer.start()
    assert read_toml(pipe) == {"a": 1}
    writer.join()


def test_a_name_that_no_file_can_have() -> None:
    for name in ("a\0b", "x" * 300, ""):
        with pytest.raises(InputError, match="Expected a study file at"):
            read_toml(name)


# ------------------------------------------------------------------------------- wrong types

STRANGE = [
    *("2020-01-01", "12:30:00", "2020-01-01T00:00:00Z", "true", "-1", "0", "1e400", "nan", "-inf"),
    *(str(2**70), "''", "'a'", "'(('", "[]", "[[]]", "[[1], 'a']", "[{}]", "{}", "{a = 1}"),
    *("{name = 1}", "{name = 'digits', name2 = {}}", "[2020-01-01]", "'\\u0000'", '"\\u001b[2J"'),
]
FILES = {
    "study": """
        population = "gaussian:n=50,held_out=20"
        strategy = "planting:signal=columns,core=3"
        learner = "sgd:epochs=1,model=logistic"
        goal = "planted:signal=columns,core=3"
        collective = "anyone"
        alphas = "0.1"
        seeds = 1
        target = 0.9
        eps = 0.0
        reading = "tv"
        title = "t"
        names = {sgd = "x"}
        claim = "c"
        source = "s"
        ours = "o"
        expected = "e"
        note = "n"
        time = {cpu = "1 s"}
        quick = {seeds = 1}
        expect = [{measure = "success", of = "sgd", at = 0.1, at_least = 0.5}]
        tune = {learning_rate = [0.1]}
        executor = "slurm:workers=2,partition=cpu"
        device = "cpu"
    """,
    "correction": """
        population = "digits:n=100"
        subgroup = "low_light"
        platform = "mlp"
        proxy = "mlp"
        members = 10
        queries = 5
        epsilon = "8/255"
        norm = "linf"
        answers = "labels"
        photos = 5
        share = 0.1
        measured = 0.5
        reserve = 0.5
        label_free = "additive"
        adaptive = "jpeg"
        crafting = "steps=2"
        extraction = "variants=1"
        key_file = "keys.txt"
        api = "api.toml"
        rate = "5/s"
        seeds = 1
        group = "race=Black"
        task = "gender"
        title = "t"
        attacks = "square"
        budget = 10
        people = 5
    """,
    "membership": """
        measure = "membership"
        population = "digits:n=100"
        strategy = "planting"
        learner = "sgd"
        alphas = "0.1"
        seeds = 1
        models = 8
        whose = "honest"
        title = "t"
    """,
    "scenario": """
        scenario = "navigation"
        network = "siouxfalls"
        reports = 200
        share = 0.6
        seeds = 1
        title = "t"
        jobs = 2
    """,
}


def changed() -> Iterator[tuple[str, str, str]]:
    """Yield the kind of a file, a key of it, and a file in which its value is a strange one."""
    for kind, text in FILES.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        for at, line in enumerate(lines):
            key = line.split(" = ")[0]
            for strange in STRANGE:
                yield kind, key, "\n".join([*lines[:at], f"{key} = {strange}", *lines[at + 1 :]])


CHANGED = [(key, list(some)) for key, some in itertools.groupby(changed(), lambda one: one[:2])]


@pytest.mark.parametrize(("kind", "key"), [key for key, _ in CHANGED])
def test_a_value_of_any_type_is_read_or_refused_in_one_line(
    kind: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading and checking a file raises no other error, whatever stands in one of its keys."""
    monkeypatch.chdir(tmp_path)
    file = Path("a.toml")
    for _, _, text in dict(CHANGED)[kind, key]:
        file.write_text(text)
        for quick in (False, True):
            try:
                experiment = read_experiment(file, quick)
                kind_of(experiment.settings).check(experiment)
            except QuorateError as error:
                message = str(error)
                assert "\n" not in message, text
                assert message.startswith(("Expected", "a.toml: ")), text


CONFIGURATION = """
    executor = "slurm:workers=2"
    device = "cpu"
    executors.slurm.partition = "cpu"
    executors.slurm.cores = 1
    executors.slurm.patience = "1d"
    executors.dask.address = "tls://host:1"
    executors.dask.patience = 60.0
    executors.ray.workers = 2
"""


@pytest.mark.parametrize("strange", STRANGE)
def test_a_configuration_with_a_value_of_any_type(
    strange: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read or refused in one line that names the file, and what is read can be shown."""
    file = tmp_path / "config.toml"
    monkeypatch.setenv("QUORATE_CONFIG", str(file))
    lines = [line.strip() for line in CONFIGURATION.strip().splitlines()]
    wholes = (["jobs = 2"], ["executors = {}"], ["executors.slurm = {}"], lines)
    for whole in wholes:
        for at, line in enumerate(whole):
            text = [*whole[:at], f"{line.split(' = ')[0]} = {strange}", *whole[at + 1 :]]
            file.write_text("\n".join(text))
            try:
                shown = values_in_force(read_configuration())
            except InputError as error:
                message = str(error)
                assert "\n" not in message, text
                assert message.startswith("Expected "), text
                assert message.endswith(f"This came from the configuration file {file}."), text
            else:
                json.dumps(shown, allow_nan=False)


API = {"images_at_once": 1, "label_at": "a", "classes": ["a"], "shape": [1, 8, 8], "id": "x"}


@pytest.mark.parametrize("key", sorted(API))
def test_a_description_of_an_api_with_any_type(key: str, tmp_path: Path) -> None:
    file = tmp_path / "api.toml"
    for strange in STRANGE:
        rest = [f"{name} = {value!r}" for name, value in API.items() if name != key]
        file.write_text("\n".join([f"{key} = {strange}", *rest]))
        with contextlib.suppress(InputError):  # any other error fails the test
            read_api(file)


def test_the_files_above_are_right(tmp_path: Path) -> None:
    """So that each refusal is of the one value that was changed, where it is no other."""
    for kind in ("membership", "scenario"):
        file = tmp_path / f"{kind}.toml"
        file.write_text(FILES[kind])
        experiment = read_experiment(file)
        kind_of(experiment.settings).check(experiment)
    assert all(isinstance(tomllib.loads(text), Mapping) for text in FILES.values())


def test_dates_as_seeds_are_refused_at_the_command_line(
    run_refused: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "study.toml"
    study = "population = 'digits'\nstrategy = 'planting'\nlearner = 'sgd'\nseeds = "
    file.write_text(study + "2020-01-01")
    assert run_refused("run", file) == (
        "Expected seeds to be a number of seeds or a list, got datetime.date(2020, 1, 1). Use "
        "seeds=5."
    )
    file.write_text(f"{study}[{2**64}]")
    assert run_refused("run", file).startswith("Expected seed=18446744073709551616 to be a ")
    file.write_text(study + "[" * 3000 + "]" * 3000)
    assert run_refused("run", file).startswith(f"Expected {file} to be TOML with at most 64")
