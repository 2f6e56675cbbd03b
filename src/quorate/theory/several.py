"""Population bounds among several collectives, whose members may err: closed forms.

Derived for this project and checked by brute force on random finite laws; they generalise Hardt,
Mazumdar, Mendler-Dünner, Zrnic 2023 (arXiv:2302.04262). On a finite law ``others`` is exact.
See docs/explanation/several-collectives.md.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from quorate.theory.suboptimality import Floats, Reading, suboptimality_constant
from quorate.validate import all_in_interval
from quorate.validate import unknown as unknown_name

Mistake = Literal["forget", "label", "anything", "chosen"]
TOGETHER = 1e-12  # what the rounding of a few sizes can add to a sum of 1


class Errors(NamedTuple):
    """What a share of members who err leaves of each member, and turns against them.

    Args:
        acting: of each member, what carries out the plan, net of what claims another label there.
        dishonest: of each member, what is no honest row.
        loose: of each member, what may stand anywhere in the data.
    """

    acting: Floats
    dishonest: Floats
    loose: Floats


def errors_of(error: npt.ArrayLike, mistake: Mistake) -> Errors:
    """Return what ρ of the members do to the plan, by what is known of their mistakes.

    - ``forget``: who errs is chance, and hands in an honest row.
    - ``label``: who errs is chance; the signal is there, the label may be any other one.
    - ``anything``: who errs is chance; the row may be anything.
    - ``chosen``: anyone may err, even those whose rows count most, and the row may be anything.

    >>> [float(one) for one in errors_of(0.25, "label")]
    [0.5, 1.0, 0.0]

    Raises:
        InputError: the rate is no share, or the mistake is unknown.
    """
    rho = all_in_interval("error", error, 0, 1, "It is the share of members who err.")
    one, none = np.ones_like(rho), np.zeros_like(rho)
    known = {
        "forget": Errors(1 - rho, 1 - rho, none),
        "label": Errors(1 - 2 * rho, one, none),
        "anything": Errors(1 - rho, one, rho),
        "chosen": Errors(one, one, 2 * rho),
    }
    if mistake not in known:
        raise unknown_name("mistake", str(mistake), get_args(Mistake))
    return known[mistake]


def several_bound(
    alpha: npt.ArrayLike,
    xi: npt.ArrayLike,
    delta: npt.ArrayLike,
    opposed: npt.ArrayLike = 0.0,
    elsewhere: npt.ArrayLike = 0.0,
    unknown: npt.ArrayLike = 0.0,
    error: npt.ArrayLike = 0.0,
    mistake: Mistake = "forget",
    eps: npt.ArrayLike = 0.0,
    reading: Reading = "tv",
) -> Floats:
    """Return a lower bound on S(α) of planting beside other collectives, whatever those do.

    S ≥ 1 − [h·Δ·ξ + c + β_u + lα]/(nα − β_o), h = 1 − mα − β_o − β_e − β_u being the honest share,
    with n, m and l by what members do who err (``errors_of``). It is the least over all plans of
    the others that agree with what is known of them. With Δ of unplanting it holds for that, too.
    Status: derived.

    Args:
        alpha: fraction of the data that the collective controls, in [0, 1]; all in any shape.
        xi: ξ, frequency of the signal among honest people, in [0, 1].
        delta: Δ, suboptimality gap of the target on the signal, in [0, 1].
        opposed: β_o, share of others who carry the same signal and may claim any label, in [0, 1].
        elsewhere: β_e, share of others who are known not to carry it, in [0, 1].
        unknown: β_u, share of others of whom nothing else is known, in [0, 1].
        error: ρ, share of members who err, in [0, 1].
        mistake: what is known of their mistakes.
        eps, reading: as in ``suboptimality_constant``.

    Returns:
        The bound in the arguments' common shape, not clipped; vacuous at or below 0, and -inf where
        no more members act than oppose them. It is monotone in each size, so of a size known up to
        an interval take the lesser of the bounds at both ends.

    >>> float(several_bound(0.1, xi=0.001, delta=0.8, opposed=0.02, unknown=0.01).round(4))
    0.8663
    >>> float(several_bound(0.1, xi=0.001, delta=0.8, error=0.2, mistake="anything").round(4))
    0.741

    Raises:
        InputError: an argument is out of range, or the sizes sum to more than 1.
    """
    size = all_in_interval("alpha", alpha, 0, 1, "It is a fraction of the platform's data.")
    opposing, others, loose, resistance, acts = _checked(
        xi, delta, (opposed, elsewhere, unknown), error, mistake, eps, reading
    )
    whole = size + others
    fix = "Collectives share one platform with honest people."
    all_in_interval("the sum of the sizes", whole, 0, 1 + TOGETHER, fix)
    honest = np.maximum(1 - acts.dishonest * size - others, 0.0)
    against = honest * resistance + loose + acts.loose * size
    force = acts.acting * size - opposing
    return np.where(force > 0, 1 - against / np.where(force > 0, force, 1.0), -np.inf)[()]


def several_critical_mass(
    target: npt.ArrayLike,
    xi: npt.ArrayLike,
    delta: npt.ArrayLike,
    opposed: npt.ArrayLike = 0.0,
    elsewhere: npt.ArrayLike = 0.0,
    unknown: npt.ArrayLike = 0.0,
    error: npt.ArrayLike = 0.0,
    mistake: Mistake = "forget",
    eps: npt.ArrayLike = 0.0,
    reading: Reading = "tv",
) -> Floats:
    """Return an α that suffices for success ``target``: the inverse of ``several_bound``.

    α* ≤ [(1−β)Δξ + c + β_u + (1−S*)β_o] / [(1−S*)n + mΔξ − l], β = β_o + β_e + β_u, and no less
    than β_o/n, above which more members act than oppose them. Status: derived.

    Returns:
        A fraction in [0, 1−β], at which or above which (at β_o/n) the bound reaches the target, or
        inf if not even all who are left suffice by this bound.

    >>> round(float(several_critical_mass(0.9, xi=0.001, delta=0.8, opposed=0.02)), 6)
    0.027619
    >>> float(several_critical_mass(0.9, xi=0.001, delta=0.8, unknown=0.2))
    inf

    Raises:
        InputError: an argument is out of range, or the sizes sum to more than 1.
    """
    target = all_in_interval("target", target, 0, 1, "It is a success rate.")
    opposing, others, loose, resistance, acts = _checked(
        xi, delta, (opposed, elsewhere, unknown), error, mistake, eps, reading
    )
    against = (1 - others) * resistance + loose + (1 - target) * opposing
    room = (1 - target) * acts.acting + acts.dishonest * resistance - acts.loose
    against, room, force, opposing = np.broadcast_arrays(against, room, acts.acting, opposing)
    ratio = np.divide(against, room, out=np.full(room.shape, np.inf), where=room > 0)
    ratio = np.where((against == 0) & (room >= 0), 0.0, ratio)
    least = np.divide(opposing, force, out=np.full(room.shape, np.inf), where=force > 0)
    needed = np.maximum(ratio, least)
    return np.where(needed <= 1 - others + TOGETHER, needed, np.inf)[()]


def _checked(
    xi: npt.ArrayLike,
    delta: npt.ArrayLike,
    sizes: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike],
    error: npt.ArrayLike,
    mistake: Mistake,
    eps: npt.ArrayLike,
    reading: Reading,
) -> tuple[Floats, Floats, Floats, Floats, Errors]:
    """Return β_o, β, c + β_u, Δξ and what errors leave."""
    xi = all_in_interval("xi", xi, 0, 1, "It is a probability.")
    resistance = xi * all_in_interval("delta", delta, 0, 1, "It is a difference of probabilities.")
    names = ("opposed", "elsewhere", "unknown")
    opposed, elsewhere, loose = (
        all_in_interval(name, size, 0, 1, "It is a fraction of the platform's data.")
        for name, size in zip(names, sizes, strict=True)
    )
    others = opposed + elsewhere + loose
    fix = "Collectives share one platform with honest people."
    all_in_interval("the sum of the sizes", others, 0, 1 + TOGETHER, fix)
    c = suboptimality_constant(eps, reading)
    return opposed, others, loose + c, resistance, errors_of(error, mistake)
