"""Plans of campaigns: what is impossible is refused when a campaign is set up, not weeks later."""

from typing import Any

import pytest

from quorate.collective import plans
from quorate.errors import InputError

GOOD: dict[str, Any] = {
    "kind": "test",
    "platform": "P",
    "subgroup": "S",
    "classes": ["a", "b"],
    "shape": [3, 32, 32],
    "queries": 10,
    "epsilon": "8/255",
}


def test_a_plan_survives_the_way_to_plain_data_and_back() -> None:
    plan = plans.from_plain(GOOD)
    assert isinstance(plan, plans.TestPlan)
    assert (plan.classes, plan.shape) == (("a", "b"), (3, 32, 32))
    assert plans.from_plain(plans.to_plain(plan)) == plan


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("classes", ["a"], "2 to 1,000 different labels"),
        ("classes", ["a", "a"], "different labels"),
        ("classes", ["a", 5], "different labels"),
        ("classes", "ab", "different labels"),
        ("classes", ["a", "b" * 201], "up to 200 letters"),
        ("shape", [2, 8, 8], "1 or 3 channels"),
        ("shape", [1, 8], "1 or 3 channels"),
        ("shape", [1, 8.5, 8], "1 or 3 channels"),
        ("shape", [1, 0, 8], "1 or 3 channels"),
        ("shape", [1, 5000, 8], "1 or 3 channels"),
        ("shape", None, "1 or 3 channels"),
        ("epsilon", "much", "8/255"),
        ("epsilon", "3", "at most 1"),
        ("norm", "l7", "l7"),
        ("rate", "often", "such as 5/s"),
        ("queries", 0, "queries"),
        ("queries", "ten", "queries"),
        ("doubled", 2, "doubled"),
        ("success", "x", "success"),
        ("platform", 5, "platform"),
    ],
)
def test_impossible_plans_are_refused(name: str, value: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        plans.from_plain({**GOOD, name: value})
