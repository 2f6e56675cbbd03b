"""People whom a user hands in: a data frame, arrays or a data set as a population."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from quorate.bring_your_own.data_kinds import is_data, kind_of
from quorate.bring_your_own.handed_in import HandedIn
from quorate.bring_your_own.holding import HoldsObject, said_by
from quorate.bring_your_own.import_paths import ImportPath
from quorate.errors import InputError, QuorateError
from quorate.populations import sizes
from quorate.populations.own.handed_people import HandedPeople
from quorate.populations.own.parts import FORMS, read_part, read_parts
from quorate.populations.tables.table_files import standardised
from quorate.protocols import Population
from quorate.runtime.progress import tell_once
from quorate.spec import param
from quorate.table import Rng, Split
from quorate.validate import shown

CALLED = {"hub": "Dataset", "hub splits": "DatasetDict", "pandas": "DataFrame"}
CALLED |= {"polars": "DataFrame", "torch": "Dataset"}


@dataclass(frozen=True)
class OwnPeople(HoldsObject, Population):
    """Data of the user's own: a data frame, arrays, or a data set of Hugging Face or PyTorch.

    A model of the user's own gets rows and labels as they were handed in. For all others numbers
    are standardised on the people to learn from, text and categories are one-hot encoded, pictures
    are put on the pixel scale. The group column stays a feature. Missing values are counted and
    named: a missing number stands at the mean, with a column that says so, a missing name is a
    value of its own. Where the data say who is held out, they are held out for every seed; else the
    split is random and redrawn.

    Raises:
        InputError: the data are not at hand, n exceeds the people there are, or held_out is not in
            (0, 1).
    """

    name: ClassVar[str] = "handed-in"
    data: str = param(help="What was handed in, with eight digits of its content.", shown=True)
    n: int | None = param(None, sizes.REMAINING_N)
    held_out: float = param(0.25, sizes.HELD_OUT_FRACTION)

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes.check_held_out(self.held_out)

    @property
    def called(self) -> str:
        """What the data are called in tables and legends."""
        return self.who

    def split(self, rng: Rng) -> Split:
        """Return the split that the data have, or a random one."""
        content: HandedPeople = self.held.value
        people = content.everyone
        if content.n_train is None:
            return standardised(sizes.split_at_random(people, self.n, self.held_out, rng))
        first = np.arange(len(people)) < content.n_train
        train = sizes.subsample(people.take(first), self.n, rng, "n")
        return standardised(Split(train, people.take(~first)))

    def notes(self) -> tuple[str, ...]:
        """Return what reading the data did."""
        found: tuple[str, ...] = self.held.value.notes
        return found


def people_of(
    data: Any, label: Any = None, group: Any = None, held_out: Any = 0.25, n: int | None = None
) -> OwnPeople:
    """Return data as a population: see ``quorate.people``."""
    if isinstance(held_out, int | float | np.number) or held_out is None:
        parts = read_parts(data, label, group)
        fraction = 0.25 if held_out is None else float(held_out)
    else:
        parts = read_part(data, label, group), read_part(held_out, label, group)
        fraction = 0.25
    return _population(parts, _called(data), None, n, fraction)


def adapt_population(value: Any) -> Population:
    """Return the population that an object of the user's stands for.

    Args:
        value: data as in ``quorate.people``; a function without arguments that returns such data
            or a population; or an ``ImportPath`` to one of them.

    Raises:
        InputError: it is none of these.
    """
    path = value if isinstance(value, ImportPath) else None
    found = path.value if path is not None else value
    if callable(found) and not is_data(found):
        found = _returned(found, path)
        if isinstance(found, Population):
            return found
    if not (is_data(found) or isinstance(found, dict)):
        raise InputError(
            f"Expected a population's name, {FORMS}, got {shown(found, 60)}. See: quorate list "
            "populations"
        )
    return _population(read_parts(found, None, None), _called(found), path)


def _called(data: Any) -> str:
    """Return what data are called: of several parts or arrays, as the first is."""
    kind = kind_of(data)
    return _called(data[0]) if kind == "several" else CALLED.get(kind or "", "arrays")


def _returned(function: Any, path: ImportPath | None) -> Any:
    """Return what a function of the user's returns."""
    called = path.text if path is not None else getattr(function, "__name__", "the function")
    try:
        return function()
    except QuorateError:
        raise
    except Exception as error:  # a user's code may raise anything
        raise InputError(
            f"Expected {called}() to return people, got {said_by(error)}. Let it take no "
            "arguments, and return data or quorate.people(data, label=COLUMN)."
        ) from error


def _population(
    parts: Any, called: str, path: ImportPath | None, n: int | None = None, held_out: float = 0.25
) -> OwnPeople:
    content = HandedPeople.of(*parts)
    for note in content.notes:
        tell_once(note)
    value: Any = content if path is None else ImportPath(path.text, content)
    return OwnPeople(HandedIn.of(value, called), n, held_out)
