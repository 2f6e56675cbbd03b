"""The pages of the API reference: which objects stand on them, never what they say.

What they say is each object's docstring, which Sphinx reads when it builds the site.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import quorate
from quorate.catalog import BUILT_IN, ROLES

INTRODUCTION = """\
# The API

On the site (`make docs`), each page shows docstrings; in the repository it only names whose.
Everything can be imported as it is named; `quorate.curve` and the other functions of the package
`quorate` are all that most scripts need.
"""

PEOPLE = (
    "quorate.table:Table",
    "quorate.table:Column",
    "quorate.table:Split",
    "quorate.table:Submission",
    "quorate.knowledge:Knowledge",
    "quorate.law:FiniteLaw",
)
MORE_TYPES = (
    "quorate.executors.choose:AnyExecutor",
    "quorate.membership_inference.audit_cell:Kind",
    "quorate.studies.curves:Width",
    "quorate.figures.curves:Part",
)
KIND_TITLES = {"settings": "Settings"}


def sections() -> dict[str, tuple[str, str, list[str]]]:
    """Return each page's title, a sentence on it, and the objects on it, by the page's name."""
    found = {
        "functions": ("Functions", "What `import quorate` gives.", functions()),
        "types": ("Types", "What signatures call the things that may be handed in.", types()),
        "people": ("People", "How people and their data are held.", list(PEOPLE)),
        "roles": ("Roles", "What a method of your own inherits, by its role.", roles()),
        "results": ("Results", "What functions return, and what a stored folder is.", results()),
        "errors": ("Errors", "What can be raised; each says the usual fix.", errors()),
    }
    for kind, lines in BUILT_IN.items():
        said = f"The {kind} that `quorate list {kind}` shows, as classes."
        found[kind] = (kind.capitalize(), said, list(lines.values()))
    return found


def functions() -> list[str]:
    """Return what the package exports, apart from its version and from modules."""
    return [
        f"quorate:{name}"
        for name in quorate.__all__
        if not name.startswith("__") and not isinstance(getattr(quorate, name), ModuleType)
    ]


def roles() -> list[str]:
    """Return the roles that methods play, then those of results and executors."""
    from quorate import protocols

    here = _classes_of(protocols)
    return [*here, *(path for path in ROLES.values() if path not in here), RESULT]


def results() -> list[str]:
    """Return every class that says what it is in a line: results, and what they are made of."""
    for module in pkgutil.walk_packages(quorate.__path__, "quorate."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    from quorate.runs.shown import Shown

    found = {_path(cls) for cls in _subclasses(Shown)} - {RESULT}
    return sorted(path for path in found if path.startswith("quorate"))


def types() -> list[str]:
    """Return what the signatures of functions call the things that may be handed to them."""
    from quorate.api import accepted

    own = [name for name in vars(accepted) if name in accepted.__annotations__]
    return [*(f"{accepted.__name__}:{name}" for name in own), *MORE_TYPES]


def errors() -> list[str]:
    """Return the errors that a caller may want to catch."""
    from quorate import errors as module

    return [path for path in _classes_of(module) if path.rpartition(":")[2].endswith("Error")]


RESULT = "quorate.runs.result:Result"


def _classes_of(module: ModuleType) -> list[str]:
    classes = [c for _, c in inspect.getmembers(module, inspect.isclass)]
    here = [c for c in classes if c.__module__ == module.__name__]
    return [_path(c) for c in sorted(here, key=lambda c: inspect.getsourcelines(c)[1])]


def _subclasses(cls: type) -> Iterator[type]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def _path(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def load(path: str) -> object:
    """Return the object that ``module:name`` names."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def page(title: str, said: str, paths: list[str], members: bool) -> str:
    """Return the page of some objects, for Sphinx to fill in."""
    blocks = []
    for path in paths:
        found = load(path)
        cls = inspect.isclass(found)
        of_others = "autofunction" if inspect.isroutine(found) else "autodata"
        directive = "autoclass" if cls else of_others
        options = "\n   :members:\n   :show-inheritance:" if cls and members else ""
        blocks.append(f"```{{eval-rst}}\n.. {directive}:: {path.replace(':', '.')}{options}\n```\n")
    return "\n".join([f"# {title}\n\n{said}\n", *blocks])


def api_pages() -> dict[str, str]:
    """Return the pages of the API by the name of their file."""
    found = sections()
    items = [f"- [{title}]({name}.md): {said}" for name, (title, said, _) in found.items()]
    pages = {"index.md": INTRODUCTION + "\n" + "\n".join(items) + "\n"}
    for name, (title, said, paths) in found.items():
        pages[f"{name}.md"] = page(title, said, paths, members=name not in BUILT_IN)
    return pages
