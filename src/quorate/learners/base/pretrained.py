"""Networks pre-trained on public data, and the representations they give of other people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from quorate import spec
from quorate.adapter import draw_split
from quorate.dependencies import find_dependencies, stamp
from quorate.errors import InputError
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.learners.base.network_learner import NetworkLearner
from quorate.populations.same_people import KnownRows
from quorate.protocols import Population
from quorate.runtime import device
from quorate.runtime.cache import on_disk
from quorate.runtime.progress import status
from quorate.runtime.threads import load_libraries, one_thread
from quorate.table import Array, Split, Submission, Table
from quorate.version import __version__

if TYPE_CHECKING:
    from torch import nn

FLOOR = 0.01  # of the mean standard deviation, so that a nearly silent unit is not blown up


@dataclass(frozen=True, eq=False)
class PublicPeople:
    """Who is public: nobody of them may be among the people of a platform.

    Args:
        text: of their population.
        rows: digests of the people of both sides; none where they are draws of a law that is known:
            those are nobody's rows, and equal only by chance.
    """

    text: str
    rows: tuple[KnownRows, ...]
    _found: WeakKeyDictionary[Table, int] = field(default_factory=WeakKeyDictionary)

    def refuse(self, people: Table) -> None:
        """Raise InputError if anyone of a platform's people is public; compared once a table."""
        if people not in self._found:
            known = np.zeros(len(people), dtype=bool)  # (n,)
            for rows in self.rows:
                known |= rows.among(people)
            self._found[people] = int(known.sum())
        if found := self._found[people]:
            coarse = (
                ""
                if people.is_image
                else " Different people whose rows are equal cannot be told apart."
            )
            raise InputError(
                f"Expected public people who are not among the platform's own, got {found:,} of "
                f"the platform's {len(people):,} people in public={self.text} as well, by what is "
                "in their rows: the network would have learned from them outside any privacy "
                f"budget.{coarse} Pre-train on other people: public=POPULATION."
            )


class FrozenNetwork(ABC):
    """A network without its last layer, which does not depend on who takes part."""

    _seen: WeakKeyDictionary[Table, Table]

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of features, r."""

    @abstractmethod
    def represent(self, x: Array) -> Array:
        """Return each row's features, (n, r)."""

    @abstractmethod
    def check(self, people: Table) -> None:
        """Raise InputError unless the network can take these people, and has not seen them."""

    def represented(self, people: Table) -> Table:
        """Return the same people with representations as features, cached as long as they live.

        The cells of one seed share their honest people, whose pictures are processed once.
        """
        if people not in self._seen:
            self._seen[people] = replace(people, x=self.represent(people.x), columns=())
        return self._seen[people]

    def outline(self, people: Table) -> Table:
        """Return the same people with r features that are all 0, at no cost in time or memory."""
        x = np.broadcast_to(np.zeros((), np.float32), (len(people), self.width))  # (n, r)
        return replace(people, x=x, columns=())


@dataclass(frozen=True, eq=False)
class Pretrained(FrozenNetwork):
    """A network without its last layer, whose outputs are standardised.

    Args:
        classifier: the network as trained.
        mean, scale: of each of the r units over the public people, (r,).
        shape: of one public image, (c, h, w).
        accuracy: on public people held out, in [0, 1].
    """

    classifier: NetworkClassifier
    mean: Array
    scale: Array
    shape: tuple[int, ...]
    accuracy: float
    _public: PublicPeople | None = None  # None once it is deployed: nothing is learned any more
    _seen: WeakKeyDictionary[Table, Table] = field(default_factory=WeakKeyDictionary)

    @property
    def width(self) -> int:
        """Number of features, r."""
        return len(self.mean)

    def represent(self, x: Array) -> Array:
        """Return each row's input to the last layer, standardised, (n, r)."""
        out = self.classifier.representation(x)
        out -= self.mean
        out /= self.scale
        return out

    def check(self, people: Table) -> None:
        """Raise InputError unless the network can take these people, and has not seen them."""
        if people.x.shape[1:] != self.shape:
            raise InputError(
                f"Expected people of the shape of the public ones, {self.shape}, got "
                f"{people.x.shape[1:]}. Pre-train on people like these: public=POPULATION."
            )
        if self._public is not None:
            self._public.refuse(people)


_known: dict[tuple[object, ...], Pretrained] = {}


def pretrained(public: Population, pretraining: NetworkLearner, seed: int) -> Pretrained:
    """Return the network that ``pretraining`` makes of the public people of a seed.

    It is trained once, on the CPU in one thread, and cached on disk and in memory, so everyone who
    starts from it gets the same bits.

    Raises:
        InputError: these people cannot be trained on.
        FitFailedError: training diverged.
    """
    key = (spec.text(public), stamp(public, pretraining), spec.text(pretraining), seed)
    if key not in _known:
        people = draw_split(public, np.random.default_rng(seed))
        with status(f"Pre-training on {public.name}"):
            own = stamp(pretraining) if find_dependencies((pretraining,)) else ""
            found = _trained(people, pretraining, seed, f"{__version__}{own}")
        weights, mean, scale, accuracy = found
        network = _network(pretraining, people.train, weights)
        shape = people.train.x.shape[1:]
        sides = () if public.law() is not None else (people.train, people.held_out)
        _known[key] = Pretrained(
            *(NetworkClassifier(network), mean, scale, shape, accuracy),
            _public=PublicPeople(spec.text(public), tuple(map(KnownRows.of, sides))),
        )
    return _known[key]


def _network(pretraining: NetworkLearner, people: Table, weights: Sequence[Array]) -> nn.Module:
    """Return the network for people of this shape with these weights."""
    import torch

    shape, rng = tuple(people.x.shape[1:]), np.random.default_rng(0)
    network = pretraining.network(shape, people.k, rng)
    with torch.no_grad():
        for own, kept in zip(network.state_dict().values(), weights, strict=True):
            own.copy_(torch.from_numpy(np.array(kept)))  # what is kept on disk is read-only
    return network


@on_disk
def _trained(
    people: Split, pretraining: NetworkLearner, seed: int, version: str
) -> tuple[list[Array], Array, Array, float]:
    """Return the weights, the mean and scale of each unit, and the accuracy on held-out people."""
    load_libraries()
    with device.use("cpu"), one_thread():
        data = Submission.without_collective(people.train)
        model = pretraining.fit(data, np.random.default_rng(seed))
        assert isinstance(model, NetworkClassifier)  # for the type checker
        units = model.representation(people.train.x).astype(np.float64)
        mean, spread = units.mean(axis=0), units.std(axis=0)
        scale = np.maximum(spread, FLOOR * spread.mean())
        right = model.predict(people.held_out.x) == people.held_out.y
    weights = [w.detach().numpy() for w in model.network.state_dict().values()]
    return weights, mean.astype(np.float32), scale.astype(np.float32), float(right.mean())
