"""A platform that means no good: its answers end in time, fit into memory, and are only read."""

import functools
import gzip
import json
import pickle
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import numpy as np
import pytest
from parity_platform import images, parity
from stub_platform import CARD, Asked, http, predictions, serving

from quorate.errors import InputError, PlatformError
from quorate.test_time.http.api import API
from quorate.test_time.http.client import HTTPPlatform
from quorate.test_time.http.reading import most_bytes, read_json
from quorate.test_time.http.sending import ExhaustedError, FailedError, StoppedError
from quorate.test_time.platforms.answers import PartialError, PartialQuotaError
from quorate.test_time.platforms.platform import Answers

BOMB = 64 * 2**20  # bytes that some answers unpack to
KEYS = {"a": "secret-a", "b": "secret/b+c", "evaluation": "secret-e"}


def ask(url: str, n: int = 2, **options: Any) -> Any:
    options = {"retries": 0, "timeout": 0.5} | options
    with HTTPPlatform(url, KEYS, **options) as platform:
        return platform.ask(images(n), ["a"] * n)


@functools.cache
def packed(kind: str) -> bytes:
    """A small body that unpacks to BOMB bytes of blanks before JSON."""
    window = {"gzip": 31, "deflate": 15}[kind]
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    blank = bytes(2**20).replace(b"\0", b" ")
    parts = [packer.compress(blank) for _ in range(BOMB // len(blank))]
    return b"".join([*parts, packer.compress(b"{}"), packer.flush()])


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
@pytest.mark.parametrize("status", [200, 400, 429, 500])
def test_a_small_answer_that_unpacks_to_a_large_one_is_not_unpacked(kind: str, status: int) -> None:
    body = packed(kind)
    with serving(lambda _: http(status, body, Content_Encoding=kind)) as stub:
        tracemalloc.start()
        try:
            with pytest.raises(PartialError, match=r"more than|Expected an answer"):
                ask(stub.url)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 10 * 2**20


def test_packed_answers_of_some_size_are_read() -> None:
    def zipped(asked: Asked) -> bytes:
        body = predictions(asked).partition(b"\r\n\r\n")[2]
        return http(200, gzip.compress(body), Content_Encoding="gzip")

    with serving(zipped) as stub:
        assert ask(stub.url).labels.tolist() == parity(images(2)).tolist()


@pytest.mark.parametrize(
    ("headers", "body", "named"),
    [
        ({"Content_Encoding": "br"}, b"x", "packed as br"),
        ({"Content_Encoding": "gzip, gzip"}, b"x", "packed as gzip, gzip"),
        ({"Content_Encoding": "gzip"}, b"no gzip", "a damaged answer"),
        ({"Content_Encoding": "gzip"}, gzip.compress(b"{}" * 99, mtime=0)[:-9], "cut off"),
        ({}, b" " * 2**21, r"more than \d+ bytes"),
        ({}, b"[" * 10_000 + b"]" * 10_000, "Expected JSON"),
        ({}, b'{"a":' * 200 + b"1" + b"}" * 200, "Expected JSON"),
        ({}, b"9" * 10_000, "Expected JSON"),
        ({}, b"\xff\xfe\x00", "Expected JSON"),
    ],
)
def test_an_answer_that_is_none_is_not_read(headers: Any, body: bytes, named: str) -> None:
    with (
        serving(lambda _: http(200, body, **headers)) as stub,
        pytest.raises(PartialError, match=named),
    ):
        ask(stub.url)


def endless(stub: list[Any], start: bytes, part: bytes, pause: float) -> Iterator[bytes]:
    yield start
    while not stub[0].closing.is_set():
        yield part
        stub[0].closing.wait(pause)


HEAD = b"HTTP/1.1 200 OK\r\n"
SLOW = {
    "nothing": (b"", b"", 0.05),
    "head": (HEAD, b"x", 0.02),
    "headers": (HEAD, b"X-More: x\r\n", 0.02),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.02),
    "body": (HEAD + b"Content-Length: 100000\r\n\r\n", b" ", 0.02),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.02),
    "body that never ends": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0),
    "body of no length": (HEAD + b"Connection: close\r\n\r\n", b" " * 1000, 0.001),
}


