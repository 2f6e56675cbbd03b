"""The base of poisoning defences that clean (sanitise) the data before training."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from quorate.adapter import fit_model, fit_models
from quorate.errors import FitFailedError, InputError
from quorate.learners.base.recorded import with_record
from quorate.learners.networks.sgd import SGD
from quorate.protocols import Classifier, Learner, StackedLearner
from quorate.spec import param
from quorate.table import Mask, Rng, Submission, Table

T = TypeVar("T")
Cleaned = tuple[Submission, dict[str, Any]]  # the cleaned data, and plain data about the cleaning
CLEANED_BYTES = 2**30  # limit on a stack's features: each model has cleaned data of its own


@dataclass(frozen=True)
class CleaningLearner(StackedLearner):
    """Base of the defences that train on cleaned data.

    A new one implements ``clean``. Every training begins at the same seed, so the model that a
    defence inspects is the one that would be deployed without it, and if nothing is cleaned, the
    outcome equals the learner's alone, to the bit. The record holds what was done to members and to
    others, α_eff, and as ``inner`` the record of the last training. α_eff is the inner record's, or
    else the members' share of the people who are left. A privacy budget in the inner record covers
    that training alone, given the people who are left.
    """

    learner: Learner = param(
        SGD(),
        "Learner trained on the cleaned data; its parameters can be given here.",
        kind="learners",
    )

    @property
    def gives_probabilities(self) -> bool:
        """Whether the models may give probabilities, as the learner's do."""
        return gives_probabilities(self.learner)

    @property
    def epsilon_leaves_out(self) -> tuple[str, ...]:
        """What the learner's leaves out, and the cleaning before it."""
        inside = self.learner.epsilon_leaves_out
        return (*inside, f"who is left out or relabelled by {self.name}") if inside else ()

    def check(self, people: Table) -> None:
        """Raise InputError if the learner cannot be fitted to these people."""
        self.learner.check(people)

    def stack_size(self, people: Table) -> int:
        """Return the learner's stack size, or less if copies of the data take too much memory."""
        if not isinstance(self.learner, StackedLearner):
            return 1
        most = CLEANED_BYTES // max(1, people.x.nbytes)
        return max(1, min(self.learner.stack_size(people), most))

    @abstractmethod
    def clean(self, data: Submission, rng: Rng) -> Cleaned:
        """Return the cleaned data, and plain data about the cleaning."""

    def clean_many(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Cleaned | FitFailedError]:
        """Return each submission's cleaned data, or why cleaning failed."""
        return [attempt(self.clean, *each) for each in zip(data, rngs, strict=True)]

    def fit_many(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        """Return the learner's model of each submission's cleaned data.

        A submission fails if nobody is left, or if the learner cannot be fitted to who is.

        Raises:
            InputError: as ``check``.
        """
        for people in {id(one.honest): one.honest for one in data}.values():
            self.check(people)
        cleaned = self.clean_many(data, copy.deepcopy(list(rngs)))
        left = [one if isinstance(one, FitFailedError) else one[0] for one in cleaned]
        models = self.train(left, rngs)
        return [attempt(_with_cleaning, *each) for each in zip(cleaned, models, strict=True)]

    def train(
        self, data: Sequence[Submission | FitFailedError], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        """Return the learner's model of each submission; those of one size train in a stack.

        Earlier failures stay failures. Data that the learner refuses fail as well, since it is the
        cleaning that left them so.
        """
        found: dict[int, Classifier | FitFailedError] = {}
        alike: dict[Any, list[tuple[int, Submission]]] = {}
        for i, one in enumerate(data):
            accepted = attempt(self._accepted, one)
            if isinstance(accepted, FitFailedError):
                found[i] = accepted
            else:
                alike.setdefault(accepted.honest.x.shape, []).append((i, accepted))
        for stack in alike.values():
            rows, submissions = zip(*stack, strict=True)
            models = self._fit(submissions, [rngs[i] for i in rows])
            found.update(zip(rows, models, strict=True))
        return [found[i] for i in range(len(data))]

    def _accepted(self, data: Submission) -> Submission:
        try:
            self.learner.check(data.honest)
        except InputError as error:
            raise self._refused(data, error) from error
        return data

    def _fit(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        if isinstance(self.learner, StackedLearner):
            return fit_models(self.learner, data, rngs)
        return [attempt(self._fit_one, *each) for each in zip(data, rngs, strict=True)]

    def _fit_one(self, data: Submission, rng: Rng) -> Classifier:
        try:
            return fit_model(self.learner, data, rng)
        except InputError as error:
            raise self._refused(data, error) from error

    def _refused(self, data: Submission, error: InputError) -> FitFailedError:
        return FitFailedError(
            f"Expected people whom {self.learner.name} can be fitted to, got the "
            f"{len(data.honest)} whom {self.name} left: {error} Or make {self.name} milder."
        )

    def keep(self, data: Submission, kept: Mask) -> Cleaned:
        """Return the data of those who are kept, (n,), and the shares that are dropped.

        Raises:
            FitFailedError: nobody is kept.
        """
        if not kept.any():
            raise FitFailedError(
                f"Expected people left to learn from, got none: {self.name} dropped all "
                f"{len(kept)}. Make it milder."
            )
        return data.take(kept), shares("dropped", ~kept, data.member)


@dataclass(frozen=True)
class ModelBasedCleaning(CleaningLearner):
    """Base of the defences that inspect a trained model to clean the data.

    A new one implements ``clean_by``.
    """

    @property
    def trainings(self) -> int:
        """How many models are inspected, each trained on the data that the previous one left."""
        return 1

    @abstractmethod
    def clean_by(self, model: Classifier, data: Submission) -> Cleaned:
        """Return the data that the model leaves, and plain data about the cleaning."""

    def clean(self, data: Submission, rng: Rng) -> Cleaned:
        """Return the data that the last model leaves.

        Raises:
            FitFailedError: a training fails, or nobody is left.
        """
        (cleaned,) = self.clean_many([data], [rng])
        if isinstance(cleaned, FitFailedError):
            raise cleaned
        return cleaned

    def clean_many(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Cleaned | FitFailedError]:
        """Return the data that the last model leaves of each submission; models train in stacks.

        Every training has the same seed.
        """
        cleaned: list[Cleaned | FitFailedError] = [(one, {}) for one in data]
        for _ in range(self.trainings):
            left = [one if isinstance(one, FitFailedError) else one[0] for one in cleaned]
            models = self.train(left, copy.deepcopy(list(rngs)))
            cleaned = [attempt(self.clean_by, *each) for each in zip(models, data, strict=True)]
        return cleaned


def attempt(function: Callable[..., T], *given: Any) -> T | FitFailedError:
    """Return the function's result, or the failure of the function or of one of its arguments."""
    for one in given:
        if isinstance(one, FitFailedError):
            return one
    try:
        return function(*given)
    except FitFailedError as failure:
        return failure


def gives_probabilities(learner: Learner) -> bool:
    """Return False if a learner says that its models give no probabilities."""
    return bool(getattr(learner, "gives_probabilities", True))


def shares(what: str, of: Mask, member: Mask) -> dict[str, Any]:
    """Return the share of the members and of the others it happened to; None if nobody is there.

    >>> import numpy as np
    >>> shares("dropped", np.array([True, False]), np.array([True, True]))
    {'members_dropped': 0.5, 'others_dropped': None}
    """
    groups = (("members", member), ("others", ~member))
    return {f"{who}_{what}": float(of[g].mean()) if g.any() else None for who, g in groups}


def _with_cleaning(cleaned: Cleaned, model: Classifier) -> Classifier:
    """Return the model with the cleaning added to its record."""
    data, facts = cleaned
    inner = dict(model.record)
    effective = inner.get("alpha_effective", [data.alpha])
    return with_record(model, {**facts, "alpha_effective": effective, "inner": inner})
