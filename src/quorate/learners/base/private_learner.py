"""The base of learners trained by differentially private gradient steps."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from quorate.errors import InputError
from quorate.learners.base import privacy
from quorate.learners.base.network_classifier import MODEL_HELP, Model
from quorate.learners.base.network_learner import NetworkLearner
from quorate.learners.base.schedules import schedule_factor
from quorate.spec import param
from quorate.table import Labels, Rng, Table
from quorate.validate import above_zero, in_interval

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from quorate.engine.optimizers import Optimizer
    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import Stack


@dataclass(frozen=True, kw_only=True)
class PrivateLearner(NetworkLearner):
    """Base of the learners that clip each person's gradient and add noise.

    A new one implements ``optimizer``. Each step descends
    g̃ = (Σᵢ gᵢ·min(1, C/‖gᵢ‖) + σC·N(0, I)) / (qn), over a Poisson sample of rate q (Abadi et al.
    2016, arXiv:1607.00133). σ is calibrated to (ε, δ) by privacy loss distributions, or given as
    ``noise_multiplier``, which then decides ε; the record holds σ, the ε achieved and the sampling
    assumption.
    """

    epsilon: float | None = param(
        1.0,
        "Privacy budget ε; inf clips without noise; none where noise_multiplier decides it.",
        shown=True,
    )
    max_grad_norm: float = param(
        1.0, "Clipping threshold C on the L2 norm of each person's gradient.", shown=True
    )
    delta: float = param(1e-5, "Privacy budget δ, below 1/n.")
    model: Model = param("logistic", MODEL_HELP)
    batch_size: int = param(512, "Expected number of people per gradient step.")
    noise_multiplier: float | None = param(
        None,
        "Noise multiplier σ in place of ε, which the record then states; 0 for no noise.",
        later=True,
    )
    clips_people: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_noise()
        above_zero("max_grad_norm", self.max_grad_norm, "Use a threshold such as 1.")
        fix = "Use delta=1e-5 or less."
        in_interval("delta", self.delta, 0, 1, fix, open_low=True, open_high=True)

    def _check_noise(self) -> None:
        """Raise InputError unless one of ε and σ is given, in range."""
        epsilon, sigma = self.epsilon, self.noise_multiplier
        if epsilon is not None and sigma is not None:
            raise InputError(
                f"Expected epsilon or noise_multiplier, got epsilon={epsilon:g} and "
                f"noise_multiplier={sigma:g}. Use epsilon=none,noise_multiplier={sigma:g}: the "
                "record states the epsilon that this gives."
            )
        if epsilon is not None:
            fix = "Use a budget such as epsilon=1, or epsilon=inf for none."
            in_interval("epsilon", epsilon, 0, math.inf, fix, open_low=True)
        elif sigma is None:
            raise InputError(
                "Expected epsilon or noise_multiplier, got neither. Use epsilon=1, or "
                "noise_multiplier=1."
            )
        elif sigma != 0:
            low, high = privacy.NOISE_RANGE
            in_interval("noise_multiplier", sigma, low, high, "Use 1, or 0 for no noise.")

    def check(self, people: Table) -> None:
        """Raise InputError if the network cannot take these people or (ε, δ) cannot be met."""
        super().check(people)
        n = len(people)
        if self.delta >= 1 / n and self._noisy:
            raise InputError(
                f"Expected delta={self.delta:g} below 1/n = {1 / n:.3g} for {n} people: otherwise "
                f"publishing one person whole would count as private. Use delta={0.1 / n:.1g}."
            )
        self._sigma(n)

    @property
    def epsilon_leaves_out(self) -> tuple[str, ...]:
        """What was done with these people's rows before the first step, and what counts as public.

        Batches and steps depend on how many people there are.
        """
        if not self._noisy:
            return ()
        return privacy.CHOOSING, privacy.SCALING, privacy.KNOWN, privacy.HOW_MANY

    def _schedule(self, n: int) -> tuple[float, int]:
        """Return the sampling rate q and the number of steps T for n people."""
        q = min(1.0, self.batch_size / n)
        return q, math.ceil(self.epochs / q)

    @property
    def _noisy(self) -> bool:
        """Whether there is noise, and with it a budget."""
        return self.noise_multiplier != 0 if self.epsilon is None else math.isfinite(self.epsilon)

    def _sigma(self, n: int) -> float:
        """Return the noise multiplier σ for n people, as given or as ε needs it."""
        if self.epsilon is None:
            return self.noise_multiplier or 0.0
        return privacy.noise_multiplier(self.epsilon, self.delta, *self._schedule(n))

    @abstractmethod
    def optimizer(self, stack: Stack) -> Optimizer:
        """Return the update rule over the weights of a stack."""

    def train(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> list[dict[str, Any]]:
        """Run the private steps; each record holds their privacy cost."""
        import torch

        from quorate.engine.generator import torch_generator

        q, steps = self._schedule(pool.n)
        sigma = self._sigma(pool.n)
        # Samples differ in size: each is laid into slices of one width, filled up with rows that
        # do not count. Slices keep every model's sums the same to the bit, whichever models are
        # beside it; at three standard deviations above the mean, one slice is nearly always enough.
        likely = min(pool.n, math.ceil(q * pool.n + 3 * math.sqrt(q * pool.n)))
        width = min(likely, stack.clipped_at_once or likely)
        noise = [torch_generator(rng) for rng in rngs]
        optimizer = self.optimizer(stack)
        clipped = torch.zeros(len(stack), dtype=torch.long, device=stack.device)
        drawn = [0] * len(stack)
        for step in range(steps):
            samples = [poisson_sample(pool.n, q, rng) for rng in rngs]
            drawn = [n + len(sample) for n, sample in zip(drawn, samples, strict=True)]
            totals, over = self._clipped_sums(stack, pool, samples, width)
            clipped += over
            if sigma:
                add_noise(totals, sigma * self.max_grad_norm, noise)
            gradients = [total.div_(q * pool.n) for total in totals]
            factor = schedule_factor(self.schedule, step, steps)
            optimizer.step(gradients, self.learning_rate * factor)
        cost = privacy.privacy_cost(sigma, self.delta, q, steps, self.epsilon)
        return [
            {
                "epsilon": cost.epsilon,
                "epsilon_rdp": cost.epsilon_rdp,
                "delta": cost.delta,
                "noise_multiplier": sigma,
                "sampling_rate": q,
                "steps": steps,
                "sampling": privacy.SAMPLING,
                "accountant": "PLD (dp-accounting)",
                "clipped_fraction": over / max(n, 1),
            }
            for over, n in zip(clipped.tolist(), drawn, strict=True)
        ]

    def _clipped_sums(
        self, stack: Stack, pool: RowPool, samples: Sequence[Labels], width: int
    ) -> tuple[list[Tensor], Tensor]:
        """Return each model's sums of clipped gradients, and how many were clipped, (K,)."""
        import torch

        totals: list[Tensor] = []
        clipped = torch.zeros(len(stack), dtype=torch.long, device=stack.device)
        for slice_ in slices(samples, width):
            rows, present = (of.to(stack.device) for of in slice_)
            x, y = pool.batch(rows)
            sums, over = stack.clipped_gradient_sums(x, y, present, self.max_grad_norm)
            totals = [t.add_(s) for t, s in zip(totals, sums, strict=True)] if totals else sums
            clipped += over
        return totals or [torch.zeros_like(w) for w in stack.weights], clipped  # nobody was drawn


