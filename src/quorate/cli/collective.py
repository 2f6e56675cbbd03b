"""The commands of an organiser: parse, call, print. No science here."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quorate.cli.commands import Commands, add
from quorate.cli.member import say, stopping
from quorate.cli.options import AsJson
from quorate.printable import one_line
from quorate.runtime.progress import note

if TYPE_CHECKING:
    from quorate.collective.client.access import Access

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="Organise a collective: run its coordinator, set up campaigns, check the record.",
)
CAMPAIGN, POOL = "A campaign", "The pool"

Organiser = Annotated[
    Path | None,
    typer.Option(
        "--organiser",
        metavar="FILE",
        help="The organiser's file, as `quorate collective new` has saved it; by default the only "
        "organiser*.json in this folder, or in the folder of your configuration.",
    ),
]


def new(
    setup: Annotated[
        str,
        typer.Option(
            metavar="LINK|FILE",
            help="Link that lets set up campaigns, as `quorate collective serve` prints it, or a "
            "file that holds it.",
        ),
    ],
    plan: Annotated[
        Path | None, typer.Option(help="Folder of a plan, as quorate plan has left it.")
    ] = None,
    correction: Annotated[
        Path | None, typer.Option(help="Folder of a correction, as quorate correct has left it.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="TOML file of a campaign; options override what it says.")
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option(
            help="CSV file that was planned with, where what members do is learned from its rows."
        ),
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="Title; by default what the plan or correction says.")
    ] = None,
    why: Annotated[str | None, typer.Option(help="Why members should act, in a few words.")] = None,
    rules: Annotated[
        str | None, typer.Option(help="Rules that members agree to; short ones by default.")
    ] = None,
    quorum: Annotated[
        int | None,
        typer.Option(help="Number of pledges to act from; by default what the source speaks for."),
    ] = None,
    deadline: Annotated[
        str | None,
        typer.Option(
            help="When all lapses without a quorum: 2027-01-31, 2027-01-31 18:00 (UTC), or 14d."
        ),
    ] = None,
    cost: Annotated[
        float | None,
        typer.Option(
            help="What acting costs a member, where full success is worth 1; by default 0.1."
        ),
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(
            help="Share of the success that those who stay out get all the same, in [0, 1]; by "
            "default 0.5."
        ),
    ] = None,
    expected: Annotated[
        int | None, typer.Option(help="Number of pledges that you expect by the deadline.")
    ] = None,
    organiser: Annotated[
        Path,
        typer.Option(
            "--organiser", metavar="FILE", help="File to make; whoever has it can act as you."
        ),
    ] = Path("organiser.json"),
    json: AsJson = False,
) -> None:
    """Set up a campaign: from a plan, from a correction, or from a file.

    The organiser's secret is written to a file that only you can read: keep a copy.

    \b
    quorate collective new --setup setup.txt --plan runs/plan --deadline 30d \\
                           --why "We are refused too often."
    quorate collective new --setup setup.txt --correction runs/correct --deadline 14d \\
                           --quorum 20 --why "Our photos are read wrongly."
    quorate collective new --setup setup.txt --file campaign.toml
    """
    from quorate.collective import drafts
    from quorate.collective.client.organising import create
    from quorate.errors import InputError

    given = [one for one in (plan, correction, file) if one is not None]
    if len(given) != 1:
        raise InputError(
            f"Expected one of --plan, --correction and --file, got {len(given) or 'none'}. Say "
            "what the campaign rests on."
        )
    stated = {"cost": cost, "share": share, "expected": expected}
    terms = {name: one for name, one in stated.items() if one is not None} or None
    wanted = drafts.Wanted(title, why, rules, quorum, deadline, terms)
    if file is not None:
        draft = drafts.draft_of_file(file, wanted)
    else:
        draft = drafts.draft_of_source(given[0], wanted, rows=rows)
    made, url = create(setup, draft, organiser)
    told = {"organiser": str(organiser), "campaign": made.campaign, "url": url}
    lines = [
        f"Campaign: {one_line(url, 200)}",
        f"Your secret is in {organiser}: keep a copy, nobody else has it.",
        *filter(None, [drafts.warning_of(draft)]),
        "Next: quorate collective invite --cap 50",
    ]
    say(told, lines, json)


def invite(
    cap: Annotated[int, typer.Option(help="Number of people who can join by the link.")] = 1,
    organiser: Organiser = None,
    json: AsJson = False,
) -> None:
    """Make an invitation link, for one person or for as many as you say.

    \b
    quorate collective invite
    quorate collective invite --cap 50 > link.txt
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.channel import part
    from quorate.collective.client.organising import invite as make

    told = make(find_access("organiser", organiser)[1], cap)
    link, id_ = part(told, "link", str), part(told, "invitation", str)
    say(told, [one_line(link, 400)], json)
    if not json:
        note(
            f"For {cap} {'person' if cap == 1 else 'people'}. To take it back: quorate collective "
            f"revoke {one_line(id_, 40)}"
        )


