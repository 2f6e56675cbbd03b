"""CVaR- and χ²-DRO by gradient steps reach what a convex solver, the package dro, finds."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types

import numpy as np
import pytest
import torch

from quorate.learners.reweighting.chi2_dro import Chi2DRO
from quorate.learners.reweighting.cvar_dro import CVaRDRO
from quorate.populations.gaussian import Gaussian
from quorate.table import Submission, Table

# Full-batch steps with a step size that falls to zero: the objectives have kinks.
HOW = {"model": "logistic", "batch_size": 150, "learning_rate": 0.5, "schedule": "linear"}


def solver(monkeypatch: pytest.MonkeyPatch, name: str) -> types.ModuleType:
    """Return a module of dro's linear models without its other parts, which need more packages."""
    for package in ("dro", "cvxpy"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"the package {package} is not installed")
    bare = types.ModuleType("dro")
    bare.__path__ = list(importlib.util.find_spec("dro").submodule_search_locations)
    monkeypatch.setitem(sys.modules, "dro", bare)
    return importlib.import_module(f"dro.linear_model.{name}")


def people() -> Table:
    return Gaussian(n=150, d=4, rare=0.1, core_noise=0.8).split(np.random.default_rng(0)).train


def linear_score(learner) -> tuple[np.ndarray, float]:
    """Return θ and b of the trained softmax: its logit of label 1 less that of label 0."""
    data = Submission.without_collective(people())
    network = learner.fit(data, np.random.default_rng(1)).network
    w, b = (p.detach().numpy().astype(float) for p in network.parameters())
    return w[1] - w[0], b[1] - b[0]


def losses(theta: np.ndarray, b: float) -> np.ndarray:
    table = people()
    return np.logaddexp(0, -(2 * table.y - 1) * (table.x.astype(float) @ theta + b))  # (n,)


def worst_case(learner, of: np.ndarray) -> float:
    """Return the worst reweighted mean loss under our definition, in float64."""
    weights = learner.weigh(torch.from_numpy(of)[None])[0].numpy()
    return float(weights @ of / len(of))


def same(learner, ours, theirs, objective: float) -> None:
    """Raise unless both reach the same worst case with the same weights."""
    reached = worst_case(learner, losses(*ours))
    # the solver's own tolerance is 1e-8 in relative terms
    assert worst_case(learner, losses(*theirs)) == pytest.approx(objective, rel=1e-8)
    assert reached == pytest.approx(objective, rel=1e-8)
    # float32 weights of up to 3, and the solver's; here the optimum is unique
    np.testing.assert_allclose(ours[0], theirs[0], atol=2e-5)
    assert ours[1] == pytest.approx(theirs[1], abs=2e-5)


@pytest.mark.parametrize("level", [0.5, 0.7, 0.9])
def test_cvar(level: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """dro's alpha is our level: η + Σ(ℓ − η)₊/(αn), minimised over η, is the mean of the worst αn.

    Neither side regularises, and both have an intercept.
    """
    other = solver(monkeypatch, "cvar_dro").CVaRDRO(4, model_type="logistic", alpha=level)
    table = people()
    other.fit(table.x.astype(float), 2.0 * table.y - 1)
    learner = CVaRDRO(level=level, epochs=600, **HOW)
    theta, b = linear_score(learner)
    same(learner, (theta, b), (other.theta, other.b), other.robust_obj)


@pytest.mark.parametrize("radius", [0.05, 0.2, 0.4])
def test_chi2(radius: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """dro's eps is twice our radius.

    dro minimises √(1 + eps)·‖(ℓ − η)₊‖/√n + η, the dual of E[(w − 1)²] ≤ eps; ours is
    E[(w − 1)²]/2 ≤ ρ.
    """
    other = solver(monkeypatch, "chi2_dro").Chi2DRO(4, model_type="logistic")
    other.update({"eps": 2 * radius})
    table = people()
    other.fit(table.x.astype(float), 2.0 * table.y - 1)
    learner = Chi2DRO(radius=radius, epochs=400, **HOW)
    theta, b = linear_score(learner)
    same(learner, (theta, b), (other.theta, other.b), other.robust_obj)
