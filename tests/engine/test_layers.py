"""Clipped sums of every layer against one example at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from quorate.engine.architectures import build_network
from quorate.engine.layer_stack import LayerStack
from quorate.engine.layers import LAYERS, Convolution, Dense, GroupNormalisation

CONVOLUTIONS = {
    "one channel": nn.Conv2d(1, 5, 3, padding=1),
    "few channels, copied": nn.Conv2d(3, 4, 3, padding=1),
    "many channels, by taps": nn.Conv2d(8, 4, 3, padding=1),
    "larger kernel": nn.Conv2d(9, 3, 5, padding=2),
    "one by one, no bias": nn.Conv2d(10, 6, 1, bias=False),
    "stride": nn.Conv2d(8, 4, 3, stride=2, padding=1, bias=False),
    "stride one by one": nn.Conv2d(8, 4, 1, stride=2),
    "no padding": nn.Conv2d(8, 4, 3),
    "gradients not formed": nn.Conv2d(16, 40, 3, stride=4, padding=1),
}


def examples(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(3).standard_normal(shape).astype(np.float32))


def stacked(layer: nn.Module, models: int) -> list[torch.Tensor]:
    """Weights of K models, all different, as they are trained."""
    weights = [
        torch.stack([p.detach() * (1 + k) for k in range(models)]) for p in layer.parameters()
    ]
    return [
        w.contiguous().requires_grad_() for w in LAYERS[type(layer)](layer).convert_layout(weights)
    ]


def naive_gradients(forward, weights, a, delta):
    """Each example's gradient of Σ δ·out by each weight, one model and example at a time."""
    found = [torch.zeros(*a.shape[:2], *w.shape[1:]) for w in weights]
    for k in range(a.shape[0]):
        for b in range(a.shape[1]):
            own = [w[k : k + 1].detach().requires_grad_() for w in weights]
            out = forward(a[k : k + 1, b : b + 1], own)
            grads = torch.autograd.grad((out * delta[k : k + 1, b : b + 1]).sum(), own)
            for into, grad in zip(found, grads, strict=True):
                into[k, b] = grad[0]
    return found


