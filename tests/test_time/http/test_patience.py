"""Tries and time have an end, whatever the server says; what it says is heeded within that end."""

import math
import socket
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import numpy as np
import pytest
from parity_platform import images, parity
from stub_platform import CARD

from quorate.errors import PlatformError
from quorate.test_time.http.client import PATIENCE, HTTPPlatform
from quorate.test_time.http.patience import MOST_TRIES, Tries, read_retry_after
from quorate.test_time.platforms.answers import PartialError

PAST = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)


class Asking:
    """A client of a handler, whose waits take no time, and the requests about images it sent."""

    def __init__(self, answer: Callable[[int], httpx.Response], **options: Any) -> None:
        self.answer, self.now, self.sent = answer, 0.0, 0
        self.waits: list[float] = []
        self.platform = HTTPPlatform(
            "http://127.0.0.1",
            {"a": "secret-a"},
            transport=httpx.MockTransport(self.handle),
            clock=lambda: self.now,
            sleep=self.sleep,
            **options,
        )

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/model":
            return httpx.Response(200, json=CARD)
        self.sent += 1
        return self.answer(self.sent)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def ask(self) -> np.ndarray:
        return self.platform.ask(images(1), ["a"]).labels


def always(status: int, *values: str, text: str = "busy") -> Callable[[int], httpx.Response]:
    headers = [("retry-after", value) for value in values]
    return lambda _: httpx.Response(status, headers=headers, text=text)


def then_answered(
    times: int, answer: Callable[[int], httpx.Response]
) -> Callable[[int], httpx.Response]:
    fine = httpx.Response(200, json={"predictions": [{"index": int(parity(images(1))[0])}]})
    return lambda sent: answer(sent) if sent <= times else fine


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize(
    "values",
    [
        [],
        ["0"],
        ["0.0"],
        ["0.01"],
        ["-1"],
        ["-1e9"],
        ["nan"],
        ["inf"],
        [""],
        ["soon"],
        [PAST],
        ["Mon, 99 Foo 2026 99:99:99 GMT"],
        ["0", "0"],
        ["9" * 4000],
        ["x" * 4000],
    ],
)
def test_a_wait_of_nothing_is_a_failure_like_any_other(status: int, values: list[str]) -> None:
    asking = Asking(always(status, *values), retries=6)
    with pytest.raises(PartialError, match=f"got {status}: busy"):
        asking.ask()
    assert asking.sent <= 7
    assert sum(asking.waits) < 6 * 60
    assert all(wait > 0 for wait in asking.waits)


@pytest.mark.parametrize("value", ["1", "1.5", "5", "60", "899", "901", "86400", "1e3", "1e300"])
def test_waits_that_are_asked_for_end(value: str) -> None:
    asking = Asking(always(429, value))
    with pytest.raises(PartialError, match=r"after \d+ tr(y|ies)"):
        asking.ask()
    assert asking.sent <= MOST_TRIES
    assert sum(asking.waits) <= PATIENCE


def test_time_that_the_server_takes_counts_too() -> None:
    def slow(_: int) -> httpx.Response:
        asking.now += 100
        return httpx.Response(503, headers={"retry-after": "2"})

    asking = Asking(slow)
    with pytest.raises(PartialError, match="503"):
        asking.ask()
    assert asking.sent <= 9


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 524, 529, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    asking = Asking(then_answered(3, always(status)))
    assert np.array_equal(asking.ask(), parity(images(1)))
    assert asking.sent == 4


@pytest.mark.parametrize("status", [403, 409, 413, 423, 429, 503])
def test_who_says_when_to_come_back_is_asked_again_then(status: int) -> None:
    asking = Asking(then_answered(30, always(status, "3")), retries=1)
    assert np.array_equal(asking.ask(), parity(images(1)))
    assert asking.sent == 31
    assert all(3 <= wait <= 3.25 for wait in asking.waits)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 418, 422, 451, 501, 505])
def test_what_does_not_pass_is_asked_once(status: int) -> None:
    for values in ([], ["soon"], ["-5"]):
        asking = Asking(always(status, *values))
        with pytest.raises(PartialError, match=f"got {status}: busy"):
            asking.ask()
        assert asking.sent == 1


@pytest.mark.parametrize(
    ("status", "values", "fix"),
    [
        (401, [], "right key"),
        (403, [], "may ask here"),
        (403, ["0"], "may ask here"),
        (404, [], "address and the API's paths"),
        (413, [], "images_at_once lower"),
        (429, [], "with --rate"),
        (500, [], "ask its operator"),
        (503, ["86400"], r"wait 86400 seconds, it says"),
        (511, [], "Sign in"),
    ],
)
def test_the_message_fits_the_status(status: int, values: Sequence[str], fix: str) -> None:
    with pytest.raises(PartialError, match=fix):
        Asking(always(status, *values), retries=1).ask()


def test_several_headers_are_one_wait() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert read_retry_after(["2", "7"]) == 7
    assert 55 < (read_retry_after([later]) or 0) <= 60
    assert read_retry_after([PAST]) == 0
    assert read_retry_after(["9" * 400]) == math.inf
    for nonsense in ("", "-3", "nan", "inf", "1e9", "0x10", "٣"):
        assert read_retry_after([nonsense]) is None


def test_tries_have_an_end_without_a_clock() -> None:
    """Not even a clock that stands still makes them endless."""
    tries = Tries(6, 900, lambda: 0.0)
    waits = 0
    while tries.wait_after(8.0, metered=False) is not None:
        waits += 1
    assert waits < MOST_TRIES


def caused(error: Exception) -> httpx.ConnectError:
    found = httpx.ConnectError(str(error))
    found.__cause__ = error
    return found


@pytest.mark.parametrize(
    ("error", "sent", "fix"),
    [
        (caused(socket.gaierror(socket.EAI_NONAME, "Name or service not known")), 1, "address"),
        (caused(socket.gaierror(socket.EAI_AGAIN, "Temporary failure")), 3, "Check the address"),
        (caused(ssl.SSLCertVerificationError("self-signed")), 1, "certificate"),
        (caused(ConnectionRefusedError("refused")), 3, "whether the platform runs"),
        (httpx.ConnectTimeout("slow"), 3, "whether the platform runs"),
        (httpx.ReadError("reset by peer"), 3, "Check the address"),
        (httpx.ReadTimeout("slow"), 3, "slow, or stalls"),
        (httpx.RemoteProtocolError("incomplete body"), 3, "Check the address"),
        (httpx.LocalProtocolError("Illegal header value"), 1, "key"),
    ],
)
def test_a_line_that_fails(error: Exception, sent: int, fix: str) -> None:
    def fail(_: int) -> httpx.Response:
        raise error

    asking = Asking(fail, retries=2)
    with pytest.raises(PartialError, match=fix):
        asking.ask()
    assert asking.sent == sent


def test_an_address_that_is_no_host_is_said_at_once() -> None:
    with (
        HTTPPlatform("http://no-such-host.invalid", {"a": "b"}, retries=0) as platform,
        pytest.raises(PlatformError, match=r"no-such-host\.invalid.*Check the address"),
    ):
        _ = platform.card
