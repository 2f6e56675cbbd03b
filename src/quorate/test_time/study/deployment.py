"""Platforms of a correction: trained and kept, read again, or opened as members ask them."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quorate import spec
from quorate.errors import InputError, reason
from quorate.protocols import Classifier
from quorate.runtime.files import write_plain
from quorate.runtime.progress import status
from quorate.runtime.provenance import provenance
from quorate.spec import content_id
from quorate.test_time.http.client import HTTPPlatform
from quorate.test_time.http.server import read_keys
from quorate.test_time.platforms.in_process import (
    CARD,
    InProcessPlatform,
    load_platform,
    make_card,
    save_platform,
)
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.metered import MeteredPlatform
from quorate.test_time.platforms.platform import Gives, Platform
from quorate.test_time.study import adaptive
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.people import people_of, split_id, streams
from quorate.test_time.study.sources import (
    PlatformAddress,
    SavedPlatform,
    SizedLearner,
    Source,
    read_source,
)

LEDGERS, PLATFORMS, SERVED = "ledgers", "platforms", "platform"
ADDRESSES = "addresses.json"  # the ids of platforms behind addresses, when they were first asked


def platform_facts(correction: Correction, group: CellGroup) -> dict[str, Any]:
    """Return all that decides the answers of a platform that is trained here."""
    source = read_source(group.platform)
    assert isinstance(source, SizedLearner)  # others bring their own card
    facts = {**correction.of_people(), "seed": group.seed, "looks": source.looks}
    return {**facts, "learner": spec.describe(source.learner)}


def platform_folder(correction: Correction, out: Path, group: CellGroup) -> Path:
    """Return where a trained platform is: ``platform`` for the first, to be served and shown.

    ``make_way`` has made sure that no other stands there.
    """
    first = correction.groups()[0]
    if (group.seed, group.platform) == (first.seed, first.platform):
        return out / SERVED
    return out / PLATFORMS / content_id(platform_facts(correction, group))[:16]


def make_way(correction: Correction, out: Path) -> None:
    """Put a platform of other settings aside, and bring the first one back if it was put aside.

    Raises:
        InputError: a card is damaged.
    """
    first = correction.groups()[0]
    if not isinstance(read_source(first.platform), SizedLearner):
        return
    name = content_id(platform_facts(correction, first))[:16]
    kept = _kept_name(out / SERVED / CARD)
    if kept == name:
        return
    if kept is not None:
        (out / PLATFORMS).mkdir(exist_ok=True)
        (out / SERVED).rename(out / PLATFORMS / (kept or "unnamed"))
    if (out / PLATFORMS / name).is_dir():
        (out / PLATFORMS / name).rename(out / SERVED)


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
            f"Expected a platform's card at {path}, got: {reason(error)}. Remove the folder, to "
            "have the platform trained again."
        ) from error


def train_platform(correction: Correction, out: Path, group: CellGroup) -> None:
    """Train a platform and keep it, with its accuracy and the seconds it took."""
    source = read_source(group.platform)
    assert isinstance(source, SizedLearner)
    people = people_of(correction, group.seed).train
    learner = source.sized(len(people))
    rng = np.random.default_rng(streams(group.seed)[1])
    started = time.perf_counter()
    with status(f"Training {group.platform}"):
        model = adaptive.fit(learner, people, rng)
    facts = platform_facts(correction, group)
    card = make_card(facts, people.classes, people.x.shape[1:], "labels")
    about = {
        "name": content_id(facts)[:16],
        "split": split_id(correction, group.seed),
        "learner": spec.text(learner),
        "seconds": time.perf_counter() - started,
        "people": len(people),
        "record": dict(model.record),
        "provenance": provenance(),
    }
    save_platform(platform_folder(correction, out, group), model, card, **about)


@functools.lru_cache(maxsize=2)
def hardened_model(facts: str, correction: Correction, group: CellGroup, name: str) -> Classifier:
    """Return the model of a platform that trains otherwise: one for all cells of a group."""
    source, people = read_source(group.platform), people_of(correction, group.seed).train
    assert isinstance(source, SizedLearner)
    learner = adaptive.hardened(source.sized(len(people)), name)
    rng = np.random.default_rng(streams(group.seed)[1])
    return adaptive.fit(learner, people, rng)


def platform_id(correction: Correction, out: Path, group: CellGroup) -> str:
    """Return the id of a group's platform; one behind an address is asked for it once."""
    source = read_source(group.platform)
    if not isinstance(source, PlatformAddress):
        return platform_of(correction, out, group, "labels").card.id
    known = known_addresses(out)
    if source.url not in known:
        with remote_of(correction, source) as remote:
            known[source.url] = remote.card.id
        write_plain(out / ADDRESSES, known)
    return known[source.url]


