"""Certificates from members' own rows: by hand, and how they relate to each other."""

import itertools
import math

import numpy as np
import pytest
from random_members import random_counts, random_platform

from quorate.errors import InputError
from quorate.theory.certificates.aggregate import aggregate_success, most_lost
from quorate.theory.certificates.counts import (
    AssumedPlatform,
    Certificate,
    SignalCounts,
    failure,
    log_inverse_share,
)
from quorate.theory.certificates.erasing import erasing_certificate
from quorate.theory.certificates.planting import planting_certificate
from quorate.theory.certificates.unplanting import (
    adaptive_unplanting_certificate,
    naive_unplanting_certificate,
)
from quorate.theory.planting import planting_bound
from quorate.theory.radii import distance_limit, others_limit

# One cell of X*, 10,000 members, 400 of them there already: 100 with the target, 300 without.
ONE = SignalCounts([[300, 100]], [10_000], 10_000, signal_cells=1)
PLATFORM, SMALL = AssumedPlatform(20_000), AssumedPlatform(9)


# ------------------------------------------------------------------------------------------ by hand


def test_hoeffding_by_hand() -> None:
    # δ̃ = .05/(2 + 2 + 4), L = log 160; R(10,000) = √(L/20,000), R(90,000) = √(L/180,000).
    ours, theirs = math.sqrt(math.log(160) / 20_000), math.sqrt(math.log(160) / 180_000)
    bracket = 0.1 * (1 - 2 * ours) - 0.9 * (0.02 + 2 * ours + 2 * theirs)
    assert bracket == pytest.approx(0.0406, abs=5e-5)  # written with four digits
    found = planting_certificate(ONE, 1, AssumedPlatform(100_000), radius="hoeffding")
    assert found.success == pytest.approx(1 - ours, abs=1e-14)  # rounding of a few operations
    assert (found.status, found.won) == ("published", (True,))
    # ε-suboptimal with c = 2ε just below the bracket, and just above.
    for eps, expected in ((bracket / 2 - 1e-6, 1 - ours), (bracket / 2 + 1e-6, -ours)):
        found = planting_certificate(ONE, 1, AssumedPlatform(100_000, eps), radius="hoeffding")
        assert found.success == pytest.approx(expected, abs=1e-14)  # below 0, and not clipped
    # huber's c = ε/(1−ε) is about half of it.
    assert planting_certificate(ONE, 1, AssumedPlatform(100_000, 0.03, "huber")).success > 0.9
    tested = planting_certificate(
        ONE, 1, AssumedPlatform(100_000, test_size=500), radius="hoeffding"
    )
    assert tested.success == pytest.approx(1 - ours - math.sqrt(math.log(160) / 1000), abs=1e-14)


def test_aggregate_by_hand() -> None:
    # 300 of 10,000 speak against: of 90,000 others about 2,700, and at most h of them.
    h = others_limit(300, 10_000, 90_000, 0.05)
    assert 2_900 < h < 3_100
    for eps, expected in ((0.0, 1.0), ((10_000 - h - 1) / 200_000, 1.0), (0.036, 0.0)):
        found = planting_certificate(ONE, 1, AssumedPlatform(100_000, eps), radius="aggregate")
        assert found.success == expected
        assert (found.status, found.won) == ("derived", None)
    # Two of two cells seen, of 6,000 and 4,000: neither can be lost, so nothing is.
    two = SignalCounts([[200, 100], [100, 0]], [6000, 4000], 10_000, signal_cells=2)
    assert planting_certificate(two, 1, AssumedPlatform(100_000), radius="aggregate").success == 1
    # A third cell that nobody was seen in may be lost, and is as likely as TV allows.
    three = SignalCounts(two.honest, two.planted, 10_000, signal_cells=3)
    distance = distance_limit([6000, 4000], 3, math.log(2 / 0.05))
    found = planting_certificate(three, 1, AssumedPlatform(100_000), radius="aggregate")
    assert found.success == pytest.approx(1 - distance, abs=1e-15)
    # c·N = 2·.005·100,000 = 1000 more: now the cell of 4,000 can be lost.
    found = planting_certificate(three, 1, AssumedPlatform(100_000, 0.005), radius="aggregate")
    budget = others_limit(300, 10_000, 90_000, 0.025) + 1000
    assert budget > 4000
    assert found.success == pytest.approx(0.6 - distance, abs=1e-15)
    tested = aggregate_success(three, 300, 90_000, AssumedPlatform(100_000, test_size=800), 0.95)
    shared = distance_limit([6000, 4000], 3, math.log(3 / 0.05))
    assert tested == pytest.approx(1 - shared - math.sqrt(math.log(60) / 1600), abs=1e-15)


