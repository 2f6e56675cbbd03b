"""Simulate a plan against a panel of learners on the members' own rows, as a forecast."""

from __future__ import annotations

import csv
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quorate import catalog
from quorate.bring_your_own.handed_in import HandedIn
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.extras import command, is_installed
from quorate.intervals import mean_over_seeds
from quorate.planning.cells import carriers, signal_codes
from quorate.planning.certify import Objective
from quorate.planning.held_members import MembersDrawn, hold
from quorate.planning.members import Members
from quorate.populations.own_table import OwnTable
from quorate.populations.tables.table_files import LARGEST_ALPHABET
from quorate.protocols import Signal, Strategy
from quorate.signals.columns import Columns
from quorate.strategies.erasing import Erasing
from quorate.strategies.planting import Planting
from quorate.strategies.planting_features import PlantingFeatures
from quorate.strategies.unplanting import Unplanting
from quorate.studies.curves import Curves
from quorate.studies.study import make_study
from quorate.studies.sweep import run_study
from quorate.validate import MOST_ROUNDS, at_least

PANEL = (
    "sgd",
    "dp-sgd:epsilon=1",
    "dp-sgd:epsilon=3",
    "dp-sgd:epsilon=10",
    "group-dro",
    "jtt",
    # Half of the usual trees: with all of them, these two take three quarters of the time.
    "forest:n_estimators=50",
    "boosting:max_iter=50",
)
SEEDS = 3
# People drawn for the simulation, three quarters of them for training. With all of 45,000 rows most
# of the time went into the forests' predictions for the 11,000 held out; with 2,000 held out,
# success is still measured to about 0.01.
MOST_PEOPLE = 8000
MOST_ROWS = 4000  # training people of a simulated platform
FEWEST_ROWS = 40  # with fewer there is nothing to learn and nobody to hold out
HELD_OUT = 0.25
GRID = 9  # sizes of the collective, on a log scale
LARGEST = 0.5
LABEL = "label"  # all other columns are written with a sign before their name


