"""What a network of the user's own does with a few people, tried before anything is trained.

Shape letters: n people, k labels.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from quorate.bring_your_own.naming import kind_name
from quorate.engine.own_network import OwnNetwork, explained, make_network
from quorate.errors import InputError
from quorate.table import Array

ALIKE = 1e-3  # of the largest logit: single precision, summed in other orders
TRIED = 4  # people
INSTEAD = "use nn.GroupNorm or nn.LayerNorm, which keep people apart, for batch normalisation"


def check_network(
    make: Any, x: Array, k: int, sizes: Sequence[int], device: torch.device, *, private: bool
) -> None:
    """Raise InputError unless a network of the user's own can be trained on people like these.

    Args:
        make: as of ``make_network``.
        x: their features, (n, ...), of which a few are tried.
        k: number of labels.
        sizes: of the batches in training.
        device: where it is to be trained.
        private: whether each person's gradient is to be clipped.
    """
    called, shape = kind_name(make), tuple(x.shape[1:])
    network = make_network(make, shape, k, np.random.default_rng(0)).onto(device)
    again = make_network(make, shape, k, np.random.default_rng(0)).onto(device)
    if not _are_equal(network, again):
        raise InputError(
            f"Expected {called} to begin with the same weights for the same seed, got others. Draw "
            "them by PyTorch's own generator, as its layers do."
        )
    if not any(p.requires_grad for p in network.parameters()):
        raise InputError(
            f"Expected weights to train in {called}, got none. Set requires_grad of some."
        )
    people = torch.from_numpy(np.ascontiguousarray(x[:TRIED])).to(device)
    with torch.no_grad():
        _check_answers(network.eval(), people, k, called)
        _check_training(network.train(), again.train(), people, sizes, called, private)


def _check_answers(network: OwnNetwork, x: Tensor, k: int, called: str) -> None:
    """Raise InputError unless each person gets k finite logits, always the same."""
    logits = _answer(network, x, called)
    expected = (len(x), k)
    if not isinstance(logits, Tensor):
        raise InputError(
            f"Expected one tensor of logits, (n, k) = {expected}, from {called}, got "
            f"{type(logits).__name__}. Return the logits alone."
        )
    if logits.shape != expected:
        raise InputError(
            f"Expected logits (n, k) = {expected} from {called} for features {tuple(x.shape)}, got "
            f"{tuple(logits.shape)}. End it with a layer of k={k} outputs, which def net(shape, k) "
            "is told."
        )
    if not bool(torch.isfinite(logits).all()):
        raise InputError(
            f"Expected finite logits from {called} for features {tuple(x.shape)}, got NaN or "
            "infinity before any training. Mend its forward or its first weights."
        )
    if not torch.equal(logits, _answer(network, x, called)):
        raise InputError(
            f"Expected {called} to answer the same twice once it is trained, got other logits. "
            "Let it draw in training alone, as by nn.Dropout or F.dropout(x, training="
            "self.training)."
        )
    first = _answer(network, x[:1], called)
    if first.shape != (1, k) or not _are_alike(first, logits[:1]):
        raise InputError(
            f"Expected {called} to answer each person alone as among others, got other logits. "
            "Keep each row of a batch apart in evaluation mode."
        )


def _check_training(
    network: OwnNetwork,
    again: OwnNetwork,
    x: Tensor,
    sizes: Sequence[int],
    called: str,
    private: bool,
) -> None:
    """Raise InputError unless training is the same twice, at every size of a batch."""
    before = copy.deepcopy(network.state_dict())
    for size in sorted(sizes, reverse=True):
        batch = x[torch.arange(size, device=x.device) % len(x)]
        with network.drawing():
            logits = _alone(network, x, called) if size == 1 else _answer(network, batch, called)
        with again.drawing():
            twice = _answer(again, batch, called)
        if logits.shape != (size, *twice.shape[1:]) or not torch.equal(logits, twice):
            raise InputError(
                f"Expected {called} to do the same in training for the same seed, got other "
                "logits. Draw by PyTorch's own generator alone."
            )
    if not private:
        return
    keeps = any(not torch.equal(a, before[name]) for name, a in network.state_dict().items())
    if keeps or any(isinstance(layer, _BatchNorm) for layer in network.modules()):
        raise InputError(
            f"Expected {called} to keep people apart, so that each one's gradient can be clipped, "
            f"got a layer that mixes a batch or keeps statistics of it. U{INSTEAD[1:]}."
        )


def _alone(network: OwnNetwork, x: Tensor, called: str) -> Tensor:
    """Return the logits of a batch of one in training, which batch normalisation refuses."""
    expected = f"Expected {called} to take a batch of one person, as the last of an epoch is here"
    with explained(expected, f"Choose another batch_size, or {INSTEAD}."):
        logits: Tensor = network(x[:1])
        return logits


def _answer(network: OwnNetwork, x: Tensor, called: str) -> Tensor:
    mode = "training" if network.training else "evaluation"
    with explained(f"Expected {called} to take features {tuple(x.shape)} in {mode} mode"):
        logits: Tensor = network(x)
        return logits


def _are_equal(one: nn.Module, other: nn.Module) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(
        a.shape == theirs[name].shape and torch.equal(a.nan_to_num(), theirs[name].nan_to_num())
        for name, a in ours.items()
    )


def _are_alike(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).abs().max() <= ALIKE * max(1.0, float(other.abs().max())))
