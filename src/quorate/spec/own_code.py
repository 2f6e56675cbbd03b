"""Digests of code that is not quorate's own, so that an edit of it shows.

What counts is what is loaded, not what stands in a file: a class that was typed into a notebook
or sent to a worker has no file, and a file may have been edited since.
"""

from __future__ import annotations

import dataclasses
import dis
import enum
import functools
import hashlib
import inspect
import sys
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from quorate.spec.declaration import is_method_class
from quorate.spec.describing import describe

PACKAGE = "quorate"
ATOMS = (type(None), bool, int, float, complex, str, bytes, type(...))
CHANGEABLE = (list, dict, set, bytearray)  # constants only where a name in capitals says so
OF_LIBRARIES = ("site-packages", "dist-packages")


def is_own(thing: Any) -> bool:
    """Whether a class or a function is from outside the package."""
    return _top(thing) != PACKAGE


def code_digest(thing: Any) -> str:
    """Return a digest of the code of a class or a function from outside the package.

    It covers what is written in the class and in its bases, the functions and classes of its
    author that they name, and the constants that they use, in the class and at the top of a module:
    numbers, text and tuples, and lists, mappings and arrays whose names are in capitals. Others may
    change as the code runs. Not covered are installed libraries, comments, and where lines stand.
    """
    first = _Reader(_top(thing))
    first.read("", thing, is_part=True)
    reader = _Reader(_top(thing), first.changed)
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
    """

    def __init__(self, package: str, changing: Iterable[str] = ()) -> None:
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
        else:
            self._name_only(name, value)

    def _read_all(self, name: str, values: Iterable[Any]) -> None:
        for value in values:
            self.read(name, value, is_part=True)

    def _is_theirs(self, thing: Any) -> bool:
        """Whether code is of the author of what is read: neither ours nor a library's."""
        top = _top(thing)
        if top == self._package:
            return True
        if top in (PACKAGE, "builtins") or top in sys.stdlib_module_names:
            return False
        file = getattr(sys.modules.get(top), "__file__", None) or ""
        return not set(Path(file).parts) & set(OF_LIBRARIES)

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
        for field in getattr(cls, "__dataclass_fields__", {}).values():
            if not isinstance(field.default_factory, type(dataclasses.MISSING)):
                self.read(f"{field.name} by default", field.default_factory)

    def _read_function(self, function: types.FunctionType) -> None:
        self._read_code(function.__code__)
        self.changed |= _stored_by(function.__code__)
        self._read_all("default", function.__defaults__ or ())
        self.read("DEFAULTS", function.__kwdefaults__)
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=False
        ):
            try:
                self.read(name, cell.cell_contents)
            except ValueError:  # not set yet
                self.lines.append(f"{name} is not set")
        for name in _globals_of(function.__code__):
            if name not in function.__globals__:
                continue
            value = function.__globals__[name]
            self.read(name, value)
            if inspect.ismodule(value) and self._is_theirs(value):
                there = vars(value)
                for used in sorted(set(_attributes_of(function.__code__)) & set(there)):
                    self.read(used, there[used])

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
        if callable(value) and hasattr(value, "__module__") and self._is_theirs(value):
            file = getattr(sys.modules.get(str(value.__module__)), "__file__", None)
            if file and Path(file).is_file():
                self.lines.append(hashlib.sha256(Path(file).read_bytes()).hexdigest())


def _is_generated(name: str, value: Any) -> bool:
    """Whether Python, ``dataclass`` or ``Protocol`` has written an entry of a class."""
    if not (name.startswith("__") and name.endswith("__")):
        return name in ("_abc_impl", "_is_protocol", "_is_runtime_protocol")
    if not isinstance(value, types.FunctionType | classmethod | staticmethod | property):
        return True
    function = getattr(value, "__func__", value)
    made = getattr(getattr(function, "__code__", None), "co_qualname", "")
    return "__create_fn__" in made or _top(function) in sys.stdlib_module_names - {"builtins"}


def _globals_of(code: types.CodeType) -> list[str]:
    """Return the names that code and the code inside it look up in its module."""
    found = {one.argval for one in dis.get_instructions(code) if one.opname == "LOAD_GLOBAL"}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= set(_globals_of(constant))
    return sorted(found)


def _stored_by(code: types.CodeType) -> set[str]:
    """Return the names in modules and of attributes that code gives new values."""
    stores = ("STORE_GLOBAL", "STORE_ATTR", "DELETE_GLOBAL", "DELETE_ATTR")
    found = {one.argval for one in dis.get_instructions(code) if one.opname in stores}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _stored_by(constant)
    return found


def _attributes_of(code: types.CodeType) -> list[str]:
    inner = [one for one in code.co_consts if isinstance(one, types.CodeType)]
    return [*code.co_names, *(name for one in inner for name in _attributes_of(one))]


def _canonical(value: Any) -> str:
    """Return text that is the same for equal constants; sets have no order."""
    if isinstance(value, Mapping):
        pairs = sorted(f"{_canonical(k)}: {_canonical(v)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(_canonical, value)))}}}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_canonical, value))})"
    if hasattr(value, "tobytes"):  # an array
        content = hashlib.sha256(value.tobytes()).hexdigest()
        return f"{getattr(value, 'dtype', '')} {getattr(value, 'shape', '')} {content}"
    if type(value) in ATOMS:
        return f"{type(value).__name__} {value!r}"
    if dataclasses.is_dataclass(type(value)) and is_method_class(type(value)):
        return repr(describe(value))
    return f"a {type(value).__name__}"
