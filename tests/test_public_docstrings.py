"""Whatever the API reference shows says what goes in, its shape and unit, and what goes wrong."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import pytest

import quorate
from documents import results
from quorate import catalog, knowledge, law, protocols, spec, table

# A number's unit or range, as docstrings word them.
UNIT = re.compile(
    r"[\[(]0|\bin [\[(]|\d|[α-ωS]\*?\b|\b(above|at least|between|fraction|share|probability|number"
    r"|sizes?|how (many|often|long|large|suboptimal)|seconds?|percent|pixels?|scale|norm|rate"
    r"|ratio|level|weight|radius|noise|step|cost|budgets?|queries|largest|smallest|strength|gap"
    r"|standard deviations?|within|sensitivity|speed|capacity|time|vehicles|nats|times"
    r"|multiples|relative|interval|success|asked for|holds)\b",
    re.IGNORECASE,
)
ARRAY = re.compile(r"\b(Array|Labels|Mask|NDArray)\b")
MEMBERS = (FunctionType, property, classmethod, staticmethod, functools.cached_property)


def described(doc: str | None) -> dict[str, str]:
    """Return what the section Args of a docstring says, by parameter."""
    found: dict[str, str] = {}
    section, names = "", []  # type: str, list[str]
    for line in inspect.cleandoc(doc or "").splitlines():
        if line and not line.startswith(" "):
            section, names = line.rstrip(":") if line.endswith(":") else "", []
        elif section == "Args" and (begins := re.match(r" {4}([\w, *]+): (.*)", line)):
            names = [name.strip(" *") for name in begins[1].split(",")]
            found |= dict.fromkeys(names, begins[2])
        else:
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found


def test_sections_are_read() -> None:
    doc = """Measure it.

    Args:
        x, y: rows,
            (n, d).
        **rest: more.

    Raises:
        InputError: never: truly.
    """
    assert described(doc) == {"x": "rows, (n, d).", "y": "rows, (n, d).", "rest": "more. "}
    assert UNIT.search("S*, in [0, 1].")
    assert not UNIT.search("Whatever you like.")


def public() -> Iterator[tuple[str, Any]]:
    """Yield what is public: functions, people, roles, results, and the catalog's methods."""
    for name in quorate.__all__:
        if callable(getattr(quorate, name)):
            yield f"quorate.{name}", getattr(quorate, name)
    for module in (knowledge, law, protocols, table):
        for cls in vars(module).values():
            if inspect.isclass(cls) and cls.__module__ == module.__name__:
                yield f"{module.__name__}.{cls.__name__}", cls
    for kind, names in catalog.BUILT_IN.items():
        for name in names:
            yield f"{kind} {name}", catalog.CATALOG[kind][name]
    for result in results():
        yield f"results {result.__name__}", result


@pytest.fixture(scope="module")
def everything() -> dict[str, Any]:
    return dict(public())


def test_each_begins_with_a_sentence(everything: dict[str, Any]) -> None:
    docs = {name: inspect.cleandoc(found.__doc__ or "") for name, found in everything.items()}
    bad = [
        f"{name}: {doc[:60]!r}"
        for name, doc in docs.items()
        if not re.match(r"[^\n]+[.?:](\n|$)", doc) or doc.startswith(f"{name.split('.')[-1]}(")
    ]
    assert bad == []


def test_functions_say_what_goes_in_comes_out_and_goes_wrong(everything: dict[str, Any]) -> None:
    bad = []
    for name, function in everything.items():
        if not isinstance(function, FunctionType):
            continue
        doc, signature = function.__doc__ or "", inspect.signature(function)
        types = {n: str(p.annotation) for n, p in signature.parameters.items()}
        bad += faults(name, types, described(doc))
        comes_out = str(signature.return_annotation)
        names_a_class = re.fullmatch(r"[A-Z]\w+", comes_out) and comes_out != "Any"
        if not (comes_out == "None" or names_a_class or "return" in doc.lower()):
            bad.append(f"{name} does not say what it returns.")
        if types and "Raises:\n" not in doc:
            bad.append(f"{name} does not say what it raises.")
    assert bad == []


def test_classes_say_what_they_hold_and_refuse(everything: dict[str, Any]) -> None:
    bad = []
    for name, cls in everything.items():
        if not dataclasses.is_dataclass(cls):
            continue
        told = described(cls.__doc__)
        fields = [f for f in dataclasses.fields(cls) if f.init and not f.name.startswith("_")]
        words = {f.name: f.metadata.get("help") or told.get(f.name, "") for f in fields}
        bad += faults(name, {f.name: str(f.type) for f in fields}, words)
        of_catalog = name.split()[0] in catalog.BUILT_IN
        if of_catalog and spec.parameters(cls) and "Raises:\n" not in (cls.__doc__ or ""):
            bad.append(f"{name} does not say what it raises.")
    assert bad == []


def test_members_have_docstrings(everything: dict[str, Any]) -> None:
    bad = []
    for name, cls in everything.items():
        if inspect.isclass(cls) and name.split()[0] not in catalog.BUILT_IN:
            members = [n for n, v in vars(cls).items() if n[0] != "_" and isinstance(v, MEMBERS)]
            bad += [f"{name}.{n}" for n in members if not inspect.getdoc(getattr(cls, n))]
    assert bad == []


def faults(name: str, types: dict[str, str], words: dict[str, str]) -> list[str]:
    """Return what is not said of parameters: of arrays their shape, of numbers a range or unit."""
    found = []
    for parameter, type_ in types.items():
        said = words.get(parameter, "")
        if not said:
            found.append(f"{name} does not say what {parameter} is.")
        elif ARRAY.search(type_) and not re.search(r"\([a-zK]\b", said):
            found.append(f"{name}: no shape of {parameter}: {said}")
        elif re.search(r"\bfloat\b", type_) and not UNIT.search(said):
            found.append(f"{name}: no unit or range of {parameter}: {said}")
    return found


def test_faults_are_found() -> None:
    types = {"x": "Array", "share": "float", "path": "str"}
    good = {"x": "features, (n, d).", "share": "of people, in [0, 1].", "path": "of a file."}
    assert faults("f", types, good) == []
    for parameter, words in {"x": "features.", "share": "of it.", "path": ""}.items():
        assert len(faults("f", types, {**good, parameter: words})) == 1
