"""Logs of functions in Python: a tracker is told of what they compute, as by --log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from quorate.api.accepted import AnyLog
    from quorate.runs.result import Result

R = TypeVar("R", bound="Result")


@contextmanager
def telling(log: AnyLog, command: str, given: Mapping[str, Any]) -> Iterator[Teller]:
    """Tell logs of all that is computed inside, and of the result that is handed over.

    Args:
        log: text such as ``"mlflow:experiment=unions"``, a log, or a list; None tells nobody.
        command: the function's name.
        given: its arguments.

    Raises:
        InputError: there is no such log, or its package is not installed.
    """
    if log is None:
        yield Teller()
        return
    from quorate import catalog
    from quorate.runs.logs.telling import described, logged

    several = log if isinstance(log, list | tuple) else [log]
    with logged([catalog.build("logs", one) for one in several], described(command, given)):
        yield Teller()


class Teller:
    """Hands the result of a function to the logs that are open."""

    def tell(self, result: R) -> R:
        """Tell the open logs what was found, and return it."""
        from quorate.runs.logs.telling import tell_result

        tell_result(result)
        return result
