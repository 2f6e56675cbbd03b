"""Numbers on one scale: mean 0 and standard deviation 1, also where they are huge or tiny."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError

Numbers = npt.NDArray[np.float64]
SMALLEST = float(np.finfo(np.float64).tiny)
SAME = 1e-9  # relative difference up to which two numbers may differ by rounding alone
FEW = 1000  # distinct features; with more, a column is not lost


def standardise(values: Numbers, column: str, path: str) -> tuple[Numbers, float, float]:
    """Return (v − mean)/scale for all numbers v, (n,), with the mean and the scale.

    Raises:
        InputError: some numbers are so large that the others become one as float32, or the scale
            is no number.
    """
    mean, scale = moments(values)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = (values - mean) / scale
    if not np.isfinite(found).all() and np.isfinite(scale) and scale > 0:
        unit = float(np.abs(values).max())
        found = (values / unit - mean / unit) / (scale / unit)
    if not np.isfinite(found).all() or _are_lost(values, found.astype(np.float32)):
        at = int(np.abs(values - np.median(values) if np.isfinite(scale) else values).argmax())
        raise InputError(
            f"Expected numbers on one scale in column {column!r} of {path}, got {values[at]:g} in "
            f"row {at} beside numbers such as {np.median(values):g}: on a scale with it, the "
            "others cannot be told apart. Mend it, use logarithms, or leave the column out: "
            "drop=COLUMN."
        )
    return found, mean, scale


def moments(values: Numbers) -> tuple[float, float]:
    """Return the mean and the standard deviation; of a constant, its value and 1.

    They are computed in units of the largest number where squares would overflow or vanish.
    """
    if values.min() == values.max():  # its standard deviation may be a rounding error
        return float(values[0]), 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = float(values.mean()), float(values.std())
    if np.isfinite(mean) and np.isfinite(scale) and scale**2 > SMALLEST:
        return mean, scale
    unit = float(np.abs(values).max())
    parts = values / unit
    return float(parts.mean()) * unit, float(parts.std()) * unit


def _are_lost(values: Numbers, features: npt.NDArray[np.float32]) -> bool:
    """Whether most different numbers have become one feature, and few features are left."""
    if len(np.unique(features)) > FEW:
        return False
    order = np.argsort(values)
    low, high = values[order[:-1]], values[order[1:]]
    size = np.maximum(np.abs(low), np.abs(high))
    with np.errstate(over="ignore"):
        apart = high - low > SAME * size
    merged = np.diff(features[order]) == 0
    return bool(apart.any() and 2 * (apart & merged).sum() >= apart.sum())
