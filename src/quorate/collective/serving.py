"""Serve a coordinator: its database, its one writer, its pages, its address."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from quorate.collective import secrets
from quorate.errors import InputError, reason
from quorate.extras import require
from quorate.printable import printable
from quorate.runtime.files import replace_file
from quorate.runtime.progress import tell

if TYPE_CHECKING:
    from fastapi import FastAPI

    from quorate.collective.storage.database import Database
    from quorate.collective.storage.writer import Writer
    from quorate.collective.web.site import Settings
    from quorate.executors.executor import Executor


@dataclass(frozen=True, eq=False)
class Coordinator:
    """A coordinator whose database is open, and whose writer runs.

    Args:
        database, writer: where everything is.
        app: its pages and API.
        setup: the secret with which campaigns are set up, if it was made just now; else empty.
    """

    database: Database
    writer: Writer
    app: FastAPI
    setup: str


@contextlib.contextmanager
def opened(
    database: str,
    settings: Settings | None = None,
    *,
    new_setup: bool = False,
    executor: Executor | None = None,
) -> Iterator[Coordinator]:
    """Yield a coordinator, ready to be served.

    Args:
        database: path of an SQLite file, or postgresql://USER@HOST/NAME.
        settings: how it is reached.
        new_setup: whether to make a new set-up secret, as at the first start.
        executor: where changes are crafted and measured; by default a process of its own here.

    Raises:
        InputError: an extra is not installed, or the address of the database is none.
        StoreError: the database cannot be used, or another server uses it.
    """
    require("collective", "a coordinator")
    from quorate.collective.publishing.runner import Publisher
    from quorate.collective.service.campaigns import lapse_overdue
    from quorate.collective.service.leases import take_back_overdue
    from quorate.collective.service.setup import SetSetup, has_setup
    from quorate.collective.storage.database import Database
    from quorate.collective.storage.writer import Writer, forget_replies
    from quorate.collective.web.app import app

    chores = (lapse_overdue, take_back_overdue, forget_replies)
    with Database(database) as found, Writer(found, chores) as writer:
        setup = ""
        with found.read() as connection:
            is_first = not has_setup(connection)
        if new_setup or is_first:
            setup = secrets.new_nonce()
            writer.do(SetSetup(setup), actor="server")
        with Publisher(found, writer, executor):
            yield Coordinator(found, writer, app(found, writer, settings), setup)


def serve(
    database: str,
    host: str = "127.0.0.1",
    port: int = 8000,
    settings: Settings | None = None,
    *,
    new_setup: bool = False,
    setup_file: Path | None = None,
    announce: Callable[[str], Iterable[str]] = lambda _: (),
    executor: Executor | None = None,
) -> None:
    """Serve a coordinator until it is interrupted; started again on its database, it goes on.

    Args:
        database: path of an SQLite file, or postgresql://USER@HOST/NAME.
        host, port: where to listen; port 0 takes any free one.
        settings: how it is reached.
        new_setup: whether to make a new set-up secret, as at the first start.
        setup_file: file that gets the link which sets up campaigns, in place of being printed.
        announce: returns more lines to print, once the address is known.
        executor: where changes are crafted and measured; by default a process of its own here.

    Raises:
        InputError: an extra is not installed, the port is taken, or an argument is not usable.
        StoreError: the database cannot be used, or another server uses it.
    """
    require("collective", "a coordinator")
    from quorate.test_time.http.connections import Connections, make_server, raise_file_limit
    from quorate.test_time.http.server import collecting_seldom, is_here, listening
    from quorate.test_time.http.sparing import Sparing

    host = host.removeprefix("[").removesuffix("]")
    with (
        listening(host, port) as sock,
        opened(database, settings, new_setup=new_setup, executor=executor) as found,
    ):
        shown = f"[{host}]" if ":" in host else host
        url = (settings.public_url if settings else "").rstrip("/")
        url = url or f"http://{shown}:{sock.getsockname()[1]}"
        print(f"The collective meets at {url}", flush=True)
        link = f"{url}/new/{found.setup}"
        if found.setup and setup_file is not None:
            _keep_link(setup_file, link)
            print(f"set up campaigns with the link in {setup_file}", flush=True)
        elif found.setup:
            print(f"set up campaigns at {link}   (shown once)", flush=True)
        for line in announce(url):
            print(printable(line), flush=True)
        print(f"database: {found.database.shown}   Ctrl-C stops it", flush=True)
        if not is_here(sock) and not (settings and settings.is_secure):
            tell(
                f"Warning: other machines can reach {url}, and secrets travel to it in the open. "
                "Leave --host out to answer this machine alone, and let a proxy with TLS face the "
                "others."
            )
        Sparing.watch(logging.getLogger("quorate.collective.web.guard"))
        connections = Connections(raise_file_limit())
        with contextlib.suppress(KeyboardInterrupt), collecting_seldom(), _switching_often():
            make_server(found.app, connections).run(sockets=[sock])


def _keep_link(path: Path, link: str) -> None:
    """Write a link to a file that only its owner can read."""
    try:
        replace_file(path, f"{link}\n".encode(), 0o600)
    except OSError as error:
        raise InputError(
            f"Expected to write the link to {path}, got: {reason(error)}. Name another file, and "
            "give --new-setup: the first link is lost."
        ) from None


@contextlib.contextmanager
def _switching_often() -> Iterator[None]:
    """Let Python's threads take turns every half a millisecond, in place of five.

    The writer waits for the database some ten times a request, and each time for its turn again.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
