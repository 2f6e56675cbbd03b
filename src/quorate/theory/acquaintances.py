"""Social networks: who knows whom, as weights with which each person sees the others.

Shapes: n people, e pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.table import Rng
from quorate.validate import at_least, unknown

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Kind = Literal["complete", "ring", "small-world", "random"]
Pairs = npt.NDArray[np.int64]
REWIRED = 0.1  # share of a ring's pairs that a small world redraws


def acquaintances(kind: Kind, people: int, each: int, rng: Rng) -> csr_array | None:
    """Return the weights with which each person sees their acquaintances.

    - ``ring``: the ``each``/2 neighbours on either side.
    - ``small-world``: a ring in which one end of each pair is redrawn with probability ``REWIRED``
      (Watts and Strogatz 1998).
    - ``random``: every pair with probability ``each``/(n−1) (Erdős and Rényi 1959).
    - ``complete``: everybody.

    Args:
        kind: the kind of network.
        people: n.
        each: mean number of acquaintances per person; even unless ``random``.
        rng: source of the random pairs.

    Returns:
        (n, n), where row i sums to 1, or is empty if i knows nobody; None for ``complete``.

    >>> ring = acquaintances("ring", 5, 2, np.random.default_rng(0))
    >>> ring.toarray()[0].tolist()
    [0.0, 0.5, 0.0, 0.0, 0.5]

    Raises:
        InputError: there is no such network, or it cannot have that many acquaintances.
    """
    if kind not in get_args(Kind):
        raise unknown("network", str(kind), get_args(Kind))
    if kind == "complete":
        return None
    at_least("acquaintances", each, 1, "A person knows somebody.")
    if each >= people or (kind != "random" and each % 2):
        raise InputError(
            f"Expected acquaintances={each} to be even and below the {people} people who may act. "
            "Name a smaller even number, or network=complete."
        )
    pairs = _random_pairs(people, each, rng) if kind == "random" else _ring(people, each)
    return _weights(_rewired(pairs, people, rng) if kind == "small-world" else pairs, people)


def _ring(people: int, each: int) -> Pairs:
    here = np.repeat(np.arange(people), each // 2)
    return np.stack([here, (here + np.tile(np.arange(1, each // 2 + 1), people)) % people])


def _rewired(pairs: Pairs, people: int, rng: Rng) -> Pairs:
    """Return the pairs, (2, e), some with another second end; never oneself."""
    anew = rng.random(pairs.shape[1]) < REWIRED
    steps = rng.integers(1, people, size=pairs.shape[1])  # from the first end, never back to it
    return np.stack([pairs[0], np.where(anew, (pairs[0] + steps) % people, pairs[1])])


def _random_pairs(people: int, each: int, rng: Rng) -> Pairs:
    """Return each pair i < j with the same probability, (2, e)."""
    every = people * (people - 1) // 2
    count = rng.binomial(every, each / (people - 1))
    drawn = np.sort(rng.choice(every, count, replace=False, shuffle=False))  # j(j−1)/2 + i
    j = ((1 + np.sqrt(1 + 8.0 * drawn)) // 2).astype(np.int64)
    return np.stack([drawn - j * (j - 1) // 2, j])


def _weights(pairs: Pairs, people: int) -> Any:
    from scipy.sparse import csr_array

    both = np.unique(np.concatenate([pairs, pairs[::-1]], axis=1), axis=1)  # a pair once
    known = np.bincount(both[0], minlength=people)
    return csr_array((1 / known[both[0]], (both[0], both[1])), shape=(people, people))
