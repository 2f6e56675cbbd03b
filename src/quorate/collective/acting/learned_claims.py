"""Labels that members claim by what their other columns hold, worked out on the collective's rows.

A member's machine has no other rows than the member's own: the rule comes along, finished.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quorate.collective.acting.plain_fields import cell_of, check_keys, listed_plain, text_of
from quorate.errors import InputError
from quorate.validate import shown

MOST_KINDS = 20_000  # rows of a rule; its page stays below some megabytes
MOST_COLUMNS = 200
MOST_VALUES = 1000
SMALL = 1e-300


@dataclass(frozen=True)
class LearnedColumn:
    """A column that a rule looks at.

    Args:
        name: of the column.
        values: of a column of names; empty for numbers.
        mean, scale: two numbers v are the same if (v − mean)/scale is, in single precision.
    """

    name: str
    values: tuple[str, ...] = ()
    mean: float = 0.0
    scale: float = 1.0

    def to_plain(self) -> dict[str, Any]:
        """Return the column as plain data."""
        if self.values:
            return {"name": self.name, "values": list(self.values)}
        return {"name": self.name, "mean": self.mean, "scale": self.scale}

    @classmethod
    def from_plain(cls, plain: Any) -> LearnedColumn:
        """Return the column that plain data describe.

        Raises:
            InputError: they describe none.
        """
        where = "a column of the rule"
        found = check_keys(plain, {"name"}, {"values", "mean", "scale"}, where)
        name = text_of(found["name"], "the name of a column")
        if "values" in found:
            values = listed_plain(found["values"], f"the values of {name!r}", MOST_VALUES)
            texts = tuple(text_of(one, f"a value of {name!r}") for one in values)
            if not texts or len(set(texts)) < len(texts) or {"mean", "scale"} & set(found):
                raise InputError(
                    f"Expected different values for the column {name!r} of the rule, got "
                    f"{shown(values, 60)}. Compile the instruction again."
                )
            return cls(name, texts)
        mean, scale = (number_in(found.get(key), f"{key} of {name!r}") for key in ("mean", "scale"))
        if abs(scale) < SMALL:
            raise InputError(
                f"Expected a scale above 0 for the column {name!r} of the rule, got {scale:g}. "
                "Compile the instruction again."
            )
        return cls(name, (), mean, scale)


@dataclass(frozen=True)
class LearnedClaims:
    """A label for each kind of row, told apart by the columns that the signal does not set.

    It shows the rows that it was learned from, without names: whoever publishes it must want that.

    Args:
        columns: those looked at.
        kinds: for each kind the index of a name, or a number on the scale of the file, by column.
        claims: the label of each kind.
        otherwise: the label of any other row; None leaves such rows as they are.

    Raises:
        InputError: a kind does not fit the columns.
    """

    columns: tuple[LearnedColumn, ...]
    kinds: tuple[tuple[float, ...], ...]
    claims: tuple[str, ...]
    otherwise: str | None = None

    def __post_init__(self) -> None:
        if len(self.claims) != len(self.kinds) or len(self.kinds) > MOST_KINDS:
            raise InputError(
                f"Expected a label for each of at most {MOST_KINDS:,} kinds of rows, got "
                f"{len(self.claims):,} labels and {len(self.kinds):,} kinds. Use a plan with fewer "
                "columns, or bin numbers first."
            )
        if not self.kinds and self.otherwise is None:
            raise InputError(
                "Expected a rule with a label for some rows, got none. Compile it again."
            )
        for claim in dict.fromkeys((*self.claims, self.otherwise)):
            if claim is not None:
                cell_of(claim, "a label of the rule")
        for kind in self.kinds:
            if len(kind) != len(self.columns):
                raise InputError(
                    f"Expected {len(self.columns)} values in each kind of row, got {len(kind)}. "
                    "Compile the instruction again."
                )
            for value, column in zip(kind, self.columns, strict=True):
                names = len(column.values)
                if names and not (value == int(value) and 0 <= value < names):
                    raise InputError(
                        f"Expected a value of {column.name!r} from 0 to {names - 1} in a kind of "
                        f"row, got {value}. Compile the instruction again."
                    )

    def to_plain(self) -> dict[str, Any]:
        """Return the rule as plain data."""
        return {
            "columns": [one.to_plain() for one in self.columns],
            "kinds": [list(kind) for kind in self.kinds],
            "claims": list(self.claims),
            "otherwise": self.otherwise,
        }

    @classmethod
    def from_plain(cls, plain: Any) -> LearnedClaims:
        """Return the rule that plain data describe.

        Raises:
            InputError: they describe none.
        """
        keys = {"columns", "kinds", "claims", "otherwise"}
        found = check_keys(plain, keys, set(), "the rule of an instruction")
        columns = listed_plain(found["columns"], "the columns of a rule", MOST_COLUMNS)
        kinds = listed_plain(found["kinds"], "the kinds of a rule", MOST_KINDS)
        claims = listed_plain(found["claims"], "the labels of a rule", MOST_KINDS)
        otherwise = found["otherwise"]
        return cls(
            tuple(LearnedColumn.from_plain(one) for one in columns),
            tuple(_kind(one) for one in kinds),
            tuple(text_of(one, "a label of the rule") for one in claims),
            None if otherwise is None else text_of(otherwise, "a label of the rule"),
        )


def _kind(plain: Any) -> tuple[float, ...]:
    values = listed_plain(plain, "a kind of rows", MOST_COLUMNS)
    return tuple(number_in(one, "a value of a kind of rows") for one in values)


def number_in(value: Any, what: str) -> float:
    """Return a finite number of plain data.

    Raises:
        InputError: it is none.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not abs(value) < math.inf or abs(value) > 1e308:
        raise InputError(f"Expected a number as {what}, got {shown(value, 40)}. Compile it again.")
    return value + 0.0 if isinstance(value, float) else value


def of_mapping(plain: Mapping[str, Any]) -> LearnedClaims | None:
    """Return the rule of an instruction as plain data, None where it has none."""
    found = plain.get("claims")
    return None if found is None else LearnedClaims.from_plain(found)
