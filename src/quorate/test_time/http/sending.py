"""One request: sent at a rate, tried again where that may help, explained where it does not."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from quorate.errors import PlatformError, QuotaError
from quorate.printable import one_line
from quorate.test_time.http.api import API
from quorate.test_time.http.patience import Stop, Tries, read_retry_after
from quorate.test_time.http.rate import TokenBucket
from quorate.test_time.http.reading import (
    SMALL,
    UnreadableError,
    read_body,
    read_json,
    told,
    without,
)
from quorate.test_time.http.wording import PLATFORM, Wording
from quorate.version import __version__

if TYPE_CHECKING:
    import httpx

LASTING = {501, 505, 506, 508, 510, 511}  # of 500 to 599: these do not pass
PASSING = {408, 425, 429} | set(range(500, 600)) - LASTING


class FailedError(PlatformError):
    """A request came to nothing.

    Args:
        message: sentence that says what was expected, what came and the fix.
        metered: whether the platform may have counted its images.
    """

    def __init__(self, message: str, metered: bool) -> None:
        super().__init__(message)
        self.metered = metered

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.metered)


class ExhaustedError(FailedError, QuotaError):
    """A key has no queries left; ``affordable`` are places of images it would still be answered."""

    def __init__(self, message: str, affordable: list[int], metered: bool = False) -> None:
        super().__init__(message, metered)
        self.affordable = affordable

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.affordable, self.metered)


class StoppedError(FailedError):
    """No more requests shall be sent."""


class AgainError(Exception):
    """Worth another try, after ``wait`` seconds where the server names them.

    Args:
        came: what came, in words.
        fix: what to do if it comes every time.
        metered: whether the platform may have counted the request's images.
        wait: seconds that the server asks to wait, if it does.
    """

    def __init__(self, came: str, fix: str, metered: bool, wait: float | None = None) -> None:
        super().__init__(came)
        self.fix = fix
        self.metered = metered
        self.wait = wait


@dataclass(frozen=True)
class Question:
    """What is sent under one key, however often.

    Args:
        method, path: of HTTP, beneath the address.
        name, secret: the key.
        body: json, or files and data, as httpx takes them.
        headers: more headers, such as an idempotency key.
        most: bytes that the answer may have.
    """

    method: str
    path: str
    name: str
    secret: str
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    most: int = SMALL


class Sender:
    """Sends requests to one address. Threads may share it.

    Args:
        url: the address; nothing is ever sent elsewhere, and redirects are not followed.
        transport: carries the requests.
        api: protocol of the address.
        bucket: its rate, over all keys.
        retries: tries after the first that failed.
        patience: seconds that all tries of one request and the waits between them may take.
        timeout: seconds that one try may take, from the first byte sent to the last received.
        clock, sleep: give the time, and wait, in seconds; by default so that a stop ends the wait.
        wording: what to do about what may go wrong.
        read: returns what a response comes to, or raises AgainError, FailedError or an error of its
            own; by default, as a platform behind an API answers.
    """

    def __init__(
        self,
        url: str,
        transport: httpx.BaseTransport,
        api: API,
        bucket: TokenBucket,
        *,
        retries: int,
        patience: float,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
        wording: Wording = PLATFORM,
        read: Callable[[httpx.Response, bytes, Question], Any] | None = None,
    ) -> None:
        self.url = url
        self.transport = transport
        self.api = api
        self.bucket = bucket
        self.retries = retries
        self.patience = patience
        self.timeout = timeout
        self.clock = clock
        self.sleep = sleep
        self.wording = wording
        self.read = self._read if read is None else read

    def send(self, question: Question, stop: Stop | None = None) -> Any:
        """Return the JSON that a request is answered with.

        Raises:
            ExhaustedError: the key has no queries left.
            StoppedError: no more shall be sent.
            FailedError: it was refused, or failed again and again.
        """
        stop = Stop() if stop is None else stop
        tries = Tries(self.retries, self.patience, self.clock)
        while True:
            try:
                self._wait_for_turn(stop, tries)
                return self._once(question, stop)
            except ExhaustedError as error:
                error.metered |= tries.metered
                raise
            except AgainError as error:
                wait = tries.wait_after(error.wait, error.metered)
                if wait is None:
                    raise self._given_up(question, error, tries) from error
            self._pause(wait, stop, tries)

    def _given_up(self, question: Question, error: AgainError, tries: Tries) -> FailedError:
        asked = "" if error.wait is None else f" (wait {error.wait:.0f} seconds, it says)"
        times = "1 try" if tries.count == 1 else f"{tries.count} tries"
        return FailedError(
            f"Expected an answer from {self.url} to {question.name}, got {error}{asked} after "
            f"{times}. {error.fix} {self.wording.again}",
            tries.metered,
        )

    def _wait_for_turn(self, stop: Stop, tries: Tries) -> None:
        while wait := self.bucket.take():
            self._pause(wait, stop, tries)
        self._pause(0, stop, tries)

    def _pause(self, seconds: float, stop: Stop, tries: Tries) -> None:
        """Wait, unless no more shall be sent."""
        if seconds:
            (self.sleep or stop.wait)(seconds)
        if stop.is_set:
            raise StoppedError(
                f"Expected an answer from {self.url}, got none before it was stopped. Do the same "
                "again to go on.",
                tries.metered,
            )

    def _request(self, question: Question) -> httpx.Request:
        import httpx

        text = self.api.key_format.replace("{key}", question.secret) if question.secret else ""
        headers = {
            "User-Agent": f"quorate/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            **question.headers,
        }
        body = dict(question.body)
        if not text:
            pass  # a request that anyone may make
        elif self.api.key_in == "header":
            headers[self.api.key_name] = text
        else:
            body["params"] = {self.api.key_name: text}
        return httpx.Request(
            question.method,
            self.url + question.path,
            headers=headers,
            extensions={"timeout": httpx.Timeout(self.timeout).as_dict()},
            **body,
        )

    def _once(self, question: Question, stop: Stop) -> Any:
        """Send a request once, and return the JSON that it is answered with."""
        import httpx

        from quorate.test_time.http.line import ending

        limit = time.monotonic() + self.timeout

        def end() -> float:
            return min(limit, stop.until)

        def check() -> None:
            if time.monotonic() > end():
                raise httpx.ReadTimeout("no whole answer in time")

        try:
            with ending(end):
                response = self.transport.handle_request(self._request(question))
                try:
                    body = read_body(response, question.most, check)
                finally:
                    response.close()
        except httpx.HTTPError as error:
            raise self._lost(error, question) from None
        except UnreadableError as error:
            if response.is_success:
                raise FailedError(
                    f"Expected a readable answer from {self.url} to {question.name}, got {error}. "
                    "Ask its operator.",
                    metered=True,
                ) from None
            body = b""
        return self.read(response, body, question)

    def _lost(self, error: httpx.HTTPError, question: Question) -> Exception:
        """Return what a request that was not answered comes to."""
        import httpx

        kinds = [type(cause) for cause in _causes(error)]
        unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError)
        came = one_line(without(f"{type(error).__name__}: {error}", question.secret))
        slow = isinstance(error, httpx.TimeoutException) and not unsent
        fix = self.wording.slow if slow else self.wording.address
        lasting = any(issubclass(kind, ssl.SSLCertVerificationError) for kind in kinds)
        lasting |= any(_unknown_host(cause) for cause in _causes(error))
        lasting |= isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol)
        if lasting or not isinstance(error, httpx.TransportError):
            return FailedError(
                f"Expected an answer from {self.url} to {question.name}, got {came}. "
                f"{self.wording.lasting}",
                metered=False,
            )
        return AgainError(came, fix, metered=not unsent)

    def _read(self, response: httpx.Response, body: bytes, question: Question) -> Any:
        """Return a response's JSON, or raise what its status means."""
        status, plain, secret = response.status_code, read_json(body), question.secret
        said = told(body, plain, secret)
        if response.is_success:
            if plain is None:
                raise FailedError(
                    f"Expected JSON from {self.url}, got {said!r}. Check predict_path.",
                    metered=True,
                )
            return plain
        came = f"{status}: {said}".rstrip(". ")
        text = body.decode("utf-8", "replace")
        if status == 402 or (
            status == self.api.exhausted_status and self.api.exhausted_code in text
        ):
            raise ExhaustedError(
                f"Expected queries left for {question.name}, got {came}. Ask with other keys.",
                _affordable(plain),
            )
        wait = read_retry_after(response.headers.get_list("retry-after"))
        if status in PASSING or (status >= 400 and wait is not None):
            fix = self.wording.fixes.get(status, self.wording.later)
            raise AgainError(came, fix, metered=status >= 500, wait=wait)
        fix = self.wording.fixes.get(status, "Check the address, or ask its operator.")
        if response.has_redirect_location:
            to = one_line(without(response.headers["location"], secret))
            came = f"{status}, which leads to {to}"
            fix = "Give that address, if it may have the keys."
        raise FailedError(
            f"Expected an answer from {self.url} to the key {question.name}, got {came}. {fix}",
            metered=status >= 500,
        )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that led to it."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _unknown_host(error: BaseException) -> bool:
    """Whether there is no host of that name; a resolver that fails for now is something else."""
    return isinstance(error, socket.gaierror) and error.errno in (
        socket.EAI_NONAME,
        getattr(socket, "EAI_NODATA", None),
    )


def _affordable(plain: Any) -> list[int]:
    inner = plain.get("error") if isinstance(plain, dict) else None
    places = inner.get("affordable") if isinstance(inner, dict) else None
    return [p for p in places if type(p) is int] if isinstance(places, list) else []
