"""Group distributionally robust optimisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from quorate.learners.base.groups import (
    GROUPING_HELP,
    Grouping,
    check_groups,
    codes_in_pool,
    stacked,
)
from quorate.learners.base.minibatch_learner import MinibatchLearner
from quorate.learners.base.training import Batch, Training
from quorate.spec import param
from quorate.table import Labels, Rng, Table
from quorate.validate import above_zero

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import Stack


@dataclass(frozen=True, kw_only=True)
class GroupDRO(MinibatchLearner):
    """Group DRO: minimises the worst group's loss by raising the weight of groups that do badly.

    q_k ← q_k·exp(η_q ℓ_k), normalised. Each step descends Σ_k q_k ℓ_k on a batch in which every
    group is equally likely (Sagawa, Koh, Hashimoto, Liang 2020, arXiv:1911.08731). The record
    holds α_eff = Σ_k q_k α_k per epoch, α_k being the members' share of group k.

    Raises:
        InputError: the people lack the groups asked for, or a group is empty.
    """

    name: ClassVar[str] = "group-dro"
    groups: Grouping = param("auto", GROUPING_HELP)
    group_step: float = param(0.01, "Step size η_q of the group weights.")

    def __post_init__(self) -> None:
        super().__post_init__()
        above_zero("group_step", self.group_step, "Use a step such as 0.01.")

    @property
    def uses_groups(self) -> bool:
        """Whether training needs to know people's groups, if they have any."""
        return self.groups != "label"

    def check(self, people: Table) -> None:
        """Raise InputError if the people lack the groups asked for, or if a group is empty."""
        super().check(people)
        check_groups(people, self.groups)

    def begin(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> Training:
        """Return the training, which starts from equal group weights."""
        codes = codes_in_pool(pool, self.groups)
        return _GroupTraining(
            codes, self.group_step, stack, pool, rngs, self.settings(), self.optimizer(stack)
        )


class _GroupTraining(Training):
    """Training that draws every group equally often and weighs its people by the group's q."""

    def __init__(
        self, codes: Sequence[tuple[Labels, int]], group_step: float, stack: Stack, *rest: Any
    ) -> None:
        import torch

        super().__init__(stack, *rest)
        self._group_step = group_step
        self._m = [m for _, m in codes]
        groups, sizes = stacked(codes)  # (K, n) and (K, m)
        most = sizes.shape[1]
        member = self.pool.member.cpu().numpy()
        ours = [np.bincount(g, c, most) for g, c in zip(groups, member, strict=True)]
        self._member_share = np.stack(ours) / np.maximum(sizes, 1)  # α_k, (K, m)
        self._likely = torch.from_numpy(1.0 / np.take_along_axis(sizes, groups, axis=1))  # (K, n)
        self._group = torch.from_numpy(groups).to(stack.device)
        q = torch.zeros(len(stack), most)
        for row, m in zip(q, self._m, strict=True):
            row[:m] = 1 / m
        self._q = q.to(stack.device)
        self._seen: list[Tensor] = []

    def draw(self) -> Tensor:
        """Return the people of one epoch, (K, n), with every group equally likely."""
        import torch

        self._seen.append(torch.zeros_like(self._q))
        n = self.pool.n
        drawn = [
            torch.multinomial(likely, n, replacement=True, generator=order)
            for likely, order in zip(self._likely, self._orders, strict=True)
        ]
        return torch.stack(drawn)

    def weights(self, losses: Tensor, batch: Batch) -> Tensor:
        """Update q, and return B·q_k/|k in the batch| for each person's group k."""
        import torch

        group = self._group.gather(1, batch.rows)  # (K, B)
        belongs = torch.nn.functional.one_hot(group, self._q.shape[1]).float()  # (K, B, m)
        sizes = belongs.sum(dim=1).clamp(min=1)  # (K, m)
        of_group = (losses[:, None] @ belongs)[:, 0] / sizes  # ℓ_k, 0 where nobody of k is drawn
        q = self._q * torch.exp(self._group_step * of_group)
        self._q = q / q.sum(dim=1, keepdim=True)
        self._seen[-1] += self._q
        return (self._q / sizes).gather(1, group) * losses.shape[1]

    def records(self) -> list[dict[str, Any]]:
        """Return the records, with α_eff = Σ_k q_k α_k per epoch and the final weights."""
        steps = -(-self.pool.n // self.settings.batch_size)
        seen = [mean.cpu().numpy() / steps for mean in self._seen]
        return [
            record
            | {
                "alpha_effective": [float(mean[k] @ self._member_share[k]) for mean in seen],
                "group_weights": self._q[k, : self._m[k]].tolist(),
            }
            for k, record in enumerate(super().records())
        ]
