"""Keys go where the user says, and to no other place; reading a folder asks nobody."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from parity_platform import CLASSES, images
from stub_platform import predictions, serving

from quorate.errors import InputError, QuorateError
from quorate.findings.kinds.corrections import CorrectionKind
from quorate.runs.cell import Record
from quorate.runs.store import Store
from quorate.test_time.http.api import API, read_api
from quorate.test_time.http.client import HTTPPlatform, is_open
from quorate.test_time.study.deployment import ADDRESSES, Deployment
from quorate.test_time.study.running import run_correction, stored
from quorate.test_time.study.settings import (
    FILE,
    make_correction,
    read_cells,
    read_correction,
    read_folder,
)

ADDRESS = "http://127.0.0.1:9"
PLAIN: dict[str, Any] = {
    "population": "digits:n=300,held_out=0.05",
    "subgroup": "low_light",
    "share": 0.2,
    "platform": ADDRESS,
    "proxy": "mlp:epochs=3",
    "members": 2,
    "queries": 3,
    "adaptive": "none",
}


@pytest.fixture
def nobody_asks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """No connection can be made, and no file of keys be read: who tries is told of."""
    tried: list[object] = []

    def refuse(*given: object, **_: object) -> None:
        tried.append(given)
        raise OSError("nobody asks here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("quorate.test_time.study.deployment.read_keys", refuse)
    yield tried
    assert not tried


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    """A folder that names an address, a file of keys and an API; all that is true is left out."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    keys = tmp_path / "mine.txt"
    keys.write_text("member-0001 my-secret\nmember-0002 other\nevaluation third\n")
    (tmp_path / "api.toml").write_text('predict_path = "/steal"\n')
    more = {"key_file": str(keys), "api": str(tmp_path / "api.toml"), "rate": "5/s", "seeds": [0]}
    (folder / FILE).write_text(json.dumps({**PLAIN, **more}))
    return folder


