"""Networks of the user's own: how they are made, in which ways they are called, what is clipped."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import own_networks as nets
from quorate.engine.module_stack import ModuleStack, Ways
from quorate.engine.own_network import make_network
from quorate.engine.ways import find_ways
from quorate.errors import InputError

SHAPE, K = (1, 8, 8), 10
CPU = torch.device("cpu")
# Whether networks are called side by side, and where not, whether all people's gradients are
# formed in one call: None where people cannot be told apart.
WAYS: list[tuple[Any, bool, bool | None]] = [
    (nets.Dense, True, True),
    (nets.Unusual, True, True),
    (nets.sequential, True, True),
    (nets.group_normal, True, True),
    (nets.lazy, True, True),
    (nets.ten_labels, True, True),
    (nets.Convolutional, False, True),
    (nets.dropout, False, True),
    (nets.batch_normal, False, None),
    (nets.Branching, False, False),
    (nets.Recurrent, False, False),
    (nets.Attention, False, False),
]
CLIPPED = [make for make, _, at_once in WAYS if at_once is not None]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ways(make: Any, *, private: bool = False) -> Ways:
    return find_ways(make, SHAPE, K, 13, CPU, private=private, most=8)


def name(make: Any) -> str:
    return getattr(make, "__name__", "")


def people(models: int, n: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand((models, n, *SHAPE), generator=generator) - 0.3
    return x, torch.randint(K, (models, n), generator=generator)


@pytest.mark.parametrize(
    ("make", "side_by_side", "at_once"), WAYS, ids=[name(make) for make, *_ in WAYS]
)
def test_ways_are_found_by_trying(make: Any, side_by_side: bool, at_once: bool | None) -> None:
    assert ways(make).side_by_side == side_by_side
    if at_once is not None:
        found = ways(make, private=True)
        assert found.side_by_side == side_by_side
        assert side_by_side or found.people_at_once == at_once
    assert ways(make).draws == (make is nets.dropout)


def test_a_module_whose_stacks_differ_from_it_alone_is_trained_by_itself() -> None:
    """Under torch.func the class of a tensor is told: here, as a kernel's choice may be."""

    class Telling(nets.Dense):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            inside = torch._C._functorch.is_batchedtensor(x)
            return super().forward(x) * (1.5 if inside else 1)

    assert not ways(Telling).side_by_side


