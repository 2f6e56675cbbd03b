"""Running a correction: platforms are trained, then cells are measured; only what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from quorate.errors import InputError, StoreError
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.extras import require
from quorate.runs.cell import Record
from quorate.runs.running import opened
from quorate.runs.store import Store, stored_ids
from quorate.runtime import device
from quorate.runtime.files import place, write_plain
from quorate.runtime.network import offline
from quorate.runtime.progress import note
from quorate.test_time.extraction.questions import key_of
from quorate.test_time.http.client import HTTPPlatform, warn_if_open
from quorate.test_time.platforms.in_process import load_platform, read_about, read_card
from quorate.test_time.platforms.platform import EVALUATION, Card
from quorate.test_time.study.cell import cells_of
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.deployment import Deployment
from quorate.test_time.study.first_sample import check_gaps
from quorate.test_time.study.ledgers import CorrectionStore
from quorate.test_time.study.measuring import CorrectionWork
from quorate.test_time.study.on_platforms import run_on_platforms
from quorate.test_time.study.outcome import CorrectionOutcome
from quorate.test_time.study.parity import check_photos
from quorate.test_time.study.people import people_of, photos_held, split_id
from quorate.test_time.study.result import CorrectionResult
from quorate.test_time.study.settings import CELLS, FILE, read_cells, read_folder
from quorate.test_time.study.sources import PlatformAddress, SavedPlatform
from quorate.test_time.study.stored_cells import find_stored
from quorate.validate import listed

ASKED_HERE = (
    "A platform behind an address is asked from this machine alone, where its keys and its ledger "
    "are: what follows from its answers is computed here too. To share that among processes of "
    "this machine, use --jobs in place of --executor."
)


def run_correction(
    correction: Correction,
    out: str | Path,
    executor: Executor = SERIAL,
    device_name: str = "auto",
    trust: bool = False,
) -> CorrectionResult:
    """Run the missing cells of a correction, and return its result.

    Args:
        correction: correction to run.
        out: folder of the store, the platforms and the ledgers.
        executor: trains platforms and measures cells; the results do not depend on it.
        device_name: device that networks are trained on: auto, cpu or cuda.
        trust: whether to read platforms that an older version has kept as pickles, which can run
            code, and to write them anew.

    Raises:
        InputError: the methods do not fit together, a first sample tells of no gap to close, or a
            platform is damaged or not trusted.
        PlatformError: a platform refused or failed; what was answered is stored.
        StoreError: an outcome cannot be stored; what is stored is kept.
        WorkerError: workers died again and again; what is stored is kept.
    """
    deployment = Deployment(correction, place(out))
    if trust:
        deployment.renew()
    with device.use(device_name):
        found = _check(deployment)
        with opened(out, executor, CorrectionStore) as (store, pool):
            deployment.remember(found)
            work, cells = CorrectionWork(deployment.out), cells_of(deployment)
            ids, there = [cell.id for cell in cells], store.ids(work.kind)
            missing = [cell for cell in cells if cell.id not in there]
            if missing:  # not once people's queries are spent
                require("train", "crafting a change", "torch")
            if any(map(work.asks_an_address, missing)) and pool.is_elsewhere:
                SERIAL.check()
                note(ASKED_HERE)
            deployment.train_missing(pool)
            if not correction.anyway:
                check_gaps(deployment, missing, pool)
            # Not before: the results of another correction in this folder are shown until then.
            write_plain(deployment.out / FILE, {**correction.describe(), CELLS: ids}, "population")
            records = run_on_platforms(work, cells, store, pool, "Measuring")
    return _result(correction, records)


@offline()
def stored(folder: str | Path) -> CorrectionResult:
    """Return what the correction found that was last run in a folder.

    Nothing is trained or asked, and no file of keys is read. People are drawn only where neither
    the folder nor its cells say which cells they are.

    Raises:
        InputError: the folder is not that of a correction.
        DataUnavailableError: people would have to be fetched to know the cells.
        StoreError: the correction was not run to its end.
    """
    out = Path(folder)
    correction = read_folder(out)
    wanted, kind = read_cells(out), CorrectionWork.kind
    count = len(correction.groups()) * len(correction.epsilons)
    with Store(out) as store:
        there = find_stored(correction, store.records(kind)) if wanted is None else []
        if len(there) < count:
            wanted = wanted or [cell.id for cell in cells_of(Deployment(correction, out))]
            found = {record.id: record for record in store.records(kind, wanted)}
            there = [found[id_] for id_ in wanted if id_ in found]
    if len(there) < count:
        raise StoreError(
            f"Expected a correction that was run to its end in {out}, got {len(there)} of "
            f"{count} cells. Run the same quorate correct again, with --anyway if it said that "
            "there is no gap to close: what is stored is kept."
        )
    return _result(correction, there)


def _result(correction: Correction, records: list[Record]) -> CorrectionResult:
    return CorrectionResult(correction, tuple(map(CorrectionOutcome.from_record, records)))


# ----------------------------------------------------------------------------- before any training


def _check(deployment: Deployment) -> dict[str, str]:
    """Raise InputError where a run is bound to fail in some seed, before any training.

    Return the ids of the platforms behind addresses that were asked, by address.
    """
    correction, found = deployment.correction, dict[str, str]()
    for seed in correction.seeds:
        photos = photos_held(correction, seed)  # draws the people
        if correction.aim == "parity":
            check_photos(min(correction.members), photos)
    for text, source in correction.sources.items():
        if isinstance(source, SavedPlatform):
            card = replace(read_card(source.folder), gives=correction.answers)
            if _asks(deployment, text):
                card = load_platform(source.folder, correction.answers).card
            _check_card(card, correction, text)
            _check_people(source.folder, correction)
        elif isinstance(source, PlatformAddress) and (
            source.url not in deployment.known_addresses() or _asks(deployment, text)
        ):
            warn_if_open(source.url)
            with deployment.connect(source) as remote:
                _check_keys(remote, correction)
                _check_card(remote.card, correction, text)
                found[source.url] = remote.card.id
    return found


def _asks(deployment: Deployment, text: str) -> bool:
    """Whether something is still to be asked of a platform whose id is known."""
    there = stored_ids(deployment.out, CorrectionWork.kind)
    return any(cell.id not in there for cell in cells_of(deployment, text))


def _check_people(folder: Path, correction: Correction) -> None:
    """Raise InputError if a saved platform has learned from people who would be measured on."""
    trained_on = read_about(folder).get("split")
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
