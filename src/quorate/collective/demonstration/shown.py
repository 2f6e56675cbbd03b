"""What opens a demonstration campaign: links, and files with secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from quorate.collective.client.access import OWN, Access
from quorate.errors import InputError, reason
from quorate.runtime.files import make_file

ROLES = ("organiser", "member")


@dataclass(frozen=True)
class Shown:
    """One demonstration campaign, and what opens it.

    Args:
        title: of the campaign.
        campaign: its id.
        token: of an invitation with places left.
        organiser, member: secrets.
    """

    title: str
    campaign: str
    token: str
    organiser: str = field(repr=False)
    member: str = field(repr=False)

    def lines(self, url: str, folder: Path) -> list[str]:
        """Return where people open it, once the coordinator is at an address."""
        page = f"{url}/c/{self.campaign}"
        return [
            self.title,
            f"  as a new member: {page}/join/{self.token}",
            *(
                f"  as {whose}: {page}/enter with the file {self.file(folder, role)}"
                for role, whose in zip(ROLES, ("the organiser", "a member"), strict=True)
            ),
        ]

    def file(self, folder: Path, role: str) -> Path:
        """Return the file of a role."""
        return folder / f"{role}-{self.campaign}.json"

    def write(self, url: str, folder: Path) -> None:
        """Write the files with which the organiser and a member are known again.

        Raises:
            InputError: they cannot be written.
        """
        organiser = Access("organiser", url, self.campaign, self.organiser)
        member = Access("member", url, self.campaign, self.member)
        for access in (organiser, member):
            try:
                path = self.file(folder, access.role)
                path.unlink(missing_ok=True)
                make_file(path, access.to_json().encode(), OWN)
            except OSError as error:
                raise InputError(
                    f"Expected to write into {folder}, got: {reason(error)}. Choose another "
                    "--database."
                ) from None
