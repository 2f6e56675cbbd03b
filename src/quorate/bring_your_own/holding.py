"""What all methods have in common that stand for an object of the user's own."""

from __future__ import annotations

from typing import Any

from quorate.bring_your_own.handed_in import HandedIn
from quorate.bring_your_own.import_paths import ImportPath
from quorate.bring_your_own.naming import short_name
from quorate.errors import InputError
from quorate.spec import parameters
from quorate.validate import shown

MEND = "Mend it; quorate.check tries it on a few people."
MOST_SAID = 160  # characters of another's message


class HoldsObject:
    """Base of the methods that stand for an object; their first parameter is its ``HandedIn``.

    What such a method returns is checked as what a class of the user's own does.
    """

    def __post_init__(self) -> None:
        cls: type = type(self)
        key = next(iter(parameters(cls)))
        object.__setattr__(self, key, HandedIn.found(getattr(self, key)))

    @property
    def held(self) -> HandedIn:
        """The object, with its text."""
        cls: type = type(self)
        found: HandedIn = getattr(self, next(iter(parameters(cls))))
        return found

    @property
    def who(self) -> str:
        """What the object is called in errors, in one word or as its import path."""
        return str(self.held).rpartition(" ")[0] or str(self.held)

    @property
    def called(self) -> str:
        """What it is called in tables and legends; its text where it is not at hand."""
        held = self.held
        if not held.digest:
            return str(held)
        return self.who if held.is_named else short_name(held.value)

    def failed(self, error: BaseException, doing: str, fix: str = MEND) -> str:
        """Return what to say of an exception that the object raised.

        Args:
            error: the exception.
            doing: what the object was to do, such as "fit a model".
            fix: what the user can do.
        """
        return f"Expected {self.who} to {doing}, got {said_by(error)}. {fix}"


def said_by(error: BaseException) -> str:
    """Return an exception in one line: its type, and the beginning of its message.

    >>> said_by(ValueError("X contains NaN.\\nSee the manual.")), said_by(KeyError())
    ('ValueError: X contains NaN. See the manual', 'KeyError: no message')
    """
    said = " ".join(str(error).split()) or "no message"
    said = said.rstrip(".") if len(said) <= MOST_SAID else f"{said[:MOST_SAID].rstrip()}.."
    return f"{type(error).__name__}: {said}"


def checked_function(value: Any, kind: str) -> Any:
    """Return the function that was handed in or that stands at an import path.

    Raises:
        InputError: it is no function.
    """
    function = value.value if isinstance(value, ImportPath) else value
    if not callable(function) or isinstance(function, type):
        one = "strategy" if kind == "strategies" else kind.removesuffix("s")
        raise InputError(
            f"Expected a {one}'s name or a function, got {shown(function)}. See: quorate list "
            f"{kind}"
        )
    return function
