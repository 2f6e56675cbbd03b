"""What the page offers on which a member carries a campaign out on their own file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quorate.collective.acting.instruction import Instruction
from quorate.collective.web.standalone import one_file

ACT_SCRIPTS = (  # in this order
    *("bytes.js", "png.js", "jpeg.js", "pictures.js"),
    *("acting_cells.js", "acting_values.js", "acting_rows.js", "acting_pictures.js", "acting.js"),
)
ACT_STYLES = ("apply.css", "acting.css")


@dataclass(frozen=True)
class OfferedInstruction:
    """An instruction as the page shows it and carries it.

    Args:
        title: of the page.
        told: what will be changed, in sentences.
        data: "rows" or "pictures".
        only: label of the pictures that are acted on; None for all.
        nothing: whether nothing is handed in, so that there is no file to make.
        shows_rows: whether rows of the collective can be read in the instruction.
        plain: the instruction.
    """

    title: str
    told: tuple[str, ...]
    data: str
    only: str | None
    nothing: bool
    shows_rows: bool
    plain: Mapping[str, Any]


def offered_instruction(instruction: Instruction) -> OfferedInstruction:
    """Return what the page shows of an instruction."""
    rows = instruction.data == "rows"
    nothing = instruction.withholds and (instruction.only is None or not rows)
    title = "Change your file" if rows else "Change your picture"
    return OfferedInstruction(
        title="Hand nothing in" if nothing else title,
        told=instruction.sentences(),
        data=instruction.data,
        only=instruction.only,
        nothing=nothing,
        shows_rows=instruction.claims is not None and bool(instruction.claims.kinds),
        plain=instruction.to_plain(),
    )


def act_page(instruction: Instruction) -> str:
    """Return the page that carries an instruction out, as one file of HTML.

    It works without a server and without a network.

    Args:
        instruction: of the campaign.
    """
    acting = offered_instruction(instruction)
    return one_file("acting.html", acting.title, ACT_SCRIPTS, ACT_STYLES, {"acting": acting})
