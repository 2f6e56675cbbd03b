"""Minibatch training of K models in lockstep: the loop, and the parts that learners replace.

Shape letters: K models, B people in a batch, n people of each model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quorate.learners.base.schedules import Schedule, schedule_factor

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.engine.optimizers import Optimizer
    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import Stack
    from quorate.table import Rng

AfterEpoch = Callable[[int], bool]
Weigh = Callable[["Tensor", "Batch"], "Tensor | None"]


@dataclass(frozen=True)
class Settings:
    """Number of epochs, batch size, step size and schedule of a training."""

    epochs: int
    batch_size: int
    learning_rate: float
    schedule: Schedule = "constant"


@dataclass(frozen=True, eq=False)
class Batch:
    """One batch of each model.

    Args:
        rows: which of the model's n people are in it, (K, B).
        x, y: their features and labels, (K, B, ...) and (K, B).
        target: what the loss compares with: labels (K, B), or distributions over them (K, B, k).
    """

    rows: Tensor
    x: Tensor
    y: Tensor
    target: Tensor


class Training:
    """One run: each epoch passes over the data in a fresh random order, with a step per batch.

    A learner that does more overrides a part: ``draw``, ``batch``, ``losses``, ``weights`` or
    ``records``. Nothing of one model may depend on another.

    Args:
        stack: K networks, trained in place.
        pool: the people of each.
        rngs: one generator per model.
        settings: number of epochs, batch size, step size and schedule.
        optimizer: the update rule, over the stack's weights.
        weigh: maps losses, (K, B), and the batch to people's weights, (K, B); None weighs everyone
            equally.
        facts: further entries of each model's record.
    """

    def __init__(
        self,
        stack: Stack,
        pool: RowPool,
        rngs: Sequence[Rng],
        settings: Settings,
        optimizer: Optimizer,
        weigh: Weigh | None = None,
        facts: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        from quorate.engine.generator import torch_generator

        self.stack, self.pool, self.settings = stack, pool, settings
        self._orders = [torch_generator(rng) for rng in rngs]
        self._optimizer, self._weigh = optimizer, weigh
        self._effective: list[list[float | None]] = [[] for _ in rngs]
        self._loss = [0.0 for _ in rngs]
        self._facts = facts or [{} for _ in rngs]

    def draw(self) -> Tensor:
        """Return the order in which one epoch passes over the people, (K, n)."""
        import torch

        return torch.stack([torch.randperm(self.pool.n, generator=o) for o in self._orders])

    def batch(self, rows: Tensor) -> Batch:
        """Return the batch of the people ``rows``, (K, B)."""
        x, y = self.pool.batch(rows)
        return Batch(rows, x, y, y)

    def losses(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return each person's loss, (K, B), from the logits (K, B, k)."""
        return cross_entropy(logits, batch.target)

    def weights(self, losses: Tensor, batch: Batch) -> Tensor | None:
        """Return each person's weight, (K, B), or None if all are 1."""
        return None if self._weigh is None else self._weigh(losses, batch)

    def records(self) -> list[dict[str, Any]]:
        """Return plain data about the training of each model: the loss, and α_eff per epoch.

        α_eff is None if all weights were 0.
        """
        return [
            {"loss": loss} | ({"alpha_effective": effective} if effective else {}) | dict(facts)
            for loss, effective, facts in zip(self._loss, self._effective, self._facts, strict=True)
        ]

    def run(self, after_epoch: AfterEpoch | None = None) -> list[dict[str, Any]]:
        """Train and return the records.

        Args:
            after_epoch: called after each epoch with the number of epochs done; returns whether to
                stop.
        """
        import torch

        settings = self.settings
        steps_an_epoch = -(-self.pool.n // settings.batch_size)
        for epoch in range(settings.epochs):
            loss, ours, all_ = torch.zeros(3, len(self.stack), device=self.stack.device)
            order = self.draw().to(self.stack.device)
            for i, rows in enumerate(order.split(settings.batch_size, dim=1)):
                step = epoch * steps_an_epoch + i
                factor = schedule_factor(settings.schedule, step, settings.epochs * steps_an_epoch)
                losses, weights = self._step(self.batch(rows), settings.learning_rate * factor)
                loss += losses.sum(dim=1)
                if weights is not None:
                    member = self.pool.member.gather(1, rows)
                    ours += (weights * member).sum(dim=1)
                    all_ += weights.sum(dim=1)
            self._loss = [one / self.pool.n for one in loss.tolist()]
            if weights is not None:
                found = zip(self._effective, ours.tolist(), all_.tolist(), strict=True)
                for shares, mine, everyones in found:
                    shares.append(mine / everyones if everyones else None)
            if after_epoch is not None and after_epoch(epoch + 1):
                break
        return self.records()

    def _step(self, batch: Batch, learning_rate: float) -> tuple[Tensor, Tensor | None]:
        through = self.stack.forward(batch.x)
        losses = self.losses(through.logits, batch)
        seen = losses.detach()
        weights = self.weights(seen, batch)
        weighted = losses if weights is None else weights * losses
        self._optimizer.step(self.stack.gradients(through, weighted), learning_rate)
        return seen, weights


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Return each person's cross-entropy, (K, B); targets are labels or distributions."""
    from torch.nn import functional

    each = functional.cross_entropy(logits.flatten(0, 1), target.flatten(0, 1), reduction="none")
    return each.view(logits.shape[:2])
