"""A coordinator that is served over HTTP, in a thread of the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from threaded_server import in_a_thread
from web_visitors import UNLIMITED

from quorate.collective.serving import Coordinator, opened
from quorate.collective.web.site import Settings
from quorate.test_time.http.connections import Connections, make_server


@dataclass(frozen=True)
class Served:
    """A coordinator's address, the link that sets up campaigns, and what is behind them."""

    url: str
    setup: str
    coordinator: Coordinator


@contextmanager
def served_coordinator(
    database: str | Path,
    settings: Settings = Settings(rates=UNLIMITED),  # noqa: B008  # nothing changes it
) -> Iterator[Served]:
    """Serve a coordinator at a free port, in a thread."""
    with (
        opened(str(database), settings) as made,
        in_a_thread(make_server(made.app, Connections(200))) as port,
    ):
        url = f"http://127.0.0.1:{port}"
        yield Served(url, f"{url}/new/{made.setup}", made)
