"""A user's configuration file: what it adds, what wins, and what cannot stand in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from documents import ROOT, blocks
from quorate.catalog import CATALOG
from quorate.errors import InputError
from quorate.executors.choose import choose_executor
from quorate.executors.configuration import EXAMPLE, path_of_file, read_configuration
from quorate.executors.dask import Dask
from quorate.executors.processes import Processes
from quorate.executors.ray import Ray
from quorate.executors.resources import Resources
from quorate.executors.serial import Serial
from quorate.executors.slurm import Slurm

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """A function that writes the configuration file."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("QUORATE_CONFIG", str(path))

    def write_to(text: str) -> Path:
        path.write_text(text, encoding="utf-8")
        return path

    return write_to


# ------------------------------------------------------------------------------------- where it is


def test_the_file_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUORATE_CONFIG", "own.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/somewhere")
    monkeypatch.setenv("HOME", "/home/ada")
    assert path_of_file() == Path("own.toml")
    monkeypatch.setenv("QUORATE_CONFIG", "")
    assert path_of_file() == Path("/somewhere/quorate/config.toml")
    monkeypatch.delenv("QUORATE_CONFIG")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert path_of_file() == Path("/home/ada/.config/quorate/config.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", "here")  # the current folder may be a stranger's
    assert path_of_file() == Path("/home/ada/.config/quorate/config.toml")


def test_no_file_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUORATE_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    found = read_configuration()
    assert (found.is_there, found.resources, found.executors) == (False, Resources(), {})
    assert found.path == tmp_path / "quorate" / "config.toml"
    assert choose_executor(executor="slurm:workers=8") == Slurm(workers=8)


def test_the_example_can_be_used(write: Write) -> None:
    write(EXAMPLE)
    found = read_configuration()
    assert found.resources == Resources("slurm:workers=64", device="auto")
    asked = choose_executor(executor=found.resources.executor)
    assert asked == Slurm(64, partition="cpu", account="abc", options="--qos=short")
    assert choose_executor(executor="ray") == Ray(address="auto")


def test_the_page_shows_the_example() -> None:
    page = ROOT / "docs" / "how-to" / "resume-and-parallel.md"
    (shown,) = (block for block in blocks(page) if block.file == "config.toml")
    assert shown.text == f"# config.toml\n{EXAMPLE}"


# ------------------------------------------------------------------------------------ what it adds


@pytest.mark.parametrize(
    ("text", "executor", "expected"),
    [
        ("[executors.slurm]\npartition = 'cpu'", "slurm:workers=8", Slurm(8, partition="cpu")),
        ("[executors.slurm]\npartition = 'cpu'", "slurm:partition=gpu", Slurm(partition="gpu")),
        ("[executors.slurm]\npartition = 'cpu'", "slurm:partition=", Slurm()),
        ("[executors.slurm]\npartition = 'cpu'", "ray:workers=3", Ray(workers=3)),
        ("[executors.slurm]\npartition = 'cpu'", Slurm(2), Slurm(2)),
        ("[executors.slurm]\nworkers = '7'", "slurm", Slurm(7)),
        ("[executors.slurm]\noptions = '-A x'", "slurm:options=-q", Slurm(options="-q")),
        ("executor = 'slurm:workers=64'", "slurm", Slurm()),
        ("[executors.dask]\npatience = 5", "dask:workers=3", Dask(workers=3, patience="5")),
        ("[executors.ray]\npatience = '30m'", "ray", Ray(patience="30m")),
        ("[executors.slurm]\npatience = 90", "slurm", Slurm(patience="90")),
        ("[executors.slurm]\nsetup = '''a\nb'''", "slurm", Slurm(setup="a\nb")),
        ("[executors.dask]\naddress = 'tls://a:1'", "dask:address=", Dask()),
        ("[executors.dask]\nworkers = 3", "dask:address=", Dask(workers=3)),
        ("executors = {processes = {workers = 3}}", "processes", Processes(3)),
        ("[executors.processes]\nworkers = 3", {"name": "processes"}, Processes(3)),
        ("\ufeff[executors.processes]\r\nworkers = 3\r\n", "processes", Processes(3)),
    ],
)
def test_a_table_adds_what_the_text_leaves_out(
    text: str, executor: Any, expected: Any, write: Write
) -> None:
    write(text)
    assert choose_executor(executor=executor) == expected


