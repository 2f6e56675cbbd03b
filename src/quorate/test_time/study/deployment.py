"""The platforms of a correction: trained and kept as folders, read again, or known by address."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from quorate import spec
from quorate.errors import InputError, reason
from quorate.executors.executor import Pool
from quorate.protocols import Classifier
from quorate.runs.cell import Cell, Record, Work
from quorate.runs.running import run_missing
from quorate.runs.store import Store
from quorate.runtime.files import write_files, write_plain
from quorate.runtime.progress import status
from quorate.runtime.provenance import provenance
from quorate.runtime.seeds import stream
from quorate.test_time.http.client import HTTPPlatform
from quorate.test_time.http.server import read_keys
from quorate.test_time.platforms.in_process import (
    CARD,
    InProcessPlatform,
    has_card,
    is_kept,
    is_pickled,
    load_platform,
    make_card,
    platform_files,
    read_about,
    read_card,
    renew,
)
from quorate.test_time.platforms.model_files import write_model
from quorate.test_time.platforms.platform import Card, Gives
from quorate.test_time.study.adaptive import (
    REPLACED,
    fit_platform,
    harden,
    replace_architecture,
)
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.people import PLATFORM, people_of, split_id
from quorate.test_time.study.sources import (
    PlatformAddress,
    PlatformSource,
    SavedPlatform,
    SizedLearner,
)

PLATFORMS, SERVED = "platforms", "platform"  # folders; the first platform is in one of its own
ADDRESSES = "addresses.json"  # the ids of platforms behind addresses, when they were first asked
AGAIN = "run the same command again"


@dataclass(frozen=True)
class PlatformCell(Cell):
    """A platform to be trained: a learner, on the people of one seed."""

    correction: Correction
    seed: int
    platform: str

    @property
    def learner(self) -> SizedLearner:
        """The learner that trains it."""
        source = self.correction.sources[self.platform]
        assert isinstance(source, SizedLearner)  # others are not trained here
        return source

    def describe(self) -> dict[str, Any]:
        """Return all that decides the platform's answers."""
        looks, learner = self.learner.looks, self.learner.learner
        facts = {**self.correction.describe_people(learner), "seed": self.seed}
        return {**facts, "looks": looks, "learner": spec.describe(learner)}

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.id[:16]

    def card(self) -> Card:
        """Return what the platform will say of itself, trained or not."""
        people = people_of(self.correction, self.seed).train
        return make_card(self.describe(), people.classes, people.x.shape[1:], "labels")

    def fit(self, hardened: str | None = None) -> Classifier:
        """Return the model, or that of a platform which is hardened or replaced."""
        people = people_of(self.correction, self.seed).train
        learner = self.learner.sized(len(people))
        if hardened == REPLACED:
            learner = replace_architecture(learner).sized(len(people))
        elif hardened is not None:
            learner = harden(learner, hardened)
        return fit_platform(learner, people, np.random.default_rng(stream(self.seed, PLATFORM)))


@dataclass(frozen=True)
class PlatformWork(Work[PlatformCell]):
    """Trains platforms. A record holds nothing but the files of a platform's folder."""

    kind: ClassVar[str] = "platform"

    def compute(self, stack: Sequence[PlatformCell]) -> list[Record]:
        """Return each platform as the files that it is kept in."""
        return [Record(cell.id, {}, _train(cell)) for cell in stack]


def _train(cell: PlatformCell) -> dict[str, bytes]:
    """Return the files of a platform: its model, its card, its accuracy and its seconds."""
    people = people_of(cell.correction, cell.seed).train
    started = time.perf_counter()
    with status(f"Training {cell.platform}"):
        model = cell.fit()
    about = {
        "name": cell.name,
        "split": split_id(cell.correction, cell.seed),
        "learner": spec.text(cell.learner.sized(len(people))),
        "seconds": time.perf_counter() - started,
        "people": len(people),
        "record": dict(model.record),
        "provenance": provenance(),
    }
    try:
        files = write_model(model)
    except InputError:  # it holds objects of an own class: it is trained again where it is asked
        files = {}
    return platform_files(files, cell.card(), **about)


_again: dict[str, Classifier] = {}


def _train_again(cell: PlatformCell) -> Classifier:
    """Return the model of a platform that cannot be kept in files, trained once in each process."""
    if cell.id not in _again:
        _again.clear()
        with status(f"Training {cell.platform}"):
            _again[cell.id] = cell.fit()
    return _again[cell.id]


