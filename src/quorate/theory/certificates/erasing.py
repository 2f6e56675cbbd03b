"""Certificates for erasing: the platform shall predict for x what it predicts for g(x)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.table import Labels
from quorate.theory.certificates.counts import (
    AssumedPlatform,
    Certificate,
    Floats,
    Status,
    check_radius,
    log_inverse_share,
)
from quorate.theory.certificates.exact import exact_erasing
from quorate.theory.certificates.margins import Bools, Margins
from quorate.theory.certificates.planting import BY_CELL, levels, of_cells, tightest
from quorate.theory.radii import bernstein_limits, hoeffding_radius, sample_least, sample_most
from quorate.validate import LARGEST, at_least, in_interval

ERASING = (*BY_CELL, "exact", "tightest")
SHARES = {"exact": 0.9, "bernstein": 0.1}  # of δ, in the tightest of them


def erasing_certificate(
    honest: npt.ArrayLike,
    image: npt.ArrayLike,
    cells: int,
    signal_cells: int,
    platform: AssumedPlatform,
    confidence: float = 0.95,
    radius: str = "tightest",
    margin: float | None = None,
) -> tuple[Labels, Certificate]:
    """Return the label that members claim in each cell, and the success that can be certified.

    h = (x, ŷ_{g(x)}), ŷ the modal label of the members' own rows, g idempotent; success is
    P₀{f(g(x)) = f(x)}. A cell x′ passes if (n/N)(P̂(x′) − 2R(n)) − ((N−n)/N)(Δ̂_{x′} + 2R(n) +
    2R(N−n)) − c > 0, with Δ̂_{x′} = max_{y≠ŷ} P̂(x′, y) − P̂(x′, ŷ) and ŷ = ŷ_{g(x′)}. Then
    Ŝ ≥ P̂[x′ passes] − R(n) − R(N_test).

    With ``margin`` η: δ̃ = δ/(2 + |X*||Y| + 2|X| + 2|X||Y|), and nothing is certified unless
    2log(1/δ̃)/η² ≤ n ≤ N − 2log(1/δ̃)/η². Status: published (Gauthier, Bach, Jordan 2025,
    arXiv:2502.04879); that g(x′) must pass too if c > 0 is ours.

    Without a margin, the members' rows must show it: P̂(g(x′), ŷ) leads by more than 4R(n), so that
    the modal label is the true one and would be so in most samples; g(x′) must pass too, as f has
    to predict ŷ there; |X*||Y| counts twice in δ̃. A cell with g(x) = x needs none of this:
    f(g(x)) = f(x) whatever f is. bernstein: limits by variance instead of R. exact: see
    ``exact_erasing``; it needs no margin, as leads among the others are limited whichever label is
    claimed. tightest: the better of exact at 0.9δ and bernstein at 0.1δ. Status: derived.

    Args:
        honest: members with label y in cell x, over the m cells x of X that were seen, (m, k).
        image: index among these cells of g(x), (m,); −1 if g(x) was not seen.
        cells, signal_cells: |X| and |X*|, whole numbers however large.
        platform, confidence: as in ``planting_certificate``.
        radius: "hoeffding", "bernstein", "exact" or "tightest".
        margin: η in (0, 1], an assumption of yours: by how much the modal label leads every other
            one in P₀(x, y) at each x in X*.

    Returns:
        ŷ_{g(x)} of each cell, (m,), −1 if g(x) was not seen (such members keep their label), and
        the certificate.

    Raises:
        InputError: g is not idempotent, shapes disagree, or a value is out of range.

    >>> labels, certificate = erasing_certificate(
    ...     [[0, 9000], [900, 100]], [0, 0], 2, 1, AssumedPlatform(20_000))
    >>> labels.tolist(), round(certificate.success, 2)
    ([1, 1], 1.0)
    """
    check_radius(radius, ERASING)
    counts = np.asarray(honest, dtype=np.float64)
    goes_to = np.asarray(image, dtype=np.int64)
    _check(counts, goes_to, cells, signal_cells)
    n = round(float(counts.sum()))  # scaled counts add up to it but for rounding
    platform.others(n)
    modal = np.where(goes_to >= 0, counts.argmax(axis=1)[np.maximum(goes_to, 0)], -1)  # (m,)
    if radius == "tightest":
        rest = cells, signal_cells, platform
        found = [
            erasing_certificate(counts, goes_to, *rest, level, name, margin)[1]
            for name, level in levels(confidence, SHARES).items()
        ]
        return modal, tightest(found, confidence)
    if radius == "exact":
        found_exact = exact_erasing(counts, goes_to, modal, cells, platform, confidence)
        return modal, of_cells(*found_exact, confidence, radius, n, platform)
    k, shown = counts.shape[1], 1 if margin is not None else 2
    events = 2 + shown * signal_cells * k + 2 * cells + 2 * cells * k
    log_inverse = log_inverse_share(confidence, events)
    margins = Margins(platform, n, n, log_inverse, radius)
    won = _won_cells(counts, goes_to, modal, margins, margin is not None)
    success = margins.success(float(counts[won].sum()) / n, n)
    notes: tuple[str, ...] = ()
    needed = _members_for(margin, log_inverse)
    if not needed <= n <= platform.size - needed:
        success, won = -math.inf, np.zeros_like(won)
        notes = (
            f"With margin={margin:g} nothing is certified unless members and others are at least "
            f"{math.ceil(needed)} each.",
        )
    status: Status = "published" if radius == "hoeffding" and margin is not None else "derived"
    cells_won = tuple(won.tolist())
    return modal, Certificate(
        success, confidence, radius, n, platform.size, status, cells_won, notes
    )


def _members_for(margin: float | None, log_inverse: float) -> float:
    """Return the least members, and others, for which an assumed margin holds in samples."""
    if margin is None:
        return 0.0
    in_interval("margin", margin, 0, 1, "It is a difference of probabilities.", open_low=True)
    return 2 * log_inverse / margin**2


def _won_cells(
    counts: Floats, goes_to: Labels, modal: Labels, margins: Margins, assumed: bool
) -> Bools:
    """Return where erasing is certified, (m,); ``assumed`` says that a margin is."""
    there = np.maximum(goes_to, 0)
    won = (goes_to >= 0) & _passes(counts, modal, margins)
    if assumed:
        return won & won[there] if margins.platform.slack > 0 else won
    sure = _mode_is_sure(counts, margins.members, margins.log_inverse, margins.radius)
    stays = goes_to == np.arange(len(counts))  # whatever f says of x, it says of g(x) = x
    return np.asarray((won & (sure & won)[there]) | stays)


def _check(counts: Floats, goes_to: Labels, cells: int, signal_cells: int) -> None:
    if counts.ndim != 2 or goes_to.shape != counts.shape[:1] or not counts.size:
        raise InputError(
            f"Expected honest counts of shape (m, k) and one image per cell, got {counts.shape} "
            f"and {goes_to.shape}. Count over the cells that were seen."
        )
    if counts.shape[1] < 2:
        raise InputError("Expected at least 2 labels, got 1. One label leaves nothing to erase.")
    at_least("honest", float(counts.min()), 0, "Count people.", most=LARGEST)
    at_least("members", float(counts.sum()), 1, "Count at least one member.", most=LARGEST)
    at_least("cells", cells, len(counts), "Give |X|, the product of all alphabets.", most=math.inf)
    there = goes_to[goes_to >= 0]
    at_least("signal_cells", signal_cells, len(np.unique(there)), "Give |X*|.", most=math.inf)
    if len(there) and (there.max() >= len(counts) or (goes_to[there] != there).any()):
        raise InputError(
            "Expected an idempotent signal, g(g(x)) = g(x), got an image that g moves on. Give the "
            "index of g(x) among the cells."
        )


def _passes(counts: Floats, modal: Labels, margins: Margins) -> Bools:
    """Return where the claimed label leads, (m,)."""
    n, rows = margins.members, np.arange(len(counts))
    rivals = counts / n
    claimed = rivals[rows, modal]
    rivals[rows, modal] = 0  # a frequency that no rival falls below
    return margins.won(counts.sum(axis=1) / n, rivals, claimed)


def _mode_is_sure(counts: Floats, n: int, log_inverse: float, radius: str) -> Bools:
    """Return where the modal label leads so clearly that it would in most samples of n, (m,)."""
    frequency = np.sort(counts, axis=1)[:, ::-1] / n
    first, second = frequency[:, 0], frequency[:, 1]
    if radius == "hoeffding":
        return np.asarray(first - second > 4 * hoeffding_radius(n, log_inverse))
    low, _ = bernstein_limits(first, n, log_inverse)
    _, high = bernstein_limits(second, n, log_inverse)
    return np.asarray(sample_least(low, n, log_inverse) > sample_most(high, n, log_inverse))
