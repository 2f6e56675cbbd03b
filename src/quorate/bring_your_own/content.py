"""Digests of objects by their content: the same in every process and on every machine."""

from __future__ import annotations

import copyreg
import functools
import hashlib
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from quorate.bring_your_own.data_kinds import kind_of
from quorate.errors import InputError
from quorate.spec import code_digest, is_installed, is_own
from quorate.spec.code_names import globals_of, stored_by
from quorate.validate import shown

DEEPEST = 50  # levels of objects inside each other
ATOMS = (type(None), bool, int, float, complex, str, bytes, bytearray, type(...))


def digest_of(value: Any) -> str:
    """Return a digest of an object's content, 64 bits in hex: equal content, equal digest.

    Numbers, text and arrays count by their values, frames and series by index, too. Functions and
    classes count by their code (see ``quorate.spec.code_digest``) and by the data that they take
    from around them: arrays, frames, lists, mappings, estimators, as they are now. Estimators count
    by class and parameters, but for those that keep what they have learned when they are cloned;
    networks by layers and weights, all else by class and attributes. Versions of libraries do not
    count.

    Raises:
        InputError: it holds something that has no such content, such as an open file.
    """
    reader = _Reader()
    reader.read(value)
    return reader.found.hexdigest()[:16]


class _Reader:
    """Feeds an object to a hash, depth first.

    Args:
        is_lenient: whether what has no content counts by its type, as around a function.
    """

    def __init__(self, is_lenient: bool = False) -> None:
        self.found = hashlib.sha256()
        self._is_lenient = is_lenient
        self._around: list[int] = []  # identities of the objects that hold what is read
        self._is_fitted = False  # whether estimators count with what they have learned

    def say(self, *words: str) -> None:
        self.found.update("\x1f".join((*words, "\x1e")).encode(errors="surrogatepass"))

    def read(self, value: Any) -> None:
        if len(self._around) > DEEPEST or id(value) in self._around:
            self.say("again", type(value).__name__)
            return
        self._around.append(id(value))
        try:
            self._read(value)
        finally:
            self._around.pop()

    def _read(self, value: Any) -> None:
        if type(value) in ATOMS:
            self.say(type(value).__name__, repr(value))
        elif isinstance(value, np.generic | np.ndarray):
            self._read_array(np.asarray(value))
        elif isinstance(value, types.BuiltinFunctionType | types.ModuleType):
            self.say("named", _place(value), value.__name__)
        elif isinstance(value, types.FunctionType | type | types.MethodType):
            self._read_code(value)
        elif isinstance(value, functools.partial):
            self.say("partial")
            self.read([value.func, value.args, value.keywords])
        elif callable(value) and hasattr(value, "__wrapped__"):  # a cache around a function
            self.say("wrapped", _place(type(value)))
            self.read(value.__wrapped__)
        elif isinstance(value, Mapping):
            self.say("mapping", str(len(value)))
            for key in sorted(value, key=repr):
                self.read(key)
                self.read(value[key])
        elif isinstance(value, set | frozenset):
            self.say("set", *sorted(digest_of(one) for one in value))
        elif isinstance(value, list | tuple):
            self.say(type(value).__name__, str(len(value)))
            for one in value:
                self.read(one)
        elif isinstance(getattr(value, "content_digest", None), str):  # it has read itself
            self.say("content", _place(type(value)), value.content_digest)
        elif hasattr(value, "__dataframe__") and hasattr(value, "columns"):
            self._read_frame(value)
        elif kind_of(value) == "series":
            self._read_series(value)
        else:
            self._read_object(value)

    def _read_array(self, array: np.ndarray[Any, Any]) -> None:
        self.say("array", str(array.dtype), str(array.shape))
        if array.dtype.hasobject:
            self.read(array.ravel().tolist())
        else:
            self.found.update(np.ascontiguousarray(array).tobytes())

    def _read_frame(self, frame: Any) -> None:
        self.say("frame", type(frame).__module__.partition(".")[0])
        for at, name in enumerate(frame.columns):
            self.read(str(name))
            series = frame.iloc[:, at] if hasattr(frame, "iloc") else frame[name]
            self.say(str(series.dtype))
            self.read(np.asarray(series.to_numpy()))
        if hasattr(frame, "iloc"):
            self.read(frame.index.to_numpy())

    def _read_series(self, series: Any) -> None:
        self.say("series", type(series).__module__.partition(".")[0], str(series.dtype))
        self.read(str(series.name))
        self.read(np.asarray(series.to_numpy()))
        if hasattr(series, "iloc"):
            self.read(series.index.to_numpy())

    def _read_code(self, value: Any) -> None:
        if not is_own(value) or (isinstance(value, type) and is_installed(value)):
            self.say("class or function", _place(value))  # its version is its library's
            return
        self.say("code", _place(value), code_digest(value, as_written=False))
        if isinstance(value, types.MethodType):
            self.read(value.__self__)
        around = _Reader(is_lenient=True)
        for name, data in _data_around(value):
            around.say(name)
            around.read(data)
        self.say(around.found.hexdigest())

    def _read_object(self, value: Any) -> None:
        cls = type(value)
        self.say("object", _place(cls))
        if is_own(cls) and not is_installed(cls):
            self._read_code(cls)
        if _stays_fitted(cls):
            self._within_fitted(vars(value))
        elif hasattr(value, "get_params") and not self._is_fitted:
            self.read(value.get_params(deep=False))
        elif hasattr(value, "state_dict"):
            self.say(repr(value))
            weights = {name: part.detach().cpu().numpy() for name, part in _state(value).items()}
            self.read(weights)
        elif "torch" in sys.modules and isinstance(value, sys.modules["torch"].Tensor):
            self.read(value.detach().cpu().numpy())
        elif hasattr(value, "__dict__") and (self._is_fitted or not is_installed(cls)):
            self.read(dict(vars(value)))
        else:
            self._read_reduced(value)

    def _within_fitted(self, value: Any) -> None:
        before, self._is_fitted = self._is_fitted, True
        self.read(value)
        self._is_fitted = before

    def _read_reduced(self, value: Any) -> None:
        """Read what a pickle of an object would hold."""
        try:
            special = copyreg.dispatch_table.get(type(value))
            reduced = special(value) if special else value.__reduce_ex__(4)
        except Exception as error:  # it may raise anything
            if self._is_lenient:
                return
            raise InputError(
                f"Expected an object whose content can be read, got {shown(value)} of type "
                f"{type(value).__name__}. Hand in a function that makes it."
            ) from error
        for part in (reduced,) if isinstance(reduced, str) else reduced:
            self.read(list(part) if isinstance(part, Iterator) else part)


