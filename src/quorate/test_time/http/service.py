"""What a served platform does for requests: who asks, at what rate, within what budget.

It knows nothing of HTTP but the status codes that its refusals go out with.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quorate.errors import InputError, QuotaError
from quorate.test_time.http.rate import Rate, TokenBucket, parse_rate
from quorate.test_time.platforms.answers import check_answers, check_stored
from quorate.test_time.platforms.encoding import digests, from_png
from quorate.test_time.platforms.ledger import Ledger, purpose_of
from quorate.test_time.platforms.platform import EVALUATION, Answers, Pixels, Platform
from quorate.validate import at_least, storable

IMAGES_AT_ONCE = 64

_Question = tuple[bytes, str]  # its name, and the key that asks it
_Answer = tuple[int, Any]  # the label, and the scores, (k,), or None


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


@dataclass(frozen=True, eq=False)
class Asked:
    """One request that may be answered.

    Args:
        key: name of the key that asks.
        images: gives the PNG files, when it is their turn to be read; or raises RefusedError.
    """

    key: str
    images: Callable[[], Sequence[bytes]]


@dataclass(frozen=True, eq=False)
class Reply:
    """The answers to one request, and the key's meter by then."""

    answers: Answers
    usage: Usage


@dataclass(frozen=True, eq=False)
class _Read:
    """A request whose images are read: their pixels, (n, c, h, w), and their names."""

    key: str
    x: Pixels
    names: list[bytes]


