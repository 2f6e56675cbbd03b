"""The published change, added to a member's own picture once its signature holds."""

from __future__ import annotations

from pathlib import Path

from quorate.collective.client.access import Access, keep
from quorate.collective.client.record import check_record, fetch_record
from quorate.errors import CoordinatorError
from quorate.test_time.perturbations.apply import AppliedChange, apply_to_file


def apply_change(
    access: Access,
    picture: Path,
    out: Path,
    label: str | None,
    preview: Path | None,
    kept: Path,
    key: str = "",
) -> tuple[AppliedChange, str]:
    """Return how a picture was changed, and the public key that the change was signed by.

    Args:
        access: of the member.
        picture, out, label, preview: as in ``apply_to_file``.
        kept: file that the change is kept in.
        key: the coordinator's public key, as it was had from elsewhere; empty takes its own word.

    Raises:
        CoordinatorError: nothing is published, or the record does not hold.
        InputError: the picture or the change cannot be used.
    """
    record = fetch_record(access)
    if record.change is None:
        raise CoordinatorError(
            "Expected a published change, got none yet. quorate member status says how far it is."
        )
    verdict = check_record(record, key)
    if not verdict.holds:
        raise CoordinatorError(verdict.broken)
    keep(kept, record.change)
    return apply_to_file(kept, picture, out, label, preview), verdict.signed_by
