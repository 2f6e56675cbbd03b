"""The families of changes while they are crafted: differentiable, with parameters to move.

Shape letters: R restarts, B people in a batch, k labels, c h w image axes, s side of a filter.
Images and changes are in levels, 0 to 255.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor
from torch.nn import functional

from quorate.test_time.perturbations.budget import Norm, levels_of
from quorate.test_time.perturbations.perturbation import Crafted

SOFTNESS = 2.0  # budgets over which the gradient of a clipped change fades
EDGE = 1 + 1e-5  # a change projected onto the budget is longer by rounding: it is not clipped again
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class DifferentiableChange:
    """One family for R restarts at once.

    Args:
        restarts, k, shape: R, the number of labels, and (c, h, w).
        epsilon, norm: the budget of each picture's change, on the pixel scale.
        label_free: one change for everyone.
        side: s of a filter, odd.
        reach: largest gain or weight, in levels of change per level.
    """

    restarts: int
    k: int
    shape: tuple[int, int, int]
    epsilon: float
    norm: Norm
    label_free: bool
    side: int
    reach: float

    @property
    def budget(self) -> float:
        """The budget in levels: a whole number under L∞."""
        return float(levels_of(self.epsilon)) if self.norm == "linf" else 255 * self.epsilon

    @abstractmethod
    def begin(self, generator: Generator) -> list[Tensor]:
        """Return parameters to start from, (R, ...) each."""

    @abstractmethod
    def moved(self, parameters: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
        """Return the change of each image before clipping, (R, B, c, h, w).

        Args:
            parameters: parameters of the family.
            x: images, (B, c, h, w).
            y: labels, (B,).
        """

    @abstractmethod
    def step(self, parameters: list[Tensor], momenta: list[Tensor], size: float) -> list[Tensor]:
        """Return the parameters moved along ``momenta`` by ``size`` budgets, projected."""

    @abstractmethod
    def arrays(self, parameters: list[Tensor]) -> Arrays:
        """Return one restart's parameters, without the axis R, as a perturbation keeps them."""

    def apply(self, parameters: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
        """Return the changed images, (R, B, c, h, w), within the budget and the scale.

        The clipping is exact forwards. Backwards the gradient fades with what was clipped,
        1/(1 + (T/2ε)²), where that of clipping itself would be 0 and end the search.
        """
        moved = self.moved(parameters, x, y)
        if self.norm == "linf":
            soft = SOFTNESS * self.budget
            smooth = soft * torch.atan(moved / soft)
            hard = moved.clamp(-self.budget, self.budget)
            moved = smooth + (hard - smooth).detach()
        else:
            length = torch.linalg.vector_norm(moved, dim=(2, 3, 4), keepdim=True)
            shrunk = moved * (self.budget / length.clamp(min=1e-12))
            moved = torch.where(length > self.budget * EDGE, shrunk, moved)
        return (x + moved).clamp(0, 255)


class Additive(DifferentiableChange):
    """δ_y, a picture per class; or one δ for everyone."""

    def begin(self, generator: Generator) -> list[Tensor]:
        """Return δ, (R, k, c, h, w): 0 first, then random within the budget."""
        count = 1 if self.label_free else self.k
        delta = torch.rand((self.restarts, count, *self.shape), generator=generator) * 2 - 1
        delta *= torch.arange(self.restarts).clamp(max=1)[:, None, None, None, None]
        return [self._project(delta * self.budget)]

    def moved(self, parameters: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
        """Return δ_y."""
        (delta,) = parameters
        return delta[:, torch.zeros_like(y) if self.label_free else y]

    def step(self, parameters: list[Tensor], momenta: list[Tensor], size: float) -> list[Tensor]:
        """Move by the sign under L∞, by the direction under L2."""
        (delta,), (momentum,) = parameters, momenta
        if self.norm == "linf":
            along = momentum.sign()
        else:
            along = momentum / torch.linalg.vector_norm(
                momentum, dim=(2, 3, 4), keepdim=True
            ).clamp(1e-20)
        return [self._project(delta - size * self.budget * along)]

    def arrays(self, parameters: list[Tensor]) -> Arrays:
        """Return δ in whole levels: rounded under L∞, cut towards 0 under L2."""
        (delta,) = parameters
        whole = delta.round() if self.norm == "linf" else delta.trunc()
        return {"delta": whole.clamp(-255, 255).numpy().astype(np.int16)}

    def _project(self, delta: Tensor) -> Tensor:
        if self.norm == "linf":
            return delta.clamp(-self.budget, self.budget)
        length: Tensor = torch.linalg.vector_norm(delta, dim=(2, 3, 4), keepdim=True)
        return delta * (self.budget / length.clamp(min=1e-12)).clamp(max=1)


class Gain(DifferentiableChange):
    """A gain and a bias per channel."""

    parts: ClassVar[int] = 4  # of the reach: the unit that steps are counted in

    def begin(self, generator: Generator) -> list[Tensor]:
        """Return g − 1 and b, (R, c) each: 0 first, then random."""
        return [self._start((self.shape[0],), scale, generator) for scale in (0.5, self.budget)]

    def _start(self, shape: tuple[int, ...], scale: float, generator: Generator) -> Tensor:
        drawn = (torch.rand((self.restarts, *shape), generator=generator) * 2 - 1) * scale
        drawn[0] = 0
        return drawn

    def moved(self, parameters: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
        """Return (g − 1)x + b."""
        gain, bias = (p[:, None, :, None, None] for p in parameters)
        return gain * x + bias

    def step(self, parameters: list[Tensor], momenta: list[Tensor], size: float) -> list[Tensor]:
        """Move by the sign, gains and weights in units of a part of the reach."""
        scales, most = (self.reach / self.parts, self.budget), (self.reach, 255.0)
        return [
            (p - size * scale * momentum.sign()).clamp(-top, top)
            for p, momentum, scale, top in zip(parameters, momenta, scales, most, strict=True)
        ]

    def arrays(self, parameters: list[Tensor]) -> Arrays:
        """Return g and b."""
        gain, bias = parameters
        return {"gain": (1 + gain).numpy(), "bias": bias.numpy()}


class Filter(Gain):
    """A convolution of s×s from channels to channels, and a bias per channel."""

    parts: ClassVar[int] = 20

    def begin(self, generator: Generator) -> list[Tensor]:
        """Return w, (R, c, c, s, s), and b, (R, c): 0 first, then random."""
        c = self.shape[0]
        taps = (c, c, self.side, self.side)
        return [self._start(taps, 0.1, generator), self._start((c,), self.budget, generator)]

    def moved(self, parameters: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
        """Return w∗x + b."""
        weight, bias = parameters
        margin = (self.side // 2,) * 4
        wide = functional.pad(x, margin, mode="replicate")
        flat = functional.conv2d(wide, weight.flatten(0, 1), bias.flatten())
        return flat.view(len(x), self.restarts, *self.shape).transpose(0, 1)

    def arrays(self, parameters: list[Tensor]) -> Arrays:
        """Return w and b."""
        weight, bias = parameters
        return {"weight": weight.numpy(), "bias": bias.numpy()}


class Combined(Filter):
    """A filter and one picture δ, the same for everyone."""

    def begin(self, generator: Generator) -> list[Tensor]:
        """Return w, b, and δ, (R, 1, c, h, w): 0 first, then random."""
        delta = self._start((1, *self.shape), self.budget, generator)
        return [*super().begin(generator), delta]

    def moved(self, parameters: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
        """Return w∗x + b + δ."""
        *filtering, delta = parameters
        return super().moved(filtering, x, y) + delta

    def step(self, parameters: list[Tensor], momenta: list[Tensor], size: float) -> list[Tensor]:
        """Move each by its sign; δ may come to twice the budget, against the filter."""
        *filtering, delta = parameters
        most = 2 * self.budget
        moved = (delta - size * self.budget * momenta[-1].sign()).clamp(-most, most)
        return [*super().step(filtering, momenta[:-1], size), moved]

    def arrays(self, parameters: list[Tensor]) -> Arrays:
        """Return w, b and δ, which is rounded to whole levels."""
        *filtering, delta = parameters
        whole = delta.round().clamp(-(2**15) + 1, 2**15 - 1).numpy().astype(np.int16)
        return {**super().arrays(filtering), "delta": whole}


FAMILIES: Mapping[Crafted, Callable[..., DifferentiableChange]] = {
    "additive": Additive,
    "gain": Gain,
    "filter": Filter,
    "combined": Combined,
}