def invitations(organiser: Organiser = None, json: AsJson = False) -> None:
    """List the invitations, and how many people have used each.

    \b
    quorate collective invitations
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.channel import part
    from quorate.collective.client.organising import invitations as listed

    told = listed(find_access("organiser", organiser)[1])
    lines = []
    for one in part(told, "invitations", list):
        row = one if isinstance(one, dict) else {}
        used, cap = part(row, "used", int), part(row, "cap", int)
        gone = ", taken back" if row.get("revoked") is True else ""
        name = one_line(part(row, "id", str), 40)
        lines.append(f"{name}: used by {used} of {cap}{gone}")
    say(told, lines or ["No invitations yet: quorate collective invite"], json)


def revoke(
    invitation: Annotated[str, typer.Argument(help="Invitation, as the list has it.")],
    organiser: Organiser = None,
    json: AsJson = False,
) -> None:
    """Take an invitation back: nobody else joins by it; who has joined stays.

    \b
    quorate collective revoke mfqxg2dfoj4gk3tf
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.organising import revoke as take_back

    told = take_back(find_access("organiser", organiser)[1], invitation)
    say(told, ["Taken back: nobody else joins by it."], json)


def status(organiser: Organiser = None, json: AsJson = False) -> None:
    """Show the campaign: the pledges, the pool, and what is to be done now.

    \b
    quorate collective status
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.membership import look
    from quorate.collective.client.standing import standing_of

    told = look(find_access("organiser", organiser)[1])
    say(told, standing_of(told), json)


def questions(
    pictures: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of pictures (a folder inside for each label), or a file .npz with x, y, "
            "classes and in_subgroup."
        ),
    ] = None,
    population: Annotated[
        str | None,
        typer.Option(help="Population of pictures in place of files, such as digits."),
    ] = None,
    subgroup: Annotated[
        str | None,
        typer.Option(help="People whom the platform serves badly: low_light, blur, jpeg, ..."),
    ] = None,
    count: Annotated[
        int | None, typer.Option(help="Number of pictures to bring; all by default.")
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Seed of the split; that of the correction, for a saved platform.")
    ] = 0,
    organiser: Organiser = None,
    json: AsJson = False,
) -> None:
    """Bring the pictures that members put to the platform, with their true labels.

    A picture that is there already is not added again.

    \b
    quorate collective questions --population digits --subgroup low_light --count 300
    quorate collective questions photos --subgroup low_light
    quorate collective questions photos.npz
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.bringing import bring, photos_of_archive, photos_of_population
    from quorate.errors import InputError

    if (pictures is None) == (population is None):
        got = "neither" if pictures is None else "both"
        raise InputError(
            f"Expected a folder, a file .npz or --population, got {got}. Name one of them."
        )
    access = find_access("organiser", organiser)[1]
    if pictures is not None and pictures.suffix == ".npz":
        photos = photos_of_archive(pictures)
    else:
        if subgroup is None:
            raise InputError(
                "Expected --subgroup, whom the platform serves badly, got none. `quorate list "
                "subgroups` shows them."
            )
        people = f"images:path={pictures}" if population is None else population
        photos = photos_of_population(people, subgroup, count, seed)
    with stopping("What was brought is stored; run the same command to go on."):
        told = bring(access, photos)
    lines = [f"Brought {told['added']} pictures; {told['known']} were there already."]
    say(told, lines, json)


