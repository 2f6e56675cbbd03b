"""Certificates against the same sums and maxima, taken by naive loops."""

import math

import numpy as np
import pytest
from random_members import random_counts, random_platform

from quorate.theory.certificates.aggregate import aggregate_success
from quorate.theory.certificates.counts import AssumedPlatform, SignalCounts
from quorate.theory.certificates.erasing import erasing_certificate
from quorate.theory.certificates.planting import planting_certificate
from quorate.theory.certificates.unplanting import (
    adaptive_unplanting_certificate,
    naive_unplanting_certificate,
)
from quorate.theory.radii import distance_limit, others_limit


def naive_radius(n: float, delta: float) -> float:
    return math.inf if n == 0 else math.sqrt(math.log(1 / delta) / (2 * n))


def naive_bernstein(p: float, n: int, delta: float) -> tuple[float, float, float]:
    """Return lower and upper limit, and the radius, by the variance of zeros and ones."""
    ones = round(p * n)
    mean = ones / n
    variance = (ones * (1 - mean) ** 2 + (n - ones) * mean**2) / (n - 1)
    radius = math.sqrt(2 * variance * math.log(2 / delta) / n)
    radius += 7 * math.log(2 / delta) / (3 * (n - 1))
    return max(mean - radius, 0), min(mean + radius, 1), radius


def naive_least(p: float, n: int, delta: float) -> float:
    rate = math.log(1 / delta) / n
    return max(0, p - math.sqrt(2 * p * (1 - p) * rate) - rate / 3, p - math.sqrt(2 * p * rate))


def naive_most(p: float, n: int, delta: float) -> float:
    rate = math.log(1 / delta) / n
    variance = p * (1 - p) if p < 0.5 else 0.25
    return min(1, p + math.sqrt(2 * variance * rate) + rate / 3)


def naive_bracket(
    planted: int,
    honest: list[int],
    target: int,
    n: int,
    counted: int,
    platform: AssumedPlatform,
    delta: float,
    radius: str,
    rivals: list[int],
) -> float:
    """Return the bracket of one cell, one label at a time, as a fraction of the platform's rows."""
    size, others = platform.size, platform.size - n
    c = 2 * platform.eps if platform.reading == "tv" else platform.eps / (1 - platform.eps)
    if radius == "hoeffding":
        gap = max(honest[y] / counted for y in rivals) - honest[target] / counted
        first = n / size * (planted / n - 2 * naive_radius(n, delta))
        most = gap + 2 * naive_radius(counted, delta) + 2 * naive_radius(others, delta)
        return first - others / size * most - c
    first = n / size * naive_least(naive_bernstein(planted / n, n, delta)[0], n, delta)
    most = max(
        naive_most(naive_bernstein(honest[y] / counted, counted, delta)[1], others, delta)
        for y in rivals
    )
    low = naive_bernstein(honest[target] / counted, counted, delta)[0]
    return first - others / size * (most - naive_least(low, others, delta)) - c


def naive_total(
    won: int, counted: int, platform: AssumedPlatform, delta: float, radius: str
) -> float:
    share = won / counted
    if radius == "hoeffding":
        total = share - naive_radius(counted, delta)
        return total - (naive_radius(platform.test_size, delta) if platform.test_size else 0)
    total = share - naive_bernstein(share, counted, delta)[2]
    return (
        naive_least(total, platform.test_size, delta) if platform.test_size and total > 0 else total
    )


@pytest.mark.parametrize("radius", ["hoeffding", "bernstein"])
@pytest.mark.parametrize("feature_only", [False, True])
def test_planting_against_naive_loops(radius: str, feature_only: bool) -> None:
    rng = np.random.default_rng(3)
    said = partly = 0
    for _ in range(700):
        counts = random_counts(rng, feature_only)
        platform = random_platform(rng, counts.members)
        target, delta = int(rng.integers(counts.k)), float(rng.choice([0.05, 0.2]))
        cells, n = counts.signal_cells, counts.members
        share = delta / (2 + 2 * cells + 2 * cells * counts.k)
        won = [
            naive_bracket(
                int(planted),
                honest.tolist(),
                target,
                n,
                n,
                platform,
                share,
                radius,
                [y for y in range(counts.k) if y != target],
            )
            > 0
            for planted, honest in zip(counts.planted, counts.honest, strict=True)
        ]
        expected = naive_total(int(counts.weights[won].sum()), n, platform, share, radius)
        found = planting_certificate(counts, target, platform, 1 - delta, radius)
        assert found.won == tuple(won)
        # Rounding of a dozen operations on numbers of size 1; 7L/(3(n−1)) is larger for small n.
        assert found.success == pytest.approx(expected, abs=1e-12)
        said += found.success > 0
        partly += 0 < sum(won) < len(won)
    assert said > 100
    assert partly > 30


@pytest.mark.parametrize("radius", ["hoeffding", "bernstein"])
def test_adaptive_unplanting_against_naive_loops(radius: str) -> None:
    rng = np.random.default_rng(4)
    said = 0
    for _ in range(500):
        shape = int(rng.integers(1, 6)), int(rng.integers(2, 5))
        aside, rest = (random_counts(rng, False, shape) for _ in range(2))
        both = SignalCounts(
            aside.honest + rest.honest,
            aside.planted + rest.planted,
            aside.members + rest.members,
            max(aside.signal_cells, rest.signal_cells),
        )
        platform = random_platform(rng, both.members)
        avoided, delta = int(rng.integers(both.k)), float(rng.choice([0.05, 0.2]))
        share = delta / (2 + 6 * both.signal_cells)
        labels, won = [], []
        for x in range(len(both.honest)):
            best = max(
                (y for y in range(both.k) if y != avoided),
                key=lambda y: (aside.honest[x, y], -y),
            )
            labels.append(best)
            won.append(
                naive_bracket(
                    int(both.planted[x]),
                    rest.honest[x].tolist(),
                    best,
                    both.members,
                    rest.members,
                    platform,
                    share,
                    radius,
                    [avoided],
                )
                > 0
            )
        expected = naive_total(int(rest.planted[won].sum()), rest.members, platform, share, radius)
        chosen, found = adaptive_unplanting_certificate(
            both, aside, avoided, platform, 1 - delta, radius
        )
        assert chosen.tolist() == labels
        assert found.won == tuple(won)
        assert found.success == pytest.approx(expected, abs=1e-12)  # as above
        said += found.success > 0
    assert said > 50


