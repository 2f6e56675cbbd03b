"""Queries pooled, against everyone attacking alone, on the same people and within the same ε."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.executors.workers import run_here, run_in_processes
from quorate.runtime.progress import bar
from quorate.runtime.provenance import provenance
from quorate.runtime.threads import load_libraries, one_thread
from quorate.table import Labels
from quorate.test_time.attacks.attack import Attack
from quorate.test_time.attacks.outcome import AttackOutcome
from quorate.test_time.perturbations.perturbation import Perturbation, levels_of, load
from quorate.test_time.platforms.in_process import CARD, InProcessPlatform
from quorate.test_time.platforms.meter import Meter
from quorate.test_time.platforms.platform import Pixels, to_pixels
from quorate.test_time.study import cell as cells
from quorate.test_time.study import deployment
from quorate.test_time.study.correction import CellGroup, Correction, read_folder
from quorate.test_time.study.evaluation import Evaluator
from quorate.test_time.study.people import PeopleSplit, people_of
from quorate.test_time.study.query_costs import PoolEffect, QueryComparison, SoloAttack
from quorate.test_time.study.sources import PlatformAddress, SizedLearner, read_source
from quorate.validate import at_least

POINTS = 41  # of the curve of people corrected by queries spent


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
    attacks: str | Sequence[str | Attack],
    budget: int = 1000,
    people: int = 100,
    seeds: int | None = None,
    executor: Executor = SERIAL,
) -> QueryComparison:
    """Return how the pools of a stored correction compare with attacks by everyone alone.

    The first platform and proxy and the last ε named of the correction are compared, as its own
    headline is, on people of the subgroup whom the platform reads wrongly. Attacks that need
    scores are given them.

    Args:
        folder: of a correction that was run.
        attacks: names, or methods, of what each person alone does; or text, as ``split_attacks``.
        budget: queries of each.
        people: how many are tried, at most.
        seeds: how many of the correction's seeds; None for all.
        executor: where cells are computed; the results do not depend on it.

    Raises:
        InputError: nothing was run there, or not to its end, the platform is behind an address, or
            an attack is not known or named twice.
    """
    at_least("people", people, 1, "Try it on one person or more.")
    at_least("budget", budget, 1, "Give each person at least one query.")
    jobs = getattr(executor, "workers", 1)  # until cells are run as others are
    if seeds is not None:
        at_least("seeds", seeds, 1, "Use one seed or more.")
    found = _read_attacks(attacks)
    out = Path(folder)
    correction = read_folder(out)
    some = correction.seeds[:seeds]
    _check(correction, out, some)
    tasks = [_Task(correction, out, s, attack, budget, people) for s in some for attack in found]
    alone = []
    results = run_in_processes(_attack, tasks, jobs) if jobs > 1 else run_here(_attack, tasks)
    with bar(len(tasks), "Attacking") as advance, closing(results):
        for result in results:
            alone.append(result)
            advance(1)
    order = {(task.seed, spec.text(task.attack)): i for i, task in enumerate(tasks)}
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
    epsilon = correction.epsilons[-1]
    return QueryComparison(
        epsilon, correction.norm, budget, tuple(alone), tuple(pooled), description
    )


def split_attacks(text: str) -> list[str]:
    """Return the attacks of a comma list; what reads key=value goes on with the one before.

    >>> split_attacks("square:p=0.1,nes:pairs=5,sigma=1,simba")
    ['square:p=0.1', 'nes:pairs=5,sigma=1', 'simba']
    """
    return re.split(r",(?!\s*[^,:=]+=)", text)


def _read_attacks(attacks: str | Sequence[str | Attack]) -> list[Attack]:
    """Return attacks that all differ.

    Raises:
        InputError: there are none, or one is not known or named twice.
    """
    named = split_attacks(attacks) if isinstance(attacks, str) else attacks
    found: list[Attack] = [catalog.build("attacks", name) for name in named]
    if not found:
        raise InputError("Expected at least one attack, got none. Name one, such as square.")
    texts = [spec.text(attack) for attack in found]
    for one in texts:
        if texts.count(one) > 1:
            raise InputError(f"Expected {one!r} once among the attacks, got it twice. Keep one.")
    return found


def _check(correction: Correction, out: Path, seeds: Sequence[int]) -> None:
    """Raise InputError unless the correction can be compared and everything it needs is there."""
    if isinstance(read_source(correction.platforms[0]), PlatformAddress):
        raise InputError(
            f"Expected a platform on this machine, got {correction.platforms[0]}: attacks spend "
            "hundreds of queries a person. Compare on a platform of your own."
        )
    if correction.norm != "linf":
        raise InputError(
            f"Expected a correction under linf, as the attacks are, got {correction.norm}. Run it "
            "with --norm linf."
        )
    for group in (group for seed in seeds for group in _groups(correction, seed)):
        if not _is_there(correction, out, group):
            raise InputError(
                f"Expected a correction that was run to its end in {out}, got none for "
                f"{group.members} members, {group.queries} queries each, seed {group.seed}. Run "
                "the same quorate correct again: what is stored is kept."
            )


def _groups(correction: Correction, seed: int) -> list[CellGroup]:
    """Return the groups of one seed on the first platform and proxy: its pools."""
    first = (seed, correction.platforms[0], correction.proxies[0])
    return [one for one in correction.groups() if (one.seed, one.platform, one.proxy) == first]


def _stem(correction: Correction, out: Path, group: CellGroup) -> Path:
    """Return the path of a group's cell at the ε compared, without its ending."""
    path = cells.cell_path(correction, out, group, correction.epsilons[-1])
    return path.with_suffix("")


