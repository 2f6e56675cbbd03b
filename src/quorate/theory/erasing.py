"""Population bound for erasing a signal: the platform shall predict as if nobody carried it.

Derived for this project and checked by brute force on random finite laws; it generalises Hardt,
Mazumdar, Mendler-Dünner, Zrnic 2023 (arXiv:2302.04262). See docs/explanation/theory.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.theory.suboptimality import Floats
from quorate.theory.success_bound import critical_mass_bound, success_bound
from quorate.validate import all_in_interval


def erasing_bound(alpha: npt.ArrayLike, tau: npt.ArrayLike, eps: float = 0.0) -> Floats:
    """Return a lower bound on S(α) = P₀{f(g(x)) = f(x)}, the success of erasing.

    S ≥ 1 − 2((1−α)/α)·τ for h(x, y) = (x, argmax_y P₀(y|g(x))), g idempotent, on a law in which
    every g(x) occurs. Status: derived.

    Args:
        alpha: fraction of the data that the collective controls, in [0, 1]; all in any shape.
        tau: τ = E_{P₀} max_y |P₀(y|x) − P₀(y|g(x))|, how much the signal says, in [0, 1].
        eps: must be 0. A suboptimal platform may overturn g(x) itself, at the price of the little
            mass there, and so lose everyone it stands for: no bound in α, τ and ε alone can hold.

    Returns:
        The bound in the arguments' common shape, not clipped; vacuous at or below 0, and -inf at
        alpha = 0, where nobody acts.

    >>> float(erasing_bound(0.2, tau=0.05).round(4))
    0.6

    Raises:
        InputError: an argument is out of range, or eps is above 0.
    """
    _refuse(eps)
    return success_bound(alpha, 2 * _checked(tau), np.zeros(()))


def erasing_critical_mass(target: npt.ArrayLike, tau: npt.ArrayLike, eps: float = 0.0) -> Floats:
    """Return an α that suffices for success ``target``: the inverse of ``erasing_bound``.

    α* ≤ 2τ/(1 − S* + 2τ). Status: derived.

    Returns:
        A fraction in [0, 1], never inf; 0 means that every α > 0 suffices.

    >>> round(float(erasing_critical_mass(0.6, tau=0.05)), 4)
    0.2

    Raises:
        InputError: an argument is out of range, or eps is above 0.
    """
    _refuse(eps)
    return critical_mass_bound(target, 2 * _checked(tau), np.zeros(()))


def _checked(tau: npt.ArrayLike) -> Floats:
    return all_in_interval("tau", tau, 0, 1, "It is a mean difference of probabilities.")


def _refuse(eps: float) -> None:
    all_in_interval("eps", eps, 0, 1, "Use eps=0 for a Bayes-optimal platform.", open_high=True)
    if eps > 0:
        raise InputError(
            f"Expected eps=0 for erasing, got eps={eps:g}. A suboptimal platform can overturn "
            "g(x) at the price of the mass there and lose everyone it stands for, so no bound of "
            "this form holds: use eps=0."
        )
