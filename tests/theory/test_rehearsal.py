"""A rehearsed success: exact for the rehearsed platforms, and shown to hold for the next one."""

import numpy as np
import pytest
from scipy import stats

from quorate.errors import InputError
from quorate.theory.rehearsal import lower_limit, rehearsed_success

DELTA, RUNS = 0.05, 20


@pytest.mark.parametrize("n", [1, 7, 40])
@pytest.mark.parametrize("delta", [0.2, 0.05, 0.001])
def test_the_limit_of_one_run_is_exact(n: int, delta: float) -> None:
    """Summed over all counts, it exceeds the truth with probability at most δ, whatever it is."""
    limits = np.array([lower_limit(k, n, delta) for k in range(n + 1)])
    for truth in np.linspace(0, 1, 101):
        too_high = limits > truth + 1e-12  # of the rounding of a limit that is the truth
        assert stats.binom.pmf(np.arange(n + 1), n, truth)[too_high].sum() <= delta + 1e-12


def test_by_hand() -> None:
    """Equal runs leave the first limit alone; runs that differ are met by the second."""
    assert rehearsed_success([50] * 4, 50, 0.5, 0.05) == pytest.approx((0.05 / 4) ** (1 / 50))
    assert rehearsed_success([50] * 4, 50, 0.5, 0.05, 3) == pytest.approx((0.05 / 12) ** (1 / 50))
    # Mean .85, deviation .05·√(4/3) on both sides; t of 3 degrees of freedom at .95 is 2.3534.
    spread = 0.05 * np.sqrt(4 / 3)
    expected = 0.85 - 2.353363 * spread * np.sqrt(1.5 / 0.5 + 1 / 4)
    stated = rehearsed_success([80_000, 90_000] * 2, 100_000, 0.5, 0.05)
    assert stated == pytest.approx(expected)
    # One run in four far below: the deviation is .1, and below the mean alone .15·√(2/3).
    expected = 0.95 - 2.353363 * 0.15 * np.sqrt(2 / 3) * np.sqrt(1 + 1 / 4)
    stated = rehearsed_success([80_000, *[100_000] * 3], 100_000, 0.0, 0.05)
    assert stated == pytest.approx(expected)
    assert rehearsed_success([50, 100, 50, 100], 100, 0.5, 0.05) == 0


@pytest.mark.parametrize("world", ["steady", "unsteady", "two kinds"])
@pytest.mark.parametrize(("n", "trained"), [(100, 50), (1000, 500), (1000, 100)])
def test_it_holds_where_the_truth_is_known(world: str, n: int, trained: int) -> None:
    """Success is a function of the people trained on: their mean, or whether it is above 0."""
    rng = np.random.default_rng(1)

    def truth(people: np.ndarray) -> np.ndarray:  # (..., m) -> (...)
        score = people.mean(axis=-1) * np.sqrt(people.shape[-1])  # standard normal
        if world == "two kinds":
            return np.where(score > 0.8, 0.95, 0.3)
        found: np.ndarray = np.clip(0.8 + {"steady": 0.01, "unsteady": 0.1}[world] * score, 0, 1)
        return found

    of_all, of_next = [], []
    for _ in range(250):
        members, outcomes = rng.normal(size=n), rng.random(n)
        orders = np.array([rng.permutation(n) for _ in range(RUNS)])
        true = truth(members[orders[:, :trained]])  # (R,)
        held_out = n // 2
        won = (outcomes[orders[:, -held_out:]] < true[:, None]).sum(axis=1)
        stated = rehearsed_success(won, held_out, trained / n, DELTA)
        of_all.append(stated <= true.min())
        of_next.append((stated <= truth(rng.normal(size=(40, trained)))).mean())
    # Of 250 tables at .95 a share below .91 would be three standard errors too few.
    assert np.mean(of_all) >= 0.95
    assert np.mean(of_next) >= 0.95


@pytest.mark.parametrize(
    ("won", "held_out", "share", "delta", "message"),
    [
        ([3], 10, 0.5, 0.05, "Expected at least 2 runs"),
        ([3, 11], 10, 0.5, 0.05, "from 0 to 10"),
        ([3, 4], 0, 0.5, 0.05, "held_out"),
        ([3, 4], 10, 1.0, 0.05, "trained_share"),
        ([3, 4], 10, 0.5, 0.0, "delta"),
    ],
)
def test_bad_values_are_refused(
    won: list[int], held_out: int, share: float, delta: float, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        rehearsed_success(won, held_out, share, delta)
