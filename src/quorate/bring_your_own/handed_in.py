"""An object of the user's own as a parameter: one line of text that carries it along."""

from __future__ import annotations

import contextlib
import contextvars
import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quorate.bring_your_own.content import digest_of
from quorate.bring_your_own.import_paths import ImportPath
from quorate.errors import InputError, QuorateError

DIGITS = 8  # of a digest, in the text
LARGE = 2**16  # bytes of an object from which on it is not sent with every message
LATELY = 16  # objects that came from another process and are kept for the next message


class HandedIn(str):
    """An object under a name that says what it is and, by a digest, that it is this one.

    A parameter of this type reads as text wherever it is described, stored or shown. The same text
    finds the object again in this process: functions and estimators until it ends, data while they
    are in use. Text that was stored and is read elsewhere has no object, and ``value`` then says
    what to do. It travels to other processes with its object, by cloudpickle: functions of scripts
    and notebooks, too. There the digest is found anew, so that a worker whose code differs is
    noticed. Large objects travel once, where ``sent_by_file`` or ``sent_elsewhere`` sees to that.

    Attributes:
        digest: of all that the object does, 64 bits in hex; "" where there is no object.
        is_named: whether it was named by an import path, or by a distribution.
    """

    digest: str = ""
    is_named: bool = False
    _called: str = ""
    _value: Any = None
    _packed: bytes = b""

    @classmethod
    def of(cls, value: Any, called: str) -> HandedIn:
        """Return an object as a parameter: what it is called, and eight digits of its digest.

        Args:
            value: the object.
            called: what it is, in few words, such as "Pipeline". What was named by an import path
                is called by that.

        Raises:
            InputError: what the object does cannot be told by its content.
        """
        is_named = isinstance(value, ImportPath)
        if isinstance(value, ImportPath):
            value, called = value.value, value.text
        digest = digest_of(value)
        held = cls(f"{called} {digest[:DIGITS]}")
        held.digest, held.is_named = digest, is_named
        held._called, held._value = called, value
        _in_use[str(held)] = held
        if callable(value) or hasattr(value, "fit"):  # small: code and parameters, no data
            _kept[str(held)] = held
        return held

    @classmethod
    def found(cls, text: str) -> HandedIn:
        """Return a parameter as it was described: with its object, where it is in use here."""
        return text if isinstance(text, HandedIn) else _in_use.get(str(text)) or cls(text)

    @property
    def value(self) -> Any:
        """The object.

        Raises:
            InputError: there is none, since this text comes from a file or a stored run.
        """
        if not self.digest:
            raise InputError(
                f"Expected the object that was handed in as {str(self)!r}, got its name alone. "
                "Hand it in again, from Python or by its import path."
            )
        return self._value

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.digest:
            return HandedIn.found, (str(self),)
        if not self._packed:
            import cloudpickle

            self._packed = cloudpickle.dumps(self._value)
        is_large = len(self._packed) >= LARGE
        if is_large and _elsewhere.get() == "by name":
            return _arrive_by_name, (str(self),)
        if not is_large or _folder is None or _elsewhere.get():
            return _arrive, (self._called, self.is_named, str(self), self._packed)
        file = _folder / self.digest
        with _writing:
            if not file.exists():
                file.write_bytes(self._packed)
        return _arrive_in_file, (self._called, self.is_named, str(self), str(file))

    def __deepcopy__(self, memo: Any) -> HandedIn:
        return self

    def __copy__(self) -> HandedIn:
        return self


# By their text, as long as something uses them; what arrives in a worker stays a while.
_in_use: weakref.WeakValueDictionary[str, HandedIn] = weakref.WeakValueDictionary()
_kept: dict[str, HandedIn] = {}
_lately: deque[HandedIn] = deque(maxlen=LATELY)


def _arrive(called: str, is_named: bool, text: str, packed: bytes) -> HandedIn:
    """Return an object that was sent to this process, under the text that is right for it here."""
    known = _in_use.get(text)
    if known is not None:
        return known
    import pickle

    value = pickle.loads(packed)
    arrived = HandedIn.of(ImportPath(called, value) if is_named else value, called)
    if _kept.get(str(arrived)) is not arrived:
        _lately.append(arrived)
    return arrived


def any_in_use() -> bool:
    """Whether any object of the user's own is in use in this process."""
    return bool(_in_use)


def _arrive_in_file(called: str, is_named: bool, text: str, file: str) -> HandedIn:
    """Return an object that lies in a file; the file is read where the object is not at hand."""
    known = _in_use.get(text)
    return known if known is not None else _arrive(called, is_named, text, Path(file).read_bytes())


class NotHereError(QuorateError):
    """A process was sent an object's name alone, and has not been sent the object before."""


def _arrive_by_name(text: str) -> HandedIn:
    known = _in_use.get(text)
    if known is None:
        raise NotHereError(f"Expected {text!r} to be here, got its name alone. Send it whole.")
    return known


_elsewhere: contextvars.ContextVar[str] = contextvars.ContextVar("_elsewhere", default="")


@contextlib.contextmanager
def sent_elsewhere(*, whole: bool) -> Iterator[None]:
    """Let what is packed inside travel to another machine, which sees no file of this one.

    Args:
        whole: with its objects; otherwise large ones go by name, to who may have them already. Who
            has not answers with ``NotHereError``.
    """
    before = _elsewhere.set("whole" if whole else "by name")
    try:
        yield
    finally:
        _elsewhere.reset(before)


_folder: Path | None = None  # where objects lie for other processes of this machine
_writing = threading.Lock()  # messages may be packed in a thread


@contextlib.contextmanager
def sent_by_file() -> Iterator[None]:
    """Let large objects inside travel by a file, written once, to processes of this machine."""
    global _folder
    before = _folder
    with tempfile.TemporaryDirectory(prefix="quorate-") as folder:
        _folder = Path(folder)
        try:
            yield
        finally:
            _folder = before


def in_use(within: str) -> tuple[HandedIn, ...]:
    """Return the objects whose text stands in a longer one, such as the description of a cell."""
    return tuple(held for text, held in list(_in_use.items()) if text in within)
