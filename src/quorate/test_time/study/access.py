"""How a platform is asked in a correction: by members behind a ledger, and for measuring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from quorate.errors import InputError
from quorate.spec import content_id
from quorate.test_time.platforms.in_process import InProcessPlatform
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.metered import MeteredPlatform
from quorate.test_time.platforms.platform import Platform
from quorate.test_time.study.correction import CellGroup
from quorate.test_time.study.deployment import Deployment
from quorate.test_time.study.sources import PlatformAddress

NOTHING: Mapping[str, Any] = MappingProxyType({})
LEDGERS, LEDGER = "ledgers", "ledger.sqlite"  # of platforms here, and of one behind an address


@dataclass(frozen=True, eq=False)
class MeteredAccess:
    """One platform, as the collective asks it and as it is measured.

    Args:
        by_members: behind the ledger, within the members' budgets.
        for_measuring: asked under the key that is metered apart.
        local: the same platform where it is on this machine, with its model; None behind an
            address.
    """

    by_members: MeteredPlatform
    for_measuring: Platform
    local: InProcessPlatform | None

    def notes(self) -> list[str]:
        """Return what is not known of the platform, or known to its discredit, in words."""
        found = []
        if self.local is None:
            found.append(
                "Nothing says whom a platform behind an address has learned from: people measured "
                "on may be among them."
            )
        changed = self.by_members.ledger.contradictions(self.by_members.card.id)
        if changed:
            found.append(
                f"The platform answered {changed} questions otherwise when it was asked again: it "
                "changes, or is random. The first answers stand."
            )
        return found


@contextmanager
def open_access(
    deployment: Deployment, group: CellGroup, photos: int, searched: Mapping[str, Any] = NOTHING
) -> Iterator[MeteredAccess]:
    """Open the platform of a group behind a ledger with the members' budgets.

    Args:
        deployment: the platforms.
        group: collective and the platform it asks.
        photos: number of photos each member holds.
        searched: what sets a search for photo edits apart, which has budgets of its own.

    Raises:
        InputError: the platform was not trained yet, is damaged, or another model answers now.
        PlatformError: the address does not answer.
    """
    source, out = deployment.source(group), deployment.out
    if isinstance(source, PlatformAddress):
        with deployment.connect(source) as remote, Ledger(out / LEDGER) as ledger:
            if remote.card.id != deployment.platform_id(group):
                raise InputError(
                    f"Expected the platform that {source.url} was when it was first asked from "
                    f"{out}, got another model, {remote.card.id}. Choose another --out."
                )
            metered = MeteredPlatform(remote, ledger, group.queries)
            yield MeteredAccess(metered, metered, None)
        return
    correction = deployment.correction
    platform = deployment.load(group, correction.answers)
    # The budgets of an experiment are of one collective: who holds other photos is another one.
    facts = {**correction.describe_people(), "platform": platform.card.id, "photos": photos}
    facts |= searched
    name = content_id({**facts, "seed": group.seed, "answers": correction.answers})[:16]
    with Ledger(out / LEDGERS / f"{name}.sqlite") as ledger:
        yield MeteredAccess(MeteredPlatform(platform, ledger, group.queries), platform, platform)
