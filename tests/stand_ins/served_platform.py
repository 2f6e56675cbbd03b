"""A platform that is served over HTTP, in a thread of the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from threaded_server import in_a_thread, quiet_server

from quorate.test_time.platforms.in_process import load_platform


@contextmanager
def served(folder: Path, keys: Path, members: int, budget: int | None) -> Iterator[str]:
    """Serve the platform of a folder at a free port, in a thread."""
    pytest.importorskip("uvicorn")
    from quorate.test_time.http.app import app
    from quorate.test_time.http.server import make_keys, write_keys

    secrets = make_keys(members)
    write_keys(keys, secrets)
    made = app(load_platform(folder), keys.parent / "platform.ledger", secrets, budget, None)
    with in_a_thread(quiet_server(made)) as port:
        yield f"http://127.0.0.1:{port}"
