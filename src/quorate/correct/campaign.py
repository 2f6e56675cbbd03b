"""Running a correction: platforms are trained, then each pool is asked, copied, crafted against
and judged. Every cell is a file of its own, written whole; run again, only missing ones are run.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from quorate import device, spec
from quorate.correct import adaptive
from quorate.correct.correction import FILE, Correction, Group
from quorate.correct.crafting import craft
from quorate.correct.evaluation import Judge, evaluate
from quorate.correct.http_client import HTTPPlatform
from quorate.correct.in_process import CARD, InProcess, load_platform, make_card, save_platform
from quorate.correct.ledger import Ledger
from quorate.correct.metered import Metered
from quorate.correct.perturbation import Perturbation, save
from quorate.correct.platform import EVALUATION, Card, Gives, Platform, to_pixels
from quorate.correct.pool import collect
from quorate.correct.proxy import Proxies, extract
from quorate.correct.questions import ask_about, key_of, photos_each
from quorate.correct.server import read_keys
from quorate.correct.sources import PROXY_LOOKS, Remote, Saved, Trained, read_learner, read_source
from quorate.correct.world import World, draw_world
from quorate.errors import InputError
from quorate.lab.provenance import provenance
from quorate.progress import bar, status
from quorate.spec import content_id
from quorate.table import Table
from quorate.workers import load_libraries, one_thread, run_here, run_in_processes

CELLS, LEDGERS, PLATFORMS = "cells", "ledgers", "platforms"
Cell = dict[str, Any]


@dataclass(frozen=True)
class _Task:
    """One piece of work for a worker: a platform to train, or a group of cells to measure."""

    correction: Correction
    out: Path
    group: Group
    trains: bool


def run_correction(
    correction: Correction, out: str | Path, jobs: int = 1, device_name: str = "auto"
) -> list[Cell]:
    """Run the cells that are not stored yet; return all, in the order of the study.

    Args:
        correction: what to run.
        out: folder of cells, perturbations, platforms and ledgers.
        jobs: worker processes; the results do not depend on it.
        device_name: where networks are trained: auto, cpu or cuda.

    Raises:
        InputError: the methods do not fit together.
        PlatformError: a platform refused or failed; what was answered is stored.
        WorkerError: a worker died; what is stored is kept.
    """
    out = Path(out)
    with device.use(device_name):
        groups = correction.groups()
        _check(correction)
        _write(out / FILE, correction.describe())
        untrained = {
            (group.seed, group.platform): group
            for group in groups
            if isinstance(read_source(group.platform), Trained)
            and not (_platform_folder(correction, out, group) / CARD).exists()
        }
        training = [_Task(correction, out, group, True) for group in untrained.values()]
        _do(training, jobs, "Training platforms")
        missing = [group for group in groups if _missing(correction, out, group)]
        _do([_Task(correction, out, group, False) for group in missing], jobs, "Measuring")
        stored = [_read(out, id_) for one in groups for id_ in _ids(correction, out, one).values()]
    return [cell for cell in stored if cell is not None]


def _do(tasks: Sequence[_Task], jobs: int, what: str) -> None:
    parallel = jobs > 1 and len(tasks) > 1
    results: Generator[None, None, None] = (
        run_in_processes(_run, tasks, jobs) if parallel else run_here(_run, tasks)
    )
    with bar(len(tasks), what) as advance, closing(results):
        for _ in results:
            advance(1)


def _run(task: _Task) -> None:
    load_libraries()
    with one_thread():
        if task.trains:
            _train_platform(task.correction, task.out, task.group)
        else:
            _measure(task.correction, task.out, task.group)


def _check(correction: Correction) -> None:
    """Raise InputError where a run is bound to fail in some seed, before any training."""
    for seed in correction.seeds:
        world_of(correction, seed)
        _each(correction, seed)
    for text in correction.platforms:
        source = read_source(text)
        if isinstance(source, Saved):
            _check_card(load_platform(source.folder, correction.answers).card, correction, text)
        elif isinstance(source, Remote):
            with _remote(correction, source) as remote:
                _check_keys(remote, correction)
                _check_card(remote.card, correction, text)


def _check_card(card: Card, correction: Correction, text: str) -> None:
    """Raise InputError unless a platform's labels and images are those of the people there are."""
    people = world_of(correction, correction.seeds[-1]).train
    if (card.shape, card.classes) != (people.x.shape[1:], people.classes):
        raise InputError(
            f"Expected a platform for images of shape {people.x.shape[1:]} and the labels "
            f"{_some(people.classes)}, as the people of {correction.population.name} have, got "
            f"{card.shape} and {_some(card.classes)} from {text}. Name the population that it "
            "learned from."
        )


