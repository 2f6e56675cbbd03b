"""Edits: a photo editor's settings on one's own picture, one after another, by labels alone."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.table import Rng
from quorate.test_time.attacks.attack import Attack, Case, Search
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.platforms.platform import Gives, Pixels
from quorate.test_time.search.space import (
    SearchSpace,
    drawn_order,
    expected_by_sight,
    sliders,
)


@dataclass(frozen=True)
class Edits(Attack):
    """Tries one setting of a photo editor after another, until the platform says y of the picture.

    The settings are those that a pool searches, within ε; their order is drawn as that of its
    successive halving, the sooner the more usual the brightness and contrast that they lead to.
    What looks like a picture that was asked before is not asked; when all were asked, it ends.

    To choose by the answer about one's own picture lets the label in: of many settings one may
    chance to be read as y, whatever the picture shows. A setting that was found on other people's
    pictures cannot do that. So this is what photo edits do as an attack, not what they mend.
    """

    name: ClassVar[str] = "edits"
    needs: ClassVar[Gives] = "labels"

    def search(self, case: Case, rng: Rng) -> Search:
        """Yield one edited picture a query."""
        space, own = _space(), case.x[None]  # (1, c, h, w)

        def within(pipeline: Pipeline, x: Pixels) -> Pixels:
            return np.clip(pipeline.apply(x), case.low, case.high)

        expected = expected_by_sight(space, within, own)  # (a,)
        asked: set[bytes] = set()
        for setting in drawn_order(expected, rng).tolist():
            question = within(space.pipelines[setting], own)[0]  # (c, h, w)
            digest = hashlib.sha256(question).digest()
            if digest not in asked:
                asked.add(digest)
                yield question


@functools.cache
def _space() -> SearchSpace:
    """Return the settings of a pool's search: they are the same for all pictures."""
    return sliders()
