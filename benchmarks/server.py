"""A served platform under load: a crowd of clients at once, and one client alone.

``python -m benchmarks.server`` prints a table, ``--json`` one JSON object. Figures, not tests. The
server runs in a process of its own and its clients in this one, on the same machine: what the
clients cost is part of every figure. Every client keeps one connection, sends a picture, waits for
the answer, and sends the next; every picture is new, so that each is decoded, put to a small
network, and stored on the disk before it is answered.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from benchmarks.rows import Row, parser_of, print_rows
from quorate.runtime.progress import status
from quorate.test_time.http.server import KEYS, read_keys, serve
from quorate.test_time.platforms.encoding import to_base64, to_png
from quorate.test_time.platforms.platform import Answers, Card, Pixels, to_features

SHAPE = (3, 32, 32)
MEMBERS = 100  # keys
SLOWEST = 1.5  # seconds that 99 of 100 requests of the crowd are promised to stay below


class Network:
    """The platform: two convolutions of 8 and 16 channels and random weights, in one thread."""

    def __init__(self) -> None:
        from torch import manual_seed, nn, set_num_threads

        set_num_threads(1)
        manual_seed(0)
        self.card = Card("benchmark", tuple("0123456789"), SHAPE, "scores")
        self.net = nn.Sequential(
            *(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU()),
            *(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(16 * 8 * 8, 10)),
        ).eval()

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        """Return the scores of each image."""
        import torch

        with torch.inference_mode():
            scores = self.net(torch.from_numpy(to_features(x))).double().softmax(dim=1).numpy()
        return Answers(scores.argmax(axis=1), scores)


@dataclass(frozen=True)
class Load:
    """What a number of clients met.

    Args:
        seconds: from the first request to the last answer.
        waits: seconds that each request waited for its answer, (n,).
        statuses: how many answers came with each status; 0 where none came.
    """

    seconds: float
    waits: np.ndarray
    statuses: Counter[int]

    def rows(self, what: str, target: float | None) -> list[Row]:
        """Return what there is to print."""
        lost = sum(n for status, n in self.statuses.items() if status != 200)
        n = len(self.waits)
        return [
            Row(f"{what}: one request of {n:,}, of which {lost:,} lost", self.seconds / n),
            Row(f"{what}: p50", float(np.quantile(self.waits, 0.5))),
            Row(f"{what}: p99", float(np.quantile(self.waits, 0.99)), target=target),
        ]


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Yield the address of a server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.server", "--serve", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().split(" at ")[1].split(",")[0]
        finally:
            server.terminate()


def requests_of(folder: Path, host: str, n: int, seed: int) -> list[bytes]:
    """Return n requests, each about a new picture of noise, under the members' keys in turn."""
    secrets = list(read_keys(folder / KEYS).values())[:MEMBERS]
    rng = np.random.default_rng(seed)
    made = []
    for i in range(n):
        noise = rng.integers(0, 256, SHAPE, dtype=np.uint8)
        body = json.dumps({"images": [to_base64(to_png(noise))]}).encode()
        head = (
            f"POST /v1/predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {secrets[i % len(secrets)]}\r\nContent-Length: {len(body)}\r\n"
        )
        made.append(f"{head}\r\n".encode() + body)
    return made


async def _ask(host: str, port: int, requests: list[bytes]) -> list[tuple[float, int]]:
    """Return the wait and the status of each request of one client; 0 where no answer came."""
    found: list[tuple[float, int]] = []
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection(host, port)
        for request in requests:
            started = time.perf_counter()
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            found.append((time.perf_counter() - started, int(head.split(maxsplit=2)[1])))
        writer.close()
    return found + [(0.0, 0)] * (len(requests) - len(found))


async def _crowd(host: str, port: int, requests: list[list[bytes]]) -> Load:
    started = time.perf_counter()
    found = await asyncio.gather(*(_ask(host, port, mine) for mine in requests))
    seconds = time.perf_counter() - started
    told = [one for client in found for one in client]
    waits = np.array([wait for wait, status in told if status])
    return Load(seconds, waits, Counter(status for _, status in told))


def measure(clients: int, each: int) -> list[Row]:
    """Return what one client alone meets, and then many at once."""
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as address:
        parts = urlsplit(address)
        assert parts.hostname is not None
        assert parts.port is not None
        ask = functools.partial(_crowd, parts.hostname, parts.port)
        made = functools.partial(requests_of, Path(name), parts.netloc)
        asyncio.run(ask([made(20, 0)]))  # not counted
        with status("one client alone"):
            alone = asyncio.run(ask([made(200, 1)]))
        everyone = made(clients * each, 2)
        with status(f"{clients:,} clients at once"):
            crowd = asyncio.run(ask([everyone[i::clients] for i in range(clients)]))
    return [
        *alone.rows("1 client", None),
        *crowd.rows(f"{clients:,} clients", SLOWEST),
    ]


def main() -> None:
    """Measure, and print."""
    parser = parser_of("benchmarks.server", __doc__)
    parser.add_argument("--clients", type=int, default=1000, help="how many ask at once")
    parser.add_argument("--each", type=int, default=5, help="requests of each")
    parser.add_argument("--serve", metavar="FOLDER", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(Network(), chosen.serve, MEMBERS, port=0)
        return
    print_rows(measure(chosen.clients, chosen.each), chosen.json)


if __name__ == "__main__":
    main()
