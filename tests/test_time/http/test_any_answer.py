"""Whatever a platform answers, it is read or refused in words, and nothing else happens."""

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from parity_platform import CLASSES, images
from stub_platform import CARD, Asked, serving

from quorate.errors import PlatformError
from quorate.printable import printable
from quorate.test_time.http.api import API, QUORATE_API
from quorate.test_time.http.client import HTTPPlatform
from quorate.test_time.http.exchange import read_answers, read_card
from quorate.test_time.http.patience import read_retry_after
from quorate.test_time.platforms.platform import Card

NAMES = ["predictions", "index", "label", "scores", "error", "message", "affordable", *CLASSES]
NUMBERS = st.integers() | st.floats() | st.sampled_from([0, 1, 2, 3, -1, True, 10**400, 1e308])
PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text() | st.sampled_from(NAMES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)
ANSWERS = PLAIN | st.fixed_dictionaries(
    {
        "predictions": st.lists(
            st.fixed_dictionaries({"index": NUMBERS | PLAIN, "scores": st.lists(NUMBERS) | PLAIN}),
            max_size=3,
        )
        | PLAIN
    }
)
APIS = [
    QUORATE_API,
    API(label_as="name", label_at="predictions.*.label", scores_at=""),
    API(images_at_once=1, label_at="predictions.0.index", scores_at="scores"),
]


def tried(read: Callable[..., Any], *given: Any) -> tuple[Any, str]:
    """Return what comes back and "", or nothing and the words of a refusal."""
    try:
        return read(*given), ""
    except PlatformError as error:
        return None, str(error)


@given(ANSWERS, st.sampled_from(APIS), st.sampled_from(["labels", "scores"]))
def test_an_answer_is_read_or_refused(document: Any, api: API, gives: Any) -> None:
    card = Card("parity", CLASSES, (1, 2, 3), gives)
    answers, refusal = tried(read_answers, api, document, 2, card)
    if refusal:
        assert refusal.startswith("Expected")
        return
    assert ((answers.labels >= 0) & (answers.labels < 3)).all()
    if gives == "scores":
        assert answers.probabilities is not None
        assert np.isfinite(answers.probabilities).all()
        assert (answers.probabilities >= 0).all()


@given(
    PLAIN | st.fixed_dictionaries(dict.fromkeys(["id", "classes", "shape", "gives"], PLAIN)),
    st.dictionaries(st.sampled_from(list(CARD)), PLAIN),
)
def test_a_card_is_read_or_refused(document: Any, change: dict[str, Any]) -> None:
    for one in (document, CARD | change):
        card, refusal = tried(read_card, one, "http://127.0.0.1")
        if refusal:
            assert refusal.startswith("Expected a model's id")
        else:
            assert card.id == one["id"] == printable(card.id)
            assert len(card.shape) == 3


@given(st.integers(200, 599), st.binary(max_size=200) | PLAIN, st.text(max_size=30))
@example(429, {"error": {"affordable": [0, True, -1, 10**30, None]}}, "0")
@example(200, {"predictions": [{"index": 10**400}]}, "")
@example(503, b"\xff" * 100, "-1")
def test_any_response_ends(status: int, body: Any, wait: str) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/model":
            return httpx.Response(200, json=CARD)
        sent.append(request)
        headers = [("retry-after", wait.encode("utf-8", "ignore"))]
        return httpx.Response(status, content=content, headers=headers)

    with HTTPPlatform(
        "http://127.0.0.1",
        {"a": "secret-a"},
        transport=httpx.MockTransport(handle),
        sleep=lambda _: None,
        retries=2,
    ) as platform:
        _, refusal = tried(platform.ask, images(2), ["a", "a"])
        assert "secret-a" not in refusal
        assert refusal.encode().decode() == refusal
    assert len(sent) <= 100


def test_any_bytes_on_the_line_end() -> None:
    """Beginnings of HTTP that go on in any way; then the line is closed."""
    heads = [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 204 None\r\n\r\n",
        b"HTTP/9.9 999 \x1b[31m\r\n\r\n",
    ]
    rng = np.random.default_rng()
    said = [head + rng.bytes(int(rng.integers(0, 60))) for head in heads for _ in range(3)]
    waiting = iter(said)

    def answer(_: Asked) -> Iterator[bytes]:
        yield next(waiting)
        raise OSError("the line is closed")

    with (
        serving(answer) as stub,
        HTTPPlatform(stub.url, {"a": "s"}, retries=0, timeout=5) as platform,
    ):
        for content in said:
            _, refusal = tried(platform.ask, images(1), ["a"])
            assert refusal.startswith("Expected"), content
            assert "\x1b" not in refusal


@given(st.lists(st.text(max_size=80) | st.integers().map(str) | st.floats().map(str), max_size=3))
@example(["Fri, 31 Dec 9999 23:59:59 -9999"])
@example(["Mon, 01 Jan 0001 00:00:00 +2359"])
def test_a_wait_is_none_or_no_less_than_nothing(values: list[str]) -> None:
    wait = read_retry_after(values)
    assert wait is None or (wait >= 0 and not math.isnan(wait))
