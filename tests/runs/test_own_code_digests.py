"""What a digest of one's own code covers beside the code itself: tables, objects, modules."""

import importlib
import linecache
import sys
from pathlib import Path
from typing import Any

import pytest

from quorate import spec


def typed(constants: str, helper: str = "one()") -> Any:
    """Return a function of code that is typed in: no file holds it."""
    module: dict[str, Any] = {"__name__": "typed"}
    exec(compile(f"{constants}\ndef fit():\n    return {helper}", "<typed>", "exec"), module)
    return module["fit"]


@pytest.mark.parametrize(
    ("helper", "constants"),
    [
        ("WAYS['a']()", "WAYS = {{'a': lambda: {}}}"),
        ("WAYS[0]()", "def one():\n  return {}\nWAYS = (one,)"),
        ("ways[0]()", "def one():\n  return {}\nways = (one, 2)"),
        ("WAYS[0].of()", "class One:\n  def of(self):\n    return {}\nWAYS = [One()]"),
        ("WAYS[0].of()", "class One:\n  def of(self):\n    return {}\nWAYS = [[One]]"),
        ("one.by", "class Two:\n  def __init__(self, by):\n    self.by = by\none = Two({})"),
        ("scale()", "class Scale:\n  def __call__(self):\n    return {}\nscale = Scale()"),
        ("DATA[0]", "DATA = bytearray([{}])"),
        ("type('A', (), {{'f': lambda self: ONE}})", "ONE = {}"),
        ("one()", "ONE = {}\ndef one():\n  class Model:\n    by = ONE\n  return Model.by"),
    ],
)
def test_tables_of_functions_and_objects_count(helper: str, constants: str) -> None:
    one, two, again = (
        spec.code_digest(
            typed(constants.format(value), helper.replace("{{", "{").replace("}}", "}"))
        )
        for value in (0, 5, 0)
    )
    assert one == again != two


def test_constants_that_hold_themselves_or_are_deep_are_read() -> None:
    around = "SOME = {'a': %d}\nSOME['b'] = SOME\nDEEP = []\nfor _ in range(3000):\n  DEEP = [DEEP]"
    digests = [spec.code_digest(typed(around % one, "SOME, DEEP")) for one in (0, 1, 0)]
    assert digests[0] == digests[2] != digests[1]


MODULES = {
    "from {} import one": "one()",
    "import {}": "{}.one()",
    "import {}.inner": "{}.inner.two()",
    "import {}.inner as there": "there.two()",
    "from {}.inner import two": "two()",
    "from {} import inner": "inner.two()",
    "from {}.inner import Two": "Two().three()",
}


@pytest.mark.parametrize("inside", [False, True], ids=["above", "inside"])
@pytest.mark.parametrize("line", MODULES)
def test_modules_count_that_are_imported(
    line: str, inside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the function, and inside it: then it is imported as it runs."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    name, digests = "own_code_package", []
    for number, value in enumerate((0, 5, 0)):
        folder = tmp_path / str(number) / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(f"def one():\n    return {value}\n")
        (folder / "inner.py").write_text(
            f"def two():\n    return {value}\n\n\nclass Two:\n    def three(self):\n"
            f"        return {value}\n"
        )
        called, imported = MODULES[line].format(name), line.format(name)
        source = f"{imported}\ndef fit():\n    return {called}"
        if inside:
            source = f"def fit():\n    {imported}\n    return {called}"
        module: dict[str, Any] = {"__name__": "typed"}
        with monkeypatch.context() as there:
            there.syspath_prepend(folder.parent)
            exec(compile(source, "<typed>", "exec"), module)
            digests.append(spec.code_digest(module["fit"]))
        for loaded in [one for one in sys.modules if one.partition(".")[0] == name]:
            del sys.modules[loaded]
    assert digests[0] == digests[2] != digests[1]


def test_what_is_imported_and_not_there_is_no_error() -> None:
    digest = spec.code_digest(typed("def one():\n  import not_there_at_all\n  return 1"))
    assert digest != spec.code_digest(typed("def one():\n  return 1"))


WRITTEN = """
from typing import ClassVar

weights = {weights}
known = dict(first=1)


class Own:
    widths: ClassVar[list[int]] = {widths}

    def fit(self) -> int:
        known[len(known)] = 1
        self.widths.append(weights[0])
        return sum(self.widths)
"""


def test_what_is_written_of_changing_lists_counts_and_not_how_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def digest(weights: str = "[1, 2]", widths: str = "[3]", more: str = "") -> str:
        name = "own_code_written"
        file = tmp_path / f"{name}.py"
        file.write_text(WRITTEN.format(weights=weights, widths=widths) + more)
        sys.modules.pop(name, None)
        importlib.invalidate_caches()
        linecache.checkcache(str(file))
        cls = importlib.import_module(name).Own
        found = spec.code_digest(cls)
        cls().fit()
        assert spec.code_digest(cls) == found
        del sys.modules[name]
        return found

    first = digest()
    assert digest() == first == digest(more="\n# said\n")
    assert first not in {digest(weights="[1, 3]"), digest(widths="[4]")}


def test_code_is_read_once_in_a_run_and_anew_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    from quorate.spec import own_code

    read: list[Any] = []
    real = own_code._digest

    def digest(thing: Any, *more: Any) -> str:
        read.append(thing)
        return real(thing, *more)

    monkeypatch.setattr(own_code, "_digest", digest)
    fit = typed("ONE = 1\ndef one():\n  return ONE")
    with spec.reading_once():
        before = spec.code_digest(fit)
        with spec.reading_once():
            assert spec.code_digest(fit) == before
    assert len(read) == 1
    fit.__globals__["ONE"] = 2
    assert spec.code_digest(fit) != before
    with spec.reading_once():
        assert spec.code_digest(fit) != before
