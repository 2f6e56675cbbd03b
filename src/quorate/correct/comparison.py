"""Pooled queries against everyone attacking alone, on the same people and within the same ε."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from quorate import spec
from quorate.correct import cells, deployment, enlisting
from quorate.correct.attacks.attack import Attack
from quorate.correct.attacks.listing import ATTACKS
from quorate.correct.correction import Correction, Group, read_folder
from quorate.correct.evaluation import Judge
from quorate.correct.in_process import InProcess
from quorate.correct.meter import Meter
from quorate.correct.perturbation import levels_of, load
from quorate.correct.platform import Pixels, to_pixels
from quorate.correct.sources import Remote, read_source
from quorate.correct.world import World
from quorate.errors import InputError
from quorate.fairness import wilson
from quorate.lab.provenance import provenance
from quorate.progress import bar
from quorate.table import Labels
from quorate.validate import at_least
from quorate.workers import load_libraries, one_thread, run_here, run_in_processes

POINTS = 41  # of the curve of people corrected by queries spent


@dataclass(frozen=True)
class Alone:
    """What one attack did for people on their own, one seed.

    Args:
        attack, seed: which.
        people, corrected: on how many the platform was wrong, and how many of them it was brought
            to say the truth of.
        queries: asked in all, by the platform's own meter.
        per_person: queries that one person spends on average, corrected or not.
        per_corrected: queries in all per person corrected; infinite where there is none.
        curve: queries a person, and the fraction corrected with at most so many.
    """

    attack: str
    seed: int
    people: int
    corrected: int
    queries: int
    per_person: float
    per_corrected: float
    curve: list[tuple[float, float]]


@dataclass(frozen=True)
class Pooled:
    """What one pool did for the same people, one seed.

    Args:
        members, queries_per_member, queries: of the pool.
        people, corrected: as of ``Alone``, with the change per class.
        corrected_label_free: with the best label-free change.
    """

    seed: int
    members: int
    queries_per_member: int
    queries: int
    people: int
    corrected: int
    corrected_label_free: int

    def per_corrected(self, subgroup: int) -> float:
        """Return the pool's queries per person corrected in a subgroup of so many people."""
        rate = self.corrected / self.people if self.people else 0.0
        return self.queries / (rate * subgroup) if rate else math.inf