COMMANDS = [
    ["show"],
    ["show", "--json"],
    ["export"],
    ["export", "--format", "json"],
    ["export", "--format", "latex"],
    ["compare-queries"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("known", [False, True])
def test_reading_a_strangers_folder_asks_nobody(
    words: list[str], known: bool, strangers: Path, nobody_asks: list[object], quorate: Any
) -> None:
    if known:
        (strangers / ADDRESSES).write_text(json.dumps({ADDRESS: "theirs"}))
    code, _, errors = quorate(words[0], strangers, *words[1:])
    assert code == 2
    assert errors.startswith("Error: Expected")
    assert "secret" not in errors
    assert not nobody_asks


@pytest.mark.usefixtures("nobody_asks")
def test_what_is_read_from_a_folder_knows_no_keys(strangers: Path) -> None:
    correction = read_folder(strangers)
    assert (correction.key_file, correction.api, correction.rate) == (None, None, None)
    assert correction.asks_an_address
    deployment = Deployment(correction, strangers)
    with pytest.raises(InputError, match=f"the keys for {ADDRESS}, got none.*--key-file"):
        deployment.connect(correction.sources[ADDRESS])  # type: ignore[arg-type]
    with pytest.raises(InputError, match=rf"the keys for {ADDRESS}, got none"):
        run_correction(correction, strangers)
    with pytest.raises(QuorateError, match="Expected"):
        stored(strangers)


@pytest.mark.usefixtures("nobody_asks")
@pytest.mark.parametrize("words", COMMANDS[:-1], ids=" ".join)
def test_reading_fetches_no_people_either(
    words: list[str], strangers: Path, quorate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder names a data set of the hub, and not which cells it holds."""
    monkeypatch.delenv("QUORATE_DATA", raising=False)
    monkeypatch.setattr("datasets.load_dataset", lambda *_: pytest.fail("it was fetched"))
    plain = {**PLAIN, "population": "cifar10", "platform": "mlp"}
    (strangers / FILE).write_text(json.dumps(plain))
    with Store(strangers, write=True) as store:
        store.add("correction", Record("a" * 64, {}))
    code, _, errors = quorate(words[0], strangers, *words[1:])
    assert code == 2
    assert "reading what is stored opens no connection" in errors


def test_cells_are_named_by_the_folder(strangers: Path) -> None:
    assert read_cells(strangers) is None
    for cells, read in ((["a", "b"], ["a", "b"]), ("a", None), ([1], None), (None, None)):
        (strangers / FILE).write_text(json.dumps({**PLAIN, "cells": cells}))
        assert read_cells(strangers) == read


def test_keys_are_no_part_of_what_is_written() -> None:
    study = make_correction(**PLAIN, key_file="keys.txt")
    assert study.describe()["key_file"] is None
    assert "keys.txt" not in json.dumps(study.describe())


# ------------------------------------------------------------------------------ files of studies


def write_study(path: Path, **more: Any) -> Path:
    plain = {**PLAIN, "seeds": 1, **more}
    path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in plain.items()))
    return path


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, [f"--platform {ADDRESS}", "--key-file keys.txt"]),
        ({"platform": ADDRESS}, ["--key-file keys.txt"]),
        ({"key_file": "keys.txt"}, [f"--platform {ADDRESS}"]),
    ],
)
@pytest.mark.usefixtures("nobody_asks")
def test_a_file_does_not_decide_where_keys_go(
    given: dict[str, str], asked: list[str], tmp_path: Path
) -> None:
    path = write_study(tmp_path / "study.toml", key_file="keys.txt")
    with pytest.raises(InputError, match="to say where keys go") as error:
        read_correction(path, **given)
    for words in asked:
        assert words in str(error.value)
    study = read_correction(path, platform=ADDRESS, key_file="keys.txt")  # the fix works
    assert (study.platforms, study.key_file) == ((ADDRESS,), "keys.txt")


def test_a_file_of_platforms_here_needs_no_more(tmp_path: Path) -> None:
    path = write_study(tmp_path / "study.toml", platform="mlp")
    assert read_correction(path).platforms == ("mlp",)


@pytest.mark.usefixtures("nobody_asks")
def test_an_experiment_does_not_decide_where_keys_go(tmp_path: Path, quorate: Any) -> None:
    with pytest.raises(InputError, match=r"on this machine in an experiment, got http://127"):
        CorrectionKind().read({**PLAIN, "key_file": "keys.txt"})
    path = write_study(tmp_path / "study.toml", key_file="keys.txt")
    code, _, errors = quorate("run", path, "--out", tmp_path / "out")
    assert code == 2
    assert "--platform and --key-file" in errors


# ------------------------------------------------------------------------------ addresses and paths

ELSEWHERE = [
    "http://127.0.0.1:9/v1/predict",
    "https://else.example/v1",
    "//else.example/v1",
    "/\\else.example/v1",
    "\\\\else.example\\v1",
    "v1/predict",
    "@else.example/",
    ".else.example/",
    ":99/x",
    "/../admin",
    "/v1/./../../x",
    "/v1/%2e%2e/x",
    "/v1/%252e%252e/x",
    "/v1//x",
    "/v1 /x",
    "/v1\r\nHost: else.example",
    "/v1\x00",
    "/v1#x",
    "/v1/%0d%0aX: y",
    "/vé",
    "",
    " /v1",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("name", ["predict_path", "model_path"])
@pytest.mark.parametrize("path", ELSEWHERE)
def test_a_path_that_leads_elsewhere_is_refused(name: str, path: str) -> None:
    more: dict[str, Any] = {"classes": CLASSES, "shape": (1, 2, 3)}
    if (name, path) == ("model_path", ""):
        API(**{name: path}, **more)  # it has no such page
        return
    with pytest.raises(InputError, match=rf"{name}=.*a path beneath the address"):
        API(**{name: path}, **more)


@pytest.mark.parametrize("path", ["/", "/classify", "/v2/a.b/c-d_e~f", "/v1/predict/", "/p?v=2"])
def test_a_path_beneath_the_address_is_taken(path: str) -> None:
    assert API(predict_path=path).predict_path == path


def test_an_api_file_that_names_another_host_gets_no_key(tmp_path: Path, quorate: Any) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text("member-0001 my-secret\nmember-0002 other\nevaluation third\n")
    with serving(predictions) as named, serving(predictions) as other:
        (tmp_path / "api.toml").write_text(f'predict_path = "{other.url}/v1/predict"\n')
        with pytest.raises(InputError, match=r"predict_path='http://127.*beneath the address"):
            read_api(tmp_path / "api.toml")
        words = ["--population", PLAIN["population"], "--subgroup", "low_light", "--members", "2"]
        words += ["--platform", named.url, "--key-file", keys, "--api", tmp_path / "api.toml"]
        code, _, errors = quorate("correct", *words, "--out", tmp_path / "out")
        assert code == 2
        assert "a path beneath the address" in errors
        assert not other.asked
        assert not named.asked


@pytest.mark.parametrize(
    "url",
    [
        "http://name:word@127.0.0.1:9",
        "http://127.0.0.1@else.example",
        "https://good.example\\@else.example",
        "http://127.0.0.1:9/?key=1",
        "http://127.0.0.1:9/#x",
        "http://127.0.0.1:9?",
    ],
)
def test_an_address_holds_no_more_than_a_host_and_a_path(url: str) -> None:
    with pytest.raises(InputError, match=r"Expected (a host and a path|the platform's address)"):
        HTTPPlatform(url, {"a": "b"})
    with pytest.raises(InputError, match=r"Expected (a host and a path|the platform's address)"):
        make_correction(**{**PLAIN, "platform": url}, key_file="keys.txt")


def test_a_key_goes_to_the_path_beneath_the_address() -> None:
    api = API(
        predict_path="/classify", model_path="", classes=CLASSES, shape=(1, 2, 3), scores_at=""
    )
    with serving(predictions) as stub, HTTPPlatform(f"{stub.url}/deep/", {"a": "s"}, api) as asked:
        asked.ask(images(1), ["a"])
    assert [one.path for one in stub.asked] == ["/deep/classify"]
    assert stub.asked[0].headers["host"] == stub.url.removeprefix("http://")


# ------------------------------------------------------------------------------ open lines


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://127.0.0.1:9", False),
        ("http://127.8.9.1", False),
        ("http://localhost:9", False),
        ("http://LOCALHOST.", False),
        ("http://app.localhost", False),
        ("http://[::1]:9", False),
        ("https://else.example", False),
        ("http://else.example", True),
        ("http://localhost.else.example", True),
        ("http://10.0.0.7:8000", True),
        ("http://192.168.1.2", True),
        ("http://0.0.0.0:9", True),
        ("http://[fe80::1]", True),
    ],
)
def test_a_line_that_others_can_read_is_told_of(
    url: str, warned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert is_open(url) == warned
    HTTPPlatform(url, {"a": "b"}).close()
    said = capsys.readouterr().err
    assert ("Warning: keys and pictures go to" in said) == warned
    assert said.count("\n") == warned


def test_a_correction_says_once_that_its_line_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quorate: Any
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    keys = tmp_path / "keys.txt"
    keys.write_text("member-0001 a\nmember-0002 b\nevaluation c\n")
    words = ["--population", PLAIN["population"], "--subgroup", "low_light", "--members", "2"]
    words += ["--platform", "http://else.example", "--key-file", keys, "--queries", "3"]
    code, _, errors = quorate("correct", *words, "--out", tmp_path / "out")
    assert code == 2
    assert errors.count("Warning: keys and pictures go to http://else.example") == 1
    assert "Check the address" in errors
