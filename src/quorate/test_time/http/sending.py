"""One request: sent at a rate, tried again where that may help, explained where it does not."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from quorate.errors import PlatformError, QuotaError
from quorate.test_time.http.api import API
from quorate.test_time.http.rate import TokenBucket

if TYPE_CHECKING:
    import httpx
    import tenacity

PASSING = {429, 500, 502, 503, 504}  # these may be answered at another time
LONGEST = 60.0  # seconds between two tries, where the server does not say
FIXES = {
    400: "Mend the API's description.",
    401: "Give the right key, and check key_in, key_name and key_format.",
    403: "Give a key that may ask here.",
    404: "Check the address and the API's paths.",
    405: "Check the API's paths.",
    413: "Set images_at_once lower.",
    415: "Set another encoding.",
    422: "Check the images' shape and the API's encoding and image_at.",
}


class FailedError(PlatformError):
    """A request came to nothing.

    Args:
        message: sentence that says what was expected, what came and the fix.
        metered: whether the platform may have counted its images.
    """

    def __init__(self, message: str, metered: bool) -> None:
        super().__init__(message)
        self.metered = metered


class ExhaustedError(FailedError, QuotaError):
    """A key has no queries left; ``affordable`` are places of images it would still be answered."""

    def __init__(self, message: str, affordable: list[int]) -> None:
        super().__init__(message, metered=False)
        self.affordable = affordable


class _AgainError(Exception):
    """Worth another try, after ``wait`` seconds where the server names them."""

    def __init__(self, came: str, wait: float | None = None, metered: bool = True) -> None:
        super().__init__(came)
        self.wait = wait
        self.metered = metered


class Sender:
    """Sends requests to one address. Threads may share it.

    Args:
        client: its address, timeouts and connections.
        api: protocol of the address.
        bucket: its rate, over all keys.
        retries: tries after the first that failed. A wait that the server asks for is none.
        patience: seconds that are waited at the server's word, for one request.
        sleep: waits.
    """

    def __init__(
        self,
        client: httpx.Client,
        api: API,
        bucket: TokenBucket,
        retries: int,
        patience: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client = client
        self.api = api
        self.bucket = bucket
        self.retries = retries
        self.patience = patience
        self.sleep = sleep

    def send(
        self, method: str, path: str, name: str, secret: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the JSON that a request under one key is answered with.

        Raises:
            ExhaustedError: the key has no queries left.
            FailedError: it was refused, or failed again and again.
        """
        import tenacity

        tries = _Tries(self.retries, self.patience)
        request = self._authorized(secret, body or {})
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_AgainError),
            stop=tries.over,
            wait=tries.wait,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return again(self._once, method, path, name, secret, request)
        except _AgainError as error:
            raise FailedError(
                f"Expected an answer from {self.client.base_url} to {name}, got "
                f"{error} after {tries.count} tries. What was answered is stored: do the "
                "same again later to go on.",
                tries.metered,
            ) from error

    def _authorized(self, secret: str, body: Mapping[str, Any]) -> dict[str, Any]:
        text = self.api.key_format.replace("{key}", secret)
        where = "headers" if self.api.key_in == "header" else "params"
        return {**body, where: {self.api.key_name: text}}

    def _once(
        self, method: str, path: str, name: str, secret: str, request: Mapping[str, Any]
    ) -> Any:
        import httpx

        while wait := self.bucket.take():
            self.sleep(wait)
        try:
            response = self.client.request(method, path, **request)
        except httpx.TransportError as error:
            unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            came = f"{type(error).__name__}: {error}".replace(secret, "***")
            raise _AgainError(came, metered=not unsent) from None
        except httpx.RequestError as error:
            came = f"{type(error).__name__}: {error}".replace(secret, "***")
            raise FailedError(
                f"Expected an answer from {self.client.base_url}, got {came}. Check the address.",
                metered=True,
            ) from None
        return self._read(response, name, secret)

    def _read(self, response: httpx.Response, name: str, secret: str) -> Any:
        """Return a response's JSON, or raise what its status means."""
        status, plain = response.status_code, _json(response)
        if response.is_success:
            if plain is None:
                raise FailedError(
                    f"Expected JSON from {self.client.base_url}, got "
                    f"{_text(response, secret)!r}. Check predict_path.",
                    metered=True,
                )
            return plain
        said = _message(plain) or _text(response, secret)
        came = f"{status}: {said}".replace(secret, "***").rstrip(". ")
        spent = status == self.api.exhausted_status and self.api.exhausted_code in response.text
        if spent or status == 402:
            raise ExhaustedError(
                f"Expected queries left for {name}, got {came}. Ask with other keys.",
                _affordable(plain),
            )
        if status in PASSING:
            wait = _retry_after(response.headers.get("retry-after"))
            raise _AgainError(came, wait if status in (429, 503) else None, metered=status != 429)
        if response.has_redirect_location:
            came = f"{status}, which leads to {response.headers['location']}".replace(secret, "***")
        fix = FIXES.get(status, "Check the address, or ask its operator.")
        raise FailedError(
            f"Expected an answer from {self.client.base_url} to the key {name}, got {came}. {fix}",
            metered=status >= 500,
        )


class _Tries:
    """The tries of one request: how many, how long waited, whether one may have been metered."""

    def __init__(self, retries: int, patience: float) -> None:
        import tenacity

        self.retries = retries
        self.patience = patience
        self.count = 0
        self.failed = 0
        self.waited = 0.0
        self.metered = False
        self._backoff = tenacity.wait_random_exponential(multiplier=0.5, max=LONGEST)

    def over(self, state: tenacity.RetryCallState) -> bool:
        """Note one try, and return whether it was the last one."""
        error = state.outcome.exception() if state.outcome else None
        self.count += 1
        if isinstance(error, _AgainError):
            self.metered |= error.metered
            if error.wait is not None:
                self.waited += error.wait
                return self.waited > self.patience
        self.failed += 1
        return self.failed > self.retries

    def wait(self, state: tenacity.RetryCallState) -> float:
        """Return the seconds until the next try, none of two requests' alike."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, _AgainError) else None
        jitter = self._backoff(state)
        return jitter if asked is None else asked + min(jitter, 0.25)


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _text(response: httpx.Response, secret: str) -> str:
    text = response.text.replace(secret, "***").strip()
    return text[:200] + ("..." if len(text) > 200 else "")


def _message(plain: Any) -> str:
    """Return what a JSON error says, in the common places."""
    inner = plain.get("error", plain) if isinstance(plain, dict) else {}
    if isinstance(inner, str):
        return inner
    said = inner.get("message") or inner.get("detail") if isinstance(inner, dict) else None
    return said[:400] if isinstance(said, str) else ""


def _affordable(plain: Any) -> list[int]:
    inner = plain.get("error") if isinstance(plain, dict) else None
    places = inner.get("affordable") if isinstance(inner, dict) else None
    return [p for p in places if type(p) is int] if isinstance(places, list) else []


def _retry_after(value: str | None) -> float | None:
    """Return the seconds that Retry-After asks for: a number, or a date."""
    if value is None:
        return None
    try:
        return max(0.0, min(float(value), 1e9))
    except ValueError:
        pass
    try:
        until = email.utils.parsedate_to_datetime(value)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    except ValueError:
        return None
