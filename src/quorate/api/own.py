"""Data and methods of one's own in Python: hand them in, register and check them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from quorate.populations.own.own_people import OwnPeople

C = TypeVar("C", bound=type)


def people(
    data: Any,
    label: Any = None,
    group: Any = None,
    *,
    held_out: Any = 0.25,
    n: int | None = None,
) -> OwnPeople:
    """Return data of your own as a population.

    Args:
        data: a data frame of pandas or polars; arrays, tensors or series ``(X, y)`` or
            ``(X, y, group)``, X of shape (n, d) or pictures (n, h, w), (n, c, h, w) or
            (n, h, w, c); a ``Dataset`` or ``DatasetDict`` of Hugging Face; or a ``Dataset`` of
            PyTorch, whose items are (x, y) or (x, y, group) and are read once. A pair of two of
            them, or a mapping with the keys train and test, says who is held out.
        label: the column of the labels of a data frame or of a data set with columns.
        group: the column of the groups, which stays a feature; None for no groups.
        held_out: fraction of the people held out, in (0, 1), drawn for each seed; or the people
            held out, in the form of ``data``.
        n: number of people trained on, drawn for each seed; by default everyone not held out.

    >>> import numpy as np, quorate
    >>> ours = quorate.people((np.arange(8)[:, None], np.arange(8) % 2), held_out=0.5)
    >>> print(ours.split(np.random.default_rng(0)).train.classes)
    ('0', '1')

    Raises:
        InputError: the data are of another form, a label is missing, or a column holds neither
            numbers nor names.
    """
    from quorate.populations.own.own_people import people_of

    return people_of(data, label, group, held_out, n)


def register(cls: C) -> C:
    """Make a class of your own known by its name, here and in worker processes, and return it.

    From then on, text, files and stored results can name it. Handing in an object does the same.

    Args:
        cls: a frozen dataclass with a ``name`` that inherits a role: ``Strategy``, ``Learner``, ...
            of ``quorate.protocols``. Used as a decorator, it stands above ``@dataclass``.

    Raises:
        InputError: it is none, or its name is taken.
    """
    from quorate import catalog

    return catalog.register(cls)


def check(method: Any, people: Any = None, kind: str | None = None) -> list[str]:
    """Check that a method of your own keeps to its role; return the names of the properties.

    Args:
        method: of any kind: a strategy, a learner, a scenario, ...; or an object that stands for
            one, such as a pipeline or a data frame.
        people: whom to check it on, a ``Split`` or a population in any form; by default small data
            sets, the first that it accepts.
        kind: what a function is: "learners", "strategies", "signals" or "goals".

    Raises:
        CheckFailedError: a property does not hold; the message says which.
        InputError: nobody knows what kind it is.
    """
    from quorate import checks

    return checks.check(method, people, kind)
