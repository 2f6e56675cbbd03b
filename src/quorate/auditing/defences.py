"""What a platform could put around a model: one line a defence."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.protocols import Learner, Population
from quorate.table import Table

# Those that go around any learner, and those that take the place of a network's training.
AROUND: Mapping[str, Mapping[str, Any]] = {
    "loss-trimming": {},
    "knn-cleaning": {},
    "spectral-signatures": {},
    "early-stopping": {},
    "robust-aggregation": {},
}
IN_PLACE: Mapping[str, Mapping[str, Any]] = {
    "dp-sgd": {"epsilon": 3.0},
    "group-dro": {},
}
SHARED = ("model", "hidden", "epochs", "batch_size")  # what a network's other training keeps


@dataclass(frozen=True)
class Defences:
    """The defences that apply to a model, by name, and why others do not."""

    learners: Mapping[str, Learner]
    refused: Mapping[str, str]


def find_defences(model: Learner, people: Table) -> Defences:
    """Return the defences that can be put around a model that learns from these people."""
    found: dict[str, Learner] = {}
    refused: dict[str, str] = {}
    for name, given in {**AROUND, **IN_PLACE}.items():
        try:
            learner = _made(name, given, model, people)
            learner.check(people)
            found[name] = learner
        except InputError as error:
            refused[name] = str(error)
    return Defences(found, refused)


def _made(name: str, given: Mapping[str, Any], model: Learner, people: Table) -> Learner:
    cls = catalog.CATALOG["learners"][name]
    made: Learner
    if name in AROUND:
        made = cls(learner=model, **given)
        if getattr(made, "learner", model).name == name:
            raise InputError(f"The model is {name} already.")
        if name == "loss-trimming" and not getattr(model, "gives_probabilities", True):
            raise InputError(f"It needs probabilities, which {called(model)} does not give.")
        return made
    if not _is_network(model):
        raise InputError(
            f"It is another way to train a network, and {called(model)} is none that quorate "
            "trains."
        )
    if name == "group-dro" and people.group is None:
        raise InputError("It goes by groups, and these people have none. Name their column.")
    shared = {key: getattr(model, key) for key in SHARED if hasattr(model, key)}
    own = {field.name for field in dataclasses.fields(cls)}
    made = cls(**{key: value for key, value in (shared | dict(given)).items() if key in own})
    return made


def called(method: Learner | Population) -> str:
    """Return what a page calls a model or people: an own object's name, without its digest."""
    found: str = getattr(method, "called", "") or spec.text(method)
    return found


def _is_network(model: Learner) -> bool:
    return model.name in ("sgd", "adam")
