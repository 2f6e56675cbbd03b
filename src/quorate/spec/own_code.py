"""Digests of code that is not quorate's own, so that an edit of it shows.

What counts is what is loaded, not what stands in a file: a class that was typed into a notebook
or sent to a worker has no file, and a file may have been edited since.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import hashlib
import importlib
import importlib.util
import inspect
import sys
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from quorate.spec.as_written import find_written
from quorate.spec.code_names import attributes_of, globals_of, imports_of, stored_by
from quorate.spec.declaration import is_method_class
from quorate.spec.describing import describe

PACKAGE = "quorate"
ATOMS = (type(None), bool, int, float, complex, str, bytes, type(...))
CHANGEABLE = (list, dict, set, bytearray)  # constants only where a name in capitals says so
OF_LIBRARIES = ("site-packages", "dist-packages")
DEEPEST = 50  # levels of a constant that are read


def is_own(thing: Any) -> bool:
    """Whether a class or a function is from outside the package."""
    return _top(thing) != PACKAGE


def is_installed(thing: Any) -> bool:
    """Whether a class or a function is of Python itself, or of an installed library."""
    top = _top(thing)
    if top == "__main__":  # a script or a notebook, whatever has started it
        return False
    if top == "builtins" or top in sys.stdlib_module_names:
        return True
    return bool(set(Path(_file_of(top)).parts) & set(OF_LIBRARIES))


def code_digest(thing: Any, as_written: bool = True) -> str:
    """Return a digest of the code of a class or a function from outside the package.

    It covers what is written in the class and in its bases, the functions and classes of its
    author that they name or import, and the constants that they use, in the class and at the top of
    a module: numbers, text and tuples, and lists, mappings and arrays whose names are in capitals.
    Others may change as the code runs: of these counts what is written, where there is a source.
    Not covered are installed libraries, comments, and where lines stand. Within ``reading_once`` it
    is found once.

    Args:
        thing: a class or a function.
        as_written: whether what is written of changeable values counts; a notebook's source is not
            at hand in other processes.
    """
    if _found is None:
        return _digest(thing, as_written)
    key = id(thing), as_written
    if key not in _found:
        _found[key] = thing, _digest(thing, as_written)
    return _found[key][1]


_found: dict[tuple[int, bool], tuple[Any, str]] | None = (
    None  # by identity: a class may say how it is compared
)


@contextlib.contextmanager
def reading_once() -> Iterator[None]:
    """Read the code of each class once inside, for a run of many cells in which nobody edits it."""
    global _found
    if _found is not None:
        yield
        return
    _found = {}
    try:
        yield
    finally:
        _found = None


def _digest(thing: Any, as_written: bool) -> str:
    first = _Reader(_top(thing), (), as_written)
    first.read("", thing, is_part=True)
    reader = _Reader(_top(thing), first.changed, as_written)
    reader.read("", thing, is_part=True)
    return hashlib.sha256("\n".join(reader.lines).encode()).hexdigest()[:16]


def _top(thing: Any) -> str:
    """Return the package that a class, function or module is of."""
    named = thing.__name__ if inspect.ismodule(thing) else getattr(thing, "__module__", None)
    return str(named or "").partition(".")[0]


class _Reader:
    """Reads code depth first, each piece once, into lines that are equal if all of it is.

    Args:
        package: whose code is read even where it is installed.
        changing: names that the code itself gives new values, such as a counter's: no constants.
        as_written: whether what is written of changeable values is read.
    """

    def __init__(self, package: str, changing: Iterable[str], as_written: bool) -> None:
        self._as_written = as_written
        self.lines: list[str] = []
        self.changed: set[str] = set()  # names that what was read gives new values
        self._changing = frozenset(changing)
        self._package = package
        self._seen: dict[int, int] = {}

    def read(self, name: str, value: Any, is_part: bool = False) -> None:
        """Read what a name stands for.

        Args:
            name: in a class, in a module or in a function around.
            value: what it stands for.
            is_part: whether it is written in what is read, and need not be looked up.
        """
        if not isinstance(value, types.FunctionType | type) and hasattr(value, "__wrapped__"):
            value = inspect.unwrap(value)  # of a cache; a function around another holds it anyway
        if isinstance(value, classmethod | staticmethod | types.MethodType):
            self.read(name, value.__func__, is_part)
        elif isinstance(value, property):
            self._read_all(f"{name}.", (value.fget, value.fset, value.fdel))
        elif isinstance(value, functools.cached_property):
            self.read(name, value.func, is_part)
        elif isinstance(value, functools.partial):
            self._read_all(name, (value.func, *value.args, value.keywords))
        elif isinstance(value, types.FunctionType | type) and (is_part or self._is_theirs(value)):
            self._once(name, value)
        elif isinstance(value, types.FunctionType | type | types.ModuleType):
            self.lines.append(f"{name} is {_top(value)}.{value.__name__}")
        elif is_method_class(type(value)):
            self.read(name, type(value))
            self.lines.append(repr(describe(value)))
        elif isinstance(value, enum.Enum):
            self.read(f"{name} is {value.name}", value.value)
        elif name in self._changing:
            self.lines.append(f"{name} changes")
        elif self._is_constant(name, value):
            self.lines.append(f"{name} = {_canonical(value)}")
            self._read_held(name, value)
        else:
            self._name_only(name, value)
            if isinstance(value, tuple | frozenset):
                self._read_held(name, value)

    def _read_all(self, name: str, values: Iterable[Any]) -> None:
        for value in values:
            self.read(name, value, is_part=True)

    def _read_held(self, name: str, value: Any) -> None:
        """Read the functions, classes and objects that a constant holds."""
        for one in _leaves(value):
            if one is not value:
                self.read(name, one)

    def _is_theirs(self, thing: Any) -> bool:
        """Whether code is of the author of what is read: neither ours nor a library's."""
        top = _top(thing)
        return top == self._package or not (top == PACKAGE or is_installed(thing))

    def _once(self, name: str, thing: Any) -> None:
        is_known = id(thing) in self._seen
        self.lines.append(f"{name}: {self._seen.setdefault(id(thing), len(self._seen))}")
        if is_known:
            return
        if isinstance(thing, type):
            self._read_class(thing)
        else:
            self._read_function(thing)

    def _read_class(self, cls: type) -> None:
        for base in cls.__mro__:
            if base is not cls and not self._is_theirs(base):
                self.lines.append(f"base {_top(base)}.{base.__name__}")
                continue
            for name, value in sorted(vars(base).items()):
                if not _is_generated(name, value):
                    self.read(name, value, is_part=not isinstance(value, type))
                    self._read_written(name, value, base)
        for field in getattr(cls, "__dataclass_fields__", {}).values():
            if not isinstance(field.default_factory, type(dataclasses.MISSING)):
                self.read(f"{field.name} by default", field.default_factory)

    def _read_function(self, function: types.FunctionType) -> None:
        self._read_code(function.__code__)
        self.changed |= stored_by(function.__code__)
        self._read_all("default", function.__defaults__ or ())
        self.read("DEFAULTS", function.__kwdefaults__)
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=False
        ):
            try:
                self.read(name, cell.cell_contents)
            except ValueError:  # not set yet
                self.lines.append(f"{name} is not set")
        names = attributes_of(function.__code__)
        for name in globals_of(function.__code__):
            if name not in function.__globals__:
                continue
            value = function.__globals__[name]
            self.read(name, value)
            self._read_written(name, value, function)
            if inspect.ismodule(value):
                self._read_module(value, names)
        for module in self._imported_by(function):
            self._read_module(module, names)

    def _read_module(self, module: types.ModuleType, names: Collection[str]) -> None:
        """Read what of a module of theirs, and of modules inside it, is named."""
        waiting, seen = [module], {id(module)}
        while waiting:
            one = waiting.pop()
            there = vars(one) if self._is_theirs(one) else {}
            for name in sorted(set(names) & set(there)):
                value = there[name]
                self.read(name, value)
                self._read_written(name, value, one)
                if inspect.ismodule(value) and id(value) not in seen:
                    seen.add(id(value))
                    waiting.append(value)

    def _imported_by(self, function: types.FunctionType) -> Iterator[types.ModuleType]:
        """Yield the modules of theirs that a function imports as it runs."""
        package = function.__globals__.get("__package__") or ""
        for name, parts in imports_of(function.__code__):
            try:
                full = importlib.util.resolve_name(name, package)
                top = full.partition(".")[0]
                if not self._is_theirs(types.ModuleType(top)):
                    continue
                module = importlib.import_module(full)
                for part in parts:
                    if part not in vars(module) and hasattr(module, "__path__"):
                        importlib.import_module(f"{full}.{part}")
            except Exception:  # an import may raise anything: so it will where the code runs
                self.lines.append(f"{name} cannot be imported")
                continue
            yield sys.modules[top]
            yield module

    def _read_written(self, name: str, value: Any, where: Any) -> None:
        """Read what is written of a list or mapping that may change as the code runs."""
        is_read = self._as_written and isinstance(value, CHANGEABLE)
        if is_read and not self._is_constant(name, value):
            self.lines.append(f"{name} is written {find_written(name, where)}")

    def _read_code(self, code: types.CodeType) -> None:
        numbers = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
        names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
        self.lines.append(f"{code.co_name} {code.co_code.hex()} {numbers} {names}")
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._read_code(constant)
            else:
                self.lines.append(_canonical(constant))

    def _is_constant(self, name: str, value: Any) -> bool:
        if type(value) in ATOMS:
            return True
        if isinstance(value, tuple | frozenset):
            return all(self._is_constant(name, one) for one in value)
        return name.isupper() and (isinstance(value, CHANGEABLE) or hasattr(value, "tobytes"))

    def _name_only(self, name: str, value: Any) -> None:
        """Note what something is; of compiled code of theirs, the file that it is in."""
        self.lines.append(f"{name} is a {type(value).__name__}")
        if name.isupper() and " at 0x" not in (said := repr(value)):  # an estimator, say
            self.lines.append(said)
        if self._is_theirs(type(value)):
            self._read_object(value)
        elif callable(value) and hasattr(value, "__module__") and self._is_theirs(value):
            file = getattr(sys.modules.get(str(value.__module__)), "__file__", None)
            if file and Path(file).is_file():
                self.lines.append(hashlib.sha256(Path(file).read_bytes()).hexdigest())

    def _read_object(self, value: Any) -> None:
        """Read an object of a class of theirs: its class, and those of its values that stay."""
        if id(value) in self._seen:
            return
        self._seen[id(value)] = len(self._seen)
        self.read(type(value).__name__, type(value))
        for name, held in sorted(getattr(value, "__dict__", {}).items()):
            self.read(name, held)


