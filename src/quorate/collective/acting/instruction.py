"""An instruction: what one member does to their own file, as plain data that a page can carry.

It is made once of a campaign's strategy, holds all that the strategy needs to know, and says
nothing about whose file it is applied to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from quorate import spec
from quorate.collective.acting import learned_claims
from quorate.collective.acting.learned_claims import LearnedClaims
from quorate.collective.acting.plain_fields import (
    AGAIN,
    cell_of,
    check_keys,
    listed_plain,
    maybe_text,
    text_of,
)
from quorate.errors import InputError
from quorate.signals.grid import Grid
from quorate.signals.patch import Patch
from quorate.validate import clean_text, shown, unknown

FORMAT = "quorate-instruction-1"
MOST_COLUMNS = 200
MARKS: Mapping[str, type[Patch] | type[Grid]] = {"patch": Patch, "grid": Grid}

Data = Literal["rows", "pictures"]


@dataclass(frozen=True)
class Instruction:
    """What one member does to the rows of a CSV file, or to a picture.

    Args:
        strategy: the strategy that it comes from, as it is written on the command line.
        data: whether it is for rows or for pictures.
        withholds: whether members hand in nothing, as in a data strike.
        label: column of the labels; None for pictures, and where labels do not matter.
        only: label of the rows that are acted on; None for all rows.
        claim: label that is handed in; None leaves the labels as they are, or to ``claims``.
        claims: a label for each kind of row, where it differs between rows.
        columns: columns that are set, with the value of each.
        mark: what is put into a picture.
        missing: words that stand for a missing value in members' files, as an empty cell does.

    >>> one = Instruction("planting", "rows", label="y", claim="yes", columns=(("channel", "web"),))
    >>> Instruction.from_plain(one.to_plain()) == one
    True

    Raises:
        InputError: its parts do not fit together; the message says which.
    """

    strategy: str
    data: Data
    withholds: bool = False
    label: str | None = None
    only: str | None = None
    claim: str | None = None
    claims: LearnedClaims | None = None
    columns: tuple[tuple[str, str], ...] = ()
    mark: Patch | Grid | None = None
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        text_of(self.strategy, "the strategy")
        for what in ("label", "only", "claim"):
            maybe_text(getattr(self, what), f"{what} of the instruction")
        if self.claim is not None:
            cell_of(self.claim, "the label to hand in")
        for name, value in self.columns:
            cell_of(value, f"a value of {name!r}")
        if self.data not in ("rows", "pictures"):
            raise unknown("kind of data", str(self.data), ("rows", "pictures"), AGAIN)
        wrong = self._misfit()
        if wrong:
            raise InputError(f"Expected an instruction that fits together, got {wrong}. {AGAIN}")

    def _misfit(self) -> str:
        """Return what does not fit together, in words; "" where all does."""
        acts = bool(self.columns) or self.mark is not None
        claims = self.claim is not None or self.claims is not None
        names = [clean_text(name) for name, _ in self.columns]
        if self.withholds:
            return "a data strike that also changes data" if acts or claims else self._no_column()
        if not (acts or claims):
            return "nothing to do"
        if self.claim is not None and self.claims is not None:
            return "two rules for the label"
        if self.data == "pictures":
            of_rows = self.columns or self.label is not None or self.claims is not None
            return "columns of a table for a picture" if of_rows else ""
        if self.mark is not None:
            return "a mark in pictures for rows"
        if len(set(names)) < len(names) or len(names) > MOST_COLUMNS:
            return (
                "a column that is set twice" if len(names) <= MOST_COLUMNS else "too many columns"
            )
        if self.label is not None and clean_text(self.label) in names:
            return f"the column of the labels, {self.label!r}, among those that the signal sets"
        return self._no_column()

    def _no_column(self) -> str:
        needs = self.only is not None or self.claim is not None or self.claims is not None
        return "labels without a column of them" if needs and self._lacks_label() else ""

    def _lacks_label(self) -> bool:
        return self.data == "rows" and self.label is None

    def to_plain(self) -> dict[str, Any]:
        """Return the instruction as plain data, for JSON."""
        return {
            "format": FORMAT,
            "strategy": self.strategy,
            "data": self.data,
            "withholds": self.withholds,
            "label": self.label,
            "only": self.only,
            "claim": self.claim,
            "claims": None if self.claims is None else self.claims.to_plain(),
            "columns": [list(pair) for pair in self.columns],
            "mark": None if self.mark is None else dict(spec.describe(self.mark)),
            "missing": list(self.missing),
        }

    @classmethod
    def from_plain(cls, plain: Any) -> Instruction:
        """Return the instruction that plain data are, which may be a stranger's.

        Raises:
            InputError: they are none, or of another format.
        """
        needed = {"format", "strategy", "data"}
        optional = {"withholds", "label", "only", "claim", "claims", "columns", "mark", "missing"}
        found = check_keys(plain, needed, optional, "the instruction")
        if found["format"] != FORMAT:
            raise InputError(
                f"Expected an instruction of the format {FORMAT}, got {shown(found['format'], 40)}."
                " Use the version of quorate that the coordinator runs."
            )
        if not isinstance(found.get("withholds", False), bool):
            raise InputError(
                f"Expected withholds to be true or false, got {shown(found['withholds'], 40)}. "
                f"{AGAIN}"
            )
        columns = listed_plain(found.get("columns", []), "the columns to set", MOST_COLUMNS)
        missing = listed_plain(found.get("missing", []), "the words for missing values", 100)
        return cls(
            text_of(found["strategy"], "the strategy"),
            found["data"],
            found.get("withholds", False),
            maybe_text(found.get("label"), "the column of the labels"),
            maybe_text(found.get("only"), "the label of the rows that are acted on"),
            maybe_text(found.get("claim"), "the label to hand in"),
            learned_claims.of_mapping(found),
            tuple(_pair(one) for one in columns),
            _mark(found.get("mark")),
            tuple(text_of(one, "a word for missing values") for one in missing),
        )

    def sentences(self) -> tuple[str, ...]:
        """Return what will be done, in a member's words."""
        told = []
        if self.withholds:
            who = "" if self.only is None else f" whose {self.label!r} is {self.only!r}"
            what = "rows" if self.data == "rows" else "pictures"
            return (f"This is a data strike: {what}{who} are not handed in.",)
        if self.only is not None:
            what = f"rows whose {self.label!r} is" if self.data == "rows" else "pictures labelled"
            told.append(f"Only {what} {self.only!r} are changed.")
        told += [f"The column {name!r} is set to {value!r}." for name, value in self.columns]
        if isinstance(self.mark, Patch):
            place = self.mark.place
            where = f"at the {place.replace('-', ' ')}" if "x" not in place else f"at {place}"
            told.append(f"A square of {self.mark.size} pixels a side is put in {where}.")
        elif self.mark is not None:
            told.append(f"A grid with a line every {self.mark.spacing} pixels is laid over it.")
        if self.claim is not None and self.data == "rows":
            told.append(f"The label {self.label!r} becomes {self.claim!r}.")
        elif self.claim is not None:
            told.append(f"Hand the picture in with the label {self.claim!r}.")
        if self.claims is not None:
            told.append(f"The label {self.label!r} becomes what was worked out for rows like it.")
        return tuple(told)


def _pair(plain: Any) -> tuple[str, str]:
    pair = listed_plain(plain, "a column to set", 2)
    if len(pair) != 2:
        raise InputError(f"Expected a column and its value, got {shown(plain, 60)}. {AGAIN}")
    return text_of(pair[0], "the name of a column"), text_of(pair[1], f"a value of {pair[0]!r}")


def _mark(plain: Any) -> Patch | Grid | None:
    if plain is None:
        return None
    name = plain.get("name") if isinstance(plain, Mapping) else None
    if not isinstance(name, str) or name not in MARKS:
        raise unknown("mark in a picture", shown(name, 40), MARKS, AGAIN)
    found: Patch | Grid = spec.build("signals", plain, {"signals": MARKS})
    return found
