"""Methods of one's own in Python: register and check them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from quorate.table import Split

C = TypeVar("C", bound=type)


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


def check(method: Any, people: Split | None = None) -> list[str]:
    """Check that a method of your own keeps to its role; return the names of the properties.

    Args:
        method: of any kind: a strategy, a learner, a scenario, ...
        people: whom to check it on; by default small data sets, the first that it accepts.

    Raises:
        CheckFailedError: a property does not hold; the message says which.
    """
    from quorate import checks

    return checks.check(method, people)
