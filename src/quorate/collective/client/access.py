"""Who someone is to a coordinator: the file with their secret, and the links they are given."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from quorate.collective.client.channel import Channel
from quorate.errors import InputError, reason
from quorate.executors.configuration import path_of_file
from quorate.printable import one_line
from quorate.runtime.files import make_file, replace_file
from quorate.test_time.http.client import check_address

Role = Literal["member", "organiser"]
MOST_BYTES = 1 << 16  # of a file with a secret
OWN = 0o600  # its owner alone can read it
NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")  # of a campaign or an invitation in an address


@dataclass(frozen=True)
class Access:
    """What lets someone take part in one campaign, as the file has it that they keep.

    Args:
        role: member or organiser.
        address: of the coordinator.
        campaign: id of the campaign; empty while the request that leads to it is under way.
        secret: known to nobody else; empty likewise.
        key: idempotency key of that request, so that it is repeated as it was.
        link: what was joined by; empty for an organiser.
    """

    role: Role
    address: str
    campaign: str = ""
    secret: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    link: str = field(default="", repr=False)

    @property
    def path(self) -> str:
        """Where the campaign lies, beneath the address."""
        return f"/api/v1/campaigns/{self.campaign}"

    def open(self) -> Channel:
        """Return a channel to the coordinator, to be used as a context manager."""
        who = "this member" if self.role == "member" else "this organiser"
        return Channel(self.address, self.secret, who)

    def to_json(self) -> str:
        """Return the text of the file, as the pages of a coordinator save it too."""
        whose = "a member" if self.role == "member" else "the organiser"
        plain = {
            "what": f"Secret of {whose} of a collective. Whoever has it can act as you: show it to "
            "nobody.",
            "url": f"{self.address}/c/{self.campaign}" if self.campaign else self.address,
            "campaign": self.campaign,
            "role": self.role,
        }
        more = {"secret": self.secret, "key": self.key, "link": self.link}
        return json.dumps(plain | {name: one for name, one in more.items() if one}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, path: Path) -> Self:
        """Return what a file's text says.

        Raises:
            InputError: it is no such file. No message shows what is in it.
        """
        try:
            plain = json.loads(text)
        except (ValueError, RecursionError):
            plain = None
        role = plain.get("role") if isinstance(plain, dict) else None
        if not isinstance(plain, dict) or role not in ("member", "organiser"):
            raise InputError(
                f"Expected the file of a member or an organiser at {path}, got something else. "
                "Give the file that you saved when you joined."
            )
        found = {name: plain.get(name, "") for name in ("campaign", "secret", "key", "link")}
        wrong = [name for name, one in found.items() if not isinstance(one, str)]
        if not isinstance(plain.get("url"), str):
            wrong.append("url")
        if found["campaign"] and not NAME.fullmatch(found["campaign"]):
            wrong.append("campaign")
        if wrong:
            raise InputError(
                f"Expected {path} as it was saved, got another {' and '.join(wrong)}. Take the "
                "file that you saved when you joined."
            )
        url = plain["url"].rstrip("/").removesuffix(f"/c/{found['campaign']}")
        return cls(role, check_address(url), **found)


def read_access(path: Path) -> Access:
    """Return who a file says someone is.

    Raises:
        InputError: it cannot be read, or is no such file.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content[:MOST_BYTES].decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            f"Expected the file of a member or an organiser at {path}, got: {reason(error)}. Give "
            "the file that you saved when you joined."
        ) from None
    except UnicodeDecodeError:
        text = ""
    return Access.from_json(text, path)


def find_access(role: Role, named: Path | None) -> tuple[Path, Access]:
    """Return a file and who it says someone is: as named, else the only one at hand.

    Raises:
        InputError: there is none, there are several, or it is another role's or not complete.
    """
    path = _only(role) if named is None else named
    found = read_access(path)
    if found.role != role:
        raise InputError(
            f"Expected the file of {_a(role)} at {path}, got that of {_a(found.role)}. Name the "
            f"other file: --{role} FILE."
        )
    if not found.secret:
        again = "quorate member join LINK" if role == "member" else "quorate collective new"
        raise InputError(
            f"Expected the file of {_a(role)} at {path}, got one that was not completed. Repeat "
            f"{again} with the same --{role} to complete it."
        )
    return path, found


def _only(role: Role) -> Path:
    """Return the only file of a role in this folder, else in that of the configuration."""
    for folder in (Path(), path_of_file().parent):
        found = sorted(folder.glob(f"{role}*.json"))
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(map(str, found[:4])) + (", ..." if len(found) > 4 else "")
            raise InputError(
                f"Expected one file of {_a(role)} here, got {len(found)}: {one_line(names)}. Say "
                f"which: --{role} FILE."
            )
    how = "Join by: quorate member join LINK" if role == "member" else "Set up a campaign first"
    raise InputError(
        f"Expected the file of {_a(role)} here, {role}.json, got none. {how}, or name the "
        f"file: --{role} FILE."
    )


