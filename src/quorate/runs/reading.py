"""What is stored is read as what it should be: a stranger may have put anything in its place."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from quorate.errors import QuorateError, StoreError
from quorate.printable import one_line

# What data of a wrong type, or without a part, make the code that reads them raise.
WRONG = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


@contextlib.contextmanager
def as_stored(what: object) -> Iterator[None]:
    """Turn what wrong data raise into one error that names where they stand.

    Args:
        what: is read, such as a folder.

    Raises:
        StoreError: something has another type than it was written with, or is missing.
    """
    try:
        yield
    except QuorateError:
        raise
    except WRONG as error:
        said = one_line(f"{type(error).__name__} {error}", 160).rstrip(".")
        raise StoreError(
            f"Expected {what} to hold what quorate writes, got something else ({said}). Restore it "
            "from a copy, or run the command that made it with another --out."
        ) from error