def _is_generated(name: str, value: Any) -> bool:
    """Whether Python, ``dataclass`` or ``Protocol`` has written an entry of a class."""
    if not (name.startswith("__") and name.endswith("__")):
        return name in ("_abc_impl", "_is_protocol", "_is_runtime_protocol")
    if not isinstance(value, types.FunctionType | classmethod | staticmethod | property):
        return True
    function = getattr(value, "__func__", value)
    made = getattr(getattr(function, "__code__", None), "co_qualname", "")
    return "__create_fn__" in made or _top(function) in sys.stdlib_module_names - {"builtins"}


def _file_of(top: str) -> str:
    """Return the file of a package or module, loaded or not; empty where there is none."""
    if top in sys.modules:
        return getattr(sys.modules[top], "__file__", None) or ""
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return ""
    return (found and found.origin) or ""


def _leaves(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yield what a constant holds but plain values, in an order that does not change."""
    if type(value) in ATOMS or depth > DEEPEST:
        return
    if isinstance(value, Mapping):
        inner = [one for pair in value.items() for one in pair]
    elif isinstance(value, set | frozenset):
        inner = sorted(value, key=lambda one: (_canonical(one), getattr(one, "__qualname__", "")))
    elif isinstance(value, list | tuple):
        inner = list(value)
    else:
        yield value
        return
    for one in inner:
        yield from _leaves(one, depth + 1)


def _canonical(value: Any, depth: int = 0) -> str:
    """Return text that is the same for equal constants; sets have no order."""
    if depth > DEEPEST:  # or it holds itself
        return f"a {type(value).__name__}"
    if isinstance(value, Mapping):
        pairs = ((_canonical(k, depth + 1), _canonical(v, depth + 1)) for k, v in value.items())
        return f"{{{', '.join(sorted(f'{k}: {v}' for k, v in pairs))}}}"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(_canonical(one, depth + 1) for one in value))}}}"
    if isinstance(value, list | tuple):
        return f"({', '.join(_canonical(one, depth + 1) for one in value)})"
    if isinstance(value, bytearray):
        return repr(value)
    if hasattr(value, "tobytes"):  # an array
        content = hashlib.sha256(value.tobytes()).hexdigest()
        return f"{getattr(value, 'dtype', '')} {getattr(value, 'shape', '')} {content}"
    if type(value) in ATOMS:
        return f"{type(value).__name__} {value!r}"
    if dataclasses.is_dataclass(type(value)) and is_method_class(type(value)):
        return repr(describe(value))
    return f"a {type(value).__name__}"