class _PlatformFolders(Store):
    """A store that keeps each platform as a folder of files, which is asked, served and shown.

    A model may be larger than what a database holds well.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        super().__init__(None)
        self._folders = folders  # by the ids of the platforms
        for id_, folder in folders.items():
            if (folder / CARD).exists():
                super().add(PlatformWork.kind, Record(id_, {}))

    def add(self, kind: str, record: Record) -> None:
        """Write the files of a platform to its folder."""
        write_files(self._folders[record.id], record.files, AGAIN, "a platform", has_card)
        super().add(kind, replace(record, files={}))


@dataclass(frozen=True)
class Deployment:
    """The platforms of a correction, in the folder where it is run.

    Args:
        correction: correction that the platforms belong to.
        out: the folder.
    """

    correction: Correction
    out: Path

    def source(self, group: CellGroup) -> PlatformSource:
        """Return what the platform of a group stands for."""
        return self.correction.sources[group.platform]

    def trained(self, group: CellGroup) -> PlatformCell | None:
        """Return the platform of a group as a cell; None where it is not trained here."""
        return self._cell(group) if isinstance(self.source(group), SizedLearner) else None

    def _cell(self, group: CellGroup) -> PlatformCell:
        return PlatformCell(self.correction, group.seed, group.platform)

    def train_missing(self, pool: Pool) -> None:
        """Train the platforms that are not there, and put the first one where it is served from.

        Raises:
            InputError: a platform's card is damaged.
            WorkerError: workers died again and again; what is trained is kept.
            StoreError: a folder cannot be written.
        """
        cells = [
            PlatformCell(self.correction, seed, platform)
            for seed in self.correction.seeds
            for platform, source in self.correction.sources.items()
            if isinstance(source, SizedLearner)
        ]
        self._serve_first()
        folders = {cell.id: self._folder(cell) for cell in cells}
        with _PlatformFolders(folders) as store:
            run_missing(PlatformWork(), cells, store, pool, "Training platforms")

    def _folder(self, cell: PlatformCell) -> Path:
        """Return where a trained platform is; ``_serve_first`` has seen to it that no other is."""
        first = self.correction.groups()[0]
        if (cell.seed, cell.platform) == (first.seed, first.platform):
            return self.out / SERVED
        return self.out / PLATFORMS / cell.name

    def _serve_first(self) -> None:
        """Put a platform of other settings aside; bring the first back if it was put aside."""
        first = self.trained(self.correction.groups()[0])
        if first is None:
            return
        served, name = self.out / SERVED, first.name
        stored = _name_in(served)
        if stored == name:
            return
        if stored is not None:
            (self.out / PLATFORMS).mkdir(exist_ok=True)
            aside = stored if stored.isalnum() else "unnamed"  # a card may say anything
            places = (self.out / PLATFORMS / f"{aside}{'-other' * n}" for n in itertools.count())
            served.rename(next(place for place in places if not place.exists()))
        if (self.out / PLATFORMS / name).is_dir():
            (self.out / PLATFORMS / name).rename(served)

    def folder(self, group: CellGroup) -> Path:
        """Return the folder of a group's platform.

        Raises:
            InputError: it is behind an address.
        """
        source = self.source(group)
        if isinstance(source, PlatformAddress):
            raise InputError(
                f"Expected a platform on this machine, got {group.platform}. Name a learner, or a "
                "folder."
            )
        if isinstance(source, SavedPlatform):
            return source.folder
        return self._folder(self._cell(group))

    def load(self, group: CellGroup, gives: Gives) -> InProcessPlatform:
        """Return the platform of a group, with a fresh meter.

        Raises:
            InputError: it was not trained yet, is damaged or not trusted, or is behind an address.
        """
        folder, cell = self.folder(group), self.trained(group)
        if cell is None or is_kept(folder):
            return load_platform(folder, gives)
        return InProcessPlatform(_train_again(cell), replace(read_card(folder), gives=gives))

    def renew(self) -> None:
        """Read the models that an older version has kept, code and all, and write them anew.

        Raises:
            InputError: one is damaged, or not made of quorate's own models and scikit-learn's.
            StoreError: a folder cannot be written.
        """
        local = (group for group in self.correction.groups() if self._is_local(group))
        for folder in dict.fromkeys(map(self.folder, local)):
            if is_pickled(folder):
                renew(folder)

    def _is_local(self, group: CellGroup) -> bool:
        return not isinstance(self.source(group), PlatformAddress)

    def platform_id(self, group: CellGroup) -> str:
        """Return the id of a group's platform. Nothing is asked.

        Raises:
            InputError: a saved platform is damaged, or one behind an address was never asked.
        """
        source = self.source(group)
        if isinstance(source, SizedLearner):
            return self._cell(group).card().id
        if isinstance(source, SavedPlatform):
            return read_card(source.folder).id
        known = self.known_addresses()
        if source.url not in known:
            raise InputError(
                f"Expected the id of the platform at {source.url} in {self.out / ADDRESSES}, got "
                "none. Run the same quorate correct again, which asks for it."
            )
        return known[source.url]

    def remember(self, found: Mapping[str, str]) -> None:
        """Keep the ids of platforms that were asked for the first time, by address."""
        known = self.known_addresses()
        new = {url: id_ for url, id_ in found.items() if url not in known}
        if new:
            write_plain(self.out / ADDRESSES, known | new)

    def known_addresses(self) -> dict[str, str]:
        """Return the ids of the platforms behind the addresses that were asked, by address."""
        try:
            plain = json.loads((self.out / ADDRESSES).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError, RecursionError):
            return {}
        return {str(url): str(id_) for url, id_ in plain.items()} if isinstance(plain, dict) else {}

    def connect(self, source: PlatformAddress) -> HTTPPlatform:
        """Return a client of the platform behind an address; it keeps to the correction's rate.

        Raises:
            InputError: the correction has no keys, as one that was read from a folder.
        """
        from quorate.test_time.http.api import QUORATE_API, read_api

        correction = self.correction
        if correction.key_file is None:
            raise InputError(
                f"Expected the keys for {source.url}, got none. Run quorate correct with "
                f"--platform {source.url} and --key-file."
            )
        api = QUORATE_API if correction.api is None else read_api(correction.api)
        keys = read_keys(correction.key_file)
        return HTTPPlatform(source.url, keys, api, correction.rate, warn=False)


def _name_in(folder: Path) -> str | None:
    """Return which platform a folder holds, "" where its card does not say it; None without one.

    Raises:
        InputError: the card is damaged.
    """
    if not (folder / CARD).exists():
        return None
    try:
        return str(read_about(folder).get("name", ""))
    except InputError as error:
        raise InputError(
            f"Expected a platform's card at {folder / CARD}, got: "
            f"{reason(error.__cause__ or error)}. Remove the folder, to have the platform trained "  # type: ignore[arg-type]
            "again."
        ) from error
