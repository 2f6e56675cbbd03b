"""What members ask: their own photos first, then variants of them.

Shape letters: m members, n questions, c h w image axes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quorate.errors import InputError
from quorate.runtime.seeds import mixed
from quorate.table import Labels
from quorate.test_time.platforms.platform import Pixels

SHIFT = 8  # a variant is moved by up to an eighth of the side
SHADE = 0.15  # and its levels are scaled by up to this much


@dataclass(frozen=True, eq=False)
class Questions:
    """The questions of a collective, ordered by member and, of each member, as they are asked.

    Args:
        x: images, (n, c, h, w).
        member: member who asks, (n,).
        photo: index of the photo it shows, (n,).
    """

    x: Pixels
    member: Labels
    photo: Labels

    def __len__(self) -> int:
        return len(self.x)

    def keys(self) -> list[str]:
        """Return the key of each question."""
        return [key_of(member) for member in self.member]


def key_of(member: int | np.integer) -> str:
    """Return the name of a member's key; members are counted from 1.

    >>> key_of(0)
    'member-0001'
    """
    return f"member-{member + 1:04d}"


def photos_per_member(available: int, members: int, wanted: int | None) -> int:
    """Return how many photos each member holds: ``wanted``, or as many as there are, up to 10.

    Raises:
        InputError: there are too few.
    """
    most = available // members
    if most < (wanted or 1):
        raise InputError(
            f"Expected {wanted or 1} photos for each of {members} members, got {available} photos "
            "of the subgroup in all. Enlist fewer members, or give each fewer photos."
        )
    return wanted or min(10, most)


def make_questions(photos: Pixels, members: int, each: int, queries: int, seed: int) -> Questions:
    """Return the questions of the first ``members`` members.

    Member i holds photos i·each to (i+1)·each − 1, and asks about each once, then about variants of
    them in turn: mirrored or not, shifted by up to an eighth, lighter or darker by up to 15%. The
    questions of a member depend on nothing but the seed and the member: those of a smaller
    collective, or of a smaller budget, are among those of a larger.

    Args:
        photos: all photos, (p, c, h, w).
        members, each, queries: how many members, photos of each, and questions of each.
        seed: seed of the variants.
    """
    x = np.empty((members * queries, *photos.shape[1:]), dtype=np.uint8)  # (n, c, h, w)
    rounds = np.tile(np.arange(queries), members)
    member = np.repeat(np.arange(members), queries)
    photo = member * each + rounds % each
    for i in range(members):
        rng = mixed(seed, i)
        own = slice(i * queries, (i + 1) * queries)
        x[own] = photos[photo[own]]
        for j in range(i * queries + each, (i + 1) * queries):
            x[j] = _variant(x[j], rng)
    return Questions(x, member, photo)


def _variant(image: Pixels, rng: np.random.Generator) -> Pixels:
    """Return a picture (c, h, w) as another photo of the same thing might be."""
    reach = np.maximum(1, np.array(image.shape[1:]) // SHIFT)
    down, right = rng.integers(-reach, reach + 1)
    mirrored, shade = rng.random() < 0.5, 1 + SHADE * (2 * rng.random() - 1)
    padded = np.pad(image, ((0, 0), (reach[0],) * 2, (reach[1],) * 2), mode="edge")
    h, w = image.shape[1:]
    moved = padded[:, reach[0] + down :, reach[1] + right :][:, :h, :w]
    if mirrored and len(image) > 1:  # grey pictures may be writing, which mirrored is another
        moved = moved[:, :, ::-1]
    levels: Pixels = np.clip(np.rint(moved * shade), 0, 255).astype(np.uint8)
    return levels