def _check_keys(remote: HTTPPlatform, correction: Correction) -> None:
    """Raise InputError unless every member and evaluation have a key."""
    wanted = [*(key_of(member) for member in range(max(correction.members))), EVALUATION]
    missing = [name for name in wanted if name not in remote.keys]
    if missing:
        raise InputError(
            f"Expected keys for {len(wanted) - 1} members and {EVALUATION} in {correction.key_file}"
            f", got none for {_some(missing)}. Ask for them, or enlist fewer members."
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f", ... ({len(names)} in all)" if len(names) > 5 else "")


# ------------------------------------------------------------------------------------- who is there


def _streams(seed: int) -> list[np.random.SeedSequence]:
    """Return the streams of one seed: people, platform, questions, proxies, changes, judging."""
    return np.random.SeedSequence(seed).spawn(6)


@functools.lru_cache(maxsize=1)
def _drawn(key: str, correction: Correction, seed: int) -> World:
    rng = np.random.default_rng(_streams(seed)[0])
    return draw_world(
        correction.population,
        correction.subgroup,
        rng,
        share=correction.train_share,
        measured=correction.measured_share,
        reserve=correction.reserve,
    )


def world_of(correction: Correction, seed: int) -> World:
    """Return who is there; the last one asked for stays in memory."""
    return _drawn(content_id({**correction.of_world(), "seed": seed}), correction, seed)


def _each(correction: Correction, seed: int) -> int:
    """Return how many photos a member holds: the same in every cell of the study."""
    available = len(world_of(correction, seed).photos)
    return photos_each(available, max(correction.members), correction.photos)


# ---------------------------------------------------------------------------------------- platforms


def _platform_facts(correction: Correction, group: Group) -> dict[str, Any]:
    source = read_source(group.platform)
    assert isinstance(source, Trained)  # others bring their own card
    facts = {**correction.of_world(), "seed": group.seed, "looks": source.looks}
    return {**facts, "learner": spec.describe(source.learner)}


def _platform_folder(correction: Correction, out: Path, group: Group) -> Path:
    """Return where a trained platform is: ``platform`` for the first, to be served and shown."""
    first = correction.groups()[0]
    name = content_id(_platform_facts(correction, group))[:16]
    is_first = (group.seed, group.platform) == (first.seed, first.platform)
    if is_first and _kept_name(out / "platform" / CARD) in (None, name):
        return out / "platform"
    return out / PLATFORMS / name


def _kept_name(path: Path) -> str | None:
    """Return which platform a card is of, "" where it does not say; None where there is none.

    Raises:
        InputError: the card is damaged.
    """
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["about"].get("name", ""))
    except FileNotFoundError:
        return None
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"Expected a platform's card at {path}, got: {error}. Remove the folder, to have the "
            "platform trained again."
        ) from error


def _train_platform(correction: Correction, out: Path, group: Group) -> None:
    """Train a platform and keep it, with its accuracy and the seconds it took."""
    source = read_source(group.platform)
    assert isinstance(source, Trained)
    world = world_of(correction, group.seed)
    learner = source.sized(len(world.train))
    rng = np.random.default_rng(_streams(group.seed)[1])
    started = time.perf_counter()
    with status(f"Training {group.platform}"):
        model = adaptive.fit(learner, world.train, rng)
    facts = _platform_facts(correction, group)
    card = make_card(facts, world.train.classes, world.train.x.shape[1:], "labels")
    about = {
        "name": content_id(facts)[:16],
        "learner": spec.text(learner),
        "seconds": time.perf_counter() - started,
        "people": len(world.train),
        "record": dict(model.record),
        "provenance": provenance(),
    }
    save_platform(_platform_folder(correction, out, group), model, card, **about)


def _platform_id(correction: Correction, out: Path, group: Group) -> str:
    source = read_source(group.platform)
    if isinstance(source, Remote):
        with _remote(correction, source) as remote:
            return remote.card.id
    return platform_of(correction, out, group, "labels").card.id


def _remote(correction: Correction, source: Remote) -> HTTPPlatform:
    from quorate.correct.api import read_api

    assert correction.key_file is not None  # checked when the study was made
    keys = read_keys(correction.key_file)
    if correction.api is None:
        return HTTPPlatform(source.url, keys)
    return HTTPPlatform(source.url, keys, read_api(correction.api))


def platform_of(correction: Correction, out: Path, group: Group, gives: Gives) -> InProcess:
    """Return the platform of a group of cells, with a fresh meter.

    Raises:
        InputError: it was not trained yet, or it is behind an address.
    """
    source = read_source(group.platform)
    if isinstance(source, Remote):
        raise InputError(
            f"Expected a platform on this machine, got {group.platform}. Name a learner, or a "
            "folder."
        )
    folder = source.folder if isinstance(source, Saved) else None
    return load_platform(folder or _platform_folder(correction, out, group), gives)


