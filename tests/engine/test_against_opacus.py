"""Clipped sums against Opacus's per-sample gradients, at zero noise."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from quorate.engine.architectures import build_network
from quorate.engine.layer_stack import LayerStack

SHAPES = {"logistic": (50,), "mlp": (50,), "cnn": (1, 12, 12), "resnet": (3, 8, 8)}


def opacus_sums(network, x, y, max_grad_norm):
    """Clip and add up the per-sample gradients that Opacus's hooks leave."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch's hooks, which Opacus uses
        from opacus.grad_sample import GradSampleModule

        hooked = GradSampleModule(network, loss_reduction="sum")
        torch.nn.functional.cross_entropy(hooked(x), y, reduction="sum").backward()
    each = [p.grad_sample for p in hooked.parameters()]  # (n, ...)
    norms = torch.stack([g.flatten(1).norm(dim=1) for g in each], dim=1).norm(dim=1)
    scale = (max_grad_norm / norms).clamp(max=1)
    sums = [torch.einsum("n,n...->...", scale, g) for g in each]
    over = int((norms > max_grad_norm).sum())
    return sums, over


@pytest.mark.parametrize("max_grad_norm", [0.05, 1.0, 50.0])
@pytest.mark.parametrize("model", SHAPES)
def test_clipped_sums_equal_opacus_s(model: str, max_grad_norm: float) -> None:
    shape = SHAPES[model]
    network = build_network(model, shape, 4, 16, np.random.default_rng(0))
    stack = LayerStack([network])
    x = torch.rand(20, *shape, generator=torch.Generator().manual_seed(0))
    y = torch.arange(20) % 4
    sums, over = stack.clipped_gradient_sums(x[None], y[None], torch.ones(1, 20), max_grad_norm)
    expected, expected_over = opacus_sums(network, x, y, max_grad_norm)
    assert over.tolist() == [expected_over]
    for got, value in zip(stack.as_in_networks(sums), expected, strict=True):
        # float32 sums of up to 20·64 products, in another order
        torch.testing.assert_close(got[0], value, rtol=1e-3, atol=1e-4 * max_grad_norm)