Wait = Annotated[
    bool, typer.Option("--wait", help="Wait until it is done, which takes a minute or a few.")
]


def craft(wait: Wait = False, organiser: Organiser = None, json: AsJson = False) -> None:
    """Close the pool and have the change crafted: enough is answered.

    Then members try it: their budgets have a part that is reserved for this.

    \b
    quorate collective craft
    """
    from quorate.collective.client.organising import craft as begin

    lines = ["The pool is closed, and the change is being crafted.", _FOLLOW]
    done = "The change is crafted. Members try it now: quorate member ask"
    _go_on(begin, lines, ("measuring", "Crafting", done) if wait else None, organiser, json)


def publish(wait: Wait = False, organiser: Organiser = None, json: AsJson = False) -> None:
    """Close the trial and have the change measured, signed and published.

    Once members have tried all there is, this begins by itself.

    \b
    quorate collective publish
    """
    from quorate.collective.client.organising import publish as begin

    lines = ["The trial is closed, and the change is being measured.", _FOLLOW]
    done = "The change is published: quorate member apply PICTURE OUT"
    _go_on(begin, lines, ("published", "Measuring", done) if wait else None, organiser, json)


def _go_on(
    begin: Callable[[Access], dict[str, Any]],
    lines: list[str],
    awaited: tuple[str, str, str] | None,
    organiser: Path | None,
    json: bool,
) -> None:
    """Let the campaign go on, and say so.

    Args:
        begin: asks the coordinator for it.
        lines: what is said once it has begun.
        awaited: state to wait for, what is done until then, and what is said instead; None to
            return at once.
        organiser: file of the organiser's secret.
        json: whether to print JSON.
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.organising import wait_for

    access = find_access("organiser", organiser)[1]
    told = begin(access)
    if awaited is not None:
        state, doing, done = awaited
        with stopping("It goes on all the same."):
            told = wait_for(access, state, doing, time.sleep)
        lines = [done]
    say(told, lines, json)


_FOLLOW = "See how far it is: quorate collective status"


def end(
    reason: Annotated[str, typer.Option(help="Why, for members and for the log.")],
    organiser: Organiser = None,
    json: AsJson = False,
) -> None:
    """End the campaign: nobody is asked to do anything any more.

    \b
    quorate collective end --reason "The platform has changed its model."
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.organising import end as stop

    told = stop(find_access("organiser", organiser)[1], reason)
    say(told, ["Ended."], json)


def outcomes(
    out: Annotated[Path, typer.Argument(help="CSV file to write, for quorate watch.")],
    organiser: Organiser = None,
    json: AsJson = False,
) -> None:
    """Download the outcomes that members have reported, for `quorate watch`.

    \b
    quorate collective outcomes outcomes.csv
    quorate watch outcomes.csv --target 0.9
    """
    from quorate.collective.client.access import find_access
    from quorate.collective.client.organising import fetch_outcomes

    count = fetch_outcomes(find_access("organiser", organiser)[1], out)
    lines = [f"Written: {out}, {count} outcomes.", f"Next: quorate watch {out} --target 0.9"]
    say({"out": str(out), "outcomes": count}, lines, json)


add(app, CAMPAIGN, new)
add(app, CAMPAIGN, invite)
add(app, CAMPAIGN, invitations)
add(app, CAMPAIGN, revoke)
add(app, CAMPAIGN, status)
add(app, CAMPAIGN, end)
add(app, CAMPAIGN, outcomes)
add(app, POOL, questions)
add(app, POOL, craft)
add(app, POOL, publish)
