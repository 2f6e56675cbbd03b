"""What a member does: join, pledge, withdraw, look, confirm, report, and delete.

Each function sends one request, or a few, and returns plain data that are checked.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from quorate.collective.client.access import Access, begin, complete, read_invitation
from quorate.collective.client.channel import Channel, new_key, part
from quorate.errors import CoordinatorError

Plain = dict[str, Any]


def join(link: str, path: Path | None = None) -> tuple[Path, Access]:
    """Join a campaign by an invitation, and return the member's file and what it says.

    Args:
        link: of the invitation.
        path: file to make, which only its owner can read; by default named after the campaign.

    Raises:
        InputError: the link is none, or there is another file.
        CoordinatorError: the coordinator refused or failed; repeating takes no second place.
    """
    to = read_invitation(link)
    path = Path(f"member-{to.campaign}.json") if path is None else path
    asked = begin(path, Access("member", to.address, to.campaign, key=new_key(), link=link.strip()))
    try:
        with Channel(to.address, who="one who joins") as channel:
            answer = channel.write("POST", f"/api/v1/invitations/{to.token}/join", key=asked.key)
    except CoordinatorError as error:
        if getattr(error, "status", 0) in (404, 409):  # nobody has joined by this attempt
            with contextlib.suppress(OSError):
                path.unlink()
        raise
    found = replace(asked, secret=part(answer, "secret", str), key="", link="")
    complete(path, found)
    return path, found


def look(access: Access) -> Plain:
    """Return the campaign as everyone sees it."""
    with access.open() as channel:
        return channel.get(access.path)


def pledge(access: Access) -> Plain:
    """Promise to act if enough others do."""
    with access.open() as channel:
        return channel.write("PUT", f"{access.path}/me/pledge")


def withdraw(access: Access) -> Plain:
    """Take the pledge back, which is possible until the quorum is reached."""
    with access.open() as channel:
        return channel.write("DELETE", f"{access.path}/me/pledge")


def me(access: Access) -> Plain:
    """Return everything that is stored about a member."""
    with access.open() as channel:
        return channel.get(f"{access.path}/me", 1 << 24)


def delete(access: Access) -> Plain:
    """Delete everything that is stored about a member, who leaves the campaign."""
    with access.open() as channel:
        return channel.write("DELETE", f"{access.path}/me")


def confirm(access: Access, rows: int) -> Plain:
    """Say that the changed data were handed in.

    Args:
        access: of the member.
        rows: number of rows, or of pictures, that were changed; 0 takes it back.
    """
    with access.open() as channel:
        return channel.write("PUT", f"{access.path}/me/confirmation", {"rows": rows})


def report(access: Access, outcomes: list[bool]) -> Plain:
    """Report outcomes: whether the platform did what was wanted, in the order seen."""
    body = {"outcomes": [{"success": one} for one in outcomes]}
    with access.open() as channel:
        return channel.write("POST", f"{access.path}/me/outcomes", body)
