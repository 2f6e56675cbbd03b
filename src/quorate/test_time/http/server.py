"""Serve a platform from one folder: its keys, its meter, its address."""

from __future__ import annotations

import contextlib
import errno
import gc
import ipaddress
import secrets
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from quorate.errors import InputError
from quorate.extras import require
from quorate.printable import one_line
from quorate.runtime.files import make_file
from quorate.runtime.progress import tell
from quorate.test_time.http.app import app
from quorate.test_time.http.service import check_limits
from quorate.test_time.platforms.platform import EVALUATION, Platform
from quorate.validate import at_least, in_interval

KEYS = "keys.txt"
LEDGER = "platform.ledger"
MOST_KEYS = 100_000


def make_keys(n: int) -> dict[str, str]:
    """Return new secrets for n members, and one for measuring.

    >>> list(make_keys(2))
    ['member-0001', 'member-0002', 'evaluation']

    Raises:
        InputError: n is below 1, or beyond ``MOST_KEYS``.
    """
    at_least("keys", n, 1, "Make at least one member's key.")
    in_interval("keys", n, 1, MOST_KEYS, "Serve so many members from several folders.")
    names = [*(f"member-{i:04}" for i in range(1, n + 1)), EVALUATION]
    return {name: secrets.token_urlsafe(24) for name in names}


def write_keys(path: str | Path, keys: Mapping[str, str]) -> None:
    """Write ``NAME SECRET`` lines to a new file that its owner alone can read, or nothing at all.

    Raises:
        InputError: there is a file already, or none can be made.
    """
    text = "".join(f"{name} {secret}\n" for name, secret in keys.items())
    try:
        make_file(Path(path), text.encode(), 0o600)
    except OSError as error:
        raise InputError(
            f"Expected to make a file of keys at {path}, got: {error.strerror or error}. Make "
            "room, or choose another place."
        ) from None


def read_keys(path: str | Path) -> dict[str, str]:
    """Return the names and secrets in a file of ``NAME SECRET`` lines, # before a comment.

    Raises:
        InputError: it is not there, or a line is something else. No message shows a secret.
    """
    try:
        # Some editors begin a file of UTF-8 with a mark.
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(
            f"Expected a file of keys at {path}, got: {error.strerror or error}. The server makes "
            f"one, {KEYS} in its folder; for another API write a name and a secret a line."
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"Expected text in {path}, got other bytes. Give the keys file.") from None
    keys: dict[str, str] = {}
    seen: set[str] = set()  # secrets
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        wrong = _what_is_wrong(words, keys, seen)
        if wrong:
            raise InputError(
                f"Expected a new name and its secret in line {number} of {path}, got {wrong}. "
                "Write one key a line, as in: member-0001 SECRET. If the file was cut short, "
                "delete it, and a server makes new keys."
            )
        keys[words[0]] = words[1]
        seen.add(words[1])
    if not keys:
        raise InputError(
            f"Expected keys in {path}, got none. Write one a line, as in: member-0001 SECRET; a "
            "server makes new ones where there is no such file."
        )
    return keys


def _what_is_wrong(words: list[str], keys: Mapping[str, str], seen: set[str]) -> str:
    """Return what a line of keys has that it should not, or nothing. It shows no secret."""
    if len(words) != 2:
        return f"{len(words)} words"
    name, secret = words
    if name in keys or secret in seen:
        return "a name or secret seen above"
    if not (secret.isascii() and secret.isprintable()):
        return "a secret that is not of printable ASCII, which no header can carry"
    return ""


def serve(
    platform: Platform,
    folder: str | Path,
    keys: int | None = None,
    budget: int | None = None,
    rate: str | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
) -> None:
    """Serve a platform until it is interrupted; started again on its folder, it goes on counting.

    Args:
        platform: platform that answers.
        folder: folder of ``keys.txt`` and ``platform.ledger``, which are made if missing.
        keys: number of members' keys to make, 100 by default; a file of keys must have as many.
        budget: queries per key; None is without end.
        rate: requests per key, such as 5/s or 100/min; None is without end.
        host, port: where to listen; port 0 takes any free one.

    Raises:
        InputError: the extra ``server`` is not installed, the port is taken, or an argument or
            the file of keys is not usable.
        StoreError: the ledger cannot be used.
    """
    require("server", "a server")
    from quorate.test_time.http.connections import Connections, make_server, raise_file_limit

    folder = Path(folder)
    check_limits(budget, rate)
    host = host.removeprefix("[").removesuffix("]")
    with listening(host, port) as sock:  # first: where that fails, no files are made
        made = app(platform, folder / LEDGER, _keys_of(folder, keys), budget, rate)
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{sock.getsockname()[1]}"
        print(f"{one_line(platform.card.id)} answers at {url}, described at {url}/docs", flush=True)
        print(f"keys: {folder / KEYS}   meter: {folder / LEDGER}   Ctrl-C stops it", flush=True)
        if not is_here(sock):
            tell(
                f"Warning: other machines can reach {url}, and keys and pictures travel to it in "
                "the open. Leave --host out to answer this machine alone, and let a proxy with TLS "
                "face the others."
            )
        connections = Connections(raise_file_limit())
        with contextlib.suppress(KeyboardInterrupt), collecting_seldom():
            make_server(made, connections).run(sockets=[sock])


@contextlib.contextmanager
def collecting_seldom() -> Iterator[None]:
    """Let Python not look through all modules for garbage again and again: a quarter of the time.

    Requests make small objects by the hundred, and every 70,000 of them had all there is searched.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def is_here(sock: socket.socket) -> bool:
    """Return whether a socket listens to this machine alone."""
    return ipaddress.ip_address(sock.getsockname()[0].partition("%")[0]).is_loopback


def _keys_of(folder: Path, wanted: int | None) -> dict[str, str]:
    """Return the keys of a folder; new ones where there are none."""
    path = folder / KEYS
    if not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"Expected a folder at {folder}, got: {error.strerror}. Choose another one."
            ) from None
        try:
            write_keys(path, make_keys(100 if wanted is None else wanted))
        except InputError:
            if not path.exists():  # else another server has just made them
                raise
    known = read_keys(path)
    members = len(known) - (EVALUATION in known)
    if wanted is not None and wanted != members:
        raise InputError(
            f"Expected {wanted} members' keys in {path}, got {members}. Leave the number out to "
            "use them, or choose another folder."
        )
    return known


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a socket that listens, until it is closed.

    Raises:
        InputError: the host or the port cannot be listened at.
    """
    if not host.strip():
        raise InputError(
            f"Expected a host to listen on, got {host!r}. Leave it out to answer this machine "
            "alone; 0.0.0.0 answers all others too."
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: only then does asyncio send small answers at once (TCP_NODELAY).
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            sock.listen()
        except (OSError, OverflowError, ValueError, TypeError) as error:
            raise InputError(
                f"Expected to listen at {one_line(host)}:{port}, got: "
                f"{_why_not(error)}. {_other_place(error)}"
            ) from None
        yield sock


def _why_not(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return one_line(said).rstrip(".")


def _other_place(error: Exception) -> str:
    """Return what to do where an address cannot be listened at: the host is wrong, or the port."""
    unknown = isinstance(error, socket.gaierror | ValueError | TypeError)
    elsewhere = isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL
    if unknown or elsewhere:
        return "Give a name or an address of this machine, such as 127.0.0.1, as --host."
    return "Choose another port, or 0 for any free one."
