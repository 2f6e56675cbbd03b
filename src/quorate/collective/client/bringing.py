"""Pictures whose true labels an organiser knows, for members to put to the platform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.collective.client.access import Access
from quorate.collective.client.asking import read_test_plan
from quorate.collective.client.channel import Channel
from quorate.collective.plans import TestPlan
from quorate.errors import InputError, reason
from quorate.runtime.archives import ArrayArchive
from quorate.runtime.progress import bar
from quorate.runtime.seeds import stream
from quorate.table import Labels, Mask
from quorate.test_time.platforms.encoding import to_base64, to_png
from quorate.test_time.platforms.platform import Pixels, to_pixels
from quorate.test_time.study.people import SUBGROUP, PeopleSplit, people_of
from quorate.test_time.study.settings import make_correction

BATCH_BYTES = 1 << 19  # of pictures in one request
MOST_AT_ONCE = 128  # pictures in one request
ARRAYS = ("x", "y", "classes", "in_subgroup")  # of an archive; photo may be left out


@dataclass(frozen=True, eq=False)
class Photos:
    """Pictures whose true labels are known.

    Args:
        x: the pictures, (n, c, h, w), 8 bits.
        y: index of the true label of each, (n,).
        classes: the k label names.
        in_subgroup: whether each is of the people that the platform serves badly, (n,).
        photo: number of the photo that each shows: variants of one photo share it, (n,).
    """

    x: Pixels
    y: Labels
    classes: tuple[str, ...]
    in_subgroup: Mask
    photo: npt.NDArray[np.integer]

    def __len__(self) -> int:
        return len(self.x)


def bring(access: Access, photos: Photos) -> dict[str, int]:
    """Upload pictures, and return how many were ``added`` and how many were ``known`` already.

    Raises:
        InputError: they are not of the plan's shape and classes.
        CoordinatorError: the coordinator refused or failed; repeating brings nothing twice.
    """
    told = {"added": 0, "known": 0}
    with access.open() as channel:
        plan = read_test_plan(channel, access)
        place = _places(photos, plan)
        size = max(1, min(MOST_AT_ONCE, BATCH_BYTES // int(np.prod(plan.shape))))
        with bar(len(photos), "Bringing questions") as shown:
            for start in range(0, len(photos), size):
                rows = range(start, min(len(photos), start + size))
                answer = _send(channel, access, photos, place, rows)
                for name in told:
                    told[name] += int(answer.get(name, 0))
                shown.advance(len(rows))
    return told


def _send(
    channel: Channel, access: Access, photos: Photos, place: list[int], rows: range
) -> dict[str, Any]:
    questions = [
        {
            "png": to_base64(to_png(photos.x[i])),
            "label": place[int(photos.y[i])],
            "in_subgroup": bool(photos.in_subgroup[i]),
            "photo": int(photos.photo[i]),
        }
        for i in rows
    ]
    return channel.write("POST", f"{access.path}/questions", {"questions": questions})


def _places(photos: Photos, plan: TestPlan) -> list[int]:
    """Return the index that each label has in the plan."""
    if photos.x.shape[1:] != plan.shape:
        raise InputError(
            f"Expected pictures of shape {plan.shape}, as the campaign's plan has them, got "
            f"{photos.x.shape[1:]}. Resize or convert them first."
        )
    strange = [name for name in photos.classes if name not in plan.classes]
    if strange:
        raise InputError(
            f"Expected labels of the campaign's plan ({', '.join(plan.classes)}), got "
            f"{', '.join(strange)}. Rename them."
        )
    return [plan.classes.index(name) for name in photos.classes]


def photos_of_population(
    population: str, subgroup: str, most: int | None = None, seed: int = 0
) -> Photos:
    """Return pictures of a population's people: two thirds of the subgroup, a third of others.

    They are those whom ``quorate correct`` gives to members or measures on with the same seed, so
    that a platform which it has trained and saved has learned from none of them.

    Args:
        population, subgroup: as ``quorate correct`` takes them.
        most: number of pictures; None is as many as there are.
        seed: of the split.

    Raises:
        InputError: there is no such population of pictures, or no such subgroup.
    """
    people = split_of(population, subgroup, seed)
    held, measured = people.photos, people.held_out
    assert measured.group is not None  # drawn with groups
    others = measured.take(np.flatnonzero(measured.group != SUBGROUP))
    outside = len(others) if most is None else min(len(others), -(-most // 3))
    inside = min(len(held), 2 * outside if most is None else most - outside)
    order = np.random.default_rng(stream(seed, 0)).permutation(inside + outside)
    x = np.concatenate([to_pixels(held.x[:inside]), to_pixels(others.x[:outside])])
    y = np.concatenate([held.y[:inside], others.y[:outside]])
    return Photos(x[order], y[order], held.classes, order < inside, order)


def split_of(population: str, subgroup: str, seed: int) -> PeopleSplit:
    """Return a population's people as ``quorate correct`` splits them."""
    correction = make_correction(population=population, subgroup=subgroup, platform="mlp")
    return people_of(correction, seed)


def photos_of_archive(path: Path) -> Photos:
    """Return the pictures in a file .npz.

    It holds ``x`` (n, c, h, w) of 8 bits, ``y`` (n,) indices of ``classes`` (k,), ``in_subgroup``
    (n,), and may hold ``photo`` (n,), where variants of one photo share a number.

    Raises:
        InputError: it cannot be read, or an array is missing or of another shape.
    """
    try:
        archive = ArrayArchive(path.read_bytes())
        names = set(archive.headers)
        missing = [name for name in ARRAYS if name not in names]
        if missing:
            raise ValueError(f"no {' and no '.join(missing)}")
        x, y, classes, inside = (archive.read(name) for name in ARRAYS)
        photo = archive.read("photo") if "photo" in names else np.arange(len(x))
        n, k = len(x), classes.size
        fine = (
            x.dtype == np.uint8
            and x.ndim == 4
            and x.shape[1] in (1, 3)
            and classes.ndim == 1
            and all(one.shape == (n,) for one in (y, inside, photo))
            and y.dtype.kind in "iu"
            and photo.dtype.kind in "iu"
            and (n == 0 or (int(y.min()) >= 0 and int(y.max()) < k))
        )
        if not fine:
            raise ValueError("arrays of other shapes or types")
    except OSError as error:
        raise InputError(
            f"Expected pictures at {path}, got: {reason(error)}. Check its name."
        ) from None
    except Exception as error:  # whatever damage leads to
        raise InputError(
            f"Expected x (n, c, h, w) of 8 bits, y (n,), classes (k,) and in_subgroup (n,) in "
            f"{path}, got: {error}. Write it with numpy.savez."
        ) from error
    names_of = tuple(map(str, classes.tolist()))
    return Photos(x, y.astype(np.int64), names_of, inside.astype(bool), photo)
