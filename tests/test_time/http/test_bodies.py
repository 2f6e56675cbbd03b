"""Bodies of requests: refused before they are read, read within limits, never held without end."""

import asyncio
import json
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from parity_platform import Parity, images
from PIL import Image

from quorate.test_time.http import bodies, desk
from quorate.test_time.http.app import app
from quorate.test_time.http.desk import Desk, Room
from quorate.test_time.http.service import Asked, RefusedError, Reply
from quorate.test_time.platforms.encoding import to_base64, to_png

KEYS = {"member-0001": "secret-one", "member-0002": "secret-two", "evaluation": "secret-measure"}
Chunk = tuple[bytes, bool]  # and whether more is to come


class Caller:
    """Calls an ASGI app as a server does, and counts how often the app asks for more of a body."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.read = 0

    def post(
        self,
        chunks: Iterator[Chunk],
        path: str = "/v1/predict",
        secret: str | None = "secret-one",
        **headers: str,
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Return the status, the headers and the JSON of the answer."""
        return asyncio.run(self._post(chunks, path, secret, headers))

    async def _post(
        self, chunks: Iterator[Chunk], path: str, secret: str | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if secret:
            sent["authorization"] = f"Bearer {secret}"
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "scheme": "http",
            "http_version": "1.1",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        }
        said: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            self.read += 1
            for body, more in chunks:
                return {"type": "http.request", "body": body, "more_body": more}
            await asyncio.sleep(30)  # the rest does not come
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            said.append(message)

        await self.app(scope, receive, send)
        plain = {name.decode(): value.decode() for name, value in said[0]["headers"]}
        content = b"".join(part["body"] for part in said[1:])
        return said[0]["status"], plain, json.loads(content)


@pytest.fixture
def call(tmp_path: Path) -> Callable[..., Caller]:
    def start(platform: Parity | None = None, **options: Any) -> Caller:
        return Caller(app(platform or Parity(), tmp_path / "platform.ledger", KEYS, **options))

    return start


def whole(*numbers: int) -> Iterator[Chunk]:
    texts = [to_base64(to_png(one)) for n in numbers for one in images(1, first=n)]
    yield json.dumps({"images": texts}).encode(), False


# ------------------------------------------------------------------- before a body is read


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/predict/image"])
@pytest.mark.parametrize("length", [{"content_length": "100000000"}, {"content_length": "400"}, {}])
def test_who_may_not_ask_is_refused_before_the_body_is_read(
    call: Callable[..., Caller], path: str, length: dict[str, str]
) -> None:
    caller = call(budget=2, rate="3/h", bytes_at_once=200_000_000)
    long = length or {"transfer_encoding": "chunked"}
    assert caller.post(whole(1, 2))[0] == 200
    caller.read = 0
    for secret, again, status, code in (
        (None, {}, 401, "no_key"),
        ("secret-", {}, 403, "unknown_key"),
        ("secret-one", {}, 429, "budget_exhausted"),
        ("secret-one", {"idempotency_key": "a"}, 422, "not_json"),
        ("secret-one", {"idempotency_key": "a"}, 422, "not_json"),
        ("secret-one", {"idempotency_key": "a"}, 429, "rate_limited"),
        ("secret-one", {}, 429, "budget_exhausted"),  # not: come back later
    ):
        if path.endswith("image") and status == 422:
            code = "no_image"
        found, headers, plain = caller.post(iter([(b"x", False)]), path, secret, **long, **again)
        assert (found, plain["error"]["code"]) == (status, code)
        if status != 422:
            # what is not read is skipped where it is short; else the connection is closed
            short = length.get("content_length") == "400"
            assert headers.get("connection") == (None if short else "close")
    assert caller.read == 2  # those of status 422


def test_what_a_spent_key_has_paid_for_is_told_again(call: Callable[..., Caller]) -> None:
    caller = call(budget=2)
    first = caller.post(whole(1, 2))
    refused = caller.post(whole(1, 2))
    assert refused[0] == 429
    assert refused[2]["error"]["left"] == 0
    assert "send the header Idempotency-Key" in refused[2]["error"]["message"]
    assert caller.post(whole(1, 2), idempotency_key="of the first")[2] == first[2]
    refused = caller.post(whole(1, 3), idempotency_key="another")
    assert (refused[0], refused[2]["error"]["affordable"]) == (429, [0])


