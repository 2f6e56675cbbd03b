"""Grids of collective sizes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from quorate.errors import InputError
from quorate.plain import as_plain
from quorate.validate import in_interval, shown

EXAMPLE = "Write lo:hi:count, as in 0.001:0.1:9, or a list, as in 0.001,0.01,0.1."
LARGEST_COUNT = 10_000  # more sizes than that are a slip of the pen


def parse_alphas(grid: str | float | Iterable[float]) -> tuple[float, ...]:
    """Return the sizes that a grid stands for, sorted, α = 0 first.

    Args:
        grid: ``lo:hi:count``, a log grid of ``count`` sizes rounded to 6 digits; a comma list of
            sizes and grids; or numbers. Fractions in [0, 1].

    >>> parse_alphas("0.01:1:3"), parse_alphas("0.1,0.02")
    ((0.0, 0.01, 0.1, 1.0), (0.0, 0.02, 0.1))
    >>> parse_alphas("0.01:1:3,0.05")
    (0.0, 0.01, 0.05, 0.1, 1.0)

    Raises:
        InputError: it is not such a grid, or a size is outside [0, 1].
    """
    grid = as_plain(grid)
    if isinstance(grid, str):
        numbers: list[float] = []
        for part in grid.split(","):
            numbers += _log_grid(part) if ":" in part else _numbers([part], grid)
    else:
        numbers = _numbers([grid] if isinstance(grid, int | float) else grid, grid)
    if len(numbers) > LARGEST_COUNT:
        raise InputError(f"Expected at most {LARGEST_COUNT} alphas, got more. {EXAMPLE}")
    for alpha in numbers:
        in_interval("alpha", alpha, 0, 1, "To act with everyone, use alpha=1.")
    return tuple(sorted({0.0, *numbers}))


def _log_grid(grid: str) -> list[float]:
    parts = _numbers(grid.split(":"), grid)
    if len(parts) != 3 or not parts[2].is_integer():
        raise InputError(f"Expected alphas lo:hi:count, got {shown(grid)}. {EXAMPLE}")
    low, high, count = parts[0], parts[1], int(parts[2])
    in_interval("alpha", low, 0, 1, "A log grid begins above 0.", open_low=True)
    in_interval("alpha", high, low, 1, "A log grid ends at or above its beginning, at most at 1.")
    in_interval("count", count, 1, LARGEST_COUNT, EXAMPLE)
    return [float(f"{a:.6g}") for a in np.geomspace(low, high, count)]


def _numbers(parts: Iterable[str | float], grid: object) -> list[float]:
    try:
        given = [as_plain(part) for part in itertools.islice(parts, LARGEST_COUNT + 1)]
        if any(isinstance(part, bool) for part in given):
            raise TypeError
        return [float(part) for part in given]
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"Expected numbers in alphas, got {shown(grid)}. {EXAMPLE}") from None
