"""Random counts of members, and platforms that are assumed, for tests of certificates."""

import numpy as np

from quorate.theory.certificates.counts import AssumedPlatform, SignalCounts


def random_counts(
    rng: np.random.Generator, feature_only: bool, shape: tuple[int, int] | None = None
) -> SignalCounts:
    """Return counts of members in a few cells, of which the signal made some common."""
    m, k = shape or (int(rng.integers(1, 6)), int(rng.integers(2, 5)))
    n = int(10 ** rng.uniform(1, 4.5))
    rest = 1 - 10 ** rng.uniform(-2, -0.3)
    law = np.r_[rng.dirichlet(np.full(m * k, 0.4)) * (1 - rest), rest]
    honest = rng.multinomial(n, law)[:-1].reshape(m, k)
    moved = rng.multinomial(n, rng.dirichlet(np.full(m, 0.7)))
    planted = rng.binomial(moved, rng.uniform(0.3, 1)) if feature_only else moved
    return SignalCounts(honest, planted, n, m + int(rng.integers(0, 4)), moved)


def random_platform(rng: np.random.Generator, members: int) -> AssumedPlatform:
    return AssumedPlatform(
        members + int(members * 10 ** rng.uniform(-0.7, 1.2)) + 1,
        eps=float(rng.choice([0, 10 ** rng.uniform(-4, -1.5)])),
        reading=str(rng.choice(["tv", "huber"])),  # type: ignore[arg-type]
        test_size=int(rng.integers(50, 5000)) if rng.random() < 0.3 else None,
    )
