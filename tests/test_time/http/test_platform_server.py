"""The served platform: who may ask, what is refused and how, and a meter that is exact."""

import asyncio
import base64
import contextlib
import io
import json
import os
import re
import resource
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import picture_files
import pytest
from parity_platform import CLASSES, InProcessPlatform, Parity, images, parity, parity_scores
from PIL import Image

from quorate.errors import InputError, PlatformError
from quorate.test_time.http.app import app
from quorate.test_time.http.server import _keys_of, make_keys, read_keys, serve, write_keys
from quorate.test_time.platforms.encoding import to_base64, to_png
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.platform import EVALUATION, Pixels

KEYS = {"member-0001": "secret-one", "member-0002": "secret-two", EVALUATION: "secret-measure"}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Page(httpx.Client):
    """A client of a served platform, in this process, under one key."""

    def ask(self, x: Pixels, secret: str = "secret-one", again: str = "") -> httpx.Response:
        body = {"images": [to_base64(to_png(one)) for one in x]}
        headers = bearer(secret) | ({"Idempotency-Key": again} if again else {})
        return self.post("/v1/predict", json=body, headers=headers)

    def usage(self, secret: str = "secret-one") -> Any:
        return self.get("/v1/usage", headers=bearer(secret)).json()


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def code(response: httpx.Response) -> str:
    error = response.json()["error"]
    assert error["message"].startswith(("Expected", "Image", "The server"))
    assert "Traceback" not in response.text
    return str(error["code"])


@pytest.fixture
def serve_app(tmp_path: Path) -> Iterator[Callable[..., Page]]:
    opened: list[Page] = []

    def start(platform: Parity | None = None, **options: Any) -> Page:
        served = app(platform or Parity(), tmp_path / "platform.ledger", KEYS, **options)
        opened.append(Page(transport=InProcessPlatform(served), base_url="http://test"))
        return opened[-1]

    yield start
    for page in opened:
        page.close()


# ------------------------------------------------------------------------------ answers


@pytest.mark.parametrize("gives", ["labels", "scores"])
def test_images_are_answered_and_metered(serve_app: Callable[..., Page], gives: str) -> None:
    page, x = serve_app(Parity(gives), budget=10), images(4)
    response = page.ask(x)
    assert response.status_code == 200
    plain = response.json()
    assert plain["model"] == "parity"
    assert [one["index"] for one in plain["predictions"]] == parity(x).tolist()
    assert [one["label"] for one in plain["predictions"]] == [CLASSES[i] for i in parity(x)]
    if gives == "scores":
        assert [one["scores"] for one in plain["predictions"]] == parity_scores(x).tolist()
    else:
        assert all("scores" not in one for one in plain["predictions"])
    assert plain["usage"] == {"key": "member-0001", "spent": 4, "left": 6, "budget": 10}
    assert page.usage() == plain["usage"]
    assert page.usage("secret-two")["spent"] == 0


def test_one_file_is_answered_as_people_send_it(serve_app: Callable[..., Page]) -> None:
    page, x = serve_app(), images(1, first=5)
    sent = {"image": ("me.png", to_png(x[0]), "image/png")}
    response = page.post("/v1/predict/image", files=sent, headers=bearer("secret-one"))
    assert response.status_code == 200
    assert response.json()["predictions"] == [{"index": 2, "label": "eel"}]
    for wrong, named in [
        ({"files": {"picture": sent["image"]}}, 'under \\"image\\", got none'),
        ({"data": {"image": "text"}}, "got none"),
        ({"content": b"no form"}, "got none"),
        ({"files": [("image", sent["image"])] * 2}, "Too many files"),
        ({"files": {"image": ("me.png", b"GIF89a" * 9, "image/png")}}, "that are no PNG"),
    ]:
        refused = page.post("/v1/predict/image", headers=bearer("secret-one"), **wrong)  # type: ignore[arg-type]
        assert refused.status_code == 422, refused.text
        assert named in refused.text
        code(refused)


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_pages_for_people_load_nothing_from_elsewhere(
    serve_app: Callable[..., Page], path: str
) -> None:
    page = serve_app(Parity("scores"))
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.get(path).text)
    assert any(name.endswith(".js") for name in loaded)
    for name in loaded:
        assert name.startswith("/")  # of the server's own
        assert page.get(name).status_code == 200


