"""How a run tells its logs: each record once it is stored, and never at the run's cost."""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from quorate import spec
from quorate.printable import one_line
from quorate.runs.cell import Record
from quorate.runs.logs.log import Ending, OpenLog, RunLog
from quorate.runs.result import Result
from quorate.runtime.progress import tell
from quorate.spec.declaration import is_method_class
from quorate.version import __version__

IN_ADDRESS = re.compile(r"//[^/@\s]+@")  # a name and a password in front of a host
TURN = 1.0  # seconds between what is sent: small records come by the thousand
# Where and how is no part of what is run; and who may do it is nobody's business.
LEFT_OUT = {"out", "jobs", "executor", "device", "json", "key_file", "trust", "log"}
_told: ContextVar[tuple[_Told, ...]] = ContextVar("open logs", default=())


@contextlib.contextmanager
def logged(logs: Sequence[RunLog], description: Mapping[str, str]) -> Iterator[None]:
    """Tell logs of all that is computed inside.

    Args:
        logs: which.
        description: what is run, in text, without secrets.

    Raises:
        InputError: the package of one is not installed. Nothing else that a log does ends a run.
    """
    for log in logs:
        log.check()
    told = tuple(_Told(log, description) for log in logs)
    token, how = _told.set((*_told.get(), *told)), "failed"
    try:
        yield
        how = "finished"
    except (KeyboardInterrupt, SystemExit) as error:
        how = "stopped" if getattr(error, "code", 130) == 130 else "failed"
        raise
    finally:
        _told.reset(token)
        for one in told:
            one.end(how)  # type: ignore[arg-type]


def tell_records(records: Iterable[Record]) -> None:
    """Tell the open logs of records that were stored."""
    if logs := _told.get():
        found = [numbers_of(record.plain) for record in records]
        for log in logs:
            log.add(found)


def tell_result(result: Result) -> None:
    """Tell the open logs what was found."""
    for log in _told.get():
        log.result("\n".join([result.title, *result.summary()]))


def described(command: str, options: Mapping[str, Any]) -> dict[str, str]:
    """Return a command and its options in text: no secrets, and objects by name alone.

    >>> found = described("curve", {"learner": ["tree", "svm"], "goal": None, "out": "runs"})
    >>> found.pop("version") and found
    {'command': 'curve', 'learner': 'tree svm'}
    """
    told = {"command": command, "version": __version__}
    for name, value in options.items():
        is_empty = isinstance(value, list | tuple) and not value
        if name not in LEFT_OUT and value is not None and value is not False and not is_empty:
            told[name] = _in_text(value)
    return {name: without_secrets(value) for name, value in told.items()}


def _in_text(value: Any) -> str:
    """Return one option in text; data and models of the user's own only say what they are."""
    if isinstance(value, list | tuple):
        return " ".join(map(_in_text, value))
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_in_text(one)}" for key, one in value.items())
    if isinstance(value, str | int | float | Path):
        return str(value)
    if is_method_class(type(value)):
        return spec.text(value)
    return str(getattr(value, "__qualname__", type(value).__qualname__))


def numbers_of(plain: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a record by name; true is 1, and what is no number is left out.

    >>> numbers_of({"success": 0.5, "people": 3, "error": None, "id": "a", "xi": float("nan")})
    {'success': 0.5, 'people': 3.0}
    """
    return {
        key: float(value)
        for key, value in plain.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }


def without_secrets(text: str) -> str:
    """Return text without names and passwords in its addresses.

    >>> without_secrets("no answer from https://me:secret@host/api")
    'no answer from https://host/api'
    """
    return IN_ADDRESS.sub("//", text)


class _Told:
    """One log of one run: what it is told, until it fails."""

    def __init__(self, log: RunLog, description: Mapping[str, str]) -> None:
        self.log, self.sent, self.waiting = log, 0, list[dict[str, float]]()
        self.run: OpenLog | None = None
        self.at = time.monotonic()
        with self._guarded():
            self.run = log.open(description)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Say what goes wrong, and tell the log nothing any more."""
        try:
            yield
        except Exception as error:  # whatever a tracker's client raises, the run is worth more
            said = str(error).strip().splitlines() or [type(error).__name__]
            why = without_secrets(one_line(said[0].rstrip(".")))
            tell(
                f"Warning: the log {self.log.name} failed ({why}). The "
                "run goes on without it; its results are stored as always."
            )
            self.run = None

    def add(self, records: Sequence[dict[str, float]]) -> None:
        self.waiting += records
        if time.monotonic() - self.at >= TURN:
            self._send()

    def _send(self) -> None:
        some, self.waiting = self.waiting, []
        if self.run is not None and some:
            with self._guarded():
                self.run.add(self.sent, some)
        self.sent += len(some)
        self.at = time.monotonic()

    def result(self, words: str) -> None:
        if self.run is not None:
            with self._guarded():
                self.run.result(words)

    def end(self, how: Ending) -> None:
        self._send()
        if self.run is not None:
            with self._guarded():
                self.run.end(how)
