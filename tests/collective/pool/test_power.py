"""How surely false members would be found, against collectives that are played through."""

from dataclasses import replace

import numpy as np
import pytest
from lying_members import collective

from quorate.collective.pool.power import PoolPlan, chance_found, queries_needed
from quorate.collective.pool.reliability import find_unreliable
from quorate.errors import InputError


@pytest.mark.parametrize(("members", "queries"), [(20, 10), (30, 13)])
def test_power_is_that_of_simulations(members: int, queries: int) -> None:
    found = []
    for seed in range(20):
        made = collective(np.random.default_rng(seed), members=members, each=queries)
        found.append((~find_unreliable(made.answers).kept[made.false]).mean())
    expected = chance_found(PoolPlan(members=members, queries=queries))
    # 80 to 120 false members, who are found together: a standard deviation is about 0.05
    assert abs(np.mean(found) - expected) < 0.16


def test_more_answers_find_more() -> None:
    plan = PoolPlan(members=50, queries=1)
    chances = [chance_found(replace(plan, queries=n)) for n in (2, 8, 14, 20, 40)]
    assert chances == sorted(chances)
    assert chances[0] < 0.05 < 0.99 < chances[-1]
    few = replace(plan, queries=12)
    assert chance_found(replace(few, members=1000)) < chance_found(few)  # more are tested
    assert chance_found(replace(few, agreement=0)) < chance_found(few)  # nothing is expected


def test_the_fewest_queries_that_suffice() -> None:
    plan = PoolPlan(members=50, queries=1)
    needed = queries_needed(plan)
    assert needed is not None
    assert chance_found(replace(plan, queries=needed)) >= 0.9
    assert chance_found(replace(plan, queries=needed - 1)) < 0.9
    assert queries_needed(replace(plan, agreement=0, doubled=0)) is None  # nothing to go by


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"members": 1}, "compared with nobody"),
        ({"classes": 1}, "one of two labels"),
        ({"false": 0.5}, "Expected false=0.5"),
        ({"doubled": 1.5}, "Use a quarter"),
    ],
)
def test_plans_that_cannot_be(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        PoolPlan(**{"members": 50, "queries": 20, **wrong})  # type: ignore[arg-type]
