"""A platform that is served over HTTP: in a thread of the test, or by the command."""

import shutil
import subprocess
import sys
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


@contextmanager
def served_by_command(folder: Path, keys: int) -> Iterator[str]:
    """Serve the platform of a folder by ``quorate platform serve``, at a free port.

    The keys are in ``keys.txt`` of the folder. It ends with this process, however that ends.
    """
    command = [sys.executable, "-m", "quorate", "platform", "serve", "--model", str(folder)]
    command += ["--keys", str(keys), "--port", "0"]
    if shutil.which("setpriv"):
        command = ["setpriv", "--pdeathsig", "KILL", *command]
    with open(folder.parent / "platform.log", "w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    with process, process.stdout:
        try:
            said = process.stdout.readline().split()
            assert "at" in said, (folder.parent / "platform.log").read_text()[-2000:]
            yield said[said.index("at") + 1].rstrip(",")
        finally:
            process.kill()
