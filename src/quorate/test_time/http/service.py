"""What a served platform does for one request: who asks, at what rate, within what budget.

It knows nothing of HTTP but the status codes that its refusals go out with.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quorate.errors import InputError, QuotaError
from quorate.test_time.http.rate import TokenBucket, parse_rate
from quorate.test_time.platforms.answers import check_answers
from quorate.test_time.platforms.encoding import digests, from_base64, from_png
from quorate.test_time.platforms.ledger import Ledger, purpose_of
from quorate.test_time.platforms.platform import EVALUATION, Answers, Pixels, Platform
from quorate.validate import at_least

IMAGES_AT_ONCE = 64


class RefusedError(Exception):
    """A request that is not answered.

    Args:
        status: status of the HTTP answer.
        code: one word for programs.
        message: sentence that says what was expected, what came and the fix.
        headers: headers of the HTTP answer.
        details: more for programs, beside code and message.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body = {"error": {"code": code, "message": message, **details}}


@dataclass(frozen=True)
class Usage:
    """One key's meter. ``budget`` and ``left`` are None where there is no end.

    Args:
        key: the key's name.
        spent: queries counted on it.
        left: queries it has left.
        budget: queries it has in all.
    """

    key: str
    spent: int
    left: int | None
    budget: int | None


@dataclass(eq=False)
class Service:
    """A platform that answers those who have a key, and meters them in its own ledger.

    An answer is stored and counted in one transaction before it is sent. An input that a key has
    paid for is answered again from the ledger, free of charge. The key ``evaluation`` has neither
    budget nor rate.

    Args:
        platform: platform that answers, one question at a time.
        ledger: the meter.
        keys: names of the keys and their secrets.
        budget: queries per key; None is without end.
        rate: requests per key, such as 5/s or 100/min; None is without end.
        images_at_once: the most images in one request.
        clock: gives the time, in seconds.
    """

    platform: Platform
    ledger: Ledger
    keys: Mapping[str, str]
    budget: int | None = None
    rate: str | None = None
    images_at_once: int = IMAGES_AT_ONCE
    clock: Callable[[], float] = time.monotonic
    _names: dict[bytes, str] = field(init=False, repr=False)
    _buckets: dict[str, TokenBucket] = field(init=False, repr=False)
    _asking: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if self.budget is not None:
            at_least("budget", self.budget, 0, "Give queries per key, or None for no end.")
        at_least("images_at_once", self.images_at_once, 1, "Take at least one image a request.")
        rate = parse_rate(self.rate)
        self._names = {_digest(secret): name for name, secret in self.keys.items()}
        if len(self._names) < len(self.keys) or "" in self.keys.values():
            raise InputError("Expected a secret of its own for every key. Make new keys.")
        self._buckets = {
            name: TokenBucket(None if name == EVALUATION else rate, self.clock)
            for name in self.keys
        }
        self.keys = dict.fromkeys(self.keys, "")  # only the secrets' digests are held

    def enter(self, secret: str | None) -> str:
        """Return the name of the key whose secret this is, if it may ask now."""
        if not secret:
            raise RefusedError(
                401,
                "no_key",
                "Expected a key, got none. Send the header Authorization: Bearer KEY.",
                {"WWW-Authenticate": "Bearer"},
            )
        # Looked up by its digest: how long that takes tells nothing of any secret.
        found = self._names.get(_digest(secret))
        if found is None:
            raise RefusedError(
                403, "unknown_key", "Expected a key of this platform, got an unknown one. Check it."
            )
        return found

    def admit(self, key: str) -> None:
        """Let one request of a key through, or refuse it for now."""
        wait = self._buckets[key].take()
        if wait:
            raise RefusedError(
                429,
                "rate_limited",
                f"Expected at most {self.rate} requests from {key}, got more. Ask again in "
                f"{wait:.1f} seconds.",
                {"Retry-After": str(max(1, math.ceil(wait)))},
            )

    def usage(self, key: str) -> Usage:
        """Return a key's own meter."""
        spent = self.ledger.spent(self.platform.card.id, key, purpose_of(key))
        if self.budget is None or key == EVALUATION:
            return Usage(key, spent, None, None)
        return Usage(key, spent, max(0, self.budget - spent), self.budget)

    def read_images(self, images: Sequence[object]) -> Pixels:
        """Return the pixels, (n, c, h, w), of PNG images in base64."""
        if len(images) > self.images_at_once:
            raise RefusedError(
                413,
                "too_many_images",
                f"Expected at most {self.images_at_once} images a request, got {len(images)}. "
                "Send fewer at once.",
            )
        read = []
        for number, text in enumerate(images):
            try:
                if not isinstance(text, str):
                    raise InputError(
                        f"Expected a PNG in base64, got {type(text).__name__}. Send it as text."
                    )
                read.append(from_png(from_base64(text), self.platform.card.shape))
            except InputError as error:
                raise RefusedError(
                    422, "bad_image", f"Image {number}: {error}", image=number
                ) from None
        if not read:
            raise RefusedError(422, "no_images", "Expected at least one image, got none. Send one.")
        return np.stack(read)

    def predict(self, key: str, x: Pixels) -> Answers:
        """Return the answers to images, (n, c, h, w), which the ledger holds by then."""
        ledger, card = self.ledger, self.platform.card
        names = digests(x)
        paid, stored = ledger.paid(card.id, names, key)
        if not paid.all():
            with self._asking:  # what another request has paid for by now is free
                self._pay(key, names, x)
            _, stored = ledger.paid(card.id, names, key)
        return stored

    def _pay(self, key: str, names: list[bytes], x: Pixels) -> None:
        """Ask what a key has not paid for, and charge it."""
        ledger, card = self.ledger, self.platform.card
        first = {name: row for row, name in reversed(list(enumerate(names)))}
        paid, _ = ledger.paid(card.id, names, key)
        new = [row for row, name in enumerate(names) if not paid[row] and first[name] == row]
        if not new:
            return
        self._check_budget(key, names, paid.tolist(), new)
        answers = check_answers(self.platform.ask(x[new], [key] * len(new)), len(new), card)
        try:
            ledger.charge(card.id, [names[row] for row in new], key, answers, self.budget)
        except QuotaError:  # another server on the same ledger was faster
            paid, _ = ledger.paid(card.id, names, key)
            new = [row for row in new if not paid[row]]
            self._check_budget(key, names, paid.tolist(), new)
            raise

    def _check_budget(self, key: str, names: list[bytes], paid: list[bool], new: list[int]) -> None:
        """Refuse more new questions than a key has left, and say which could be answered."""
        usage = self.usage(key)
        if usage.left is None or len(new) <= usage.left:
            return
        afforded = {names[row] for row in new[: usage.left]}
        raise RefusedError(
            429,
            "budget_exhausted",
            f"Expected at most {usage.left} new questions from {key}, got {len(new)}: "
            f"{usage.spent} of its {usage.budget} are spent, and do not come back.",
            left=usage.left,
            affordable=[row for row, n in enumerate(names) if paid[row] or n in afforded],
        )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
