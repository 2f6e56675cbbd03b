"""The training data of K models: the rows of their submissions, each stored once.

Shape letters: K models, B people in a batch, n people of each model, p rows in the pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from quorate.errors import InputError
from quorate.table import Labels, Submission, Table

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class RowPool:
    """The rows that K platforms receive: shared honest rows, and members' changed rows.

    Args:
        x, y: the rows, (p, ...), and their labels, (p,).
        index: positions of each model's n people among the rows, (K, n).
        member: which of them are members, (K, n).
        group: their groups, (p,), or None if unknown.
        k: number of labels.
    """

    x: Tensor
    y: Tensor
    index: Tensor
    member: Tensor
    group: Tensor | None
    k: int

    @classmethod
    def of(cls, data: Sequence[Submission], device: torch.device | str = "cpu") -> RowPool:
        """Return the pool of K submissions.

        Raises:
            InputError: the submissions differ in the number or shape of their rows.
        """
        shapes = {(d.honest.x.shape, d.honest.classes, d.honest.groups) for d in data}
        if len(shapes) != 1:
            raise InputError(
                f"Expected submissions of one shape and the same labels and groups in a stack, got "
                f"{sorted(str(shape) for shape in shapes)}. Fit them apart."
            )
        n, start = len(data[0].honest), 0
        parts, starts, groups = [], {}, []
        for d in data:
            for table in (d.honest, d.changed):
                if id(table) not in starts:
                    starts[id(table)] = start
                    parts.append(table)
                    groups.append(_groups_of(table, d))
                    start += len(table)
        index = np.empty((len(data), n), dtype=np.int64)  # (K, n)
        for row, d in zip(index, data, strict=True):
            row[:] = starts[id(d.honest)] + np.arange(n)
            row[d.member] = starts[id(d.changed)] + np.arange(len(d.changed))
        x = parts[0].x if len(parts) == 1 else np.concatenate([table.x for table in parts])
        y = np.concatenate([table.y for table in parts])
        group = None
        if data[0].honest.group is not None:
            group = torch.from_numpy(np.concatenate(groups)).to(device)
        return cls(
            x=torch.from_numpy(x).to(device),
            y=torch.from_numpy(y).to(device),
            index=torch.from_numpy(index).to(device),
            member=torch.from_numpy(np.stack([d.member for d in data])).to(device),
            group=group,
            k=data[0].honest.k,
        )

    def __len__(self) -> int:
        return len(self.index)

    @property
    def n(self) -> int:
        """Number of people per model."""
        return self.index.shape[1]

    def take(self, rows: Tensor) -> RowPool:
        """Return the pool of some people of each model, ``rows`` (K, n')."""
        index, member = (of.gather(1, rows) for of in (self.index, self.member))
        return replace(self, index=index, member=member)

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (K, B, ...) and labels (K, B) of the people ``rows``, (K, B)."""
        at = self.index.gather(1, rows)
        x = self.x.index_select(0, at.flatten()).view(*at.shape, *self.x.shape[1:])
        return x, self.y[at]

    def labels(self) -> Labels:
        """Return everyone's label, (K, n)."""
        return np.asarray(self.y[self.index].cpu().numpy())

    def groups(self) -> Labels | None:
        """Return everyone's group, (K, n), or None if unknown."""
        return None if self.group is None else np.asarray(self.group[self.index].cpu().numpy())


def _groups_of(table: Table, data: Submission) -> Labels:
    """Return the groups of a table's rows; members who hand in none keep their honest groups."""
    if table.group is not None:
        return table.group
    if data.honest.group is None or table is data.honest:
        return np.zeros(len(table), dtype=np.int64)
    return data.honest.group[data.member]
