"""How much of the gap a searched photo edit closes, by method and queries, beside a plain grid.

``python -m benchmarks.edit_search --keep FOLDER`` trains the platforms whose answers are not in the
folder yet, asks each about every setting of every photo once, keeps that, and repeats the searches
on what is kept. Photos are those of held-out people of the subgroup: two thirds are asked about,
the others judge. Measured on seeds 100 and 101, which no experiment uses; figures, not tests.
"""

from __future__ import annotations

import argparse
import functools
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quorate.runtime.files import replace_file
from quorate.runtime.progress import bar
from quorate.runtime.seeds import stream
from quorate.table import Labels, Mask, Rng
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.platforms.platform import Pixels, to_features, to_pixels
from quorate.test_time.search.bayesian import search_bayesian
from quorate.test_time.search.confirming import paired_gain
from quorate.test_time.search.halving import QUERIES_A_SETTING, search_halving
from quorate.test_time.search.halving import SETTINGS as FIRST
from quorate.test_time.search.inquiry import Inquiry
from quorate.test_time.search.searching import LOOKED_AT, METHODS
from quorate.test_time.search.space import (
    COST_OF_A_STOP,
    Floats,
    SearchSpace,
    expected_by_sight,
    sliders,
)
from quorate.test_time.search.turns import Turns, keep_apart

POPULATIONS = ("cifar10", "cifar100")
SHIFTS = {
    "low light": "low-light:noise=0.02",
    "blur": "blur",
    "JPEG": "jpeg",
    "low contrast": "low-contrast",
}
SEEDS = (100, 101)
MEMBERS = {100: 10, 400: 40, 2_000: 200, 10_000: 200}  # by queries in all
CONFIRMING = 0.25
REPETITIONS = 20
PHOTOS = 600  # of the subgroup, in all
ASKED = 2 / 3  # of the photos; the others judge
GRID = 96, 200  # settings, and photos of each: 19,200 queries


@dataclass(frozen=True, eq=False)
class World:
    """What a platform says of every photo under every setting.

    Args:
        name: population, shift and seed.
        right: whether it is right, (a, p).
        expected: of each setting by sight, (a,).
        others: accuracy on everyone else.
    """

    name: str
    right: Mask
    expected: Floats
    others: float

    @property
    def gap(self) -> float:
        """Accuracy on others, less that on the subgroup."""
        return self.others - float(self.right[0].mean())


@dataclass(eq=False)
class Kept(Inquiry):
    """Answers that are kept already, to questions that are dealt as members' are.

    Args:
        right: whether the platform is right, (a, p).
        turns: deals photos, of which those of ``rows`` are meant.
        rows: photos that are asked about.
    """

    right: Mask
    turns: Turns
    rows: Labels

    @property
    def left(self) -> Labels:
        """How many queries each member has left, (m,)."""
        return self.turns.left

    def ask(self, settings: Labels, photos: int) -> Floats:
        """Return 1 where the platform is right, (b, r)."""
        rows = self.rows[self.turns.deal(photos, len(settings))]
        return self.right[np.ix_(settings, rows)].astype(np.float64)


