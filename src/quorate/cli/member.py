"""The commands of a member: parse, call, print. No science here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from quorate.cli.commands import Commands, add
from quorate.cli.options import AsJson, print_json
from quorate.printable import one_line, printable

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="Take part in a campaign: all that its page does, from a terminal.",
)
JOINING, ACTING, WATCHING = "Join and pledge", "Act", "Look"

Member = Annotated[
    Path | None,
    typer.Option(
        "--member",
        metavar="FILE",
        help="Your file, as `quorate member join` or the page has saved it; by default the only "
        "member*.json in this folder, or in the folder of your configuration.",
    ),
]


def say(found: Any, lines: Sequence[str], json: bool) -> None:
    """Print plain data as JSON, or lines in words."""
    if json:
        print_json(found)
    else:
        print(printable("\n".join(lines)))


@contextmanager
def stopping(how: str) -> Iterator[None]:
    """Turn Ctrl-C into a message, and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"\nStopped. {how}", file=sys.stderr)
        raise SystemExit(130) from None


def join(
    link: Annotated[
        str,
        typer.Argument(
            metavar="LINK|FILE",
            help="Invitation link that the organiser gave you, or a file that holds it.",
        ),
    ],
    member: Annotated[
        Path | None,
        typer.Option(
            "--member",
            metavar="FILE",
            help="File to make; whoever has it can act as you. By default member-CAMPAIGN.json.",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Join a campaign by an invitation link: no name, no mail address.

    Your secret is written to a file that only you can read, and nowhere else: keep a copy.

    \b
    quorate member join https://collective.example/c/mfqxg2dfoj4gk3tf/join/Zk3...
    """
    from quorate.collective.client.membership import join as join_by

    path, found = join_by(link, member)
    told = {"member": str(path), "address": found.address, "campaign": found.campaign}
    lines = [
        f"You have joined. Your secret is in {path}: keep a copy, nobody else has it.",
        "Next: quorate member status, and then quorate member pledge",
    ]
    say(told, lines, json)


def pledge(member: Member = None, json: AsJson = False) -> None:
    """Pledge to act if enough others do; until then nobody is asked to act.

    \b
    quorate member pledge
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.membership import pledge as promise

    told = promise(find_access("member", member)[1])
    say(told, ["You have pledged.", *_standing(told)], json)


def withdraw(member: Member = None, json: AsJson = False) -> None:
    """Take your pledge back, which is possible until the quorum is reached.

    \b
    quorate member withdraw
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.membership import withdraw as take_back

    told = take_back(find_access("member", member)[1])
    say(told, ["You have not pledged.", *_standing(told)], json)


def _standing(told: dict[str, Any]) -> list[str]:
    from quorate.collective.client.channel import part

    pledges, state = part(told, "pledges", int), part(told, "state", str)
    next_ = " Now members act." if state == "acting" else ""
    return [f"Pledges: {pledges}. The campaign is {one_line(state, 20)}.{next_}"]


def status(member: Member = None, json: AsJson = False) -> None:
    """Show the campaign: what is planned, the pledges, and what is to be done now.

    \b
    quorate member status
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.membership import look
    from quorate.collective.client.standing import standing_of

    told = look(find_access("member", member)[1])
    say(told, standing_of(told), json)


def me(member: Member = None, json: AsJson = False) -> None:
    """Show everything that is stored about you.

    \b
    quorate member me
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.membership import me as stored
    from quorate.collective.client.standing import about_me

    told = stored(find_access("member", member)[1])
    say(told, about_me(told), json)


def delete(
    member: Member = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    json: AsJson = False,
) -> None:
    """Delete everything that is stored about you, and leave the campaign.

    Your file stays where it is; it opens nothing any more.

    \b
    quorate member delete --yes
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.membership import delete as leave
    from quorate.errors import InputError

    path, access = find_access("member", member)
    if not yes:
        if not sys.stdin.isatty():
            raise InputError(
                "Expected to be sure, got no --yes. Deleting cannot be undone: add --yes to do it."
            )
        typer.confirm(
            "Delete everything that is stored about you? It cannot be undone.", abort=True
        )
    told = leave(access)
    say(told, [f"Deleted. {path} opens nothing any more: you may remove it."], json)


def act(
    file: Annotated[Path, typer.Argument(help="Your own CSV file or picture; it is not changed.")],
    out: Annotated[Path, typer.Argument(help="New file to write, which you then hand in.")],
    label: Annotated[
        str | None,
        typer.Option(help="What your picture shows, where only pictures of one label change."),
    ] = None,
    separator: Annotated[
        str | None, typer.Option(help="Separator of a CSV file; by default detected.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of a CSV file, such as cp1252; by default UTF-8.")
    ] = None,
    member: Member = None,
    json: AsJson = False,
) -> None:
    """Do to your own file what the campaign asks for; nothing of it leaves this machine.

    \b
    quorate member act rows.csv rows-changed.csv
    quorate member confirm --rows 12
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.changing import change_file

    access = find_access("member", member)[1]
    done = change_file(access, file, out, label=label, encoding=encoding, separator=separator)
    lines = [
        f"Written: {out}",
        *done.summary.sentences(),
        f"Once you have handed it in: quorate member confirm --rows {done.rows}",
    ]
    say(done.to_json(), lines, json)


def confirm(
    rows: Annotated[
        int,
        typer.Option(help="Number of rows, or of pictures, that you handed in; 0 takes it back."),
    ],
    member: Member = None,
    json: AsJson = False,
) -> None:
    """Say that you handed your changed data in to the platform.

    \b
    quorate member confirm --rows 12
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.channel import part
    from quorate.collective.client.membership import confirm as handed_in

    told = handed_in(find_access("member", member)[1], rows)
    confirmed, total = part(told, "confirmed", int), part(told, "rows", int)
    say(told, [f"Confirmed. So far {confirmed} members have handed in {total} rows."], json)


def report(
    outcomes: Annotated[
        list[str],
        typer.Argument(
            metavar="yes|no...", help="What you saw, in this order: yes for success, no for none."
        ),
    ],
    member: Member = None,
    json: AsJson = False,
) -> None:
    """Report whether it worked: did the platform say what the collective wanted?

    \b
    quorate member report yes
    quorate member report yes no yes yes
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.channel import part
    from quorate.collective.client.membership import report as tell_of
    from quorate.errors import InputError

    words = {"yes": True, "no": False}
    strange = [one for one in outcomes if one.lower() not in words]
    if strange:
        raise InputError(
            f"Expected yes or no for each outcome, got {one_line(strange[0], 40)!r}. Write yes "
            "where it worked, and no where it did not."
        )
    told = tell_of(find_access("member", member)[1], [words[one.lower()] for one in outcomes])
    total = part(told, "yours", int)
    lines = [
        f"Reported {part(told, 'reported', int)}; {total} of yours are there.",
        "Your first report of a day counts, so that all members count alike.",
    ]
    say(told, lines, json)


def record(
    folder: Annotated[Path, typer.Argument(help="Folder to write the record into.")],
    member: Member = None,
    json: AsJson = False,
) -> None:
    """Download the campaign's record, and check it as `quorate collective verify` does.

    It is the log and, once a change is published, the change with its report and signature.

    \b
    quorate member record campaign
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.record import check_record, fetch_record

    found = fetch_record(find_access("member", member)[1])
    written = found.write(folder)
    verdict = check_record(found)
    lines = [f"Written: {', '.join(map(str, written))}", *verdict.lines()]
    say({"out": [str(one) for one in written], **verdict.to_json()}, lines, json)
    if not verdict.holds:
        raise SystemExit(1)


add(app, JOINING, join)
add(app, JOINING, pledge)
add(app, JOINING, withdraw)
add(app, WATCHING, status)
add(app, WATCHING, me)
add(app, WATCHING, record)
add(app, WATCHING, delete)
add(app, ACTING, act)
add(app, ACTING, confirm)
