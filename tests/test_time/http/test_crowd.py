"""A hostile crowd: connections that ask nothing, send slowly, do not listen, or are too many."""

import contextlib
import logging
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from parity_platform import Parity, images

from quorate.test_time.http import connections as deadlines
from quorate.test_time.http.app import app
from quorate.test_time.http.connections import Connections, make_server, raise_file_limit
from quorate.test_time.http.server import is_here, listening, read_keys
from quorate.test_time.http.sparing import SECONDS, Sparing
from quorate.test_time.platforms.encoding import to_base64, to_png

STAND_INS = str(Path(__file__).resolve().parents[2] / "stand_ins")
ASK = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Heard(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


class Running:
    """A server on a free port, in a thread of this process; its clock moves by hand."""

    def __init__(self, folder: Path, platform: Parity, most: int) -> None:
        self.clock = Clock()
        self.connections = Connections(most, self.clock)
        made = app(platform, folder / "platform.ledger", {"member-0001": "secret"})
        self.server = make_server(made, self.connections)
        self.complaints: list[str] = []
        self._heard = Heard(self.complaints)
        log = logging.getLogger("uvicorn.error")
        log.addHandler(self._heard)
        # All is heard here: what another test's server said a moment ago leaves no line out.
        for one in list(log.filters):
            log.removeFilter(one)
        self._loop: Any = None
        self._listener = listening("127.0.0.1", 0)
        self._sock = self._listener.__enter__()
        self.port = self._sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self.server.run, args=([self._sock],))
        self._thread.start()

    def connect(self, sent: bytes = b"") -> socket.socket:
        """Return a client's connection, by which something was sent."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        made.sendall(sent)
        return made

    def wait_for(self, n: int) -> None:
        """Wait until the server has n connections."""
        until(lambda: len(self.connections) == n)

    def later(self, seconds: float, look: bool = True) -> None:
        """Let time pass, and let the server look at its connections, as it does once a second."""
        self.clock.now += seconds
        for one in list(self.connections._open)[:1] if look else []:
            one.loop.call_soon_threadsafe(self.connections.close_overdue)

    def stop(self) -> None:
        self.server.should_exit = True
        self.server.force_exit = True
        self._thread.join(20)
        logging.getLogger("uvicorn.error").removeHandler(self._heard)
        self._listener.__exit__(None, None, None)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "nothing moved"
        time.sleep(0.005)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(platform: Parity | None = None, most: int = 100) -> Running:
        started.append(Running(tmp_path, platform or Parity(), most))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def is_closed(client: socket.socket) -> bool:
    """Return whether the server has closed a connection, once it says something or does."""
    try:
        while client.recv(65_536):
            pass
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True
    return True


def body_of(*numbers: int) -> dict[str, Any]:
    return {"images": [to_base64(to_png(one)) for n in numbers for one in images(1, first=n)]}


def ask(url: str, *numbers: int, secret: str = "secret") -> httpx.Response:
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.post(f"{url}/v1/predict", json=body_of(*numbers), headers=headers, timeout=20)


# ------------------------------------------------------------------------------ deadlines


def test_small_answers_are_sent_at_once(run: Callable[..., Running]) -> None:
    """Without TCP_NODELAY every request on a connection that is kept waits 40 ms."""
    running = run()
    client = running.connect()
    running.wait_for(1)
    (accepted,) = running.connections._open
    sock = accepted.transport.get_extra_info("socket")
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    client.close()


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        (b"", deadlines.HEAD_SECONDS),
        (b"GET /hea", deadlines.HEAD_SECONDS),
        (ASK, deadlines.HEAD_SECONDS),  # the head's last line does not come
        (ASK + b"Content-Length: 400\r\n\r\n{", deadlines.BODY_SECONDS),
        (ASK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", deadlines.BODY_SECONDS),
        # refused before its body is read, which then does not come
        (
            b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
            deadlines.UNREAD_SECONDS,
        ),
    ],
    ids=["nothing", "a half line", "a half head", "a half body", "a half chunk", "unread"],
)
def test_half_a_request_has_a_deadline(
    run: Callable[..., Running], sent: bytes, seconds: float
) -> None:
    running = run()
    with running.connect(sent) as client:
        running.wait_for(1)
        (one,) = running.connections._open
        until(lambda: not sent or one._received > 0 or one.is_sending())
        until(lambda: seconds != deadlines.UNREAD_SECONDS or not one.is_asking())
        assert not one.is_overdue(running.clock.now + seconds - 1)
        running.later(seconds + 1)
        assert is_closed(client)
    running.wait_for(0)


def test_a_byte_now_and_then_moves_no_deadline(run: Callable[..., Running]) -> None:
    running = run()
    with running.connect(b"GET /healthz HTTP/1.1\r\n") as client:
        running.wait_for(1)
        (one,) = running.connections._open
        for number in range(1, 5):
            before = one._received
            client.sendall(b"X-%d: 1\r\n" % number)
            until(lambda before=before: one._received > before)  # type: ignore[misc]
            running.later(deadlines.HEAD_SECONDS / 5)
        assert not one.is_overdue(running.clock.now)
        running.later(deadlines.HEAD_SECONDS / 4, look=False)
        assert is_closed(client)


def test_blank_lines_between_requests_are_no_reason_to_wait_for_ever(
    run: Callable[..., Running],
) -> None:
    running = run()
    with running.connect(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        (one,) = running.connections._open
        client.sendall(b"\r\n")  # by which uvicorn forgets its own deadline
        until(lambda: one._head_since is not None)
        running.later(deadlines.HEAD_SECONDS + 1)
        assert is_closed(client)


def test_whoever_takes_in_no_answers_is_closed(run: Callable[..., Running]) -> None:
    running = run()
    with running.connect(b"") as client:
        running.wait_for(1)
        (one,) = running.connections._open
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: one._head_since is None)
        one.pause_writing()  # as asyncio does once 64 KiB wait to be sent
        assert not one.is_overdue(running.clock.now + deadlines.TAKE_SECONDS - 1)
        assert one.is_overdue(running.clock.now + deadlines.TAKE_SECONDS + 1)
        one.resume_writing()
        assert not one.is_overdue(running.clock.now + deadlines.TAKE_SECONDS + 1)


# ------------------------------------------------------------------------------ how many


def test_the_silent_make_way_for_those_who_ask(run: Callable[..., Running]) -> None:
    running = run(most=8)
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(running.connect(b"GET /")) for _ in range(30)]
        assert ask(running.url, 1).status_code == 200
        assert len(running.connections) <= 8
        assert is_closed(silent[0])  # the one that came first


def test_those_who_send_slowly_make_way_too(run: Callable[..., Running]) -> None:
    running = run(most=4)
    half = ASK + b"Content-Length: 400\r\n\r\n{"
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(running.connect(half)) for _ in range(4)]
        until(lambda: sum(one.is_asking() for one in list(running.connections._open)) == 4)
        assert ask(running.url, 1).status_code == 200
        assert is_closed(slow[0])


def test_where_all_are_being_answered_the_next_is_told_to_come_back(
    run: Callable[..., Running],
) -> None:
    going = threading.Event()
    running = run(Parity(before=lambda: going.wait(20) and None), most=3)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(ask(running.url, n).status_code))
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    asking = running.connections._open
    until(lambda: sum(one.is_asking() and not one.is_sending() for one in list(asking)) == 3)
    with running.connect() as late:
        said = late.recv(65_536)
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 2\r\n" in said
    head, _, body = said.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert httpx.Response(503, content=body).json()["error"]["code"] == "busy"
    going.set()
    for thread in threads:
        thread.join(20)
    assert found == [200] * 3


def test_a_head_without_an_end_is_refused(run: Callable[..., Running]) -> None:
    running = run()
    with running.connect(b"GET / HTTP/1.1\r\n") as client:
        with contextlib.suppress(OSError):
            for number in range(2000):
                client.sendall(b"X-%d: " % number + b"x" * 100 + b"\r\n")
        assert is_closed(client)
    running.wait_for(0)
    assert httpx.get(f"{running.url}/healthz").status_code == 200


def test_lines_after_a_body_without_an_end_are_refused(run: Callable[..., Running]) -> None:
    """They come after the last chunk, belong to no body, and would all be held."""
    going = threading.Event()
    running = run(Parity(before=lambda: going.wait(20) and None))
    head = ASK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n"
    with running.connect(head) as client:
        with contextlib.suppress(OSError):
            for number in range(2000):
                client.sendall(b"X-%d: " % number + b"x" * 100 + b"\r\n")
        assert is_closed(client)
    running.wait_for(0)


def test_a_body_in_small_chunks_is_taken(run: Callable[..., Running]) -> None:
    running = run()
    body = httpx.Request("POST", running.url, json=body_of(1)).content
    chunks = b"".join(b"2\r\n%b\r\n" % body[i : i + 2] for i in range(0, len(body) // 2 * 2, 2))
    chunks += (b"1\r\n%b\r\n" % body[-1:] if len(body) % 2 else b"") + b"0\r\n\r\n"
    with running.connect(ASK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks) as client:
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")


def test_no_more_than_a_few_requests_are_sent_ahead(run: Callable[..., Running]) -> None:
    going = threading.Event()
    running = run(Parity(before=lambda: going.wait(20) and None))
    first = httpx.Request("POST", running.url, json=body_of(1)).content
    head = ASK + b"Content-Length: %d\r\n\r\n" % len(first)
    with running.connect(head + first) as client:
        running.wait_for(1)
        (one,) = running.connections._open
        until(one.is_asking)
        with contextlib.suppress(OSError):
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 3000)
        running.wait_for(0)
        assert len(one.pipeline) <= deadlines.PIPELINED
    going.set()


def test_the_file_limit_is_raised_and_connections_stay_below(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits, asked = [(256, 1024)], []

    def getrlimit(_: int) -> tuple[int, int]:
        return limits[-1]

    def setrlimit(_: int, wanted: tuple[int, int]) -> None:
        asked.append(wanted)
        if wanted[0] > 5000:
            raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", getrlimit)
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    assert raise_file_limit() == 1024 - deadlines.SPARE_FILES
    assert asked == [(1024, 1024)]
    limits.append((4096, 4096))
    assert raise_file_limit() == deadlines.MOST
    assert len(asked) == 1
    limits.append((1024, 6000))  # promised, and not allowed
    assert raise_file_limit() == 1024 - deadlines.SPARE_FILES
    limits.append((resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert raise_file_limit() == deadlines.MOST


def test_half_sent_requests_do_not_keep_a_server_from_ending(run: Callable[..., Running]) -> None:
    going, found = threading.Event(), []
    running = run(Parity(before=lambda: going.wait(20) and None))
    asks = threading.Thread(target=lambda: found.append(ask(running.url, 1).status_code))
    asks.start()
    until(lambda: any(not one.is_sending() for one in list(running.connections._open)))
    half = (ASK, ASK + b"Content-Length: 400\r\n\r\n{", ASK + b"Transfer-Encoding: chunked\r\n\r\n")
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(running.connect(sent)) for sent in half]
        until(lambda: sum(one.is_asking() for one in list(running.connections._open)) == 3)
        running.server.should_exit = True
        assert all(is_closed(one) for one in slow)
        going.set()
        asks.join(20)
        running._thread.join(20)
    assert found == [200]  # who had asked is answered
    assert not running._thread.is_alive()


# ------------------------------------------------------------------------------ damage


def test_who_hangs_up_in_the_middle_is_no_error_of_the_servers(
    run: Callable[..., Running],
) -> None:
    running = run()
    tasks = running.server.server_state.tasks
    with running.connect(ASK + b"Content-Length: 400\r\n\r\n{"):
        until(lambda: len(tasks) == 1)
    until(lambda: not tasks)
    assert running.complaints == []


def damaged(request: bytes, rng: random.Random) -> bytes:
    """Return a request with some bytes changed, lost, added or doubled."""
    found = bytearray(request)
    lines = (b"\r\n", b"\r\n\r\n", b"Content-Length: 5\r\n", b"Upgrade: websocket\r\n")
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(5):
            case 0:
                found[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del found[at : at + rng.randrange(1, 30)]
            case 2:
                found[at:at] = rng.randbytes(rng.randrange(1, 20))
            case 3:
                found[at:at] = found[: rng.randrange(len(found) + 1)]
            case _:
                found[at:at] = rng.choice(lines)
    return bytes(found)


# Starlette leaves the file of a form without an end to Python, which closes it, and says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_damaged_requests_break_nothing(run: Callable[..., Running]) -> None:
    running, rng = run(), random.Random(1)
    json_body = httpx.Request("POST", running.url, json=body_of(1)).content
    form = httpx.Request("POST", running.url, files={"image": to_png(images(1)[0])})
    kind = f"Content-Type: {form.headers['content-type']}\r\n".encode()
    image = ASK.replace(b"predict", b"predict/image") + kind
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(json_body), json_body)
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    whole = [
        ASK + b"Content-Length: %d\r\n\r\n" % len(json_body) + json_body,
        ASK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk,
        image + b"Content-Length: %d\r\n\r\n" % len(form.read()) + form.read(),
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/usage HTTP/1.1\r\nHost: x\r\n" + upgrade + b"\r\n",
    ]
    statuses = set()
    for _ in range(200):
        client = running.connect(damaged(rng.choice(whole), rng))
        client.settimeout(0.5)
        with client, contextlib.suppress(OSError):
            if rng.random() < 0.5:
                client.shutdown(socket.SHUT_WR)
            statuses.add(client.recv(65_536)[9:12])
    assert httpx.get(f"{running.url}/healthz").status_code == 200
    assert {b"200", b"400"} <= statuses
    assert not any(status.startswith(b"5") for status in statuses)
    assert set(running.complaints) <= {"Invalid HTTP request received."}


# ------------------------------------------------------------------------------ the log


def test_of_lines_that_are_alike_one_is_shown_with_a_count() -> None:
    clock = Clock()
    shown: list[str] = []
    logger = logging.Logger("crowd")
    logger.addHandler(Heard(shown))
    logger.addFilter(Sparing(clock))
    for number in range(1000):
        logger.warning("Refused %d.", number)
    logger.warning("Another matter.")
    assert shown == ["Refused 0.", "Another matter."]
    clock.now += SECONDS
    logger.warning("Refused %d.", 1000)
    logger.error("Refused %d.", 1001)
    assert shown[2:] == ["Refused 1000. (999 more such lines were left out)", "Refused 1001."]


# ------------------------------------------------------------------------------ from outside

SERVER = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 330))
sys.path.insert(0, {STAND_INS!r})
from parity_platform import Parity
from quorate.test_time.http.server import serve
serve(Parity(), sys.argv[1], 3, port=0, host=sys.argv[2])
"""


