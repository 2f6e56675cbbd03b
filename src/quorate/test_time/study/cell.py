"""Cells of a correction: a pool is asked, copied, crafted against and judged, and stored.

Every cell is a file of its own, written whole.
"""

from __future__ import annotations

import functools
import itertools
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from quorate.runtime.files import write_plain
from quorate.runtime.provenance import provenance
from quorate.spec import content_id
from quorate.table import Table
from quorate.test_time.extraction.pool import collect
from quorate.test_time.extraction.questions import ask_about
from quorate.test_time.extraction.surrogate import SurrogateEnsemble, extract
from quorate.test_time.perturbations.crafting import craft
from quorate.test_time.perturbations.perturbation import Perturbation, save
from quorate.test_time.platforms.in_process import InProcessPlatform
from quorate.test_time.platforms.platform import to_pixels
from quorate.test_time.study import adaptive
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.deployment import (
    MeteredAccess,
    hardened_model,
    opened,
    platform_facts,
    platform_id,
)
from quorate.test_time.study.evaluation import Evaluator, evaluate
from quorate.test_time.study.people import people_of, photos_held, streams
from quorate.test_time.study.sources import PROXY_LOOKS, SizedLearner, read_learner, read_source
from quorate.validate import listed

CELLS = "cells"
Cell = dict[str, Any]


def ids_of(correction: Correction, out: Path, group: CellGroup) -> dict[float, str]:
    """Return the id of each cell of a group, by ε."""
    each = photos_held(correction, group.seed)
    platform = platform_id(correction, out, group)
    return {
        epsilon: content_id(correction.of_cell(group, epsilon, platform, each))
        for epsilon in correction.epsilons
    }


def cell_path(correction: Correction, out: Path, group: CellGroup, epsilon: float) -> Path:
    """Return the file of a cell; its perturbations stand beside it, as ID.npz and so on."""
    return out / CELLS / f"{ids_of(correction, out, group)[epsilon]}.json"


