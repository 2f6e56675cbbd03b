"""Crafting networks: what helps a proxy is found, what would harm is none, and whole numbers."""

from typing import Any

import numpy as np
import pytest
import torch
from linear_proxy import linear_proxy, loss_of

from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.test_time.perturbations.budget import Norm
from quorate.test_time.perturbations.crafting import Crafting, craft
from quorate.test_time.perturbations.network_crafting import (
    Changing,
    sides_within,
    top_of,
    whole,
)
from quorate.test_time.perturbations.perturbation import Perturbation, load, save
from quorate.test_time.perturbations.whole_network import WholeNetwork
from quorate.test_time.platforms.platform import to_features

SHAPE = (3, 8, 8)
TWO = ("dark", "bright")
BRIEF = Crafting(network_steps=30, width=4, batch_size=32, diversity=0)


def people(n: int, seed: int = 0) -> Any:
    """Pictures in the dark whose red is the label: beyond 30 of 255 levels, bright."""
    rng = np.random.default_rng(seed)
    x = rng.integers(10, 50, (n, *SHAPE), dtype=np.uint8)
    y = rng.integers(0, 2, n)
    x[:, 0] = np.where(y, 40, 20)[:, None, None]
    return x, y


def threshold(levels: float = 100) -> NetworkClassifier:
    """A platform that says bright where the mean of red is beyond so many levels."""
    proxy: NetworkClassifier = linear_proxy(np.zeros((2, *SHAPE)))
    network: Any = proxy.network
    layer = network[-1]
    with torch.no_grad():
        layer.weight[1, :64] = 10 / 64
        layer.bias = torch.nn.Parameter(torch.tensor([0.0, -10 * levels / 255]))
    return proxy


def crafted(proxies: Any, x: Any, y: Any, crafting: Crafting = BRIEF, **more: Any) -> Perturbation:
    options = {"epsilon": 1.0, **more}
    rng = np.random.default_rng(0)
    return craft(proxies, x, y, TWO, crafting, rng, family="network", **options)


def test_a_network_without_a_budget_mends_what_a_platform_cannot_read() -> None:
    # everyone is too dark to be bright: the network has to brighten, as far as they need it
    x, y = people(200)
    proxy = threshold()
    assert (proxy.predict(to_features(x)) == y).mean() == (y == 0).mean()
    p = crafted([proxy], x, y, Crafting(network_steps=100, width=8, batch_size=64, diversity=0))
    fresh, truth = people(100, seed=1)
    out = p.apply(fresh, truth)
    assert (proxy.predict(to_features(out)) == truth).mean() > 0.95
    assert p.about["change"] == "network"
    assert p.about["proxy_loss"] < p.about["proxy_loss_unchanged"] - 0.3
    assert abs(p.about["whole_numbers_cost"]) < 0.05  # nats
    assert loss_of(proxy, out, truth, 4.0) == pytest.approx(p.about["proxy_loss"], abs=0.1)


@pytest.mark.parametrize(("norm", "epsilon"), [("linf", 8 / 255), ("l2", 60 / 255)])
def test_within_a_budget_too(norm: Norm, epsilon: float) -> None:
    x, y = people(200)
    p = crafted([threshold(32)], x, y, epsilon=epsilon, norm=norm)
    moved = p.apply(x, y).astype(int) - x
    assert p.about["change"] == "network"
    sizes = np.abs(moved).max() if norm == "linf" else np.sqrt((moved**2).sum((1, 2, 3))).max()
    budget = round(255 * epsilon)
    assert budget / 2 < sizes <= budget


def test_what_cannot_help_is_no_change() -> None:
    # the platform does not look at the picture at all
    x, y = people(60)
    p = crafted([linear_proxy(np.zeros((2, *SHAPE)))], x, y)
    assert p.about["change"] == "none"
    assert "whole_numbers_cost" not in p.about
    assert p.about["proxy_loss"] == p.about["proxy_loss_unchanged"]
    assert p.apply(x, y).tolist() == x.tolist()
    assert not any(one.any() for name, one in p.arrays.items() if name != "tanh")


def test_what_helps_those_who_craft_alone_is_no_change() -> None:
    # labels by the toss of a coin, which a network could only learn by heart
    x, y = people(100)
    rng = np.random.default_rng(3)
    p = crafted([threshold(30)], x, rng.permutation(y))
    assert p.about["change"] == "none"


def test_the_same_seed_gives_the_same_file(
    tmp_path: Any,
) -> None:
    x, y = people(40)
    looks = Crafting(network_steps=4, width=4, batch_size=16, diversity=1)  # all views
    first, again = (crafted([threshold()], x, y, looks) for _ in range(2))
    save(first, tmp_path / "p.npz")
    for name, one in load(tmp_path / "p.npz").arrays.items():
        np.testing.assert_array_equal(again.arrays[name], one)


def test_proxies_are_left_as_they_were() -> None:
    x, y = people(40)
    proxy = threshold()
    before = [one.clone() for one in proxy.network.parameters()]
    crafted([proxy], x, y, Crafting(network_steps=3, width=2, batch_size=16))
    for one, was in zip(proxy.network.parameters(), before, strict=True):
        assert torch.equal(one, was)
        assert one.grad is None


@pytest.mark.parametrize("seed", range(3))
def test_whole_numbers_are_close_to_the_network_that_they_were_made_of(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 60 if seed else 256, (20, 3, 16, 16), dtype=np.uint8)
    scaled = torch.from_numpy(x).float() / 255
    change = Changing(scaled, 8, 1.0, "linf", rng)
    with torch.no_grad():
        for weights in change.layers[-1].parameters():
            weights.uniform_(-0.3, 0.3, generator=torch.Generator().manual_seed(seed))
    made = whole(change, scaled)
    with torch.no_grad():
        wanted = change(scaled).numpy() * 255
    out = np.clip(x + made.change(x), 0, 255)
    assert np.abs(wanted - x).mean() > 5  # it does change them
    assert np.abs(out - wanted).mean() < 1  # level
    for at, layer in enumerate(made.layers):
        assert layer.largest_sum(1023 if at else 255) < 2**24
        assert np.abs(layer.weight).max() in range(60, 128)  # the digits there are, are used


def test_the_widest_network_can_be_kept_in_a_file() -> None:
    x = torch.rand(2, *SHAPE)
    made = whole(Changing(x, 64, 1.0, "linf", np.random.default_rng(0)), x)
    assert Perturbation("network", made.arrays(), TWO, SHAPE, 1.0).label_free
    zero = made.change(np.zeros((1, *SHAPE), np.uint8))
    assert not zero.any()  # the last layer starts at 0, so that f starts at no change


def test_how_far_a_network_sees_and_moves() -> None:
    assert sides_within(32) == (5, 3, 3)
    for smallest in range(1, 12):
        assert 1 + sum(side - 1 for side in sides_within(smallest)) <= smallest
    assert top_of(8 / 255, "linf") == 8
    assert top_of(1.0, "linf") == 255
    assert top_of(20.0, "l2") == 255
    assert WholeNetwork.of(crafted([threshold()], *people(30)).arrays).tanh[-1] == 255
