"""How a collective finds its change: by surrogates' gradients, or by asking about photo edits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.runtime.seeds import stream
from quorate.table import Labels, Table
from quorate.test_time.perturbations.crafting import craft
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.platforms.platform import Platform, to_pixels
from quorate.test_time.search.found import FoundEdit
from quorate.test_time.search.searching import search_edits
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.people import CHANGES, SEARCH, SHUFFLED

EDIT = "edit"  # the family of what a search finds


@dataclass(frozen=True, eq=False)
class FoundChange:
    """What a collective found.

    Args:
        shown: the change that the record is about: one per class, or else the edit.
        label_free: changes that are the same for everyone, by family, the best first by what the
            collective knows.
        edit: what the search for photo edits says of its own; None where there was none.
    """

    shown: Perturbation
    label_free: Mapping[str, Perturbation]
    edit: FoundEdit | None = None

    @property
    def best_label_free(self) -> Perturbation | None:
        """The first of the label-free changes; None without any."""
        return next(iter(self.label_free.values()), None)

    @property
    def asked(self) -> int:
        """Questions that members asked to find it, beside those that surrogates learned from."""
        return 0 if self.edit is None else self.edit.asked


@dataclass(frozen=True, eq=False, kw_only=True)
class Approach(ABC):
    """A collective that is ready to find its change.

    Args:
        correction, seed: the study, and the seed of the cells.
        photos: members' pictures, with their true labels.
        surrogates: fitted networks, of which there may be none.
    """

    correction: Correction
    seed: int
    photos: Table
    surrogates: Sequence[NetworkClassifier] = ()

    @abstractmethod
    def find(self, epsilon: float) -> FoundChange:
        """Return what the collective finds within a budget ε of each picture's change."""

    @abstractmethod
    def find_shuffled(self, found: FoundChange, apart: Platform | None) -> Perturbation | None:
        """Return the label-free change that is found with labels dealt anew among the photos.

        Whatever effect it has does not come from what pictures show.

        Args:
            found: what was found with the true labels.
            apart: answers questions that count for no member; None where there is nobody to ask.

        Returns:
            The change; None where there is no label-free one, or nobody to ask.
        """

    def _shuffled(self) -> Labels:
        """Return the labels of the photos, each photo with that of another."""
        rng = np.random.default_rng(stream(self.seed, SHUFFLED))
        return self.photos.y[rng.permutation(len(self.photos))]


@dataclass(frozen=True, eq=False, kw_only=True)
class BySurrogates(Approach):
    """Follows the surrogates' gradients: one change per class, and label-free ones by family."""

    def find(self, epsilon: float) -> FoundChange:
        """Return the change per class, and label-free ones, best first by the surrogates' word."""
        free = {
            name: self.craft(epsilon, family=name, label_free=True)
            for name in self.correction.label_free
        }
        by_loss = sorted(free.items(), key=lambda item: float(item[1].about["proxy_loss"]))
        return FoundChange(self.craft(epsilon), dict(by_loss))

    def find_shuffled(self, found: FoundChange, apart: Platform | None) -> Perturbation | None:
        """Return the best family crafted towards other people's labels; nobody need be asked."""
        best = found.best_label_free
        if best is None:
            return None
        return self.craft(best.epsilon, self._shuffled(), family=best.family, label_free=True)

    def craft(self, epsilon: float, y: Labels | None = None, **family: Any) -> Perturbation:
        """Return one change; ``y`` are other labels for the photos than their own, (n,)."""
        return craft(
            self.surrogates,
            to_pixels(self.photos.x),
            self.photos.y if y is None else y,
            self.photos.classes,
            self.correction.crafting,
            np.random.default_rng(stream(self.seed, CHANGES)),
            epsilon=epsilon,
            norm=self.correction.norm,
            **family,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class BySearch(Approach):
    """Searches photo edits by asking about labelled photos under one edit or another.

    Args:
        platform: asked under the members' keys.
        member: who holds each photo, counted from 0, (n,).
        queries: number of questions each member has for the search.
    """

    platform: Platform
    member: Labels
    queries: int

    def find(self, epsilon: float) -> FoundChange:
        """Return the edit that the search ends with, which is the only change there is."""
        found = self._search(epsilon, self.photos.y, self.platform)
        return FoundChange(found.perturbation, {EDIT: found.perturbation}, found)

    def find_shuffled(self, found: FoundChange, apart: Platform | None) -> Perturbation | None:
        """Return the edit that a search towards other people's labels ends with."""
        if apart is None:
            return None
        return self._search(found.shown.epsilon, self._shuffled(), apart).perturbation

    def _search(self, epsilon: float, y: Labels, platform: Platform) -> FoundEdit:
        return search_edits(
            platform,
            to_pixels(self.photos.x),
            y,
            self.member,
            self.photos.classes,
            self.correction.search,
            np.random.default_rng(stream(self.seed, SEARCH)),
            queries=self.queries,
            epsilon=epsilon,
            norm=self.correction.norm,
            surrogates=self.surrogates,
        )
