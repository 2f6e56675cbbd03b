"""A PostgreSQL on this machine, for the time of a test process, from the system's own packages."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

INSTALLED = Path("/usr/lib/postgresql")  # Debian's packages, a folder a version
PATIENCE = 30  # seconds
OWNER = "quorate"  # within the database
HASTE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def why_no_postgres() -> str:
    """Return why there can be no PostgreSQL here; empty where there can."""
    if (programs := _programs()) is None:
        return "no initdb: apt-get install postgresql"
    if missing := [
        name for name in ("initdb", "postgres", "psql") if not (programs / name).exists()
    ]:
        return f"no {', '.join(missing)} in {programs}: apt-get install postgresql"
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        return "PostgreSQL does not run as root, and setpriv is not there to leave root"
    return ""


@dataclass
class PostgresCluster:
    """A PostgreSQL that answers at a socket in a folder of its own, and at no port.

    Args:
        folder: where it lives: short, for a socket's path has at most 107 characters.
        durable: whether a commit waits for the disk, as in use; without, tests are faster.
    """

    folder: Path
    durable: bool = False
    _process: subprocess.Popen[bytes] | None = None
    _made: int = field(default=0)

    def begin(self) -> None:
        """Make the cluster and start it; return when it answers."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, _not_root())
        options = ("-A", "trust", "-U", OWNER, "--no-sync", "--no-locale", "-E", "UTF8")
        words = self._words("initdb", "-D", f"{self.folder}/data", *options)
        made = subprocess.run(words, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        self.start()

    def start(self) -> None:
        """Start the cluster as it lies there; a second start is that after a crash."""
        told = {"listen_addresses": "", "unix_socket_directories": str(self.folder)}
        told |= {"max_connections": "50"} | ({} if self.durable else HASTE)
        settings = [word for name, value in told.items() for word in ("-c", f"{name}={value}")]
        words = self._words("postgres", "-D", f"{self.folder}/data", *settings)
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + PATIENCE
        while self._ask("SELECT 1") is None:
            gone = self._process.poll() is not None or time.monotonic() > end
            assert not gone, (self.folder / "log").read_text()
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it: at once by SIGQUIT, or by SIGKILL, which kills all of its processes."""
        if self._process is None:
            return
        if how == signal.SIGKILL:
            os.killpg(self._process.pid, how)
        else:
            self._process.send_signal(how)
        self._process.wait(PATIENCE)
        self._process = None

    def new_database(self, template: str = "template0") -> str:
        """Return the address of a database that is as the template is: ``template0`` is empty.

        Args:
            template: the name of a database to copy, which nobody is connected to.
        """
        self._made += 1
        name = f"test_{self._made}"
        assert self._ask(f"CREATE DATABASE {name} TEMPLATE {template}") is not None
        return f"postgresql://{OWNER}@/{name}?host={self.folder}"

    def drop(self, address: str) -> None:
        """Remove a database, also from under those who are connected to it."""
        name = address.partition("@/")[2].partition("?")[0]
        assert self._ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)") is not None

    def _ask(self, statement: str) -> str | None:
        words = ("-h", str(self.folder), "-U", OWNER, "-d", "postgres", "-qAtX", "-c", statement)
        said = subprocess.run(
            [str(_programs() / "psql"), *words],  # type: ignore[operator]
            capture_output=True,
            text=True,
        )
        return said.stdout if said.returncode == 0 else None

    def _words(self, program: str, *words: str) -> list[str]:
        """Return what runs a program: not as root, and no longer than this process."""
        before = []
        if shutil.which("setpriv"):
            before = ["setpriv", "--pdeathsig", "QUIT"]
            if os.geteuid() == 0:
                user = pwd.getpwnam(_not_root())
                before += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        return [*before, str(_programs() / program), *words]  # type: ignore[operator]


@contextlib.contextmanager
def postgres_cluster(durable: bool = False) -> Iterator[PostgresCluster]:
    """Yield a PostgreSQL that answers, and end it and remove its files afterwards."""
    with tempfile.TemporaryDirectory(prefix="quorate-pg-", ignore_cleanup_errors=True) as folder:
        cluster = PostgresCluster(Path(folder), durable)
        try:
            cluster.begin()
            yield cluster
        finally:
            cluster.stop()


def _programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, the newest of several."""
    versions = [one for one in INSTALLED.glob("*/bin") if (one / "initdb").exists()]
    if versions:
        return max(versions, key=lambda one: float(one.parent.name))
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def _not_root() -> str:
    """Return a user that PostgreSQL may run as."""
    names = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
