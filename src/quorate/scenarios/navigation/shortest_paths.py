"""Shortest paths between zones, and all-or-nothing assignment: everyone put on theirs.

Shapes: l links, n nodes, z zones, c classes of trips, m nodes of the graph that is searched.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_PAIRS = 4_000_000  # of nodes, for which a table is faster than a search


@dataclass(frozen=True, eq=False)
class ShortestPathTrees:
    """The shortest paths from every zone to all nodes, one tree a zone.

    Args:
        distance: time of the shortest path from zone to zone, (z, z); inf where there is none.
        before: the entry of the node before on the path, among the z·m of all trees; itself at the
            root and where no path leads, (z·m,).
        link: the link that leads to each entry, (z·m,); l where there is none.
        links: how many there are, l.
    """

    distance: Floats
    before: Ints
    link: Ints
    links: int

    def load(self, trips: Floats) -> Floats:
        """Return the flow on each link when all trips take their shortest path.

        Flow into a node of a tree is the demand of all nodes behind it. Sums over 1, 2, 4, ...
        generations are doubled, so that no order of nodes is needed and links of no time do no
        harm.

        Args:
            trips: from zone to zone, (z, z), or in classes, (c, z, z).

        Returns:
            Flow on each link, (l,), or by class, (c, l). Trips without a path are left out.
        """
        if trips.ndim == 3:
            return np.stack([self.load(one) for one in trips])
        zones = len(self.distance)
        behind = np.zeros((zones, len(self.before) // zones))  # (z, m)
        behind[:, :zones] = np.where(np.isfinite(self.distance), trips, 0)
        np.fill_diagonal(behind, 0)
        flow, before = behind.ravel(), self.before
        is_root = before == np.arange(len(before))
        inner = np.flatnonzero(~is_root[before])  # what flows into a root is on no link
        while len(inner):
            flow = flow + np.bincount(before[inner], flow[inner], minlength=len(flow))
            before = before[before]
            inner = inner[~is_root[before[inner]]]
        on_links = np.bincount(self.link, flow, minlength=self.links + 1)
        return np.asarray(on_links[: self.links], dtype=np.float64)

    def sum_along(self, values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        """Return the sum of whole numbers of links, (l,), on the path to each entry, (z·m,).

        Sums over 1, 2, 4, ... links are doubled; they wrap around at 2⁶⁴.
        """
        total = np.append(values, np.uint64(0))[self.link]
        before = self.before.astype(np.int32 if len(total) < 2**31 else np.int64)  # the faster
        while ((two_before := before[before]) != before).any():
            total = total + total[before]
            before = two_before
        return np.asarray(total, dtype=np.uint64)


class ShortestPaths:
    """Finds the shortest paths of one network again and again, at other times of its links.

    Nodes that no path may pass through are doubled: links leave from the second one, where nobody
    arrives, and arrive at the first one, from where nobody leaves. Of parallel links only the
    fastest is searched. Links from a node to itself are on no shortest path.

    Args:
        tail, head: the nodes where each link begins and ends, (l,).
        nodes: how many nodes there are, n.
        zones: how many zones there are, z; they are the first nodes.
        first: no path passes through a node before this one, only begins or ends.
    """

    def __init__(self, tail: Ints, head: Ints, nodes: int, zones: int, first: int = 0) -> None:
        self._links, self._zones, self._size = len(tail), zones, nodes + first
        numbers = np.arange(zones)
        self._roots = np.where(numbers < first, nodes + numbers, numbers)  # (z,)
        leaves_from = np.where(tail < first, nodes + tail, tail)
        is_loop = tail == head
        self._pair = np.where(is_loop, self._size**2, leaves_from * self._size + head)
        self._pairs, self._starts = np.unique(np.sort(self._pair), return_index=True)
        if is_loop.any():
            self._pairs, self._starts = self._pairs[:-1], self._starts[:-1]
        ends = np.searchsorted(self._pairs, np.arange(self._size + 1) * self._size)
        self._indptr = ends.astype(np.int32)
        self._indices = (self._pairs % self._size).astype(np.int32)
        self._numbers: Ints | None = None  # of all pairs of nodes, where a table of them is small
        if self._size**2 <= MOST_PAIRS:
            self._numbers = np.zeros(self._size**2, dtype=np.int64)
            self._numbers[self._pairs] = np.arange(len(self._pairs))

    def trees(self, times: Floats) -> ShortestPathTrees:
        """Return the shortest paths at the given time of each link, (l,), zero or more."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        fastest = np.lexsort((times, self._pair))[self._starts]  # of each pair of nodes
        shape = (self._size, self._size)
        graph = csr_array((times[fastest], self._indices, self._indptr), shape=shape)
        away, before = dijkstra(graph, indices=self._roots, return_predecessors=True)  # (z, m)
        distance = away[:, : self._zones].copy()
        np.fill_diagonal(distance, 0)
        entries = self._find_entries(before.astype(np.int64), fastest)
        return ShortestPathTrees(distance, *entries, self._links)

    def _find_entries(self, before: Ints, fastest: Ints) -> tuple[Ints, Ints]:
        """Return the entry before each, and the link between, from the nodes before, (z, m)."""
        entry = np.arange(before.size)
        row, node = np.divmod(entry, self._size)
        before = before.ravel()
        is_reached = before >= 0  # roots and what no path leads to have a negative one
        link = np.full(before.size, self._links)
        pair = before[is_reached] * self._size + node[is_reached]
        numbers = self._numbers
        at = np.searchsorted(self._pairs, pair) if numbers is None else numbers[pair]
        link[is_reached] = fastest[at]
        return np.where(is_reached, row * self._size + before, entry), link
