"""Population bound for unplanting: people who carry the signal shall not get a certain label.

Derived for this project and checked by brute force on random finite laws; it generalises Hardt,
Mazumdar, Mendler-Dünner, Zrnic 2023 (arXiv:2302.04262). See docs/explanation/theory.md.
"""

from __future__ import annotations

import numpy.typing as npt

from quorate.theory.planting import planting_bound, planting_critical_mass
from quorate.theory.suboptimality import Floats, Reading


def unplanting_bound(
    alpha: npt.ArrayLike,
    xi: npt.ArrayLike,
    delta: npt.ArrayLike,
    eps: npt.ArrayLike = 0.0,
    reading: Reading = "tv",
) -> Floats:
    """Return a lower bound on S(α) = P₀{f(g(x)) ≠ y*} when members plant the runner-up label.

    S ≥ 1 − ((1−α)/α)·Δ·ξ − c/α for h(x, y) = (g(x), ŷ_{g(x)}), ŷ_x being the likeliest label other
    than y*: only the margin over y* counts, so Δ is that of ŷ. Status: derived.

    Args:
        alpha: fraction of the data that the collective controls, in [0, 1]; all in any shape.
        xi: ξ, frequency of the signal among honest people, in [0, 1].
        delta: Δ = max(0, max over x in X* of P₀(y*|x) − P₀(ŷ_x|x)), in [0, 1].
        eps, reading: as in ``suboptimality_constant``.

    Returns:
        The bound in the arguments' common shape, not clipped; -inf at alpha = 0.

    >>> float(unplanting_bound(0.1, xi=0.01, delta=0.5).round(4))
    0.955

    Raises:
        InputError: an argument is out of range, or the reading is unknown.
    """
    return planting_bound(alpha, xi, delta, eps, reading)


def unplanting_critical_mass(
    target: npt.ArrayLike,
    xi: npt.ArrayLike,
    delta: npt.ArrayLike,
    eps: npt.ArrayLike = 0.0,
    reading: Reading = "tv",
) -> Floats:
    """Return an α that suffices for success ``target``: the inverse of ``unplanting_bound``.

    α* ≤ (Δξ + c)/(1 − S* + Δξ), with the Δ of unplanting. Status: derived.

    Returns:
        As ``planting_critical_mass``.

    >>> round(float(unplanting_critical_mass(0.955, xi=0.01, delta=0.5)), 4)
    0.1

    Raises:
        InputError: an argument is out of range, or the reading is unknown.
    """
    return planting_critical_mass(target, xi, delta, eps, reading)
