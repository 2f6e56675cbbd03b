"""How often one address or one secret may ask: in memory alone, never stored, never logged."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quorate.collective.secrets import hash_secret
from quorate.test_time.http.rate import TokenBucket, parse_rate
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_HELD = 50_000  # addresses, or secrets; those that asked longest ago are forgotten


@dataclass(frozen=True)
class Rates:
    """How often one may ask.

    Args:
        secret: requests of one member or organiser.
        address: requests without a secret from one address.
        failures: wrong secrets, links and addresses of campaigns from one address.
    """

    secret: str = "300/min"
    address: str = "1200/min"
    failures: str = "30/min"


class Limit:
    """One rate, kept apart for each who asks.

    Args:
        rate: such as 300/min; ``none`` lets everything through.
        clock: gives the time, in seconds.
    """

    def __init__(self, rate: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = parse_rate(rate)
        self._clock = clock
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: str) -> None:
        """Count one request.

        Raises:
            RefusedError: there were too many.
        """
        if self._rate is None:
            return
        with self._lock:
            bucket = self._buckets.pop(who, None) or TokenBucket(self._rate, self._clock)
            self._buckets[who] = bucket
            if len(self._buckets) > MOST_HELD:
                self._buckets.popitem(last=False)
        wait = bucket.take()
        if wait:
            seconds = math.ceil(wait)
            raise RefusedError(
                429,
                "rate_limited",
                f"Expected at most {self._rate.requests} requests in {self._rate.seconds:g} "
                f"seconds, got more. Wait {seconds} s, then try again: nothing is lost.",
                {"Retry-After": str(seconds)},
            )


class Limits:
    """All rates of one server.

    Args:
        rates: how often one may ask.
        hops: proxies in front of this server whose X-Forwarded-For is believed.
        clock: gives the time, in seconds.
    """

    def __init__(
        self, rates: Rates, hops: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._hops = hops
        self._secret = Limit(rates.secret, clock)
        self._address = Limit(rates.address, clock)
        self._failures = Limit(rates.failures, clock)

    def known(self, secret: str) -> None:
        """Count a request under a secret that is right."""
        self._secret.take(hash_secret(secret))

    def stranger(self, request: Request) -> None:
        """Count a request without a secret."""
        self._address.take(address_of(request, self._hops))

    def failed(self, request: Request) -> None:
        """Count a wrong secret. A right one is let through whatever others at the address try."""
        self._failures.take(address_of(request, self._hops))


def address_of(request: Request, hops: int) -> str:
    """Return the network that a request comes from: an IPv4 address, or 64 bits of an IPv6 one."""
    named = request.client.host if request.client else ""
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    if hops and len(forwarded) >= hops:
        named = forwarded[-hops].strip()
    try:
        address = ipaddress.ip_address(named.partition("%")[0])
    except ValueError:
        return named[:64]
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)