@contextlib.contextmanager
def serving(folder: Path, host: str) -> Iterator[tuple[str, list[str], int]]:
    """Yield a server's address, which may open 330 files, by the end its complaints, and its id."""
    command = [sys.executable, "-c", SERVER, str(folder), host]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        said = it.stdout.readline()
        complaints: list[str] = []
        try:
            yield said.split(" at ")[1].split(",")[0], complaints, it.pid
        finally:
            it.send_signal(signal.SIGINT)
            complaints += it.communicate(timeout=30)[1].splitlines()
        assert it.returncode == 0


def come_at_once(pid: int, address: Any) -> None:
    """Let 400 clients come and ask while a server is held, so that it finds all of them waiting."""
    with contextlib.ExitStack() as stack:
        os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(400):
                client = stack.enter_context(socket.create_connection(address, timeout=5))
                client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 8)
        finally:
            os.kill(pid, signal.SIGCONT)
        with contextlib.suppress(OSError):
            client.recv(1)  # the last one is answered, or makes way


def test_more_connections_than_files_lock_nobody_out_and_fill_no_log(tmp_path: Path) -> None:
    with serving(tmp_path, "127.0.0.1") as (url, complaints, pid), contextlib.ExitStack() as stack:
        address = (urlsplit(url).hostname, urlsplit(url).port)
        assert httpx.get(f"{url}/healthz", timeout=20).status_code == 200  # it is up by now
        for _ in range(3):
            come_at_once(pid, address)
        assert httpx.get(f"{url}/healthz", timeout=20).status_code == 200
        secret = read_keys(tmp_path / "keys.txt")["member-0001"]
        for number in range(500):
            silent = socket.create_connection(address, timeout=20)
            stack.enter_context(silent)
            with contextlib.suppress(OSError):
                silent.sendall(b"POST /v1/predict HTTP/1.1\r\nContent-Length: 9\r\n")
            if number % 100 == 99:
                assert ask(url, number, secret=secret).status_code == 200
    assert 1 <= len(complaints) <= 10
    assert "Traceback" not in "".join(complaints)


@pytest.mark.parametrize(
    ("host", "here"), [("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False)]
)
def test_who_listens_to_other_machines_is_known(host: str, here: bool) -> None:
    with listening(host, 0) as sock:
        assert is_here(sock) is here


def test_listening_to_other_machines_is_warned_of(tmp_path: Path) -> None:
    with serving(tmp_path, "0.0.0.0") as (url, complaints, _):
        assert httpx.get(f"{url}/healthz").status_code == 200
    assert len(complaints) == 1
    assert complaints[0].startswith("Warning: other machines can reach http://0.0.0.0:")
    assert "TLS" in complaints[0]
