"""A coordinator that is served over HTTP, in a thread of the test."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from web_visitors import UNLIMITED

from quorate.collective.serving import Coordinator, opened
from quorate.collective.web.site import Settings
from quorate.test_time.http.connections import Connections, make_server
from quorate.test_time.http.server import listening


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
        listening("127.0.0.1", 0) as sock,
        opened(str(database), settings) as made,
    ):
        server = make_server(made.app, Connections(200))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            url = f"http://127.0.0.1:{sock.getsockname()[1]}"
            yield Served(url, f"{url}/new/{made.setup}", made)
        finally:
            server.should_exit = True
            thread.join(20)