def _is_there(correction: Correction, out: Path, group: CellGroup) -> bool:
    """Whether a group was measured at the ε compared, and its platform and change are kept."""
    trained = isinstance(read_source(group.platform), SizedLearner)
    if trained and not (deployment.platform_folder(correction, out, group) / CARD).exists():
        return False
    stem = _stem(correction, out, group)
    return cells.read_cell(out, stem.name) is not None and stem.with_suffix(".npz").exists()


def _harmed(judge: Evaluator) -> Labels:
    """Return where those of the subgroup stand whom the platform reads wrongly."""
    inside = judge.split.inside
    harmed: Labels = inside[judge.before[inside] != judge.y[inside]]
    return harmed


def _attack(task: _Task) -> SoloAttack:
    """Let everyone alone search, and count their queries by the platform's own meter."""
    load_libraries()
    with one_thread():
        split = people_of(task.correction, task.seed)
        group = _groups(task.correction, task.seed)[0]
        platform = deployment.platform_of(task.correction, task.out, group, "labels")
        judge = Evaluator(platform, split)
        harmed = _harmed(judge)
        tried = harmed[: task.people]
        asked = deployment.platform_of(task.correction, task.out, group, task.attack.needs)
        keys = [f"person-{i}" for i in tried]
        attempt = _search(task, Meter(asked, task.budget, keys), judge, tried, platform)
    queries = np.array([asked.asked[key] for key in keys], dtype=np.int64)  # (n,)
    at = np.unique(np.rint(np.geomspace(1, task.budget, POINTS)).astype(np.int64))
    curve = zip(at.tolist(), attempt.curve(at).tolist(), strict=True)
    return SoloAttack(
        attack=spec.text(task.attack),
        seed=task.seed,
        subgroup=len(split.inside),
        misread=len(harmed),
        people=len(tried),
        corrected=int(attempt.corrected.sum()),
        queries=int(queries.sum()),
        spread=float(queries.std(ddof=1)) if len(tried) > 1 else math.nan,
        curve=list(curve) if len(tried) else [],
    )


def _search(
    task: _Task, meter: Meter, judge: Evaluator, tried: Labels, platform: InProcessPlatform
) -> AttackOutcome:
    x, y = judge.split.x[tried], judge.y[tried]
    levels = levels_of(task.correction.epsilons[-1])
    starts = _starts(platform, judge.split, y) if task.attack.needs_start else None
    return task.attack.run(meter, x, y, levels, np.random.default_rng([task.seed, 7]), starts)


def _starts(platform: InProcessPlatform, split: PeopleSplit, y: Labels) -> Pixels:
    """Return a photo of each person's class that the platform reads rightly, where there is one.

    To find it costs the attack nothing here, which is generous to it.
    """
    photos = to_pixels(split.photos.x)
    said = platform.model.predict(split.photos.x)
    right = said == split.photos.y
    rows = []
    for label in y:
        same = np.flatnonzero(split.photos.y == label)
        good = same[right[same]]
        rows.append(good[0] if len(good) else same[0] if len(same) else 0)
    return photos[np.array(rows, dtype=np.int64)]


def _pools(correction: Correction, out: Path, seed: int, people: int) -> list[PoolEffect]:
    """Return what each stored pool does for the people that attacks are tried on."""
    split = people_of(correction, seed)
    groups = _groups(correction, seed)
    judge = Evaluator(deployment.platform_of(correction, out, groups[0], "labels"), split)
    harmed, found = _harmed(judge), []
    tried, fine = harmed[:people], np.setdiff1d(split.inside, harmed)

    def right(perturbation: Perturbation, who: Labels) -> int:
        """Return how many of them are read rightly once they make the change."""
        y = judge.y[who]
        return int((judge.ask(perturbation.apply(split.x[who], y)) == y).sum())

    for group in groups:
        stem = _stem(correction, out, group)
        cell = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
        change = load(stem.with_suffix(".npz"))
        path = stem.with_name(f"{stem.name}-label-free.npz")
        free = load(path) if path.exists() else None
        found.append(
            PoolEffect(
                seed=seed,
                members=group.members,
                queries_per_member=group.queries,
                queries=cell["queries"]["pooled"],
                subgroup=len(split.inside),
                misread=len(harmed),
                people=len(tried),
                corrected=right(change, tried),
                broken=len(fine) - right(change, fine),
                corrected_label_free=right(free, tried) if free else None,
                broken_label_free=len(fine) - right(free, fine) if free else None,
            )
        )
    return found
