"""Random streams of a seed: independent of each other, and of the order in which they are used.

Stream number i of seed s is ``SeedSequence(s, spawn_key=(i,))``. A study names its streams, so that
who is drawn does not depend on what is done with them afterwards. No study uses a global seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from quorate import spec
from quorate.errors import InputError
from quorate.plain import as_plain
from quorate.table import Rng
from quorate.validate import at_least, shown, storable

MOST_SEEDS = 100_000  # more are a slip of the pen


def stream(seed: int | Sequence[int], *numbers: int) -> np.random.SeedSequence:
    """Return a stream of a seed, or a stream of that stream, and so on.

    A seed may be several numbers, such as those that another stream has drawn.

    >>> first = np.random.SeedSequence(7).spawn(2)[1]
    >>> bool((stream(7, 1).generate_state(4) == first.generate_state(4)).all())
    True
    """
    return np.random.SeedSequence(seed, spawn_key=numbers)


def child(parent: np.random.SeedSequence, number: int) -> np.random.SeedSequence:
    """Return a child of a stream; unlike ``spawn`` it leaves the parent as it is."""
    return np.random.SeedSequence(parent.entropy, spawn_key=(*parent.spawn_key, number))


def mixed(seed: int, *numbers: int) -> Rng:
    """Return a generator that is seeded with a seed and further numbers together.

    Streams that were made in this way before ``stream`` keep their draws, so that what was stored
    then is what would be drawn today. New streams are made by ``stream``.
    """
    return np.random.default_rng(np.random.SeedSequence([seed, *numbers]))


def read_seeds(given: Any, called: str = "seed") -> tuple[int, ...]:
    """Return the seeds that a number of seeds, or a list of them, stands for.

    Args:
        given: the number, or the seeds.
        called: what one of them is called in messages.

    >>> read_seeds(3), read_seeds([7, 7.0, 5]), read_seeds(np.arange(2))
    ((0, 1, 2), (7, 5), (0, 1))

    Raises:
        InputError: it is neither, a seed is negative or beyond 64 bits, or there are too many.
    """
    plain = as_plain(given)
    if isinstance(plain, Sequence) and not isinstance(plain, str | bytes):
        check_count(max(1, len(plain)))
        seeds = tuple(dict.fromkeys(spec.convert(seed, int, "seeds") for seed in plain))
        for seed in seeds:
            check_seed(seed, called)
        return seeds
    whole = isinstance(plain, int | float) and plain == plain // 1  # neither NaN nor infinite
    if isinstance(plain, bool) or not whole:
        raise InputError(
            f"Expected seeds to be a number of seeds or a list, got {shown(given)}. Use seeds=5."
        )
    count = spec.convert(plain, int, "seeds")
    check_count(count)
    return tuple(range(count))


def check_count(seeds: int, fix: str = "Run at least one seed.") -> None:
    """Raise InputError unless a number of seeds is one that can be run."""
    at_least("seeds", seeds, 1, fix, most=math.inf)
    if seeds > MOST_SEEDS:
        raise InputError(
            f"Expected seeds={shown(seeds)} to be at most {MOST_SEEDS}. Use a smaller number, such "
            "as 5."
        )


def check_seed(seed: int, called: str = "seed") -> None:
    """Raise InputError unless a seed is a whole number of at most 64 bits."""
    at_least(called, seed, 0, "Use a non-negative whole number.", most=math.inf)
    storable(called, seed)
