"""Test time in Python: correct a deployed model, compare its queries, and apply a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from quorate.api.logs import telling

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.api.accepted import (
        AnyLearner,
        AnyLog,
        AnyPopulation,
        AnySubgroup,
        Budgets,
        Counts,
        Names,
        Place,
        Seeds,
    )
    from quorate.executors.choose import AnyExecutor
    from quorate.test_time.attacks.attack import Attack
    from quorate.test_time.extraction.surrogate import Extraction
    from quorate.test_time.perturbations.apply import AppliedChange
    from quorate.test_time.perturbations.budget import Norm
    from quorate.test_time.perturbations.crafting import Crafting
    from quorate.test_time.platforms.platform import Gives
    from quorate.test_time.search.settings import EditSearch
    from quorate.test_time.study.comparison_result import QueryComparison
    from quorate.test_time.study.correction import Aim
    from quorate.test_time.study.result import CorrectionResult


def correct(
    population: AnyPopulation | None = None,
    platform: AnyLearner | Sequence[AnyLearner] | None = None,
    file: Place | None = None,
    *,
    subgroup: AnySubgroup | None = None,
    group: str | None = None,
    task: str | None = None,
    proxy: AnyLearner | Sequence[AnyLearner] | None = None,
    members: Counts | None = None,
    queries: Counts | None = None,
    epsilon: Budgets | None = None,
    norm: Norm | None = None,
    answers: Gives | None = None,
    photos: int | None = None,
    share: float | None = None,
    measured: float | None = None,
    label_free: Names | None = None,
    adaptive: Names | None = None,
    crafting: str | Mapping[str, object] | Crafting | None = None,
    extraction: str | Mapping[str, object] | Extraction | None = None,
    search: str | Mapping[str, object] | EditSearch | None = None,
    aim: Aim | None = None,
    anyway: bool | None = None,
    key_file: Place | None = None,
    api: Place | None = None,
    rate: str | None = None,
    seeds: Seeds | None = None,
    out: Place = "runs/correct",
    jobs: int | None = None,
    executor: AnyExecutor = None,
    device: str | None = None,
    log: AnyLog = None,
    trust: bool = False,
) -> CorrectionResult:
    """Pool queries to a black box, extract a surrogate, craft a change, and measure what it mends.

    The change is a universal adversarial perturbation that moves the platform towards people's true
    labels. Everything that is left out is what the file says, or else the default named below.

    Args:
        population: people with images, such as ``"digits"``.
        platform: the platform that is asked: a learner, an architecture such as ``"cnn"``, the
            folder of a saved platform by its path, or an address; several make a transfer matrix.
        file: TOML file with a correction; what is given beside it wins.
        subgroup: the subgroup served badly, such as ``"low_light"``.
        group: in its place, a group as ``"COLUMN=VALUE"``.
        task: what is predicted of the population, such as gender.
        proxy: surrogate model that is extracted, by default ``"cnn"``; joined by +, an ensemble.
            ``"edits"`` extracts none: photo edits are searched for by asking about them, beside a
            surrogate that says where to begin as ``"cnn+edits"``. ``"itself"`` takes the platform's
            own gradients, an upper line that no collective has.
        members: number of members, by default 200; several sweep over it.
        queries: queries of each member, by default 50; likewise.
        epsilon: budget ε of a picture's change on the pixel scale [0, 1], by default ``"8/255"``;
            likewise; ``"none"`` for no budget.
        norm: norm that ε is measured in, ``"linf"`` (the default) or ``"l2"``.
        answers: what the platform answers with, ``"labels"`` (the default) or ``"scores"``.
        photos: number of photos that each member holds; by default all there are, up to 10.
        share, measured: share of the subgroup, in [0, 1], among the people that the platform learns
            from, and among those that results are measured on.
        label_free: families of label-free changes that surrogates craft: additive, gain, filter,
            combined (by default these), network.
        adaptive: how the platform may adapt: jpeg, blur, resize (the default), adversarial,
            private, retrained; replaced, by a model of another architecture.
        crafting, extraction, search: settings, as ``"key=value,..."``, a mapping or an object.
        aim: ``"most"`` (the default) uses a budget to the full, ``"parity"`` the least of it that
            closes the gap.
        anyway: whether to ask even if a first small sample tells of no gap to close.
        key_file, api, rate: for an address: the file of its keys, a TOML file that describes
            another provider's API, and the most requests sent, such as ``"5/s"``.
        seeds: how many, by default 1, or which.
        out: folder of the store, the platforms and the change; run again, it does only what is
            missing.
        jobs, executor, device, log: as for ``quorate.curve``; where cells are computed, the file
            may say as well.
        trust: whether to read platforms that an older version has kept as pickles, which can run
            code.

    Returns:
        The result; ``perturbation.npz`` in ``out`` is what ``quorate.apply`` adds to a picture.

    Raises:
        InputError: a name or a value is not known or out of range, the methods do not fit
            together, or a first sample tells of no gap to close.
        PlatformError: a platform refused or failed; what was answered is stored.
        StoreError: the folder cannot be read or written; what it holds is kept.
        WorkerError: workers died again and again; what is stored is kept.
    """
    asked = dict(locals())
    own = {key: value for key, value in asked.items() if key not in _SHARED}
    from quorate.executors.choose import choose_executor
    from quorate.executors.resources import Resources
    from quorate.test_time.study.running import run_correction
    from quorate.test_time.study.settings import make_correction, read_correction_file

    given: dict[str, Any] = {key: value for key, value in own.items() if value is not None}
    given |= {key: str(given[key]) for key in ("key_file", "api") if key in given}
    where = Resources(executor, jobs, device)
    if file is None:
        study = make_correction(**given)
    else:
        study, said = read_correction_file(file, **given)
        where = where.or_else(said)
    chosen = choose_executor(where.jobs, where.executor)
    with telling(log, "correct", asked) as logs:
        return logs.tell(run_correction(study, out, chosen, where.device or "auto", trust))


_SHARED = ("file", "out", "jobs", "executor", "device", "log", "trust")


def compare_queries(
    folder: Place,
    attacks: str | Sequence[str | Attack] = "square,nes,simba,hopskipjump",
    budget: int = 1000,
    people: int = 100,
    seeds: int | None = None,
    *,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    log: AnyLog = None,
    trust: bool = False,
) -> QueryComparison:
    """Compare pooled queries with attacks by each person alone, at the same ε.

    Args:
        folder: of a correction that was run.
        attacks: attacks by everyone alone: text with commas, or a list of names and methods.
        budget: queries of each person who attacks alone.
        people: largest number of misread people to try it on.
        seeds: number of the correction's seeds to use; by default all.
        jobs, executor, log: as for ``quorate.curve``.
        trust: as for ``correct``.

    Raises:
        InputError: nothing was run there, or not to its end, the platform is behind an address, or
            an attack is not known or named twice.
        StoreError: an outcome cannot be stored; what is stored is kept.
        WorkerError: workers died again and again; what is stored is kept.
    """
    asked = dict(locals())
    from quorate.executors.choose import choose_executor
    from quorate.test_time.study.query_comparison import compare

    chosen = choose_executor(jobs, executor)
    with telling(log, "compare_queries", asked) as logs:
        return logs.tell(compare(folder, attacks, budget, people, seeds, chosen, trust))


def apply(
    perturbation: Place,
    picture: Place,
    out: Place,
    label: str | None = None,
    preview: Place | None = None,
) -> AppliedChange:
    """Add a collective's change to one picture and write it; no network, no PyTorch.

    Args:
        perturbation: file that ``correct`` has left.
        picture: file of the member's own picture; it is not changed.
        out: file to write: .png or .webp.
        label: the picture's true class, by the platform's name; None for a label-free change.
        preview: file to show before, after and the change in, .png; None shows nothing.

    Raises:
        InputError: a file cannot be read, the label is not known, or one is missing.
        StoreError: a file cannot be written, or would replace another.
    """
    from quorate.test_time.perturbations.apply import apply_to_file

    return apply_to_file(perturbation, picture, out, label, preview)


def apply_page(perturbation: Place, out: Place) -> Path:
    """Write a page on which members add a change to their own pictures, in one file.

    It opens in any browser from 2023 on, without a network, and uploads nothing; what it saves
    has the same pixels as what ``apply`` writes.

    Args:
        perturbation: file that ``correct`` has left.
        out: file to write, .html.

    Returns:
        Where it was written.

    Raises:
        InputError: the file cannot be read, or the page not written.
        StoreError: the page would replace a file that is none.
    """
    from quorate.collective.web.standalone import write_apply_page

    return write_apply_page(perturbation, out)
