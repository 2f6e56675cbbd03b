"""Importance weighting: empirical risk minimisation in which every group counts the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

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
from quorate.table import Rng, Table

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import Stack


@dataclass(frozen=True, kw_only=True)
class ImportanceWeighted(MinibatchLearner):
    """Importance weighting: people weigh inversely to the size of their group.

    w_i = n/(m·n_g) for the n_g people of group g, one of m, so the mean weight is 1 and each group
    weighs n/m (Shimodaira 2000, with the uniform distribution over groups as target). Groups are
    counted as handed in, so members gain in a small group or one of their own making:
    α_eff = Σ_g α_g/m, α_g being their share of group g.

    Raises:
        InputError: the people lack the groups asked for, or a group is empty.
    """

    name: ClassVar[str] = "importance-weighted"
    groups: Grouping = param("auto", GROUPING_HELP, shown=True)

    @property
    def uses_groups(self) -> bool:
        """Whether training needs to know people's groups, if they have any."""
        return self.groups != "label"

    def check(self, people: Table) -> None:
        """Raise InputError if the people lack the groups asked for, or if a group is empty."""
        super().check(people)
        check_groups(people, self.groups)

    def begin(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> Training:
        """Return the training with weights by the groups as handed in."""
        importance = self.importance(pool).to(stack.device)

        def weigh(losses: Tensor, batch: Batch) -> Tensor:
            return importance.gather(1, batch.rows)

        return Training(stack, pool, rngs, self.settings(), self.optimizer(stack), weigh)

    def importance(self, pool: RowPool) -> Tensor:
        """Return everyone's weight, (K, n)."""
        import torch

        codes = codes_in_pool(pool, self.groups)
        groups, sizes = stacked(codes)  # (K, n) and (K, m)
        m = np.array([[m] for _, m in codes])  # (K, 1)
        weights = pool.n / (m * np.take_along_axis(sizes, groups, axis=1))
        return torch.from_numpy(weights.astype(np.float32))
