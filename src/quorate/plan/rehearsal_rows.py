"""The members' rows as their table has them, for learners: numbers stay numbers."""

from __future__ import annotations

import functools
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from quorate.plan.cells import signal_codes
from quorate.plan.certify import Objective
from quorate.plan.member_column import Codes, MemberColumn, free_name
from quorate.plan.members import Members, Numbers
from quorate.populations.tables.standardising import standardise
from quorate.populations.tables.table_files import file_fingerprint, standardised
from quorate.protocols import Population
from quorate.signals.columns import Columns
from quorate.spec import param
from quorate.table import Array, Column, Rng, Split, Table
from quorate.validate import given_number

MEMBERS = "the members' rows"  # for messages
NOT_MISSING = ("no", "yes")  # whether a number is missing, by truth value


@dataclass(frozen=True)
class MembersHalves(Population):
    """The members' rows, half of them to train on and half to measure on, drawn for each seed.

    Numbers are standardised on those trained on, so that nothing of the other half is known to the
    model.

    Raises:
        InputError: the file is missing.
    """

    name: ClassVar[str] = "members-halves"
    path: str = param(help="File of the rows, as ``write_people`` writes them.")
    n: int = param(1000, "Number of people trained on, at most the first half.")
    held_out: int = param(1000, "Number of people measured on, at most the other half.")

    def split(self, rng: Rng) -> Split:
        """Return a random split."""
        people = _read_people(self.path, self.fingerprint())
        order = rng.permutation(len(people))
        half = len(people) // 2
        train, test = order[half:][: self.n], order[:half][: self.held_out]
        return standardised(Split(people.take(train), people.take(test)))

    def fingerprint(self) -> str:
        """Return a digest of the file's bytes."""
        return file_fingerprint(self.path)


def write_people(people: Table, path: Path) -> None:
    """Write people to a file that ``MembersHalves`` reads."""
    about = {"classes": people.classes, "columns": [asdict(column) for column in people.columns]}
    np.savez(path, x=people.x, y=people.y, about=np.array(json.dumps(about)))


@functools.lru_cache(maxsize=1)
def _read_people(path: str, stamp: str) -> Table:
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        columns = [Column(**{**one, "values": tuple(one["values"])}) for one in about["columns"]]
        return Table(file["x"], file["y"], tuple(about["classes"]), columns=tuple(columns))


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


def _number(column: MemberColumn, value: str, there: Numbers) -> float:
    """Return the number that a signal sets: the one that is named, or the middle of its bin's."""
    is_bin = bool(column.edges) and value in column.values
    named = None if is_bin else given_number(column.name, value, column.decimal)
    return _middle(there) if named is None else float(named)


def _middle(numbers: Numbers) -> float:
    """Return the median, of an even number the lower of the two in the middle."""
    return float(np.sort(numbers)[(len(numbers) - 1) // 2])
