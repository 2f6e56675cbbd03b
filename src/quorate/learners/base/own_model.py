"""A network of the user's own as the parameter ``model``: its text, and how it is looked at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from quorate.bring_your_own.handed_in import HandedIn
from quorate.bring_your_own.import_paths import ImportPath, is_import_path, load
from quorate.bring_your_own.naming import kind_name
from quorate.errors import InputError
from quorate.learners.base.network_classifier import Architecture
from quorate.runtime import device
from quorate.table import Table
from quorate.validate import shown, unknown

if TYPE_CHECKING:
    import torch

    from quorate.engine.module_stack import Ways

STORED = re.compile(r".+ [0-9a-f]{8}")  # the text of an object that was handed in
_found: dict[tuple[Any, ...], Any] = {}  # checks that were passed, and ways, by content


def read_model(value: Any) -> Any:
    """Return the parameter that names an architecture, or carries a network of the user's own.

    Args:
        value: one of our architectures, a function or class that makes a module, a module, the
            import path of one of these, or the text that one of them had.

    Raises:
        InputError: it is none of them, or nothing can be imported.
    """
    if isinstance(value, str):
        if isinstance(value, HandedIn) or value in _ours():
            return value
        if STORED.fullmatch(value):
            return HandedIn.found(value)
        if is_import_path(value):
            return _held(load(value))
        fix = "For a network of your own write model=mypackage.nets:Net."
        raise unknown("model", value, _ours(), fix)
    return _held(value)


def _held(value: Any) -> HandedIn:
    """Return what makes a network as a parameter."""
    make = value.value if isinstance(value, ImportPath) else value
    if not callable(make):
        raise InputError(
            f"Expected model to be one of {', '.join(_ours())}, or a function that returns an "
            f"nn.Module, got {shown(make)} of type {type(make).__name__}. Write def net(shape, "
            "k): return nn.Sequential(...), and give model=net."
        )
    return HandedIn.of(value, kind_name(value))


def _ours() -> tuple[str, ...]:
    return get_args(Architecture)


def check_model(model: HandedIn, people: Table, batch_size: int, *, private: bool) -> None:
    """Raise InputError unless a network of the user's own can be trained on these people.

    Args:
        model: what makes it.
        people: who are tried, a few of them.
        batch_size: number of people per gradient step.
        private: whether each person's gradient is clipped.
    """
    import torch

    from quorate.engine.own_checks import check_network

    make, n = model.value, len(people)
    last = n % min(batch_size, n) or min(batch_size, n)
    sizes = (2,) if private else tuple(sorted({min(size, 2) for size in (n, batch_size, last)}))
    place = torch.device(device.find(device.asked()))
    key = ("checked", model.digest, people.x.shape[1:], people.k, sizes, place, private)
    if key not in _found:
        check_network(make, people.x, people.k, sizes, place, private=private)
        _found[key] = True


def ways_of(
    model: HandedIn,
    shape: tuple[int, ...],
    k: int,
    batch_size: int,
    place: torch.device,
    *,
    private: bool,
    most: int,
) -> Ways:
    """Return how networks of the user's own are called, found once; see ``find_ways``."""
    from quorate.engine.ways import find_ways

    make = model.value
    key = ("ways", model.digest, shape, k, batch_size, place, private, most)
    if key not in _found:
        _found[key] = find_ways(make, shape, k, batch_size, place, private=private, most=most)
    found: Ways = _found[key]
    return found