def search_thompson(space: SearchSpace, expected: Floats, inquiry: Inquiry, rng: Rng) -> Floats:
    """Thompson sampling over as many settings as halving begins with, which share nothing.

    Each has a Beta posterior of its own, and is asked about a photo of its own.
    """
    queries = int(inquiry.left.sum())
    n = min(int(np.clip(queries // QUERIES_A_SETTING, *FIRST)), len(space))
    drawn = expected / COST_OF_A_STOP + rng.gumbel(size=len(space))
    drawn[0] = np.inf
    some = np.argsort(-drawn, kind="stable")[:n]
    right, wrong = np.ones(n), np.ones(n)
    each = max(1, queries // 40)
    for _ in range(queries // each):
        picked = rng.beta(right, wrong, (each, n)).argmax(axis=1)
        for arm in np.unique(picked):
            rewards = inquiry.ask(some[[arm]], int((picked == arm).sum()))
            right[arm] += rewards.sum()
            wrong[arm] += rewards.size - rewards.sum()
    found = np.full(len(space), -np.inf)
    found[some] = np.where(right + wrong > 4, right / (right + wrong), 0)
    return found


SEARCHES: dict[str, Callable[[SearchSpace, Floats, Inquiry, Rng], Floats]] = {
    "Bayesian optimisation": search_bayesian,
    "successive halving": search_halving,
    "Thompson sampling, settings apart": search_thompson,
}
assert set(METHODS.values()) <= set(SEARCHES.values())


def people_and_platform(
    population: str, shift: str, seed: int
) -> tuple[Pixels, Labels, Labels, Callable[[Pixels], Labels]]:
    """Return held-out pictures, labels and groups (1 the subgroup), and a trained platform."""
    from quorate.test_time.study.deployment import PlatformCell
    from quorate.test_time.study.people import people_of
    from quorate.test_time.study.settings import make_correction

    correction = make_correction(
        population=f"{population}:held_out=2000",
        subgroup=SHIFTS[shift],
        platform="cnn",
        seeds=[seed],
    )
    people = people_of(correction, seed).held_out
    model = PlatformCell(correction, seed, "cnn").fit()
    assert people.group is not None
    return to_pixels(people.x), people.y, people.group, lambda x: model.predict(to_features(x))


def world_of(population: str, shift: str, seed: int, space: SearchSpace, keep: Path) -> World:
    """Return a world, asked now or read from what is kept."""
    name = f"{population}, {shift}, {seed}"
    path = keep / f"{population}-{shift.replace(' ', '-')}-{seed}.npz"
    texts = np.array([one.text for one in space.pipelines])
    if path.exists():
        with np.load(path) as kept:
            if np.array_equal(kept["settings"], texts):
                return World(name, kept["right"], kept["expected"], float(kept["others"]))
    x, y, group, predict = people_and_platform(population, shift, seed)
    others = float((predict(x[group == 0]) == y[group == 0]).mean())
    photos, labels = x[group == 1][:PHOTOS], y[group == 1][:PHOTOS]
    right = np.empty((len(space), len(photos)), dtype=bool)  # (a, p)
    with bar(len(space), name) as progress:
        for i, pipeline in enumerate(space.pipelines):
            right[i] = predict(pipeline.apply(photos)) == labels
            progress.advance(1)
    expected = expected_by_sight(space, _unlimited, photos[:LOOKED_AT])
    keep.mkdir(parents=True, exist_ok=True)
    _write(path, settings=texts, right=right, expected=expected, others=np.array(others))
    return World(name, right, expected, others)


def _unlimited(pipeline: Pipeline, x: Pixels) -> Pixels:
    return pipeline.apply(x)


def _write(path: Path, **arrays: Any) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    replace_file(path, buffer.getvalue())


def gap_closed(world: World, space: SearchSpace, method: str, queries: int, seed: int) -> float:
    """Return how much of the gap one search closes for people who were not asked about."""
    rng = np.random.default_rng(stream(seed, queries, list(SEARCHES).index(method)))
    asked, judged = _split(world, rng)
    members = MEMBERS[queries]
    holder, each = np.arange(len(asked)) % members, queries // members
    apart, pairs = keep_apart(holder, members, each, CONFIRMING, rng)
    turns = Turns(holder, ~apart, each - 2 * pairs, rng)
    kept = Kept(world.right, turns, asked)
    best = int(SEARCHES[method](space, world.expected, kept, rng).argmax())
    fresh = world.right[:, asked[apart]]
    if best and not paired_gain(fresh[0], fresh[best]).value > 0:
        best = 0
    return _closed(world, best, judged)


def grid_closed(world: World, space: SearchSpace, seed: int) -> float:
    """Return what the winner closes of a plain grid: GRID settings drawn, photos shared."""
    rng = np.random.default_rng(stream(seed, 0))
    asked, judged = _split(world, rng)
    settings = np.append(0, 1 + rng.permutation(len(space) - 1)[: GRID[0] - 1])
    right = world.right[np.ix_(settings, asked[: GRID[1]])]
    return _closed(world, int(settings[right.mean(axis=1).argmax()]), judged)


def _split(world: World, rng: Rng) -> tuple[Labels, Labels]:
    order = rng.permutation(world.right.shape[1])
    some = round(ASKED * len(order))
    return order[:some], order[some:]


def _closed(world: World, setting: int, judged: Labels) -> float:
    gain = world.right[setting, judged].mean() - world.right[0, judged].mean()
    return float(gain / world.gap)


def rows_of(world: World, space: SearchSpace) -> dict[str, Any]:
    """Return what is measured in one world."""
    best = int(world.right.mean(axis=1).argmax())
    found: dict[str, Any] = {
        "world": world.name,
        "others": world.others,
        "subgroup": float(world.right[0].mean()),
        "hindsight": _closed(world, best, np.arange(world.right.shape[1])),
        "hindsight edit": space.pipelines[best].text,
        "grid": _mean_of(functools.partial(grid_closed, world, space)),
    }
    for method in SEARCHES:
        for queries in MEMBERS:
            one = functools.partial(gap_closed, world, space, method, queries)
            found[f"{method}, {queries}"] = _mean_of(one)
    return found


def _mean_of(measure: Callable[[int], float]) -> tuple[float, float]:
    """Return mean and standard deviation over repetitions."""
    values = [measure(seed) for seed in range(REPETITIONS)]
    return float(np.mean(values)), float(np.std(values, ddof=1))


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, default=Path("build/edit-search"))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    space = sliders()
    found = [
        rows_of(world_of(population, shift, seed, space, given.keep), space)
        for population in POPULATIONS
        for shift in SHIFTS
        for seed in given.seeds
    ]
    if given.json:
        print(json.dumps(found, indent=1))
        return
    for one in found:
        print(
            f"\n{one['world']}: others {one['others']:.3f}, subgroup {one['subgroup']:.3f}, "
            f"hindsight {one['hindsight']:.2f} ({one['hindsight edit']}), grid of {GRID[0]} "
            f"{one['grid'][0]:.2f} ({one['grid'][1]:.2f})"
        )
        for method in SEARCHES:
            cells = [one[f"{method}, {queries}"] for queries in MEMBERS]
            print(f"  {method:36}" + "  ".join(f"{m:5.2f} ({s:.2f})" for m, s in cells))


if __name__ == "__main__":
    main()
