"""A platform at the other end of HTTP, asked with many people's keys."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from quorate.errors import InputError, PlatformError, QuotaError
from quorate.test_time.http.api import API, QUORATE_API
from quorate.test_time.http.exchange import encode, read_answers, read_card
from quorate.test_time.http.rate import TokenBucket, parse_rate
from quorate.test_time.http.sending import ExhaustedError, FailedError, Sender
from quorate.test_time.platforms.answers import PartialError, PartialQuotaError
from quorate.test_time.platforms.platform import Answers, Card, Pixels, Platform, check_questions
from quorate.validate import above_zero, at_least, listed

if TYPE_CHECKING:
    import httpx

PATIENCE = 900.0  # seconds that one request waits at the server's word


@dataclass(frozen=True, eq=False)
class _Came:
    """What became of some rows."""

    rows: list[int] = field(default_factory=list)  # answered
    answers: Answers | None = None
    refused: list[int] = field(default_factory=list)  # surely not metered
    error: PlatformError | None = None


class HTTPPlatform(Platform):
    """Asks an image API; behind a ``MeteredPlatform`` no answer is lost or paid for twice.

    What comes back does not depend on how many requests are in flight.

    Args:
        url: address of the platform.
        keys: names of the keys and their secrets.
        api: protocol of the address, see ``read_api``.
        rate: requests it is sent at most, over all keys, such as 5/s; None is without end.
        timeout: seconds that an answer may take.
        retries: tries after the first that failed (5xx, timeouts, lost connections). The waits that
            a server asks for are kept, and are none of these.
        in_flight: requests sent at once.
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
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx

        above_zero("timeout", timeout, "Wait some seconds.")
        at_least("retries", retries, 0, "Use retries=0 to try once.")
        at_least("in_flight", in_flight, 1, "Send at least one request at once.")
        _check_keys(keys)
        self.url = _checked_url(url)
        self.keys = dict(keys)
        self.api = api
        self.in_flight = in_flight
        self._client = httpx.Client(base_url=self.url, timeout=timeout, transport=transport)
        bucket = TokenBucket(parse_rate(rate), clock)
        self._sender = Sender(self._client, api, bucket, retries, PATIENCE, sleep)
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
        self._client.close()

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
        document = self._sender.send("GET", self.api.model_path, name, secret)
        card = read_card(document, self.url)
        most = document.get("images_at_once")
        if type(most) is int and most > 0:
            self._images_at_once = min(self._images_at_once, most)
        return card if self.api.scores_at else replace(card, gives="labels")

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        """Return what the platform says of each image.

        Raises:
            InputError: the images are not of the platform's shape, or a key's secret is not known.
            PartialQuotaError: keys have no queries left; the others' rows are answered.
            PartialError: the platform refused, failed or answered what cannot be read.
        """
        card = self.card
        check_questions(x, keys, card)
        strange = [key for key in dict.fromkeys(keys) if key not in self.keys]
        if strange:
            raise InputError(
                f"Expected the secrets of all who ask {self.url}, got none for {listed(strange)}. "
                "Add a line for each to the file of keys, as in: member-0001 SECRET."
            )
        batches = self._batches(keys)
        stop = threading.Event()  # after an error that meets every request

        def ask_batch(rows: list[int]) -> _Came:
            if stop.is_set():
                return _Came(refused=rows)
            came = self._ask_rows(x, rows, keys[rows[0]], card)
            if came.error is not None and not isinstance(came.error, QuotaError):
                stop.set()
            return came

        pool = ThreadPoolExecutor(self.in_flight, "asking")
        try:
            came = list(pool.map(ask_batch, batches))
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
        return _together(len(x), came, card)

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

    def _ask_rows(self, x: Pixels, rows: list[int], key: str, card: Card) -> _Came:
        """Send one request; where its key cannot afford all of it, another with what it can."""
        try:
            document = self._sender.send(
                "POST", self.api.predict_path, key, self.keys[key], encode(self.api, x[rows])
            )
            return _Came(rows, read_answers(self.api, document, len(rows), card))
        except ExhaustedError as error:
            some = sorted({place for place in error.affordable if 0 <= place < len(rows)})
            if not 0 < len(some) < len(rows):
                return _Came(refused=rows, error=error)
            came = self._ask_rows(x, [rows[place] for place in some], key, card)
            others = [row for place, row in enumerate(rows) if place not in some]
            return replace(came, refused=[*came.refused, *others], error=came.error or error)
        except FailedError as error:
            return _Came(refused=[] if error.metered else rows, error=error)
        except PlatformError as error:  # an answer that cannot be read
            return _Came(error=error)


def _together(n: int, came: list[_Came], card: Card) -> Answers:
    """Return the answers to n rows, or raise the first error with those that came."""
    answered, refused = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    labels = np.zeros(n, dtype=np.int64)
    scores = np.zeros((n, len(card.classes))) if card.gives == "scores" else None  # (n, k)
    for one in came:
        refused[one.refused] = True
        if one.answers is not None:
            answered[one.rows] = True
            labels[one.rows] = one.answers.labels
            if scores is not None and one.answers.probabilities is not None:
                scores[one.rows] = one.answers.probabilities
    answers = Answers(labels, scores)
    errors = [one.error for one in came if one.error is not None]
    if not errors:
        return answers
    # An error that stopped everything says more than a key that is spent.
    error = next((e for e in errors if not isinstance(e, QuotaError)), errors[0])
    kind = PartialQuotaError if isinstance(error, QuotaError) else PartialError
    raise kind(str(error), answered, answers.take(answered), refused) from error


def _check_keys(keys: Mapping[str, str]) -> None:
    if not keys:
        raise InputError("Expected at least one key, got none. Give names and secrets.")
    for name, secret in keys.items():
        if not secret or not secret.isascii() or not secret.isprintable():
            raise InputError(
                f"Expected the secret of {name} to be printable ASCII, got something else. Copy "
                "it again."
            )


def _checked_url(url: str) -> str:
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
    return url.rstrip("/")
