"""How a campaign stands, and what is stored about a member, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from quorate.collective.client.channel import part
from quorate.printable import one_line

NEXT = {
    "open": "Until the quorum is reached nobody is asked to act.",
    "crafting": "The pool is closed; the change is being crafted.",
    "measuring": "Members try the change: quorate member ask",
    "published": "The change is published: quorate member apply PICTURE OUT",
    "lapsed": "The deadline has passed without a quorum: nobody is asked to act.",
    "ended": "The organiser has ended the campaign.",
}
ACT = {
    "training": "Members act now: quorate member act FILE OUT",
    "test": "Members ask the platform now: quorate member ask",
}


def standing_of(campaign: Mapping[str, Any]) -> list[str]:
    """Return how a campaign stands, a sentence each."""
    state = one_line(part(campaign, "state", str), 20)
    kind = campaign.get("kind")
    if not isinstance(kind, str):
        kind = str(part(campaign, "plan", dict).get("kind"))
    pledges, quorum = part(campaign, "pledges", int), part(campaign, "quorum", int)
    members = part(campaign, "members", int)
    deadline = when(part(campaign, "deadline", float))
    next_ = ACT.get(kind, "") if state == "acting" else NEXT.get(state, "")
    told = [
        one_line(part(campaign, "title", str), 200),
        f"State: {state}. {next_}".rstrip(),
        f"Pledges: {pledges} of {quorum}; members: {members}; deadline: {deadline}.",
    ]
    head = campaign.get("head")
    if isinstance(head, str):
        told.append(f"Digest of the log: {one_line(head, 64)}")
    return told


def about_me(stored: Mapping[str, Any]) -> list[str]:
    """Return what is stored about a member, a line each."""
    lines = ["Stored about you, and nothing else:"]
    for name, value in list(stored.items())[:100]:
        shown = f"{len(value)}" if isinstance(value, list) else one_line(str(value), 100)
        if name in ("joined", "pledged", "confirmed") and isinstance(value, float | int):
            shown = when(float(value))
        lines.append(f"  {one_line(str(name), 40)}: {shown}")
    return [*lines, "All of it: quorate member me --json. Delete it: quorate member delete"]


def when(seconds: float) -> str:
    """Return a time as people write it.

    >>> when(0.0)
    '1970-01-01 00:00 UTC'
    """
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g} seconds since 1970"
