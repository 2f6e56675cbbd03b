"""Certificates for planting (a backdoor), from the members' own rows.

Members plant h(x, y) = (g(x), y*). Or they keep their label, and only those with y* carry the
signal (a clean-label backdoor): the same margin test with fewer planted rows, weighed by all.
"""

from __future__ import annotations

import numpy as np

from quorate.theory.certificates.aggregate import aggregate_success
from quorate.theory.certificates.counts import (
    AssumedPlatform,
    Certificate,
    SignalCounts,
    Status,
    check_label,
    check_radius,
    failure,
    log_inverse_share,
)
from quorate.theory.certificates.margins import Bools, Margins

BY_CELL = ("hoeffding", "bernstein")


def planting_certificate(
    counts: SignalCounts,
    target: int,
    platform: AssumedPlatform,
    confidence: float = 0.95,
    radius: str = "tightest",
) -> Certificate:
    """Return the certified success of planting.

    hoeffding: Ŝ ≥ P̂_planted[ (n/N)(P̂_planted(x) − 2R(n)) − ((N−n)/N)(Δ̂_x + 2R(n) + 2R(N−n))
    − c > 0 ] − R(n) − R(N_test), R at δ̃ = δ/(2 + 2|X*| + 2|X*||Y|), Δ̂_x = max_{y≠y*} P̂(x, y) −
    P̂(x, y*) over the members' own rows. Status: published (Gauthier, Bach, Jordan 2025,
    arXiv:2502.04879), with the c of ``suboptimality_constant``.

    bernstein: the same events with radii by variance (Maurer, Pontil 2009). Status: derived.

    aggregate: see ``aggregate_success``. Status: derived.

    tightest: the best of the three, each at δ/3. Status: derived.

    If only members with y* carry the signal (h = (g(x), y*) if y = y*, else (x₀, y) with x₀ ∉ X*),
    ``counts.planted`` counts them, P̂_planted is the frequency of (g(x), y*) among the changed rows,
    and cells are weighed by ``counts.moved``. Status: as above.

    Args:
        counts: counts of the members' own rows.
        target: y*, index of the label.
        platform: N, ε, its reading, N_test.
        confidence: 1 − δ, in (0, 1).
        radius: one of "hoeffding", "bernstein", "aggregate", "tightest".

    Returns:
        The certificate; its success is at or below 0 if nothing can be certified.

    Raises:
        InputError: more members than people, an unknown radius or label, a value out of range.

    >>> counts = SignalCounts([[30, 10]], [2000], 2000, signal_cells=1)
    >>> certificate = planting_certificate(counts, 1, AssumedPlatform(20_000), radius="aggregate")
    >>> certificate.success, certificate.status
    (1.0, 'derived')
    """
    check_radius(radius)
    check_label("target", target, counts.k)
    n, others = counts.members, platform.others(counts.members)
    if radius == "tightest":
        share = 1 - failure(confidence) / 3
        radii = (*BY_CELL, "aggregate")
        found = [planting_certificate(counts, target, platform, share, r) for r in radii]
        return tightest(found, confidence)
    if radius == "aggregate":
        against = float(np.delete(counts.honest, target, axis=1).sum())
        success = aggregate_success(counts, against, others, platform, confidence)
        return Certificate(success, confidence, radius, n, platform.size, "derived")
    margins = Margins(platform, n, n, _log_inverse(counts, confidence), radius)
    won = won_cells(counts, target, margins)
    success = margins.success(float(counts.weights[won].sum()) / n, n)
    status: Status = "published" if radius == "hoeffding" else "derived"
    cells_won = tuple(won.tolist())
    return Certificate(success, confidence, radius, n, platform.size, status, cells_won)


def won_cells(counts: SignalCounts, target: int, margins: Margins) -> Bools:
    """Return the cells that the target wins, (m,): where the certificate's bracket is positive."""
    n = counts.members
    rivals = np.delete(counts.honest, target, axis=1) / n  # (m, k − 1)
    return margins.won(counts.planted / n, rivals, counts.honest[:, target] / n)


def _log_inverse(counts: SignalCounts, confidence: float) -> float:
    cells = counts.signal_cells
    return log_inverse_share(confidence, 2 + 2 * cells + 2 * cells * counts.k)


def tightest(found: list[Certificate], confidence: float) -> Certificate:
    """Return the best of several certificates that hold together, each at its share of δ."""
    best = max(found, key=lambda certificate: certificate.success)
    note = (
        f"The best of {len(found)} ({', '.join(c.radius for c in found)}), each at δ/{len(found)}."
    )
    return Certificate(
        best.success,
        confidence,
        f"tightest: {best.radius}",
        best.members,
        best.platform_size,
        "derived",
        best.won,
        (*best.notes, note),
    )
