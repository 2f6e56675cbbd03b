"""Imports go downwards only, and heavy libraries are imported where they are used."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

import quorate

SOURCE = Path(quorate.__file__).parent

# From the bottom to the top. Rooms on one layer do not know each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("printable",),
    ("version", "errors", "plain", "short_names", "built_in"),
    ("validate", "extras"),
    ("compared_groups", "column"),
    ("given_column",),
    ("given",),
    ("table",),
    ("law", "knowledge"),
    ("protocols",),
    ("spec",),
    ("bring_your_own",),  # adapters lie above it, and are imported when they are asked for
    ("catalog",),  # which names what lies above it, and imports it when it is asked for
    ("exported",),
    ("adapter",),
    ("dependencies",),
    ("runtime", "figures", "intervals"),
    ("executors",),
    ("runs",),
    ("signals", "engine"),
    ("goals", "theory"),
    ("populations", "subgroups", "fairness"),
    ("learners",),  # above populations: one may start from public people
    ("strategies",),  # above learners: members may imitate the platform
    ("studies",),
    ("membership_inference",),
    ("test_time", "planning", "scenarios", "watching"),
    ("auditing",),  # above planning: its certificates stand beside what an audit simulates
    ("report", "checks"),
    ("findings", "comparison", "collective"),
    ("cli", "api"),  # the command line, and Python
    ("quorate",),  # the package's own __init__ imports lazily, and anything
    ("__main__",),
)
HEIGHT = {room: height for height, layer in enumerate(LAYERS) for room in layer}
ACTION = {"signals", "goals"}  # who acts and how it is judged: the business of strategies alone
PLAIN = {"validate", "table", "law", "protocols", "spec", "catalog"}  # arrays in, pictures out
NOT_SEEN_BY = {
    "populations": {*ACTION, "catalog"},
    "learners": {*ACTION, "catalog", "strategies", "subgroups", "fairness"},
    "theory": {*ACTION, "spec", "catalog", "runtime", "figures"},  # pure functions
    "figures": PLAIN,
}
HEAVY = {
    *("torch", "matplotlib", "datasets", "pandas", "polars", "sklearn", "scipy", "joblib"),
    *("dp_accounting", "jinja2", "PIL", "pyarrow", "filelock", "threadpoolctl"),
    *("safetensors", "skimage", "skops"),
    *("sqlalchemy", "alembic", "cryptography", "psycopg"),
    *("httpx", "httpcore", "fastapi", "fastapi_offline", "starlette", "uvicorn"),
}
# Rooms that are heavy as a whole: they import these where they please, and are imported late.
HEAVY_ROOMS = {
    "engine": {"torch"},
    "collective": {
        "sqlalchemy",
        "alembic",
        "filelock",
        "fastapi",
        "starlette",
        "jinja2",
        "uvicorn",
    },
}
HEAVY_MODULES = {  # likewise, single modules
    "quorate.test_time.perturbations.families": {"torch"},
    "quorate.test_time.perturbations.network_crafting": {"torch"},
    "quorate.test_time.http.line": {"httpx", "httpcore"},
    "quorate.test_time.http.connections": {"uvicorn"},
}


class Import(NamedTuple):
    """One imported module, and where the import stands."""

    module: str
    name: str  # with what is taken from the module, which may be a module itself
    place: str
    when_loaded: bool  # runs when the module is loaded: not in a function, not for types only


def imports_of(source: str, module: str, file: str) -> Iterator[Import]:
    """Yield every import in a module's source, wherever it stands."""
    package = module if file.endswith("__init__.py") else module.rpartition(".")[0]

    def walk(node: ast.AST, when_loaded: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for imported, name in _modules(node, package):
                yield Import(imported, name, f"{file}:{node.lineno}", when_loaded)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for child in node.body:
                yield from walk(child, False)
            for child in node.orelse:
                yield from walk(child, when_loaded)
            return
        lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, when_loaded and not lazy)

    yield from walk(ast.parse(source), True)


def _modules(node: ast.Import | ast.ImportFrom, package: str) -> list[tuple[str, str]]:
    if isinstance(node, ast.Import):
        return [(alias.name, alias.name) for alias in node.names]
    base = node.module or ""
    if node.level:
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*above, *([base] if base else [])])
    # "from quorate import spec" imports a module, "from quorate.spec import param" a name.
    names = [f"{base}.{alias.name}" for alias in node.names]
    return [(name if base == "quorate" else base, name) for name in names]


