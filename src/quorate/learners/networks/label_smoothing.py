"""Label smoothing: training on targets that leave some probability to every label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from quorate.learners.base.minibatch_learner import MinibatchLearner
from quorate.learners.base.training import Batch, Training
from quorate.spec import param
from quorate.table import Rng
from quorate.validate import in_interval

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import Stack


@dataclass(frozen=True, kw_only=True)
class LabelSmoothing(MinibatchLearner):
    """Label smoothing: the target spreads a part s of the probability over all labels.

    The loss is the cross-entropy with (1 − s)·1{y} + s/k (Szegedy, Vanhoucke, Ioffe, Shlens, Wojna
    2016, arXiv:1512.00567).

    Raises:
        InputError: a parameter is out of range, or the model cannot take these people.
    """

    name: ClassVar[str] = "label-smoothing"
    smoothing: float = param(0.1, "Probability s spread over all labels, in [0, 1).", shown=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        fix = "Use smoothing=0 for plain training."
        in_interval("smoothing", self.smoothing, 0, 1, fix, open_high=True)

    def begin(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> Training:
        """Return the training on smoothed targets."""
        return _SmoothedTraining(
            self.smoothing, stack, pool, rngs, self.settings(), self.optimizer(stack)
        )


class _SmoothedTraining(Training):
    """Training whose targets are smoothed."""

    def __init__(self, smoothing: float, *rest: Any) -> None:
        super().__init__(*rest)
        self._smoothing = smoothing

    def batch(self, rows: Tensor) -> Batch:
        """Return the batch of the people ``rows``, (K, B), with targets (K, B, k)."""
        batch = super().batch(rows)
        return replace(batch, target=smoothed(batch.y, self.pool.k, self._smoothing))


def smoothed(y: Tensor, k: int, smoothing: float) -> Tensor:
    """Return (1 − s)·1{y} + s/k, (..., k).

    >>> import torch
    >>> smoothed(torch.tensor([1]), 4, 0.2)
    tensor([[0.0500, 0.8500, 0.0500, 0.0500]])
    """
    from torch.nn import functional

    return functional.one_hot(y, k).float() * (1 - smoothing) + smoothing / k
