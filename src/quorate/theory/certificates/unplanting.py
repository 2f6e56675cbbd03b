"""Certificates for unplanting: keeping a label off a signal by planting another label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quorate.errors import InputError
from quorate.table import Labels
from quorate.theory.certificates.aggregate import aggregate_success
from quorate.theory.certificates.counts import (
    AssumedPlatform,
    Certificate,
    SignalCounts,
    check_label,
    check_radius,
    failure,
    log_inverse_share,
)
from quorate.theory.certificates.exact import exact_unplanting
from quorate.theory.certificates.margins import Margins
from quorate.theory.certificates.pilot import Pilot, draw_pilot
from quorate.theory.certificates.planting import (
    levels,
    of_cells,
    planting_certificate,
    tightest,
)


def naive_unplanting_certificate(
    counts: SignalCounts,
    avoided: int,
    platform: AssumedPlatform,
    confidence: float = 0.95,
    radius: str = "tightest",
) -> tuple[int, Certificate]:
    """Return the label to plant everywhere, and the success that can be certified with it.

    h = (g(x), ȳ); success is P₀{f(g(x)) ≠ y*}. hoeffding: the ȳ ≠ y* with the best planting
    certificate. Status: published (Gauthier, Bach, Jordan 2025, arXiv:2502.04879); because the same
    rows choose ȳ, each of the |Y|−1 certificates is taken at δ/(|Y|−1), which is ours. bernstein:
    likewise. aggregate: only rows with y* speak against ȳ, whatever ȳ is, so the choice costs
    nothing. exact: the label that most of the pilot hold, against y* alone. tightest: the best of
    exact at 0.75δ, aggregate at 0.2δ and bernstein at 0.05δ. Status: derived.

    Args:
        counts: as in ``planting_certificate``; ``planted`` counts members with any planted label.
        avoided: y*, index of the label to keep off.
        platform, confidence, radius: as in ``planting_certificate``.

    Returns:
        The index of ȳ, and the certificate.

    Raises:
        InputError: as ``planting_certificate``.

    >>> counts = SignalCounts([[10, 30]], [2000], 2000, signal_cells=1)
    >>> planted, certificate = naive_unplanting_certificate(counts, 1, AssumedPlatform(20_000))
    >>> planted, certificate.success, certificate.radius
    (0, 1.0, 'tightest: exact')
    """
    check_radius(radius)
    check_label("avoided", avoided, counts.k)
    others = [y for y in range(counts.k) if y != avoided]
    if radius == "tightest":
        found = [
            naive_unplanting_certificate(counts, avoided, platform, level, name)
            for name, level in levels(confidence).items()
        ]
        label = max(found, key=lambda pair: pair[1].success)[0]
        return label, tightest([certificate for _, certificate in found], confidence)
    if radius == "aggregate":
        label = max(others, key=lambda y: float(counts.honest[:, y].sum()))
        return label, _aggregate(counts, avoided, platform, confidence)
    if radius == "exact":
        pilot = draw_pilot(counts)
        label = max(others, key=lambda y: float(pilot.honest[:, y].sum()))
        planted = np.full(len(counts.planted), label, dtype=np.int64)
        success, won = exact_unplanting(counts, planted, avoided, pilot, platform, confidence)
        return label, of_cells(success, won, confidence, radius, counts.members, platform)
    share = 1 - failure(confidence) / len(others)
    by_label = {y: planting_certificate(counts, y, platform, share, radius) for y in others}
    label = max(others, key=lambda y: by_label[y].success)
    best = by_label[label]
    notes = (f"The best of {len(others)} labels, each at δ/{len(others)}.",) * (len(others) > 1)
    return label, replace(best, confidence=confidence, notes=notes)


def adaptive_unplanting_certificate(
    counts: SignalCounts,
    aside: SignalCounts,
    avoided: int,
    platform: AssumedPlatform,
    confidence: float = 0.95,
    radius: str = "tightest",
) -> tuple[Labels, Certificate]:
    """Return the label to plant in each cell, and the success that can be certified with it.

    n_e members are set aside; ŷ_x = argmax_{y≠y*} of their honest counts in x, and all n members
    plant h = (g(x), ŷ_{g(x)}). With δ̃ = δ/(2 + 6|X*|) and Δ̂_x = P̂(x, y*) − P̂(x, ŷ_x) over the
    other n − n_e members:
    hoeffding: Ŝ ≥ P̂[ (n/N)(P̂_planted(x) − 2R(n)) − ((N−n)/N)(Δ̂_x + 2R(n−n_e) + 2R(N−n)) − c > 0 ]
    − R(n−n_e) − R(N_test). Status: published (Gauthier, Bach, Jordan 2025, arXiv:2502.04879), but
    for the outer average: it is over the n − n_e, because ŷ depends on those set aside.
    bernstein: likewise. aggregate: only rows with y* speak against ŷ, whatever ŷ is. exact: those
    set aside are the pilot. tightest: the best of exact at 0.75δ, aggregate at 0.2δ and bernstein
    at 0.05δ. Status: derived.

    Args:
        counts: all n members, as in ``planting_certificate``.
        aside: the n_e of them who are set aside, counted over the same cells.
        avoided: y*, index of the label to keep off.
        platform, confidence, radius: as in ``planting_certificate``.

    Returns:
        ŷ of each cell, (m,), and the certificate.

    Raises:
        InputError: as ``planting_certificate``, or those set aside are not among the members.

    >>> counts = SignalCounts([[10, 30]], [2000], 2000, signal_cells=1)
    >>> aside = SignalCounts([[2, 5]], [400], 400, signal_cells=1)
    >>> platform = AssumedPlatform(20_000)
    >>> labels, certificate = adaptive_unplanting_certificate(counts, aside, 1, platform)
    >>> labels.tolist(), certificate.success
    ([0], 1.0)
    """
    check_radius(radius)
    check_label("avoided", avoided, counts.k)
    rest = _rest(counts, aside)
    seen = aside.honest.copy()
    seen[:, avoided] = -1
    chosen = seen.argmax(axis=1)  # (m,)
    if radius == "tightest":
        found = [
            adaptive_unplanting_certificate(counts, aside, avoided, platform, level, name)[1]
            for name, level in levels(confidence).items()
        ]
        return chosen, tightest(found, confidence)
    if radius == "aggregate":
        return chosen, _aggregate(counts, avoided, platform, confidence)
    if radius == "exact":
        pilot = Pilot(aside.honest, aside.planted, aside.weights, aside.members)
        success, won = exact_unplanting(counts, chosen, avoided, pilot, platform, confidence)
        return chosen, of_cells(success, won, confidence, radius, counts.members, platform)
    n, counted = counts.members, rest.members
    platform.others(n)
    log_inverse = log_inverse_share(confidence, 2 + 6 * counts.signal_cells)
    margins = Margins(platform, n, counted, log_inverse, radius)
    planted_label = np.take_along_axis(rest.honest, chosen[:, None], axis=1)[:, 0]
    won = margins.won(
        counts.planted / n, rest.honest[:, [avoided]] / counted, planted_label / counted
    )
    success = margins.success(float(rest.weights[won].sum()) / counted, counted)
    return chosen, of_cells(success, won, confidence, radius, n, platform)


def _rest(counts: SignalCounts, aside: SignalCounts) -> SignalCounts:
    """Return the counts of the members who are not set aside."""
    if aside.honest.shape != counts.honest.shape or aside.members >= counts.members:
        raise InputError(
            f"Expected fewer members set aside than there are, over the same cells, got "
            f"{aside.members} of {counts.members} and shapes {aside.honest.shape} and "
            f"{counts.honest.shape}. Set aside a fifth, say."
        )
    return SignalCounts(
        counts.honest - aside.honest,
        counts.planted - aside.planted,
        counts.members - aside.members,
        counts.signal_cells,
        counts.weights - aside.weights,
        counts.open_ended,
    )


def _aggregate(
    counts: SignalCounts, avoided: int, platform: AssumedPlatform, confidence: float
) -> Certificate:
    n = counts.members
    against = float(counts.honest[:, avoided].sum())
    success = aggregate_success(counts, against, platform.others(n), platform, confidence)
    return Certificate(success, confidence, "aggregate", n, platform.size, "derived")
