"""A platform over a real line that is metered by the request, or that means no good."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np
from parity_platform import CLASSES, parity

from quorate.test_time.platforms.encoding import from_base64, from_png

CARD = {"id": "parity", "classes": list(CLASSES), "shape": [1, 2, 3], "gives": "labels"}


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    def labels(self) -> list[int]:
        """What an honest platform says of its images."""
        plain = json.loads(self.body)["images"]
        x = np.stack([from_png(from_base64(one), (1, 2, 3)) for one in plain])
        return [int(label) for label in parity(x)]


Answer = Callable[[Asked], bytes | Iterator[bytes]]


@dataclass
class Stub:
    """What a served stub knows: its address, and what it was asked about images."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


def http(status: int, plain: object, **headers: str) -> bytes:
    """A whole answer of HTTP, JSON or bytes."""
    body = plain if isinstance(plain, bytes) else json.dumps(plain).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def predictions(asked: Asked) -> bytes:
    """The honest answer."""
    return http(200, {"predictions": [{"index": label} for label in asked.labels()]})


@contextmanager
def serving(answer: Answer, card: dict[str, object] = CARD) -> Iterator[Stub]:
    """Serve a platform whose card is fine, and whose answers about images are ``answer``'s."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stub = Stub(f"http://127.0.0.1:{listening.getsockname()[1]}")
        lines: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listening.accept()
                    lines.append(line)
                    threading.Thread(target=talk, args=(line,), daemon=True).start()

        def talk(line: socket.socket) -> None:
            with suppress(OSError, ValueError), line, line.makefile("rb") as coming:
                while asked := _read(coming):
                    if asked.path == "/v1/model":
                        line.sendall(http(200, card))
                        continue
                    stub.asked.append(asked)
                    said = answer(asked)
                    for part in [said] if isinstance(said, bytes) else said:
                        line.sendall(part)

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield stub
        finally:
            stub.closing.set()
            listening.shutdown(socket.SHUT_RDWR)
            for line in lines:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)


def _read(coming) -> Asked | None:  # type: ignore[no-untyped-def]
    first = coming.readline().decode().split(" ")
    if len(first) < 3:
        return None
    headers = {}
    while (text := coming.readline().decode().strip()) != "":
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    body = coming.read(int(headers.get("content-length", 0)))
    return Asked(first[1], headers, body, first[0])
