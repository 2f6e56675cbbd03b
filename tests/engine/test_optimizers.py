"""Update rules against PyTorch's own, step by step, and schedules by hand."""

from __future__ import annotations

import math

import pytest
import torch

from quorate.engine.optimizers import AdamOptimizer, MomentumOptimizer
from quorate.learners.base.schedules import schedule_factor


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["momentum", "adam"])
def test_steps_equal_pytorch_s(kind: str, decay: float) -> None:
    draws = torch.Generator().manual_seed(0)
    start = torch.randn(2, 3, generator=draws)
    ours, theirs = start.clone(), start.clone().requires_grad_()
    if kind == "momentum":
        rule = MomentumOptimizer([ours], 0.8, decay)
        peer = torch.optim.SGD([theirs], lr=0.1, momentum=0.8, weight_decay=decay)
    else:
        rule = AdamOptimizer([ours], 0.7, 0.95, decay)
        peer = torch.optim.Adam([theirs], lr=0.1, betas=(0.7, 0.95), weight_decay=decay)
    for step in range(20):
        gradient = torch.randn(2, 3, generator=draws)
        rate = 0.1 * schedule_factor("cosine", step, 20)
        peer.param_groups[0]["lr"] = rate
        theirs.grad = gradient.clone()
        peer.step()
        rule.step([gradient], rate)
        torch.testing.assert_close(ours, theirs.detach(), rtol=1e-5, atol=1e-6)  # float32


def test_schedules_by_hand() -> None:
    assert [schedule_factor("constant", t, 3) for t in range(3)] == [1, 1, 1]
    assert [schedule_factor("linear", t, 4) for t in range(4)] == [1, 0.75, 0.5, 0.25]
    assert schedule_factor("cosine", 0, 8) == 1
    assert schedule_factor("cosine", 4, 8) == pytest.approx(0.5)
    assert schedule_factor("cosine", 2, 8) == pytest.approx((1 + math.sqrt(0.5)) / 2)
    assert [schedule_factor("step", t, 8) for t in (0, 3, 4, 5, 6, 7)] == [
        1,
        1,
        0.1,
        0.1,
        0.01,
        0.01,
    ]
