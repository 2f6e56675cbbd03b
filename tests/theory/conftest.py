"""Random finite laws with a signal, many at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

Floats = npt.NDArray[np.float64]


@dataclass
class Laws:
    """Random laws: everything has a first axis of laws."""

    mass: Floats  # P_0(x, y), (laws, v, k)
    image: npt.NDArray[np.int64]  # index of g(x), (laws, v); idempotent
    target: npt.NDArray[np.int64]  # (laws,)
    alpha: Floats  # (laws,)
    eps: Floats  # (laws,)

    def __len__(self) -> int:
        return len(self.mass)


def random_laws(count: int, v: int, k: int, rng: np.random.Generator) -> Laws:
    """Return laws from nearly uniform to nearly certain, with signals from unseen to common.

    In half of them the target has some mass everywhere, so that p is not next to 0.
    """
    concentration = 10 ** rng.uniform(-1, 1.5, count)
    mass = rng.gamma(concentration[:, None, None], size=(count, v, k)) + 1e-12
    target = rng.integers(0, k, count)
    lift = np.where(rng.random(count) < 0.5, rng.uniform(0, 3, count), 0.0)
    mass[np.arange(count), :, target] += lift[:, None] * mass.mean(axis=2)
    fixed = rng.integers(1, v + 1, count)  # values 0 .. fixed-1 are X*
    own = np.broadcast_to(np.arange(v), (count, v))
    signalled = own < fixed[:, None]
    image = np.where(signalled, own, rng.integers(0, fixed[:, None], (count, v)))
    rare = 10 ** rng.uniform(-4, 0, count)
    mass *= np.where(signalled, rare[:, None], 1.0)[:, :, None]
    mass /= mass.sum(axis=(1, 2), keepdims=True)
    alpha = 10 ** rng.uniform(-3, 0, count)
    eps = np.where(rng.random(count) < 0.2, 0.0, 10 ** rng.uniform(-4, -0.7, count))
    return Laws(mass, image, target, alpha, eps)


@pytest.fixture
def laws() -> Callable[[int, int], Iterator[Laws]]:
    """Return batches of random laws of several sizes: (how many in all, seed)."""

    def batches(count: int, seed: int) -> Iterator[Laws]:
        rng = np.random.default_rng(seed)
        sizes = [(v, k) for v in (1, 2, 4, 9) for k in (2, 3, 5)]
        for v, k in sizes:
            yield random_laws(-(-count // len(sizes)), v, k, rng)

    return batches
