"""Whom a worker works for: what the sender takes for granted, and how a worker follows it.

A worker of a cluster that somebody else keeps outlives a run. It works for one command after
another, perhaps of several people, each with a folder, modules and settings of its own.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import platform
import socket
import sys
import sysconfig
import uuid
from collections.abc import Iterator, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from quorate import catalog
from quorate.runtime.progress import silence
from quorate.version import __version__

SETTINGS = ("QUORATE_DATA", "QUORATE_CACHE")
OF_LIBRARIES = ("site-packages", "dist-packages")
_HERE = uuid.uuid4().hex  # tells processes apart whose machines have one name, as containers may


def versions() -> dict[str, str]:
    """Return the versions that must be the same on a worker."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"Python": python, "quorate": __version__}


def describe() -> dict[str, Any]:
    """Return what a message takes for granted, in plain data that every version can read."""
    return {
        "versions": versions(),
        "process": _process(),
        "folder": os.getcwd(),
        "path": [os.path.abspath(entry) for entry in sys.path if not _is_of_libraries(entry)],
        "settings": {
            key: os.path.abspath(os.environ[key]) for key in SETTINGS if key in os.environ
        },
    }


def name_of_place() -> str:
    """Return the name of this machine and the current folder, for messages to people elsewhere."""
    return f"{socket.gethostname()}, in {os.getcwd()}"


def follow(said: Mapping[str, Any]) -> None:
    """Work from where the sender does: its folder, its modules, its settings.

    What this machine has of its own comes first: another QUORATE_DATA holds here.

    Args:
        said: of the sender, by ``describe``.
    """
    if tuple(said["process"]) == _process():
        return  # a thread of the sender
    silence()
    _worker().follow(said)


class _Worker:
    """This process as it was before anybody was followed, and whom it follows."""

    def __init__(self) -> None:
        self._settings = {key: os.environ.get(key) for key in SETTINGS}
        self._followed: tuple[Any, ...] = ()
        self._added: list[str] = []  # to the path

    def follow(self, said: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):  # no such folder: only relative names miss it
            os.chdir(said["folder"])
        if tuple(said["process"]) == self._followed:
            return
        self._forget()
        self._added = [entry for entry in said["path"] if entry not in sys.path]
        sys.path += self._added
        for key in SETTINGS:
            value = self._settings[key] or said["settings"].get(key)
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
        self._followed = tuple(said["process"])

    def _forget(self) -> None:
        """Forget the modules and the methods of whom it followed before."""
        if not self._followed:
            return
        for name in list(self._theirs()):
            del sys.modules[name]
        importlib.invalidate_caches()
        sys.path[:] = [entry for entry in sys.path if entry not in self._added]
        catalog.forget()

    def _theirs(self) -> Iterator[str]:
        """Yield the names of the modules that were found where the other one alone has modules."""
        added = {os.path.realpath(entry) for entry in self._added}
        tops = {name for name, module in sys.modules.items() if _folder_of(module) in added}
        for name in sys.modules:
            if name.partition(".")[0] in tops:
                yield name


@functools.cache
def _worker() -> _Worker:
    return _Worker()


def _process() -> tuple[Any, ...]:
    return socket.gethostname(), os.getpid(), _HERE


@functools.cache
def _is_of_libraries(entry: str) -> bool:
    """Whether an entry of the path belongs to an installation of Python, which workers have too."""
    path = Path(entry)
    if set(path.parts) & set(OF_LIBRARIES):
        return True
    return any(path.is_relative_to(sysconfig.get_path(of)) for of in ("stdlib", "platstdlib"))


def _folder_of(module: Any) -> str:
    """Return the folder that a module was found in; empty where it has no file."""
    spec = getattr(module, "__spec__", None)
    if not isinstance(spec, ModuleSpec):  # what stands among the modules need not be one
        return ""
    place = next(iter(spec.submodule_search_locations or ()), spec.origin)
    return os.path.realpath(os.path.dirname(place)) if place else ""
