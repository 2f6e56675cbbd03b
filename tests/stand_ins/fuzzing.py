"""What fuzzers share: damaged files, how many, and what is told of them.

A run is bounded: ``QUORATE_FUZZ_ROUNDS`` damaged files, 300 by default, drawn with the seed
``QUORATE_FUZZ_SEED``, 0 by default. A longer run by hand, with its counts:

    QUORATE_FUZZ_ROUNDS=100000 QUORATE_FUZZ_SEED=1 python -m pytest -s tests/fuzz
"""

import os
import resource
import struct
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

ROUNDS = int(os.environ.get("QUORATE_FUZZ_ROUNDS", "300"))
SEED = int(os.environ.get("QUORATE_FUZZ_SEED", "0"))
NUMBERS = (0, 1, 2, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
MOST_MEGABYTES = 512  # that the memory of the process may grow by, whatever it reads
Rng = np.random.Generator


def damaged(content: bytes, others: Sequence[bytes], rng: Rng) -> bytes:
    """Return a file after one damage, or now and then a few."""
    for _ in range(int(rng.geometric(0.7))):
        content = DAMAGES[int(rng.integers(len(DAMAGES)))](content, others, rng)
    return content


def _flipped(content: bytes, _: Sequence[bytes], rng: Rng) -> bytes:
    bytes_ = bytearray(content)
    for at in rng.integers(max(1, len(bytes_)), size=int(rng.geometric(0.5))):
        if at < len(bytes_):
            bytes_[at] ^= 1 << int(rng.integers(8))
    return bytes(bytes_)


def _numbered(content: bytes, _: Sequence[bytes], rng: Rng) -> bytes:
    """Put a number that breaks sums into a place, most often near the beginning."""
    at = int(min(rng.integers(max(1, len(content))), rng.integers(max(1, len(content)))))
    form = rng.choice([">I", "<I", ">H", "<H", "B"])
    number = int(rng.choice(NUMBERS)) % 2 ** (8 * struct.calcsize(form))
    return content[:at] + struct.pack(form, number) + content[at + struct.calcsize(form) :]


def _cut(content: bytes, _: Sequence[bytes], rng: Rng) -> bytes:
    return content[: int(rng.integers(len(content) + 1))]


def _without(content: bytes, _: Sequence[bytes], rng: Rng) -> bytes:
    start, stop = sorted(rng.integers(len(content) + 1, size=2).tolist())
    return content[:start] + content[min(stop, start + 64) :]


def _twice(content: bytes, _: Sequence[bytes], rng: Rng) -> bytes:
    start, stop = sorted(rng.integers(len(content) + 1, size=2).tolist())
    return content[:stop] + content[start:stop][:4096] * int(rng.integers(1, 4)) + content[stop:]


def _joined(content: bytes, others: Sequence[bytes], rng: Rng) -> bytes:
    other = others[int(rng.integers(len(others)))]
    at, start = int(rng.integers(len(content) + 1)), int(rng.integers(len(other) + 1))
    return content[:at] + other[start:]


def _inserted(content: bytes, _: Sequence[bytes], rng: Rng) -> bytes:
    at = int(rng.integers(len(content) + 1))
    return content[:at] + rng.bytes(int(rng.integers(1, 33))) + content[at:]


DAMAGES: tuple[Callable[[bytes, Sequence[bytes], Rng], bytes], ...] = (
    *(_flipped, _numbered, _numbered, _cut, _without, _twice, _joined, _inserted),
)


def with_check_sums(content: bytes) -> bytes:
    """Return a damaged PNG whose check sums are right again, so that decoders look further."""
    out, at = [content[:8]], 8
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        body = content[at + 4 : at + 8 + length]
        if len(body) < 4 + length:
            break
        out.append(content[at : at + 4] + body + struct.pack(">I", zlib.crc32(body)))
        at += 12 + length
    return b"".join(out) + content[at:]


class Counts:
    """How many files came to what, and the slowest of them."""

    def __init__(self, what: str) -> None:
        self.what, self.found = what, Counter[str]()
        self.slowest, self._since = 0.0, time.perf_counter()
        self._before = _megabytes()

    def rounds(self) -> Iterator[tuple[int, Rng]]:
        """Yield the number of each file, and what to draw it with."""
        for number in range(ROUNDS):
            started = time.perf_counter()
            yield number, np.random.default_rng((SEED, number))
            self.slowest = max(self.slowest, time.perf_counter() - started)

    def tell(self) -> None:
        """Print what came of all, and make sure that memory stayed where it was."""
        grown = _megabytes() - self._before
        seconds = time.perf_counter() - self._since
        kinds = ", ".join(f"{name} {number:,}" for name, number in sorted(self.found.items()))
        print(
            f"\n{self.what}: {ROUNDS:,} files with seed {SEED} in {seconds:.0f} s, the slowest "
            f"{self.slowest:.2f} s, memory grew by {grown:.0f} MB: {kinds}"
        )
        assert grown < MOST_MEGABYTES


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
