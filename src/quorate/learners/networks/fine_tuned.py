"""Fine-tuning: a network pre-trained on public data, whose last layer alone is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from quorate import spec
from quorate.adapter import fit_model, fit_models
from quorate.errors import FitFailedError, InputError
from quorate.learners.base.cleaning_learner import attempt, gives_probabilities
from quorate.learners.base.network_learner import NetworkLearner
from quorate.learners.base.pretrained import Pretrained, pretrained
from quorate.learners.networks.sgd import SGD
from quorate.learners.private.dp_sgd import DPSGD
from quorate.populations.cifar100 import CIFAR100
from quorate.protocols import (
    Classifier,
    Learner,
    Population,
    ScoredClassifier,
    StackedLearner,
)
from quorate.spec import param
from quorate.table import Array, Labels, Probabilities, Rng, Submission, Table
from quorate.validate import LARGEST, at_least


@dataclass(frozen=True)
class FineTuned(StackedLearner):
    """Fine-tuning (transfer learning): a learner on the features of a pre-trained network.

    A network is trained on public people and frozen; the input of its last layer, standardised on
    the public people, is all that the inner learner sees of anyone, members and held-out people
    included. Then the network does not depend on who takes part, and a privacy budget in the record
    holds for the people of the population; the public people have none. So a person whose row is
    among the public rows is refused, whatever the population is called: rows are compared before
    any training. People held out are not compared, so a test set that is public is no test set.
    Public draws of a law that is known (``finite``) are nobody's rows and are not compared.
    Images of CIFAR-10 and CIFAR-100 are disjoint. Private learning on public
    features: Tramèr, Boneh 2021 (arXiv:2011.11660).

    Raises:
        InputError: ``pretraining`` does not train a network, people differ in shape from the public
            ones or are among them, or the inner learner cannot be fitted to their representations.
        DataUnavailableError: the public people are unavailable.
    """

    name: ClassVar[str] = "fine-tuned"
    learner: Learner = param(
        DPSGD(),
        "Learner trained on the representations; its parameters can be given here.",
        kind="learners",
    )
    public: Population = param(
        CIFAR100(),
        "Population for pre-training; none of the people studied may be in it.",
        kind="populations",
    )
    pretraining: Learner = param(
        SGD(model="cnn", epochs=12, schedule="cosine"),
        "Learner that pre-trains the network.",
        kind="learners",
    )
    pretraining_seed: int = param(0, "Seed of pre-training, the same for every seed of the run.")

    def __post_init__(self) -> None:
        at_least(
            "pretraining_seed",
            self.pretraining_seed,
            0,
            "Use a non-negative whole number.",
            most=LARGEST,
        )
        self._network_learner()

    @property
    def gives_probabilities(self) -> bool:
        """Whether the models may give probabilities, as the learner's do."""
        return gives_probabilities(self.learner)

    @property
    def epsilon_leaves_out(self) -> tuple[str, ...]:
        """What the learner's leaves out, and the public people."""
        inside = self.learner.epsilon_leaves_out
        return (*inside, "the public people, who have no budget") if inside else ()

    def check(self, people: Table) -> None:
        """Raise InputError if the learner cannot be fitted to these people's representations.

        If the network was never trained, it is trained here, once for all later cells and workers.
        """
        network = self._pretrained()
        network.check(people)
        self.learner.check(network.outline(people))

    def stack_size(self, people: Table) -> int:
        """Return the learner's stack size."""
        if not isinstance(self.learner, StackedLearner):
            return 1
        return self.learner.stack_size(self._pretrained().outline(people))

    def fit_many(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        """Return the learner's model of each submission, behind the network.

        Raises:
            InputError: as ``check``.
        """
        network = self._pretrained()
        for people in {id(one.honest): one.honest for one in data}.values():
            network.check(people)
        seen = [
            replace(
                one,
                honest=network.represented(one.honest),
                changed=network.represented(one.changed),
            )
            for one in data
        ]
        if isinstance(self.learner, StackedLearner):
            models = fit_models(self.learner, seen, rngs)
        else:
            models = [
                attempt(fit_model, self.learner, *each) for each in zip(seen, rngs, strict=True)
            ]
        facts = {
            "public": spec.text(self.public),
            "pretraining": spec.text(self.pretraining),
            "public_accuracy": network.accuracy,
        }
        return [attempt(_behind, model, network, facts) for model in models]

    def _network_learner(self) -> NetworkLearner:
        if not isinstance(self.pretraining, NetworkLearner):
            raise InputError(
                f"Expected a learner that trains a network for pretraining, got "
                f"{self.pretraining.name}. Use one such as pretraining=(sgd:model=cnn,epochs=12)."
            )
        return self.pretraining

    def _pretrained(self) -> Pretrained:
        return pretrained(self.public, self._network_learner(), self.pretraining_seed)


def _behind(model: Classifier, network: Pretrained, facts: Mapping[str, Any]) -> Classifier:
    """Return a model of representations as a model of pictures."""
    record = {**model.record, **facts}
    if isinstance(model, ScoredClassifier):
        return FineTunedScores(network, model, record)
    return FineTunedModel(network, model, record)


@dataclass(frozen=True, eq=False)
class FineTunedModel:
    """A network and a model of its representations."""

    network: Pretrained
    model: Classifier
    record: Mapping[str, Any]

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,)."""
        return self.model.predict(self.network.represent(x))


@dataclass(frozen=True, eq=False)
class FineTunedScores(FineTunedModel):
    """The same for a model that gives probabilities."""

    model: ScoredClassifier

    def probabilities(self, x: Array) -> Probabilities:
        """Return the model's probabilities, (n, k)."""
        return self.model.probabilities(self.network.represent(x))
