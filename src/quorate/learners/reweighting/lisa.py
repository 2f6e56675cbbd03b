"""LISA, learning invariant predictors by selective augmentation (mixup)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.learners.base.groups import check_nobody_missing, no_groups
from quorate.learners.base.minibatch_learner import MinibatchLearner
from quorate.learners.base.training import Batch, Training
from quorate.spec import param
from quorate.table import Labels, Rng, Table
from quorate.validate import above_zero, in_interval

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import Stack


@dataclass(frozen=True, kw_only=True)
class LISA(MinibatchLearner):
    """LISA: trains on mixtures of two people who share a label or a group, but not both.

    In each batch, with probability p_sel everyone is mixed with someone of the same label and
    another group, else with someone of the same group and another label:
    x = λx_i + (1−λ)x_j and likewise for the labels, λ ~ Beta(a, a) for each pair (Yao, Wang, Li,
    Zhang, Liang, Zou, Finn 2022, arXiv:2201.00299). As in the source's algorithm, everyone is in
    one batch per epoch and partners are drawn from all who fit; as in its code, λ differs by pair.
    Anyone without a fitting partner is not mixed, which is ours. α_eff per epoch is the members'
    share of the mass: λ if the first of a pair is a member, and 1−λ if the second is.

    Raises:
        InputError: a parameter is out of range, the model cannot take these people, they have
            fewer than two groups, or a group is empty.
    """

    name: ClassVar[str] = "lisa"
    p_sel: float = param(0.5, "Probability of mixing within a label, in [0, 1].", shown=True)
    concentration: float = param(2.0, "Concentration a of λ ~ Beta(a, a), above 0.")

    def __post_init__(self) -> None:
        super().__post_init__()
        in_interval("p_sel", self.p_sel, 0, 1, "Use a probability such as 0.5.")
        above_zero("concentration", self.concentration, "Use concentration=2.")

    @property
    def uses_groups(self) -> bool:
        """Whether training needs to know people's groups."""
        return True

    def check(self, people: Table) -> None:
        """Raise InputError if there are fewer than two groups, or if a group is empty."""
        super().check(people)
        if people.group is None:
            raise no_groups("lisa", "use label-smoothing or sgd, which need none")
        if len(people.groups) < 2:
            raise InputError(
                f"Expected at least two groups for lisa, got only {', '.join(people.groups)}. "
                "Name a group column with two values or more."
            )
        check_nobody_missing(people)

    def begin(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> Training:
        """Return the training on mixtures."""
        return _MixedTraining(self, stack, pool, rngs, self.settings(), self.optimizer(stack))


class _MixedTraining(Training):
    """Training on mixtures; each model draws with its own generator."""

    def __init__(
        self, learner: LISA, stack: Stack, pool: RowPool, rngs: Sequence[Rng], *rest: Any
    ) -> None:
        super().__init__(stack, pool, rngs, *rest)
        labels, groups = pool.labels(), pool.groups()
        assert groups is not None  # as checked
        self._learner, self._rngs = learner, rngs
        self._within_label = [MixingPartners(y, g) for y, g in zip(labels, groups, strict=True)]
        self._within_group = [MixingPartners(g, y) for y, g in zip(labels, groups, strict=True)]
        self._ours: list[Tensor] = []

    def draw(self) -> Tensor:
        """Return the order in which one epoch passes over the people, (K, n)."""
        import torch

        self._ours.append(torch.zeros(len(self.stack), device=self.stack.device))
        return super().draw()

    def batch(self, rows: Tensor) -> Batch:
        """Return the people ``rows``, (K, B), mixed with their partners."""
        import torch
        from torch.nn.functional import one_hot

        drawn = [self._mix(k, of) for k, of in enumerate(rows.cpu().numpy())]
        partner, first = (
            torch.from_numpy(np.stack(of)).to(rows.device) for of in zip(*drawn, strict=True)
        )
        second = 1 - first
        (x, y), (other_x, other_y) = self.pool.batch(rows), self.pool.batch(partner)
        part = first.view(*first.shape, *[1] * (x.ndim - 2))
        target = first[..., None] * one_hot(y, self.pool.k)
        target += second[..., None] * one_hot(other_y, self.pool.k)
        member = self.pool.member
        self._ours[-1] += (first * member.gather(1, rows)).sum(dim=1)
        self._ours[-1] += (second * member.gather(1, partner)).sum(dim=1)
        return Batch(rows, part * x + (1 - part) * other_x, y, target)

    def _mix(self, model: int, rows: Labels) -> tuple[Labels, npt.NDArray[np.float32]]:
        """Return the partners of one model's batch and λ, (B,) each."""
        rng = self._rngs[model]
        within = self._within_label if rng.random() < self._learner.p_sel else self._within_group
        a = self._learner.concentration
        first = rng.beta(a, a, len(rows)).astype(np.float32)
        return within[model].draw(rows, rng), first

    def records(self) -> list[dict[str, Any]]:
        """Return the records, with α_eff per epoch."""
        shares = [(ours / self.pool.n).tolist() for ours in self._ours]
        return [
            record | {"alpha_effective": [share[k] for share in shares]}
            for k, record in enumerate(super().records())
        ]


class MixingPartners:
    """Who can be mixed with whom: people with the same first code and different second codes.

    People are sorted by both codes, so those who share the first form a block and those who share
    both a stretch of it: everyone else in the block fits.

    Args:
        same, different: two codes of each of n people, (n,).
    """

    def __init__(self, same: Labels, different: Labels) -> None:
        self._order = np.lexsort((different, same))
        self._block = _stretches(same, self._order)
        self._cell = _stretches(same * (different.max() + 1) + different, self._order)

    def draw(self, rows: Labels, rng: Rng) -> Labels:
        """Return a partner for each of ``rows``, (B,), all who fit being equally likely.

        Anyone without a fitting partner is their own.

        >>> partners = MixingPartners(np.array([0, 0, 0, 1]), np.array([5, 6, 5, 5]))
        >>> partners.draw(np.array([0, 2, 3]), np.random.default_rng(0))
        array([1, 1, 3])
        """
        (block, in_block), (cell, in_cell) = (
            (start[rows], size[rows]) for start, size in (self._block, self._cell)
        )
        others = in_block - in_cell
        at = block + rng.integers(np.maximum(others, 1))
        at += np.where(at >= cell, in_cell, 0)  # step over those who are the same in both
        return np.where(others > 0, self._order[np.minimum(at, len(self._order) - 1)], rows)


def _stretches(codes: Labels, order: Labels) -> tuple[Labels, Labels]:
    """Return where each person's code starts in the order, and how many have it, (n,) each."""
    ordered = codes[order]
    start = np.searchsorted(ordered, codes, side="left")
    return start, np.searchsorted(ordered, codes, side="right") - start
