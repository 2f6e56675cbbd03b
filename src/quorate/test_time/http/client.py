"""A platform at the other end of HTTP, asked with many people's keys."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from quorate.errors import InputError, PlatformError, QuotaError
from quorate.printable import one_line
from quorate.runtime.progress import tell
from quorate.test_time.http.api import API, QUORATE_API
from quorate.test_time.http.asking import Came, ask_all
from quorate.test_time.http.exchange import encode, read_answers, read_card
from quorate.test_time.http.patience import Stop
from quorate.test_time.http.rate import TokenBucket, parse_rate
from quorate.test_time.http.reading import CARD, most_bytes
from quorate.test_time.http.sending import ExhaustedError, FailedError, Question, Sender
from quorate.test_time.platforms.answers import (
    Part,
    PartialError,
    PartialQuotaError,
    PartwisePlatform,
    together,
)
from quorate.test_time.platforms.encoding import digests
from quorate.test_time.platforms.platform import Answers, Card, Pixels, check_questions
from quorate.validate import above_zero, at_least, listed

if TYPE_CHECKING:
    import httpx

PATIENCE = 900.0  # seconds that all tries of one request, and the waits between, may take
ROUNDS = 3  # requests for what a key can afford of one batch, where the platform says so


class HTTPPlatform(PartwisePlatform):
    """Asks an image API; behind a ``MeteredPlatform`` no answer is lost or paid for twice.

    What comes back does not depend on how many requests are in flight. Whatever the platform
    answers, its size, the time it takes and the number of tries are bounded. Keys go to ``url``
    alone.

    Args:
        url: address of the platform.
        keys: names of the keys and their secrets.
        api: protocol of the address, see ``read_api``.
        rate: requests it is sent at most, over all keys, such as 5/s; None is without end.
        timeout: seconds that an answer may take, from the request to its last byte.
        retries: tries after the first that failed (5xx, timeouts, lost connections). Waits of a
            second and longer that a server asks for are kept, and are none of these; all together
            end after 100 tries or 15 minutes.
        in_flight: requests sent at once.
        warn: whether to say so where others can read what is sent: plain http to another machine.
        transport: carries the requests, instead of the network.
        clock, sleep: give the time, and wait, in seconds.

    Raises:
        InputError: an argument is not usable.
    """

    def __init__(
        self,
        url: str,
        keys: Mapping[str, str],
        api: API = QUORATE_API,
        rate: str | None = None,
        timeout: float = 30.0,
        retries: int = 6,
        *,
        in_flight: int = 4,
        warn: bool = True,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        above_zero("timeout", timeout, "Wait some seconds.")
        at_least("retries", retries, 0, "Use retries=0 to try once.")
        at_least("in_flight", in_flight, 1, "Send at least one request at once.")
        _check_keys(keys)
        self.url = check_address(url)
        if warn:
            warn_if_open(self.url)
        self.keys = dict(keys)
        self.api = api
        self.in_flight = in_flight
        bucket = TokenBucket(parse_rate(rate), clock)
        if transport is None:
            from quorate.test_time.http.line import Line

            transport = Line(self.url)
        self._transport = transport
        self._sender = Sender(
            self.url,
            transport,
            api,
            bucket,
            retries=retries,
            patience=PATIENCE,
            timeout=timeout,
            clock=clock,
            sleep=sleep,
        )
        self._reading_card = threading.Lock()
        self._card: Card | None = None
        self._images_at_once = api.images_at_once

    def __repr__(self) -> str:
        return f"HTTPPlatform({self.url!r}, {len(self.keys)} keys)"

    def __enter__(self) -> HTTPPlatform:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._transport.close()

    @property
    def card(self) -> Card:
        """What the platform says of itself: asked for once.

        Raises:
            PlatformError: it does not say.
        """
        with self._reading_card:
            if self._card is None:
                self._card = self._read_card() if self.api.model_path else self.api.card(self.url)
            return self._card

    def _read_card(self) -> Card:
        name, secret = next(iter(self.keys.items()))
        document = self._sender.send(Question("GET", self.api.model_path, name, secret, most=CARD))
        card = read_card(document, self.url)
        most = document.get("images_at_once")
        if type(most) is int and most > 0:
            self._images_at_once = min(self._images_at_once, most)
        return card if self.api.scores_at else replace(card, gives="labels")

    def ask_parts(self, x: Pixels, keys: Sequence[str], take: Callable[[Part], None]) -> None:
        """Ask, and hand on each response as it comes, in the thread that it comes to.

        Once this returns or raises, nothing more is handed on. When it is interrupted, requests
        under way get a moment, and the others are handed on as refused.

        Raises:
            InputError: the images are not of the platform's shape, or a key's secret is not known.
            QuotaError: keys have no queries left; the others' rows were answered.
            PlatformError: the platform refused, failed or answered what cannot be read.
        """
        card = self.card
        check_questions(x, keys, card)
        strange = [key for key in dict.fromkeys(keys) if key not in self.keys]
        if strange:
            raise InputError(
                f"Expected the secrets of all who ask {self.url}, got none for {listed(strange)}. "
                "Add a line for each to the file of keys, as in: member-0001 SECRET."
            )

        def ask_batch(rows: list[int], stop: Stop) -> Came:
            return self._ask_rows(x, rows, keys[rows[0]], card, stop)

        ask_all(self._batches(keys), ask_batch, take, self.in_flight)

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        """Return what the platform says of each image.

        Raises:
            InputError: the images are not of the platform's shape, or a key's secret is not known.
            PartialQuotaError: keys have no queries left; the others' rows are answered.
            PartialError: the platform refused, failed or answered what cannot be read.
        """
        parts: list[Part] = []
        card = self.card
        try:
            self.ask_parts(x, keys, parts.append)
        except PlatformError as error:
            answered, answers, refused = together(parts, len(x), card)
            kind = PartialQuotaError if isinstance(error, QuotaError) else PartialError
            raise kind(str(error), answered, answers, refused) from error
        return together(parts, len(x), card)[1]

    def _batches(self, keys: Sequence[str]) -> list[list[int]]:
        """Return rows of one key each, as many as one request takes."""
        of_key: dict[str, list[int]] = {}
        for row, key in enumerate(keys):
            of_key.setdefault(key, []).append(row)
        size = self._images_at_once
        return [
            rows[start : start + size]
            for rows in of_key.values()
            for start in range(0, len(rows), size)
        ]

    def _ask_rows(self, x: Pixels, rows: list[int], key: str, card: Card, stop: Stop) -> Came:
        """Send one request; where its key cannot afford all of it, another with what it can."""
        parts: list[Part] = []
        spent: PlatformError | None = None
        for more in reversed(range(ROUNDS)):
            try:
                document = self._sender.send(self._question(x[rows], key, card), stop)
                answers = read_answers(self.api, document, len(rows), card)
                return [*parts, Part(tuple(rows), answers)], spent
            except ExhaustedError as error:
                spent = error
                some = {rows[place] for place in error.affordable if 0 <= place < len(rows)}
                if error.metered or not more or not 0 < len(some) < len(rows):
                    return [*parts, _refused(rows, error)], error
                parts.append(Part(refused=tuple(row for row in rows if row not in some)))
                rows = sorted(some)
            except FailedError as error:
                return [*parts, _refused(rows, error)], error
            except PlatformError as error:  # an answer that cannot be read
                return parts, error
        return parts, spent

    def _question(self, x: Pixels, key: str, card: Card) -> Question:
        """Return the request about images of one key; the same one again is told by its header."""
        secret, named = self.keys[key], [self.api.predict_path.encode(), *digests(x)]
        same = hmac.new(secret.encode(), b"\0".join(named), hashlib.sha256).hexdigest()
        return Question(
            "POST",
            self.api.predict_path,
            key,
            secret,
            encode(self.api, x),
            {"Idempotency-Key": same},
            most_bytes(len(x), len(card.classes)),
        )


def _refused(rows: list[int], error: FailedError) -> Part:
    return Part(refused=() if error.metered else tuple(rows))


def _check_keys(keys: Mapping[str, str]) -> None:
    if not keys:
        raise InputError("Expected at least one key, got none. Give names and secrets.")
    for name, secret in keys.items():
        if not secret or not secret.isascii() or not secret.isprintable():
            raise InputError(
                f"Expected the secret of {name} to be printable ASCII, got something else. Copy "
                "it again."
            )


def check_address(url: str) -> str:
    """Return the address of a platform, without a slash at its end.

    Raises:
        InputError: it is none, or holds more than a scheme, a host, a port and a path.
    """
    import httpx

    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InputError(
            f"Expected the platform's address, such as http://127.0.0.1:8000, got {url!r}. Begin "
            "with http:// or https://."
        )
    if parsed.userinfo or parsed.query or parsed.fragment or "\\" in url or "?" in url:
        raise InputError(
            f"Expected a host and a path as the platform's address, got {one_line(url)!r}. Leave "
            "out a name and password before @, and all after ? or #; keys belong into a key file."
        )
    return url.rstrip("/")


def warn_if_open(url: str) -> None:
    """Say so on standard error where keys and pictures go to an address that others can read."""
    if is_open(url):
        tell(
            f"Warning: keys and pictures go to {one_line(url)} without encryption: everyone on the "
            "way can read them. Use https:// if the platform has it."
        )


def is_open(url: str) -> bool:
    """Whether others on the way can read what is sent: plain http to another machine.

    >>> is_open("http://127.0.0.1:8000"), is_open("http://10.0.0.7"), is_open("https://10.0.0.7")
    (False, True, False)
    """
    import httpx

    parsed = httpx.URL(url)
    if parsed.scheme != "http":
        return False
    host = parsed.host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True
