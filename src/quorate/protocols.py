"""The roles that methods play. A new method inherits one of these, and the catalog names it.

A strategy is a function from people's data to people's data; a learner is a function from data to
a model; success is measured on people the model has never seen.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from quorate.errors import FitFailedError
from quorate.knowledge import Knowledge
from quorate.law import FiniteLaw
from quorate.table import Array, Labels, Mask, Probabilities, Rng, Split, Submission, Table


@runtime_checkable
class Population(Protocol):
    """Where people come from: a data set, or a law that they are drawn from."""

    name: ClassVar[str]

    @abstractmethod
    def split(self, rng: Rng) -> Split:
        """Return a training set and people held out, drawn with ``rng``."""

    def law(self) -> FiniteLaw | None:
        """Return the distribution of honest data where it is finite and known, else None."""
        return None

    def fingerprint(self) -> str | None:
        """Return a digest of files that are the user's own and may change, else None."""
        return None

    def notes(self) -> tuple[str, ...]:
        """Return what reading files that are the user's own did, in words."""
        return ()


@runtime_checkable
class Signal(Protocol):
    """What members add to their features, x becomes g(x); in the field: a backdoor's trigger.

    ``idempotent`` says that g(g(x)) = g(x), so that g(x) = x tells who carries the signal.
    """

    name: ClassVar[str]
    idempotent: ClassVar[bool] = True

    @abstractmethod
    def plant(self, people: Table) -> Array:
        """Return g(x) for every person, in the shape of ``people.x``."""


@runtime_checkable
class Goal(Protocol):
    """What counts as success, measured on people whom no model was trained on.

    It holds its own signal, whatever was done to the training set.
    """

    name: ClassVar[str]

    @abstractmethod
    def success(self, model: Classifier, held_out: Table, rng: Rng) -> float:
        """Return the collective's success on people held out, in [0, 1]."""


@runtime_checkable
class Strategy(Protocol):
    """What members do to their own data before they hand it in (in security: data poisoning)."""

    name: ClassVar[str]

    @abstractmethod
    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' rows as they hand them in: one row per person, same order.

        Args:
            members: their rows, honest unless an earlier strategy has changed them; m people.
            known: what the collective knows, as returned by ``learn``.
            rng: random numbers of this strategy.
        """

    @property
    @abstractmethod
    def goal(self) -> Goal:
        """What the strategy is judged by where no other goal is named."""

    @property
    def withholds(self) -> bool:
        """Whether members hand in nothing: the platform then learns from the others' rows alone."""
        return False

    def eligible(self, people: Table) -> Mask | None:
        """Return who of the people can be a member, (n,); None means anyone."""
        return None

    def learn(self, people: Table, member: Mask, rng: Rng) -> Knowledge:
        """Return what a collective of a platform's people knows: by default its members' rows.

        Args:
            people: whom the platform learns from, n people.
            member: who is a member, (n,).
            rng: draws who else is known.
        """
        return Knowledge.of(people, member)

    def fingerprint(self) -> str | None:
        """Return a digest of a file that is the user's own and may change, else None."""
        return None


@runtime_checkable
class Subgroup(Protocol):
    """People whom a deployed model serves badly: under a shift of their images, or by attribute."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def label(self) -> str:
        """How the subgroup is called in tables."""

    @abstractmethod
    def draw(self, people: Table, share: float | None, rng: Rng) -> Table:
        """Return people of whom a fraction ``share`` belongs to the subgroup, in their own order.

        Group 1 is the subgroup and 0 everyone else; ``groups`` is ("others", label). Of n people
        returned exactly round(share·n) belong to it.

        Args:
            people: whom it is drawn from; left as they are.
            share: fraction in [0, 1]; None takes people as they come, where that says who belongs.

        Raises:
            InputError: these people cannot be drawn from so; the message says why.
        """


class Classifier(Protocol):
    """A fitted model, and what its training says of itself: epsilon, loss, ..."""

    @property
    def record(self) -> Mapping[str, Any]:
        """Plain data about the training."""

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,)."""


@runtime_checkable
class ScoredClassifier(Classifier, Protocol):
    """A fitted model that also gives the probability of each label."""

    def probabilities(self, x: Array) -> Probabilities:
        """Return the probability of each of the k labels, (n, k); every row sums to 1.

        The columns stand in the order of the table's ``classes``; a label that nobody had in
        training may have 0.
        """


@runtime_checkable
class Learner(Protocol):
    """What the platform does, from its training set to the model that it deploys."""

    name: ClassVar[str]

    @property
    def epsilon_leaves_out(self) -> tuple[str, ...]:
        """What the privacy budget of its records leaves out, in words; empty where there is none.

        It is told wherever ε is. A learner around another one leaves out what that one does.
        """
        inner = getattr(self, "learner", None)
        return tuple(getattr(inner, "epsilon_leaves_out", ()))

    def check(self, people: Table) -> None:
        """Raise InputError if no model can be fitted to ``people`` with these parameters."""
        return

    @abstractmethod
    def fit(self, data: Submission, rng: Rng) -> Classifier:
        """Return the model that the platform deploys."""


@runtime_checkable
class StackedLearner(Learner, Protocol):
    """A learner that trains several models at once, each as ``fit`` would train it alone.

    They are equal to the bit on a CPU, and up to the last digits on a GPU.
    """

    def fit(self, data: Submission, rng: Rng) -> Classifier:
        """Return the model that the platform deploys.

        Raises:
            InputError: as ``check``.
            FitFailedError: training diverged.
        """
        (model,) = self.fit_many([data], [rng])
        if isinstance(model, FitFailedError):
            raise model
        return model

    @abstractmethod
    def fit_many(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        """Return one model per submission, or why its training failed."""

    @abstractmethod
    def stack_size(self, people: Table) -> int:
        """Return how many models are best trained at once on people of this shape, at least 1."""
