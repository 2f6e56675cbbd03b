"""A coordinator that means no good, or is slow, or fails: one sentence, and never a secret."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from stub_platform import Asked, Stub, http, serving

from quorate.collective.client.channel import Channel, RefusalError, part
from quorate.errors import CoordinatorError, InputError

SECRET = "qwertyuiop.SECRETSECRETSECRET"


@contextmanager
def speaking(
    answer: Callable[[Asked], bytes], retries: int = 0, timeout: float = 5.0
) -> Iterator[tuple[Channel, Stub]]:
    with (
        serving(answer) as stub,
        Channel(stub.url, SECRET, "this member", retries=retries, timeout=timeout) as channel,
    ):
        yield channel, stub


def test_a_request_goes_out_under_the_secret_and_a_key() -> None:
    with speaking(lambda _: http(200, {"pledges": 3})) as (channel, stub):
        assert channel.write("PUT", "/api/v1/x", {"rows": 2}) == {"pledges": 3}
        channel.get("/api/v1/x")
    first, second = stub.asked
    assert (first.method, first.path) == ("PUT", "/api/v1/x")
    assert json.loads(first.body) == {"rows": 2}
    assert first.headers["authorization"] == f"Bearer {SECRET}"
    assert len(first.headers["idempotency-key"]) == 32
    assert (second.method, second.body) == ("GET", b"")
    assert "idempotency-key" not in second.headers


def test_who_has_no_secret_sends_none() -> None:
    with serving(lambda _: http(200, {})) as stub, Channel(stub.url) as channel:
        channel.get("/")
    assert "authorization" not in stub.asked[0].headers


def test_a_retry_has_the_key_of_the_first_try() -> None:
    answers = [
        http(503, {"error": {"message": "busy"}}),
        b"HTTP/1.1 ?\r\n\r\n",
        http(200, {"ok": True}),
    ]
    with speaking(lambda _: answers.pop(0), retries=4) as (channel, stub):
        channel._sender.sleep = lambda _: None
        assert channel.write("POST", "/x") == {"ok": True}
    keys = [one.headers["idempotency-key"] for one in stub.asked]
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_a_refusal_is_in_the_coordinator_s_own_words() -> None:
    said = {"error": {"code": "no_pledge", "message": f"Expected a pledge, {SECRET}\x1b[2J.\nNo."}}
    with speaking(lambda _: http(403, said)) as (channel, _), pytest.raises(RefusalError) as found:
        channel.get("/x")
    assert (found.value.status, found.value.code) == (403, "no_pledge")
    assert str(found.value).startswith("Expected a pledge, ***")
    assert str(found.value).isprintable()


def bomb(_: Asked) -> bytes:
    return http(200, gzip.compress(b" " * (2 << 20)), Content_Encoding="gzip")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: http(200, b"<html>hello"), "Expected a JSON object.*'<html>hello'"),
        (lambda _: http(200, [1]), "Expected a JSON object"),
        (lambda _: http(200, b'{"pledges": NaN}'), "Expected a JSON object"),
        (lambda _: http(200, b"[" * 100_000), "Expected a JSON object"),
        (lambda _: http(200, b"x" * (1 << 20) + b"yz"), "more than 1048576 bytes"),
        (bomb, "more than 1048576 bytes"),
        (lambda _: http(302, b"", Location="http://127.0.0.1:1/"), "leads elsewhere"),
        (lambda _: http(404, b"not here"), "404: not here. Check the address"),
        (lambda _: http(500, {"detail": SECRET}), r"500: \*\*\* after 1 try"),
        (lambda _: http(429, b"", Retry_After="9999"), "wait 9999 seconds"),
        (lambda _: b"HTTP/1.1 two hundred\r\n\r\n", "RemoteProtocolError"),
    ],
)
def test_whatever_comes_is_one_sentence_without_the_secret(
    answer: Callable[[Asked], bytes], said: str
) -> None:
    with (
        speaking(answer) as (channel, _),
        pytest.raises(CoordinatorError, match=said) as found,
    ):
        channel.get("/x")
    assert SECRET not in str(found.value)
    assert "SECRET" not in repr(channel)
    assert len(str(found.value)) < 600


def test_an_answer_that_never_ends_is_left() -> None:
    def drip(asked: Asked) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n"
        for _ in range(100):
            if holder[0].closing.wait(0.02):
                return
            yield b"x"

    holder: list[Stub] = []
    with serving(drip) as stub:
        holder.append(stub)
        with (
            Channel(stub.url, timeout=0.2, retries=0) as channel,
            pytest.raises(CoordinatorError, match="The coordinator is slow"),
        ):
            channel.get("/x")


def test_nobody_there_is_said_so() -> None:
    with (
        Channel("http://127.0.0.1:9", SECRET, retries=0) as channel,
        pytest.raises(CoordinatorError, match="whether the coordinator runs"),
    ):
        channel.get("/x")


def test_an_open_line_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    Channel("http://10.0.0.7", SECRET).__exit__(None, None, None)
    Channel("http://10.0.0.7").__exit__(None, None, None)  # sends no secret
    Channel("https://10.0.0.7", SECRET).__exit__(None, None, None)
    said = capsys.readouterr().err
    assert said.count("Warning: your secret goes to http://10.0.0.7 without encryption") == 1


def test_what_no_header_can_carry_is_refused() -> None:
    with pytest.raises(InputError, match="printable ASCII") as found:
        Channel("http://127.0.0.1:9", "geheim\u00fc")
    assert "geheim" not in str(found.value)


@pytest.mark.parametrize("value", [None, "3", 3.0, True, [3]])
def test_a_part_of_another_kind_is_refused(value: object) -> None:
    with pytest.raises(CoordinatorError, match=r"Expected pledges \(a whole number\)"):
        part({"pledges": value}, "pledges", int)


def test_a_whole_number_is_a_number_too() -> None:
    assert part({"deadline": 3}, "deadline", float) == 3.0
