"""Running an audit: signals, what happens without anyone, searches, defences, what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from quorate import catalog, spec
from quorate.auditing.audit import ModelAudit, least_favoured, rarest_label
from quorate.auditing.battery import BATTERY, Aim, Attack
from quorate.auditing.bounds import Bounds, bounds_beside
from quorate.auditing.comparison import Earlier
from quorate.auditing.defences import called, find_defences
from quorate.auditing.measured import AttackResult, DefenceResult, change_in, mean_of
from quorate.auditing.result import ModelAuditResult
from quorate.auditing.searching import AlphaSearch, Purse
from quorate.auditing.signals import plantable, telling
from quorate.errors import InputError
from quorate.executors.executor import Executor, Pool
from quorate.executors.serial import SERIAL
from quorate.intervals import Interval
from quorate.protocols import Learner, Signal, Strategy
from quorate.runs.running import opened
from quorate.runs.store import Store
from quorate.runtime.device import use
from quorate.runtime.progress import status
from quorate.runtime.provenance import with_reading
from quorate.strategies.erasing import Erasing
from quorate.strategies.planting import Planting
from quorate.studies.sweep import check, run_trials
from quorate.studies.trial import Outcome, Trial, draw_people, stored_outcomes, streams
from quorate.table import Split

SCREENED_AT = {"planted": 0.01, "planted-features": 0.05}  # α that signals are chosen at
SCREENED_WITH = {"planted": 2, "planted-features": 1}  # seeds
PURPOSES = ("planted", "planted-features", "erased")  # of signals
HALF = 0.5  # success without anyone, above which another signal is rather taken
FOR_ATTACKS = 0.6  # of the budget, before defences have their turn
SPENT = "The budget was spent before its turn."
ALREADY = 0.95  # success without anyone, above which there is nothing to gain


def run_audit(
    audit: ModelAudit,
    out: str | Path | None = None,
    executor: Executor = SERIAL,
    device: str = "auto",
    against: str | Path | None = None,
) -> ModelAuditResult:
    """Run what is missing of an audit, and return how few people move the model.

    The same call again finds what is stored and goes on: with a budget of trainings it ends with
    the same answer.

    Args:
        audit: what to run.
        out: folder of the store; None keeps the trainings in memory only.
        executor: where models are trained; the results do not depend on it.
        device: where networks are trained: cpu, cuda, or auto for a GPU where there is one.
        against: folder of an earlier audit: its attacks are tried again, with its signals and its
            S*, so that the model alone differs.

    Raises:
        InputError: the model cannot learn from these people, or nothing can be tried on them.
        StoreError: the store or the earlier audit cannot be read, or the store be written.
        WorkerError: workers died again and again; what is stored is kept.
    """
    earlier = None if against is None else Earlier.read(against)
    with use(device), spec.reading_once():
        with status("Reading the people"):
            people = draw_people(audit.population, streams(0)[0])
            audit.model.check(people.train)
        with opened(out, executor) as (store, pool):
            return _Run(audit, people, store, pool, earlier).run()


@dataclass(frozen=True, eq=False)
class _Chosen:
    """An attack with its strategy, and S* where an earlier audit has set it."""

    attack: Attack
    strategy: Strategy
    aim: Aim
    target: float | None = None
    tried: int = 1


class _Run:
    def __init__(
        self, audit: ModelAudit, people: Split, store: Store, pool: Pool, earlier: Earlier | None
    ) -> None:
        self.audit, self.people, self.store, self.pool = audit, people, store, pool
        self.earlier = earlier
        self.size = audit.size or len(people.train) + len(people.held_out)
        self.wanted = audit.wanted or rarest_label(people.train)
        self.wanted = people.train.classes[people.train.label(self.wanted)]
        self.minority = least_favoured(people.train, self.wanted)
        self.purse = Purse(audit.budget, audit.minutes)
        self.left_out: dict[str, str] = {}
        self._signals: dict[str, tuple[Signal, int]] = {}
        self._bounds: dict[str, Bounds] = {}

    def run(self) -> ModelAuditResult:
        attacks = self._from_earlier() if self.earlier else self._chosen()
        begun = {one.attack.name: self._begun(one) for one in attacks}
        tried = {name: search for name, search in begun.items() if search is not None}
        attacks = [one for one in attacks if one.attack.name in tried]
        if not tried:
            why = "; ".join(f"{name}: {why}" for name, why in self.left_out.items())
            if SPENT in self.left_out.values() and self.purse.spent < self.audit.budget:
                raise InputError(
                    f"Expected more than {self.audit.minutes:g} minutes, got no time left after "
                    "signals were chosen. Give the same command again: it goes on from here."
                )
            if SPENT in self.left_out.values():
                raise InputError(
                    f"Expected more than {self.audit.budget} trainings, got none left after "
                    "signals were chosen. Use --budget 160 or more, or fewer --seeds."
                )
            raise InputError(
                f"Expected an attack that can be tried on these people, got none ({why}). Try "
                "other data, or another label that is wanted."
            )
        self._close_in(list(tried.values()), FOR_ATTACKS)
        results = self._results(attacks, tried)
        smallest = smallest_of(results)
        behind, costs, refused = self._defended(attacks, smallest)
        left = 1 - self.audit.seeds * len(tried) / self.audit.budget
        if self.purse.used() < left and not all(one.is_over for one in tried.values()):
            self._close_in(list(tried.values()), left)
            results = self._results(attacks, tried)
        defended = [
            DefenceResult.of(name, search, costs[name], one)
            for name, search in behind.items()
            for one in results
            if smallest is not None and one.name == smallest.name
        ]
        return ModelAuditResult(
            audit=self.audit.describe(),
            model=called(self.audit.model),
            population=called(self.audit.population),
            size=self.size,
            trained_on=len(self.people.train),
            wanted=self.wanted,
            attacks=tuple(results),
            defended=smallest.name if smallest else "",
            defences=tuple(defended),
            refused=refused,
            left_out=self.left_out,
            spent=self.purse.spent,
            seconds=sum(one.seconds for one in stored_outcomes(self.store)),
            provenance=with_reading(self.people.train.notes),
            comparison=self.earlier.compare(results) if self.earlier else (),
        )

    def _results(
        self, attacks: Sequence[_Chosen], tried: Mapping[str, AlphaSearch]
    ) -> list[AttackResult]:
        return [self._attack_result(one, tried[one.attack.name]) for one in attacks]

    # -------------------------------------------------------------------------- what is tried

    def _from_earlier(self) -> list[_Chosen]:
        """Return the attacks of the earlier audit, as far as the battery still has them."""
        assert self.earlier is not None
        by_name = {attack.name: attack for attack in BATTERY}
        found = []
        for one in self.earlier.attacks:
            if one["name"] in by_name:
                strategy = catalog.build("strategies", one["strategy"])
                plan = getattr(strategy, "plan", strategy)
                aim = Aim(one["wanted"], getattr(plan, "signal", None), one["minority"])
                target = float(one["target"])
                found.append(_Chosen(by_name[one["name"]], strategy, aim, target, one["tried"]))
        then = {one["name"] for one in self.earlier.attacks}
        why = "The earlier audit has nothing to compare it with."
        self.left_out |= {name: why for name in by_name if name not in then}
        return found

    def _chosen(self) -> list[_Chosen]:
        """Return the attacks that fit these people, with their signals."""
        found = []
        for attack in BATTERY:
            try:
                aim, tried = Aim(self.wanted, None, self.minority), 1
                if attack.needs == "groups" and not self.minority:
                    raise InputError("These people have no groups. Name their column (--group).")
                if attack.needs in PURPOSES:
                    signal, tried = self._signal(attack)
                    aim = replace(aim, signal=signal)
                chosen = _Chosen(attack, attack.make(aim), aim, None, tried)
                check([self._trial(chosen.strategy)])
                found.append(chosen)
            except InputError as error:
                self.left_out[attack.name] = str(error.__cause__ or error)
        return found

    def _signal(self, attack: Attack) -> tuple[Signal, int]:
        """Return the signal that moves the model most, of the cheap ones; trainings decide."""
        purpose = attack.needs
        if purpose not in self._signals:
            with status("Trying every signal on honest rows"):
                find = telling if purpose == "erased" else plantable
                found = find(self.people.train, self.wanted, self.size)
            aims = [Aim(self.wanted, signal) for signal in found.signals]
            if purpose == "erased":  # what the model goes by most: its label changes most often
                places = [-one for one in self._screened([Erasing(one) for one in found.signals])]
            else:  # what it does without anyone is no gain
                before = self._screened([Planting(self.wanted, one) for one in found.signals])
                seeds = SCREENED_WITH[purpose]
                after = self._screened([attack.make(one) for one in aims], purpose, seeds)
                moved = zip(before, after, strict=True)
                places = [(s - s0) / max(1 - s0, 0.01) - (s0 > HALF) for s0, s in moved]
            self._signals[purpose] = found.signals[int(np.argmax(places))], found.tried
        return self._signals[purpose]

    def _screened(
        self, strategies: Sequence[Strategy], purpose: str = "", seeds: int = 1
    ) -> list[float]:
        """Return the mean success of each strategy at a small size, 0 where none was measured."""
        alpha = SCREENED_AT.get(purpose, 0.0)
        cells = [self._trial(one, alpha, seed) for seed in range(seeds) for one in strategies]
        cells = cells[: self.purse.take(len(cells))]
        outcomes = run_trials(cells, self.store, self.pool, "Choosing a signal") if cells else []
        found: dict[str, list[float | None]] = {}
        for one in outcomes:
            found.setdefault(one.strategy, []).append(one.success)
        means = [mean_of(found.get(spec.text(one), [])) for one in strategies]
        return [0.0 if math.isnan(one) else one for one in means]

    def _trial(
        self, strategy: Strategy, alpha: float = 0.0, seed: int = 0, learner: Learner | None = None
    ) -> Trial:
        model = learner or self.audit.model
        return Trial(self.audit.population, strategy, strategy.goal, model, alpha, seed)

    # ---------------------------------------------------------------------------- how far it is

    def _begun(self, one: _Chosen) -> AlphaSearch | None:
        """Return the search of an attack, once it is known what happens without anyone."""
        search = AlphaSearch(self._trial(one.strategy), self.store, self.pool, one.attack.name)
        outcomes = search.measure(0.0, self.audit.seeds, self.purse)
        measured = [one.success for one in outcomes if one.success is not None]
        if not measured:
            why = next((one.error for one in outcomes if one.error), SPENT)
            self.left_out[one.attack.name] = str(why)
            return None
        without = float(np.mean(measured))
        if one.target is None and without > ALREADY:
            self.left_out[one.attack.name] = (
                f"There is nothing to gain: {100 * without:.3g}% without any collective."
            )
            return None
        part = self.audit.target
        search.begin(one.target or without + part * (1 - without), outcomes)
        return search

    def _close_in(self, searches: Sequence[AlphaSearch], part: float) -> None:
        """Spend the budget up to a part of it, each time where a training may tell most."""
        while self.purse.used() < part and self.purse.left():
            open_ = [one for one in searches if not one.is_over]
            if not open_:
                return
            max(open_, key=lambda one: one.promise).go_on(self.purse, self.audit.width)

    def _attack_result(self, one: _Chosen, search: AlphaSearch) -> AttackResult:
        before = self._stored(search, 0.0)
        estimate = search.members[0]
        after: list[Outcome] = []
        if math.isfinite(estimate):
            after = search.measure(estimate / search.people, self.audit.seeds, self.purse)
        target = search.target
        if one.attack.name not in self._bounds:
            with status("Working out what is certified"):
                self._bounds[one.attack.name] = bounds_beside(
                    one.strategy, one.aim, before, self.people.train, target, self.size, one.tried
                )
        bounds = self._bounds[one.attack.name]
        return AttackResult.of(
            one.attack, one.aim, one.strategy, search, before, after, bounds, one.tried
        )

    def _stored(self, search: AlphaSearch, alpha: float) -> list[Outcome]:
        kept = search.measured
        wanted = [replace(search.cell, alpha=alpha, seed=seed) for seed in range(self.audit.seeds)]
        known = self.store.ids("trial")
        return run_trials([c for c in wanted if c.id in known], self.store, self.pool, kept.name)

    # --------------------------------------------------------------------------------- defences

    def _defended(
        self, attacks: Sequence[_Chosen], smallest: AttackResult | None
    ) -> tuple[dict[str, AlphaSearch], dict[str, Interval], dict[str, str]]:
        """Return the search behind each defence, what each costs, and why others do not apply."""
        with status("Checking which defences apply"):
            found = find_defences(self.audit.model, self.people.train)
        searches: dict[str, AlphaSearch] = {}
        costs: dict[str, Interval] = {}
        refused = dict(found.refused)
        if smallest is None:
            return searches, costs, refused
        one = next(one for one in attacks if one.attack.name == smallest.name)
        plain = self._stored_plain(one)
        for name, learner in found.learners.items():
            cell = self._trial(one.strategy, learner=learner)
            search = AlphaSearch(cell, self.store, self.pool, f"Behind {name}")
            outcomes = search.measure(0.0, self.audit.seeds, self.purse)
            if all(each.success is None for each in outcomes):
                said = next((str(each.error) for each in outcomes if each.error), "")
                refused[name] = said or SPENT
                continue
            search.begin(smallest.target, outcomes)
            searches[name], costs[name] = search, change_in(plain, outcomes, "accuracy")
        self._close_in(list(searches.values()), 1.0)
        return searches, costs, refused

    def _stored_plain(self, one: _Chosen) -> list[Outcome]:
        search = AlphaSearch(self._trial(one.strategy), self.store, self.pool, one.attack.name)
        return self._stored(search, 0.0)


def smallest_of(results: Sequence[AttackResult]) -> AttackResult | None:
    """Return the attack that moves the model with the fewest people; None if none does."""
    moving = [one for one in results if not one.is_control and math.isfinite(one.estimate)]
    return min(moving, key=lambda one: (one.estimate, one.high), default=None)
