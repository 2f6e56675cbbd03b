"""Running a correction: platforms are trained, then cells are measured; only what is missing."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from quorate.errors import InputError, StoreError
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.executors.workers import run_here, run_in_processes
from quorate.runtime import device
from quorate.runtime.files import write_plain
from quorate.runtime.progress import bar
from quorate.runtime.threads import load_libraries, one_thread
from quorate.test_time.extraction.questions import key_of
from quorate.test_time.http.client import HTTPPlatform
from quorate.test_time.platforms.in_process import CARD, load_platform
from quorate.test_time.platforms.platform import EVALUATION, Card
from quorate.test_time.study.cell import Cell, ids_of, is_missing, measure_group, read_cell
from quorate.test_time.study.correction import FILE, CellGroup, Correction, read_folder
from quorate.test_time.study.deployment import (
    known_addresses,
    make_way,
    platform_folder,
    remote_of,
    train_platform,
)
from quorate.test_time.study.people import people_of, photos_held, split_id
from quorate.test_time.study.sources import (
    PlatformAddress,
    SavedPlatform,
    SizedLearner,
    read_source,
)
from quorate.validate import listed


@dataclass(frozen=True)
class _Task:
    """One piece of work for a worker: a platform to train, or a group of cells to measure."""

    correction: Correction
    out: Path
    group: CellGroup
    trains: bool


def run_correction(
    correction: Correction, out: str | Path, executor: Executor = SERIAL, device_name: str = "auto"
) -> list[Cell]:
    """Run the cells that are not stored yet; return all, in the order of the study.

    Args:
        correction: what to run.
        out: folder of cells, perturbations, platforms and ledgers.
        executor: where cells are computed; the results do not depend on it.
        device_name: where networks are trained: auto, cpu or cuda.

    Raises:
        InputError: the methods do not fit together.
        PlatformError: a platform refused or failed; what was answered is stored.
        WorkerError: a worker died; what is stored is kept.
    """
    jobs = getattr(executor, "workers", 1)  # until cells are run as others are
    out = Path(out)
    with device.use(device_name):
        groups = correction.groups()
        _check(correction, out)
        write_plain(out / FILE, correction.describe())
        make_way(correction, out)
        untrained = {
            (group.seed, group.platform): group
            for group in groups
            if isinstance(read_source(group.platform), SizedLearner)
            and not (platform_folder(correction, out, group) / CARD).exists()
        }
        training = [_Task(correction, out, group, True) for group in untrained.values()]
        _do(training, jobs, "Training platforms")
        missing = [group for group in groups if is_missing(correction, out, group)]
        _do([_Task(correction, out, group, False) for group in missing], jobs, "Measuring")
    return [cell for cell in _cells(correction, out) if cell is not None]


def stored(folder: str | Path) -> tuple[Correction, list[Cell]]:
    """Return the correction that was last run in a folder, and its cells in its order.

    Nothing is trained or asked; people are drawn, to know which cells they are.

    Raises:
        InputError: the folder is not that of a correction.
        StoreError: the correction was not run to its end.
    """
    out = Path(folder)
    correction = read_folder(out)
    cells = _cells(correction, out)
    there = [cell for cell in cells if cell is not None]
    if len(there) < len(cells):
        raise StoreError(
            f"Expected a correction that was run to its end in {out}, got {len(there)} of "
            f"{len(cells)} cells. Run the same quorate correct again: what is stored is kept."
        )
    return correction, there


def _cells(correction: Correction, out: Path) -> list[Cell | None]:
    """Return the cells of a study in its order; None for one that is not stored."""
    ids = [id_ for one in correction.groups() for id_ in ids_of(correction, out, one).values()]
    return [read_cell(out, id_) for id_ in ids]


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
            train_platform(task.correction, task.out, task.group)
        else:
            measure_group(task.correction, task.out, task.group)


def _check(correction: Correction, out: Path) -> None:
    """Raise InputError where a run is bound to fail in some seed, before any training."""
    for seed in correction.seeds:
        people_of(correction, seed)
        photos_held(correction, seed)
    for text in correction.platforms:
        source = read_source(text)
        if isinstance(source, SavedPlatform):
            _check_card(load_platform(source.folder, correction.answers).card, correction, text)
            _check_people(source.folder, correction)
        elif isinstance(source, PlatformAddress) and _asks(correction, out, text):
            with remote_of(correction, source) as remote:
                _check_keys(remote, correction)
                _check_card(remote.card, correction, text)


def _asks(correction: Correction, out: Path, text: str) -> bool:
    """Whether something is still to be asked of the platform behind an address."""
    groups = [group for group in correction.groups() if group.platform == text]
    if read_source(text) not in [PlatformAddress(url) for url in known_addresses(out)]:
        return True
    return any(is_missing(correction, out, group) for group in groups)


def _check_people(folder: Path, correction: Correction) -> None:
    """Raise InputError if a saved platform has learned from people who would be measured on."""
    trained_on = json.loads((folder / CARD).read_text(encoding="utf-8"))["about"].get("split")
    others = [seed for seed in correction.seeds if split_id(correction, seed) != trained_on]
    if trained_on is not None and others:
        raise InputError(
            f"Expected the people that the platform in {folder} was trained without, got others "
            f"for seed {listed([str(seed) for seed in others])}: it may have learned from those it "
            "would be measured on. Use its own population, reserve and seed."
        )


def _check_card(card: Card, correction: Correction, text: str) -> None:
    """Raise InputError unless a platform's labels and images are those of the people there are."""
    if card.gives != correction.answers:
        raise InputError(
            f"Expected {text} to give {correction.answers}, as was asked for, got {card.gives}. "
            f"Use answers={card.gives}."
        )
    people = people_of(correction, correction.seeds[-1]).train
    if (card.shape, card.classes) != (people.x.shape[1:], people.classes):
        raise InputError(
            f"Expected a platform for images of shape {people.x.shape[1:]} and the labels "
            f"{listed(people.classes)}, as the people of {correction.population.name} have, got "
            f"{card.shape} and {listed(card.classes)} from {text}. Name the population that it "
            "learned from."
        )


def _check_keys(remote: HTTPPlatform, correction: Correction) -> None:
    """Raise InputError unless every member and evaluation have a key."""
    wanted = [*(key_of(member) for member in range(max(correction.members))), EVALUATION]
    missing = [name for name in wanted if name not in remote.keys]
    if missing:
        raise InputError(
            f"Expected keys for {len(wanted) - 1} members and {EVALUATION} in {correction.key_file}"
            f", got none for {listed(missing)}. Ask for them, or enlist fewer members."
        )