def _a(role: Role) -> str:
    return "a member" if role == "member" else "an organiser"


def begin(path: Path, begun: Access) -> Access:
    """Write a file before its request is sent, or return what an earlier attempt has left there.

    A request that is repeated under its key gets its first answer: one who was interrupted takes
    no second place.

    Raises:
        InputError: there is a file of something else, or none can be made.
    """
    try:
        make_file(path, begun.to_json().encode(), OWN)
        return begun
    except FileExistsError:
        left = read_access(path)
    except OSError as error:
        raise InputError(
            f"Expected to make a file at {path}, got: {reason(error)}. Name another with "
            f"--{begun.role} FILE."
        ) from None
    same = (left.role, left.address, left.link) == (begun.role, begun.address, begun.link)
    if left.secret or not same:
        raise InputError(
            f"Expected to make a file at {path}, got one that is there already. Name another with "
            f"--{begun.role} FILE, such as {begun.role}-2.json."
        )
    return left


def complete(path: Path, found: Access) -> None:
    """Put what the coordinator answered into the file that ``begin`` has made.

    Raises:
        InputError: it cannot be written.
    """
    try:
        replace_file(path, found.to_json().encode(), OWN)
    except OSError as error:
        raise InputError(
            f"Expected to write {path}, got: {reason(error)}. Make room, and repeat the command: "
            "nothing is done twice."
        ) from None


# ------------------------------------------------------------------------------------- links


@dataclass(frozen=True)
class Link:
    """What a link leads to.

    Args:
        address: of the coordinator.
        campaign: id of a campaign.
        token: of an invitation to it; empty if it is the campaign's own address.
    """

    address: str
    campaign: str
    token: str = field(default="", repr=False)


def read_link(link: str) -> Link:
    """Return what the address of a campaign, or of a page beneath it, leads to.

    >>> read_link("https://collective.example/c/xyz/log")
    Link(address='https://collective.example', campaign='xyz')

    Raises:
        InputError: it is no such address. No message shows it, as it may hold a secret.
    """
    address, after = _split(link, "c")
    if len(after) not in (1, 2, 3) or not all(NAME.fullmatch(one) for one in after):
        raise _no_link(link)
    token = after[2] if len(after) == 3 and after[1] == "join" else ""
    return Link(address, after[0], token)


def read_invitation(link: str) -> Link:
    """Return what an invitation leads to.

    Args:
        link: of the invitation, or the name of a file that holds it.

    Raises:
        InputError: it is no invitation.
    """
    found = read_link(_text_at(link))
    if not found.token:
        raise _no_link(link)
    return found


def read_setup(text: str) -> tuple[str, str]:
    """Return the address of a coordinator, and the secret that lets set up campaigns there.

    Args:
        text: the link that ``quorate collective serve`` prints, or the name of a file that holds
            nothing else.

    Raises:
        InputError: it is neither.
    """
    address, after = _split(_text_at(text), "new")
    if len(after) != 1 or not NAME.fullmatch(after[0]):
        raise InputError(
            "Expected the link that sets up campaigns, such as https://collective.example/new/..., "
            "got another text. Copy it from what `quorate collective serve` printed."
        )
    return address, after[0]


def _text_at(link: str) -> str:
    """Return a link, or what a file holds in its place."""
    if link.startswith(("http://", "https://")):
        return link
    try:
        with open(link, "rb") as file:
            return file.read(2000).decode("utf-8-sig").strip()
    except (OSError, ValueError) as error:
        raise InputError(
            f"Expected a link, or a file that holds one, got: {reason(error)}. Copy the whole "
            "link, beginning with https://."
        ) from None


def _split(link: str, word: str) -> tuple[str, list[str]]:
    """Return the address before a word in a link's path, and what follows it."""
    try:
        parsed = urlsplit(link.strip())
    except ValueError:
        raise _no_link(link) from None
    parts = [one for one in parsed.path.split("/") if one]
    if (
        parsed.scheme not in ("http", "https")
        or word not in parts
        or parsed.query
        or "@" in parsed.netloc
    ):
        raise _no_link(link)
    at = parts.index(word)
    before = "".join(f"/{one}" for one in parts[:at])
    return check_address(f"{parsed.scheme}://{parsed.netloc}{before}"), parts[at + 1 :]


def _no_link(link: str) -> InputError:
    return InputError(
        "Expected a link such as https://collective.example/c/.../join/..., got another text of "
        f"{len(link)} letters. Copy the whole link."
    )


def keep(path: Path, content: bytes) -> None:
    """Write what was downloaded to a file, in the place of an earlier one.

    Raises:
        InputError: it cannot be written.
    """
    try:
        replace_file(path, content)
    except OSError as error:
        raise InputError(
            f"Expected to write {path}, got: {reason(error)}. Name another file."
        ) from None
