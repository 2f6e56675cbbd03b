"""The game on each seed's own curve, and its intervals."""

import numpy as np
import pytest

from quorate.scenarios.participation.game import ALONE, PLEDGED, GameTerms, play
from quorate.scenarios.participation.measured_curve import MeasuredCurve

TERMS = GameTerms(
    cost=0.2,
    share=0.5,
    belief=0.02,
    spread=0.0,
    defectors=0.0,
    noise=0.0,
    threshold=None,
    target=0.9,
)


def a_curve(success: list[list[float]]) -> MeasuredCurve:
    return MeasuredCurve(
        population="digits",
        strategy="planting",
        goal="planted",
        learner="forest",
        collective="anyone",
        called="forest",
        epsilon=None,
        people=100,
        alphas=np.array([0.0, 0.01, 0.02, 0.04]),
        seeds=tuple(range(len(success[0]))),
        success=np.array(success),
    )


def test_a_seed_pledges_what_the_others_say() -> None:
    """Seed 0 reaches .9 at 1%, seed 1 at 4%: seed 0 asks for 4%, and seed 1 for 1%, too early."""
    game = play(a_curve([[0.0, 0.0], [0.9, 0.1], [0.95, 0.2], [1.0, 0.9]]), TERMS, may_act=4)
    assert [one.threshold for one in game.by_seed] == pytest.approx([0.04, 0.01], rel=1e-9)
    first, second = (one.pledges() for one in game.by_seed)  # two of 100 answer
    assert (first[ALONE].too_early, first[PLEDGED].reached) == (0, 0)
    assert (second[ALONE].too_early, second[PLEDGED].too_early) == (1, 1)


def test_intervals_hold_the_estimate_and_shrink_with_agreement() -> None:
    apart = play(a_curve([[0.0] * 3, [0.1, 0.3, 0.5], [0.5, 0.7, 0.9], [1.0] * 3]), TERMS, 4)
    agree = play(a_curve([[0.0] * 3, [0.3] * 3, [0.7] * 3, [1.0] * 3]), TERMS, 4)
    assert apart.pays_from.low < apart.pays_from.estimate < apart.pays_from.high
    assert apart.incentive.low < apart.incentive.high
    # The means agree: the rest is the last digit of sums in another order.
    assert agree.pays_from.estimate == pytest.approx(apart.pays_from.estimate, rel=1e-9)
    assert agree.pays_from.low == pytest.approx(agree.pays_from.high, rel=1e-9)
