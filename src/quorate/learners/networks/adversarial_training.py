"""Adversarial training: robustness against small perturbations of the features (evasion)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from quorate.learners.base.minibatch_learner import MinibatchLearner
from quorate.learners.base.training import Batch, Training, cross_entropy
from quorate.spec import param
from quorate.table import Rng
from quorate.validate import MOST_ROUNDS, above_zero, at_least

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from quorate.engine.optimizers import Optimizer
    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import Stack


@dataclass(frozen=True, kw_only=True)
class AdversarialTraining(MinibatchLearner):
    """Adversarial training: minimises the loss on worst-case perturbations of the features.

    min E[max_{‖δ‖∞ ≤ ε} ℓ(x + δ, y)], the inner maximum by projected ascent along the sign of the
    gradient (PGD; Madry, Makelov, Schmidt, Tsipras, Vladu 2018, arXiv:1706.06083). One step
    without a random start is FGSM (Goodfellow, Shlens, Szegedy 2015, arXiv:1412.6572). Images stay
    in [0, 1]. The recorded loss is the one on perturbed features.

    Raises:
        InputError: a parameter is out of range, or the model cannot take these people.
    """

    name: ClassVar[str] = "adversarial-training"
    radius: float = param(
        0.03,
        "Radius ε on the pixel scale, or in standard deviations of a table's numbers.",
        shown=True,
    )
    steps: int = param(5, "Number of ascent steps per batch.")
    step_size: float | None = param(
        None, "Length of an ascent step in the units of ε; by default 2.5ε/steps."
    )
    random_start: bool = param(
        True, "Whether the ascent starts at a random point within the radius."
    )
    adam: bool = param(False, "Whether Adam, with β2 = 0.999, updates the weights instead of SGD.")

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("radius", self.radius, 0, "Use radius=0 for plain training.")
        at_least(
            "steps",
            self.steps,
            1,
            "Take at least one step, or use the learner sgd.",
            most=MOST_ROUNDS,
        )
        if self.step_size is not None:
            above_zero("step_size", self.step_size, "Leave it out for 2.5·radius/steps.")

    def optimizer(self, stack: Stack) -> Optimizer:
        """Return the update rule over the weights of a stack."""
        if not self.adam:
            return super().optimizer(stack)
        from quorate.engine.optimizers import AdamOptimizer

        return AdamOptimizer(stack.weights, self.momentum, 0.999, self.weight_decay)

    def begin(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> Training:
        """Return the training on perturbed features."""
        return _AdversarialTraining(self, stack, pool, rngs, self.settings(), self.optimizer(stack))

    def attack(self, stack: Stack, batch: Batch, starts: Sequence[Generator]) -> Tensor:
        """Return features within the radius on which each model's losses are large, (K, B, ...).

        Args:
            stack: K networks.
            batch: one batch of each.
            starts: one generator per model, for random starts.
        """
        import torch

        step = 2.5 * self.radius / self.steps if self.step_size is None else self.step_size
        low, high = within_reach(batch.x, self.radius)
        x = batch.x
        if self.random_start:
            place = torch.stack([torch.rand(x.shape[1:], generator=one) for one in starts])
            x = (x + self.radius * (2 * place.to(x.device) - 1)).clamp(low, high)
        for _ in range(self.steps):
            x = x.detach().requires_grad_()
            loss = cross_entropy(stack.logits(x), batch.target).sum()
            (gradient,) = torch.autograd.grad(loss, [x])
            x = (x.detach() + step * gradient.sign()).clamp(low, high)
        return x.detach()


class _AdversarialTraining(Training):
    """Training whose batches are attacked before each step."""

    def __init__(
        self,
        learner: AdversarialTraining,
        stack: Stack,
        pool: RowPool,
        rngs: Sequence[Rng],
        *rest: Any,
    ) -> None:
        from quorate.engine.generator import torch_generator

        super().__init__(stack, pool, rngs, *rest)
        self._learner = learner
        self._starts = [torch_generator(rng) for rng in rngs]

    def batch(self, rows: Tensor) -> Batch:
        """Return the batch of the people ``rows``, (K, B), with perturbed features."""
        batch = super().batch(rows)
        return replace(batch, x=self._learner.attack(self.stack, batch, self._starts))


def within_reach(x: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    """Return the smallest and the largest features within the radius, (K, B, ...).

    Images, (K, B, c, h, w), stay in [0, 1].
    """
    low, high = x - radius, x + radius
    is_image = x.ndim == 5
    return (low.clamp(min=0), high.clamp(max=1)) if is_image else (low, high)