@pytest.mark.parametrize("kind", SLOW)
def test_an_answer_that_does_not_end_is_not_waited_for(kind: str) -> None:
    holder: list[Any] = []
    with serving(lambda _: endless(holder, *SLOW[kind])) as stub:
        holder.append(stub)
        began = time.monotonic()
        with pytest.raises(PartialError, match=r"Timeout|more than|after 1 try"):
            ask(stub.url, timeout=0.5)
        assert time.monotonic() - began < 20  # seconds, on a busy machine; without end before


def test_a_platform_that_does_not_take_what_it_is_sent_is_not_waited_for() -> None:
    """It reads nothing: what is sent stays in the line until that is full."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lines: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    lines.append(listening.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        card = {"model_path": "", "classes": ("a", "b"), "shape": (1, 512, 512), "scores_at": ""}
        api = API(images_at_once=16, **card)  # type: ignore[arg-type]
        x = np.random.default_rng(0).integers(0, 256, (16, 1, 512, 512), dtype=np.uint8)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with (
            HTTPPlatform(url, KEYS, api, retries=0, timeout=0.5) as platform,
            pytest.raises(PartialError, match="Timeout"),
        ):
            platform.ask(x, ["a"] * 16)
        for line in lines:
            line.close()
        listening.shutdown(socket.SHUT_RDWR)


def in_json(status: int, plain: object) -> httpx.Response:
    """An answer in which a lone surrogate is written as an escape: no text of UTF-8 holds it."""
    return httpx.Response(status, content=json.dumps(plain))


NASTY = "\x1b[31mred\x1b]0;title\x07\x9b2J\u202eabc\u2066\u2028\ud800\r\b\x00"


@pytest.mark.parametrize(
    "answer",
    [
        lambda: in_json(400, {"error": {"message": NASTY}}),
        lambda: in_json(500, {"error": NASTY}),
        lambda: httpx.Response(503, text=NASTY.encode("utf-8", "ignore").decode()),
        lambda: in_json(402, {"detail": NASTY}),
        lambda: httpx.Response(200, text=NASTY.encode("utf-8", "ignore").decode()),
        lambda: httpx.Response(301, headers={"location": b"http://else/\x1b[31m\x9b"}),
        lambda: in_json(200, {NASTY: 1}),
        lambda: in_json(200, {"predictions": {NASTY: 1}}),
        lambda: in_json(200, {"predictions": [{"index": NASTY}] * 2}),
        lambda: httpx.Response(200, headers={"content-encoding": b"\x1b[31m\x9b"}, stream=Empty()),
    ],
)
def test_nothing_of_its_text_is_obeyed_by_a_terminal(answer: Callable[[], httpx.Response]) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=CARD) if request.url.path == "/v1/model" else answer()

    with pytest.raises(PartialError, match="Expected") as error:
        ask("http://127.0.0.1", transport=httpx.MockTransport(handle))
    message = str(error.value)
    assert message.isprintable()
    assert not set(message) & set("\u202e\u2066\u2028\ud800")
    message.encode()


class Empty(httpx.SyncByteStream):
    """A body of nothing."""

    def __iter__(self) -> Iterator[bytes]:
        return iter([])


@pytest.mark.parametrize(
    "change",
    [
        {"id": NASTY},
        {"id": "x" * 1000},
        {"id": ""},
        {"classes": ["cat", NASTY]},
        {"classes": ["cat", "cat"]},
        {"classes": []},
        {"classes": ["cat", "x" * 10**5]},
        {"shape": [True, 2, 3]},
    ],
)
def test_a_card_that_cannot_be_shown_is_none(change: dict[str, Any]) -> None:
    def handle(_: httpx.Request) -> httpx.Response:
        return in_json(200, CARD | change)

    with pytest.raises(PlatformError, match="Expected a model's id, classes") as error:
        ask("http://127.0.0.1", transport=httpx.MockTransport(handle))
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "scores", ["[1e999, 0, 0]", "[-0.5, 1.5, 0]", f"[{10**400}, 0, 0]", "[NaN, 0, 1]", "[1, 0]"]
)
def test_scores_that_are_no_probabilities_are_refused(scores: str) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/model":
            return httpx.Response(200, json=CARD | {"gives": "scores"})
        text = f'{{"predictions": [{{"index": 0, "scores": {scores}}}]}}'
        return httpx.Response(200, text=text)

    with pytest.raises(PartialError, match=r"Expected (probabilities|scores)"):
        ask("http://127.0.0.1", 1, transport=httpx.MockTransport(handle))


@pytest.mark.parametrize("name", ["a", "b"])
def test_no_form_of_a_secret_is_told(name: str) -> None:
    """Neither cut in the middle, nor as it stands in an address."""
    secret = KEYS[name]

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/model":
            return httpx.Response(200, json=CARD)
        return httpx.Response(400, text=f"{'x' * 195}{secret} and {httpx.QueryParams(k=secret)}")

    transport = httpx.MockTransport(handle)
    with (
        HTTPPlatform("http://127.0.0.1", KEYS, transport=transport) as platform,
        pytest.raises(PartialError) as error,
    ):
        platform.ask(images(1), [name])
    assert "secret" not in str(error.value)
    assert "xxx***" in str(error.value) or "..." in str(error.value)


def test_a_platform_that_always_leaves_one_image_out_is_not_followed_for_ever() -> None:
    sent = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/model":
            return httpx.Response(200, json=CARD)
        sent.append(len(json.loads(request.content)["images"]))
        places = list(range(sent[-1] - 1))
        body = {"error": {"code": "budget_exhausted", "affordable": places}}
        return httpx.Response(429, json=body)

    with pytest.raises(PartialError) as error:
        ask("http://127.0.0.1", 16, transport=httpx.MockTransport(handle))
    assert sent == [16, 15, 14]
    assert error.value.refused.all()


def test_no_cookie_goes_from_one_members_request_into_anothers() -> None:
    cookies = []

    def handle(request: httpx.Request) -> httpx.Response:
        cookies.append(request.headers.get("cookie"))
        plain = CARD if request.url.path == "/v1/model" else {"predictions": [{"index": 0}]}
        return httpx.Response(200, json=plain, headers={"set-cookie": "who=a; Path=/"})

    transport = httpx.MockTransport(handle)
    with HTTPPlatform("http://127.0.0.1", KEYS, transport=transport) as platform:
        for name in ("a", "b"):
            platform.ask(images(1), [name])
    assert cookies == [None] * 3


def test_a_redirect_is_not_followed_and_no_key_goes_elsewhere() -> None:
    with serving(predictions) as other:
        for status in (301, 302, 303, 307, 308):
            to = f"{other.url}/v1/predict"
            with (
                serving(lambda _, s=status, to=to: http(s, {}, Location=to)) as stub,
                pytest.raises(PartialError, match=f"{status}, which leads to {other.url}"),
            ):
                ask(stub.url)
        assert not other.asked


def test_a_proxy_of_the_environment_sees_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(predictions) as stub, serving(predictions) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        ask(stub.url)
        assert not proxy.asked


def test_a_proxy_carries_https_and_sees_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: http(502, {})) as proxy:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("NO_PROXY", "")
        with pytest.raises(PlatformError, match="502"):
            ask("https://else.example")
    (asked,) = proxy.asked
    assert asked.path == "else.example:443"  # to be connected with, and then encrypted
    assert "secret" not in str(asked)


def test_a_proxy_of_another_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "socks5://name:word@127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(InputError, match=r"a proxy of HTTP, got socks5://\.\.\. Set NO_PROXY"):
        ask("https://else.example")


@pytest.mark.parametrize(
    "error",
    [
        PartialError("Expected a.", np.array([True, False]), Answers(np.array([1]))),
        PartialQuotaError("Expected b.", np.array([False]), Answers(np.array([], dtype=int))),
        FailedError("Expected c.", metered=True),
        ExhaustedError("Expected d.", [1, 2], metered=True),
        StoppedError("Expected e.", metered=False),
    ],
)
def test_errors_come_back_from_worker_processes(error: PlatformError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
    assert {name: str(value) for name, value in vars(again).items()} == {
        name: str(value) for name, value in vars(error).items()
    }


def test_the_size_of_an_answer_grows_with_what_was_asked() -> None:
    assert most_bytes(16, 1000) > 16 * 1000 * 25  # a double in JSON, and its comma
    assert read_json(b'{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}


def test_an_empty_answer_is_named_as_it_is() -> None:
    with (
        serving(lambda _: http(200, {})) as stub,
        pytest.raises(PlatformError, match=r"got \{\}\. "),
    ):
        ask(stub.url)
