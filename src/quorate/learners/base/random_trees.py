"""Random trees whose splits are drawn without data, for differentially private learners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.table import Array, Labels, Mask, Rng, Table

Codes = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PublicColumns:
    """What is public about a table's columns: the values of texts and a range of numbers.

    Args:
        starts: first feature of each of the C columns.
        sizes: number of values of each column; 0 for a number.
        low, high: range of every number, which is clipped to it.
    """

    starts: tuple[int, ...]
    sizes: tuple[int, ...]
    low: float
    high: float

    @classmethod
    def of(cls, people: Table, bound: float) -> PublicColumns:
        """Return the columns of ``people``: pixels in [0, 1], other numbers in ±``bound``.

        Features without columns are numbers. No row is read.
        """
        low, high = (0.0, 1.0) if people.is_image else (-bound, bound)
        if people.columns:
            starts = tuple(column.start for column in people.columns)
            return cls(starts, tuple(len(column.values) for column in people.columns), low, high)
        d = int(np.prod(people.x.shape[1:]))
        return cls(tuple(range(d)), (0,) * d, low, high)

    def codes(self, x: Array) -> Codes:
        """Return each person's value in each column, (n, C): a number in [0, 1] or a text's index.

        >>> PublicColumns((0, 1), (0, 3), -2, 2).codes(np.array([[5, 0, 0, 1]], np.float32))
        array([[1., 2.]])
        """
        rows = x.reshape(len(x), -1)
        found = np.empty((len(rows), len(self.starts)))  # (n, C)
        for c, (start, size) in enumerate(zip(self.starts, self.sizes, strict=True)):
            if size:
                found[:, c] = rows[:, start : start + size].argmax(axis=1)
            else:
                place = (rows[:, start].astype(np.float64) - self.low) / (self.high - self.low)
                found[:, c] = place.clip(0, 1)
        return found


@dataclass(frozen=True, eq=False)
class RandomTrees:
    """T binary trees of depth D over public columns; node i has the children 2i + 1 and 2i + 2.

    Args:
        columns: the columns that the trees split.
        depth: number of splits D from root to leaf; a tree has 2ᴰ leaves.
        column: column that each node splits, (T, 2ᴰ − 1).
        threshold: threshold above which a number goes right, (T, 2ᴰ − 1).
        right: whether a value of a text goes right, (T, 2ᴰ − 1, largest alphabet).
    """

    columns: PublicColumns
    depth: int
    column: Labels
    threshold: Codes
    right: Mask

    def leaves(self, x: Array) -> Labels:
        """Return the index of each person's leaf in each tree, (T, n)."""
        codes = self.columns.codes(x)  # (n, C)
        is_text = np.array(self.columns.sizes) > 0  # (C,)
        people = np.arange(len(codes))
        found = np.empty((len(self.column), len(codes)), dtype=np.int64)  # (T, n)
        for t in range(len(self.column)):
            node = np.zeros(len(codes), dtype=np.int64)  # (n,)
            for _ in range(self.depth):
                asked = self.column[t, node]
                value = codes[people, asked]
                listed = self.right[t, node, np.where(is_text[asked], value, 0).astype(np.int64)]
                goes_right = np.where(is_text[asked], listed, value > self.threshold[t, node])
                node = 2 * node + 1 + goes_right
            found[t] = node - (2**self.depth - 1)
        return found


def grow(columns: PublicColumns, trees: int, depth: int, rng: Rng) -> RandomTrees:
    """Return random trees (Fan et al. 2003), which do not depend on the data.

    Each node splits a random column: a number goes right above a threshold drawn uniformly from the
    range that its ancestors leave, a text if it is in a random half of its values. A text is split
    once per path, as long as another column is left.
    """
    nodes, widest = 2**depth - 1, max(2, *columns.sizes)
    column = np.zeros((trees, nodes), dtype=np.int64)
    threshold = np.zeros((trees, nodes))
    right = np.zeros((trees, nodes, widest), dtype=bool)
    sizes = np.array(columns.sizes)
    for t in range(trees):
        low, high = np.zeros((nodes, len(sizes))), np.ones((nodes, len(sizes)))  # range left
        for node in range(nodes):
            free = np.flatnonzero(high[node] > 0)  # a text that was split has no range left
            c = int(rng.choice(free if len(free) else len(sizes)))
            column[t, node] = c
            if sizes[c]:
                right[t, node, rng.permutation(sizes[c])[: sizes[c] // 2]] = True
                below, above = (0.0, 0.0), (0.0, 0.0)
            else:
                at = rng.uniform(low[node, c], high[node, c])
                threshold[t, node] = at
                below, above = (low[node, c], at), (at, high[node, c])
            for child, left in ((2 * node + 1, below), (2 * node + 2, above)):
                if child < nodes:
                    low[child], high[child] = low[node], high[node]
                    low[child, c], high[child, c] = left
    return RandomTrees(columns, depth, column, threshold, right)
