"""How much each column says of an attribute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quorate.errors import InputError
from quorate.scenarios.privacy.people import People
from quorate.table import Array, Column, Labels

BINS = 10  # that numbers are cut into, at quantiles


def mutual_information(codes: Labels, attribute: Labels) -> float:
    """Return I(v; a) = Σ p(v, a)·log(p(v, a)/(p(v)p(a))) in nats, less what chance alone gives.

    That is (|v| − 1)(|a| − 1)/2n in the mean (Miller 1955), so independent columns are near 0.

    Args:
        codes: index of each person's value of the column, (n,).
        attribute: index of each person's value of the attribute, (n,).

    >>> round(mutual_information(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])), 4)  # log 2 − 1/8
    0.5681
    """
    _, v = np.unique(codes, return_inverse=True)
    _, a = np.unique(attribute, return_inverse=True)
    joint = np.zeros((v.max() + 1, a.max() + 1))  # (|v|, |a|)
    np.add.at(joint, (v, a), 1)
    joint /= len(v)
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    seen = joint > 0
    plain = float((joint[seen] * np.log(joint[seen] / apart[seen])).sum())
    return float(plain - (joint.shape[0] - 1) * (joint.shape[1] - 1) / (2 * len(v)))


def most_informative(people: People, how_many: int) -> tuple[str, ...]:
    """Return the names of the columns that say most of the attribute, the most telling first.

    Each column by itself; what several say together is not looked at.

    Raises:
        InputError: there are fewer columns.
    """
    columns = people.table.columns
    if how_many > len(columns):
        raise InputError(
            f"Expected how_many={how_many} to be at most the {len(columns)} columns beside the "
            "attribute. Change fewer."
        )
    said = [mutual_information(_codes(people.table.x, c), people.attribute) for c in columns]
    order = sorted(range(len(columns)), key=lambda j: -said[j])
    return tuple(columns[j].name for j in order[:how_many])


def named(people: People, names: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of these names.

    Raises:
        InputError: there is no such column.
    """
    return tuple(people.table.column(name) for name in names)


def _codes(x: Array, column: Column) -> Labels:
    """Return the code of everyone's value of a column, (n,); numbers are cut at quantiles."""
    if column.values:
        return np.asarray(x[:, column.start : column.stop].argmax(axis=1), dtype=np.int64)
    values = x[:, column.start].astype(np.float64)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.asarray(np.searchsorted(edges, values, side="right"), dtype=np.int64)
