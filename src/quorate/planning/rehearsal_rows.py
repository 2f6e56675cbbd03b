"""The members' rows as their table has them, for learners: numbers stay numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from quorate.planning.cells import signal_codes
from quorate.planning.certify import Objective
from quorate.planning.member_column import Codes, MemberColumn, free_name
from quorate.planning.members import Members, Numbers
from quorate.populations.tables.standardising import standardise
from quorate.signals.columns import Columns
from quorate.table import Array, Column, Table
from quorate.validate import given_number

MEMBERS = "the members' rows"  # for messages
NOT_MISSING = ("no", "yes")  # whether a number is missing, by truth value


def people_of(members: Members, objective: Objective) -> tuple[Table, Columns]:
    """Return the members as learners see them, and the signal on that table.

    Numbers are standardised, whether the certificate bins them or not; text is one-hot encoded. A
    missing number becomes the median of the others, and a column of its own says who lacks it. Of a
    signal that names a bin, members set the median of those in it.

    Raises:
        InputError: a name or value is unknown, or numbers are on no one scale.
    """
    codes = signal_codes(members, objective.signal, new_values=objective.new_values)
    asked = {members.position(name): (name, value) for name, value in objective.signal.items()}
    seen = _Seen({column.name for column in members.columns})
    for at, column in enumerate(members.columns):
        numbers = members.numbers.get(column.name)
        code = codes.get(at)
        value = "" if code is None else str(asked[at][1])
        if numbers is None or np.isnan(numbers).all():
            seen.add_names(column, members.codes[:, at], code, value)
        else:
            seen.add_numbers(column, numbers, members.codes[:, at], code, value)
    x = np.concatenate(seen.blocks, axis=1)
    y = members.labels.astype(np.int64)
    return Table(x, y, members.classes, columns=tuple(seen.columns)), Columns(seen.signal)


@dataclass
class _Seen:
    """The features of a table as it grows, and what the signal sets."""

    taken: set[str]
    blocks: list[Array] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    signal: dict[str, str] = field(default_factory=dict)

    @property
    def start(self) -> int:
        return self.columns[-1].stop if self.columns else 0

    def add_names(self, column: MemberColumn, codes: Codes, code: int | None, value: str) -> None:
        """Add a column of names; ``value`` is what the signal sets if no member has it yet."""
        values = column.values
        if code is not None:
            values += (value,) * (code == len(values))
            self.signal[column.name] = values[code]
        self._one_hot(column.name, values, codes)

    def add_numbers(
        self, column: MemberColumn, numbers: Numbers, codes: Codes, code: int | None, value: str
    ) -> None:
        """Add a column of numbers, and where some are missing one that says whose."""
        gone = np.isnan(numbers)
        middle = _middle(numbers[~gone])
        found, mean, scale = standardise(np.where(gone, middle, numbers), column.name, MEMBERS)
        self.columns.append(Column(column.name, self.start, mean=mean, scale=scale))
        self.blocks.append(found.astype(np.float32)[:, None])
        lacks = code is not None and column.missing in column.values[code : code + 1]
        if code is not None:
            there = numbers[(codes == code) & ~gone]
            set_to = middle if lacks else _number(column, value, there)
            self.signal[column.name] = repr(set_to)
        if gone.any():
            name = free_name(f"{column.name} is missing", self.taken)
            self.taken.add(name)
            self._one_hot(name, NOT_MISSING, gone.astype(np.int32))
            if code is not None:
                self.signal[name] = NOT_MISSING[lacks]

    def _one_hot(self, name: str, values: tuple[str, ...], codes: Codes) -> None:
        self.columns.append(Column(name, self.start, values))
        self.blocks.append(np.eye(len(values), dtype=np.float32)[codes])


def written_signal(members: Members, objective: Objective) -> dict[str, str]:
    """Return what members write to set the signal: of a bin of numbers, the median of those in it.

    A missing value is written as it was, or left empty.

    Raises:
        InputError: a name or value is unknown.
    """
    codes = signal_codes(members, objective.signal, new_values=objective.new_values)
    written = {}
    for name, value in objective.signal.items():
        at = members.position(name)
        column, code = members.columns[at], codes[at]
        written[column.name] = value
        if column.missing is not None and column.missing in column.values[code : code + 1]:
            written[column.name] = next(iter(column.as_missing), "")
        elif column.edges and value in column.values and column.name in members.numbers:
            numbers = members.numbers[column.name]
            there = numbers[(members.codes[:, at] == code) & ~np.isnan(numbers)]
            least = column.edges[code - 1] if code else column.span[0]
            written[column.name] = f"{_middle(there) if len(there) else least:.15g}"
    return written


def _number(column: MemberColumn, value: str, there: Numbers) -> float:
    """Return the number that a signal sets: the one that is named, or the middle of its bin's."""
    is_bin = bool(column.edges) and value in column.values
    named = None if is_bin else given_number(column.name, value, column.decimal)
    return _middle(there) if named is None else float(named)


def _middle(numbers: Numbers) -> float:
    """Return the median, of an even number the lower of the two in the middle."""
    return float(np.sort(numbers)[(len(numbers) - 1) // 2])
