"""Random streams of a seed: independent of each other, and of the order in which they are used.

Stream number i of seed s is ``SeedSequence(s, spawn_key=(i,))``. A study names its streams, so that
who is drawn does not depend on what is done with them afterwards. No study uses a global seed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quorate.table import Rng


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
