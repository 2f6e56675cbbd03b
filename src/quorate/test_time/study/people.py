"""Who is there: people split by seed, and the random streams of a seed."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from quorate.adapter import draw_split, draw_subgroup
from quorate.dependencies import find_dependencies
from quorate.errors import InputError
from quorate.protocols import Population, Subgroup
from quorate.runtime.seeds import stream
from quorate.spec import content_id
from quorate.table import Labels, Rng, Table
from quorate.test_time.extraction.questions import photos_per_member
from quorate.test_time.platforms.platform import Pixels, to_features, to_pixels
from quorate.test_time.study.correction import Correction

SUBGROUP = 1  # the group code of those served badly; everyone else is 0
# The streams of a seed: who is there, the platform's training, the questions, the surrogates, the
# changes, the evaluation, the first sample, the search for edits, labels dealt anew, and members'
# own classifier.
PEOPLE, PLATFORM, QUESTIONS, SURROGATES, CHANGES, JUDGING, SAMPLE, SEARCH, SHUFFLED, OWN = range(10)


@dataclass(frozen=True, eq=False)
class PeopleSplit:
    """Three sets of people who have nobody in common, on the 8-bit grid.

    Args:
        train: people the platform learned from; few of them are in the subgroup.
        photos: pictures that members may hold, all of the subgroup, in the order they are given
            out: a larger collective holds those of a smaller one, and more.
        held_out: people results are measured on: ``group`` is 1 in the subgroup, else 0.
    """

    train: Table
    photos: Table
    held_out: Table

    @functools.cached_property
    def x(self) -> Pixels:
        """Pictures of those measured on, (n, c, h, w)."""
        return to_pixels(self.held_out.x)

    @functools.cached_property
    def inside(self) -> Labels:
        """Where the subgroup stands among those measured on."""
        assert self.held_out.group is not None  # drawn with groups
        return np.flatnonzero(self.held_out.group == SUBGROUP)


def people_of(correction: Correction, seed: int) -> PeopleSplit:
    """Return who is there; the last split asked for stays in memory."""
    return _drawn(content_id({**correction.describe_people(), "seed": seed}), correction, seed)


@functools.lru_cache(maxsize=1)
def _drawn(key: str, correction: Correction, seed: int) -> PeopleSplit:
    rng = np.random.default_rng(stream(seed, PEOPLE))
    return split_people(
        correction.population,
        correction.subgroup,
        rng,
        share=correction.train_share,
        measured=correction.measured_share,
        reserve=correction.reserve,
    )


def split_id(correction: Correction, seed: int) -> str:
    """Return the content id of what parts the people a platform learns from from all others."""
    parting = ("version", "population", "fingerprint", "reserve")
    facts = correction.describe_people()
    own = find_dependencies((correction.population,), facts["fingerprint"])
    return content_id({**own, **{name: facts[name] for name in parting}, "seed": seed})


def photos_held(correction: Correction, seed: int) -> int:
    """Return how many photos a member holds: the same in every cell of the study."""
    available = len(people_of(correction, seed).photos)
    return photos_per_member(available, max(correction.members), correction.photos)


def split_people(
    population: Population,
    subgroup: Subgroup,
    rng: Rng,
    *,
    share: float | None,
    measured: float | None,
    reserve: float,
) -> PeopleSplit:
    """Return a platform's people, the collective's photos and people to measure on.

    Args:
        population: population to draw people from.
        subgroup: people the platform serves badly.
        rng: draws everything.
        share: fraction of the subgroup among the people the platform learned from; None takes
            people as they are.
        measured: fraction of the subgroup among those measured on; None takes people as they are.
        reserve: fraction of the people to learn from whom the platform does not see: the members
            are found among them.

    Raises:
        InputError: the people are not images or all of one label, nobody is left in one of the
            three, or those measured on are all of the subgroup, or none.
    """
    split = draw_split(population, rng)
    if not split.train.is_image:
        raise InputError(
            f"Expected a population of images, whose pixels a perturbation can change, got a table "
            f"from {population.name}. Use digits, cifar10, fairface or images."
        )
    if split.train.k < 2:
        raise InputError(
            f"Expected two labels or more, got {split.train.k}: nothing can be misread. Choose "
            "another population."
        )
    order = rng.permutation(len(split.train))
    seen = len(order) - round(reserve * len(order))
    if not 0 < seen < len(order):
        raise InputError(
            f"Expected people for the platform and for the collective, got reserve={reserve:g} of "
            f"{len(order)} people. Use 0.5."
        )
    train = draw_subgroup(subgroup, split.train.take(order[:seen]), share, rng)
    photos = draw_subgroup(subgroup, split.train.take(order[seen:]), 1.0, rng)
    held_out = draw_subgroup(subgroup, split.held_out, measured, rng)
    if held_out.group is None or len(np.unique(held_out.group)) < 2:
        raise InputError(
            f"Expected people of {subgroup.label} and others to measure on, got {len(held_out)} "
            "people all of one kind. Hold out more, or use measured=0.5."
        )
    return PeopleSplit(*(_on_grid(table) for table in (train, photos, held_out)))


def _on_grid(people: Table) -> Table:
    return replace(people, x=to_features(to_pixels(people.x)))