@dataclass(frozen=True)
class Comparison:
    """Pools and attacks at one ε.

    Args:
        epsilon, norm: the budget of a picture's change, on the pixel scale.
        budget: queries that each person alone has.
        alone, pooled: by seed.
        description: what decides the result.
    """

    epsilon: float
    norm: str
    budget: int
    alone: tuple[Alone, ...]
    pooled: tuple[Pooled, ...]
    description: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row an attack: means over seeds, and the break-even subgroup of each pool.

        Break-even: the pool's queries ÷ the mean queries that one person alone spends; larger
        subgroups save queries by pooling. Source: derived.
        """
        found = []
        for name in dict.fromkeys(one.attack for one in self.alone):
            ours = [one for one in self.alone if one.attack == name]
            corrected, people = sum(o.corrected for o in ours), sum(o.people for o in ours)
            queries = sum(one.queries for one in ours)
            rate = wilson(corrected, people) if people else None
            per_person = queries / people if people else math.nan
            found.append(
                {
                    "attack": name,
                    "people": people,
                    "corrected": None if rate is None else rate.to_json(),
                    "queries_per_person": _finite(per_person),
                    "queries_per_corrected": _finite(
                        queries / corrected if corrected else math.inf
                    ),
                    "break_even": [
                        {
                            "members": pool["members"],
                            "queries_per_member": pool["queries_per_member"],
                            "subgroup": _finite(pool["queries"] / per_person),
                        }
                        for pool in self.pools()
                    ],
                }
            )
        return found

    def pools(self) -> list[dict[str, Any]]:
        """Return one row a pool, summed over seeds: its queries, and how many it corrects."""
        found = []
        sizes = dict.fromkeys((one.members, one.queries_per_member) for one in self.pooled)
        for members, each in sizes:
            ours = [
                one
                for one in self.pooled
                if (one.members, one.queries_per_member) == (members, each)
            ]
            people = sum(one.people for one in ours)
            found.append(
                {
                    "members": members,
                    "queries_per_member": each,
                    "queries": sum(one.queries for one in ours) / len(ours),
                    "people": people,
                    "corrected": wilson(sum(o.corrected for o in ours), people).to_json(),
                    "corrected_label_free": wilson(
                        sum(o.corrected_label_free for o in ours), people
                    ).to_json(),
                }
            )
        return found

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "epsilon": self.epsilon,
            "norm": self.norm,
            "budget": self.budget,
            "attacks": self.rows(),
            "pools": self.pools(),
            "curves": [
                {"attack": one.attack, "seed": one.seed, "curve": one.curve} for one in self.alone
            ],
            "description": self.description,
        }


@dataclass(frozen=True)
class _Task:
    correction: Correction
    out: Path
    seed: int
    attack: Attack
    budget: int
    people: int


def compare(
    folder: str | Path,
    attacks: Sequence[str | Attack],
    budget: int = 1000,
    people: int = 100,
    seeds: int | None = None,
    jobs: int = 1,
) -> Comparison:
    """Return how the pools of a stored correction compare with attacks by everyone alone.

    The first platform and proxy and the largest ε of the correction are compared, on people of the
    subgroup whom the platform reads wrongly. Attacks that need scores are given them.

    Args:
        folder: of a correction that was run.
        attacks: names, or methods, of what each person alone does.
        budget: queries of each.
        people: how many are tried, at most.
        seeds: how many of the correction's seeds; None for all.
        jobs: worker processes; the results do not depend on it.

    Raises:
        InputError: nothing was run there, the platform is behind an address, or an attack is not
            known.
    """
    at_least("people", people, 1, "Try it on one person or more.")
    at_least("budget", budget, 1, "Give each person at least one query.")
    out = Path(folder)
    correction = read_folder(out)
    if isinstance(read_source(correction.platforms[0]), Remote):
        raise InputError(
            f"Expected a platform on this machine, got {correction.platforms[0]}: attacks spend "
            "hundreds of queries a person. Compare on a platform of your own."
        )
    if correction.norm != "linf":
        raise InputError(
            f"Expected a correction under linf, as the attacks are, got {correction.norm}. Run it "
            "with --norm linf."
        )
    found = [spec.build("attacks", name, {"attacks": ATTACKS}) for name in attacks]
    some = correction.seeds[:seeds]
    tasks = [_Task(correction, out, s, attack, budget, people) for s in some for attack in found]
    alone = []
    results = run_in_processes(_attack, tasks, jobs) if jobs > 1 else run_here(_attack, tasks)
    with bar(len(tasks), "Attacking") as advance:
        for result in results:
            alone.append(result)
            advance(1)
    order = {(seed, attack.name): i for i, (seed, attack) in enumerate(_pairs(some, found))}
    alone.sort(key=lambda one: order[one.seed, one.attack])
    load_libraries()
    with one_thread():
        pooled = [one for seed in some for one in _pools(correction, out, seed, people)]
    description = {
        "correction": correction.describe(),
        "attacks": [spec.describe(attack) for attack in found],
        "people": people,
        "provenance": provenance(),
    }
    epsilon = max(correction.epsilons)
    return Comparison(epsilon, correction.norm, budget, tuple(alone), tuple(pooled), description)


def _pairs(seeds: Sequence[int], attacks: Sequence[Attack]) -> list[tuple[int, Attack]]:
    return [(seed, attack) for seed in seeds for attack in attacks]


def _first(correction: Correction, seed: int) -> Group:
    """Return the group of the first platform and proxy, and the largest collective."""
    return Group(
        seed,
        correction.platforms[0],
        correction.proxies[0],
        max(correction.members),
        max(correction.queries),
    )


def _harmed(judge: Judge, people: int) -> Labels:
    """Return whom in the subgroup the platform reads wrongly: where they stand, at most so many."""
    inside = judge.world.inside
    harmed: Labels = inside[judge.before[inside] != judge.y[inside]][:people]
    return harmed


def _attack(task: _Task) -> Alone:
    """Let everyone alone search, and count their queries by the platform's own meter."""
    load_libraries()
    with one_thread():
        world = enlisting.world_of(task.correction, task.seed)
        group = _first(task.correction, task.seed)
        platform = deployment.platform_of(task.correction, task.out, group, "labels")
        judge = Judge(platform, world)
        harmed = _harmed(judge, task.people)
        asked = deployment.platform_of(task.correction, task.out, group, task.attack.needs)
        x, y = world.x[harmed], judge.y[harmed]
        meter = Meter(asked, task.budget, [f"person-{i}" for i in harmed])
        levels = levels_of(max(task.correction.epsilons))
        starts = _starts(platform, world, y) if task.attack.needs_start else None
        rng = np.random.default_rng([task.seed, 7])
        attempt = task.attack.run(meter, x, y, levels, rng, starts)
    queries = sum(asked.asked.values())
    corrected = int(attempt.corrected.sum())
    at = np.unique(np.rint(np.geomspace(1, task.budget, POINTS)).astype(np.int64))
    return Alone(
        attack=task.attack.name,
        seed=task.seed,
        people=len(harmed),
        corrected=corrected,
        queries=queries,
        per_person=queries / len(harmed) if len(harmed) else math.nan,
        per_corrected=queries / corrected if corrected else math.inf,
        curve=list(zip(at.tolist(), attempt.curve(at).tolist(), strict=True)),
    )


def _starts(platform: InProcess, world: World, y: Labels) -> Pixels:
    """Return a photo of each person's class that the platform reads rightly, where there is one.

    To find it costs the attack nothing here, which is generous to it.
    """
    photos = to_pixels(world.photos.x)
    said = platform.model.predict(world.photos.x)
    right = said == world.photos.y
    rows = []
    for label in y:
        same = np.flatnonzero(world.photos.y == label)
        good = same[right[same]]
        rows.append(good[0] if len(good) else same[0] if len(same) else 0)
    return photos[np.array(rows, dtype=np.int64)]


def _pools(correction: Correction, out: Path, seed: int, people: int) -> list[Pooled]:
    """Return what each stored pool does for the people that attacks are tried on."""
    world = enlisting.world_of(correction, seed)
    first = _first(correction, seed)
    judge = Judge(deployment.platform_of(correction, out, first, "labels"), world)
    harmed = _harmed(judge, people)
    x, y = world.x[harmed], judge.y[harmed]
    epsilon, found = max(correction.epsilons), []
    for group in correction.groups():
        if (group.seed, group.platform, group.proxy) != (seed, first.platform, first.proxy):
            continue
        stem = cells.cell_path(correction, out, group, epsilon).with_suffix("")
        cell = json.loads(stem.with_suffix(".json").read_text())
        right = judge.ask(load(f"{stem}.npz").apply(x, y)) == y
        free = Path(f"{stem}-label-free.npz")
        right_free = judge.ask(load(free).apply(x, y)) == y if free.exists() else right[:0]
        found.append(
            Pooled(
                seed=seed,
                members=group.members,
                queries_per_member=group.queries,
                queries=cell["queries"]["pooled"],
                people=len(harmed),
                corrected=int(right.sum()),
                corrected_label_free=int(right_free.sum()),
            )
        )
    return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
