"""A platform that is served over HTTP, in a thread of the test."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from quorate.test_time.platforms.in_process import load_platform


@contextmanager
def served(folder: Path, keys: Path, members: int, budget: int | None) -> Iterator[str]:
    """Serve the platform of a folder at a free port, in a thread."""
    uvicorn = pytest.importorskip("uvicorn")
    from quorate.test_time.http.app import app
    from quorate.test_time.http.server import listening, make_keys, write_keys

    secrets = make_keys(members)
    write_keys(keys, secrets)
    made = app(load_platform(folder), keys.parent / "platform.ledger", secrets, budget, None)
    with listening("127.0.0.1", 0) as sock:
        config = uvicorn.Config(made, log_config=None, log_level="warning", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)
