"""Who is there in each seed, and what random draws it makes."""

from __future__ import annotations

import functools

import numpy as np

from quorate.spec import content_id
from quorate.test_time.extraction.questions import photos_each
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.people import World, draw_world


def streams(seed: int) -> list[np.random.SeedSequence]:
    """Return the streams of one seed: people, platform, questions, proxies, changes, judging."""
    return np.random.SeedSequence(seed).spawn(6)


@functools.lru_cache(maxsize=1)
def _drawn(key: str, correction: Correction, seed: int) -> World:
    rng = np.random.default_rng(streams(seed)[0])
    return draw_world(
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
    facts = correction.of_world()
    return content_id({**{name: facts[name] for name in parting}, "seed": seed})


def world_of(correction: Correction, seed: int) -> World:
    """Return who is there; the last one asked for stays in memory."""
    return _drawn(content_id({**correction.of_world(), "seed": seed}), correction, seed)


def photos_of(correction: Correction, seed: int) -> int:
    """Return how many photos a member holds: the same in every cell of the study."""
    available = len(world_of(correction, seed).photos)
    return photos_each(available, max(correction.members), correction.photos)