def room(module: str) -> str:
    """Return the part of the library that a module belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def violations(source: str, module: str, file: str) -> list[str]:
    """Return what is wrong with the imports of one module, with file and line."""
    here, wrong = room(module), []
    if here not in HEIGHT:
        return [f"{file}: {here} has no layer. Place it in LAYERS."]
    for found in imports_of(source, module, file):
        top = found.module.split(".")[0]
        own = HEAVY_ROOMS.get(here, set()) | HEAVY_MODULES.get(module, set())
        if top in HEAVY - own and found.when_loaded:
            wrong.append(f"{found.place}: {top} is imported when {module} is loaded")
        there = room(found.module)
        heavy = there in set(HEAVY_ROOMS) - {here} or found.module in set(HEAVY_MODULES) - {module}
        if heavy and found.when_loaded:
            wrong.append(
                f"{found.place}: {found.module} is heavy and imported as {module} is loaded"
            )
        if top != "quorate":
            continue
        if there == "__version__":
            continue
        if there not in HEIGHT:
            wrong.append(f"{found.place}: {there} has no layer. Place it in LAYERS.")
        elif there != here and HEIGHT[there] >= HEIGHT[here]:
            wrong.append(f"{found.place}: {here} imports {there}, which does not lie below it")
        elif there in NOT_SEEN_BY.get(here, ()):
            wrong.append(f"{found.place}: {here} imports {there}, which is none of its business")
    return wrong


def find_circle(sources: Mapping[str, tuple[str, str]]) -> list[str]:
    """Return the modules of one circle of imports, the first one again at the end; none if none.

    Imports in functions and for types only count as well: who reads one file of a circle has to
    know all of them.

    Args:
        sources: source and file of each module, by its name.
    """
    graph = {
        module: {
            found.name if found.name in sources else found.module
            for found in imports_of(source, module, file)
        }
        for module, (source, file) in sources.items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def _sources() -> dict[str, tuple[str, str]]:
    found = {}
    for file in sorted(SOURCE.rglob("*.py")):
        inside = file.relative_to(SOURCE.parent)
        module = ".".join(inside.with_suffix("").parts).removesuffix(".__init__")
        found[module] = file.read_text(encoding="utf-8"), str(inside)
    assert len(found) > 40, "the library's source was not found"
    return found


def test_imports_go_downwards_and_heavy_ones_wait() -> None:
    wrong = []
    for module, (source, file) in _sources().items():
        wrong += violations(source, module, file)
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_circle_of_imports() -> None:
    assert not find_circle(_sources())


@pytest.mark.parametrize(
    ("source", "module", "expected"),
    [
        ("from quorate.studies.trial import Trial", "quorate.theory.a", "theory imports studies"),
        ("from quorate import catalog", "quorate.spec", "spec imports catalog"),
        ("import quorate.learners.networks.sgd", "quorate.theory.a", "theory imports learners"),
        ("import quorate.signals.patch", "quorate.learners.a", "learners imports signals"),
        (
            "def f():\n    import quorate.cli.entry",
            "quorate.planning.a",
            "a.py:2: planning imports cli",
        ),
        ("from ..studies import trial", "quorate.goals.a", "goals imports studies"),
        ("from . import strategies", "quorate.goals", "goals imports strategies"),
        ("x = 1\n\nimport torch", "quorate.learners.a", "a.py:3: torch is imported"),
        ("from matplotlib.figure import Figure", "quorate.figures", "matplotlib is imported"),
        ("try:\n    import pandas\nexcept ImportError: ...", "quorate.studies.a", "a.py:2: pandas"),
        ("class A:\n    import scipy.stats", "quorate.theory.a", "a.py:2: scipy is imported"),
        (
            "if TYPE_CHECKING:\n    ...\nelse:\n    import torch",
            "quorate.planning.a",
            "a.py:4: torch",
        ),
        ("from quorate.engine.stack import Pool", "quorate.learners.a", "stack is heavy"),
        ("import scipy", "quorate.engine.stack", "a.py:1: scipy is imported"),
        ("", "quorate.utils.a", "utils has no layer"),
        ("import quorate.helpers", "quorate.studies.a", "helpers has no layer"),
    ],
)
def test_a_violation_is_found_and_named(source: str, module: str, expected: str) -> None:
    (found,) = violations(source, module, "a.py")
    assert expected in found
    assert found.startswith("a.py:")


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("def f():\n    import torch", "quorate.learners.a"),
        ("def f():\n    from quorate.engine.stack import Pool", "quorate.learners.a"),
        ("import torch", "quorate.engine.stack"),
        ("if TYPE_CHECKING:\n    import torch", "quorate.learners.a"),
        ("import typing\nif typing.TYPE_CHECKING:\n    import pandas", "quorate.learners.a"),
        ("from quorate.signals.patch import Patch", "quorate.goals.a"),
        ("from quorate.goals.planted import Planted", "quorate.strategies.a"),
        ("from quorate.learners import privacy", "quorate.learners.a"),
        ("def f():\n    from quorate import figures", "quorate.studies.a"),
        ("def f():\n    from quorate.studies.sweep import run_study", "quorate"),
    ],
)
def test_what_is_allowed_is_not_reported(source: str, module: str) -> None:
    assert violations(source, module, "a.py") == []


@pytest.mark.parametrize(
    ("back", "is_circle"),
    [
        ("from quorate.a.one import One", True),
        ("from quorate.a import one", True),
        ("from . import one", True),
        ("def f():\n    import quorate.a.one", True),
        ("if TYPE_CHECKING:\n    from quorate.a.one import One", True),
        ("from quorate.a.three import Three", False),
        ("ONE = 'quorate.a.one:One'", False),
    ],
)
def test_a_circle_is_found_and_named(back: str, is_circle: bool) -> None:
    sources = {
        "quorate.a.one": "from quorate.a import two",
        "quorate.a.two": "from quorate.a.three import Three",
        "quorate.a.three": "",
    }
    found = {module: (source, "a.py") for module, source in sources.items()}
    assert find_circle(found) == []
    found["quorate.a.two"] = back, "a.py"
    assert set(find_circle(found)) == ({"quorate.a.one", "quorate.a.two"} if is_circle else set())


@pytest.mark.parametrize("command", ["--help", "list"])
def test_a_fresh_process_loads_nothing_heavy(command: str) -> None:
    code = (
        "import sys, quorate, quorate.cli.entry\n"
        f"try:\n    quorate.cli.entry.app(['{command}'])\nexcept SystemExit:\n    pass\n"
        "print('loaded:', *sorted({m.split('.')[0] for m in sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.rpartition("loaded:")[2].split())
    assert {"quorate", "typer"} <= loaded  # the list is the real one
    assert not loaded & HEAVY