def test_a_key_that_another_server_has_spent_is_refused(
    call: Callable[..., Caller], tmp_path: Path
) -> None:
    one, other = call(budget=2), call(budget=2)
    assert one.post(whole(1, 2))[0] == 200
    assert other.post(whole(3))[0] == 429  # found in the ledger
    other.read = 0
    assert other.post(whole(3))[0] == 429  # known by now
    assert call(budget=2).post(whole(3))[0] == 429  # and by whoever begins
    assert other.read == 0


@pytest.mark.parametrize(
    ("length", "status"), [("2001", 413), ("1" * 30, 413), ("-1", 400), ("²", 400), ("x", 400)]
)
def test_what_is_said_of_a_body_is_looked_at_first(
    call: Callable[..., Caller], length: str, status: int
) -> None:
    caller = call(bytes_at_once=2000)
    found, headers, _ = caller.post(iter([]), content_length=length)
    assert (found, headers["connection"], caller.read) == (status, "close", 0)


# ------------------------------------------------------------------------------ while it is


def test_a_body_in_pieces_is_read_up_to_the_limit(call: Callable[..., Caller]) -> None:
    caller = call(bytes_at_once=2000)
    pieces: Iterator[Chunk] = iter([(b"x" * 500, True)] * 100)
    found, headers, plain = caller.post(pieces, transfer_encoding="chunked")
    assert (found, plain["error"]["code"], headers["connection"]) == (413, "too_large", "close")
    assert caller.read == 5


def test_a_body_has_a_deadline(
    call: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "READ_SECONDS", 0.05)
    found, headers, plain = call().post(iter([(b"{", True)]), content_length="400")
    assert (found, plain["error"]["code"], headers["connection"]) == (408, "too_slow", "close")
    assert "got 1 bytes" in plain["error"]["message"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"images": [' + b"[]," * 60_000 + b"[]]}", "not_json"),
        (b'{"images": [' + b"{}," * 60_000 + b"{}]}", "not_json"),
        (b'{"images": [' + b"1," * 90_000 + b"1]}", "too_many_images"),
        (b'{"images": [' + b'"",' * 60_000 + b'""]}', "too_many_images"),
        (b'{"images": [], "a' + b'": 0, "a' * 20_000 + b'": 0}', "too_many_images"),
    ],
)
def test_json_that_grows_is_not_parsed(body: bytes, code: str) -> None:
    """Parsed, these take up to fifty times their size."""
    tracemalloc.start()
    try:
        with pytest.raises(RefusedError) as refused:
            bodies.images_in_json(body, 64)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert refused.value.body["error"]["code"] == code


def bomb() -> bytes:
    """A PNG of the model's shape, in which a second header names a hundred megapixels."""
    good = to_png(images(1)[0])
    head, rest = good[:33], good[33:]
    ihdr = b"IHDR" + (10_000).to_bytes(4) * 2 + b"\x08\x00\x00\x00\x00"
    second = (13).to_bytes(4) + ihdr + zlib.crc32(ihdr).to_bytes(4)
    idat = b"IDAT" + zlib.compress(bytes(100_010_000), 9)
    data = (len(idat) - 4).to_bytes(4) + idat + zlib.crc32(idat).to_bytes(4)
    return head + second + data + rest


