"""What a member does to their own file at training time: nothing of it is sent anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.collective.acting.instruction import Instruction
from quorate.collective.acting.pictures import PictureSummary, apply_to_picture
from quorate.collective.acting.rows import apply_to_rows
from quorate.collective.acting.summary import RowsSummary
from quorate.collective.client.access import Access
from quorate.collective.client.asking import plan_of
from quorate.collective.client.channel import part
from quorate.collective.plans import TrainingPlan
from quorate.errors import CoordinatorError, InputError, reason
from quorate.printable import one_line
from quorate.runtime.files import make_file

MOST_BYTES = 1 << 30  # of a member's own file


@dataclass(frozen=True)
class Changed:
    """A member's file as they hand it in.

    Args:
        out: the file written.
        rows: number of rows that were changed or withheld; 1 for a picture that was changed.
        summary: what was done.
    """

    out: Path
    rows: int
    summary: RowsSummary | PictureSummary

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "out": str(self.out),
            "rows": self.rows,
            "summary": list(self.summary.sentences()),
        }


def change_file(
    access: Access,
    file: Path,
    out: Path,
    *,
    label: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
) -> Changed:
    """Do to a member's own file what the campaign asks for.

    Args:
        access: of the member.
        file: their CSV file, or picture; it is not changed.
        out: new file to write.
        label: what a picture shows, where only those of one label are changed.
        encoding, separator: of a CSV file, where they cannot be told.

    Raises:
        InputError: the file cannot be used, or there is one at ``out`` already.
        CoordinatorError: nobody is asked to act yet, or the instruction cannot be carried out.
    """
    if out.exists():
        raise InputError(
            f"Expected a new file to write, got {out}, which is there already. Name another, or "
            "move it away."
        )
    try:
        with open(file, "rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"Expected your file at {file}, got: {reason(error)}. Check its name."
        ) from None
    if len(content) > MOST_BYTES:
        raise InputError(f"Expected a file of at most 1 GB, got more in {file}. Split it.")
    instruction = read_instruction(access)
    summary: RowsSummary | PictureSummary
    if instruction.data == "rows":
        content, summary = apply_to_rows(
            instruction, content, encoding=encoding, separator=separator
        )
        rows = summary.changed + summary.withheld
    else:
        content, summary = apply_to_picture(instruction, content, label=label)
        rows = int(summary.acted)
    try:
        make_file(out, content)
    except OSError as error:
        raise InputError(
            f"Expected to write {out}, got: {reason(error)}. Name another file."
        ) from None
    return Changed(out, rows, summary)


def read_instruction(access: Access) -> Instruction:
    """Return what the campaign asks its members to do.

    Raises:
        CoordinatorError: nobody is asked to act yet, or what came cannot be carried out.
    """
    with access.open() as channel:
        campaign = channel.get(access.path)
    plan = plan_of(campaign)
    if not isinstance(plan, TrainingPlan):
        raise CoordinatorError(
            "Expected a campaign in which members change their own data, got one that asks a "
            "platform. Ask it: quorate member ask"
        )
    state = part(campaign, "state", str)
    if state != "acting":
        raise CoordinatorError(
            f"Expected a campaign in which members act, got one that is {one_line(state, 20)}. "
            "Nobody is asked to act before the quorum: quorate member status shows the pledges."
        )
    try:
        return Instruction.from_plain(plan.instruction)
    except InputError as error:
        raise CoordinatorError(
            f"Expected an instruction that can be carried out, got another: {error} Ask the "
            "organiser."
        ) from error
