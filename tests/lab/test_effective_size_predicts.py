"""What reweighting learners hear predicts their critical mass better than α does."""

import functools
import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "experiments" / "effective_size.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("effective_size", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["effective_size"] = module
    spec.loader.exec_module(module)
    return module


@functools.cache
def measured(script: ModuleType) -> list[Any]:
    found: list[Any] = script.measure("digits", seeds=2, jobs=1)
    return found


def test_a_crossing_lies_between_sizes_on_a_log_scale(script: ModuleType) -> None:
    alphas = np.array([0.01, 0.04, 0.16])
    assert script.crossing(alphas, np.array([0.2, 0.8, 1.0]), 0.5) == pytest.approx(0.02)
    assert script.crossing(alphas, np.array([0.9, 0.2, 1.0]), 0.6) == pytest.approx(0.08)
    assert script.crossing(alphas, np.array([0.9, 0.9, 1.0]), 0.6) == 0.01
    assert math.isnan(script.crossing(alphas, np.array([0.1, 0.9, 0.5]), 0.6))


def test_errors_are_in_factors_of_two(script: ModuleType) -> None:
    one = script.Prediction("w", "l", measured=0.1, by_effective=0.2, by_alpha=0.025)
    other = script.Prediction("w", "l", measured=0.1, by_effective=math.nan, by_alpha=0.1)
    assert script.errors([one, other]) == pytest.approx((1.0, 1.0))


@pytest.mark.parametrize("kind", ["jtt", "cvar-dro"])
def test_effective_size_predicts_better_than_size(script: ModuleType, kind: str) -> None:
    """On digits, where hardly anyone honest carries the signal: see docs/explanation."""
    found = [p for p in measured(script) if p.learner.startswith(kind)]
    assert len(found) == 3
    effective, alpha = script.errors(found)
    print(f"{kind}: mean error in factors of two: α_eff {effective:.2f}, α {alpha:.2f}")
    assert effective < alpha
