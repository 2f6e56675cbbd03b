"""Queries pooled, against everyone attacking alone, on the same people and within the same ε."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.runs.reading import as_stored
from quorate.runs.running import opened, run_missing
from quorate.runs.store import Store
from quorate.runtime.provenance import provenance
from quorate.test_time.attacks.attack import Attack
from quorate.test_time.perturbations.budget import NO_BUDGET
from quorate.test_time.platforms.in_process import CARD
from quorate.test_time.study.cell import cells_of
from quorate.test_time.study.comparison_cell import AttackCell, AttackWork, PoolCell, PoolWork
from quorate.test_time.study.comparison_result import QueryComparison
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.deployment import Deployment
from quorate.test_time.study.measuring import CorrectionWork
from quorate.test_time.study.outcome import PERTURBATION, CorrectionOutcome
from quorate.test_time.study.query_costs import PoolEffect, SoloAttack
from quorate.test_time.study.settings import read_folder
from quorate.test_time.study.sources import PlatformAddress
from quorate.validate import at_least


def compare(
    folder: str | Path,
    attacks: str | Sequence[str | Attack],
    budget: int = 1000,
    people: int = 100,
    seeds: int | None = None,
    executor: Executor = SERIAL,
    trust: bool = False,
) -> QueryComparison:
    """Return how the pools of a stored correction compare with attacks by everyone alone.

    The first platform and surrogate and the last ε named of the correction are compared, as its own
    headline is, on people of the subgroup whom the platform reads wrongly. Attacks that need
    scores are given them. What is compared is stored beside the correction, and not done again.

    Args:
        folder: folder of a correction that was run.
        attacks: names, or methods, of what each person alone does; or text, as ``split_attacks``.
        budget: queries of each.
        people: largest number of people to try.
        seeds: number of the correction's seeds to use; None for all.
        executor: runs the attacks; the results do not depend on it.
        trust: whether to read platforms that an older version has kept as pickles, which can run
            code, and to write them anew.

    Raises:
        InputError: nothing was run there, or not to its end, the platform is behind an address,
            damaged or not trusted, or an attack is not known or named twice.
        StoreError: an outcome cannot be stored; what is stored is kept.
        WorkerError: workers died again and again; what is stored is kept.
    """
    people, budget = spec.whole(people, "people"), spec.whole(budget, "budget")
    seeds = None if seeds is None else spec.whole(seeds, "seeds")
    at_least("people", people, 1, "Try it on one person or more.")
    at_least("budget", budget, 1, "Give each person at least one query.")
    if seeds is not None:
        at_least("seeds", seeds, 1, "Use one seed or more.")
    named = _read_attacks(attacks)
    deployment = Deployment(read_folder(folder), Path(folder))
    correction, out = deployment.correction, deployment.out
    _check(correction)
    if trust:
        deployment.renew()
    with opened(out, executor) as (store, pool):
        pools = _pool_cells(deployment, store, seeds, people)
        firsts = {cell.compared.group.seed: cell.compared for cell in reversed(pools)}
        cells = [
            AttackCell(firsts[seed], attack, budget, people)
            for seed in correction.seeds[:seeds]
            for attack in named
        ]
        alone = run_missing(AttackWork(out), cells, store, pool, "Attacking")
        pooled = run_missing(PoolWork(out), pools, store, pool, "Comparing")
    with as_stored("a stored cell"):
        solo = tuple(SoloAttack.from_plain(record.plain) for record in alone)
        of_pools = tuple(PoolEffect.from_plain(record.plain) for record in pooled)
    return QueryComparison(
        epsilon=correction.epsilons[-1],
        norm=correction.norm,
        budget=budget,
        alone=solo,
        pooled=of_pools,
        description={
            "correction": correction.describe(),
            "attacks": [spec.describe(attack) for attack in named],
            "people": people,
            "provenance": provenance(),
        },
        used=tuple(one.outcome.parity.epsilon for one in pools if one.outcome.parity),
        given=_given(correction, named),
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
    catalog.code_of(found)  # refuses two classes of one name
    texts = [spec.text(attack) for attack in found]
    for one in texts:
        if texts.count(one) > 1:
            raise InputError(f"Expected {one!r} once among the attacks, got it twice. Keep one.")
    return found


def _given(correction: Correction, attacks: Sequence[Attack]) -> tuple[str, ...]:
    """Return the attacks that are given an answer: without a budget, their start is one."""
    if correction.epsilons[-1] < NO_BUDGET:
        return ()
    return tuple(spec.text(attack) for attack in attacks if attack.needs_start)


def _check(correction: Correction) -> None:
    """Raise InputError unless the correction can be compared."""
    first = correction.platforms[0]
    if isinstance(correction.sources[first], PlatformAddress):
        raise InputError(
            f"Expected a platform on this machine, got {first}: attacks spend hundreds of queries "
            "a person. Compare on a platform of your own."
        )
    if correction.norm != "linf":
        raise InputError(
            f"Expected a correction under linf, as the attacks are, got {correction.norm}. Run it "
            "with --norm linf."
        )


def _pool_cells(
    deployment: Deployment, store: Store, seeds: int | None, people: int
) -> list[PoolCell]:
    """Return the pools of each seed on the first platform and surrogate, at the last ε.

    Raises:
        InputError: the correction was not run to its end, or something that it left is gone.
    """
    correction = deployment.correction
    first = correction.platforms[0], correction.proxies[0], correction.epsilons[-1]
    compared = [
        cell
        for cell in cells_of(deployment, first[0])
        if (cell.group.platform, cell.group.proxy, cell.epsilon) == first
        and cell.group.seed in correction.seeds[:seeds]
    ]
    records = store.records(CorrectionWork.kind, [cell.id for cell in compared])
    outcomes = {record.id: CorrectionOutcome.from_record(record) for record in records}
    for cell in compared:
        there = cell.id in outcomes and PERTURBATION in outcomes[cell.id].files
        if not there or not (deployment.folder(cell.group) / CARD).exists():
            raise _not_run(deployment.out, cell.group)
    return [PoolCell(cell, people, outcomes[cell.id]) for cell in compared]


def _not_run(out: Path, group: CellGroup) -> InputError:
    return InputError(
        f"Expected a correction that was run to its end in {out}, got none for {group.members} "
        f"members, {group.queries} queries each, seed {group.seed}. Run the same quorate correct "
        "again: what is stored is kept."
    )
