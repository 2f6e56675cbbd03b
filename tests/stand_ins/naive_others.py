"""Several collectives and members who err, straight from the definitions.

Nothing of the library is in it. ``batch`` is many random finite laws at once, as the fixture
``laws`` of tests/theory makes them; its ``alpha`` is the size of the collective in question.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from naive_theory import naive_carried

Floats = npt.NDArray[np.float64]
MISTAKES = ("forget", "label", "anything", "chosen")


@dataclass
class Sizes:
    """What else is on the platform, (laws,) each, and what members do who err."""

    opposed: Floats
    elsewhere: Floats
    unknown: Floats
    error: Floats
    mistake: npt.NDArray[np.str_]

    @property
    def others(self) -> Floats:
        return self.opposed + self.elsewhere + self.unknown


def random_sizes(batch, rng: np.random.Generator) -> Sizes:
    """Return sizes from next to nothing to all that the collective leaves room for."""
    count = len(batch)
    shares = rng.dirichlet([0.6] * 3, count) * (1 - batch.alpha)[:, None]
    shares *= np.minimum(10 ** rng.uniform(-3, 0.5, count), 1)[:, None]
    shares *= rng.random((count, 3)) < 0.7  # not all kinds everywhere
    error = np.where(rng.random(count) < 0.3, 0.0, 10 ** rng.uniform(-3, -0.2, count))
    return Sizes(*shares.T, error, np.array(MISTAKES)[rng.integers(0, 4, count)])


def worst_among(batch, sizes: Sizes, action: str, c: Floats) -> Floats:
    """Return the least success over everything that others and members who err may do.

    Every set B of values is tried: what must be added against the collective at each value of B,
    label by label, what the opposed and those who err do there, and whether the rest can pay.
    """
    alpha, rho, people = batch.alpha, sizes.error, naive_carried(batch)
    is_ = {name: sizes.mistake == name for name in MISTAKES}
    acting = alpha * np.where(is_["chosen"], 1.0, 1 - rho)
    honest = 1 - alpha - sizes.others + np.where(is_["forget"], rho * alpha, 0.0)
    cases = np.arange(len(batch))
    ours = batch.mass[cases, :, batch.target]
    rival = batch.mass.copy()
    rival[cases, :, batch.target] = -1
    for_us = (ours - rival.max(axis=2)) * (1 if action == "planting" else -1)  # among honest rows
    against = sizes.opposed + np.where(is_["label"], rho * alpha, 0.0)
    lead = honest[:, None] * for_us + (acting - against)[:, None] * people
    price = np.maximum(lead, 0)
    subsets = np.array(list(itertools.product((0.0, 1.0), repeat=price.shape[1])))
    bill = price @ subsets.T - (c + sizes.unknown)[:, None]  # (laws, 2^v): left to pay
    theirs = (rho * alpha)[:, None]
    # Chosen members take their own rows away, and add them elsewhere: one counts twice, as long
    # as there are members' rows to take away.
    there = np.minimum(price, alpha[:, None] * people) @ subsets.T
    needed = np.where(is_["chosen"][:, None], np.maximum(bill / 2, bill - there), bill)
    pays = np.where((is_["chosen"] | is_["anything"])[:, None], theirs, 0.0)
    affordable = needed <= pays + 1e-12 * (c + sizes.unknown + rho * alpha)[:, None]
    return 1 - np.where(affordable, people @ subsets.T, 0).max(axis=1)