def add_noise(
    totals: Sequence[Tensor], scale: float, generators: Sequence[torch.Generator]
) -> None:
    """Add to each model's sums, (K, ...), Gaussian noise of its own generator, in place."""
    import torch

    sizes = [total[0].numel() for total in totals]
    kicks = torch.stack([torch.randn(sum(sizes), generator=one) for one in generators])
    for total, kick in zip(totals, kicks.to(totals[0].device).split(sizes, dim=1), strict=True):
        total.add_(kick.view(total.shape), alpha=scale)


def slices(samples: Sequence[Labels], width: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (rows, present), (K, width) each, until the samples of all K models are laid out."""
    import torch

    longest = max(len(sample) for sample in samples)
    for start in range(0, longest, width):
        rows = torch.zeros(len(samples), width, dtype=torch.long)
        present = torch.zeros(len(samples), width)
        for k, sample in enumerate(samples):
            part = sample[start : start + width]
            rows[k, : len(part)] = torch.from_numpy(part)
            present[k, : len(part)] = 1
        yield rows, present


def poisson_sample(n: int, q: float, rng: Rng) -> Labels:
    """Return who is in the batch if each of n people is with probability q, independently.

    A binomial size is drawn and then that many people without replacement: the same distribution.
    """
    size = rng.binomial(n, q)
    return rng.choice(n, size, replace=False, shuffle=False)
