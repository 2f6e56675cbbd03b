"""Fine-tuning: a network pre-trained on public data, whose last layer alone is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from quorate import spec
from quorate.adapter import fit_model, fit_models
from quorate.errors import FitFailedError, InputError
from quorate.learners.base.cleaning_learner import attempt, gives_probabilities
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.learners.base.network_learner import NetworkLearner
from quorate.learners.base.pretrained import FrozenNetwork, Pretrained, pretrained
from quorate.learners.base.recorded import with_record
from quorate.learners.base.shipped import LARGEST_SIDE, SMALLEST, Shipped, ShippedNetwork, shipped
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

if TYPE_CHECKING:
    from torch import nn


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

    With ``pretrained=efficientnet-lite0`` the network is one that was trained on ImageNet (Tan, Le
    2019, arXiv:1905.11946), shipped by the packages of the extra ``vision``, and its features are
    taken as they are; a linear learner on them is a linear probe. ``frozen=false`` trains it whole,
    below a fresh last layer, by the inner learner. Whether people are among ImageNet's is not
    compared: its pictures are not at hand.

    Raises:
        InputError: ``pretraining`` does not train a network, people differ in shape from the public
            ones or are among them, the inner learner cannot be fitted to their representations, or
            parameters do not go together.
        DataUnavailableError: the public people are unavailable.
        MissingPackageError: ``pretrained`` needs the extra ``vision``.
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
    pretrained: Shipped | None = param(
        None,
        "Network that a package ships, in place of public people: efficientnet-lite0 (ImageNet).",
        later=True,
    )
    frozen: bool = param(
        True,
        "Whether only the learner's own model is trained; false trains all layers.",
        later=True,
    )
    side: int | None = param(
        None, "Side in pixels that pictures are resized to for pretrained.", later=True
    )

    def __post_init__(self) -> None:
        at_least(
            "pretraining_seed",
            self.pretraining_seed,
            0,
            "Use a non-negative whole number.",
            most=LARGEST,
        )
        self._network_learner()
        if self.pretrained is None:
            self._check_none_shipped()
        elif not self.frozen and not isinstance(self.learner, NetworkLearner):
            raise InputError(
                f"Expected a learner that trains a network for frozen=false, got "
                f"{self.learner.name}. Use one such as learner=sgd, or frozen=true."
            )
        if self.side is not None:
            at_least("side", self.side, SMALLEST, "Use a side such as 96.", most=LARGEST_SIDE)

    def _check_none_shipped(self) -> None:
        if not self.frozen or self.side is not None:
            given = "side" if self.frozen else "frozen=false"
            raise InputError(
                f"Expected pretrained=efficientnet-lite0 beside {given}, got no shipped network. "
                f"Add it, or leave {given} out."
            )

    @property
    def gives_probabilities(self) -> bool:
        """Whether the models may give probabilities, as the learner's do."""
        return gives_probabilities(self.learner)

    @property
    def epsilon_leaves_out(self) -> tuple[str, ...]:
        """What the learner's leaves out, and the public people."""
        inside = self.learner.epsilon_leaves_out
        public = "the public people" if self.pretrained is None else "the people of ImageNet"
        return (*inside, f"{public}, who have no budget") if inside else ()

    def check(self, people: Table) -> None:
        """Raise InputError if the learner cannot be fitted to these people's representations.

        If the network was never trained, it is trained here, once for all later cells and workers.
        """
        network = self._network()
        network.check(people)
        if self.frozen:
            self.learner.check(network.outline(people))
        else:
            self._whole().check(people)

    def stack_size(self, people: Table) -> int:
        """Return the learner's stack size."""
        if not self.frozen:
            return self._whole().stack_size(people)
        if not isinstance(self.learner, StackedLearner):
            return 1
        return self.learner.stack_size(self._network().outline(people))

    def fit_many(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        """Return the learner's model of each submission, behind the network.

        Raises:
            InputError: as ``check``.
        """
        network = self._network()
        for people in {id(one.honest): one.honest for one in data}.values():
            network.check(people)
        if not self.frozen:
            whole = fit_models(self._whole(), data, rngs)
            return [attempt(_told, model, self._facts(network)) for model in whole]
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
        return [attempt(_behind, model, network, self._facts(network)) for model in models]

    def _facts(self, network: FrozenNetwork) -> dict[str, Any]:
        """Return plain data about where the network came from."""
        if not isinstance(network, Pretrained):
            return {"pretrained": self.pretrained, "frozen": self.frozen}
        return {
            "public": spec.text(self.public),
            "pretraining": spec.text(self.pretraining),
            "public_accuracy": network.accuracy,
        }

    def _network_learner(self) -> NetworkLearner:
        if not isinstance(self.pretraining, NetworkLearner):
            raise InputError(
                f"Expected a learner that trains a network for pretraining, got "
                f"{self.pretraining.name}. Use one such as pretraining=(sgd:model=cnn,epochs=12)."
            )
        return self.pretraining

    def _whole(self) -> NetworkLearner:
        """Return the learner that trains all layers of the shipped network."""
        assert isinstance(self.learner, NetworkLearner)  # checked when it was made
        return replace(self.learner, model=shipped(self.side).trained_whole())

    def _network(self) -> FrozenNetwork:
        if self.pretrained is not None:
            return shipped(self.side)
        return pretrained(self.public, self._network_learner(), self.pretraining_seed)


def _told(model: Classifier, facts: Mapping[str, Any]) -> Classifier:
    """Return a model that was trained whole, with where it began in its record."""
    return with_record(model, {**model.record, **facts})


def _behind(model: Classifier, network: FrozenNetwork, facts: Mapping[str, Any]) -> Classifier:
    """Return a model of representations as a model of pictures."""
    record = {**model.record, **facts}
    if isinstance(network, ShippedNetwork) and isinstance(model, NetworkClassifier):
        return FineTunedNetwork(body=network, head=model, record=record)
    if isinstance(model, ScoredClassifier):
        return FineTunedScores(network, model, record)
    return FineTunedModel(network, model, record)


@dataclass(frozen=True, eq=False)
class FineTunedModel:
    """A network and a model of its representations."""

    network: FrozenNetwork
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


@dataclass(frozen=True, eq=False, kw_only=True)
class FineTunedNetwork(NetworkClassifier):
    """A shipped network and a network on its features: one whose gradients reach the pictures.

    It predicts by features that are kept; ``network`` computes them anew, and is made where it is
    asked for.

    Args:
        body: pictures to features.
        head: features to logits.
        record: plain data about the training.
    """

    network: nn.Module = field(init=False, repr=False)
    body: ShippedNetwork
    head: NetworkClassifier

    def __getattr__(self, name: str) -> Any:
        if name != "network":
            raise AttributeError(name)
        self.__dict__["network"] = made = self.body.joined(self.head.network)
        return made

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each picture, (n,)."""
        return self.head.predict(self.body.represent(x))

    def probabilities(self, x: Array) -> Probabilities:
        """Return the softmax of the logits of each picture, (n, k)."""
        return self.head.probabilities(self.body.represent(x))

    def representation(self, x: Array) -> Array:
        """Return the features of each picture, (n, r)."""
        return self.body.represent(x)
