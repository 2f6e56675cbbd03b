"""A user's defaults, in one file: where cells are computed, and how executors are reached."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.executors.resources import KEYS, NOTHING, Resources, read_resources
from quorate.runtime.files import read_toml
from quorate.runtime.progress import tell
from quorate.spec.parsing import parse
from quorate.validate import shown, unknown

VARIABLE = "QUORATE_CONFIG"
TABLES = "executors"
EXAMPLE = """\
executor = "slurm:workers=64"   # or jobs = 4, for processes on this machine
device = "auto"                 # or cpu, or cuda

[executors.slurm]               # what --executor slurm:... leaves out
partition = "cpu"
account = "abc"
options = "--qos=short"

[executors.ray]
address = "auto"
"""

Tables = Mapping[str, Mapping[str, Any]]  # parameters of executors, by the executor's name


@dataclass(frozen=True)
class Configuration:
    """What the configuration file says.

    Args:
        path: of the file.
        is_there: whether there is one.
        resources: where cells are computed unless a command or a study file says otherwise.
        executors: parameters by the name of the executor, for what its text leaves out.
    """

    path: Path
    is_there: bool = False
    resources: Resources = NOTHING
    executors: Tables = field(default_factory=dict)


def path_of_file() -> Path:
    """Return where the file is: QUORATE_CONFIG, else in the user's configuration folder."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):  # which the standard ignores: the current folder may be anyone's
        base = os.path.expanduser("~/.config")
    return Path(os.environ.get(VARIABLE) or Path(base) / "quorate" / "config.toml")


def read_configuration() -> Configuration:
    """Return what the configuration file says; where none is named and none is there, nothing.

    Raises:
        InputError: QUORATE_CONFIG names no file, or the file cannot be read, is not TOML, or has a
            key, an executor, a parameter or a value that is not known.
    """
    path = path_of_file()
    if not os.path.lexists(path):
        if not os.environ.get(VARIABLE):
            return Configuration(path)
        raise InputError(
            f"Expected a configuration file at {path}, which {VARIABLE} names, got none. Write "
            f"one, or unset {VARIABLE}."
        )
    plain = read_toml(path, "a configuration file")
    try:
        for key in plain:
            if key not in (*KEYS, TABLES):
                raise unknown("key of the configuration", key, (*KEYS, TABLES))
        tables = _read_tables(plain.get(TABLES, {}))
        resources = read_resources(plain)
        if resources.executor is not None:
            _built(_filled_in(resources.executor, tables)[0])
    except InputError as error:
        raise InputError(f"{error} This came from the configuration file {path}.") from error
    return Configuration(path, True, resources, tables)


def _read_tables(given: Any) -> Tables:
    if not isinstance(given, Mapping):
        raise InputError(
            f"Expected {TABLES} to be tables, one for each executor, got {shown(given)}. Write "
            f"[{TABLES}.slurm] and its parameters below."
        )
    known = catalog.CATALOG["executors"]
    tables: dict[str, Mapping[str, Any]] = {}
    for name, table in given.items():
        cls = known.get(name)
        if cls is None:
            raise unknown("executor", name, known)
        if not isinstance(table, Mapping):
            raise InputError(
                f"Expected {TABLES}.{name} to be a table, got {shown(table)}. Write "
                f"[{TABLES}.{name}] and its parameters below."
            )
        parameters, types = spec.parameters(cls), spec.hints(cls)
        for key in table:
            if key not in parameters:
                raise unknown(f"parameter of {name}", key, parameters)
        if all(key in table for key, one in parameters.items() if spec.is_required(one)):
            _built({"name": name, **table})
        tables[name.replace("_", "-")] = {
            key: value
            if parameters[key].metadata.get("kind")
            else spec.convert(value, types[key], key)
            for key, value in table.items()
        }
    return tables


def build_executor(executor: Any) -> Executor:
    """Return the executor that text or plain data stand for; the configuration adds to them.

    What is given stays. What the configuration names in its place, as the address of a scheduler
    where workers on this machine are asked for, is left out, and that is said.

    Raises:
        InputError: as ``read_configuration``, or the executor cannot be built.
    """
    if not isinstance(executor, str | Mapping):
        return _built(executor)
    found = read_configuration()
    filled, added, left_out = _filled_in(executor, found.executors)
    try:
        chosen = _built(filled)
    except InputError as error:
        if not added:
            raise
        _built(executor)  # raises where the mistake is its own
        raise InputError(
            f"{error} {', '.join(added)} came from the configuration file {found.path}."
        ) from error
    if left_out:
        tell(
            f"{', '.join(left_out)} of the executor in the configuration file {found.path} is "
            f"left out, since {shown(executor)} says something else in its place."
        )
    return chosen


def _built(executor: Any) -> Executor:
    chosen: Executor = catalog.build("executors", executor)
    return chosen


def _filled_in(
    executor: str | Mapping[str, Any], tables: Tables
) -> tuple[dict[str, Any], list[str], list[str]]:
    """Return plain data with what a table adds, the parameters added, and those left out."""
    data = parse(executor) if isinstance(executor, str) else dict(executor)
    name = str(data.get("name")).replace("_", "-")
    table = tables.get(name, {})
    alternatives = getattr(catalog.CATALOG["executors"].get(name), "alternatives", ())
    chosen = any(data.get(key) not in (None, "") for key in alternatives)
    open_ = [key for key in table if key not in data]
    left_out = [key for key in open_ if chosen and key in alternatives]
    added = [key for key in open_ if key not in left_out]
    return {**{key: table[key] for key in added}, **data}, added, left_out
