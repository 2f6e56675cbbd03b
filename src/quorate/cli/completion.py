"""Names that a shell completes: they are read off the catalog, and no method is loaded."""

from __future__ import annotations

from collections.abc import Callable

import typer


def names_of(kind: str) -> Callable[[str], list[str]]:
    """Return what completes the name of a method of one kind.

    >>> names_of("learners")("dp-s")
    ['dp-sgd']
    """

    def complete(incomplete: str) -> list[str]:
        from quorate import catalog

        found = dict.fromkeys(entry.name for entry in catalog.entries(kind))
        return [name for name in sorted(found) if name.startswith(incomplete)]

    return complete


def kinds(incomplete: str) -> list[str]:
    """Return the kinds of methods that begin so.

    >>> kinds("s")
    ['signals', 'strategies', 'subgroups', 'scenarios', 'settings']
    """
    from quorate.catalog import BUILT_IN

    return [kind for kind in BUILT_IN if kind.startswith(incomplete)]


def names_of_kind(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of the kind that was given before: ``quorate list learners ...``."""
    from quorate.catalog import BUILT_IN

    kind = context.params.get("kind")
    return names_of(str(kind))(incomplete) if kind in BUILT_IN else []


def one_of(*words: str) -> Callable[[str], list[str]]:
    """Return what completes one of a few words.

    >>> one_of("tv", "huber")("t")
    ['tv']
    """

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete
