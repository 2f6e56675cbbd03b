"""What says in one line what it is, wherever Python shows an object."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Protocol

from quorate.printable import one_line


class Shown(Protocol):
    """Something whose ``repr`` is one line: what it is, and its main numbers."""

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        if "__repr__" not in vars(cls):  # else a dataclass would write out all that it holds
            cls.__repr__ = Shown.__repr__  # type: ignore[method-assign]

    @abstractmethod
    def brief(self) -> str:
        """Return the main numbers in a line, without the name of the class."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {one_line(self.brief())}>"