def test_what_the_model_is_stands_in_the_open(serve_app: Callable[..., Page]) -> None:
    page = serve_app(Parity("scores"), images_at_once=7)
    assert page.get("/v1/model").json() == {
        "id": "parity",
        "classes": list(CLASSES),
        "shape": [1, 2, 3],
        "gives": "scores",
        "images_at_once": 7,
    }
    assert page.get("/healthz").json() == {"status": "ok"}
    described = page.get("/openapi.json").json()
    assert set(described["paths"]["/v1/predict"]["post"]["responses"]) >= {"401", "413", "429"}
    assert "images" in json.dumps(described["paths"]["/v1/predict"]["post"]["requestBody"])
    for secret in KEYS.values():
        assert secret not in json.dumps(described)


def test_the_same_question_again_is_free_and_is_not_put_to_the_model(
    serve_app: Callable[..., Page],
) -> None:
    platform, x = Parity("scores"), images(3)
    page = serve_app(platform, budget=3)
    first = page.ask(x[[0, 1, 1, 2, 0]])  # copies in one request cost once
    assert first.json()["usage"]["spent"] == 3
    again = page.ask(x[[2, 0, 1]], again="7")
    assert again.status_code == 200
    assert again.json()["predictions"] == [first.json()["predictions"][i] for i in (3, 0, 1)]
    assert len(platform.seen) == 3
    assert page.ask(x, "secret-two").json()["usage"]["spent"] == 3  # another key pays for itself


def test_measuring_is_metered_apart_and_without_end(serve_app: Callable[..., Page]) -> None:
    page = serve_app(budget=1, rate="1/h")
    for start in range(0, 12, 4):
        assert page.ask(images(4, start), "secret-measure").status_code == 200
    assert page.usage("secret-measure") == {
        "key": EVALUATION,
        "spent": 12,
        "left": None,
        "budget": None,
    }
    assert page.ask(images(1)).status_code == 200  # a member pays for what measuring knows
    assert page.usage()["left"] == 0


# ------------------------------------------------------------------------------ refusals


def test_who_may_not_ask(serve_app: Callable[..., Page]) -> None:
    page = serve_app()
    for path in ("/v1/predict", "/v1/predict/image", "/v1/usage"):
        method = "GET" if path == "/v1/usage" else "POST"
        for headers in (
            {},
            {"Authorization": "secret-one"},
            {"Authorization": "Basic secret-one"},
            {"Authorization": "Bearer "},
        ):
            refused = page.request(method, path, headers=headers)
            assert (refused.status_code, code(refused)) == (401, "no_key")
            assert refused.headers["www-authenticate"] == "Bearer"
        refused = page.request(method, path, headers=bearer("secret-"))
        assert (refused.status_code, code(refused)) == (403, "unknown_key")


def test_a_spent_budget_does_not_come_back(serve_app: Callable[..., Page]) -> None:
    platform = Parity()
    page = serve_app(platform, budget=5)
    page.ask(images(3))
    refused = page.ask(images(6, first=1))  # 1 and 2 are paid for; of 3, 4, 5, 6 two are left
    assert (refused.status_code, code(refused)) == (429, "budget_exhausted")
    assert "retry-after" not in refused.headers
    error = refused.json()["error"]
    assert (error["left"], error["affordable"]) == (2, [0, 1, 2, 3])
    assert "at most 2 new questions from member-0001, got 4: 3 of its 5 are spent" in refused.text
    assert page.usage()["spent"] == 3  # all or nothing
    assert len(platform.seen) == 3
    assert page.ask(images(4, first=1)).status_code == 200
    assert page.usage()["left"] == 0
    assert page.ask(images(1, first=9)).json()["error"]["affordable"] == []
    assert page.ask(images(1, first=9), "secret-two").status_code == 200


