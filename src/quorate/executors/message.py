"""Work as it is sent to another machine, and what must hold there before it is done.

A message names the versions that it was made by, and the folder, the import path and the settings
that it takes for granted. It travels as bytes, so that no engine has to understand what is in it,
and its answer travels back the same way, whether the work ended or raised.
"""

from __future__ import annotations

import contextlib
import os
import platform
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from quorate.errors import InputError, WorkerError
from quorate.runtime.progress import silence
from quorate.version import __version__

R = TypeVar("R")
SETTINGS = ("QUORATE_DATA", "QUORATE_CACHE")
_alone = threading.Lock()  # workers of several threads do one message at a time


class LostWorkerError(Exception):
    """A worker died, was preempted or ran out of time; its work is tried again."""


def send(
    submit: Callable[..., Future[bytes]],
    lost: tuple[type[BaseException], ...],
    work: Callable[..., R],
    args: tuple[Any, ...],
) -> Future[R]:
    """Return a future of ``work(*args)``, done on another machine.

    It raises ``LostWorkerError`` where the worker is lost, and what the work raises otherwise.

    Args:
        submit: hands a function and its plain arguments to the engine.
        lost: what the engine raises when a worker is lost.
        work: a function at the top of a module.
        args: its arguments.
    """
    import cloudpickle

    sent = submit(run, cloudpickle.dumps((work, args)), _describe_sender())
    answer: Future[R] = Future()
    answer.add_done_callback(lambda one: sent.cancel() if one.cancelled() else None)
    sent.add_done_callback(lambda one: _hand_over(one, answer, lost))
    return answer


def _hand_over(
    sent: Future[bytes], answer: Future[Any], lost: tuple[type[BaseException], ...]
) -> None:
    import pickle

    if not answer.set_running_or_notify_cancel():
        return
    try:
        done, found = pickle.loads(sent.result())
    except lost as error:
        answer.set_exception(LostWorkerError(str(error)))
    except (ImportError, AttributeError) as error:  # it has no such function to call
        answer.set_exception(
            WorkerError(
                f"Expected quorate {__version__} on every worker, got one without it, or with "
                f"another version: {error}. Install the same version there."
            )
        )
    except BaseException as error:  # of the engine; a cancelled future among them
        answer.set_exception(error)
    else:
        (answer.set_result if done else answer.set_exception)(found)


def _describe_sender() -> dict[str, Any]:
    """Return what a message takes for granted, in plain data that every version can read."""
    return {
        "python": platform.python_version_tuple()[:2],
        "quorate": __version__,
        "process": (socket.gethostname(), os.getpid()),
        "folder": os.getcwd(),
        "path": [os.path.abspath(entry) for entry in sys.path],
        "settings": {
            key: os.path.abspath(os.environ[key]) for key in SETTINGS if key in os.environ
        },
    }


def run(message: bytes, sender: Mapping[str, Any]) -> bytes:
    """Do the work of a message, and return what it returned or raised."""
    import cloudpickle

    with _alone:
        try:
            _check_versions(sender)
            _settle(sender)
            work, args = cloudpickle.loads(message)
            answer = True, work(*args)
        except Exception as error:
            error.add_note(traceback.format_exc())
            answer = False, error
        try:
            return bytes(cloudpickle.dumps(answer))
        except Exception:  # it holds what cannot travel
            said = "".join(traceback.format_exception_only(answer[1])) if not answer[0] else ""
            return bytes(cloudpickle.dumps((False, WorkerError(said or "Expected plain data."))))


def name_of_place() -> str:
    """Return the name of this machine and the current folder, for messages to people elsewhere."""
    return f"{socket.gethostname()}, in {os.getcwd()}"


def _check_versions(sender: Mapping[str, Any]) -> None:
    """Raise WorkerError unless Python and quorate are those of the sender."""
    here = _describe_sender()
    for what, key in (("Python", "python"), ("quorate", "quorate")):
        wanted, found = (
            ".".join(one) if isinstance(one, list | tuple) else str(one)
            for one in (sender[key], here[key])
        )
        if wanted != found:
            raise WorkerError(
                f"Expected {what} {wanted} on every worker, as here, got {what} {found} on "
                f"{socket.gethostname()}. Install the same version there."
            )


def _settle(sender: Mapping[str, Any]) -> None:
    """Work from where the sender does: its folder, its modules, its settings.

    What this machine has of its own comes first: another QUORATE_DATA holds here.
    """
    if tuple(sender["process"]) == (socket.gethostname(), os.getpid()):
        return  # threads of the sender
    silence()
    with contextlib.suppress(OSError):  # no such folder: only relative names miss it
        os.chdir(sender["folder"])
    sys.path += [entry for entry in sender["path"] if entry not in sys.path]
    for key, value in sender["settings"].items():
        os.environ.setdefault(key, value)


def require(extra: str, *modules: str) -> None:
    """Raise InputError unless the modules of an extra of quorate are installed."""
    import importlib.util

    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise InputError(
                f"Expected {module} for the executor {extra}, got no such package installed. "
                f"Install it: pip install 'quorate[{extra}]'."
            )
