"""The commands of a member at test time: asking the platform, and applying the change."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from quorate.cli import correction_options as options
from quorate.cli.commands import add
from quorate.cli.member import ACTING, Member, report, say, stopping
from quorate.cli.options import AsJson
from quorate.printable import one_line, printable

AGAIN = "What was answered is stored; run the same command to go on."


def ask(
    platform: Annotated[
        str | None, typer.Option(help="Address of the platform, such as https://api.example.org.")
    ] = None,
    api: Annotated[
        Path | None,
        typer.Option(help="TOML file that describes the platform's API, where it is another."),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(help="File of your own key for the platform: a name and a secret on a line."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Name of your key, where the file has several.")
    ] = None,
    by_hand: Annotated[
        Path | None,
        typer.Option(
            metavar="PICTURE",
            help="File to write one picture after another to, which you put to the platform "
            "yourself; you enter its answers here.",
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option(help="Most questions now; by default all that are left for you.")
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(
            help="Questions to send at most, such as 5/s or 100/min, if the plan's is more."
        ),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(
            help="File of what was asked and answered; by default beside your file, with the "
            "ending .ledger."
        ),
    ] = None,
    member: Member = None,
    json: AsJson = False,
) -> None:
    """Ask the platform what the campaign wants to know, and send its answers to the pool.

    Your key goes to the platform only, never to the coordinator. Every question is noted on this
    machine before it is asked: stop at any moment, and run the same command to go on.

    \b
    quorate member ask --platform https://api.example.org --key-file key.txt
    quorate member ask --platform https://api.example.org --api api.toml --key-file key.txt \\
                       --count 20
    quorate member ask --by-hand question.png
    """
    from quorate.collective.client import asking
    from quorate.collective.client.access import find_access
    from quorate.collective.client.asked_platform import open_platform
    from quorate.errors import InputError
    from quorate.validate import at_least

    if count is not None:
        at_least("count", count, 1, "Ask at least one question.")
    if (by_hand is None) == (platform is None):
        raise InputError(
            "Expected either --platform or --by-hand, got "
            f"{'neither' if by_hand is None else 'both'}. Give the platform's address, or the file "
            "that pictures are written to."
        )
    path, access = find_access("member", member)
    with stopping(AGAIN):
        if by_hand is not None:
            done = asking.ask_by_hand(access, by_hand, lambda names: _answer(by_hand, names), count)
        else:
            assert platform is not None
            with access.open() as channel:
                plan = asking.read_test_plan(channel, access)
            pace = asking.slower(rate, plan.rate)
            with open_platform(platform, api, key_file, key, pace) as opened:
                where = path.with_suffix(".ledger") if ledger is None else ledger
                done = asking.ask(access, opened, where, count)
    lines = [
        f"Answered now: {done.answered}. Your budget has {done.left} left for now.",
        *(["There is nothing more to ask for you now."] if not done.answered else []),
    ]
    say({"answered": done.answered, "left": done.left}, lines, json)


def _answer(picture: Path, names: Sequence[str]) -> str | None:
    """Return what a member says that the platform answered; None at the end."""
    shown = one_line(", ".join(names), 400)
    while True:
        print(printable(f"{picture}: what does the platform say? {shown}"), file=sys.stderr)
        print("(an empty line stops)", file=sys.stderr, flush=True)
        said = sys.stdin.readline().strip()
        if said in names:
            return said
        if not said:
            return None
        print(printable(f"{said[:40]!r} is none of these."), file=sys.stderr)


def apply(
    picture: options.Picture,
    out: options.Changed,
    label: options.TrueLabel = None,
    preview: options.Preview = None,
    change: Annotated[
        Path | None,
        typer.Option(
            help="File to keep the change in; by default beside your file, with the ending .npz."
        ),
    ] = None,
    key: Annotated[
        str,
        typer.Option(
            help="Public key that must have signed it; by default the coordinator's word."
        ),
    ] = "",
    member: Member = None,
    json: AsJson = False,
) -> None:
    """Download the published change, check its signature, and add it to a picture of your own.

    The picture stays on this machine. `quorate apply` does the same with a change that is there.

    \b
    quorate member apply photo.png corrected.png --label cat
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.applying import apply_change

    path, access = find_access("member", member)
    kept = path.with_suffix(".npz") if change is None else change
    applied, signed_by = apply_change(access, picture, out, label, preview, kept, key)
    lines = [*applied.lines(), f"The change is kept in {kept}, signed by the key {signed_by}"]
    say({**applied.to_json(), "change": str(kept), "signed_by": signed_by}, lines, json)


def add_to(app: typer.Typer) -> None:
    """Add these commands to those of a member."""
    add(app, ACTING, ask)
    add(app, ACTING, apply)
    add(app, ACTING, report)