@pytest.mark.parametrize("radius", ["hoeffding", "bernstein"])
@pytest.mark.parametrize("margin", [None, 0.1])
def test_erasing_against_naive_loops(radius: str, margin: float | None) -> None:
    rng = np.random.default_rng(5)
    said = refused = 0
    for _ in range(500):
        v, k, n = int(rng.integers(1, 6)), int(rng.integers(2, 4)), int(10 ** rng.uniform(3, 5.5))
        honest = rng.multinomial(n, rng.dirichlet(np.full(v * k, 0.4))).reshape(v, k)
        fixed = int(rng.integers(1, v + 1))
        image = np.r_[np.arange(fixed), rng.integers(-1, fixed, v - fixed)]
        platform = random_platform(rng, n)
        cells, signal, delta = v + int(rng.integers(0, 3)), fixed, float(rng.choice([0.05, 0.2]))
        shown = 2 if margin is None else 1
        share = delta / (2 + shown * signal * k + 2 * cells + 2 * cells * k)
        passes, sure = [], []
        for x in range(v):
            claimed = int(honest[image[x]].argmax()) if image[x] >= 0 else -1
            passes.append(
                claimed >= 0
                and naive_bracket(
                    int(honest[x].sum()),
                    honest[x].tolist(),
                    claimed,
                    n,
                    n,
                    platform,
                    share,
                    radius,
                    [y for y in range(k) if y != claimed],
                )
                > 0
            )
            second, first = sorted(honest[x].tolist())[-2:]
            if radius == "hoeffding":
                sure.append((first - second) / n > 4 * naive_radius(n, share))
            else:
                low, high = (naive_bernstein(a / n, n, share) for a in (first, second))
                sure.append(naive_least(low[0], n, share) > naive_most(high[1], n, share))
        won = [
            (margin is None and image[x] == x)  # f(g(x)) = f(x) there, whatever f is
            or (
                passes[x]
                and (margin is not None or sure[image[x]])
                and ((margin is not None and platform.eps == 0) or passes[image[x]])
            )
            for x in range(v)
        ]
        weight = int(honest[won].sum())
        expected = naive_total(weight, n, platform, share, radius)
        if margin is not None:
            needed = 2 * math.log(1 / share) / margin**2
            if n < needed or platform.size - n < needed:
                won, expected = [False] * v, -math.inf
                refused += 1
        labels, found = erasing_certificate(
            honest, image, cells, signal, platform, 1 - delta, radius, margin
        )
        assert [y if g >= 0 else -1 for y, g in zip(labels, image, strict=True)] == [
            int(honest[g].argmax()) if g >= 0 else -1 for g in image
        ]
        assert found.won == tuple(won)
        assert found.success == pytest.approx(expected, abs=1e-12)  # as above
        said += found.success > 0
    assert said > 50
    assert (refused > 30) == (margin is not None)


def test_aggregate_against_a_naive_knapsack() -> None:
    rng = np.random.default_rng(6)
    said = 0
    for _ in range(400):
        counts = random_counts(rng, feature_only=False)
        platform = random_platform(rng, counts.members)
        n, cells = counts.members, counts.signal_cells
        parts = 1 + (cells > 1) + (platform.test_size is not None)
        against = int(counts.honest[:, 1:].sum())
        c = 2 * platform.eps if platform.reading == "tv" else platform.eps / (1 - platform.eps)
        budget = others_limit(against, n, platform.size - n, 0.1 / parts) + c * platform.size
        lost, reach = 0, [x for x in counts.planted if x <= budget]
        lost = min(budget, sum(reach))  # every row weighs one, the last cell counts in part
        distance = distance_limit(counts.planted, cells, math.log(parts / 0.1))
        if not reach and cells == len(counts.planted):
            distance = 0.0
        expected = 1 - lost / n - distance
        if platform.test_size:
            expected -= naive_radius(platform.test_size, 0.1 / parts)
        found = planting_certificate(counts, 0, platform, 0.9, "aggregate").success
        assert found == pytest.approx(expected, abs=1e-8)  # ROUNDING of the budget, made cautious
        said += 0 < found < 1
    assert said > 50


def test_naive_unplanting_is_the_best_planting_of_another_label() -> None:
    rng = np.random.default_rng(7)
    for _ in range(200):
        counts = random_counts(rng, feature_only=False)
        platform = random_platform(rng, counts.members)
        found = {
            y: planting_certificate(
                counts, y, platform, 1 - 0.1 / (counts.k - 1), "bernstein"
            ).success
            for y in range(1, counts.k)
        }
        label, certificate = naive_unplanting_certificate(counts, 0, platform, 0.9, "bernstein")
        assert certificate.success == max(found.values()) == found[label]
        # Together, only those with the avoided label speak against it.
        _, together = naive_unplanting_certificate(counts, 0, platform, 0.9, "aggregate")
        others = platform.size - counts.members
        against = float(counts.honest[:, 0].sum())
        assert together.success == aggregate_success(counts, against, others, platform, 0.9)
