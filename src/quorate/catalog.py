"""Everything that can be named in a file, on the command line or in Python: one line a method.

A line is a name and the class that it stands for, ``module:Class``, which is imported when it is
asked for. An installed distribution adds lines by entry points of the same form, in the groups
``quorate.learners``, ``quorate.strategies``, ...; ``register`` adds a class to this process.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from quorate import spec
from quorate.bring_your_own import STANDING_FOR, adapt
from quorate.bring_your_own.data_kinds import is_data
from quorate.bring_your_own.import_paths import (
    ImportPath,
    is_import_path,
    lies_here,
    load,
    refusing,
)
from quorate.built_in import BUILT_IN as BUILT_IN
from quorate.built_in import ROLES as ROLES
from quorate.errors import InputError, QuorateError
from quorate.validate import storable

C = TypeVar("C", bound=type)


def build(kind: str, value: str | Mapping[str, Any] | Any) -> Any:
    """Return the method of ``kind`` that text, plain data or an object of the user's stands for.

    A method is returned as is, and its class registered. Of any other object, and of an import path
    such as ``mypackage.train:fit``, ``quorate.bring_your_own`` makes a method.

    >>> build("learners", "sgd:model=cnn,epochs=5").epochs
    5

    Raises:
        InputError: a name, a parameter or a value is not known (the message lists the valid ones),
            or a method is of another kind, or its class cannot be registered.
    """
    spec.check_levels(kind, value)
    value = CATALOG.adapt(kind, value)
    _register_within(value)
    made = spec.build(kind, value, CATALOG)
    _check_whole_numbers(made)
    if made is value and _entry_of(type(made)).kind != kind:
        raise InputError(
            f"Expected one of the {kind}, got {spec.text(made)}, one of the "
            f"{kind_of(type(made))}. See: quorate list {kind}"
        )
    return made


def rebuild(kind: str, value: Any) -> Any:
    """Return the method that a stored result names; nothing is imported for it but what is known.

    Raises:
        InputError: as ``build``, or it is an import path.
    """
    with refusing("a stored result"):
        return build(kind, value)


def _check_whole_numbers(value: Any, key: str = "") -> None:
    """Raise InputError where a method, or one inside it, has a whole number beyond 64 bits."""
    if isinstance(value, int):
        storable(key, value)
        return
    cls: type = type(value)
    if spec.is_method_class(cls):
        for own in spec.parameters(cls):
            _check_whole_numbers(getattr(value, own), own)


def register(cls: C) -> C:
    """Make a class of your own known by its name, here and in worker processes, and return it.

    From then on, text, files and stored results can name it. Its kind is that of the role it
    inherits. Use it as a decorator above ``@dataclass(frozen=True)``. A class that is defined anew,
    as when a notebook's cell is run again, replaces the older one.

    Raises:
        InputError: it is no frozen dataclass with a name, inherits no role, or its name is taken.
    """
    new = _entry_of(cls)
    taken = _with_name(new.kind, new.name)
    for other in taken:
        if other.place != new.place and other.load() is not cls:
            raise _name_taken(new, other)
    if not taken or new.name in _registered[new.kind]:
        _registered[new.kind][new.name] = cls
    return cls


def registered() -> tuple[type, ...]:
    """Return the classes that were registered here, for a worker process to register as well."""
    return tuple(cls for classes in _registered.values() for cls in classes.values())


def forget() -> None:
    """Forget the classes that were registered, where a worker goes on to work for somebody else."""
    for classes in _registered.values():
        classes.clear()


def kind_of(cls: type) -> str:
    """Return the kind of a class, such as "learners".

    Raises:
        InputError: it inherits no role.
    """
    bases = {_place(base) for base in cls.__mro__}
    for kind in BUILT_IN:
        if ROLES.get(kind) in bases or _place(cls) in BUILT_IN[kind].values():
            return kind
    roles = ", ".join(role.partition(":")[2] for role in ROLES.values())
    raise InputError(
        f"Expected a class that inherits one of {roles}, got {cls.__name__}. Name its role as its "
        f"base class, as in class {cls.__name__}(Strategy)."
    )


def code_of(methods: Iterable[Any]) -> dict[str, str]:
    """Return a digest of the code of each class from outside the package, by kind and name.

    Args:
        methods: what is asked about; what is inside them is among them.

    Raises:
        InputError: two classes of one kind have one name and are not the same.
    """
    found: dict[str, tuple[type, str]] = {}
    for cls in dict.fromkeys(map(type, methods)):
        if not spec.is_own(cls):
            continue
        entry, digest = _entry_of(cls), spec.code_digest(cls)
        known = found.setdefault(f"{entry.kind}/{entry.name}", (cls, digest))
        if known[1] != digest:
            raise InputError(
                f"Expected one class called {entry.name!r} among the {entry.kind} of a run, got "
                f"two that differ: {_place(known[0])} and {_place(cls)}. Give one of them another "
                "name, or keep its newest definition alone."
            )
    return {name: digest for name, (_, digest) in found.items()}


@dataclass(frozen=True)
class Entry:
    """One line of the catalog.

    Args:
        kind: such as "learners".
        name: what the class is called.
        place: where it stands, ``module:Class``.
        distribution: the installed one that names it, with its version; empty for quorate's own and
            for what was registered.
        is_yours: whether it was registered in this process.
    """

    kind: str
    name: str
    place: str
    distribution: str = ""
    is_yours: bool = False

    @property
    def origin(self) -> str:
        """Where it comes from: "quorate", a distribution with its version, or "yours"."""
        return self.distribution or ("yours" if self.is_yours else "quorate")

    def __str__(self) -> str:
        return f"{self.place} of {self.distribution}" if self.distribution else self.place

    def is_usable(self) -> bool:
        """Whether the class can be loaded, as what an installed distribution brings may not."""
        try:
            return not self.distribution or bool(self.load())
        except InputError:
            return False

    def own_object(self) -> Any:
        """Return the estimator or function that a distribution's line names; None for a class."""
        if not self.distribution or not self.is_usable():
            return None
        found = _import(self.place)
        return None if _is_method(found) else found

    def load(self) -> type:
        """Return the class, or of an object's line that of the method which stands for it.

        Raises:
            InputError: a distribution's line cannot be used: its name is taken, or it names nothing
                of this kind that can be imported.
        """
        if not self.distribution:
            return _registered[self.kind].get(self.name) or load_place(self.place)
        for other in _with_name(self.kind, self.name):
            if other.place != self.place:
                raise _name_taken(self, other)
        try:
            cls: type = _import(self.place)
            if not _is_method(cls):  # an estimator, a function: what stands for it is of our class
                standing: type = type(adapt(self.kind, ImportPath(self.name, cls)))
                return standing
            found = _entry_of(cls)
            if (found.kind, found.name) != (self.kind, self.name):
                raise InputError(f"a class called {found.name!r} among the {found.kind}")
        except Exception as error:  # an import may raise anything
            said = str(error) if isinstance(error, QuorateError) else repr(error)
            raise InputError(
                f"Expected {self} to be usable as {self.name!r} among the {self.kind}, got: "
                f"{said.rstrip('.')}. Mend {self.distribution}, or uninstall it."
            ) from error
        return cls