@pytest.mark.parametrize("make", CLIPPED, ids=name)
def test_clipped_sums_are_those_of_a_loop_over_people(make: Any) -> None:
    networks = [make_network(make, SHAPE, K, rng(i)) for i in range(3)]
    x, y = people(3)
    present = torch.ones(3, 6)
    present[0, 4:] = 0
    norm = 0.8
    expected, clipped = [], []
    for network, people_x, labels, counts in zip(networks, x, y, present, strict=True):
        own = [p for p in network.parameters() if p.requires_grad]
        total, over = [torch.zeros_like(p) for p in own], 0
        torch.manual_seed(0)
        for i in range(int(counts.sum())):
            loss = functional.cross_entropy(network.eval()(people_x[i : i + 1]), labels[i : i + 1])
            gradients = torch.autograd.grad(loss, own, allow_unused=True, materialize_grads=True)
            length = float(torch.cat([g.flatten() for g in gradients]).norm())
            over += length > norm
            for into, g in zip(total, gradients, strict=True):
                into += g * min(1.0, norm / length)
        expected.append(total)
        clipped.append(over)
    if make is nets.dropout:  # what it drops is drawn: the loop above is without
        for network in networks:
            network.module[2].p = 0.0
    stack = ModuleStack(networks, ways(make, private=True))
    sums, over = stack.clipped_gradient_sums(x, y, present, norm)
    assert over.tolist() == clipped
    for model, total in enumerate(expected):
        for ours, naive in zip(sums, total, strict=True):  # float32 of sums of six
            torch.testing.assert_close(ours[model], naive, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", CLIPPED, ids=name)
def test_one_person_moves_a_clipped_sum_by_the_threshold_at_most(make: Any) -> None:
    stack = ModuleStack(
        [make_network(make, SHAPE, K, rng(i)) for i in range(2)], ways(make, private=True)
    )
    x, y = people(2)
    present = torch.ones(2, 6)
    before = [
        held.clone() for network in stack.networks() for held in network.state_dict().values()
    ]
    states = [network._draws.get_state() for network in stack.networks()]
    everyone, _ = stack.clipped_gradient_sums(x, y, present, 0.5)
    for i in range(6):
        for network, state in zip(stack.networks(), states, strict=True):
            network._draws.set_state(state)
        present[:, i] = 0
        without, _ = stack.clipped_gradient_sums(x, y, present, 0.5)
        present[:, i] = 1
        moved = [(a - b).flatten(1) for a, b in zip(everyone, without, strict=True)]
        assert (torch.cat(moved, dim=1).norm(dim=1) <= 0.5 * (1 + 1e-5)).all()  # rounding
    after = [held for network in stack.networks() for held in network.state_dict().values()]
    assert all(map(torch.equal, before, after))  # nothing of the people is kept anywhere


@pytest.mark.parametrize("make", [make for make, *_ in WAYS], ids=name)
def test_shards_have_the_gradients_of_their_people(make: Any) -> None:
    networks = [make_network(make, SHAPE, K, rng(i)) for i in range(2)]
    stack = ModuleStack(networks, ways(make))
    x, y = people(2, n=7)
    through = stack.forward(x)
    losses = functional.cross_entropy(through.logits.flatten(0, 1), y.flatten(), reduction="none")
    losses = losses.view(2, 7)
    shards = stack.shard_gradients(through, losses, 3)  # of 3, 2 and 2 people
    for at, rows in enumerate([[0, 1, 2], [3, 4], [5, 6]]):
        loss = losses[:, rows].mean(dim=1).sum()
        expected = torch.autograd.grad(
            loss, stack.weights, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        for of_shard, own in zip(shards, expected, strict=True):
            torch.testing.assert_close(of_shard[:, at], own)


def test_weights_come_from_the_seed_and_nothing_else_does() -> None:
    torch.manual_seed(5)
    untouched = torch.rand(2)
    for make in (nets.Dense, nets.Recurrent, nets.lazy, nets.Dense(SHAPE, K)):
        torch.manual_seed(5)
        one, same = (make_network(make, SHAPE, K, rng(1)) for _ in range(2))
        other = make_network(make, SHAPE, K, rng(2))
        assert torch.equal(torch.rand(2), untouched)
        for a, b, c in zip(one.parameters(), same.parameters(), other.parameters(), strict=True):
            assert torch.equal(a, b)
            assert a.numel() < 3 or not torch.equal(a, c) or a.unique().numel() == 1  # ones, zeros


def test_a_module_is_copied_and_begins_anew_but_for_what_is_frozen() -> None:
    given = nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.Linear(3, 10))
    given[1].requires_grad_(False)
    before = [p.clone() for p in given.parameters()]
    made = make_network(given, SHAPE, K, rng()).module
    assert torch.equal(made[1].weight, given[1].weight)
    assert not torch.equal(made[2].weight, given[2].weight)
    assert all(map(torch.equal, before, given.parameters()))
    with pytest.raises(InputError, match=r"weights without: scale, idle\. Hand in a function"):
        make_network(nets.Unusual(SHAPE, K), SHAPE, K, rng())


@pytest.mark.parametrize(
    "make",
    [
        nets.Dense,
        lambda: nets.Dense(SHAPE, K),
        lambda a, b: nets.Dense(a, b),
        lambda *, k, shape: nets.Dense(shape, k),
        lambda k, width=3: nets.Dense(SHAPE, k, width),
        functools.partial(nets.Dense, width=7),
        functools.partial(nets.Dense, SHAPE, K),
    ],
)
def test_what_a_factory_may_ask_for(make: Any) -> None:
    network = make_network(make, SHAPE, K, rng())
    assert network(torch.zeros(2, *SHAPE)).shape == (2, K)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda a, b, c: None, "ask for nothing, or for shape and k, .* got \\(a, b, c\\)"),
        (lambda: 3, "lambda to return an nn.Module, got int"),
        (lambda: 1 / 0, "lambda to make a network, got ZeroDivisionError: division by zero"),
    ],
)
def test_what_is_no_factory_is_refused(make: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_network(make, SHAPE, K, rng())


def test_dropout_draws_by_itself() -> None:
    """A network draws on where it stopped, and the global generator is as it was."""
    network = make_network(nets.dropout, SHAPE, K, rng())
    torch.manual_seed(3)
    state = torch.get_rng_state()
    x = torch.rand(4, *SHAPE)
    torch.set_rng_state(state)
    answers = []
    for _ in range(2):
        with network.drawing():
            answers.append(network(x))
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(*answers)
    again = make_network(nets.dropout, SHAPE, K, rng())
    with again.drawing():
        assert torch.equal(again(x), answers[0])
        assert torch.equal(again(x), answers[1])


def test_a_representation_is_what_the_last_linear_layer_takes() -> None:
    network = make_network(nets.Dense, SHAPE, K, rng())
    x = torch.rand(4, *SHAPE)
    inside = network.representation(x)
    assert inside.shape == (4, 5)
    assert torch.equal(network.module.last(inside), network(x))
    with pytest.raises(InputError, match=r"to come from a last nn\.Linear"):
        make_network(
            lambda: nn.Sequential(nets.sequential(SHAPE, K), nn.Tanh()), SHAPE, K, rng()
        ).representation(x)


def test_every_way_gives_the_same_gradients() -> None:
    """Side by side, all people at once, and one by one."""
    x, y = people(3)
    found = []
    for how in (Ways(most=3), Ways(people_at_once=True), Ways()):
        stack = ModuleStack([make_network(nets.Dense, SHAPE, K, rng(i)) for i in range(3)], how)
        found.append(stack.clipped_gradient_sums(x, y, torch.ones(3, 6), 0.3)[0])
    for one, other in itertools.pairwise(found):
        for a, b in zip(one, other, strict=True):  # float32
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
