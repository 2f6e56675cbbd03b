"""What ``import quorate`` gives: its functions, held to the command line, and its methods."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer.main

import quorate
from quorate.api import accepted
from quorate.catalog import BUILT_IN
from quorate.cli.entry import app
from quorate.scenarios.participation.scenario import Participation
from quorate.studies.study import KEYS

FUNCTIONS = [name for name in quorate.__all__ if inspect.isfunction(getattr(quorate, name))]
ONLY_A_COMMAND = {
    "demo": "two stored examples, shown in a terminal",
    "list": "dir(quorate.learners), and the reference",
    "config": "a file of defaults for the command line; in Python, arguments are given",
    "bound": "quorate.theory has a function for each bound",
    "platform": "a server, which runs until it is stopped",
    "collective": "a server, and what its organisers do from a terminal",
    "member": "what a page does, from a terminal",
}
ONLY_IN_PYTHON = {
    "load": "the curves of a folder as Curves; quorate show prints them",
    "people": "data are at hand in Python alone; a file or an import path is named",
    "register": "a class is at hand in Python alone",
    "check": "likewise",
}
PRINTING = {"json", "quiet", "help"}  # how a command prints
# Python knows no configuration of the command line: what it says by None, a function says itself.
DIFFERENT_DEFAULTS = {
    **{(name, "out"): None for name in ("curve", "critical_mass", "audit", "audit_privacy")},
    ("participation", "out"): None,
    **{
        (name, "device"): "auto"
        for name in ("curve", "critical_mass", "audit", "audit_privacy", "plan", "scenario")
    },
}
NOT_IN_PYTHON = {
    ("plan", "out"): "a plan is an object, and its page is a file",
    ("compare", "out"): "likewise",
    ("watch", "out"): "likewise",
}
NOT_ON_THE_COMMAND_LINE = {
    ("curve", "title"): "of the report; a file says it",
    ("curve", "names"): "by text; a file says them, and --name is by order",
    ("scenario", "parameters"): "options of the scenario's own",
}


def commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return {name.replace("-", "_"): command for name, command in group.commands.items()}


def options_of(command: Any) -> dict[str, Any]:
    """Return the default of each option and argument by its name on the command line."""
    found = {}
    for one in command.params:
        if one.param_type_name == "option":
            longest = next(text for text in one.opts if text.startswith("--"))
            name = longest.removeprefix("--").replace("-", "_")
        else:
            name = str(one.name)
        found[name] = inspect.Parameter.empty if one.required else one.default
    return {name: one for name, one in found.items() if name not in PRINTING}


def test_every_command_has_its_function_and_the_other_way_round() -> None:
    known = set(commands())
    assert known - set(ONLY_A_COMMAND) == set(FUNCTIONS) - set(ONLY_IN_PYTHON)
    assert not set(ONLY_A_COMMAND) - known  # a reason for what is gone would mislead


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - set(ONLY_IN_PYTHON)))
def test_a_function_has_the_names_and_defaults_of_its_command(name: str) -> None:
    options = options_of(commands()[name])
    parameters = dict(inspect.signature(getattr(quorate, name)).parameters)
    for key in [one for function, one in NOT_ON_THE_COMMAND_LINE if function == name]:
        assert key not in options
        del parameters[key]
    for key in [one for function, one in NOT_IN_PYTHON if function == name]:
        assert key not in parameters
        del options[key]
    if name == "participation":  # whose options are the scenario's
        own = {one.name: one.default for one in fields(Participation)}
        options |= {key: default for key, default in own.items() if key != "folder"}
    assert set(options) == set(parameters)
    for key, default in options.items():
        if name == "scenario" and key == "name":
            continue  # without it, the command prints its help
        ours = parameters[key].default
        expected = DIFFERENT_DEFAULTS.get((name, key), default)
        expected = None if expected in ((), []) else expected
        if isinstance(expected, Path):
            expected = str(expected)
        assert ours == expected, key


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_what_it_takes_and_what_it_raises(name: str) -> None:
    function: Callable[..., Any] = getattr(quorate, name)
    parameters = inspect.signature(function).parameters
    text = inspect.getdoc(function) or ""
    _, _, args = text.partition("Args:")
    documented = re.findall(r"^    (\w+(?:, \w+)*):", args.partition("\nRaises:")[0], re.MULTILINE)
    assert {one for names in documented for one in names.split(", ")} == set(parameters), name
    assert "\nRaises:" in text
    assert all(one.annotation is not inspect.Parameter.empty for one in parameters.values())
    open_ended = {one.name for one in parameters.values() if one.kind is one.VAR_KEYWORD}
    assert open_ended == ({"parameters"} if name == "scenario" else set())


def test_a_curve_takes_every_key_of_a_study() -> None:
    parameters = set(inspect.signature(quorate.curve).parameters)
    assert parameters - set(KEYS) == {"out", "jobs", "executor", "device", "log"}
    assert not set(KEYS) - parameters


@pytest.mark.parametrize("name", FUNCTIONS)
def test_types_of_a_function_are_there(name: str) -> None:
    # Annotations are for types only: an import below TYPE_CHECKING that is gone would not be seen.
    function = getattr(quorate, name)
    module = importlib.import_module(function.__module__)
    tree = ast.parse(inspect.getsource(module))
    imported: dict[str, Any] = {**vars(module), **vars(typing)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                found = getattr(importlib.import_module(node.module), one.name, None)
                imported[one.asname or one.name] = found
        elif isinstance(node, ast.Import):
            for one in node.names:
                imported[one.asname or one.name] = importlib.import_module(one.name)
    hints = typing.get_type_hints(function, imported)
    assert "return" in hints
    assert None not in hints.values()


def test_names_of_types_say_what_they_are_of() -> None:
    assert {"AnyPopulation", "AnyLearner"} <= set(vars(accepted))


ROOMS = {
    **{kind: f"quorate.{kind}" for kind in BUILT_IN if hasattr(quorate, kind)},
    "attacks": "quorate.test_time.attacks",
}
ELSEWHERE = {"strategies": {"Perturbed"}}  # it lies in test_time


@pytest.mark.parametrize("kind", ROOMS)
def test_a_room_exports_its_methods_to_programs_and_to_editors(kind: str) -> None:
    room = importlib.import_module(ROOMS[kind])
    places = {tuple(place.split(":")) for place in BUILT_IN[kind].values()}
    own = {(module, name) for module, name in places if name not in ELSEWHERE.get(kind, ())}
    assert dir(room) == sorted(name for _, name in own)
    for module, name in own:
        assert getattr(room, name) is getattr(importlib.import_module(module), name)
    typed = {
        (node.module, one.name)
        for block in ast.parse(inspect.getsource(room)).body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for one in node.names
        if one.asname == one.name  # only so is a name exported to type checkers
    }
    assert typed == own, "Run: python docs/generate.py"


def test_what_a_room_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'SGE'"):
        quorate.learners.SGE  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(quorate.learners, "DigitsOfMine")


def test_the_package_exports_its_rooms_of_methods() -> None:
    rooms = set(ROOMS.values()) - {"quorate.test_time.attacks"}
    assert len(rooms) == 8
    assert all(sys.modules[room] is getattr(quorate, room.rpartition(".")[2]) for room in rooms)


def test_no_room_takes_the_name_of_a_function() -> None:
    rooms = {one.stem for one in Path(quorate.__file__).parent.iterdir()}
    assert not rooms & set(FUNCTIONS)  # once imported, it would stand in the function's place


def test_the_import_is_fast_and_light() -> None:
    code = "import sys, quorate\nprint(*sorted({m.split('.')[0] for m in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "torch", "pandas", "typer", "rich"} & set(run.stdout.split())