def read_cell(out: Path, id_: str) -> Cell | None:
    """Return a stored cell; None where there is none, or a damaged one, which is measured anew."""
    try:
        cell = json.loads((out / CELLS / f"{id_}.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return cell if isinstance(cell, dict) and cell.get("id") == id_ else None


def is_missing(correction: Correction, out: Path, group: CellGroup) -> bool:
    """Whether a cell of a group is not stored yet, or damaged."""
    return any(read_cell(out, id_) is None for id_ in ids_of(correction, out, group).values())


def measure_group(correction: Correction, out: Path, group: CellGroup) -> None:
    """Measure and store the missing cells of a group, which share pool and proxies."""
    each = photos_held(correction, group.seed)
    with opened(correction, out, group, each) as asked:
        _measure_on(asked, correction, out, group, each)


def _measure_on(
    asked: MeteredAccess, correction: Correction, out: Path, group: CellGroup, each: int
) -> None:
    _, _, ask_seed, copy_seed, craft_seed, judge_seed = streams(group.seed)
    split = people_of(correction, group.seed)
    questions = ask_about(
        to_pixels(split.photos.x),
        group.members,
        each,
        group.queries,
        int(ask_seed.generate_state(1)[0]),
    )
    pool = collect(asked.pooled, questions)
    copies = correction.extraction.variants + 1
    learners = [
        read_learner(one, PROXY_LOOKS).sized(copies * len(pool)) for one in group.proxy.split("+")
    ]
    proxies = extract(
        pool,
        split.train.classes,
        learners,
        correction.extraction,
        np.random.default_rng(copy_seed),
    )
    judge = Evaluator(asked.judged, split)
    held = np.arange(group.members * each)
    if proxies.left_out:
        held = held[~np.isin(held // each, proxies.suspects)]
    photos = split.photos.take(held)
    known = [*proxies.notes, *asked.notes(read_source(group.platform))]
    for epsilon, id_ in ids_of(correction, out, group).items():
        if read_cell(out, id_) is not None:
            continue
        started = time.perf_counter()
        changes = _craft(correction, proxies, photos, epsilon, craft_seed)
        rng = np.random.default_rng(judge_seed)
        perturbation = changes[0].with_about(cell=id_, platform=asked.pooled.card.id)
        found = evaluate(judge, perturbation, changes[1], rng)
        evaluated = judge.asked
        found["adaptive"] = _adapted(correction, asked, group, judge, perturbation, photos, rng)
        notes = [*known, *_missing_classes(perturbation)]
        cell = {
            "id": id_,
            "seed": group.seed,
            "platform": group.platform,
            "platform_id": asked.pooled.card.id,
            "proxy": group.proxy,
            "members": group.members,
            "queries_per_member": group.queries,
            "epsilon": epsilon,
            "norm": correction.norm,
            **found,
            "proxy_agreement": proxies.facts(),
            "queries": {
                "pooled": len(pool),
                "per_member": group.queries,
                "evaluation": evaluated,
                "adaptive": judge.asked - evaluated,
            },
            "notes": notes,
            "seconds": time.perf_counter() - started,
            "provenance": provenance(),
            "description": correction.of_cell(group, epsilon, asked.pooled.card.id, each),
        }
        _keep(out, id_, cell, perturbation, changes[1])
        judge.asked = len(judge.before)  # asked once for all cells of the group


def _craft(
    correction: Correction,
    proxies: SurrogateEnsemble,
    photos: Table,
    epsilon: float,
    seed: np.random.SeedSequence,
) -> tuple[Perturbation, dict[str, Perturbation]]:
    """Return the change per class, and label-free ones by family, best first by the proxies."""
    crafted = functools.partial(
        craft,
        proxies.models,
        to_pixels(photos.x),
        photos.y,
        photos.classes,
        correction.crafting,
        epsilon=epsilon,
        norm=correction.norm,
    )
    per_class = crafted(np.random.default_rng(seed))
    free = {
        family: crafted(np.random.default_rng(seed), family=family, label_free=True)
        for family in correction.label_free
    }
    by_loss = sorted(free.items(), key=lambda item: float(item[1].about["proxy_loss"]))
    return per_class, dict(by_loss)


def _missing_classes(perturbation: Perturbation) -> list[str]:
    names, k = perturbation.about.get("missing", []), len(perturbation.classes)
    told = (
        f"{len(names)} of {k} classes have no picture in the pool, and no change: {listed(names)}."
    )
    return [told] if names else []


def _adapted(
    correction: Correction,
    asked: MeteredAccess,
    group: CellGroup,
    judge: Evaluator,
    perturbation: Perturbation,
    photos: Table,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return what remains where the platform does something about it; none for an address."""
    found: dict[str, Any] = {}
    if asked.inside is None:
        return found
    source = read_source(group.platform)
    for name in correction.adaptive:
        if name in adaptive.CLEANS:
            platform = adaptive.cleaning(asked.inside, name)
        else:
            assert isinstance(source, SizedLearner)  # checked when the study was made
            if name == "retrained":
                train = judge.split.train
                people = adaptive.add_members(train, perturbation, photos)
                fit_rng = np.random.default_rng(streams(group.seed)[1])
                model = adaptive.fit(source.sized(len(train)), people, fit_rng)
            else:
                facts = content_id(platform_facts(correction, group))
                model = hardened_model(facts, correction, group, name)
            platform = InProcessPlatform(model, replace(asked.inside.card, id=name, gives="labels"))
        other = Evaluator(platform, judge.split)
        after = other.after(perturbation)
        inside = judge.split.inside
        found[name] = {
            "accuracy": float((other.before == other.y).mean()),
            "before": float((other.before[inside] == other.y[inside]).mean()),
            "after": float((after[inside] == other.y[inside]).mean()),
            "gap_closed": other.closed(after, rng).to_json(),
        }
        judge.asked += other.asked
    return found


def _keep(
    out: Path,
    id_: str,
    cell: Cell,
    perturbation: Perturbation,
    label_free: dict[str, Perturbation],
) -> None:
    """Write a cell and its perturbations, the cell last and whole: it says that all is there."""
    folder = out / CELLS
    folder.mkdir(parents=True, exist_ok=True)
    save(perturbation, folder / f"{id_}.npz")
    for family, one in itertools.islice(label_free.items(), 1):
        save(one.with_about(cell=id_, family=family), folder / f"{id_}-label-free.npz")
    write_plain(folder / f"{id_}.json", cell)