def _stays_fitted(cls: type) -> bool:
    """Whether estimators of a class are cloned in a way of their own, as a frozen one is."""
    says = next((one for one in cls.__mro__ if "__sklearn_clone__" in vars(one)), None)
    return says is not None and says.__module__ != "sklearn.base"


def _state(value: Any) -> dict[str, Any]:
    return {k: v for k, v in value.state_dict().items() if hasattr(v, "detach")}


def _data_around(code: Any) -> list[tuple[str, Any]]:
    """Return the data that a function or a class of the user's takes from around it, by name.

    Those are lists, mappings, arrays, frames, tensors and estimators, in its closures and in its
    modules, with those of functions of its own module that it calls. Names that the code itself
    gives new values are left out.
    """
    found: dict[str, Any] = {}
    waiting, seen = [code], set[int]()
    while waiting:
        one = waiting.pop()
        one = getattr(one, "__func__", one)
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, type):
            waiting += [
                v for v in vars(one).values() if hasattr(getattr(v, "__func__", v), "__code__")
            ]
            continue
        if not isinstance(one, types.FunctionType):
            continue
        changing = stored_by(one.__code__)
        held = {
            name: one.__globals__[name]
            for name in globals_of(one.__code__)
            if name in one.__globals__ and name not in changing
        }
        for name, cell in zip(one.__code__.co_freevars, one.__closure__ or (), strict=False):
            try:
                held[f"{name} of {one.__qualname__}"] = cell.cell_contents
            except ValueError:  # not set yet
                continue
        for at, default in enumerate(one.__defaults__ or ()):
            held[f"default {at} of {one.__qualname__}"] = default
        for name, value in held.items():
            if isinstance(value, types.FunctionType | type):
                if getattr(value, "__module__", None) == one.__module__:
                    waiting.append(value)
            elif _is_data(value):
                found[name] = value
    return sorted(found.items())


def _is_data(value: Any) -> bool:
    """Whether something holds values, rather than being a tool such as a logger."""
    if isinstance(value, list | tuple | set | frozenset | Mapping | np.ndarray | bytearray):
        return True
    named = ("__dataframe__", "get_params", "state_dict", "__array__")
    return any(hasattr(value, name) for name in named)


def _place(thing: Any) -> str:
    name = getattr(thing, "__qualname__", type(thing).__qualname__)
    return f"{getattr(thing, '__module__', '')}:{name}"