def entries(kind: str) -> list[Entry]:
    """Return every line of a kind: quorate's own, those of distributions, what was registered."""
    own = [Entry(kind, name, place) for name, place in BUILT_IN[kind].items()]
    own_classes = _registered[kind].items()
    more = [Entry(kind, name, _place(cls), is_yours=True) for name, cls in own_classes]
    return [*own, *_installed(kind), *more]


class _Classes(Mapping[str, type]):
    """The classes of one kind by name, - or _ alike; each is imported when it is asked for.

    A name whose class cannot be used is not among them, though asking for it says why.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __getitem__(self, name: str) -> type:
        for entry in _with_name(self.kind, _spelt(name)):
            return entry.load()
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(one.name for one in entries(self.kind) if one.is_usable()))

    def __len__(self) -> int:
        return len(list(iter(self)))


class _Adapting(spec.AdaptingCatalog):
    def adapt(self, kind: str, value: Any) -> Any:
        """Return the method that stands for an object of the user's own, or for an import path."""
        if isinstance(value, str) and is_import_path(value) and not self._lacks_value(kind, value):
            value = load(value)
            if _is_method(value.value):
                return value.value() if isinstance(value.value, type) else value.value
        elif isinstance(value, str | Mapping) and not is_data(value):
            return self._installed_object(kind, value) or value
        elif _is_method(value) or value is None or isinstance(value, int | float):
            return value  # a number is no object: of it is said what a name looks like
        return adapt(kind, value)

    def _lacks_value(self, kind: str, text: str) -> bool:
        """Whether a text is a method's name and a parameter's alone, as sgd:epochs, no path."""
        name = _spelt(text.strip().partition(":")[0])
        return name in BUILT_IN[kind] and not lies_here(text)

    def _installed_object(self, kind: str, value: str | Mapping[str, Any]) -> Any:
        """Return the method of an object that an installed distribution names; else None."""
        name = value.get("name") if isinstance(value, Mapping) else value.strip()
        if (
            not isinstance(name, str)
            or name in BUILT_IN[kind]
            or (value != name and len(value) > 1)
        ):
            return None
        for entry in _installed(kind):
            if entry.name == _spelt(name) and (found := entry.own_object()) is not None:
                return adapt(kind, ImportPath(entry.name, found))
        return None


