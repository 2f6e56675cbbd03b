"""People of one column whose values are letters, and strategies that plant a letter."""

from __future__ import annotations

import numpy as np

from quorate.catalog import build
from quorate.law import FiniteLaw
from quorate.strategies.planting import Planting
from quorate.table import Column, Table


def rng(seed: int = 0) -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(seed)


def plant(value: str, target: str) -> Planting:
    """Return the strategy that plants a letter for a target."""
    planting: Planting = build("strategies", f"planting:target={target},signal=columns,x={value}")
    return planting


def letters(mass: list[list[float]]) -> FiniteLaw:
    """A law whose feature values are a, b, c, ... and whose labels are 0, 1, ..."""
    v, k = len(mass), len(mass[0])
    points = Table(
        np.eye(v, dtype=np.float32),
        np.zeros(v, np.int64),
        tuple(map(str, range(k))),
        columns=(Column("x", 0, tuple("abcdefgh"[:v])),),
    )
    return FiniteLaw(points, np.array(mass, dtype=np.float64))


def people_by(counts: list[list[int]]) -> Table:
    """People of a law of letters, so many of each value and label."""
    law = letters([[1 / 2, 1 / 2], [0, 0], [0, 0]])
    at = [(v, y) for v, row in enumerate(counts) for y, n in enumerate(row) for _ in range(n)]
    values, labels = np.array(at).T
    return law.points.take(values).relabelled(labels)
