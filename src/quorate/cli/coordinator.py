"""The commands of who runs a coordinator, and of who checks its record."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quorate.cli.commands import add
from quorate.cli.completion import names_of
from quorate.cli.member import say
from quorate.cli.options import AsJson
from quorate.extras import require

if TYPE_CHECKING:
    from quorate.collective.web.site import Settings

SERVER, RECORD = "The coordinator", "The record"

DATABASE = Path("coordinator") / "coordinator.sqlite"
Database = Annotated[
    str,
    typer.Option(
        help="Path of an SQLite file, or postgresql://USER@HOST/NAME.",
    ),
]


def serve(
    database: Database = str(DATABASE),
    host: Annotated[str, typer.Option(help="Host to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes any free one.")] = 8000,
    public_url: Annotated[
        str,
        typer.Option(
            help="Address that people use, such as https://collective.example, where a proxy with "
            "TLS stands in front."
        ),
    ] = "",
    hops: Annotated[
        int,
        typer.Option(help="Number of proxies in front, whose X-Forwarded-For is believed."),
    ] = 0,
    new_setup: Annotated[
        bool,
        typer.Option(
            "--new-setup", help="Print a new link that lets set up campaigns; the old one ends."
        ),
    ] = False,
    worker: Annotated[
        str | None,
        typer.Option(
            "--executor",
            autocompletion=names_of("executors"),
            help="Executor that crafts and measures changes; by default a process of its own on "
            "this machine, which yields to the server.",
        ),
    ] = None,
    setup: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File to write that link to, which only you can read; by default it is printed.",
        ),
    ] = None,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            help="Fill it with a demonstration campaign of each kind, in a temporary folder unless "
            "--database names another.",
        ),
    ] = False,
) -> None:
    """Serve a coordinator: the web pages where a group plans, joins, pledges, acts and measures.

    At its first start it prints a link that lets set up campaigns. Started again on its database,
    it goes on where it was.

    \b
    quorate collective serve --demo
    quorate collective serve --setup setup.txt
    quorate collective serve --database postgresql://quorate@localhost/quorate \\
                             --public-url https://collective.example --hops 1
    """
    require("collective", "a coordinator")
    from quorate.collective.serving import serve as serve_coordinator
    from quorate.collective.web.site import Settings
    from quorate.executors.choose import choose_executor

    settings = Settings(public_url, hops)
    if not demo:
        executor = None if worker is None else choose_executor(executor=worker)
        make_place(database)
        serve_coordinator(
            database,
            host,
            port,
            settings,
            new_setup=new_setup,
            setup_file=setup,
            executor=executor,
        )
        return
    if database != str(DATABASE):
        serve_demonstration(database, make_place(database), host, port, settings)
        return
    with tempfile.TemporaryDirectory(prefix="quorate-demonstration-") as folder:
        place = str(Path(folder) / DATABASE.name)
        serve_demonstration(place, Path(folder), host, port, settings)


def serve_demonstration(
    database: str, folder: Path, host: str, port: int, settings: Settings
) -> None:
    """Fill a database with demonstration campaigns, and serve it.

    Args:
        database: path of an SQLite file, or postgresql://USER@HOST/NAME.
        folder: where the files with secrets are written.
        host, port, settings: how it is reached.
    """
    from quorate.collective.demonstration.filling import fill
    from quorate.collective.serving import serve as serve_coordinator

    shown = fill(database, time.time())

    def announce(url: str) -> list[str]:
        for one in shown:
            one.write(url, folder)
        return [line for one in shown for line in one.lines(url, folder)]

    serve_coordinator(database, host, port, settings, announce=announce)


def make_place(database: str) -> Path:
    """Return the folder of a database, made where there is none; for PostgreSQL, this one."""
    from quorate.collective.storage.database import read_url
    from quorate.errors import InputError, reason

    url = read_url(database)
    if url.get_backend_name() != "sqlite":
        return Path()
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"Expected a folder for the database at {folder}, got: {reason(error)}. Choose another "
            "--database."
        ) from None
    return folder


def verify(
    record: Annotated[
        str,
        typer.Argument(
            metavar="LOG",
            help="File of a campaign's log, folder of its record, or address of its page.",
        ),
    ],
    key: Annotated[
        str,
        typer.Option(
            help="Public key of the coordinator that you have from elsewhere, to check that the "
            "published change is signed by it."
        ),
    ] = "",
    json: AsJson = False,
) -> None:
    """Check a campaign's log: each entry follows from the one before; exit code 1 if not.

    Every entry holds the digest of the one before: none can be changed, removed or added without
    all digests after it changing. In a record, the published change and its report are checked,
    too. Files are checked on this machine alone.

    \b
    quorate collective verify campaign.jsonl
    quorate collective verify campaign
    quorate collective verify https://collective.example/c/mfqxg2dfoj4gk3tf
    """
    from quorate.collective.client.record import check_record, read_record

    verdict = check_record(read_record(record), key)
    say(verdict.to_json(), verdict.lines(), json)
    if not verdict.holds:
        raise SystemExit(1)


def backup(
    out: Annotated[Path, typer.Argument(help="New file for the copy.")],
    database: Database = str(DATABASE),
    json: AsJson = False,
) -> None:
    """Copy a coordinator's SQLite file, also while the coordinator runs.

    The copy holds the coordinator's keys: only you can read it. PostgreSQL has pg_dump.

    \b
    quorate collective backup copies/monday.sqlite
    """
    require("collective", "a coordinator's database", "sqlalchemy", "alembic")
    from quorate.collective.storage.backup import back_up

    count = back_up(database, out)
    say({"out": str(out), "campaigns": count}, [f"Copied: {out}, {count} campaigns."], json)


def restore(
    copy: Annotated[Path, typer.Argument(help="File that quorate collective backup has made.")],
    database: Database = str(DATABASE),
    json: AsJson = False,
) -> None:
    """Put a copy in the place of a coordinator's SQLite file, once the coordinator is stopped.

    What was there is kept beside it, with .before added to its name.

    \b
    quorate collective restore copies/monday.sqlite
    """
    require("collective", "a coordinator's database", "sqlalchemy", "alembic")
    from quorate.collective.storage.backup import restore as put_back

    count = put_back(copy, database)
    told = {"database": database, "campaigns": count}
    say(told, [f"Restored: {database}, {count} campaigns."], json)


def add_to(app: typer.Typer) -> None:
    """Add these commands to those of an organiser."""
    add(app, RECORD, verify)
    add(app, SERVER, serve)
    add(app, SERVER, backup)
    add(app, SERVER, restore)