def test_a_rate_is_kept_per_key_and_says_when_to_come_back(serve_app: Callable[..., Page]) -> None:
    clock = Clock()
    page = serve_app(rate="2/min", clock=clock)
    assert [page.ask(images(1)).status_code for _ in range(3)] == [200, 200, 429]
    refused = page.ask(images(1))
    assert (code(refused), refused.headers["retry-after"]) == ("rate_limited", "30")
    assert page.ask(images(1), "secret-two").status_code == 200
    clock.now += 29
    assert page.ask(images(1)).headers["retry-after"] == "1"
    clock.now += 1
    assert [page.ask(images(1)).status_code for _ in range(2)] == [200, 429]
    clock.now += 3600  # an hour's rest gives no more than two at once
    assert [page.ask(images(1)).status_code for _ in range(3)] == [200, 200, 429]
    assert page.usage()["spent"] == 1


def png(array: np.ndarray, mode: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def bad_images() -> dict[str, tuple[Any, str]]:
    grey = np.zeros((2, 3), dtype=np.uint8)
    whole = png(np.random.default_rng(0).integers(0, 255, (2, 3), dtype=np.uint8), "L")
    jpeg = io.BytesIO()
    Image.fromarray(grey).save(jpeg, "JPEG")
    return {
        "wide": (png(grey.T, "L"), "3 wide and 2 high, got 8-bit grey, 2 wide and 3 high"),
        "huge": (whole[:16] + b"\0\0\xff\xff" * 2 + whole[24:], "65535 wide and 65535 high"),
        "colour": (png(grey, "RGB"), "an 8-bit grey PNG, 3 wide and 2 high, got 8-bit RGB"),
        "alpha": (png(grey, "LA"), "got 8-bit grey with alpha"),
        "palette": (png(grey, "P"), "got 8-bit palette"),
        "16 bits": (png(grey.astype(np.uint16), "I;16"), "got 16-bit grey"),
        "1 bit": (png(grey, "1"), "got 1-bit grey"),
        "JPEG": (jpeg.getvalue(), "bytes that are no PNG. Save it as PNG"),
        "cut": (whole[:50], "got a damaged one"),
        "flipped": (whole[:20] + bytes(255 - b for b in whole[20:]), "got"),
        "harmed inside": (whole[:45] + b"xxxx" + whole[49:], "got a damaged one"),
        "second header": (picture_files.with_second_header(3, 2, 3000), "a second header (IHDR)"),
        "late header": (picture_files.with_late_header(3, 2, 3000), "a second header (IHDR)"),
        "moving": (picture_files.moving(3, 2, "PNG"), "got"),
        "turned": (picture_files.turned(grey, "PNG", 6), "pixels of shape (3, 2)"),
        "empty": (b"", "got 0 bytes"),
        "no base64": ("%%%", "Expected base64"),
        "number": (7, "got int. Send it as text"),
    }


BAD = bad_images()


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_image_of_the_model_is_named(serve_app: Callable[..., Page], kind: str) -> None:
    content, named = BAD[kind]
    page = serve_app()
    bad = base64.b64encode(content).decode() if isinstance(content, bytes) else content
    body = {"images": [to_base64(to_png(images(1)[0])), bad]}
    refused = page.post("/v1/predict", json=body, headers=bearer("secret-one"))
    assert (refused.status_code, code(refused)) == (422, "bad_image")
    assert refused.json()["error"]["message"].startswith("Image 1: Expected")
    assert named in refused.json()["error"]["message"]
    assert page.usage()["spent"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[1]",
        b"7",
        b'{"image": []}',
        b'{"images": "x"}',
        b'{"images": []}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_request_is_named(serve_app: Callable[..., Page], body: bytes) -> None:
    page = serve_app(bytes_at_once=200_000)
    refused = page.post("/v1/predict", content=body, headers=bearer("secret-one"))
    assert refused.status_code == 422
    assert code(refused) in ("not_json", "no_images")


def test_too_much_at_once_is_refused(serve_app: Callable[..., Page]) -> None:
    page = serve_app(images_at_once=4, bytes_at_once=2000)
    refused = page.ask(images(5))
    assert (refused.status_code, code(refused)) == (413, "too_many_images")
    assert "at most 4 images a request, got 5" in refused.text

    def pieces() -> Iterator[bytes]:  # without a length that could be looked at first
        for _ in range(5):
            yield b"x" * 500

    for content in (b"x" * 2001, pieces()):
        refused = page.post("/v1/predict", content=content, headers=bearer("secret-one"))
        assert (refused.status_code, code(refused)) == (413, "too_large")
    assert (
        page.post(
            "/v1/predict/image", content=b"x" * 2001, headers=bearer("secret-one")
        ).status_code
        == 413
    )


def test_the_default_limit_takes_as_many_of_the_worst_images(
    serve_app: Callable[..., Page],
) -> None:
    page = serve_app(Parity(shape=(3, 32, 32)))
    noise = np.random.default_rng(0).integers(0, 256, (64, 3, 32, 32), dtype=np.uint8)
    response = page.ask(noise)
    assert response.status_code == 200
    assert [one["index"] for one in response.json()["predictions"]] == parity(noise).tolist()


def test_pages_that_are_not_there(serve_app: Callable[..., Page]) -> None:
    page = serve_app()
    assert code(page.get("/v1/nowhere")) == "not_found"
    refused = page.get("/v1/predict")
    assert (refused.status_code, code(refused)) == (405, "wrong_method")
    assert "Expected POST there, got GET /v1/predict." in refused.json()["error"]["message"]


def test_no_answer_leads_elsewhere_or_repeats_a_long_address(
    serve_app: Callable[..., Page],
) -> None:
    page = serve_app()
    host = {"Host": "elsewhere.example"}  # as a proxy may hand it on, or a stranger name it
    for path in ("/healthz/", "/v1/predict/", "/docs/"):
        refused = page.get(path, headers=host)
        assert (refused.status_code, code(refused)) == (404, "not_found")
        assert "elsewhere" not in str(refused.headers) + refused.text
    assert len(page.get("/" + "a" * 5000).text) < 500


def test_a_failing_model_shows_no_traceback_and_costs_nothing(
    serve_app: Callable[..., Page],
) -> None:
    for failure in (RuntimeError("secret inside"), PlatformError("secret inside")):

        def fail(failure: Exception = failure) -> None:
            raise failure

        page = serve_app(Parity(before=fail))
        refused = page.ask(images(1))
        assert (refused.status_code, code(refused)) == (500, "failed")
        assert "inside" not in refused.text
        assert page.usage()["spent"] == 0


def test_a_ledger_that_cannot_store_sends_no_answer(
    serve_app: Callable[..., Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = serve_app()
    page.ask(images(1))
    monkeypatch.setattr(Ledger, "patience", 0)
    with Ledger(tmp_path / "platform.ledger") as other:
        other._db.execute("DROP TABLE contradiction")
        other._db.execute("ALTER TABLE question RENAME TO elsewhere")
        refused = page.ask(images(1, first=1))
        assert (refused.status_code, code(refused)) == (503, "storage")
        other._db.execute("ALTER TABLE elsewhere RENAME TO question")
    assert page.usage()["spent"] == 1


# ------------------------------------------------------------------------------ exactness


def test_many_at_once_on_one_key_are_charged_exactly_its_budget(
    serve_app: Callable[..., Page],
) -> None:
    page, x = serve_app(Parity(), budget=50), images(80)
    statuses: list[int] = []

    def ask(start: int) -> None:
        for i in range(start, 80, 8):
            statuses.append(page.ask(x[[i]]).status_code)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (statuses.count(200), statuses.count(429)) == (50, 30)
    assert page.usage() == {"key": "member-0001", "spent": 50, "left": 0, "budget": 50}


def test_one_question_from_many_at_once_is_charged_once(serve_app: Callable[..., Page]) -> None:
    together = threading.Barrier(6, timeout=20)
    platform = Parity(before=lambda: time.sleep(0.01))
    page, x = serve_app(platform, budget=4), images(3)  # one left: none comes too late
    statuses: list[int] = []

    def ask() -> None:
        together.wait()
        statuses.append(page.ask(x).status_code)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 6
    assert page.usage()["spent"] == 3
    assert len(platform.seen) == 3, "none is asked again while its answer is on the way"


def test_a_server_started_again_goes_on_counting(serve_app: Callable[..., Page]) -> None:
    platform = Parity()
    first = serve_app(platform, budget=5).ask(images(3)).json()
    page = serve_app(platform, budget=5)
    assert page.usage()["spent"] == 3
    assert page.ask(images(3)).json() == first
    assert len(platform.seen) == 3


def test_no_secret_is_written_to_the_ledger(serve_app: Callable[..., Page], tmp_path: Path) -> None:
    serve_app().ask(images(2))
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert not any(secret.encode() in content for secret in KEYS.values())


def test_the_app_lets_go_of_its_ledger_when_it_is_shut_down(tmp_path: Path) -> None:
    served = app(Parity(), tmp_path / "platform.ledger", KEYS)

    async def up_and_down() -> None:
        async with served.router.lifespan_context(served):
            pass

    asyncio.run(up_and_down())
    assert not (tmp_path / "platform.ledger-wal").exists()  # the last one out tidies up


# ------------------------------------------------------------------------------ keys, arguments


def test_keys_are_made_written_and_read(tmp_path: Path) -> None:
    keys = make_keys(12)
    assert list(keys)[:2] == ["member-0001", "member-0002"]
    assert list(keys)[-2:] == ["member-0012", EVALUATION]
    assert len(set(keys.values())) == 13
    assert min(map(len, keys.values())) >= 32
    assert set(keys.values()).isdisjoint(make_keys(12).values())
    write_keys(tmp_path / "keys.txt", keys)
    assert stat.S_IMODE((tmp_path / "keys.txt").stat().st_mode) == 0o600
    assert read_keys(tmp_path / "keys.txt") == keys
    with pytest.raises(InputError, match="Expected to make a file of keys"):
        write_keys(tmp_path / "keys.txt", keys)  # never written over
    with pytest.raises(InputError, match="Expected keys=0 to be at least 1"):
        make_keys(0)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "got none"),
        (b"# a comment only\n\n", "got none"),
        (b"a topsecret\nb\n", "line 2 of .*, got 1 words"),
        (b"a topsecret more\n", "line 1 of .*, got 3 words"),
        (b"a topsecret\n\na topsecrets\n", "line 3 of .*, got a name or secret seen above"),
        (b"a topsecret\nb topsecret\n", "line 2 of .*, got a name or secret seen above"),
        (b"\xff\xfe", "got other bytes"),
        ("a topsecretключ\n".encode(), "line 1 of .*, got a secret that is not of printable ASCII"),
    ],
)
def test_a_bad_file_of_keys_is_named_without_a_secret(
    tmp_path: Path, content: bytes, named: str
) -> None:
    (tmp_path / "keys.txt").write_bytes(content)
    with pytest.raises(InputError, match=named) as error:
        read_keys(tmp_path / "keys.txt")
    assert "topsecret" not in str(error.value)
    with pytest.raises(InputError, match=r"No such file or directory\. The server makes one"):
        read_keys(tmp_path / "nowhere.txt")


def test_a_file_of_keys_may_begin_with_a_mark(tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_bytes(b"\xef\xbb\xbfa one\r\nb two\r\n")
    assert read_keys(tmp_path / "keys.txt") == {"a": "one", "b": "two"}


def test_the_keys_of_many_members_are_read_in_one_go(tmp_path: Path) -> None:
    """Where each secret was looked for among all before it, so many took minutes."""
    with pytest.raises(InputError, match=r"Expected keys=100001 in \[1, 100000\]"):
        make_keys(100_001)
    keys = {f"member-{number}": f"secret-{number}" for number in range(100_000)}
    write_keys(tmp_path / "keys.txt", keys)
    assert read_keys(tmp_path / "keys.txt") == keys


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rate": "0/s"}, "Expected a rate"),
        ({"rate": "٥/s"}, "Expected a rate"),
        ({"budget": -1}, "Expected budget=-1"),
        ({"budget": 2**63}, "Expected budget=9"),
        ({"host": ""}, "Leave it out to answer this machine alone"),
        ({"host": " "}, "Leave it out to answer this machine alone"),
        ({"host": "256.0.0.1"}, "as --host"),
        ({"host": "http://127.0.0.1"}, "as --host"),
        ({"host": "192.0.2.1"}, "as --host"),  # of no machine
        ({"host": "a" * 300}, "as --host"),
        ({"host": "a\0b"}, "as --host"),
        ({"port": 70_000}, r"must be 0-65535\. Choose another port"),
        ({"port": -1}, r"must be 0-65535\. Choose another port"),
    ],
)
def test_a_server_that_cannot_start_makes_no_files(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said) as error:
        serve(Parity(), tmp_path / "platform", 1, **({"port": 0} | wrong))
    assert len(str(error.value)) < 500
    assert not (tmp_path / "platform").exists()


