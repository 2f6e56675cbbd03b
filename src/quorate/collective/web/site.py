"""What every page and answer uses: the database, the writer, templates, limits, addresses."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import anyio.to_thread
from sqlalchemy import select

from quorate.collective.secrets import derive_secret
from quorate.collective.storage import schema
from quorate.collective.web.fields import UPLOAD_BYTES
from quorate.collective.web.limits import Limits, Rates
from quorate.collective.web.rendering import Rendering
from quorate.collective.web.told_outcomes import WatchedCampaigns
from quorate.collective.web.told_source import Sources
from quorate.errors import InputError
from quorate.test_time.http.desk import Room

if TYPE_CHECKING:
    from starlette.requests import Request

    from quorate.collective.storage.database import Database
    from quorate.collective.storage.writer import Body, Operation, Writer

HELD_BYTES = 96 * 1024 * 1024  # of the bodies of all requests at once
THREADS = 8  # that read at once: more would wait for one another
T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """How a coordinator is reached.

    Args:
        public_url: address that people use, such as https://collective.example.org; empty takes
            that of each request. With https, cookies travel by TLS alone.
        hops: proxies in front whose X-Forwarded-For is believed.
        rates: how often one may ask.
    """

    public_url: str = ""
    hops: int = 0
    rates: Rates = Rates()

    def __post_init__(self) -> None:
        parts = urlsplit(self.public_url)
        good = parts.scheme in ("http", "https") and parts.netloc and parts.path in ("", "/")
        if self.public_url and not (good and not parts.query and not parts.fragment):
            raise InputError(
                f"Expected a public address such as https://collective.example.org, got "
                f"{self.public_url!r}. A coordinator has a host name of its own."
            )
        if self.hops < 0:
            raise InputError(f"Expected hops of 0 or more, got {self.hops}. Count the proxies.")

    @property
    def is_secure(self) -> bool:
        """Whether people reach it by TLS."""
        return self.public_url.startswith("https:")


class Site:
    """One coordinator's web site.

    Args:
        database, writer: where everything is.
        settings: how it is reached.
        clock: gives the time, in seconds since 1970.
    """

    def __init__(
        self, database: Database, writer: Writer, settings: Settings, clock: Callable[[], float]
    ) -> None:
        self.database = database
        self.writer = writer
        self.settings = settings
        self.clock = clock
        self.limits = Limits(settings.rates, settings.hops)
        self.rendering = Rendering(clock)
        self.sources = Sources()
        self.outcomes = WatchedCampaigns()
        self.room = Room(HELD_BYTES, UPLOAD_BYTES)
        with database.read() as connection:
            self._key = bytes(connection.execute(select(schema.server.c.key)).scalar_one())
            self.signing_key = bytes(
                connection.execute(select(schema.server.c.signing_key)).scalar_one()
            )
        self._threads: anyio.CapacityLimiter | None = None

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Return what a function returns, which may read the database meanwhile."""
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(partial(function, *args), limiter=self._threads)

    async def read(self, function: Callable[..., T], *args: Any) -> T:
        """Return what a function of a connection returns, called in a thread."""

        def read() -> T:
            with self.database.read() as connection:
                return function(connection, *args)

        return await self.in_thread(read)

    async def write(
        self, operation: Operation, *, actor: str, key: str, asked: Mapping[str, Any]
    ) -> Body:
        """Return the answer of an operation, once it is on the disk."""
        return await asyncio.wrap_future(
            self.writer.submit(operation, actor=actor, key=key, asked=asked)
        )

    def derive(self, purpose: str, key: str) -> str:
        """Return a new secret that is the same whenever a request is repeated."""
        return derive_secret(self._key, purpose, key)

    def form_token(self, secret: str) -> str:
        """Return what shows that a form comes from a page that was made for this secret."""
        return hmac.digest(self._key, f"form\0{secret}".encode(), hashlib.sha256).hex()

    def is_form_token(self, token: str, secret: str) -> bool:
        """Return whether a form's token is the one for this secret, in constant time."""
        return hmac.compare_digest(token.encode(), self.form_token(secret).encode())

    def url(self, request: Request, path: str) -> str:
        """Return the whole address of a path, as people reach it."""
        base = self.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return base.rstrip("/") + path
