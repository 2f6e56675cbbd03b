"""K networks of the user's own, trained side by side by torch.func or else one by one.

Shape letters: K models, B people in a batch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from quorate.engine.stack import Aggregate, ForwardPass, Stack, gradients_of

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.engine.own_network import OwnNetwork

FORMED_AT_ONCE = 2**22  # numbers in the gradients of the people of one model: 16 MiB
# People of a batch side by side, or a multiple. A kernel takes two vectors of up to 16 numbers at a
# time, and what is left over one by one, where exp or erf may end in another digit: who is left
# over depends on how many models there are, so nobody may be.
PADDED_TO = 32


@dataclass(frozen=True)
class Ways:
    """How a network can be called.

    Args:
        most: networks in a stack; 1 where each is called by itself.
        people_at_once: whether all people's gradients of one network are formed in one call.
        draws: whether it draws in training, as dropout does.
    """

    most: int = 1
    people_at_once: bool = False
    draws: bool = False

    @property
    def side_by_side(self) -> bool:
        """Whether networks are called side by side."""
        return self.most > 1


class ModuleStack(Stack):
    """K networks of one architecture of the user's own.

    Weights are those that training may change. All else that a network holds, such as running
    statistics, stays inside it; where the networks are called side by side, it is the same for all
    of training.

    Args:
        networks: K networks.
        ways: how they can be called, see ``find_ways``.
        device, aggregate: as of any stack.
    """

    def __init__(
        self,
        networks: Sequence[OwnNetwork],
        ways: Ways,
        device: torch.device | str = "cpu",
        aggregate: Aggregate | None = None,
    ) -> None:
        super().__init__(device, aggregate)
        self._networks = [network.onto(self.device) for network in networks]
        self._ways = ways
        self._names = [n for n, p in networks[0].named_parameters() if p.requires_grad]
        trained = [dict(network.named_parameters()) for network in self._networks]
        self.weights = [
            torch.stack([one[name].detach() for one in trained]).requires_grad_()
            for name in self._names
        ]
        self._kept: dict[str, Tensor] = {}
        if ways.side_by_side:
            held = [_held(network) for network in self._networks]
            self._kept = {n: torch.stack([one[n] for one in held]) for n in held[0]}
        self._training: bool | None = None

    def __len__(self) -> int:
        return len(self._networks)

    @property
    def clipped_at_once(self) -> int:
        """Number of people whose gradients are best formed and clipped at once."""
        return formed_at_once(self._networks[0])

    def forward(self, x: Tensor, *, exact: bool = False) -> ForwardPass:
        """Return the pass of a batch (K, B, ...) in training mode; always in full precision."""
        return ForwardPass(self._run(x, training=True))

    def logits(self, x: Tensor, *, exact: bool = False) -> Tensor:
        """Return the logits, (K, B, k), of a batch (K, B, ...) in evaluation mode."""
        return self._run(x, training=False)

    def _run(self, x: Tensor, *, training: bool) -> Tensor:
        self._set_mode(training)
        if self._ways.side_by_side:
            call = vmap(self._call(self._networks[0]))
            (logits,) = _never_alone(
                lambda *given: [call(*given)], self.weights, self._kept, _padded(x)
            )
            return logits[:, : x.shape[1]]
        answers = []
        for network, weights, people in zip(self._networks, *self._apart(x), strict=True):
            with self._drawing(network):
                answers.append(self._call(network)(weights, {}, people))
        return torch.stack(answers)

    def _apart(self, *stacked: Tensor) -> list[Sequence[Any]]:
        """Return each model's weights, and its part of each stacked tensor."""
        weights = zip(*(w.unbind() for w in self.weights), strict=True)
        return [list(weights), *(each.unbind() for each in stacked)]

    def _call(self, network: OwnNetwork) -> Callable[..., Tensor]:
        def call(weights: Sequence[Tensor], kept: dict[str, Tensor], x: Tensor) -> Tensor:
            given = {**dict(zip(self._names, weights, strict=True)), **kept}
            logits: Tensor = functional_call(network, given, (x,))
            return logits

        return call

    def _drawing(self, network: OwnNetwork) -> contextlib.AbstractContextManager[None]:
        draws = self._training and self._ways.draws
        return network.drawing() if draws else contextlib.nullcontext()

    def _set_mode(self, training: bool) -> None:
        if training != self._training:
            self._training = training
            for network in self._networks:
                network.train(training)

    def clipped_gradient_sums(
        self, x: Tensor, y: Tensor, present: Tensor, max_grad_norm: float
    ) -> tuple[list[Tensor], Tensor]:
        """Return Σᵢ gᵢ·min(1, C/‖gᵢ‖) per model and weight, and how many gradients were clipped.

        Each person's gradient is formed from them alone, so that no layer can mix people.

        Args:
            x, y: a batch, (K, B, ...) and (K, B).
            present: who is in the batch, (K, B); the other rows are padding.
            max_grad_norm: the threshold C.
        """
        self._set_mode(True)
        weights = [w.detach() for w in self.weights]
        if self._ways.side_by_side:
            of_all = vmap(self._gradients_of(self._networks[0]))

            def clipped(*given: Any) -> list[Tensor]:
                return _clipped(of_all(*given[:-1]), given[-1], max_grad_norm)

            wide = [_padded(x), _padded(y), _padded(present, counted=False)]
            *sums, over = _never_alone(clipped, weights, self._kept, *wide)
            return sums, over
        found = []
        for k, network in enumerate(self._networks):
            own = [w[k] for w in weights]
            with self._drawing(network):
                if self._ways.people_at_once:
                    formed = self._gradients_of(network)(own, {}, x[k], y[k])
                else:
                    formed = self._one_by_one(network, own, x[k], y[k], present[k])
            one = [g[None] for g in formed]
            found.append(_clipped(one, present[k : k + 1], max_grad_norm))
        *sums, over = (torch.cat(each) for each in zip(*found, strict=True))
        return sums, over

    def _gradients_of(self, network: OwnNetwork) -> Callable[..., list[Tensor]]:
        """Return the function to all people's gradients of one model, (B, ...) each."""
        call = self._call(network)

        def loss(weights: list[Tensor], kept: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            return functional.cross_entropy(call(weights, kept, x[None]), y[None])

        return vmap(grad(loss), in_dims=(None, None, 0, 0), randomness="different")

    def _one_by_one(
        self, network: OwnNetwork, weights: list[Tensor], x: Tensor, y: Tensor, present: Tensor
    ) -> list[Tensor]:
        """Return all people's gradients of one model, (B, ...) each, by a pass for each person."""
        call, formed = self._call(network), [w.new_zeros(len(x), *w.shape) for w in weights]
        for i in present.nonzero()[:, 0].tolist():
            leaves = [w.detach().requires_grad_() for w in weights]
            with torch.enable_grad():
                loss = functional.cross_entropy(call(leaves, {}, x[i : i + 1]), y[i : i + 1])
            for into, gradient in zip(formed, gradients_of(loss, leaves), strict=True):
                into[i] = gradient
        return formed

    def shard_gradients(self, through: ForwardPass, losses: Tensor, shards: int) -> list[Tensor]:
        """Return the gradient of the mean loss of each shard of the batch, (K, shards, ...).

        Args:
            through, losses: a forward pass and its losses, (K, B).
            shards: number of nearly equal parts of the batch, at most B.
        """
        parts = [part.mean(dim=1).sum() for part in losses.tensor_split(shards, dim=1)]
        found = [gradients_of(part, self.weights, retain_graph=True) for part in parts]
        return [torch.stack(each, dim=1) for each in zip(*found, strict=True)]

    def networks(self) -> list[OwnNetwork]:
        """Return the K networks with their current weights."""
        with torch.no_grad():
            for k, network in enumerate(self._networks):
                own = dict(network.named_parameters())
                for name, w in zip(self._names, self.weights, strict=True):
                    own[name].copy_(w[k])
        return list(self._networks)

    def snapshot(self, model: int) -> list[Tensor]:
        """Return a copy of a model's weights and of all else that it holds."""
        held = _held(self._networks[model]).values()
        return super().snapshot(model) + [each.clone() for each in held]

    def restore(self, model: int, snapshot: Sequence[Tensor]) -> None:
        """Set one model to a snapshot of it."""
        super().restore(model, snapshot[: len(self.weights)])
        held = _held(self._networks[model]).values()
        for own, kept in zip(held, snapshot[len(self.weights) :], strict=True):
            own.copy_(kept)


def formed_at_once(network: OwnNetwork) -> int:
    """Return how many people's gradients of one model are formed at once."""
    size = sum(p.numel() for p in network.parameters() if p.requires_grad)
    most = max(1, FORMED_AT_ONCE // size)
    return most if most < PADDED_TO else most // PADDED_TO * PADDED_TO


def _padded(each: Tensor, *, counted: bool = True) -> Tensor:
    """Return rows (K, B, ...) with more of them, up to a multiple of PADDED_TO: the first again.

    Args:
        each: one row a person.
        counted: whether the rows are as the first; else they are 0.
    """
    more = -each.shape[1] % PADDED_TO
    if not more:
        return each
    rows = each[:, :1].expand(-1, more, *each.shape[2:])
    return torch.cat([each, rows if counted else torch.zeros_like(rows)], dim=1)


def _held(network: OwnNetwork) -> dict[str, Tensor]:
    """Return what a network holds beside the weights that are trained."""
    frozen = {n: p.detach() for n, p in network.named_parameters() if not p.requires_grad}
    return {**frozen, **dict(network.named_buffers())}


def _clipped(formed: Sequence[Tensor], present: Tensor, max_grad_norm: float) -> list[Tensor]:
    """Return the sums of clipped gradients, (K, ...), and last, how many were clipped, (K,).

    Args:
        formed: each person's gradient of each weight, (K, B, ...).
        present: who counts, (K, B).
        max_grad_norm: the threshold C.
    """
    squares = [torch.linalg.vector_norm(g.flatten(2), dim=2).square() for g in formed]
    norms = torch.stack(squares).sum(dim=0).sqrt()  # (K, B)
    scale = (max_grad_norm / norms.clamp(min=1e-12)).clamp(max=1.0) * present
    sums = [(scale[:, None] @ g.flatten(2)).view(len(g), *g.shape[2:]) for g in formed]
    return [*sums, ((norms > max_grad_norm) & (present > 0)).sum(1)]


def _never_alone(
    call: Callable[..., list[Tensor]], weights: list[Tensor], kept: dict[str, Tensor], *rest: Tensor
) -> list[Tensor]:
    """Return a call's results for K models; one alone is called beside a copy of itself.

    A stack of one may be summed in another order than a stack of several, so that last digits would
    depend on whether the model trains alone. The copy has memory of its own, as another model has.
    """
    if len(weights[0]) > 1:
        return call(weights, kept, *rest)
    twice = [torch.cat([w, w]) for w in weights]
    also = {name: torch.cat([held, held]) for name, held in kept.items()}
    return [one[:1] for one in call(twice, also, *(torch.cat([each, each]) for each in rest))]
