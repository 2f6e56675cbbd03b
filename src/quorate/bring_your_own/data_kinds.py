"""What data are, told without an import of the libraries that make them."""

from __future__ import annotations

from typing import Any, Literal

from quorate.errors import InputError

Kind = Literal[
    "pandas", "polars", "series", "array", "sparse", "hub", "hub splits", "torch", "several", "list"
]


def kind_of(data: Any) -> Kind | None:
    """Return what data are, by the name of their class; None for what is no data.

    Raises:
        InputError: they can only be read once, or are not read yet.
    """
    for cls in type(data).__mro__:
        place = cls.__module__.split(".")
        top, name = place[0], cls.__name__
        if top in ("pandas", "polars"):
            if name == "LazyFrame":
                raise _wrong("a data frame", "a LazyFrame", "Hand in frame.collect()")
            if name in ("DataFrame", "Series"):
                return "series" if name == "Series" else top  # type: ignore[return-value]
            if name == "Index":
                return "series"
        elif top == "numpy" and name == "ndarray":
            return "array"
        elif top == "scipy" and "sparse" in place:
            return "sparse"
        elif top == "datasets" and name.startswith("Iterable"):
            raise _wrong("a Dataset whose rows are all there", f"an {name}", "Load it whole")
        elif top == "datasets" and name in ("Dataset", "DatasetDict"):
            return "hub" if name == "Dataset" else "hub splits"
        elif top == "torch":
            if name == "Tensor":
                return "array"
            if place[:3] == ["torch", "utils", "data"]:
                return _kind_of_torch(name)
    if isinstance(data, tuple):
        return "several"
    return "list" if isinstance(data, list) else None


def _kind_of_torch(name: str) -> Kind:
    if name == "IterableDataset":
        raise _wrong("a Dataset with a length", f"an {name}", "Read its rows into arrays (X, y)")
    if name == "DataLoader":
        raise _wrong("a Dataset", "a DataLoader", "Hand in its .dataset")
    return "torch"


def is_data(value: Any) -> bool:
    """Whether a value is data of one population, rather than methods or several of them."""
    kind = kind_of(value)
    if kind == "several":
        if not 2 <= len(value) <= 3:
            return False
        if all(kind_of(one) == "list" for one in value):  # X and y as lists
            return True
        return any(kind_of(one) not in (None, "list", "several") or is_data(one) for one in value)
    return kind not in (None, "list")


def _wrong(expected: str, got: str, fix: str) -> InputError:
    return InputError(f"Expected {expected}, got {got}. {fix}.")
