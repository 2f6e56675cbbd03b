"""Work as it is sent to another machine, and what must hold there before it is done.

A message names the versions that it was made by, and the folder, the import path and the settings
that it takes for granted. It travels as bytes, so that no engine has to understand what is in it,
and its answer travels back the same way, whether the work ended or raised.
"""

from __future__ import annotations

import contextlib
import pickle
import socket
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from quorate.errors import WorkerError
from quorate.executors.clusters import sender
from quorate.printable import one_line
from quorate.version import __version__

R = TypeVar("R")
_alone = threading.Lock()  # workers of several threads do one message at a time


class LostWorkerError(Exception):
    """A worker died, was preempted or ran out of time; its work is tried again."""


def send(
    submit: Callable[..., Future[Any]],
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

    called = pack_call(run, cloudpickle.dumps((work, args)), sender.describe())
    sent = submit(pickle.loads, called)
    answer: Future[R] = Future()
    answer.add_done_callback(lambda one: cancel(sent) if one.cancelled() else None)
    sent.add_done_callback(lambda one: _hand_over(one, answer, lost))
    return answer


def cancel(sent: Future[Any]) -> None:
    """Cancel what an engine has not begun, where it can do that: Parsl cannot."""
    with contextlib.suppress(NotImplementedError):
        sent.cancel()


def pack_call(function: Callable[..., Any], *args: Any) -> bytes:
    """Return bytes that call a function at the top of a module wherever they are unpickled.

    So an engine is handed ``pickle.loads``, which every worker has: one without quorate, or with
    another version, answers with an error. A Dask worker would end at a function that it lacks.
    """
    return pickle.dumps(_Call(function, args))


class _Call:
    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._call = function, args

    def __reduce__(self) -> tuple[Any, ...]:
        return self._call


def _hand_over(
    sent: Future[Any], answer: Future[Any], lost: tuple[type[BaseException], ...]
) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    try:
        done, found = _open_answer(sent.result())
    except lost as error:
        answer.set_exception(LostWorkerError(one_line(str(error))))
    except (ImportError, AttributeError) as error:  # it has no such function to call
        answer.set_exception(lacks_quorate(error))
    except BaseException as error:  # of the engine; a cancelled future among them
        answer.set_exception(error)
    else:
        (answer.set_result if done else answer.set_exception)(found)


def lacks_quorate(error: Exception, where: str = "a worker") -> WorkerError:
    """Return what is said of a worker that has no quorate, or one without this module."""
    return WorkerError(
        f"Expected quorate {__version__} on every worker, as here, got {where} without it, or with "
        f"another version: {error}. Install the same version there."
    )


def _open_answer(answer: bytes) -> tuple[bool, Any]:
    try:
        done, found = pickle.loads(answer)
    except Exception as error:
        raise WorkerError(
            f"Expected an answer that can be read here, got: {error}. What the worker returned, or "
            "raised, is of a module that is not on this machine's path."
        ) from error
    return done, found


def run(message: bytes, said: Mapping[str, Any]) -> bytes:
    """Do the work of a message, and return what it returned or raised.

    Args:
        message: the work and its arguments.
        said: of the sender, by ``sender.describe``.
    """
    import cloudpickle

    with _alone:
        try:
            check_versions(said)
            sender.follow(said)
            work, args = cloudpickle.loads(message)
            answer: tuple[bool, Any] = True, work(*args)
        except BaseException as error:  # a user's sys.exit() among them
            answer = False, as_sent(error)
        try:
            return bytes(cloudpickle.dumps(answer))
        except Exception as error:  # it holds what cannot travel
            return bytes(cloudpickle.dumps((False, as_sent(error))))


def as_sent(error: BaseException) -> Exception:
    """Return an error that comes out elsewhere as it went in: itself, or a text that says it.

    Its traceback, which would stay here, goes along as a note.
    """
    import cloudpickle

    said = one_line("".join(traceback.format_exception_only(error)).strip())
    at = traceback.extract_tb(error.__traceback__)[-1]
    told = WorkerError(
        f"Expected the work to end well on a worker, got {said.rstrip('.')} ({at.filename}, line "
        f"{at.lineno}). Mend it there."
    )
    where = "".join(traceback.format_exception(error))
    for one in (error, told):
        one.add_note(where)
    if not isinstance(error, Exception):
        return told
    try:
        pickle.loads(cloudpickle.dumps(error))
    except Exception:  # whatever its class does there
        return told
    return error


def check_versions(said: Mapping[str, Any]) -> None:
    """Raise WorkerError unless Python and quorate are those of the sender."""
    here = sender.versions()
    for what, wanted in said["versions"].items():
        if here.get(what) != wanted:
            raise WorkerError(
                f"Expected {what} {wanted} on every worker, as here, got {what} {here.get(what)} "
                f"on {socket.gethostname()}. Install the same version there."
            )
