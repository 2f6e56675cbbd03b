"""A server in a thread of the test, at a port of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from quorate.test_time.http.server import listening

if TYPE_CHECKING:
    from uvicorn import Server

PATIENCE = 20  # seconds


def quiet_server(app: Any) -> Server:
    """Return a server of an application that writes no log."""
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(app, log_config=None, log_level="warning", access_log=False)
    )


@contextmanager
def in_a_thread(server: Server) -> Iterator[int]:
    """Serve until the test is done with it; the port is given."""
    with listening("127.0.0.1", 0) as sock:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield int(sock.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