def test_knapsack_by_hand() -> None:
    # Cells of 5, 4 and 100 rows; 7 rows buy the 5 and half of the 4, if all weigh the same.
    planted = np.array([5.0, 4.0, 100.0])
    assert most_lost(planted, planted, 7.0) == (7.0, True)
    assert most_lost(planted, planted, 20.0) == (9.0, True)  # the 100 are out of reach
    assert most_lost(planted, planted, 3.0) == (0.0, False)
    # Weights 2 per row and 10 per row: the second first, then 3/5 of the first.
    assert most_lost(np.array([10.0, 40.0, 1.0]), planted, 7.0) == (40 + 10 * 3 / 5, True)
    assert most_lost(np.array([3.0]), np.array([0.0]), 0.0) == (3.0, True)  # nothing was planted


def test_knapsack_is_never_below_the_best_subset() -> None:
    rng = np.random.default_rng(2)
    exact = 0
    for _ in range(800):
        planted = rng.integers(0, 12, 6).astype(float)
        moved = planted + rng.integers(0, 5, 6) * (rng.random() < 0.5)
        budget = float(rng.integers(0, 30))
        best = max(
            sum(moved[list(cells)])
            for size in range(7)
            for cells in itertools.combinations(range(6), size)
            if sum(planted[list(cells)]) <= budget
        )
        lost, _ = most_lost(moved, planted, budget)
        assert lost >= best - 1e-12  # rounding of one division
        exact += lost == best
    assert exact > 300


# --------------------------------------------------------------------------------------- relations


def test_bernstein_certifies_more_where_a_signal_is_rare() -> None:
    """Common planted cells, rare honest ones, members in the thousands: variance is small."""
    rng = np.random.default_rng(8)
    gains = 0
    for _ in range(300):
        n, m = int(rng.integers(3000, 50_000)), int(rng.integers(1, 5))
        moved = rng.multinomial(n, rng.dirichlet(np.full(m, 3.0)))
        honest = rng.binomial(n, 0.01 / m, (m, 2))
        counts = SignalCounts(honest, moved, n, m)
        platform = AssumedPlatform(int(n * rng.uniform(1.5, 40)))
        tight = planting_certificate(counts, 1, platform, radius="bernstein")
        wide = planting_certificate(counts, 1, platform, radius="hoeffding")
        assert tight.won is not None
        assert wide.won is not None
        assert all(a >= b for a, b in zip(tight.won, wide.won, strict=True))
        gains += tight.success > wide.success
    assert gains > 100


def test_tightest_is_the_best_at_each_share_of_delta() -> None:
    rng = np.random.default_rng(9)
    best_of: set[str] = set()
    for _ in range(300):
        counts = random_counts(rng, feature_only=False)
        platform = random_platform(rng, counts.members)
        parts = [
            planting_certificate(counts, 0, platform, 1 - 0.06 * share, radius)
            for radius, share in (("exact", 0.75), ("aggregate", 0.2), ("bernstein", 0.05))
        ]
        found = planting_certificate(counts, 0, platform, 0.94)
        assert found.success == max(part.success for part in parts)
        assert found.confidence == 0.94
        best_of.add(found.radius)
    assert best_of >= {"tightest: exact", "tightest: bernstein", "tightest: aggregate"}


@pytest.mark.parametrize("radius", ["hoeffding", "bernstein", "aggregate"])
def test_certificates_come_to_the_population_bound(radius: str) -> None:
    """As n and N grow at n/N = α, what is certified nears what is true of the law, from below."""
    # 64 equal cells with ξ = 1% in all; the target trails by .4 there: Δξ = .004.
    law = np.full((64, 2), 0.01 / 64) * [0.7, 0.3]
    alpha, gaps = 0.05, []
    for n in (10**4, 10**6, 10**8):
        counts = SignalCounts(law * n, np.full(64, n / 64), n, signal_cells=64)
        found = planting_certificate(counts, 1, AssumedPlatform(int(n / alpha)), radius=radius)
        gaps.append(1 - found.success)
    assert gaps[0] > gaps[1] > gaps[2]
    # Cell by cell all is won, as .05 > .95·.004. Together, all who have another label may speak
    # against one cell, not only those by whom they lead: 1 − (.95/.05)·.01·.7.
    limit = 1 if radius != "aggregate" else 1 - 19 * 0.007
    assert gaps[2] == pytest.approx(1 - limit, abs=1e-3)  # a few radii of 10^8 people
    assert gaps[2] >= 1 - limit
    assert planting_bound(alpha, xi=0.01, delta=0.4) == pytest.approx(1 - 19 * 0.004)


