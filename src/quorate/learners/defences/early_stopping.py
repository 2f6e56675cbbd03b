"""Early stopping on a validation set, with or without members in it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from quorate.errors import FitFailedError, InputError
from quorate.learners.base.groups import no_groups
from quorate.learners.base.minibatch_learner import MinibatchTrainer, name_of
from quorate.learners.base.network_learner import classifiers
from quorate.learners.base.training import Training
from quorate.learners.networks.sgd import SGD
from quorate.protocols import Classifier, Learner, StackedLearner
from quorate.runtime import device
from quorate.spec import param
from quorate.table import Mask, Rng, Submission, Table
from quorate.validate import at_least, in_interval

if TYPE_CHECKING:
    from quorate.engine.row_pool import RowPool


@dataclass(frozen=True)
class EarlyStopping(StackedLearner):
    """Early stopping: deploys the weights of the epoch with the best validation score.

    A share of the people is held back for validation. After each epoch the score is the accuracy on
    them or, if groups are known, that of the worst combination of group and label. Training ends
    after ``patience`` epochs without a better score; of equal epochs the first is the best. It also
    ends when weights are no longer finite: the best earlier epoch is deployed, and ``diverged_at``
    in the record names the epoch. The validation set is redrawn for each cell, with members in
    proportion ``members``·α as far as there are enough of them and of others; those held back are
    not trained on. The record is the learner's at the best epoch, with ``best_epoch``, the score of
    each epoch, and the members' share of either part.

    Raises:
        InputError: a parameter is out of range, the learner does not train by minibatch gradients,
            or it uses groups that are not known or that these people do not have.
    """

    name: ClassVar[str] = "early-stopping"
    learner: Learner = param(
        SGD(), "Learner to stop early; its parameters can be given here.", kind="learners"
    )
    share: float = param(0.2, "Fraction of the people held back for validation, in (0, 1).")
    members: float = param(
        1.0, "Members' share of the validation set as a multiple of α; 0 is clean.", shown=True
    )
    patience: int = param(5, "Number of epochs without a better score before training ends.")
    groups_known: Literal["training", "validation", "unknown"] = param(
        "unknown",
        "Where groups are known: training (and validation), validation alone, or nowhere.",
    )

    def __post_init__(self) -> None:
        fix = "Use a fraction such as 0.2."
        in_interval("share", self.share, 0, 1, fix, open_low=True, open_high=True)
        at_least("members", self.members, 0, "Use 0 for clean validation, 1 for α as everywhere.")
        at_least("patience", self.patience, 1, "Wait for at least one epoch.")
        self._inner()

    def _inner(self) -> MinibatchTrainer:
        if not isinstance(self.learner, MinibatchTrainer):
            raise InputError(
                f"Expected a learner that trains by minibatch gradients for {self.name}, got "
                f"{name_of(self.learner)}. Wrap one such as sgd, adam, group-dro or "
                "robust-aggregation; another defence goes around this one."
            )
        return self.learner

    def check(self, people: Table) -> None:
        """Raise InputError if there are too few people, or groups are not known where needed.

        If people have no groups, learners such as group-dro go by their labels.
        """
        self.learner.check(people)
        if people.group is None and self.groups_known != "unknown":
            raise no_groups(f"groups_known={self.groups_known}", "use groups_known=unknown")
        uses_groups = people.group is not None and self._inner().uses_groups
        if uses_groups and self.groups_known != "training":
            raise InputError(
                f"Expected groups_known=training for {self.learner.name}, which trains with "
                f"groups, got groups_known={self.groups_known}. Set it so, let group-dro or "
                "importance-weighted go by labels (groups=label), or wrap a learner that needs no "
                "groups, such as sgd."
            )
        if len(people) < 2:
            raise InputError(
                f"Expected two people or more, one to train on and one to hold back, got "
                f"{len(people)}. Draw more people."
            )

    def stack_size(self, people: Table) -> int:
        """Return the learner's stack size."""
        return self._inner().stack_size(people)

    def fit_many(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        """Return one network per submission, trained in lockstep; each stops on its own."""
        for people in {id(one.honest): one.honest for one in data}.values():
            self.check(people)
        return device.in_halves(self._attempt, data, rngs)

    def _attempt(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        import torch

        held = np.stack([self.held_back(d.member, r) for d, r in zip(data, rngs, strict=True)])
        stack, pool = self._inner().prepare(data, rngs)
        trained, validation = (
            pool.take(torch.from_numpy(np.nonzero(rows)[1].reshape(len(rows), -1)).to(stack.device))
            for rows in (~held, held)
        )
        training = self._inner().begin(stack, trained, rngs)
        best = _BestEpoch(training, validation, self.groups_known != "unknown", self.patience)
        training.run(best)
        return classifiers(stack, best.deploy())

    def held_back(self, member: Mask, rng: Rng) -> Mask:
        """Return who is held back for validation, (n,).

        >>> members = np.arange(20) < 10
        >>> held = EarlyStopping(members=0.5).held_back(members, np.random.default_rng(0))
        >>> int(held[members].sum()), int(held[~members].sum())
        (1, 3)
        """
        n = len(member)
        size = min(max(round(self.share * n), 1), n - 1)
        ours, others = np.flatnonzero(member), np.flatnonzero(~member)
        wanted = round(min(self.members * len(ours) / n, 1) * size)
        drawn = min(max(wanted, size - len(others)), len(ours))
        held = np.zeros(n, dtype=bool)  # (n,)
        held[rng.choice(ours, drawn, replace=False)] = True
        held[rng.choice(others, size - drawn, replace=False)] = True
        return held


class _BestEpoch:
    """The weights and record of each model's best epoch so far, updated after every epoch.

    Args:
        training: the training of K models.
        validation: v people of each.
        by_group: whether the score is the worst group's accuracy.
        patience: number of epochs without a better score before a model stops.
    """

    def __init__(
        self, training: Training, validation: RowPool, by_group: bool, patience: int
    ) -> None:
        self._training, self._validation, self._patience = training, validation, patience
        models = len(training.stack)
        groups, labels = validation.groups() if by_group else None, validation.labels()
        self._codes = np.zeros_like(labels) if groups is None else groups * validation.k + labels
        self._best = [training.stack.snapshot(k) for k in range(models)]
        self._records: list[dict[str, Any]] = [{} for _ in range(models)]
        self._scores: list[list[float]] = [[] for _ in range(models)]
        self._epoch = [0] * models  # the best one so far
        self._stopped = [False] * models
        self._diverged: list[int | None] = [None] * models

    def __call__(self, epoch: int) -> bool:
        """Score the models after an epoch; return whether all of them have stopped."""
        right, finite = (
            self._training.stack.predicts_right(self._validation).cpu().numpy(),
            self._finite(),
        )
        records = self._training.records()
        for k, scores in enumerate(self._scores):
            if self._stopped[k]:
                continue
            if not finite[k]:  # in the first epoch there is no other to deploy: training fails
                self._stopped[k], self._diverged[k] = True, epoch
                if scores:
                    continue
            score = worst_accuracy(right[k], self._codes[k])
            if not scores or score > max(scores):
                self._epoch[k], self._records[k] = epoch, copy.deepcopy(records[k])
                self._best[k] = self._training.stack.snapshot(k)
            scores.append(score)
            self._stopped[k] |= epoch - self._epoch[k] >= self._patience
        return all(self._stopped)

    def deploy(self) -> list[dict[str, Any]]:
        """Set every model to its best weights; return the records."""
        for k, best in enumerate(self._best):
            self._training.stack.restore(k, best)
        parts = {"training_alpha": self._training.pool, "validation_alpha": self._validation}
        shares = {k: part.member.cpu().numpy().mean(axis=1) for k, part in parts.items()}
        return [
            record
            | {"best_epoch": self._epoch[k], "validation_scores": self._scores[k]}
            | {"diverged_at": self._diverged[k]}
            | {key: float(share[k]) for key, share in shares.items()}
            for k, record in enumerate(self._records)
        ]

    def _finite(self) -> Mask:
        """Return which models' weights are all finite, (K,)."""
        import torch

        each = [w.detach().isfinite().flatten(1).all(dim=1) for w in self._training.stack.weights]
        return np.asarray(torch.stack(each).all(dim=0).cpu().numpy())


def worst_accuracy(right: Mask, codes: np.ndarray[Any, np.dtype[np.int64]]) -> float:
    """Return the lowest accuracy of a group, in [0, 1], over the groups that have people.

    >>> worst_accuracy(np.array([True, True, False, True]), np.array([0, 0, 3, 3]))
    0.5
    """
    sizes = np.bincount(codes)
    correct = np.bincount(codes, weights=right)
    return float((correct[sizes > 0] / sizes[sizes > 0]).min())