@dataclass(frozen=True)
class _Asked:
    """A platform as members ask it, metered by a ledger, and as it is asked for measuring."""

    pooled: Platform
    judged: Platform
    inside: InProcess | None


@contextmanager
def _opened(correction: Correction, out: Path, group: Group, each: int) -> Iterator[_Asked]:
    """Open a platform behind a ledger with the members' budgets."""
    source = read_source(group.platform)
    if isinstance(source, Remote):
        with _remote(correction, source) as remote, Ledger(out / "ledger.sqlite") as ledger:
            metered = Metered(remote, ledger, group.queries)
            yield _Asked(metered, metered, None)
        return
    platform = platform_of(correction, out, group, correction.answers)
    # The budgets of an experiment are of one collective: who holds other photos is another one.
    collective = {**correction.of_world(), "platform": platform.card.id, "photos": each}
    name = content_id({**collective, "seed": group.seed, "answers": correction.answers})[:16]
    with Ledger(out / LEDGERS / f"{name}.sqlite") as ledger:
        yield _Asked(Metered(platform, ledger, group.queries), platform, platform)


# -------------------------------------------------------------------------------------------- cells


def _ids(correction: Correction, out: Path, group: Group) -> dict[float, str]:
    """Return the id of each cell of a group, by ε."""
    each = _each(correction, group.seed)
    platform = _platform_id(correction, out, group)
    return {
        epsilon: content_id(correction.of_cell(group, epsilon, platform, each))
        for epsilon in correction.epsilons
    }


def cell_path(correction: Correction, out: Path, group: Group, epsilon: float) -> Path:
    """Return the file of a cell; its perturbations stand beside it, as ID.npz and so on."""
    return out / CELLS / f"{_ids(correction, out, group)[epsilon]}.json"


def _read(out: Path, id_: str) -> Cell | None:
    """Return a stored cell; None where there is none, or a damaged one, which is measured anew."""
    try:
        cell = json.loads((out / CELLS / f"{id_}.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return cell if isinstance(cell, dict) and cell.get("id") == id_ else None


def _missing(correction: Correction, out: Path, group: Group) -> bool:
    return any(_read(out, id_) is None for id_ in _ids(correction, out, group).values())


def _measure(correction: Correction, out: Path, group: Group) -> None:
    """Measure and store the missing cells of a group, which share pool and proxies."""
    each = _each(correction, group.seed)
    with _opened(correction, out, group, each) as asked:
        _measure_on(asked, correction, out, group, each)


def _measure_on(asked: _Asked, correction: Correction, out: Path, group: Group, each: int) -> None:
    _, _, ask_seed, copy_seed, craft_seed, judge_seed = _streams(group.seed)
    world = world_of(correction, group.seed)
    questions = ask_about(
        to_pixels(world.photos.x),
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
        world.train.classes,
        learners,
        correction.extraction,
        np.random.default_rng(copy_seed),
    )
    judge = Judge(asked.judged, world)
    photos = world.photos.take(np.arange(group.members * each))
    for epsilon, id_ in _ids(correction, out, group).items():
        if _read(out, id_) is not None:
            continue
        started = time.perf_counter()
        changes = _craft(correction, proxies, photos, epsilon, craft_seed)
        rng = np.random.default_rng(judge_seed)
        perturbation = changes[0].with_about(cell=id_, platform=asked.pooled.card.id)
        found = evaluate(judge, perturbation, changes[1], rng)
        found["adaptive"] = _adapted(correction, asked, group, judge, perturbation, photos, rng)
        notes = [*proxies.notes, *_missing_classes(perturbation)]
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
                "evaluation": judge.asked,
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
    proxies: Proxies,
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
        f"{len(names)} of {k} classes have no picture in the pool, and no change: {_some(names)}."
    )
    return [told] if names else []


def _adapted(
    correction: Correction,
    asked: _Asked,
    group: Group,
    judge: Judge,
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
            assert isinstance(source, Trained)  # checked when the study was made
            world = judge.world
            learner, people = source.sized(len(world.train)), world.train
            if name == "retrained":
                people = adaptive.retrained_on(world, perturbation, photos)
            else:
                learner = adaptive.hardened(learner, name)
            fit_rng = np.random.default_rng(_streams(group.seed)[1])
            model = adaptive.fit(learner, people, fit_rng)
            platform = InProcess(model, replace(asked.inside.card, id=name, gives="labels"))
        other = Judge(platform, judge.world)
        after = other.after(perturbation)
        inside = judge.world.inside
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
    _write(folder / f"{id_}.json", cell)


def _write(path: Path, plain: Any) -> None:
    """Write plain data to a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    part.write_text(json.dumps(plain, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    os.replace(part, path)
