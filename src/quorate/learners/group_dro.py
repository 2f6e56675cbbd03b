"""Group distributionally robust optimisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from quorate.errors import InputError
from quorate.learners.network_learner import NetworkLearner
from quorate.learners.networks import torch_generator
from quorate.spec import param
from quorate.table import Labels, Rng, Submission, Table
from quorate.validate import above_zero, in_interval

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.learners.stack import Pool, Stack


@dataclass(frozen=True, kw_only=True)
class GroupDRO(NetworkLearner):
    """Group DRO: minimises the worst group's loss by raising the weight of groups that do badly.

    q_k ← q_k·exp(η_q ℓ_k), normalised; each step descends Σ_k q_k ℓ_k on a batch in which every
    group is equally likely (Sagawa, Koh, Hashimoto, Liang 2020, arXiv:1911.08731). The record
    holds α_eff = Σ_k q_k α_k per epoch, α_k being the members' share of group k.

    Raises:
        InputError: groups are asked for that the people do not have, or one of them is empty.
    """

    name: ClassVar[str] = "group-dro"
    groups: Literal["auto", "group", "label", "group-label"] = param(
        "auto", "what makes a group; auto: group-label where people have groups, else label"
    )
    group_step: float = param(0.01, "step size η_q of the group weights")
    momentum: float = param(0.9, "in [0, 1)")
    learning_rate: float = param(0.05, "step size")

    def __post_init__(self) -> None:
        super().__post_init__()
        above_zero("group_step", self.group_step, "Use a step such as 0.01.")
        in_interval("momentum", self.momentum, 0, 1, "Use 0 for none.", open_high=True)

    def check(self, people: Table) -> None:
        """Raise InputError if the groups are not there, or one has nobody in it."""
        super().check(people)
        self._codes(people)

    def _codes(self, people: Table) -> tuple[Labels, int]:
        """Return the group of each person, (n,), and the number m of groups that have people."""
        by_group = self.groups in ("group", "group-label")
        if by_group and people.group is None:
            raise InputError(
                f"Expected people with groups for groups={self.groups}, got none. Name the group "
                "column of the population (group=COLUMN), or use groups=label."
            )
        if people.group is None or self.groups == "label":
            codes = people.y
        else:
            sizes = np.bincount(people.group, minlength=len(people.groups))  # (m,)
            empty = [name for name, size in zip(people.groups, sizes, strict=True) if size == 0]
            if empty:
                raise InputError(
                    f"Expected people in every group, got none in {', '.join(empty)}. Draw more "
                    "people, or leave such groups out."
                )
            codes = people.group
            if self.groups != "group":
                codes = people.group * people.k + people.y
        present, codes = np.unique(codes, return_inverse=True)
        return codes.astype(np.int64), len(present)

    def train(
        self, stack: Stack, pool: Pool, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[dict[str, Any]]:
        """Run the epochs; each record holds the final weights and α_eff per epoch."""
        import torch
        from torch.nn.functional import cross_entropy

        platforms = [
            _Groups(*self._codes(one.mixed()), one, rng)
            for one, rng in zip(data, rngs, strict=True)
        ]
        m = max(platform.m for platform in platforms)  # models with fewer groups leave some empty
        group = torch.stack([platform.codes for platform in platforms])  # (K, n)
        q = torch.stack([platform.start(m) for platform in platforms])  # (K, m)
        seen: list[Tensor] = []
        for _ in range(self.epochs):
            drawn = torch.stack([platform.draw() for platform in platforms])  # (K, n)
            weights = []
            for rows in torch.split(drawn, self.batch_size, dim=1):
                x, y = pool.batch(rows)
                logits = stack.logits(x)  # (K, B, k)
                each = cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none")
                member = torch.nn.functional.one_hot(group.gather(1, rows), m).float()  # (K, B, m)
                sums = (each.view(y.shape)[:, None] @ member)[:, 0]  # (K, m)
                losses = sums / member.sum(dim=1).clamp(min=1)  # ℓ_k, 0 where nobody of k is drawn
                q = q * torch.exp(self.group_step * losses.detach())
                q = q / q.sum(dim=1, keepdim=True)
                stack.descend((q * losses).sum(), self.learning_rate, self.momentum, 0.0)
                weights.append(q)
            seen.append(torch.stack(weights).mean(dim=0))  # (K, m)
        return [
            {
                "alpha_effective": [platform.alpha_effective(mean[k]) for mean in seen],
                "group_weights": q[k, : platform.m].tolist(),
            }
            for k, platform in enumerate(platforms)
        ]


class _Groups:
    """One model's groups: who is in which, how they are drawn, and the members' share of each."""

    def __init__(self, codes: Labels, m: int, data: Submission, rng: Rng) -> None:
        import torch

        sizes = np.bincount(codes, minlength=m)  # (m,)
        self.m = m
        self.codes = torch.from_numpy(codes)  # (n,)
        self._member_share = np.bincount(codes, weights=data.member, minlength=m) / sizes  # (m,)
        self._likely = torch.from_numpy(1.0 / sizes[codes])  # every group is drawn equally often
        self._order = torch_generator(rng)

    def start(self, m: int) -> Tensor:
        """Return equal weights of its groups, filled up with zeros to (m,)."""
        import torch

        q = torch.zeros(m)
        q[: self.m] = 1 / self.m
        return q

    def draw(self) -> Tensor:
        """Return the people of one epoch, (n,), every group equally likely."""
        import torch

        n = len(self.codes)
        return torch.multinomial(self._likely, n, replacement=True, generator=self._order)

    def alpha_effective(self, q: Tensor) -> float:
        """Return Σ_k q_k α_k."""
        return float(q[: self.m].numpy() @ self._member_share)
