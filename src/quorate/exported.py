"""The methods that a room exports by their classes' names, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable


def exported(kind: str, room: str) -> tuple[Callable[[str], type], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and the ``__dir__`` of a room.

    For those who read types, the same names are imported below the room's ``TYPE_CHECKING``; a test
    holds both to the catalog.

    Args:
        kind: of the methods, such as "learners".
        room: name of the package; what lies elsewhere is not exported.

    >>> load, names = exported("signals", "quorate.signals")
    >>> load("Patch").__name__, "Patch" in names()
    ('Patch', True)
    """

    def classes() -> dict[str, str]:
        from quorate.catalog import BUILT_IN

        places = [place for place in BUILT_IN[kind].values() if place.startswith(f"{room}.")]
        return {place.partition(":")[2]: place for place in places}

    def load(name: str) -> type:
        place = None if name.startswith("_") else classes().get(name)
        if place is None:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        from quorate.catalog import load_place

        return load_place(place)

    return load, lambda: sorted(classes())
