"""How much each column says of an attribute, which is the label of these people."""

from __future__ import annotations

import numpy as np

from quorate.errors import InputError
from quorate.table import Array, Column, Labels, Table

BINS = 10  # that numbers are cut into, at quantiles


def mutual_information(codes: Labels, attribute: Labels) -> float:
    """Return I(v; a) = Σ p(v, a)·log(p(v, a)/(p(v)p(a))) in nats, less what chance alone gives.

    That is (|v| − 1)(|a| − 1)/2n in the mean (Miller 1955), so independent columns are near 0.
    Both are the index of each person's value, (n,).

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


def most_informative(people: Table, how_many: int) -> tuple[Column, ...]:
    """Return the columns that say most of the label, the most telling first.

    Each column by itself; what several say together is not looked at.

    Raises:
        InputError: there are fewer columns.
    """
    columns = people.columns
    if how_many > len(columns):
        raise InputError(
            f"Expected how_many={how_many} to be at most the {len(columns)} columns beside the "
            "attribute. Change fewer."
        )
    said = [mutual_information(_codes(people.x, column), people.y) for column in columns]
    order = sorted(range(len(columns)), key=lambda j: -said[j])
    return tuple(columns[j] for j in order[:how_many])


def _codes(x: Array, column: Column) -> Labels:
    """Return the code of everyone's value of a column, (n,); numbers are cut at quantiles."""
    if column.values:
        return np.asarray(x[:, column.start : column.stop].argmax(axis=1), dtype=np.int64)
    values = x[:, column.start].astype(np.float64)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.asarray(np.searchsorted(edges, values, side="right"), dtype=np.int64)
