"""The methods that a study of membership or an audit names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quorate import catalog
from quorate.errors import InputError


def build_methods(plain: Mapping[str, Any], kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return the method under each key, built from text, plain data or an object.

    Args:
        plain: what was given, by key.
        kinds: kind of the method under each key.

    Raises:
        InputError: a method is missing, not known or cannot be built.

    >>> build_methods({"learner": "sgd:epochs=3"}, {"learner": "learners"})["learner"].epochs
    3
    """
    for key, kind in kinds.items():
        if not plain.get(key):
            raise InputError(
                f"Expected a {key}, got none. Name one; quorate list {kind} shows them."
            )
    return {key: catalog.build(kind, plain[key]) for key, kind in kinds.items()}
