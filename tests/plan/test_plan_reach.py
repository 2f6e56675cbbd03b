"""What is in reach is the best over all numbers of members, and the first that certifies it."""

import numpy as np
import pytest

from quorate.planning.cells import signal_codes
from quorate.planning.certify import Objective, certifier
from quorate.planning.details import plan_details
from quorate.planning.member_column import MemberColumn
from quorate.planning.members import Members
from quorate.planning.reach import Reach, find_reach

SIZE = 300


def members_of(values: int, share: float, n: int = 100) -> Members:
    """Return people with a channel (phone, web) and a kind of so many values."""
    rng = np.random.default_rng(7)
    codes = np.c_[rng.random(n) < share, rng.integers(0, values, n)].astype(np.int32)
    labels = (rng.random(n) < 0.3).astype(np.int32)
    kind = MemberColumn("kind", tuple(map(str, range(values))))
    return Members(codes, labels, (MemberColumn("channel", ("phone", "web")), kind), ("no", "yes"))


@pytest.mark.parametrize("goal", ["plant", "plant-feature-only", "unplant", "erase"])
@pytest.mark.parametrize(("values", "share"), [(3, 0.05), (40, 0.05), (6, 0.4)])
def test_nothing_better_is_certified_with_any_number(goal: str, values: int, share: float) -> None:
    members = members_of(values, share)
    target = None if goal == "erase" else "yes"
    objective = Objective({"channel": "web"}, target, SIZE, goal)  # type: ignore[arg-type]
    found = plan_details(members, objective).reach
    bound, _ = certifier(members, objective, signal_codes(members, objective.signal))
    every = np.array(
        [bound(n, objective.platform(0.0), "tightest").success for n in range(1, SIZE + 1)]
    )
    if found is None:
        assert (goal, values) == ("erase", 40)  # the others show something
        assert every.max() <= 0
        return
    assert every[found.members - 1] >= found.success
    assert found.success <= every.max()
    if goal != "erase":  # there success falls again, and sizes between those tried may be better
        assert found.success > every.max() - 0.01  # rounded down to a whole percentage
        assert (every[found.members - 1 :] >= found.success).all()
        assert found.members == 1 or every[found.members - 2] < found.success


def test_success_that_falls_again() -> None:
    sizes = np.array([10.0, 100.0, 400.0, 1000.0])

    def success(n: int) -> float:
        return 0.8 - 20 / n if n < 500 else 0.1

    certified = np.array([success(int(n)) for n in sizes])
    assert find_reach(success, sizes, certified, 1000) == Reach(0.75, 400, 1000)
    assert find_reach(success, sizes, np.minimum(certified, 0), 1000) is None


def test_where_nothing_is_in_reach() -> None:
    """Who may overturn nine leads in ten is held by no number of members."""
    objective = Objective({"channel": "web"}, "yes", 1000, eps=0.9)
    assert plan_details(members_of(3, 0.05), objective).reach is None
