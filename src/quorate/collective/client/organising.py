"""What an organiser does: set up a campaign, invite, bring the questions, craft, end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from quorate.collective.client.access import NAME, Access, begin, complete, keep, read_setup
from quorate.collective.client.channel import Channel, RefusalError, new_key, part
from quorate.collective.plans import Draft, to_plain
from quorate.errors import CoordinatorError, InputError
from quorate.printable import one_line
from quorate.runtime.progress import status

Plain = dict[str, Any]
EVERY, LONGEST = 1, 3600  # seconds between two looks, and that crafting is waited for


def create(setup: str, draft: Draft, path: Path) -> tuple[Access, str]:
    """Set up a campaign, and leave the organiser's file at a path.

    Args:
        setup: the link that lets set up campaigns, or a file that holds it.
        draft: what is planned.
        path: file to make; only its owner can read it.

    Returns:
        The organiser's access, and the address of the campaign's page.

    Raises:
        InputError: there is another file at the path.
        CoordinatorError: the coordinator refused or failed.
    """
    address, secret = read_setup(setup)
    asked = begin(path, Access("organiser", address, key=new_key()))
    body = {
        "title": draft.title,
        "why": draft.why,
        "rules": draft.rules,
        "plan": to_plain(draft.plan),
        "quorum": draft.quorum,
        "deadline": draft.deadline,
    }
    if draft.source is not None:
        body["source"] = dict(draft.source)
    try:
        with Channel(address, secret, "who sets up campaigns") as channel:
            answer = channel.write("POST", "/api/v1/campaigns", body, key=asked.key)
    except CoordinatorError as error:
        if 400 <= getattr(error, "status", 0) < 500:  # none was made by this attempt
            path.unlink(missing_ok=True)
        raise
    campaign, secret = part(answer, "campaign", str), part(answer, "secret", str)
    if not NAME.fullmatch(campaign):
        raise CoordinatorError(
            "Expected the id of a campaign, got another text. Check the address."
        )
    found = replace(asked, campaign=campaign, secret=secret, key="")
    complete(path, found)
    url = answer.get("url")
    return found, url if isinstance(url, str) else f"{found.address}/c/{campaign}"


def invite(access: Access, cap: int) -> Plain:
    """Make an invitation that so many people can join by."""
    with access.open() as channel:
        answer = channel.write("POST", f"{access.path}/invitations", {"cap": cap})
    part(answer, "link", str)
    return answer


def invitations(access: Access) -> Plain:
    """Return the invitations of a campaign, and how many have used each."""
    with access.open() as channel:
        return channel.get(f"{access.path}/invitations")


def revoke(access: Access, invitation: str) -> Plain:
    """Take an invitation back: nobody else joins by it."""
    if not NAME.fullmatch(invitation):
        raise InputError(
            "Expected the id of an invitation, got another text. `quorate collective invitations` "
            "lists them."
        )
    with access.open() as channel:
        return channel.write("DELETE", f"{access.path}/invitations/{invitation}")


def craft(access: Access) -> Plain:
    """Say that enough is answered: the change is crafted from what there is."""
    with access.open() as channel:
        return channel.write("POST", f"{access.path}/craft")


def publish(access: Access) -> Plain:
    """Say that enough is tried: the change is measured, signed and published.

    It begins by itself once all is tried, and may be over already.
    """
    with access.open() as channel:
        try:
            return channel.write("POST", f"{access.path}/publish")
        except RefusalError:
            campaign = channel.get(access.path)
            if campaign.get("state") != "published":
                raise
            return {"state": "published"}


def wait_for(access: Access, state: str, what: str, sleep: Callable[[float], None]) -> Plain:
    """Return a campaign once it has reached a state.

    Args:
        access: of the organiser.
        state: ``measuring``, after crafting; or ``published``.
        what: is under way, in words.
        sleep: waits so many seconds.

    Raises:
        CoordinatorError: it went elsewhere, as crafting failed or the campaign was ended; or it
            took longer than ``LONGEST``.
    """
    with access.open() as channel, status(what):
        for _ in range(LONGEST // EVERY):
            campaign = channel.get(access.path)
            found = part(campaign, "state", str)
            if found in (state, "published"):
                return campaign
            if found not in ("crafting", "measuring"):
                raise CoordinatorError(
                    f"Expected the campaign to become {state}, got one that is "
                    f"{one_line(found, 20)}. The page of its organiser and its log say why."
                )
            sleep(EVERY)
    raise CoordinatorError(
        f"Expected the campaign to be {state} within {LONGEST // 60} minutes, got none that is. "
        "See how far it is: quorate collective status"
    )


def end(access: Access, why: str) -> Plain:
    """End a campaign: nobody is asked to do anything any more."""
    with access.open() as channel:
        return channel.write("POST", f"{access.path}/end", {"reason": why})


def fetch_outcomes(access: Access, out: Path) -> int:
    """Write the outcomes that were reported to a CSV file, and return how many they are.

    Raises:
        InputError: the file cannot be written.
        CoordinatorError: the coordinator refused or failed.
    """
    with access.open() as channel:
        content = channel.get_bytes(f"{access.path}/outcomes.csv")
    keep(out, content)
    return max(0, len(content.splitlines()) - 1)
