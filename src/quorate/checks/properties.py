"""How a property is checked: it holds, or an error says which one does not."""

from __future__ import annotations

from typing import Any

import numpy as np

from quorate import catalog
from quorate.errors import QuorateError
from quorate.table import Rng


class CheckFailedError(QuorateError, AssertionError):
    """A method lacks a property that every method of its kind must have."""


def hold(holds: bool, method: Any, what: str) -> str:
    """Return the name of a property.

    Raises:
        CheckFailedError: it does not hold.
    """
    if not holds:
        role = catalog.ROLES.get(catalog.kind_of(type(method)), "").partition(":")
        raise CheckFailedError(
            f"Expected that {type(method).__name__} {what}, got otherwise. See {role[2]} in "
            f"{role[0]}."
        )
    return what


def draws() -> Rng:
    """Return the stream of random numbers that each check begins with."""
    return np.random.default_rng(0)
