"""Crafting universal adversarial perturbations: sign gradients of surrogates, towards the truth.

All classes and all restarts are crafted in one stack. Shape letters: R restarts, B people in a
batch, k labels, c h w image axes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.extras import require
from quorate.runtime import device
from quorate.runtime.progress import bar
from quorate.spec import param
from quorate.table import Labels, Rng
from quorate.test_time.perturbations.budget import Norm, check_budget
from quorate.test_time.perturbations.perturbation import (
    Crafted,
    Perturbation,
    check_classes,
    shapes_of,
)
from quorate.test_time.perturbations.views import capped_losses, draw_view, viewed
from quorate.test_time.platforms.platform import Pixels
from quorate.validate import MOST_ROUNDS, above_zero, at_least, in_interval

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from quorate.learners.base.network_classifier import NetworkClassifier
    from quorate.test_time.perturbations.families import DifferentiableChange

JUDGED = 2048  # pictures that choose among restarts, at most
APART = 5  # one picture in so many chooses among label-free changes, and crafts none of them
FEW = 20  # pictures too few to keep any apart
MOST_WIDTH = 64  # channels of a network whose weights a file may hold


@dataclass(frozen=True, kw_only=True)
class Crafting:
    """How a universal adversarial perturbation is crafted against surrogates.

    Minimises the surrogates' mean cross-entropy at people's true labels, capped a person so that
    those out of reach do not drown the others: universal adversarial perturbations in their batch
    sign-gradient form (Moosavi-Dezfooli, Fawzi, Fawzi, Frossard 2017, arXiv:1610.08401; Shafahi et
    al. 2020, arXiv:1811.11304), towards the truth and one a class (unadversarial examples: Salman
    et al. 2021, arXiv:2012.12235). Momentum over L1-normalised gradients (Dong et al. 2018,
    arXiv:1710.06081) and shifted, resized inputs (Xie et al. 2019, arXiv:1803.06978) are for the
    transfer to a platform that was never seen.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "crafting"
    steps: int = param(60, "Number of gradient steps.")
    batch_size: int = param(256, "Pictures in each step.")
    step_size: float = param(
        0.2, "First step as a fraction of the budget; later ones fall to 0 along a cosine."
    )
    momentum: float = param(0.9, "Momentum of the gradients, in [0, 1).")
    restarts: int = param(
        2, "Number of starts, the first at no change; the surrogates choose the best."
    )
    cap: float = param(4.0, "Cross-entropy, in nats, above which a picture no longer counts.")
    diversity: float = param(0.5, "Share of batches that are shifted and resized, in [0, 1].")
    side: int = param(5, "Side of a filter in pixels, odd.")
    reach: float = param(
        4.0, "Largest gain or weight, in levels of change per level, before clipping."
    )
    width: int = param(16, "Family network: channels of every inner layer.", later=True)
    network_steps: int = param(150, "Family network: number of gradient steps.", later=True)
    weight_decay: float = param(0.01, "Family network: decay of its weights.", later=True)

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "restarts"):
            at_least(name, getattr(self, name), 1, "Use at least one.", most=MOST_ROUNDS)
        above_zero("step_size", self.step_size, "Use a fraction such as 0.2.")
        in_interval("momentum", self.momentum, 0, 1, "Use 0 for none.", open_high=True)
        above_zero("cap", self.cap, "Use a number of nats such as 4.")
        in_interval("diversity", self.diversity, 0, 1, "Use 0 for none.")
        above_zero("reach", self.reach, "Use a number such as 4.")
        at_least("network_steps", self.network_steps, 1, "Use at least one.", most=MOST_ROUNDS)
        at_least("width", self.width, 1, "Use at least one.", most=MOST_WIDTH)
        in_interval("weight_decay", self.weight_decay, 0, 1, "Use 0 for none.")
        if self.side < 1 or self.side % 2 == 0:
            raise InputError(f"Expected side={self.side} to be odd and positive. Use 3 or 5.")