def known_addresses(out: Path) -> dict[str, str]:
    """Return the ids of the platforms behind the addresses that were asked, by address."""
    try:
        plain = json.loads((out / ADDRESSES).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(url): str(id_) for url, id_ in plain.items()} if isinstance(plain, dict) else {}


def remote_of(correction: Correction, source: PlatformAddress) -> HTTPPlatform:
    """Return a client of the platform behind an address; it keeps to the correction's rate."""
    from quorate.test_time.http.api import QUORATE_API, read_api

    assert correction.key_file is not None  # checked when the study was made
    api = QUORATE_API if correction.api is None else read_api(correction.api)
    return HTTPPlatform(source.url, read_keys(correction.key_file), api, correction.rate)


def platform_of(
    correction: Correction, out: Path, group: CellGroup, gives: Gives
) -> InProcessPlatform:
    """Return the platform of a group of cells, with a fresh meter.

    Raises:
        InputError: it was not trained yet, or it is behind an address.
    """
    source = read_source(group.platform)
    if isinstance(source, PlatformAddress):
        raise InputError(
            f"Expected a platform on this machine, got {group.platform}. Name a learner, or a "
            "folder."
        )
    folder = source.folder if isinstance(source, SavedPlatform) else None
    return load_platform(folder or platform_folder(correction, out, group), gives)


@dataclass(frozen=True)
class MeteredAccess:
    """A platform as members ask it, metered by a ledger, and as it is asked for measuring."""

    pooled: MeteredPlatform
    judged: Platform
    inside: InProcessPlatform | None

    def notes(self, source: Source) -> list[str]:
        """Return what is not known of the platform, or known to its discredit, in words."""
        found = []
        if isinstance(source, PlatformAddress):
            found.append(
                "Nothing says whom a platform behind an address has learned from: people measured "
                "on may be among them."
            )
        changed = self.pooled.ledger.contradictions(self.pooled.card.id)
        if changed:
            found.append(
                f"The platform answered {changed} questions otherwise when it was asked again: it "
                "changes, or is random. The first answers stand."
            )
        return found


@contextmanager
def opened(
    correction: Correction, out: Path, group: CellGroup, each: int
) -> Iterator[MeteredAccess]:
    """Open a platform behind a ledger with the members' budgets."""
    source = read_source(group.platform)
    if isinstance(source, PlatformAddress):
        with remote_of(correction, source) as remote, Ledger(out / "ledger.sqlite") as ledger:
            if remote.card.id != platform_id(correction, out, group):
                raise InputError(
                    f"Expected the platform that {source.url} was when it was first asked from "
                    f"{out}, got another model, {remote.card.id}. Choose another --out."
                )
            metered = MeteredPlatform(remote, ledger, group.queries)
            yield MeteredAccess(metered, metered, None)
        return
    platform = platform_of(correction, out, group, correction.answers)
    # The budgets of an experiment are of one collective: who holds other photos is another one.
    collective = {**correction.of_people(), "platform": platform.card.id, "photos": each}
    name = content_id({**collective, "seed": group.seed, "answers": correction.answers})[:16]
    with Ledger(out / LEDGERS / f"{name}.sqlite") as ledger:
        yield MeteredAccess(MeteredPlatform(platform, ledger, group.queries), platform, platform)
