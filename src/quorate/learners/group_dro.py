"""Group distributionally robust optimisation."""

from __future__ import annotations

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
    from torch import nn


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

    def train(self, network: nn.Module, data: Submission, rng: Rng) -> dict[str, Any]:
        """Run the epochs; the record holds the final weights and α_eff per epoch."""
        import torch

        people = data.mixed()
        codes, m = self._codes(people)
        x, y = torch.from_numpy(people.x), torch.from_numpy(people.y)
        group = torch.from_numpy(codes)
        sizes = np.bincount(codes, minlength=m)  # (m,)
        member_share = np.bincount(codes, weights=data.member, minlength=m) / sizes  # (m,)
        likely = torch.from_numpy(1.0 / sizes[codes])  # every group equally likely in a batch
        order = torch_generator(rng)
        optimiser = torch.optim.SGD(
            network.parameters(), lr=self.learning_rate, momentum=self.momentum
        )
        q = torch.full((m,), 1 / m)
        alpha_effective: list[float] = []
        for _ in range(self.epochs):
            drawn = torch.multinomial(likely, len(y), replacement=True, generator=order)
            weights = []
            for rows in torch.split(drawn, self.batch_size):
                each = torch.nn.functional.cross_entropy(
                    network(x[rows]), y[rows], reduction="none"
                )
                count = torch.bincount(group[rows], minlength=m)  # (m,)
                sums = torch.zeros(m).index_add(0, group[rows], each)  # (m,)
                losses = sums / count.clamp(min=1)  # ℓ_k, 0 where the batch has nobody of k
                q = q * torch.exp(self.group_step * losses.detach())
                q = q / q.sum()
                optimiser.zero_grad()
                (q @ losses).backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                weights.append(q)
            mean_q = torch.stack(weights).mean(dim=0).numpy()
            alpha_effective.append(float(mean_q @ member_share))
        return {"alpha_effective": alpha_effective, "group_weights": q.tolist()}