def check_layer(layer, weights, a) -> None:
    """Squares and weighted sums equal those of gradients that are formed one by one."""
    out = layer.forward(a, weights)
    delta = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    each = naive_gradients(layer.forward, weights, a, delta)
    with torch.no_grad():
        squares, formed = layer.squared_norms(a, delta)
        expected = sum(g.square().flatten(2).sum(2) for g in each)
        # float32 sums of up to a few thousand products, in another order
        torch.testing.assert_close(squares, expected, rtol=1e-4, atol=1e-3)
        scale = torch.rand(a.shape[:2], generator=torch.Generator().manual_seed(2))
        for given in (formed, None):
            sums = layer.weighted_sums(a, delta, scale, given)
            for total, g in zip(sums, each, strict=True):
                by_hand = torch.einsum("kb,kb...->k...", scale, g)
                torch.testing.assert_close(total, by_hand, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("models", [1, 3])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions(name: str, models: int) -> None:
    torch.manual_seed(0)
    module = CONVOLUTIONS[name]
    layer = Convolution(module)
    a = examples(models, 4, module.in_channels, 10, 8)
    check_layer(layer, stacked(module, models), a)
    t = math.prod(layer.forward(a, stacked(module, models)).shape[3:])
    formed = layer.squared_norms(a, layer.forward(a, stacked(module, models)))[1] is not None
    assert formed == (module.weight.numel() <= 2 * t * t)
    assert formed == (name != "gradients not formed")


@pytest.mark.parametrize("models", [1, 3])
def test_dense_and_group_scale(models: int) -> None:
    dense, norm = nn.Linear(6, 3), nn.GroupNorm(2, 4)
    check_layer(Dense(dense), stacked(dense, models), examples(models, 5, 6))
    check_layer(GroupNormalisation(norm), stacked(norm, models), examples(models, 5, 4, 3, 2))


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolving_in_groups_is_the_same(name: str) -> None:
    """What a GPU does in one call equals what a CPU does model by model."""
    module = CONVOLUTIONS[name]
    layer, weights = Convolution(module), stacked(module, 3)
    a = examples(3, 4, module.in_channels, 10, 8)
    # float32 sums in another order
    torch.testing.assert_close(
        layer.in_groups(a, weights), layer.forward(a, weights), rtol=1e-4, atol=1e-4
    )


def small_resnet() -> nn.Sequential:
    return build_network("resnet", (3, 8, 8), 4, 16, np.random.default_rng(0))


def test_the_resnet_is_resnet_18() -> None:
    """11.2 million weights at 64 channels for 10 labels, 20 convolutions and 1 dense layer."""
    network = build_network("resnet", (3, 32, 32), 10, 64, np.random.default_rng(0))
    assert sum(p.numel() for p in network.parameters()) == 11_173_962
    kinds = [type(m).__name__ for m in network.modules()]
    assert kinds.count("Conv2d") == 20
    assert kinds.count("Linear") == 1


def test_a_stacked_resnet_gives_each_network_s_logits() -> None:
    networks = [
        build_network("resnet", (3, 8, 8), 4, 16, np.random.default_rng(k)) for k in range(2)
    ]
    x = examples(2, 5, 3, 8, 8)
    logits = LayerStack(networks).logits(x)
    for k, network in enumerate(networks):
        torch.testing.assert_close(logits[k], network(x[k]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("max_grad_norm", [0.1, 1000.0])
def test_clipped_sums_of_a_resnet_equal_one_person_at_a_time(max_grad_norm: float) -> None:
    network, x = small_resnet(), examples(6, 3, 8, 8)
    y = torch.arange(6) % 4
    expected, over = [torch.zeros_like(p) for p in network.parameters()], 0
    for xi, yi in zip(x, y, strict=True):
        loss = nn.functional.cross_entropy(network(xi[None]), yi[None])
        grads = torch.autograd.grad(loss, list(network.parameters()))
        norm = math.sqrt(sum(float(g.square().sum()) for g in grads))
        over += norm > max_grad_norm
        for into, grad in zip(expected, grads, strict=True):
            into += grad * min(1.0, max_grad_norm / norm)
    stack = LayerStack([network])
    sums, clipped = stack.clipped_gradient_sums(x[None], y[None], torch.ones(1, 6), max_grad_norm)
    assert clipped.tolist() == [over]
    for got, value in zip(stack.as_in_networks(sums), expected, strict=True):
        torch.testing.assert_close(got[0], value, rtol=1e-3, atol=1e-4 * float(value.abs().max()))


def test_shard_gradients_are_those_of_each_shard_s_mean_loss() -> None:
    networks = [build_network("cnn", (1, 8, 8), 3, 8, np.random.default_rng(k)) for k in range(2)]
    stack, x = LayerStack(networks), examples(2, 7, 1, 8, 8)
    y = torch.arange(14).view(2, 7) % 3
    through = stack.forward(x)
    losses = nn.functional.cross_entropy(
        through.logits.flatten(0, 1), y.flatten(), reduction="none"
    ).view(2, 7)
    shards = stack.shard_gradients(through, losses, 3)  # of 3, 2 and 2 people
    for k, network in enumerate(networks):
        for s, rows in enumerate((slice(0, 3), slice(3, 5), slice(5, 7))):
            loss = nn.functional.cross_entropy(network(x[k, rows]), y[k, rows])
            alone = torch.autograd.grad(loss, list(network.parameters()))
            for got, value in zip(stack.as_in_networks(shards), alone, strict=True):
                torch.testing.assert_close(got[k, s], value, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("people", "inputs", "outputs"), [(49, 64, 10), (7, 5, 3), (33, 18, 2)])
def test_products_do_not_depend_on_where_a_model_lies_in_memory(
    people: int, inputs: int, outputs: int
) -> None:
    """Sizes that are no multiple of a cache line, so that every model is aligned otherwise."""
    layer = Dense(nn.Linear(inputs, outputs))
    x, delta = examples(6, people, inputs), examples(6, people, outputs)
    weights = [examples(6, inputs, outputs), examples(6, outputs)]
    scale = examples(6, people).abs()
    sums = layer.weighted_sums(x, delta, scale, None)
    out = layer.forward(x, weights)
    for k in range(6):
        one = slice(k, k + 1)
        alone = layer.forward(x[one].clone(), [w[one].clone() for w in weights])
        assert torch.equal(alone, out[one])
        own = layer.weighted_sums(x[one].clone(), delta[one].clone(), scale[one].clone(), None)
        assert all(torch.equal(a, b[one]) for a, b in zip(own, sums, strict=True))