def test_more_members_a_better_platform_and_less_confidence_certify_more() -> None:
    rng = np.random.default_rng(10)
    for _ in range(200):
        counts = random_counts(rng, feature_only=False)
        size = counts.members * 8

        def bound(n: int, eps: float, confidence: float, radius: str) -> float:
            scaled, platform = counts.scaled(n), AssumedPlatform(size, eps)  # noqa: B023
            return planting_certificate(scaled, 0, platform, confidence, radius).success

        n = counts.members
        for radius in ("hoeffding", "bernstein", "aggregate"):
            base = bound(n, 0.01, 0.9, radius)
            assert bound(n, 0.005, 0.9, radius) >= base - 1e-12
            assert bound(n, 0.01, 0.8, radius) >= base - 1e-12
            # Counts are scaled by a whole number, as rounding up a count is not monotone.
            assert radius == "aggregate" or base <= 0 or bound(3 * n, 0.01, 0.9, radius) >= base


def test_alphabets_beyond_any_float() -> None:
    huge = SignalCounts([[3, 1]] * 2, [1500, 500], 2000, signal_cells=7**800)
    for radius in ("hoeffding", "bernstein", "aggregate", "tightest"):
        found = planting_certificate(huge, 1, AssumedPlatform(20_000), radius=radius)
        assert math.isfinite(found.success)
    assert log_inverse_share(0.95, 10**400) == pytest.approx(400 * math.log(10) - math.log(0.05))
    assert planting_certificate(huge, 1, AssumedPlatform(20_000), radius="aggregate").success > 0.9


def test_everyone_a_member_leaves_nobody_to_speak_against() -> None:
    counts = SignalCounts([[500, 0]], [1000], 1000, signal_cells=1)
    assert planting_certificate(counts, 1, AssumedPlatform(1000), radius="aggregate").success == 1
    assert planting_certificate(counts, 1, AssumedPlatform(1000), radius="hoeffding").success > 0.9


def test_plain_data() -> None:
    found = Certificate(-math.inf, 0.95, "hoeffding", 10, 100, "published", (True, False))
    assert found.to_dict() == {
        "success": None,
        "confidence": 0.95,
        "radius": "hoeffding",
        "members": 10,
        "platform_size": 100,
        "status": "published",
        "won_cells": 1,
        "notes": [],
    }
    assert failure(0.9) == 0.1
    assert failure(1 - 1e-16) > 0


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: planting_certificate(ONE, 1, AssumedPlatform(9_999)), "platform size of 9999"),
        (lambda: planting_certificate(ONE, 1, PLATFORM, 1.0), "confidence=1"),
        (lambda: planting_certificate(ONE, 1, PLATFORM, 0.0), "confidence=0"),
        (lambda: planting_certificate(ONE, 2, PLATFORM), "target=2"),
        (lambda: planting_certificate(ONE, 1, PLATFORM, radius="hoefding"), "hoeffding"),
        (lambda: AssumedPlatform(0), "size=0"),
        (lambda: AssumedPlatform(10, eps=1.0), "eps=1"),
        (lambda: AssumedPlatform(10, test_size=0), "test_size=0"),
        (lambda: SignalCounts([[1, 2]], [1, 2], 5, 2), "one planted"),
        (lambda: SignalCounts([[1]], [5], 5, 1), "at least 2 labels"),
        (lambda: SignalCounts([[-1, 2]], [5], 5, 1), "got -1"),
        (lambda: SignalCounts([[3, 3]], [5], 5, 1), "6 honest"),
        (lambda: SignalCounts([[1, 2]], [4], 5, 1), "4 moved"),
        (lambda: SignalCounts([[1, 2]], [5], 5, 0), "signal_cells=0"),
        (lambda: SignalCounts([[0, 0]], [0], 0, 1), "members=0"),
        (lambda: naive_unplanting_certificate(ONE, 7, PLATFORM), "avoided=7"),
        (lambda: adaptive_unplanting_certificate(ONE, ONE, 1, PLATFORM), "set aside"),
        (lambda: erasing_certificate([[1, 2]], [0], 1, 1, SMALL, margin=0.0), "margin=0"),
        (lambda: erasing_certificate([[1, 2], [1, 1]], [1, 0], 2, 2, SMALL), "idempotent"),
        (lambda: erasing_certificate([[1, 2]], [0], 0, 1, SMALL), "cells=0"),
        (lambda: erasing_certificate([[1, 2]], [0], 1, 0, SMALL), "signal_cells=0"),
        (lambda: erasing_certificate([[1], [2]], [0, 1], 2, 2, SMALL), "2 labels"),
        (lambda: erasing_certificate([1, 2], [0], 1, 1, SMALL), r"shape \(m, k\)"),
        (lambda: erasing_certificate([[1, 2]], [0], 1, 1, SMALL, radius="all"), "radius"),
    ],
)
def test_what_is_wrong_is_named(call, named: str) -> None:
    with pytest.raises(InputError, match=named):
        call()