def craft(
    surrogates: Sequence[NetworkClassifier],
    x: Pixels,
    y: Labels,
    classes: tuple[str, ...],
    crafting: Crafting,
    rng: Rng,
    *,
    epsilon: float,
    norm: Norm = "linf",
    family: Crafted = "additive",
    label_free: bool = False,
) -> Perturbation:
    """Return the perturbation that serves members' own pictures best, by the surrogates' word.

    Args:
        surrogates: fitted networks; their losses are averaged.
        x, y: members' pictures, (n, c, h, w), and their true labels, (n,).
        classes: the k label names.
        crafting: settings of the optimisation.
        epsilon, norm: the budget of each picture's change, on the pixel scale.
        family: family of the change.
        label_free: one change for everyone; gains, filters and networks always are.

    Returns:
        The best restart. ``about["missing"]`` names the classes without a picture: their δ is 0.
        ``about["proxy_loss"]`` compares families of label-free changes: it is taken on pictures
        that did not craft them, else the family with most parameters would win. A network that
        does not beat no change there is no change, and ``about["change"]`` says so.

    Raises:
        InputError: there are no pictures, the budget moves no level, or PyTorch is not installed.
    """
    require("train", "crafting a change", "torch")
    import torch

    from quorate.engine.generator import torch_generator

    check_budget(epsilon, norm)
    if not len(x):
        raise InputError("Expected members' pictures to craft with, got none. Enlist members.")
    check_classes(classes)
    place = torch.device(device.current())
    networks = [one.network.eval().to(place) for one in surrogates]
    generator = torch_generator(rng)
    crafts, judges = _divided(len(x), label_free or family != "additive", generator)
    if family == "network":
        from quorate.test_time.perturbations.network_crafting import (
            MembersPhotos,
            NetworkCrafting,
            craft_network,
        )

        settings = NetworkCrafting(
            width=crafting.width,
            steps=crafting.network_steps,
            weight_decay=crafting.weight_decay,
            batch_size=crafting.batch_size,
            cap=crafting.cap,
            diversity=crafting.diversity,
        )
        return craft_network(
            networks,
            MembersPhotos(x, y, crafts.numpy(), judges.numpy()),
            classes,
            settings,
            generator,
            rng,
            epsilon=epsilon,
            norm=norm,
        )
    from quorate.test_time.perturbations.families import FAMILIES

    counts = np.bincount(y, minlength=len(classes))
    _, c, h, w = x.shape
    _check_filter(family, (c, h, w), len(classes), crafting.side)
    change = FAMILIES[family](
        restarts=crafting.restarts,
        k=len(classes),
        shape=(c, h, w),
        epsilon=epsilon,
        norm=norm,
        label_free=label_free,
        side=crafting.side,
        reach=crafting.reach,
    )
    pictures, labels = torch.from_numpy(x).to(place), torch.from_numpy(y).to(place)
    own = crafts.to(place)
    parameters = _search(change, networks, pictures[own], labels[own], crafting, generator)
    some = judges[:JUDGED].to(place)
    with torch.no_grad():
        losses = _losses(change, networks, parameters, pictures[some], labels[some], crafting.cap)
    best = int(losses.mean(1).argmin())
    arrays = dict(change.arrays([p[best].cpu() for p in parameters]))
    per_class = family == "additive" and not label_free
    missing: list[int] = np.flatnonzero(counts == 0).tolist() if per_class else []
    if missing:
        arrays["delta"][missing] = 0
    about = {
        "proxy_loss": float(losses[best].mean()),
        "missing": [classes[label] for label in missing],
        "pictures": len(x),
    }
    return Perturbation(family, arrays, classes, (c, h, w), epsilon, norm, about)


def _check_filter(family: Crafted, shape: tuple[int, int, int], k: int, side: int) -> None:
    """Raise InputError before anything is crafted that no file may hold."""
    weight = (shape[0], shape[0], side, side)
    if not shapes_of(family, shape, k, {"weight": weight}):
        raise InputError(
            f"Expected images and a filter of a usual size, got images of shape {shape} and "
            f"side={side}. Use side=5 and smaller images."
        )


def _divided(n: int, label_free: bool, generator: Generator) -> tuple[Tensor, Tensor]:
    """Return which of n pictures craft and which choose: all do both, but for label-free changes.

    A class with a single picture needs it for its own change.
    """
    import torch

    if not label_free or n < FEW:
        return torch.arange(n), torch.randperm(n, generator=generator)
    order = torch.randperm(n, generator=generator)
    return order[n // APART :], order[: n // APART]


def _search(
    change: DifferentiableChange,
    networks: Sequence[nn.Module],
    x: Tensor,
    y: Tensor,
    crafting: Crafting,
    generator: Generator,
) -> list[Tensor]:
    """Return the parameters of every restart after the last step."""
    import torch

    parameters = [p.to(x.device) for p in change.begin(generator)]
    momenta = [torch.zeros_like(p) for p in parameters]
    order = torch.empty(0, dtype=torch.int64)
    with bar(crafting.steps, "Crafting") as progress:
        for step in range(crafting.steps):
            if len(order) < min(crafting.batch_size, len(x)):
                order = torch.randperm(len(x), generator=generator)
            rows, order = order[: crafting.batch_size], order[crafting.batch_size :]
            rows = rows.to(x.device)
            at = [p.detach().requires_grad_() for p in parameters]
            view = draw_view(x.shape[2], crafting.diversity, generator)
            loss = _losses(change, networks, at, x[rows], y[rows], crafting.cap, view).sum()
            for momentum, gradient in zip(momenta, torch.autograd.grad(loss, at), strict=True):
                length = gradient.abs().flatten(2 if gradient.ndim > 2 else 1).mean(-1)
                shape = (*length.shape, *(1,) * (gradient.ndim - length.ndim))
                momentum.mul_(crafting.momentum)
                momentum.add_(gradient / length.clamp(min=1e-20).view(shape))
            size = crafting.step_size * (1 + math.cos(math.pi * step / crafting.steps)) / 2
            with torch.no_grad():
                parameters = change.step([p.detach() for p in at], momenta, size)
            progress.advance(1)
    return parameters


def _losses(
    change: DifferentiableChange,
    networks: Sequence[nn.Module],
    parameters: list[Tensor],
    x: Tensor,
    y: Tensor,
    cap: float,
    view: dict[str, Any] | None = None,
) -> Tensor:
    """Return the capped loss of each picture under each restart, (R, B), mean over networks."""
    levels = change.apply(parameters, x.float(), y) / 255  # (R, B, c, h, w)
    seen = levels.flatten(0, 1)
    if view is not None:
        seen = viewed(seen, **view)
    losses = capped_losses(networks, seen, y.repeat(len(levels)), cap)
    return losses.view(len(levels), len(y))