def _is_method(value: Any) -> bool:
    return spec.is_method_class(value if isinstance(value, type) else type(value))


CATALOG = _Adapting({kind: _Classes(kind) for kind in BUILT_IN})
_registered: dict[str, dict[str, type]] = {kind: {} for kind in BUILT_IN}


def _with_name(kind: str, name: str) -> list[Entry]:
    """Return the lines with a name; quorate's own is found without a look at what is installed."""
    for known in (BUILT_IN[kind], STANDING_FOR.get(kind, {})):
        if name in known:
            return [Entry(kind, name, known[name])]
    return [entry for entry in entries(kind) if entry.name == name]


def _name_taken(new: Entry, other: Entry) -> InputError:
    return InputError(
        f"Expected a name of its own for {new}, got {new.name!r}, which {other} has among the "
        f"{new.kind}. Rename one of the two."
    )


def _entry_of(cls: Any) -> Entry:
    """Return the line of a class, having checked that it is a frozen dataclass with a name."""
    if not (isinstance(cls, type) and spec.is_method_class(cls)):
        raise InputError(
            f"Expected a frozen dataclass with a name, got {cls!r}. Write @dataclass(frozen=True) "
            'above the class, and name: ClassVar[str] = "NAME" in it.'
        )
    return Entry(kind_of(cls), _spelt(cls.name), _place(cls))  # type: ignore[attr-defined]


def _register_within(value: Any) -> None:
    """Register the classes of the methods that a value is, holds, or has inside it."""
    methods = list(spec.methods_within(value))
    code_of(methods)  # refuses two classes of one name
    for method in methods:
        register(type(method))


@functools.cache
def _installed(kind: str) -> list[Entry]:
    """Return the lines that the entry points of installed distributions add."""
    from importlib.metadata import entry_points

    return [
        Entry(
            kind,
            _spelt(one.name),
            f"{one.module}:{one.attr}",
            f"{one.dist.name} {one.dist.version}",
        )
        for one in (entry_points(group=f"quorate.{kind}") if kind in ROLES else ())
        if one.dist is not None
    ]


def _spelt(name: str) -> str:
    return name.replace("_", "-")  # low_light is low-light


def _place(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def load_place(place: str) -> type:
    """Return the class that ``module:Class`` stands for."""
    found: type = _import(place)
    return found


def _import(place: str) -> Any:
    module, _, name = place.partition(":")
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found
