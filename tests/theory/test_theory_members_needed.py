"""The smallest number of members that certifies a success: against trying every number."""

import math

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.theory.certificates.counts import AssumedPlatform, SignalCounts
from quorate.theory.certificates.members_needed import members_needed
from quorate.theory.certificates.planting import planting_certificate


def test_by_hand() -> None:
    assert members_needed(lambda n: 1 - 30 / n, 0.9, 1000) == 300
    assert members_needed(lambda n: 1 - 30 / n, 0.9, 299) is None
    assert members_needed(lambda n: 1.0, 0.5, 10) == 1
    # A count of 1 in 10, rounded up: 1 − 3⌈n/10⌉/n is at most .7, and .7 at whole tens only; it is
    # .6 or more from 31 on: ⌈31/10⌉ = 4, 1 − 12/31 = .613; at 21, 1 − 9/21 = .571.
    success = {n: 1 - 3 * math.ceil(n / 10) / n for n in range(1, 201)}
    assert members_needed(success.__getitem__, 0.6, 200, counted=(1, 10)) == 23
    assert min(success[n] for n in range(23, 201)) >= 0.6 > success[22]


@pytest.mark.parametrize("radius", ["hoeffding", "bernstein", "aggregate"])
def test_against_trying_every_number(radius: str) -> None:
    rng = np.random.default_rng(1)
    found_some = drops = 0
    for _ in range(5):
        m, n, size = int(rng.integers(1, 5)), 250, 800
        honest = rng.multinomial(n, np.r_[np.full(2 * m, 0.05 / (2 * m)), 0.95])[:-1].reshape(m, 2)
        counts = SignalCounts(honest, rng.multinomial(n, rng.dirichlet(np.full(m, 5.0))), n, m)
        target, platform = float(rng.uniform(0.3, 0.9)), AssumedPlatform(size, eps=0.001)

        def success(members: int) -> float:
            scaled = counts.scaled(members)  # noqa: B023
            return planting_certificate(scaled, 1, platform, 0.9, radius).success  # noqa: B023

        against = float(honest[:, 0].sum())
        counted = (against, n) if radius == "aggregate" else None
        enough = np.array([success(members) >= target for members in range(1, size + 1)])
        expected = int(np.flatnonzero(~enough).max(initial=-1)) + 2  # the first of those to the end
        found = members_needed(success, target, size, counted)
        assert found == (expected if enough[-1] else None)
        found_some += found is not None
        drops += bool((~enough[int(enough.argmax()) :]).any()) and enough.any()
    assert found_some > 1
    assert drops > 0 or radius != "aggregate"  # rounding made it fall again, and it was seen


@pytest.mark.parametrize("radius", ["hoeffding", "bernstein"])
def test_cell_by_cell_a_certificate_never_falls(radius: str) -> None:
    """What bisection rests on: frequencies stay, members grow to everyone."""
    rng = np.random.default_rng(2)
    grew = 0
    for _ in range(100):
        m, n, size = int(rng.integers(1, 5)), 1000, int(10 ** rng.uniform(3.5, 6))
        moved = rng.dirichlet(np.full(m, 0.7)) * n
        planted = moved * rng.choice([1.0, rng.uniform(0.3, 1)])  # all, or those with the label
        honest = planted[:, None] * rng.dirichlet(np.full(3, 0.5), m) * rng.random((m, 1))
        counts, platform = SignalCounts(honest, planted, n, m, moved), AssumedPlatform(size)
        bounds = [
            planting_certificate(counts.scaled(int(k)), 0, platform, 0.9, radius).success
            for k in np.unique(np.geomspace(5, size, 25).astype(int))
        ]
        # One rounding of a share in [0, 1] between neighbours.
        assert (np.diff(np.maximum(bounds, 0)) >= -1e-12).all()
        grew += bounds[-1] > 0
    assert grew > 80


def test_a_target_out_of_range_is_named() -> None:
    with pytest.raises(InputError, match="target=1"):
        members_needed(lambda n: 1.0, 1.5, 10)