@dataclass(eq=False)
class Service:
    """A platform that answers those who have a key, and meters them in its own ledger.

    An answer is stored and counted in one transaction before it is sent. An input that a key has
    paid for is answered again from the ledger, free of charge. The key ``evaluation`` has neither
    budget nor rate.

    Args:
        platform: platform that answers, one batch at a time.
        ledger: the meter.
        keys: names of the keys and their secrets.
        budget: queries per key; None is without end.
        rate: requests per key, such as 5/s or 100/min; None is without end.
        images_at_once: the most images in one request, and the most that are unpacked at once.
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
    _least: dict[str, int] = field(init=False, repr=False)  # what each key has surely spent
    _is_closed: bool = field(init=False, repr=False, default=False)
    _asking: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        at_least("images_at_once", self.images_at_once, 1, "Take at least one image a request.")
        rate = check_limits(self.budget, self.rate)
        self._names = {_digest(secret): name for name, secret in self.keys.items()}
        if len(self._names) < len(self.keys) or "" in self.keys.values():
            raise InputError("Expected a secret of its own for every key. Make new keys.")
        self._buckets = {
            name: TokenBucket(None if name == EVALUATION else rate, self.clock)
            for name in self.keys
        }
        self._least = dict(self.ledger.spent_by_key(self.platform.card.id))
        self.keys = dict.fromkeys(self.keys, "")  # only the secrets' digests are held

    def close(self) -> None:
        """Let go of the ledger."""
        self.ledger.close()
        self._is_closed = True

    def open(self) -> None:
        """Go on with the ledger, if it was let go of: an app may be started again."""
        if self._is_closed:
            self.ledger, self._is_closed = Ledger(self.ledger.path), False

    # ------------------------------------------------------------ before a body is read

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

    def admit(self, key: str, repeated: bool = False) -> None:
        """Let one request of a key through, or refuse it: for good once its budget is spent.

        Args:
            key: name of the key.
            repeated: the request may have been answered before, so that what it asks for may be
                paid: it is looked at although the budget is spent.
        """
        if not (repeated or self._may_pay(key)):
            raise RefusedError(
                429,
                "budget_exhausted",
                f"Expected a key with queries left, got {key}: all {self.budget} are spent, and do "
                "not come back. To be told again what it has paid for, send the header "
                "Idempotency-Key.",
                left=0,
                affordable=[],
            )
        wait = self._buckets[key].take()
        if wait:
            raise RefusedError(
                429,
                "rate_limited",
                f"Expected at most {self.rate} requests from {key}, got more. Ask again in "
                f"{wait:.1f} seconds.",
                {"Retry-After": str(max(1, math.ceil(wait)))},
            )

    def _may_pay(self, key: str) -> bool:
        """Return whether a key may have queries left; the ledger, which is slower, says exactly."""
        unlimited = self.budget is None or key == EVALUATION
        return unlimited or self._least.get(key, 0) < (self.budget or 0)

    def usage(self, key: str) -> Usage:
        """Return a key's own meter."""
        spent = self.ledger.spent(self.platform.card.id, key, purpose_of(key))
        self._least[key] = spent
        return self._usage(key, spent)

    def _usage(self, key: str, spent: int) -> Usage:
        if self.budget is None or key == EVALUATION:
            return Usage(key, spent, None, None)
        return Usage(key, spent, max(0, self.budget - spent), self.budget)

    # --------------------------------------------------------------------------- answers

    def answer(self, asked: Sequence[Asked]) -> list[Reply | Exception]:
        """Return what each of n requests is answered, or why it is not.

        Requests are answered together: one question to the platform, one transaction. No more
        images are unpacked at once than one request may hold. Where they fail together, each is
        tried alone, so that none fails for another's sake.
        """
        told: list[Reply | Exception] = []
        with self._asking:
            for some in self._read(asked, told):
                for place, reply in self._answer_each(some).items():
                    told[place] = reply
        return told

    def _read(
        self, asked: Sequence[Asked], told: list[Reply | Exception]
    ) -> Iterator[dict[int, _Read]]:
        """Yield the requests by their places, as many at once as may be unpacked together.

        Those that cannot be read are told so.
        """
        together: dict[int, _Read] = {}
        for place, one in enumerate(asked):
            told.append(RuntimeError("not answered"))
            try:
                x = self._pixels(one.images())
            except Exception as error:
                told[place] = error
                continue
            if together and sum(len(r.x) for r in together.values()) + len(x) > self.images_at_once:
                yield together
                together = {}
            together[place] = _Read(one.key, x, digests(x))
        if together:
            yield together

    def _pixels(self, images: Sequence[bytes]) -> Pixels:
        """Return the pixels, (n, c, h, w), of PNG files."""
        if len(images) > self.images_at_once:
            raise too_many_images(self.images_at_once, str(len(images)))
        if not images:
            raise RefusedError(422, "no_images", "Expected at least one image, got none. Send one.")
        x = np.empty((len(images), *self.platform.card.shape), dtype=np.uint8)  # (n, c, h, w)
        for number, content in enumerate(images):
            try:
                x[number] = from_png(content, self.platform.card.shape)
            except InputError as error:
                raise bad_image(number, error) from None
        return x

    def _answer_each(self, read: dict[int, _Read]) -> dict[int, Reply | Exception]:
        """Return the reply of each request, tried together and, if that fails, one by one."""
        try:
            try:
                return self._answer_together(read)
            except QuotaError:  # another server on the same ledger was faster: count anew
                return self._answer_together(read)
        except Exception as error:
            if len(read) == 1:
                return dict.fromkeys(read, error)
        return {place: self._answer_each({place: one})[place] for place, one in read.items()}

    def _answer_together(self, read: dict[int, _Read]) -> dict[int, Reply | Exception]:
        spent = self.ledger.spent_on(self.platform.card.id, {one.key for one in read.values()})
        refused, have = self._pay(read, spent)
        self._least |= spent
        replies: dict[int, Reply | Exception] = {**refused}
        for place, one in read.items():
            if place not in refused:
                answers = _gathered([have[name, one.key] for name in one.names])
                replies[place] = Reply(answers, self._usage(one.key, spent[one.key]))
        return replies

    def _pay(
        self, read: dict[int, _Read], spent: dict[str, int]
    ) -> tuple[dict[int, RefusedError], dict[_Question, _Answer]]:
        """Ask what has not been paid for, charge it, and count it.

        Return who has too little left, and the stored answers to all questions of the others.
        ``spent`` is what each key had spent before, and has afterwards.
        """
        card = self.platform.card
        names = [name for one in read.values() for name in one.names]
        keys = [one.key for one in read.values() for _ in one.names]
        have = self._stored(names, keys)
        refused: dict[int, RefusedError] = {}
        bought: dict[_Question, Pixels] = {}
        for place, one in read.items():
            new = {
                (name, one.key): image
                for name, image in zip(one.names, one.x, strict=True)
                if (name, one.key) not in have and (name, one.key) not in bought
            }
            left = self._usage(one.key, spent[one.key]).left
            if left is not None and len(new) > left:
                refused[place] = self._too_few(one, [name for name, _ in new], left)
                continue
            spent[one.key] += len(new)
            bought |= new
        if bought:
            names, keys = [name for name, _ in bought], [key for _, key in bought]
            x = np.stack(list(bought.values()))  # (n, c, h, w)
            answers = check_answers(self.platform.ask(x, keys), len(x), card)
            if self.ledger.charge(card.id, names, keys, answers, self.budget):
                have |= _by_question(names, keys, answers)
            else:  # another server on the same ledger has stored answers meanwhile: they count
                have |= self._stored(names, keys)
        return refused, have

    def _stored(self, names: list[bytes], keys: list[str]) -> dict[_Question, _Answer]:
        """Return the answers that keys have paid for, of those to these questions."""
        mask, answers = self.ledger.paid(self.platform.card.id, names, keys)
        paid = [i for i, is_paid in enumerate(mask.tolist()) if is_paid]
        if not paid:
            return {}
        answers = check_stored(answers, len(paid), self.platform.card, self.ledger.path)
        return _by_question([names[i] for i in paid], [keys[i] for i in paid], answers)

    def _too_few(self, one: _Read, new: list[bytes], left: int) -> RefusedError:
        """Return the refusal of more new questions than a key has left, with what it can pay."""
        assert self.budget is not None
        beyond = set(new[left:])
        return RefusedError(
            429,
            "budget_exhausted",
            f"Expected at most {left} new questions from {one.key}, got {len(new)}: "
            f"{self.budget - left} of its {self.budget} are spent, and do not come back.",
            left=left,
            affordable=[row for row, name in enumerate(one.names) if name not in beyond],
        )


