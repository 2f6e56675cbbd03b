"""Crafting a small convolutional network that serves everyone, and making it whole numbers.

f(x) = clip(x + ε·tanh(h(x))): h starts at 0, so f starts at no change. Shape letters: n images, B
people in a batch, c o i channels, h w image axes, s side of a filter.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from quorate.runtime.progress import bar
from quorate.subgroups.jpeg import JPEG
from quorate.table import Labels, Rng
from quorate.test_time.perturbations.budget import Norm, levels_of
from quorate.test_time.perturbations.kinds.kind import Pixels
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.perturbations.views import capped_losses, draw_view, viewed
from quorate.test_time.perturbations.whole_network import (
    MOST_SHIFT,
    MOST_SUM,
    PER_UNIT,
    TOP,
    WHITE,
    WholeLayer,
    WholeNetwork,
    tanh_table,
)

if TYPE_CHECKING:
    from torch import Generator

SIDES = (5, 3, 3)  # of the layers' filters, in pixels; smaller ones for pictures that are smaller
LEARNING_RATE = 5e-3  # of Adam's first step
LOOKS = 8  # times that the whole-number network is judged on the way
CALIBRATED = 256  # pictures that tell how large activations are
JUDGED = 1024  # pictures that stop the crafting, at most
DOUBT = 1.645  # standard errors by which it must beat no change: one-sided, 5%
QUALITIES = (50, 95)  # of JPEG, from the worst
MOST_WEIGHT = 127


@dataclass(frozen=True, kw_only=True)
class NetworkCrafting:
    """How the network is crafted.

    Args:
        width: channels of every inner layer.
        steps: gradient steps, by Adam with decoupled weight decay (Loshchilov, Hutter 2019,
            arXiv:1711.05101) along a cosine.
        weight_decay: of the weights, for each unit of the learning rate.
        batch_size: pictures in each step.
        cap: loss, in nats, above which a picture counts ever less.
        diversity: share of batches that are shifted and resized; half as many become JPEG.
    """

    width: int
    steps: int
    weight_decay: float
    batch_size: int
    cap: float
    diversity: float


@dataclass(frozen=True, eq=False)
class MembersPhotos:
    """The members' photos.

    Args:
        x, y: pictures, (n, c, h, w), and their true labels, (n,).
        crafts, judges: which craft, and which stop the crafting; few photos do both.
    """

    x: Pixels
    y: Labels
    crafts: npt.NDArray[np.int64]
    judges: npt.NDArray[np.int64]


class Changing(nn.Module):
    """f while it is crafted, on the pixel scale [0, 1].

    h looks at pictures brought to mean 0 and deviation 1, as those of members are: a dark one would
    hardly move it.

    Args:
        x: members' pictures, (n, c, h, w).
        width: channels of the inner layers.
        epsilon, norm: the budget of a picture's change, on the pixel scale.
        rng: draws the weights.
    """

    def __init__(self, x: Tensor, width: int, epsilon: float, norm: Norm, rng: Rng) -> None:
        from quorate.engine.architectures import initialise

        super().__init__()
        c, *size = x.shape[1:]
        self.middle = x.mean(dim=(0, 2, 3))  # (c,)
        self.deviation = x.std(dim=(0, 2, 3), correction=0).clamp(min=1 / 255)
        sides = sides_within(min(size))
        channels = [c, *[width] * (len(sides) - 1), c]
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, side)
            for (before, after), side in zip(pairwise(channels), sides, strict=True)
        )
        initialise(self.layers, rng)
        for weights in self.layers[-1].parameters():
            nn.init.zeros_(weights)
        self.margin = sum(side // 2 for side in sides)
        self.epsilon, self.norm = epsilon, norm
        self.top = top_of(epsilon, norm)

    def activations(self, x: Tensor) -> list[Tensor]:
        """Return what each layer gives: the last one h(x), (B, c, h, w)."""
        from quorate.engine.layers import channels_last

        a = (x - self.middle[:, None, None]) / self.deviation[:, None, None]
        a = channels_last(functional.pad(a, (self.margin,) * 4, mode="replicate"))
        given = []
        for layer in self.layers[:-1]:
            a = functional.relu(layer(a))
            given.append(a)
        return [*given, self.layers[-1](a)]

    def forward(self, x: Tensor) -> Tensor:
        """Return f(x), clipped; backwards as if it were not, else what is clipped stays so."""
        moved = self.top / 255 * torch.tanh(self.activations(x)[-1])
        if self.norm == "l2":
            length = torch.linalg.vector_norm(moved, dim=(1, 2, 3), keepdim=True)
            moved = moved * (self.epsilon / length.clamp(min=1e-12)).clamp(max=1)
        wanted = x + moved
        return wanted + (wanted.clamp(0, 1) - wanted).detach()


def craft_network(
    networks: Sequence[nn.Module],
    photos: MembersPhotos,
    classes: tuple[str, ...],
    crafting: NetworkCrafting,
    generator: Generator,
    rng: Rng,
    *,
    epsilon: float,
    norm: Norm,
) -> Perturbation:
    """Return the network that serves pictures kept apart best, in whole numbers; or no change.

    Args:
        networks: surrogates on one device; their losses are averaged.
        photos: members' own, and which of them craft.
        classes: the k label names.
        crafting: settings of the optimisation.
        generator, rng: draw batches and views, and the weights.
        epsilon, norm: the budget of each picture's change, on the pixel scale.

    Returns:
        The whole-number network with the least loss on the judges. If it does not beat no change
        there by more than chance allows, its weights are 0 and ``about["change"]`` is none.
    """
    place = next(networks[0].parameters()).device
    own = _on_scale(photos.x[photos.crafts], place)
    change = Changing(own, crafting.width, epsilon, norm, rng).to(place)
    judge = _Judge(networks, photos, crafting.cap, place)
    labels = torch.from_numpy(photos.y[photos.crafts]).to(place)
    every = max(1, crafting.steps // LOOKS)
    optimizer = torch.optim.AdamW(
        change.parameters(), lr=LEARNING_RATE, weight_decay=crafting.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, crafting.steps)
    best = _Found.of(change, own, judge, classes)
    order = torch.empty(0, dtype=torch.int64)
    with bar(crafting.steps, "Crafting") as progress:
        for step in range(crafting.steps):
            if len(order) < min(crafting.batch_size, len(own)):
                order = torch.randperm(len(own), generator=generator)
            rows, order = order[: crafting.batch_size].to(place), order[crafting.batch_size :]
            seen = _looked_at(change, own[rows], crafting.diversity, generator)
            loss = capped_losses(networks, seen, labels[rows], crafting.cap).mean()
            weights = list(change.parameters())
            for one, slope in zip(weights, torch.autograd.grad(loss, weights), strict=True):
                one.grad = slope
            optimizer.step()
            schedule.step()
            if (step + 1) % every == 0 or step + 1 == crafting.steps:
                found = _Found.of(change, own, judge, classes)
                best = min(best, found, key=lambda one: float(one.losses.mean()))
            progress.advance(1)
    return _accepted(best, judge, len(photos.x))


def _accepted(best: _Found, judge: _Judge, pictures: int) -> Perturbation:
    """Return the network found, or no change where it is not surely better."""
    unchanged = judge.losses(judge.x)
    gain = unchanged - best.losses
    error = gain.std(ddof=1) / math.sqrt(len(gain)) if len(gain) > 1 else math.inf
    better = bool(gain.mean() > DOUBT * error)
    arrays = best.perturbation.arrays
    if not better:
        layers = {name: one for name, one in arrays.items() if name != "tanh"}
        arrays = {**arrays, **{name: np.zeros_like(one) for name, one in layers.items()}}
    about: dict[str, Any] = {
        "proxy_loss": float((best.losses if better else unchanged).mean()),
        "proxy_loss_unchanged": float(unchanged.mean()),
        "change": "network" if better else "none",
        "missing": [],
        "pictures": pictures,
    }
    if better:
        with torch.no_grad():
            before = judge.losses(best.change(judge.scaled))
        about["whole_numbers_cost"] = float(best.losses.mean() - before.mean())  # nats
    kept = best.perturbation
    return Perturbation("network", arrays, kept.classes, kept.shape, kept.epsilon, kept.norm, about)


class _Judge:
    """The pictures kept apart, and what surrogates say of them once they are changed."""

    def __init__(
        self,
        networks: Sequence[nn.Module],
        photos: MembersPhotos,
        cap: float,
        place: torch.device,
    ) -> None:
        self.networks, self.cap, self.place = networks, cap, place
        rows = photos.judges[:JUDGED]
        self.x, self.y = photos.x[rows], photos.y[rows]
        self.scaled = _on_scale(self.x, place)

    def losses(self, x: Pixels | Tensor) -> npt.NDArray[np.float64]:
        """Return the capped loss of each picture, (n,)."""
        seen = x if isinstance(x, Tensor) else _on_scale(x, self.place)
        with torch.no_grad():
            y = torch.from_numpy(self.y).to(self.place)
            found = capped_losses(self.networks, seen, y, self.cap)
        losses: npt.NDArray[np.float64] = found.double().cpu().numpy()
        return losses


@dataclass(frozen=True, eq=False)
class _Found:
    """A network on the way, in whole numbers as a file holds it.

    Args:
        change: the network that it was made of.
        perturbation: in whole numbers.
        losses: of the judges' pictures, (n,).
    """

    change: Changing
    perturbation: Perturbation
    losses: npt.NDArray[np.float64]

    @classmethod
    def of(cls, change: Changing, own: Tensor, judge: _Judge, classes: tuple[str, ...]) -> _Found:
        """Return a network judged by its whole numbers."""
        arrays = whole(change, own[:CALIBRATED]).arrays()
        _, c, h, w = own.shape
        made = Perturbation("network", arrays, classes, (c, h, w), change.epsilon, change.norm)
        return cls(copy.deepcopy(change), made, judge.losses(made.apply(judge.x, judge.y)))


def _on_scale(x: Pixels, place: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(x)).to(place).float() / 255


def _looked_at(change: Changing, x: Tensor, diversity: float, generator: Generator) -> Tensor:
    """Return changed pictures as a platform might see them: mirrored, shifted, resized, JPEG."""
    mirrored, compressed, quality = torch.rand(3, generator=generator).tolist()
    if mirrored < 0.5 and x.shape[1] > 1:  # grey pictures may be writing
        x = x.flip(3)
    seen: Tensor = change(x)
    view = draw_view(x.shape[2], diversity, generator)
    if view is not None:
        seen = viewed(seen, **view)
    if compressed < diversity / 2 and x.shape[1] in (1, 3):
        low, high = QUALITIES
        how = JPEG(quality=round(low + (high - low) * quality))
        plain = torch.from_numpy(how.change(seen.detach().cpu().numpy())).to(x.device)
        seen = seen + (plain - seen).detach()  # straight through: its own gradient is 0
    return seen


def sides_within(smallest: int) -> tuple[int, ...]:
    """Return the sides of the layers' filters, which together see no further than a picture.

    >>> sides_within(32), sides_within(8), sides_within(4)
    ((5, 3, 3), (3, 3, 3), (1, 1, 3))
    """
    sides = list(SIDES)
    while sum(side - 1 for side in sides) >= smallest:
        sides[int(np.argmax(sides))] -= 2
    return tuple(sides)


def top_of(epsilon: float, norm: Norm) -> int:
    """Return the most levels that ε·tanh moves a value by."""
    levels = levels_of(epsilon) if norm == "linf" else math.ceil(255 * epsilon)
    return max(1, min(WHITE, levels))


def whole(change: Changing, x: Tensor) -> WholeNetwork:
    """Return a network in whole numbers, whose activations are as large as on these pictures.

    All scales are powers of two: a layer's input is a = 2^p·(its real value) with p such that the
    largest comes to at most 1023, its weights are w·2^q with q of each channel as large as 127 and
    sums below 2²⁴ allow, and z·2^−shift with shift = q + p − p' is the next layer's input.
    """
    with torch.no_grad():
        given = [float(one.max()) for one in change.activations(x)[:-1]]
    powers = [math.floor(math.log2(TOP / max(one, 1e-6))) for one in given]
    before, top = 0, WHITE
    layers: list[WholeLayer] = []
    for layer, after in zip(change.layers, [*powers, int(math.log2(PER_UNIT))], strict=True):
        weight, bias = (one.detach().double().cpu().numpy() for one in layer.parameters())
        if not layers:  # it is given pictures in levels of 255, as they are
            deviation, middle = (
                one.double().cpu().numpy() for one in (change.deviation, change.middle)
            )
            weight = weight / deviation[:, None, None]
            bias = bias - np.einsum("oihw,i->o", weight, middle)
            weight = weight / WHITE
        channels = [
            _whole_channel(w, b, before, after, top) for w, b in zip(weight, bias, strict=True)
        ]
        layers.append(WholeLayer(*(np.stack(part) for part in zip(*channels, strict=True))))
        before, top = after, TOP
    return WholeNetwork(layers, tanh_table(change.top))


def _whole_channel(
    w: npt.NDArray[np.float64], b: float, before: int, after: int, top: int
) -> tuple[npt.NDArray[np.int8], np.int32, np.int8]:
    """Return the weights, the bias and the shift of one output channel."""
    largest = max(float(np.abs(w).max()), 1e-9)
    q = min(math.floor(math.log2(MOST_WEIGHT / largest)), MOST_SHIFT + after - before)
    while True:
        shift = q + before - after
        taps = np.rint(w * 2.0**q)
        bias = round(float(b) * 2.0 ** (q + before)) + (1 << (shift - 1) if shift > 0 else 0)
        if np.abs(taps).sum() * top + abs(bias) < MOST_SUM:
            return taps.astype(np.int8), np.int32(bias), np.int8(shift)
        q -= 1