def test_a_folder_keeps_its_keys(tmp_path: Path) -> None:
    keys = _keys_of(tmp_path / "new", 3)
    assert len(keys) == 4
    assert _keys_of(tmp_path / "new", None) == _keys_of(tmp_path / "new", 3) == keys
    with pytest.raises(InputError, match=r"Expected 5 members' keys in .*, got 3"):
        _keys_of(tmp_path / "new", 5)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Expected a folder"):
        _keys_of(tmp_path / "file", 1)


@contextlib.contextmanager
def room_for(n: int) -> Iterator[None]:
    """Let no file grow beyond n bytes: what is written is cut there, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 100, 1000])
def test_a_full_disk_leaves_no_half_file_of_keys(tmp_path: Path, room: int) -> None:
    with room_for(room), pytest.raises(InputError, match="File too large"):
        _keys_of(tmp_path, 100)
    assert list(tmp_path.iterdir()) == []
    assert len(_keys_of(tmp_path, 100)) == 101  # the next start


def test_keys_are_whole_where_files_have_one_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    keys = make_keys(3)
    write_keys(tmp_path / "keys.txt", keys)
    assert read_keys(tmp_path / "keys.txt") == keys
    with pytest.raises(InputError, match="got: File exists"):
        write_keys(tmp_path / "keys.txt", make_keys(3))
    assert read_keys(tmp_path / "keys.txt") == keys
    assert [file.name for file in tmp_path.iterdir()] == ["keys.txt"]


def test_two_servers_that_start_at_once_use_the_same_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = make_keys(2)

    def later(path: Path, keys: dict[str, str]) -> None:
        write_keys(path, theirs)
        write_keys(path, keys)

    monkeypatch.setattr("quorate.test_time.http.server.write_keys", later)
    assert _keys_of(tmp_path, 2) == theirs


def test_wrong_arguments_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "platform.ledger"
    for wrong in ({"budget": -1}, {"rate": "fast"}, {"rate": "0/s"}, {"images_at_once": 0}):
        with pytest.raises(InputError, match="Expected"):
            app(Parity(), path, KEYS, **wrong)  # type: ignore[arg-type]
    for keys in ({"a": "same", "b": "same"}, {"a": ""}):
        with pytest.raises(InputError, match="a secret of its own"):
            app(Parity(), path, keys)
    with pytest.raises(InputError, match="Expected to listen at 256"):
        serve(Parity(), tmp_path, 1, host="256.0.0.1")
    with pytest.raises(InputError, match="Expected to listen at 127"):
        serve(Parity(), tmp_path, 1, port=70_000)
    for missing in ("fastapi", "python_multipart", "uvicorn", "httptools"):
        with monkeypatch.context() as without:
            without.setitem(__import__("sys").modules, missing, None)
            with pytest.raises(InputError, match=r"pip install 'quorate\[server\]'"):
                serve(Parity(), tmp_path, 1)
