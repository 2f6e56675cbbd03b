"""How a network of the user's own can be trained: side by side with others, or by itself.

It is found by trying, once for all stacks, since a model has to come out the same whichever train
beside it. Shape letters: K models, B people in a batch.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.modules.conv import _ConvNd

from quorate.engine.module_stack import PADDED_TO, ModuleStack, Ways, formed_at_once
from quorate.engine.own_checks import ALIKE
from quorate.engine.own_network import OwnNetwork, make_network

TRIED = 3  # networks, which a larger stack repeats
SIZES = (3, 33)  # of a batch, beside the one asked for
WEIGHTS_AT_ONCE = 2**22  # of a stack
GRADIENTS_AT_ONCE = 2**24  # numbers in people's gradients of a stack: 64 MiB


def find_ways(
    make: Any,
    shape: tuple[int, ...],
    k: int,
    batch_size: int,
    device: torch.device,
    *,
    private: bool,
    most: int,
) -> Ways:
    """Return how networks of the user's own can be called, as a few of them show.

    Side by side are those that torch.func can call so, that draw nothing and keep nothing in
    training, and, on a CPU, that come out the same to the bit in every stack that is tried.

    Args:
        make, shape, k: as of ``make_network``.
        batch_size: number of people per gradient step.
        device: where they are trained.
        private: whether people's gradients are clipped.
        most: networks in a stack, at most.
    """
    networks = [
        make_network(make, shape, k, np.random.default_rng(seed)).onto(device)
        for seed in range(TRIED)
    ]
    apart = Ways(draws=_changes(networks[0], shape, of_draws=True))
    bounds = [most, _most(networks[0], shape, batch_size, private=private, device=device)]
    trial = _Trial(networks, shape, k, device, private)
    sizes = sorted({*SIZES, batch_size})
    together = replace(apart, most=min(bounds))
    kept = _changes(networks[0], shape, of_draws=False)
    if together.side_by_side and not apart.draws and not kept and trial.agrees(together, sizes):
        return together
    at_once = replace(apart, people_at_once=True)
    return at_once if private and trial.runs(at_once, SIZES[0]) else apart


def _most(
    network: OwnNetwork,
    shape: tuple[int, ...],
    batch_size: int,
    *,
    private: bool,
    device: torch.device,
) -> int:
    """Return how many networks are best trained at once, if they can be; 1 for convolutions.

    As with ours, on a CPU these run best one model at a time.
    """
    if device.type == "cpu" and any(isinstance(layer, _ConvNd) for layer in network.modules()):
        return 1
    size = sum(p.numel() for p in network.parameters())
    most = WEIGHTS_AT_ONCE // size
    if private:
        at_once = formed_at_once(network)
        if at_once < PADDED_TO:
            return 1
        most = min(most, GRADIENTS_AT_ONCE // (size * min(batch_size, at_once)))
    return max(1, most)


def _changes(network: OwnNetwork, shape: tuple[int, ...], *, of_draws: bool) -> bool:
    """Whether a pass in training draws numbers, or else changes what the network holds."""
    x = _people(shape, 2, torch.Generator().manual_seed(0)).to(next(network.parameters()).device)
    with network.drawing(), torch.no_grad():
        before = _state(network, of_draws=of_draws)
        network.train()(x)
        after = _state(network, of_draws=of_draws)
    return not all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def _state(network: OwnNetwork, *, of_draws: bool) -> list[Tensor]:
    if not of_draws:
        return [held.clone() for held in network.state_dict().values()]
    place = next(network.parameters()).device
    cuda = place.type == "cuda"
    return [torch.cuda.get_rng_state(place) if cuda else torch.get_rng_state()]


def _people(shape: tuple[int, ...], n: int, generator: torch.Generator) -> Tensor:
    """Return features of made-up people, (n, ...): images on [0, 1], or standardised numbers."""
    draw = torch.rand if len(shape) > 1 else torch.randn
    return draw((n, *shape), generator=generator)


@dataclass(frozen=True, eq=False)
class _Trial:
    """A few networks, called in several ways."""

    networks: Sequence[OwnNetwork]
    shape: tuple[int, ...]
    k: int
    device: torch.device
    private: bool

    def agrees(self, ways: Ways, sizes: Sequence[int]) -> bool:
        """Whether networks come out of every stack as of one by itself, at every size of a batch.

        They also have to come out as when called without torch.func, up to the last digits.
        """
        exact = self.device.type == "cpu"
        try:
            for size in sizes:
                alone = [self._outcome(ways, [i], size) for i in range(TRIED)]
                plain = [self._outcome(replace(ways, most=1), [i], size) for i in range(TRIED)]
                same = all(map(_are_alike, _flat(alone), _flat(plain)))
                for models in sorted({2, TRIED, ways.most}):
                    rows = [i % TRIED for i in range(models)]
                    found = self._outcome(ways, rows, size)
                    for at in {0, models // 2, models - 1}:
                        for whole, one in zip(found, alone[rows[at]], strict=True):
                            ours, own = whole[at], one[0]
                            same &= torch.equal(ours, own) if exact else _are_alike(ours, own)
                if not same:
                    return False
        except Exception:  # whatever torch.func cannot do, each in its own way
            return False
        return True

    def runs(self, ways: Ways, size: int) -> bool:
        """Whether one network can be called in a way."""
        try:
            self._outcome(ways, [0], size)
        except Exception:  # as above
            return False
        return True

    def _outcome(self, ways: Ways, rows: Sequence[int], size: int) -> list[Tensor]:
        """Return logits and gradients of networks, (K, ...), each on people of its own."""
        generator = torch.Generator().manual_seed(size)
        people = _people(self.shape, TRIED * size, generator).view(TRIED, size, *self.shape)
        labels = torch.randint(self.k, (TRIED, size), generator=generator)
        x, y = people[list(rows)].to(self.device), labels[list(rows)].to(self.device)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of torch.func: a call model by model, and slow
            stack = ModuleStack([self.networks[i] for i in rows], ways, self.device)
            with torch.no_grad():
                found = [stack.logits(x)]
            if self.private:
                present = torch.ones(y.shape, device=self.device)
                sums, _ = stack.clipped_gradient_sums(x, y, present, 1.0)
                return [*found, *sums]
            through = stack.forward(x)
            losses = functional.cross_entropy(
                through.logits.flatten(0, 1), y.flatten(), reduction="none"
            )
            gradients = stack.gradients(through, losses.view(y.shape))
        return [*found, through.logits.detach(), *gradients]


def _flat(outcomes: Sequence[Sequence[Tensor]]) -> Iterator[Tensor]:
    return (tensor for outcome in outcomes for tensor in outcome)


def _are_alike(one: Tensor, other: Tensor) -> bool:
    largest = max(1e-6, float(other.abs().max()))
    return math.isfinite(largest) and bool((one - other).abs().max() <= ALIKE * largest)
