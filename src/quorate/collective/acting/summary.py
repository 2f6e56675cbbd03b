"""What acting did to a member's file, in numbers and in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RowsSummary:
    """What was done to the rows of a file.

    Args:
        rows: in the file.
        changed: rows that are written otherwise now.
        same: rows acted on that had all of it already.
        others: rows left alone, as their label is not the one that is acted on.
        unlabelled: rows left alone, as they have no label.
        short: rows left alone, as they have too few cells.
        unlike: rows left alone, as the campaign knows none like them.
        withheld: rows that are not handed in.
        new_values: columns and values that nobody in the file had before.
        columns: those that can change.
        examples: of the first changed rows the number, counted from 1 below the header line, and
            what they say in these columns before and after.
    """

    rows: int
    changed: int
    same: int = 0
    others: int = 0
    unlabelled: int = 0
    short: int = 0
    unlike: int = 0
    withheld: int = 0
    new_values: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    examples: tuple[tuple[int, tuple[str, ...], tuple[str, ...]], ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """Return the summary as plain data."""
        plain: dict[str, Any] = asdict(self)
        plain["new_values"] = [list(one) for one in self.new_values]
        plain["columns"] = list(self.columns)
        plain["examples"] = [[at, list(before), list(after)] for at, before, after in self.examples]
        return plain

    def sentences(self) -> tuple[str, ...]:
        """Return the summary in words.

        >>> RowsSummary(3, 2, others=1).sentences()
        ('2 of 3 rows are changed.', '1 row has another label and stays as it is.')
        """
        if self.withheld:
            left = self.rows - self.withheld
            rest = "Nothing is left to hand in." if not left else f"{left:,} of them stay."
            return (f"{self.withheld:,} of {self.rows:,} rows are withheld. {rest}",)
        told = [f"{self.changed:,} of {_counted(self.rows)} {_be(self.rows)} changed."]
        for count, one, several in (
            (self.same, "has it all already", "have it all already"),
            (self.others, "has another label and stays as it is", _STAY.format("another label")),
            (self.unlabelled, "has no label and stays as it is", _STAY.format("no label")),
            (self.short, "has too few cells and stays as it is", _STAY.format("too few cells")),
            (
                self.unlike,
                "is like none that the campaign knows, and stays as it is",
                "are like none that the campaign knows, and stay as they are",
            ),
        ):
            if count:
                told.append(f"{_counted(count)} {one if count == 1 else several}.")
        for column, value in self.new_values:
            told.append(f"No row of your file had {value!r} in the column {column!r} before.")
        return tuple(told)


_STAY = "have {} and stay as they are"


def _counted(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"
