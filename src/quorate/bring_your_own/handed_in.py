"""An object of the user's own as a parameter: one line of text that carries it along."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from quorate.bring_your_own.import_paths import ImportPath
from quorate.errors import InputError
from quorate.spec import code_digest
from quorate.validate import shown

DEEPEST = 50  # levels of objects inside each other
ATOMS = (type(None), bool, int, float, complex, str, bytes)


class HandedIn(str):
    """An object under a name that says what it is and, by a digest, that it is this one.

    A parameter of this type reads as text wherever it is described, stored or shown. Text that was
    stored and read again has no object: ``value`` then says what to do.

    Attributes:
        digest: of all that the object does, 64 bits in hex; "" where there is no object.
    """

    digest: str = ""
    _value: Any = None

    @classmethod
    def of(cls, value: Any, called: str) -> HandedIn:
        """Return an object as a parameter.

        Args:
            value: the object.
            called: what it is, in few words, such as "Pipeline". What was named by an import path
                is called by that alone.

        Raises:
            InputError: what the object does cannot be told by its content.
        """
        if isinstance(value, ImportPath):
            held = cls(value.text)
            held._value = value.value
        else:
            held = cls(f"{called} {digest_of(value)[:8]}")
            held._value = value
        held.digest = digest_of(held._value)
        return held

    @property
    def value(self) -> Any:
        """The object.

        Raises:
            InputError: there is none, since this text comes from a file or a stored run.
        """
        if not self.digest:
            raise InputError(
                f"Expected the object that was handed in as {str(self)!r}, got its name alone. "
                "Hand it in again, from Python."
            )
        return self._value


def digest_of(value: Any) -> str:
    """Return a digest of an object's content, 64 bits in hex: equal content, equal digest.

    Numbers, text and arrays count by their values, data frames by columns and values, functions
    and classes by their code (see ``quorate.spec.code_digest``), estimators of scikit-learn by
    class and parameters, networks by layers and weights, all else by class and attributes.

    Raises:
        InputError: it holds something that has no such content, such as an open file.
    """
    found = hashlib.sha256()
    _feed(found, value, 0, set())
    return found.hexdigest()[:16]


def _feed(found: Any, value: Any, depth: int, around: set[int]) -> None:
    def say(*words: str) -> None:
        found.update("\x1f".join((*words, "\x1e")).encode(errors="surrogateescape"))

    def within(one: Any) -> None:
        _feed(found, one, depth + 1, around | {id(value)})

    if depth > DEEPEST or id(value) in around:
        say("again", type(value).__name__)
    elif type(value) in ATOMS:
        say(type(value).__name__, repr(value))
    elif isinstance(value, np.generic | np.ndarray):
        array = np.asarray(value)
        say("array", str(array.dtype), str(array.shape))
        if array.dtype.hasobject:
            within(array.ravel().tolist())
        else:
            found.update(np.ascontiguousarray(array).tobytes())
    elif isinstance(value, types.BuiltinFunctionType):
        say("built in", str(value.__module__), value.__qualname__)
    elif isinstance(value, types.FunctionType | type | types.MethodType):
        say("code", _place(value), code_digest(value))
        if isinstance(value, types.MethodType):
            within(value.__self__)
    elif isinstance(value, functools.partial):
        say("partial")
        within([value.func, value.args, value.keywords])
    elif isinstance(value, Mapping):
        say("mapping", str(len(value)))
        for key in sorted(value, key=repr):
            within(key)
            within(value[key])
    elif isinstance(value, set | frozenset):
        say("set", *sorted(digest_of(one) for one in value))
    elif isinstance(value, list | tuple):
        say(type(value).__name__, str(len(value)))
        for one in value:
            within(one)
    elif hasattr(value, "__dataframe__") and hasattr(value, "columns"):
        say("frame", type(value).__module__.partition(".")[0])
        for at, name in enumerate(value.columns):
            within(str(name))
            series = value.iloc[:, at] if hasattr(value, "iloc") else value[name]
            say(str(series.dtype))
            within(np.asarray(series.to_numpy()))
    elif hasattr(value, "get_params") and not isinstance(value, type):
        say("estimator", _place(type(value)))
        _feed_own_code(say, type(value))
        within(value.get_params(deep=False))
    elif hasattr(value, "state_dict") and not isinstance(value, type):
        say("network", _place(type(value)), repr(value))
        _feed_own_code(say, type(value))
        within({name: part.detach().cpu().numpy() for name, part in value.state_dict().items()})
    elif dataclasses.is_dataclass(value) or hasattr(value, "__dict__"):
        say("object", _place(type(value)))
        _feed_own_code(say, type(value))
        within(dict(vars(value)))
    else:
        raise InputError(
            f"Expected an object whose content can be read, got {shown(value)} of type "
            f"{type(value).__name__}. Hand in a function that makes it."
        )


def _feed_own_code(say: Any, cls: type) -> None:
    top = cls.__module__.partition(".")[0]
    if top not in ("sklearn", "torch", "builtins"):
        say(code_digest(cls))


def _place(thing: Any) -> str:
    return f"{getattr(thing, '__module__', '')}:{getattr(thing, '__qualname__', '')}"
