"""Crafting: the optimum where it is known, the budget, the restarts and what nobody has seen."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_proxy import linear_proxy, loss_of

from quorate.errors import InputError
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.test_time.perturbations.budget import Norm
from quorate.test_time.perturbations.crafting import Crafting, _losses, craft
from quorate.test_time.perturbations.families import FAMILIES, DifferentiableChange
from quorate.test_time.perturbations.perturbation import Family, Perturbation
from quorate.test_time.perturbations.views import draw_view, viewed

SHAPE = (1, 3, 4)
TWO, THREE = ("no", "yes"), ("a", "b", "c")
PLAIN = Crafting(steps=30, restarts=1, diversity=0)


def weights_of(k: int, seed: int, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).choice([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0], size=(k, *shape))


def people(n: int, k: int, seed: int, shape: tuple[int, int, int] = SHAPE) -> Any:
    """Pictures far from 0 and 255, and labels of all kinds."""
    rng = np.random.default_rng(seed)
    x = rng.integers(60, 190, size=(n, *shape), dtype=np.uint8)
    return x, rng.permutation(np.arange(n) % k)


def crafted(
    proxies: list[NetworkClassifier],
    x: Any,
    y: Any,
    crafting: Crafting = PLAIN,
    seed: int = 0,
    classes: tuple[str, ...] = TWO,
    epsilon: float = 8 / 255,
    **more: Any,
) -> Perturbation:
    rng = np.random.default_rng(seed)
    return craft(proxies, x, y, classes, crafting, rng, epsilon=epsilon, **more)


# ------------------------------------------------------------------------------------- by hand


@pytest.mark.parametrize("seed", range(4))
def test_the_optimum_of_a_linear_proxy_is_the_sign_of_its_weights(seed: int) -> None:
    # the loss of class y falls along (w_y − w_other)·δ, wherever a picture stands
    w = weights_of(2, seed)
    w[1][w[0] == w[1]] *= -1
    x, y = people(20, 2, seed)
    p = crafted([linear_proxy(w)], x, y)
    towards = np.sign(w[1] - w[0])
    assert p.arrays["delta"].tolist() == [(-8 * towards).tolist(), (8 * towards).tolist()]
    assert p.about["missing"] == []
    assert p.about["pictures"] == 20


@pytest.mark.parametrize("seed", range(4))
def test_under_l2_the_optimum_is_the_direction_of_the_weights(seed: int) -> None:
    w = weights_of(2, seed)
    w[1][w[0] == w[1]] *= -1
    x, y = people(20, 2, seed)
    p = crafted([linear_proxy(w)], x, y, epsilon=40 / 255, norm="l2")
    towards = (w[1] - w[0]) / np.linalg.norm(w[1] - w[0])
    # cut towards 0 to whole levels: each is less than one level off, but for float32's 1e-4
    for delta, sign in zip(p.arrays["delta"], (-1, 1), strict=True):
        off = sign * 40 * towards - delta
        assert np.abs(off).max() < 1 + 1e-4
        assert (np.abs(delta) <= np.abs(40 * towards) + 1e-4).all()


def test_everyone_s_change_is_that_of_the_many() -> None:
    w = weights_of(2, 0)
    w[1][w[0] == w[1]] *= -1
    x, _ = people(20, 2, 0)
    y = np.array([1] * 17 + [0] * 3)
    # a picture's pull is its gradient; equal pictures pull equally, so 17 outweigh 3
    p = crafted([linear_proxy(w * 1e-3)], np.repeat(x[:1], 20, axis=0), y, label_free=True)
    assert p.label_free
    assert p.arrays["delta"].tolist() == [(8 * np.sign(w[1] - w[0])).tolist()]


def test_an_ensemble_averages_losses() -> None:
    # pixel 0: 3 against −1; pixel 1: 1 against −2; pixel 2: the two agree
    one = linear_proxy(np.array([[0, 0, 0], [3, 1, 1]]).reshape(2, 1, 1, 3) * 1e-3)
    other = linear_proxy(np.array([[0, 0, 0], [-1, -2, 1]]).reshape(2, 1, 1, 3) * 1e-3)
    x, y = np.full((4, 1, 1, 3), 100, np.uint8), np.array([0, 0, 1, 1])
    for proxies in ([one, other], [other, one]):
        p = crafted(proxies, x, y)
        assert p.arrays["delta"].tolist() == [[[[-8, 8, -8]]], [[[8, -8, 8]]]]


def test_the_proxies_word_is_their_mean_loss() -> None:
    ws = [weights_of(3, seed) for seed in (0, 1)]
    x, y = people(30, 3, 0)
    for cap in (0.5, 4.0):
        crafting = replace(PLAIN, cap=cap)
        p = crafted([linear_proxy(ws[0])], x, y, crafting, classes=THREE)
        expected = loss_of(linear_proxy(ws[0]), p.apply(x, y), y, cap)
        # levels are rounded once they are crafted; float32 keeps seven digits of the loss itself
        assert p.about["proxy_loss"] == pytest.approx(expected, rel=0.02)
        unmoved = loss_of(linear_proxy(ws[0]), x, y, cap)
        assert expected < unmoved


def test_a_class_without_a_picture_is_left_alone_and_named() -> None:
    x, y = people(12, 2, 0)
    p = crafted([linear_proxy(weights_of(3, 0))], x, np.where(y, 2, 0), classes=THREE)
    assert p.about["missing"] == ["b"]
    assert not p.arrays["delta"][1].any()
    assert p.arrays["delta"][[0, 2]].any(axis=(1, 2, 3)).all()
    several = Crafting(steps=3, restarts=3)  # the later ones begin at random
    p = crafted([linear_proxy(weights_of(3, 0))], x, np.zeros(12, np.int64), several, classes=THREE)
    assert p.about["missing"] == ["b", "c"]
    assert not p.arrays["delta"][1:].any()
    for family in ("additive", "gain", "filter", "combined"):
        p = crafted(
            [linear_proxy(weights_of(3, 0))], x, y, classes=THREE, family=family, label_free=True
        )
        assert p.about["missing"] == []


def test_no_pictures_or_no_budget() -> None:
    x, y = people(4, 2, 0)
    with pytest.raises(InputError, match="Expected members' pictures to craft with, got none"):
        crafted([linear_proxy(weights_of(2, 0))], x[:0], y[:0])
    with pytest.raises(InputError, match="at least 1/255"):
        crafted([linear_proxy(weights_of(2, 0))], x, y, epsilon=0.001)


# ---------------------------------------------------------------------------------- properties


@settings(max_examples=30)
@given(
    st.sampled_from(["additive", "gain", "filter", "combined"]),
    st.sampled_from(["linf", "l2"]),
    st.booleans(),
    st.integers(0, 10**6),
)
def test_what_is_crafted_keeps_the_budget_and_the_seed_decides(
    family: Family, norm: Norm, label_free: bool, seed: int
) -> None:
    shape = (2, 4, 4)
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 256, size=(9, *shape), dtype=np.uint8), rng.integers(3, size=9)
    before = x.copy(), y.copy()
    proxy = linear_proxy(weights_of(3, seed, shape))
    crafting = Crafting(steps=4, batch_size=4, restarts=2, side=3, diversity=0.5)
    options: Any = {
        "classes": THREE,
        "epsilon": 12 / 255,
        "norm": norm,
        "family": family,
        "label_free": label_free,
    }
    p, again = (crafted([proxy], x, y, crafting, seed, **options) for _ in range(2))
    assert (x == before[0]).all()
    assert (y == before[1]).all()
    assert p.arrays.keys() == again.arrays.keys()
    assert all((p.arrays[name] == again.arrays[name]).all() for name in p.arrays)
    assert p.about == again.about
    assert p.label_free == (label_free or family != "additive")
    moved = p.apply(x, y).astype(int) - x
    if norm == "linf":
        assert np.abs(moved).max() <= 12
        if family == "additive":
            assert np.abs(p.arrays["delta"]).max() <= 12
    else:
        assert np.sqrt((moved**2).sum((1, 2, 3))).max() <= 12 + 1e-6  # rounding of square roots


@pytest.mark.parametrize("family", ["additive", "gain", "filter", "combined"])
def test_the_first_restart_is_the_run_alone_and_more_are_never_worse(family: Family) -> None:
    # With the whole pool in a batch nothing is drawn for one restart that is not for another.
    w = weights_of(3, 5)
    x, y = people(24, 3, 5)
    proxy = linear_proxy(w)
    losses = []
    for restarts in (1, 2, 4):
        crafting = Crafting(steps=6, restarts=restarts, diversity=0, side=3)
        p = crafted([proxy], x, y, crafting, classes=THREE, family=family)
        losses.append(p.about["proxy_loss"])
    # float32 sums in another order in a larger stack
    assert losses[1] <= losses[0] * (1 + 1e-5)
    assert losses[2] <= losses[0] * (1 + 1e-5)


@pytest.mark.parametrize("family", ["additive", "gain", "filter", "combined"])
def test_a_stack_of_restarts_is_as_many_runs(family: Family) -> None:
    """Step by step, on the same pictures, each restart moves as if it were alone."""
    change, x, y = a_change(family, restarts=3)
    network = linear_proxy(weights_of(3, 1)).network
    parameters = change.begin(torch.Generator().manual_seed(0))
    assert all(not p[0].any() for p in parameters)  # the first at no change
    assert all(p[1:].any() for p in parameters)
    together = _losses(change, [network], parameters, x, y, 4.0)
    assert together.shape == (3, len(x))
    alone = replace(change, restarts=1)
    for r in range(3):
        single = _losses(alone, [network], [p[r : r + 1] for p in parameters], x, y, 4.0)
        # float32: another number of rows may be summed in another order
        assert torch.allclose(single[0], together[r], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("family", ["additive", "gain", "filter", "combined"])
def test_while_crafted_a_change_is_what_it_will_be(family: Family, norm: Norm) -> None:
    change, x, y = a_change(family, restarts=2, norm=norm)
    parameters = change.begin(torch.Generator().manual_seed(3))
    seen = change.apply(parameters, x, y)
    for r in range(2):
        arrays = change.arrays([p[r] for p in parameters])
        kept = Perturbation(family, arrays, THREE, change.shape, change.epsilon, norm)
        applied = kept.apply(x.numpy().astype(np.uint8), y.numpy())
        # rounded under L∞, cut towards 0 under L2, of δ and then of the change: up to two levels
        assert np.abs(applied - seen[r].numpy()).max() <= (0.5 + 1e-3 if norm == "linf" else 2)


def test_the_gradient_of_a_clipped_change_fades_but_does_not_end() -> None:
    change, x, y = a_change("gain", restarts=1)
    gain = torch.full((1, 1), 3.0, requires_grad=True)  # far beyond the budget of 8 levels
    bias = torch.zeros((1, 1), requires_grad=True)
    seen = change.apply([gain, bias], x, y)
    assert (seen == x + 8).all()
    seen.sum().backward()
    # d seen/d bias = 1/(1 + (T/16)²) of each pixel, T = 3x
    expected = (1 / (1 + (3 * x / 16) ** 2)).sum()
    assert bias.grad is not None
    assert bias.grad.item() == pytest.approx(expected.item(), rel=1e-4)  # float32


def a_change(
    family: Family, restarts: int, norm: Norm = "linf"
) -> tuple[DifferentiableChange, Any, Any]:
    change = FAMILIES[family](
        restarts=restarts,
        k=3,
        shape=SHAPE,
        epsilon=8 / 255,
        norm=norm,
        label_free=False,
        side=3,
        reach=4.0,
    )
    x, y = people(10, 3, 2)
    return change, torch.from_numpy(x).float(), torch.from_numpy(y)


# ------------------------------------------------------------------------------ other pictures


def test_how_a_batch_is_looked_at() -> None:
    generator = torch.Generator().manual_seed(0)
    assert all(draw_view(32, 0.0, generator) is None for _ in range(20))
    looks = [look for _ in range(300) if (look := draw_view(32, 1.0, generator)) is not None]
    assert len(looks) == 300
    assert {look["side"] for look in looks} == {29, 30, 31, 32}
    assert {look["shift"][0] for look in looks} == {-2, -1, 0, 1, 2}
    half = sum(draw_view(32, 0.5, generator) is None for _ in range(1000))
    assert 400 < half < 600  # six standard deviations of 16 around 500


def test_a_shift_moves_whole_pixels_and_a_resize_keeps_what_is_flat() -> None:
    x = torch.arange(12.0).view(1, 1, 3, 4)
    assert viewed(x, 3, (1, -1))[0, 0].tolist() == [[9, 10, 11, 8], [1, 2, 3, 0], [5, 6, 7, 4]]
    flat = torch.full((2, 3, 10, 10), 0.25)
    assert torch.allclose(viewed(flat, 9, (0, 0)), flat)
    assert viewed(flat, 9, (0, 0)).shape == flat.shape


# ---------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"steps": 0}, "Expected steps=0 to be at least 1"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"restarts": 0}, "restarts=0"),
        ({"step_size": 0.0}, "step_size=0 to be a positive"),
        ({"momentum": 1.0}, r"momentum=1 in \[0, 1\)"),
        ({"cap": -1.0}, "cap=-1"),
        ({"diversity": 1.5}, r"diversity=1.5 in \[0, 1\]"),
        ({"side": 4}, "side=4 to be odd"),
        ({"side": -1}, "side=-1 to be odd"),
        ({"reach": 0.0}, "reach=0"),
    ],
)
def test_parameters_out_of_range_are_named(given: Any, named: str) -> None:
    with pytest.raises(InputError, match=named):
        Crafting(**given)


def test_a_filter_that_no_file_may_hold_is_refused_before_anything_is_crafted() -> None:
    x, y = people(4, 2, 0)
    nobody: list[NetworkClassifier] = []  # nothing is asked of a surrogate
    with pytest.raises(
        InputError, match=r"got images of shape \(1, 3, 4\) and side=65\. Use side=5"
    ):
        crafted(nobody, x, y, replace(PLAIN, side=65), family="filter", label_free=True)
    with pytest.raises(InputError, match="got yes twice"):
        crafted(nobody, x, y, classes=("yes", "yes"))
