"""Certificates for planting (a backdoor), from the members' own rows.

Members plant h(x, y) = (g(x), y*). Or they keep their label, and only those with y* carry the
signal (a clean-label backdoor): the same margin test with fewer planted rows, weighed by all.
"""

from __future__ import annotations

from collections.abc import Mapping

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
from quorate.theory.certificates.exact import exact_planting
from quorate.theory.certificates.margins import Bools, Margins

BY_CELL = ("hoeffding", "bernstein")
SHARES = {"exact": 0.75, "aggregate": 0.2, "bernstein": 0.05}  # of δ, in the tightest of them


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

    exact: see ``exact_planting``. Status: derived.

    tightest: the best of exact at 0.75δ, aggregate at 0.2δ and bernstein at 0.05δ. Status: derived.

    If only members with y* carry the signal (h = (g(x), y*) if y = y*, else (x₀, y) with x₀ ∉ X*),
    ``counts.planted`` counts them, P̂_planted is the frequency of (g(x), y*) among the changed rows,
    and cells are weighed by ``counts.moved``. Status: as above.

    Args:
        counts: counts of the members' own rows.
        target: y*, index of the label.
        platform: N, ε, its reading, N_test.
        confidence: 1 − δ, in (0, 1).
        radius: one of "hoeffding", "bernstein", "aggregate", "exact", "tightest".

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
        found = [
            planting_certificate(counts, target, platform, level, name)
            for name, level in levels(confidence).items()
        ]
        return tightest(found, confidence)
    if radius == "exact":
        success, won = exact_planting(counts, target, platform, confidence)
        return of_cells(success, won, confidence, radius, n, platform)
    if radius == "aggregate":
        against = float(np.delete(counts.honest, target, axis=1).sum())
        success = aggregate_success(counts, against, others, platform, confidence)
        return Certificate(success, confidence, radius, n, platform.size, "derived")
    margins = Margins(platform, n, n, _log_inverse(counts, confidence), radius)
    won = won_cells(counts, target, margins)
    success = margins.success(float(counts.weights[won].sum()) / n, n)
    return of_cells(success, won, confidence, radius, n, platform)


def of_cells(
    success: float, won: Bools, confidence: float, radius: str, n: int, platform: AssumedPlatform
) -> Certificate:
    """Return a certificate that says which cells are won."""
    published = radius == "hoeffding" and platform.gamma == 1
    status: Status = "published" if published else "derived"
    cells = tuple(won.tolist())
    return Certificate(success, confidence, radius, n, platform.size, status, cells)


def levels(confidence: float, shares: Mapping[str, float] = SHARES) -> dict[str, float]:
    """Return the confidence of each radius, so that all hold together.

    >>> {name: round(level, 4) for name, level in levels(0.95).items()}
    {'exact': 0.9625, 'aggregate': 0.99, 'bernstein': 0.9975}
    """
    return {name: 1 - share * failure(confidence) for name, share in shares.items()}


def won_cells(counts: SignalCounts, target: int, margins: Margins) -> Bools:
    """Return the cells that the target wins, (m,): where the certificate's bracket is positive."""
    n = counts.members
    rivals = np.delete(counts.honest, target, axis=1) / n  # (m, k − 1)
    return margins.won(counts.planted / n, rivals, counts.honest[:, target] / n)


def _log_inverse(counts: SignalCounts, confidence: float) -> float:
    cells = counts.signal_cells
    return log_inverse_share(confidence, 2 + 2 * cells + 2 * cells * counts.k)


def tightest(found: list[Certificate], confidence: float) -> Certificate:
    """Return the best of several certificates, each at its share of δ."""
    best = max(found, key=lambda certificate: certificate.success)
    delta = failure(confidence)
    shares = ", ".join(f"{c.radius} at {failure(c.confidence) / delta:.2g}δ" for c in found)
    note = f"The best of {len(found)} that hold together: {shares}, where δ is 1 − confidence."
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
