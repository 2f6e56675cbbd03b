"""A channel to one coordinator: what it answers is bounded, checked, and explained in a sentence.

The other side may be anybody: no redirect is followed, nothing larger than expected is read, and
no message shows a secret. A writing request goes out under a key, so that a try after a lost answer
gets that answer, and nothing happens twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from quorate.errors import CoordinatorError, InputError
from quorate.printable import one_line
from quorate.runtime.progress import tell
from quorate.test_time.http.api import API
from quorate.test_time.http.client import check_address, is_open
from quorate.test_time.http.patience import read_retry_after
from quorate.test_time.http.rate import TokenBucket
from quorate.test_time.http.reading import SMALL, read_json, read_object, told
from quorate.test_time.http.sending import PASSING, AgainError, FailedError, Question, Sender
from quorate.test_time.http.wording import Wording

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

LARGE = 64 << 20  # bytes of a log, a change or a list of outcomes
PATIENCE = 180.0  # seconds that all tries of one request, and the waits between, may take
COORDINATOR = Wording(
    address="Check the address, and whether the coordinator runs.",
    slow="The coordinator is slow, or stalls: try again later, or ask the organiser.",
    lasting="Check the address and its certificate.",
    later="Try again later, or ask the organiser.",
    again="Nothing is done twice: do the same again to go on.",
    fixes={
        401: "Give the file that you saved when you joined.",
        403: "Give the file of the one who may do this.",
        404: "Check the address, or ask the organiser for the link.",
        405: "Check the address: it may be that of another program.",
        407: "Sign in at the proxy that the environment names.",
        413: "Send less at once.",
        429: "Ask more slowly, or go on later.",
        511: "Sign in to the network that you are in.",
    },
)


class RefusalError(CoordinatorError):
    """The coordinator refused a request.

    Args:
        message: the coordinator's own words.
        status: status of the HTTP answer.
        code: one word for programs; empty if it gave none.
    """

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.status, self.code)


def new_key() -> str:
    """Return the key of a new request, which its repetitions share."""
    return secrets.token_urlsafe(24)


class Channel:
    """Asks one coordinator, under one secret; use it as a context manager.

    Args:
        address: of the coordinator, such as https://collective.example.
        secret: of a member or an organiser; empty for what anyone may ask.
        who: stands for the secret in messages.
        timeout: seconds that an answer may take, from the request to its last byte.
        retries: tries after the first that failed.

    Raises:
        InputError: the address is none.
    """

    def __init__(
        self,
        address: str,
        secret: str = "",
        who: str = "anyone",
        *,
        timeout: float = 30.0,
        retries: int = 6,
    ) -> None:
        self.address = check_address(address)
        if secret and is_open(self.address):
            tell(
                f"Warning: your secret goes to {one_line(self.address)} without encryption: "
                "everyone on the way can read it. Use https:// if the coordinator has it."
            )
        if not secret.isascii() or not secret.isprintable():
            raise InputError(
                "Expected a secret of printable ASCII, got something else. Give the file that you "
                "saved, as it was."
            )
        from quorate.test_time.http.line import Line

        self._secret = secret
        self._who = who
        self._line = Line(self.address)
        self._sender = Sender(
            self.address,
            self._line,
            API(),
            TokenBucket(None),
            retries=retries,
            patience=PATIENCE,
            timeout=timeout,
            wording=COORDINATOR,
            read=self._read,
        )

    def __repr__(self) -> str:
        return f"Channel({self.address!r}, {self._who})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._line.close()

    def get(self, path: str, most: int = SMALL) -> dict[str, Any]:
        """Return the JSON object at a path.

        Raises:
            RefusalError: the coordinator refused.
            CoordinatorError: it failed, or its answer cannot be read.
        """
        return self._object(self.get_bytes(path, most), path)

    def get_bytes(self, path: str, most: int = LARGE) -> bytes:
        """Return the bytes at a path.

        Raises:
            RefusalError: the coordinator refused.
            CoordinatorError: it failed, or its answer is too large.
        """
        return self._send(Question("GET", path, self._who, self._secret, most=most))

    def write(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        most: int = SMALL,
    ) -> dict[str, Any]:
        """Send a request that changes something, as often as it takes, and return its answer.

        Args:
            method: POST, PUT or DELETE.
            path: beneath the address.
            body: goes out as JSON.
            key: idempotency key; a new one where none is given.
            most: bytes that the answer may have.

        Raises:
            RefusalError: the coordinator refused.
            CoordinatorError: it failed, or its answer cannot be read.
        """
        headers = {"Idempotency-Key": new_key() if key is None else key}
        sent: Mapping[str, Any] = (
            {} if method == "DELETE" and body is None else {"json": body or {}}
        )
        question = Question(method, path, self._who, self._secret, sent, headers, most)
        return self._object(self._send(question), path)

    def _send(self, question: Question) -> bytes:
        try:
            found = self._sender.send(question)
        except FailedError as error:
            raise CoordinatorError(str(error)) from error
        assert isinstance(found, bytes)
        return found

    def _object(self, content: bytes, path: str) -> dict[str, Any]:
        plain = read_object(content)
        if plain is None:
            shown = one_line(content[:200].decode("utf-8", "replace"), 60)
            raise CoordinatorError(
                f"Expected a JSON object from {self.address}, got {shown!r}. Check the address: it "
                "may be that of another program."
            )
        return plain

    def _read(self, response: httpx.Response, body: bytes, question: Question) -> bytes:
        """Return a response's body, or raise what its status means."""
        if response.is_success:
            return body
        status, plain = response.status_code, read_json(body)
        said = told(body, plain, question.secret)
        wait = read_retry_after(response.headers.get_list("retry-after"))
        came = f"{status}: {said}".rstrip(". ")
        fixes = COORDINATOR.fixes
        if status in PASSING or (status >= 400 and wait is not None):
            fix = fixes.get(status, COORDINATOR.later)
            raise AgainError(came, fix, metered=status >= 500, wait=wait)
        inner = plain.get("error") if isinstance(plain, dict) else None
        code = inner.get("code") if isinstance(inner, dict) else None
        if isinstance(code, str) and said:  # in the coordinator's own words, which have the fix
            raise RefusalError(said, status, one_line(code, 40))
        fix = fixes.get(status, "Check the address, or ask the organiser.")
        if response.has_redirect_location:
            came = f"{status}, which leads elsewhere"
            fix = "Give the address that the link on the page shows."
        raise RefusalError(
            f"Expected an answer from {self.address} to {self._who}, got {came}. {fix}", status, ""
        )


def part(document: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """Return a part of what a coordinator answered.

    >>> part({"pledges": 3}, "pledges", int)
    3

    Raises:
        CoordinatorError: it is not there, or something else; true and false are no numbers.
    """
    value = document.get(name)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise CoordinatorError(
            f"Expected {name} ({_NAMES[kind]}) in the coordinator's answer, got "
            f"{one_line(repr(value), 60)}. It may be of another version: ask the organiser."
        )
    return value


_NAMES: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
