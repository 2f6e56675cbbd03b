"""The command that shows a user's configuration."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from quorate.cli.options import AsJson, console_of, print_json
from quorate.printable import printable

if TYPE_CHECKING:
    from quorate.executors.configuration import Configuration

DEFAULT, FILE = "default", "file"


def config(json: AsJson = False) -> None:
    """Show your defaults, and where each comes from.

    The configuration file is the one that QUORATE_CONFIG names, else quorate/config.toml in your
    configuration folder. Where there is none, an example of one is shown. Options of a command
    come first, then the study file that it runs, then your configuration.

    \b
    quorate config --json
    """
    from quorate.executors.configuration import EXAMPLE, VARIABLE, read_configuration

    found = read_configuration()
    values = values_in_force(found)
    if json:
        print_json({"file": str(found.path), "is_there": found.is_there, "values": values})
        return
    console = console_of()
    named = f", as {VARIABLE} says" if os.environ.get(VARIABLE) else ""
    there = "" if found.is_there else " (there is none)"
    lines = [f"Configuration file: {found.path}{there}{named}", ""]
    width = max(map(len, values))
    for name, one in values.items():
        lines.append(f"  {name:<{width}}  {_shown(one['value'])}  ({one['from']})")
    if not found.is_there:
        lines += ["", "An example of such a file:", "", EXAMPLE.rstrip()]
    console.print(printable("\n".join(lines)), soft_wrap=True)


def values_in_force(found: Configuration) -> dict[str, dict[str, Any]]:
    """Return each value that commands go by, by its name, and where it comes from."""
    from quorate import spec
    from quorate.executors.choose import choose_executor
    from quorate.runtime import cache

    said = found.resources
    executor = choose_executor(said.jobs, said.executor)
    is_said = said.executor is not None or said.jobs is not None
    rows: dict[str, tuple[Any, str]] = {
        "executor": (spec.text(executor), FILE if is_said else DEFAULT),
        "device": (said.device or "auto", FILE if said.device else DEFAULT),
    }
    if said.jobs is not None:
        rows["jobs"] = (said.jobs, FILE)
    for name, table in found.executors.items():
        rows |= {f"executors.{name}.{key}": (value, FILE) for key, value in table.items()}
    data, folder = os.environ.get("QUORATE_DATA"), str(cache.folder())
    rows["data"] = (data, "QUORATE_DATA") if data else (None, DEFAULT)
    naming = [name for name in ("QUORATE_CACHE", "XDG_CACHE_HOME") if os.environ.get(name)]
    rows["cache"] = (folder, naming[0] if naming else DEFAULT)
    return {name: {"value": value, "from": origin} for name, (value, origin) in rows.items()}


def _shown(value: Any) -> str:
    """Return a value for people to read.

    >>> _shown(None), _shown(("a", "b")), _shown(4), _shown("")
    ('none', 'a, b', '4', 'empty')
    """
    if value is None:
        return "none"
    if value == "":
        return "empty"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