@dataclass(frozen=True)
class SimulatedMass:
    """The simulated critical mass for one learner, as a share of all people on the platform.

    Args:
        learner: the learner as text.
        critical_mass: the smallest simulated share from which success stays at or above the target;
            inf if none suffices, NaN if every training failed.
        low, high: 95% interval over seeds and the spacing of the grid.
        success_now: mean success at the members' present share, or the nearest one simulated.
    """

    learner: str
    critical_mass: float
    low: float
    high: float
    success_now: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, with None for a number that is not finite."""
        return {
            key: value if isinstance(value, str) or math.isfinite(value) else None
            for key, value in vars(self).items()
        }


@dataclass(frozen=True, eq=False)
class Simulation:
    """The simulation of a plan.

    Args:
        rows: one per learner.
        curves: every outcome, or None if nothing was simulated.
        notes: caveats.
    """

    rows: tuple[SimulatedMass, ...]
    curves: Curves | None
    notes: tuple[str, ...]

    def mean_curves(self) -> list[dict[str, Any]]:
        """Return mean success at each share that was simulated, by learner, as plain data.

        A share at which every training failed is left out.
        """
        found = []
        for curve in self.curves or ():
            means = mean_over_seeds(curve.success)  # (a,)
            kept = ~np.isnan(means)
            points = {"shares": curve.alphas[kept].tolist(), "success": means[kept].tolist()}
            found.append({"learner": curve.learner, **points})
        return found


def simulate(
    members: Members,
    objective: Objective,
    learners: Sequence[str] = PANEL,
    *,
    seeds: int = SEEDS,
    executor: Executor = SERIAL,
    device: str = "auto",
) -> Simulation:
    """Return the critical mass for each learner, on a platform of people like the members.

    Everyone on the simulated platform is drawn from the members' rows, with the same few values as
    for the certificate, and a share of them acts. These are forecasts for learners with particular
    parameters, trained on fewer people than the real platform has.

    Args:
        members: their rows as they are now.
        objective: what they want to achieve.
        learners: the panel.
        seeds: number of seeds.
        executor: where trials are computed; the numbers do not depend on it.
        device: where networks are trained.

    Raises:
        InputError: a learner is unknown, or its parameters cannot be used.
    """
    at_least("seeds", seeds, 1, "Simulate at least once.", most=MOST_ROUNDS)
    if not learners:
        raise InputError("Expected at least one learner to simulate, got none. Name one.")
    learners, left_out = _trainable(learners)
    why_not = _why_not(members, objective)
    if why_not:
        return Simulation((), None, (f"Nothing was simulated: {why_not}",))
    share = len(members) / objective.platform_size
    people = _drawn(members, objective)
    rows = min(MOST_ROWS, len(people) - round(HELD_OUT * len(people)))
    study = make_study(
        population=MembersDrawn(_held(people), rows, HELD_OUT),
        strategy=_strategy(members, objective),
        learner=list(learners),
        alphas=_alphas(rows, share),
        seeds=seeds,
        target=objective.success,
        title="Simulated on the members' own rows",
    )
    curves = run_study(study, None, executor, device)
    notes = [*_notes(members, objective, rows, seeds), *left_out]
    failed = sum(outcome.error is not None for outcome in curves.outcomes)
    if failed:
        notes.append(f"{failed} of {len(curves.outcomes)} trainings failed and were left out.")
    return Simulation(_rows(curves, share), curves, tuple(notes))


def _trainable(learners: Sequence[str]) -> tuple[Sequence[str], list[str]]:
    """Return the learners, of the usual panel those that can be trained, and what is left out.

    A learner that somebody names and that cannot be trained is refused as everywhere.
    """
    from quorate.learners.base.network_learner import NetworkLearner

    methods = [catalog.build("learners", text) for text in learners]
    if tuple(learners) != PANEL or is_installed("torch"):
        return learners, []
    networks = [isinstance(method, NetworkLearner) for method in methods]
    kept = [text for text, is_network in zip(learners, networks, strict=True) if not is_network]
    left_out = ", ".join(name for name in learners if name not in kept)
    return kept, [
        f"Not simulated, as networks take PyTorch, which is not installed: {left_out}. To simulate "
        f"them as well: {command('train')}."
    ]


def _why_not(members: Members, objective: Objective) -> str:
    """Return why nothing can be simulated, or an empty text."""
    codes = signal_codes(members, objective.signal, new_values=objective.new_values)
    new = [members.columns[j].name for j, c in codes.items() if c >= len(members.columns[j].values)]
    if new:
        return f"no member has the signal's value of {', '.join(new)} yet."
    if len(members) < FEWEST_ROWS:
        return f"{len(members)} rows are too few to train on; {FEWEST_ROWS} would do."
    labels = set(members.labels.tolist())
    if objective.target is not None and members.label(objective.target) not in labels:
        return f"no member has the label {objective.target!r}."
    if len(labels) < 2:
        return "all members have one label, so there is nothing to learn."
    wide = [c.name for c in members.columns if len(c.values) > LARGEST_ALPHABET]
    if wide:
        return f"a column has more than {LARGEST_ALPHABET} values: {', '.join(wide)}."
    return ""


def _drawn(members: Members, objective: Objective) -> Members:
    """Return the people of the simulation, drawn without replacement from a fixed seed.

    They include one row with each of the signal's values and one with the target.
    """
    if len(members) <= MOST_PEOPLE:
        return members
    rows = np.random.default_rng(0).permutation(len(members))[:MOST_PEOPLE]
    codes = signal_codes(members, objective.signal)
    must = [int((members.codes[:, j] == code).argmax()) for j, code in codes.items()]
    if objective.target is not None:
        must.append(int((members.labels == members.label(objective.target)).argmax()))
    kept = np.union1d(rows, must)
    return members.take(kept)


def _notes(members: Members, objective: Objective, rows: int, seeds: int) -> list[str]:
    notes = [
        f"Simulated on {rows:,} rows drawn from the members' own, "
        f"{'once' if seeds == 1 else f'{seeds} times'} each; the share that is enough on a "
        "platform of another size, or for other settings, may differ."
    ]
    if objective.goal == "plant-feature-only":
        there = carriers(members, signal_codes(members, objective.signal))
        against = there & (members.labels != members.label(str(objective.target)))
        if against.any():
            notes.append(
                f"In simulation the {int(against.sum()):,} members who carry the signal with "
                "another label hand it in as it is; in the certificate they stay clear of it."
            )
    return notes


def _held(members: Members) -> HandedIn:
    """Return the rows as a table of theirs is read."""
    with tempfile.TemporaryDirectory(prefix="quorate-plan-") as folder:
        path = _write(members, Path(folder))
        return hold(OwnTable(str(path), LABEL, separator=",").everyone())


def _write(members: Members, folder: Path) -> Path:
    """Write the rows as the certificate sees them, with a sign that keeps values as text."""
    path = folder / "members.csv"
    values = [[f"={value}" for value in column.values] for column in members.columns]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([f"={column.name}" for column in members.columns] + [LABEL])
        for codes, label in zip(members.codes.tolist(), members.labels.tolist(), strict=True):
            named = [of[code] for of, code in zip(values, codes, strict=True)]
            writer.writerow([*named, f"={members.classes[label]}"])
    return path


def _strategy(members: Members, objective: Objective) -> Strategy:
    codes = signal_codes(members, objective.signal)
    columns = [(members.columns[j], code) for j, code in codes.items()]
    signal = Columns({f"={c.name}": f"={c.values[code]}" for c, code in columns})
    if objective.target is None:
        return strategy_of(objective, signal, None)
    return strategy_of(objective, signal, f"={members.classes[members.label(objective.target)]}")


def strategy_of(objective: Objective, signal: Signal, target: str | None) -> Strategy:
    """Return what members do for an objective, with its signal and target as a table has them."""
    if objective.goal == "erase":
        return Erasing(signal)
    if objective.goal == "unplant":
        return Unplanting(target, signal=signal)
    strategy = Planting if objective.goal == "plant" else PlantingFeatures
    return strategy(target, signal)


def _alphas(rows: int, share: float) -> tuple[float, ...]:
    """Return shares on a log scale from that of three people on, and the members' own."""
    lowest = min(max(0.001, 3 / rows), LARGEST / 2)
    grid = [float(f"{alpha:.3g}") for alpha in np.geomspace(lowest, LARGEST, GRID)]
    return tuple(sorted({*grid, float(f"{min(max(share, lowest), 1.0):.3g}")}))


def _rows(curves: Curves, share: float) -> tuple[SimulatedMass, ...]:
    found = []
    for curve, mass in zip(curves, curves.critical_masses(), strict=True):
        nearest = int(abs(curve.alphas - share).argmin())
        now = float(mean_over_seeds(curve.success)[nearest])
        found.append(SimulatedMass(curve.learner, mass.estimate, mass.low, mass.high, now))
    return tuple(found)