def check_limits(budget: int | None, rate: str | None) -> Rate | None:
    """Return the rate that text stands for, where it and the budget of a key can be kept.

    Raises:
        InputError: one of them cannot.
    """
    if budget is not None:
        at_least("budget", budget, 0, "Give queries per key, or None for no end.")
        storable("budget", budget)
    return parse_rate(rate)


def _by_question(
    names: Sequence[bytes], keys: Sequence[str], answers: Answers
) -> dict[_Question, _Answer]:
    scores: Sequence[Any] = [None] * len(answers)
    if answers.probabilities is not None:
        scores = list(answers.probabilities)
    questions = zip(names, keys, strict=True)
    return dict(zip(questions, zip(answers.labels.tolist(), scores, strict=True), strict=True))


def _gathered(rows: Sequence[_Answer]) -> Answers:
    """Return answers as one; with scores where all of them have some."""
    labels = np.array([label for label, _ in rows], dtype=np.int64)
    scores = [one for _, one in rows if one is not None]
    return Answers(labels, np.stack(scores) if len(scores) == len(rows) else None)


def bad_image(number: int, error: InputError) -> RefusedError:
    """Return the refusal of one image of a request."""
    return RefusedError(422, "bad_image", f"Image {number}: {error}", image=number)


def too_many_images(most: int, came: str) -> RefusedError:
    """Return the refusal of a request with more images than are answered at once."""
    return RefusedError(
        413,
        "too_many_images",
        f"Expected at most {most} images a request, got {came}. Send fewer at once.",
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
