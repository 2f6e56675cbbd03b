"""The routes that drivers choose from, and small steps towards the faster ones.

Shapes: l links, z zones, p pairs of zones with demand, k routes.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.shortest_paths import Floats, Ints, ShortestPathTrees
from quorate.table import Mask

FLOOR = 0.1  # of a pair's demand, weight of a route that nobody takes yet; ours


class Routes:
    """Routes between all zones with demand; more are found as they become the fastest.

    A route keeps its number, so that what is known of routes is only ever widened.

    Raises:
        InputError: nobody drives.

    >>> two = Network(
    ...     "two links", tail=[0, 0], head=[1, 1], capacity=[1, 1], free_flow_time=[1, 2],
    ...     b=[1, 0], power=[1, 1], length=[1, 1], trips=[[0, 1.5], [0, 0]],
    ... )
    >>> routes = Routes(two)
    >>> routes.grow(np.array([1.0, 2.0])), routes.grow(np.array([3.0, 2.0]))
    (1, 1)
    >>> routes.load(np.array([1.0, 0.5]))
    array([1. , 0.5])
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.origin, self.end = np.nonzero(network.trips)  # (p,)
        self.demand = network.trips[self.origin, self.end]  # (p,)
        if not len(self.demand):
            raise InputError(
                f"Expected demand between the zones of {network.name}, got none. Give trips from "
                "one zone to another."
            )
        self.pair = np.zeros(0, dtype=np.int64)  # of zones that a route joins, (k,)
        self._paths = network.shortest_paths()
        self._marks = _marks(network.links, len(self.demand))
        self._known = np.zeros(0, dtype=np.uint64)  # the marks of all routes, sorted, (k,)
        self._last = np.zeros(len(self.demand), dtype=np.uint64)  # marks found last, (p,)
        self._links = np.zeros(0, dtype=np.int32)  # of all routes, one after the other
        self._ends = np.zeros(1, dtype=np.int32)  # where each route's links end, (k + 1,)
        self._ones = np.zeros(0)  # as many as links of routes, or more
        self._uses: Any = None  # sparse, (k, l): 1 where a route uses a link
        self._used_by: Any = None  # the same, (l, k)

    def __len__(self) -> int:
        return len(self.pair)

    def copy(self) -> Routes:
        """Return the same routes, to which others may be added."""
        return copy.copy(self)  # arrays are replaced, never changed

    def grow(self, times: Floats) -> int:
        """Add the fastest route of each pair at times of links, (l,); return how many are new."""
        trees = self._paths.trees(times)
        of_link, of_route = self._marks
        entry = self.origin * (len(trees.before) // self.network.zones) + self.end  # (p,)
        mark = of_route + trees.sum_along(of_link)[entry]
        is_new = mark != self._last  # (p,)
        is_new[is_new] = ~self._is_known(mark[is_new])
        self._last = mark
        if is_new.any():
            of_pair, link = self._read_off(trees, entry, np.flatnonzero(is_new))
            lengths = np.bincount(of_pair, minlength=len(is_new))[is_new]
            self.pair = np.concatenate([self.pair, np.flatnonzero(is_new)])
            self._known = np.sort(np.concatenate([self._known, mark[is_new]]))
            self._links = np.concatenate([self._links, link.astype(np.int32)])
            self._ends = np.concatenate(
                [self._ends, (self._ends[-1] + np.cumsum(lengths)).astype(np.int32)]
            )
            self._uses, self._used_by = self._incidence()
        return int(is_new.sum())

    def _is_known(self, mark: npt.NDArray[np.uint64]) -> Mask:
        """Return which of some marks belong to a known route."""
        if not len(self._known):
            return np.zeros(len(mark), dtype=bool)
        at = np.searchsorted(self._known, mark)
        return np.asarray(self._known[np.minimum(at, len(self._known) - 1)] == mark)

    def _read_off(self, trees: ShortestPathTrees, entry: Ints, pair: Ints) -> tuple[Ints, Ints]:
        """Return the links of some pairs' routes: the pair's number, and the link's, in order."""
        pairs, links = [], []
        entry = entry[pair]
        while len(pair):
            link = trees.link[entry]
            going = link < self.network.links
            pair, entry = pair[going], trees.before[entry[going]]
            pairs.append(pair)
            links.append(link[going])
        of_pair, link = np.concatenate(pairs), np.concatenate(links)
        order = np.lexsort((link, of_pair))
        return of_pair[order], link[order]

    def _incidence(self) -> tuple[Any, Any]:
        """Return which route uses which link, as sparse matrices (k, l) and (l, k)."""
        from scipy.sparse import csr_array

        if len(self._ones) < len(self._links):
            self._ones = np.ones(2 * len(self._links))
        numbers = self._ones[: len(self._links)], self._links, self._ends
        uses = csr_array(numbers, shape=(len(self.pair), self.network.links))
        return uses, uses.T  # the same numbers, read by columns: a link's routes in order

    def widen(self, values: Floats) -> Floats:
        """Return what is known of the first routes, with 0 for all that were found since, (k,)."""
        return np.concatenate([values, np.zeros(len(self) - len(values))])

    def costs(self, times: Floats) -> Floats:
        """Return the time of each route, (k,), at times of links, (l,)."""
        return np.asarray(self._uses @ times)

    def load(self, flow: Floats) -> Floats:
        """Return the flow on each link, (l,), of a flow on each route, (k,)."""
        return np.asarray(self._used_by @ flow)

    def by_pair(self, values: Floats) -> Floats:
        """Return the sum over the routes of each pair, (p,), of values of routes, (k,)."""
        return np.asarray(np.bincount(self.pair, values, len(self.demand)), dtype=np.float64)

    def least(self, costs: Floats) -> Floats:
        """Return the least cost among the routes of each pair, (p,)."""
        found = np.full(len(self.demand), np.inf)
        np.minimum.at(found, self.pair, costs)
        return found

    def cheapest(self, costs: Floats) -> Ints:
        """Return the number of a cheapest route of each pair, (p,)."""
        found = np.zeros(len(self.demand), dtype=np.int64)
        best = np.flatnonzero(costs == self.least(costs)[self.pair])
        found[self.pair[best]] = best
        return found

    def weights(self, flow: Floats) -> Floats:
        """Return the weight of each route in a step, (k,): its flow, and some of its demand."""
        return np.asarray(flow + FLOOR * self.by_pair(flow)[self.pair])

    def stiffness(self, slopes: Floats, *classes: Floats) -> list[Floats]:
        """Return a_k = Σ_{links of k} t′ Σ_{j through it} v_j / v_k for each class, (k,).

        The matrix diag(a) lies above the second derivative Δᵀ diag(t′) Δ of Beckmann's objective,
        whatever the positive weights v: derived, by the bound of a non-negative matrix through any
        positive vector.

        Args:
            slopes: t′ of each link, (l,).
            classes: v, what each route weighs for drivers of each class, (k,).
        """
        through = self.costs(slopes * self.load(np.sum(classes, axis=0)))
        zero = np.zeros_like(through)
        return [np.divide(through, v, out=zero.copy(), where=v > 0) for v in classes]

    def shift(self, flow: Floats, costs: Floats, stiffness: Floats, step: float = 1.0) -> Floats:
        """Return flows after a step from each dearer route to the cheapest of its pair, (k,).

        From each route that is dearer than the cheapest of its pair, b, at most
        (c_k − c_b)/(a_k + a_b) move: what pays if it is the only one that is left.

        Args:
            flow: on each route, (k,).
            costs: c, of each route, (k,).
            stiffness: a, of each route, (k,).
            step: share of that which moves, in (0, 1].
        """
        cheapest = self.cheapest(costs)
        excess = costs - costs[cheapest][self.pair]
        leaving = (flow > 0) & (excess > 0)
        resisting = np.maximum(stiffness + stiffness[cheapest][self.pair], 1e-300)
        moved = np.where(leaving, np.minimum(flow, step * excess / resisting), 0.0)
        after = flow - moved
        np.add.at(after, cheapest, self.by_pair(moved))
        return after


def _marks(links: int, pairs: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Return a random number of each link and pair; their sum tells a route from all others.

    Two of a million routes have the same sum with a probability below 1e-7: 64 bits.
    """
    rng, most = np.random.default_rng(0), np.iinfo(np.uint64).max
    of_link = rng.integers(most, size=links, dtype=np.uint64)
    return of_link, rng.integers(most, size=pairs, dtype=np.uint64)