@pytest.mark.parametrize(
    ("executor", "expected"),
    [
        ("dask:workers=3", Dask(workers=3, patience="5")),
        ("dask:scheduler_file=a.json", Dask(scheduler_file="a.json", patience="5")),
    ],
)
def test_an_address_gives_way_to_another_place_and_that_is_said(
    executor: str, expected: Dask, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("[executors.dask]\naddress = 'tls://a:1'\npatience = 5")
    assert choose_executor(executor="dask") == Dask("tls://a:1", patience="5")
    assert capsys.readouterr().err == ""
    assert choose_executor(executor=executor) == expected
    assert capsys.readouterr().err == (
        f"address of the executor in the configuration file {path} is left out, since "
        f"'{executor}' says something else in its place.\n"
    )


def test_what_does_not_fit_together_says_which_part_was_added(write: Write) -> None:
    path = write("[executors.slurm]\nper_job = 2\npartition = 'cpu'")
    with pytest.raises(InputError) as caught:
        choose_executor(executor="slurm:gpus=1")
    message = str(caught.value)
    assert message.startswith("Expected per_job=1 for workers with GPUs, got per_job=2: ")
    assert message.endswith(f" per_job, partition came from the configuration file {path}.")
    with pytest.raises(InputError, match=r"workers=0 to be at least 1\. Use one worker or more\.$"):
        choose_executor(executor="slurm:workers=0")
    with pytest.raises(
        InputError, match=r"workers=2000 to be at most 1024: .* hands them all their"
    ):
        choose_executor(executor="slurm:workers=2000")


def test_python_alone_says_where_it_computes(write: Write) -> None:
    write("executor = 'processes:workers=7'")
    assert choose_executor() == Serial()
    assert choose_executor(3) == Processes(3)


def test_without_a_name_of_an_executor_nothing_is_read(write: Write) -> None:
    write("this is no TOML")
    assert choose_executor() == choose_executor(1) == Serial()
    assert choose_executor(executor=Processes(3)) == Processes(3)
    with pytest.raises(InputError, match="to be TOML"):
        choose_executor(executor="processes")


def test_every_executor_can_have_a_table(write: Write) -> None:
    write("\n".join(f"[executors.{name}]" for name in CATALOG["executors"]))
    assert set(read_configuration().executors) == set(CATALOG["executors"])


# -------------------------------------------------------------------------- what cannot stand there


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a b", "Expected {file} to be TOML, got: Expected '=' after a key in a key/value pair"),
        (
            "job = 4",
            "Expected a known key of the configuration, got 'job'. Did you mean jobs? Known: "
            "device, executor, executors, jobs. This came from the configuration file {file}.",
        ),
        ("jobs = 0", "Expected jobs=0 to be at least 1."),
        ("jobs = 'many'", "Expected jobs to be a whole number, got 'many'."),
        ("jobs = true", "Expected jobs to be a whole number, got True."),
        ("jobs = 2025-01-01", "Expected jobs to be a whole number, got datetime.date(2025, 1, 1)."),
        ("jobs = 4\nexecutor = 'serial'", "Expected either jobs or an executor, got jobs=4 and"),
        (
            "device = 'tpu'",
            "Expected a known device, got 'tpu'. Did you mean cpu? Known: auto, cpu, cuda.",
        ),
        ("device = ['cpu']", "Expected a known device, got ['cpu']."),
        ("executor = 4", "Expected executor to be text, got 4. Write executor = "),
        ("executor = ''", "Expected name:key=value,..., got ''."),
        ("executor = 'slrum'", "Expected a known executor, got 'slrum'. Did you mean slurm?"),
        ("executor = {}", "Expected executor to be text, got {{}}. Write executor = "),
        (
            "[executor.slurm]\npartition = 'cpu'",
            "got {{'slurm': {{'partition': 'cpu'}}}}. Write executor = \"processes:workers=4\", or "
            "another one that quorate list executors shows. Parameters alone belong in a table of "
            "your configuration, such as [executors.slurm]. This came from",
        ),
        ("executor = 'slurm:wokers=2'", "Expected a known parameter of slurm, got 'wokers'. Did"),
        ("executor = 'slurm:workers=0'", "Expected workers=0 to be at least 1."),
        ("executors = 4", "Expected executors to be tables, one for each executor, got 4."),
        ("executors = ['slurm']", "Expected executors to be tables, one for each executor, got ["),
        ("[executors]\nslurm = 'cpu'", "Expected executors.slurm to be a table, got 'cpu'."),
        ("[executors.slrum]", "Expected a known executor, got 'slrum'. Did you mean slurm?"),
        (
            "[executors.serial]\nworkers = 3",
            "Expected a known parameter of serial, got 'workers'. Known: none. This came from the "
            "configuration file {file}.",
        ),
        ("[executors.slurm]\nname = 'ray'", "Expected a known parameter of slurm, got 'name'."),
        ("[executors.slurm]\npartitions = 'a'", "Did you mean partition? Known: account, cores, "),
        (
            "[executors.slurm]\nmemory = 4",
            "Expected memory to be 256MB or more, which a worker's libraries alone take, got '4'. "
            "Write memory=4GB: ",
        ),
        ("[executors.slurm]\nworkers = 1.5", "Expected workers to be a whole number, got 1.5."),
        ("[executors.slurm]\npartition = ['a']", "Expected partition to be text, got ['a']."),
        *(
            (
                f"[executors.{name}]\npatience = {wrong}",
                f"Expected patience to be a time, got '{wrong}'. Write patience=30m, with s, m, h",
            )
            for name, wrong in (("dask", "nan"), ("ray", "-1"), ("slurm", "inf"))
        ),
        *(
            (
                f"[executors.slurm]\n{key} = 'a\\ncurl elsewhere'".replace("'", '"'),
                f"Expected {key} in one line, got 'a\\ncurl elsewhere'. Leave out its line breaks",
            )
            for key in ("partition", "time", "memory", "account", "options", "python", "folder")
        ),
        ("[executors.slurm.partition]\na = 1", "Expected partition to be text, got {{'a': 1}}."),
        ("[executors.dask]\naddress = 'a'\nworkers = 2", "Expected at most one of address=,"),
    ],
)
def test_a_mistake_is_answered_with_the_file_s_name(text: str, said: str, write: Write) -> None:
    path = write(text)
    with pytest.raises(InputError) as caught:
        read_configuration()
    message = str(caught.value)
    assert said.format(file=path) in message
    assert str(path) in message
    assert "\n" not in message


@pytest.mark.usefixtures("write")
def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="which QUORATE_CONFIG names, got none"):
        read_configuration()
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(InputError, match=r"a configuration file at .*, got: Is a directory"):
        read_configuration()
    (tmp_path / "config.toml").rmdir()
    (tmp_path / "config.toml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"a configuration file at .*, got: No such file"):
        read_configuration()
