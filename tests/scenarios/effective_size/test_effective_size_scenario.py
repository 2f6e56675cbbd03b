"""What reweighting learners hear predicts their critical mass better than α does."""

import math
from pathlib import Path

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.scenarios.effective_size.prediction import MassPrediction, find_crossing
from quorate.scenarios.effective_size.result import EffectiveSizeResult
from quorate.scenarios.effective_size.scenario import EffectiveSize
from quorate.scenarios.scenario import make_scenario, run_scenario


def test_a_crossing_lies_between_sizes_on_a_log_scale() -> None:
    alphas = np.array([0, 0.01, 0.04, 0.16])
    assert find_crossing(alphas, np.array([1, 0.2, 0.8, 1.0]), 0.5) == pytest.approx(0.02)
    assert find_crossing(alphas, np.array([1, 0.9, 0.2, 1.0]), 0.6) == pytest.approx(0.08)
    assert find_crossing(alphas, np.array([0, 0.9, 0.9, 1.0]), 0.6) == 0.01
    assert math.isnan(find_crossing(alphas, np.array([1, 0.1, 0.9, 0.5]), 0.6))
    assert find_crossing(alphas, np.array([1, math.nan, 0.2, 1.0]), 0.6) == pytest.approx(0.08)


def test_errors_are_in_factors_of_two() -> None:
    one = MassPrediction("w", "jtt", "a", 0, measured=0.1, by_effective=0.2, by_alpha=0.025)
    other = MassPrediction("w", "jtt", "b", 0, measured=0.1, by_effective=math.nan, by_alpha=0.1)
    third = MassPrediction("w", "jtt", "c", 0, measured=0.1, by_effective=0.8, by_alpha=0.1)
    assert one.errors == pytest.approx((1, 2))
    *_, family = EffectiveSizeResult((one, other, third)).rows()
    assert family["learner"] == "all"
    assert family["error_by_effective"] == pytest.approx(2)  # (1 + 3)/2: what is known of both
    assert family["error_by_alpha"] == pytest.approx(1)  # (2 + 0)/2
    result = EffectiveSizeResult((other,))
    (row,) = result.to_json()["families"]
    assert row["error_by_effective"] is None
    assert result.summary()[0].startswith("No critical mass was reached")
    assert EffectiveSizeResult((one,)).summary() == [
        "The effective size predicts the critical mass better than the plain size in 1 of 1 "
        "families of learners.",
        "On average it is off by a factor of 2.00, and the plain size by a factor of 4.00.",
    ]


def test_effective_size_predicts_better_than_size(tmp_path: Path) -> None:
    """On digits, where hardly anyone honest carries the signal: see experiments/README.md."""
    scenario = EffectiveSize(
        worlds=("digits",),
        populations=make("digits", "populations"),
        strategies=make("planting:target=8,size=2", "strategies"),
        targets=(0.5,),
        alphas="0.002:0.5:9",
        seeds=2,
    )
    ran = run_scenario(scenario, tmp_path)
    families = ran.result.to_json()["families"]
    assert [row["family"] for row in families] == ["jtt", "cvar-dro"]
    for row in families:
        assert row["error_by_effective"] < row["error_by_alpha"]
    assert run_scenario(scenario, tmp_path).result.to_json()["families"] == families


def make(text: str, kind: str) -> tuple[object, ...]:
    return getattr(make_scenario({"name": "effective-size", **WORLD, kind: text}), kind)  # type: ignore[no-any-return]


WORLD = {
    "worlds": "digits",
    "populations": "digits",
    "strategies": "planting:target=8",
    "targets": "0.5",
}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"targets": "0.5,0.9"}, "1, 1 and 2 for 1"),
        ({"populations": []}, "0, 1 and 1 for 1"),
        ({"learners": []}, "got none"),
        ({"seeds": 0}, "seeds=0"),
    ],
)
def test_worlds_that_do_not_fit_are_answered(given: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_scenario({"name": "effective-size", **WORLD, **given})


def test_a_learner_that_records_no_effective_size_is_answered() -> None:
    scenario = make_scenario(
        {"name": "effective-size", **WORLD, "learners": "forest", "alphas": "0.1", "seeds": "1"}
    )
    with pytest.raises(InputError, match="that record α_eff, got forest"):
        run_scenario(scenario)