def test_picture_bombs_cost_no_memory_and_nobody_else_their_answer(
    call: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[tuple[int, int]] = []
    before = Image.Image.load
    monkeypatch.setattr(Image.Image, "load", lambda im: (loaded.append(im.size), before(im))[1])
    bad = to_base64(bomb())
    caller = call(bytes_at_once=400_000)
    found, _, plain = caller.post(iter([(json.dumps({"images": [bad]}).encode(), False)]))
    assert (found, plain["error"]["code"]) == (422, "bad_image")
    assert all(w * h <= 6 for w, h in loaded)
    assert caller.post(whole(1))[0] == 200


# ------------------------------------------------------------------------------ together


def test_what_waits_is_answered_together() -> None:
    seen: list[int] = []
    going = threading.Event()

    def answer(asked: Any) -> list[Any]:
        seen.append(len(asked))
        going.wait(20)
        return [ValueError(one.key) for one in asked]

    async def everyone() -> list[Any]:
        at = Desk(answer)
        told = [asyncio.ensure_future(at.ask(Asked(str(n), list))) for n in range(101)]
        while not seen:
            await asyncio.sleep(0.001)
        going.set()
        found = await asyncio.gather(*told, return_exceptions=True)
        at.close()
        return found

    assert [str(error) for error in asyncio.run(everyone())] == [str(n) for n in range(101)]
    assert seen[0] <= 101
    assert sum(seen) == 101
    assert max(seen) <= desk.AT_ONCE
    assert len(seen) <= 3


def test_one_request_that_fails_takes_no_other_with_it(tmp_path: Path) -> None:
    from quorate.test_time.http.service import Service
    from quorate.test_time.platforms.ledger import Ledger

    class Picky(Parity):
        def ask(self, x: Any, keys: Any) -> Any:
            if (x[:, 0, 0, 0] == 3).any():
                raise RuntimeError("not this one")
            return super().ask(x, keys)

    def asked(key: str, *numbers: int) -> Asked:
        return Asked(key, lambda: [to_png(one) for n in numbers for one in images(1, first=n)])

    def broken() -> list[bytes]:
        raise RefusedError(422, "not_json", "Expected JSON, got none.")

    with Ledger(tmp_path / "platform.ledger") as ledger:
        service = Service(Picky(), ledger, KEYS, budget=4)
        told = service.answer(
            [
                asked("member-0001", 1, 2),
                asked("member-0001", 3),
                Asked("member-0001", broken),
                asked("member-0001", 2, 4),  # 2 is paid for by the first
                asked("member-0001", 5, 6),  # one too many
                asked("member-0002", 1),
                asked("evaluation", 1, 1),
                asked("member-0001", 7),
            ]
        )
        spent = ledger.spent_by_key("parity")
    labels = [one.answers.labels.tolist() if isinstance(one, Reply) else type(one) for one in told]
    assert labels == [[1, 2], RuntimeError, RefusedError, [2, 1], RefusedError, [1], [1, 1], [1]]
    assert isinstance(told[4], RefusedError)
    assert told[4].body["error"]["affordable"] == [0]
    assert spent == {"member-0001": 4, "member-0002": 1}


def test_no_more_images_are_unpacked_at_once_than_one_request_may_hold(tmp_path: Path) -> None:
    from quorate.test_time.http.service import Service
    from quorate.test_time.platforms.ledger import Ledger

    asked_at_once: list[int] = []

    class Counting(Parity):
        def ask(self, x: Any, keys: Any) -> Any:
            asked_at_once.append(len(x))
            return super().ask(x, keys)

    with Ledger(tmp_path / "platform.ledger") as ledger:
        service = Service(Counting(), ledger, KEYS, images_at_once=5)
        asked = [
            Asked("member-0001", lambda n=n: [to_png(one) for one in images(3, first=3 * n)])
            for n in range(4)
        ]
        assert all(isinstance(one, Reply) for one in service.answer(asked))
    assert asked_at_once == [3, 3, 3, 3]


def test_room_is_given_by_turn_and_no_key_takes_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    async def use(room: Room, key: str, size: int, until: asyncio.Event) -> None:
        async with room.hold(key, size):
            order.append(key)
            await until.wait()

    async def crowd() -> None:
        room = Room(100, largest=20)
        end = asyncio.Event()
        slow = [asyncio.ensure_future(use(room, "slow", 10, end)) for _ in range(4)]
        others = [asyncio.ensure_future(use(room, f"{n}", 20, end)) for n in range(5)]
        await asyncio.sleep(0.01)
        assert order == ["slow", "slow", "0", "1", "2", "3"]  # a quarter of 100 is 2 bodies of 10
        end.set()
        await asyncio.gather(*slow, *others)
        assert sorted(order[6:]) == ["4", "slow", "slow"]
        assert room._free == 100
        assert not room._held

    asyncio.run(crowd())

    async def too_late() -> None:
        room = Room(10, largest=20)  # at least the largest
        async with room.hold("a", 20):
            with pytest.raises(RefusedError) as refused:
                async with room.hold("b", 1):
                    pass
        assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "2"})
        async with room.hold("b", 20):
            pass

    monkeypatch.setattr(desk, "WAIT_SECONDS", 0.02)
    asyncio.run(too_late())
