"""What an outcome depends on beside parameters and seed: files that are read, and people's code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from quorate import catalog, spec
from quorate.protocols import Population

Dependencies = dict[str, dict[str, str]]


def find_dependencies(methods: Iterable[Any], known: str | None = None) -> Dependencies:
    """Return digests of what methods, and those inside them, read and are made of.

    ``files`` holds the digests of people's own files, by the methods that read them; ``code`` those
    of classes from outside the package, by kind and name. What is empty is left out, so that the
    ids of cells of which nothing is known but parameters stay as they are.

    Args:
        methods: of one cell or of one study.
        known: a digest that its reader tells elsewhere already.

    Raises:
        InputError: a file is not there, or two classes of one kind have one name.
    """
    within = [one for method in methods for one in _of_interest(method)]
    files = {}
    for method in within:
        digest = method.fingerprint() if hasattr(method, "fingerprint") else None
        if digest is not None and digest != known:
            files[spec.text(method)] = str(digest)
    code = catalog.code_of(within)
    if _meet_categories(within):
        code["learners/categories"] = "split into sets"
    return {name: found for name, found in (("files", files), ("code", code)) if found}


# Older versions handed trees a category value by value, and their outcomes have ids without this.
SPLITS = "splits_categories"


def _meet_categories(within: Iterable[Any]) -> bool:
    """Whether a learner that splits categories into sets meets people who may have some."""
    may_have = any(
        getattr(one, "has_categories", spec.is_own(type(one)))
        for one in within
        if isinstance(one, Population)
    )
    return may_have and any(getattr(one, SPLITS, False) for one in within)


# A sweep asks about the same few methods once a cell. By identity, as the texts of methods are.
_kept: dict[int, tuple[Any, list[Any]]] = {}
MOST_KEPT = 1024


def _of_interest(method: Any) -> list[Any]:
    """Return the methods inside one, itself among them, that read files or are people's own."""
    kept = _kept.get(id(method))
    if kept is not None and kept[0] is method:
        return kept[1]
    found = [
        one
        for one in spec.methods_within(method)
        if hasattr(one, "fingerprint") or hasattr(one, SPLITS) or spec.is_own(type(one))
    ]
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[id(method)] = method, found
    return found


def stamp(*methods: Any) -> str:
    """Return a digest of all that methods depend on; what is kept in memory is kept by it."""
    return spec.content_id(find_dependencies(methods))
