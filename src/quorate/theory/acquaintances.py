"""Who knows whom: networks of acquaintances, as weights by which each person sees the others.

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
REWIRED = 0.1  # share of the pairs of a ring that a small world draws anew


def acquaintances(kind: Kind, people: int, each: int, rng: Rng) -> csr_array | None:
    """Return the weights by which each person sees those whom they know.

    - ``ring``: the ``each``/2 neighbours on either side.
    - ``small-world``: a ring of which each pair is drawn anew with probability ``REWIRED``, one end
      kept (Watts and Strogatz 1998).
    - ``random``: every pair with probability ``each``/(n−1) (Erdős and Rényi 1959).
    - ``complete``: everybody.

    Args:
        kind: of network.
        people: n.
        each: how many acquaintances a person has, on average; even, but for ``random``.
        rng: which pairs.

    Returns:
        Row i sums to 1, or is empty where i knows nobody, (n, n); None for ``complete``.

    >>> ring = acquaintances("ring", 5, 2, np.random.default_rng(0))
    >>> ring.toarray()[0].tolist()
    [0.0, 0.5, 0.0, 0.0, 0.5]

    Raises:
        InputError: no such network, or no such number of acquaintances in it.
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
