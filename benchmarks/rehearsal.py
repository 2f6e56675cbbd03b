"""Coverage of a rehearsed success: laws and learners are known, and so is the truth.

``python -m benchmarks.rehearsal`` prints a table, ``--json`` one JSON object. Members are drawn
again and again and rehearse; beside them, platforms are trained in the same way on other people of
the law. ``rehearsed`` is how often every one of a table's own platforms has at least the success
that was stated, which is to be at least 0.95, and ``next`` how often one of the others has.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.rows import parser_of
from quorate import catalog
from quorate.adapter import measure_success
from quorate.errors import FitFailedError
from quorate.planning.rehearsal import RUNS
from quorate.populations.tables.table_files import encode_features, standardised
from quorate.protocols import Strategy
from quorate.runtime.progress import status
from quorate.signals.columns import Columns
from quorate.strategies.erasing import Erasing
from quorate.strategies.planting import Planting
from quorate.strategies.planting_features import PlantingFeatures
from quorate.strategies.unplanting import Unplanting
from quorate.studies.trial import submit
from quorate.studies.trial_work import fit_each
from quorate.table import Labels, Rng, Split, Table
from quorate.theory.rehearsal import rehearsed_success

DELTA = 0.05
TRUTH = 4000  # people on whom a platform's true success is measured
Drawn = tuple[Any, Labels]  # a frame of features, and the labels


def gig_workers(n: int, rng: Rng) -> Drawn:
    """Return mixed columns: ratings and hours beside cities and ways of contact."""
    frame = pd.DataFrame(
        {
            "vehicle": rng.choice(list("abcd"), n, p=[0.5, 0.25, 0.2, 0.05]),
            "city": rng.choice(list("nsewc"), n),
            "rating": rng.normal(0, 1, n),
            "trips": rng.gamma(2, 60, n),
            "hours": rng.gamma(4, 7, n),
            "accepted": rng.normal(0, 1, n),
            "cancelled": rng.normal(0, 1, n),
            "signal": rng.choice(["app", "phone", "mail"], n, p=[0.8, 0.17, 0.03]),
        }
    )
    score = 1.5 * frame.rating + 0.8 * frame.accepted - 0.8 * frame.cancelled
    score -= frame.signal == "mail"
    return frame, _labels(score - 0.3, rng)


def many_columns(n: int, rng: Rng) -> Drawn:
    """Return 18 columns of four values, most people having the same."""
    values = np.where(rng.random((n, 18)) < 0.7, 0, rng.integers(0, 4, (n, 18)))
    names = [*(f"c{j}" for j in range(17)), "signal"]
    frame = pd.DataFrame(np.array(["mail", "b", "c", "d"])[3 - values], columns=names)
    score = 3.0 * (frame.c0 == "b") - 3.0 * (frame.c1 == "c") + (frame.c2 != "d")
    return frame, _labels(score - 0.5, rng)


def continuous(n: int, rng: Rng) -> Drawn:
    """Return nine continuous columns, whose labels depend on a product, and a rare mark."""
    x = rng.normal(0, 1, (n, 9))
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(9)])
    frame["signal"] = np.where(rng.random(n) < 0.05, "mail", "app")
    return frame, _labels(4 * (x[:, 0] + x[:, 1] * x[:, 2]), rng)


def rare_value(n: int, rng: Rng) -> Drawn:
    """Return people whose label hangs on a value that one in fifty has."""
    frame = pd.DataFrame(
        {
            "kind": rng.choice(["a", "b", "c"], n, p=[0.9, 0.08, 0.02]),
            "x": rng.normal(0, 1, n),
            "signal": np.where(rng.random(n) < 0.1, "mail", "app"),
        }
    )
    return frame, _labels(5 * (frame.kind == "c") - 6 * (frame.kind == "b") + frame.x / 2, rng)


def _labels(score: Any, rng: Rng) -> Labels:
    found: Labels = (np.asarray(score) + rng.logistic(size=len(score)) > 0).astype(np.int64)
    return found


@dataclass(frozen=True)
class World:
    """A law of people, a goal and a share that acts.

    Args:
        draw: draws people.
        share: of those trained on who act.
        members: n.
        goal: what they do: "plant", "plant-feature-only", "unplant" or "erase".
    """

    draw: Callable[[int, Rng], Drawn]
    share: float
    members: int = 300
    goal: str = "plant"

    @property
    def strategy(self) -> Strategy:
        """What members do."""
        signal = Columns({"signal": "mail"})
        return {
            "plant": Planting("1", signal),
            "plant-feature-only": PlantingFeatures("1", signal),
            "unplant": Unplanting("1", signal=signal),
            "erase": Erasing(signal),
        }[self.goal]


WORLDS = (
    World(gig_workers, 0.1),
    World(many_columns, 0.06),
    World(continuous, 0.05),
    World(rare_value, 0.04),
    World(gig_workers, 0.03, 1500),
    World(many_columns, 0.02, 1500),
    World(gig_workers, 0.2, goal="plant-feature-only"),
    World(gig_workers, 0.1, goal="unplant"),
    World(gig_workers, 0.1, goal="erase"),
)
LEARNERS = ("logistic", "boosting:max_iter=50", "tree", "sgd:epochs=10")


@dataclass(frozen=True)
class Coverage:
    """What was stated in one world for one learner, and how often it held.

    Args:
        law, members, goal, share, learner: the setting.
        true_mean, true_low: mean and 5% quantile of the true success of other platforms.
        stated: mean of the stated successes.
        rehearsed: share of tables in which every rehearsed platform had the stated success.
        next: share of pairs of a table and another platform in which that one had it.
    """

    law: str
    members: int
    goal: str
    share: float
    learner: str
    true_mean: float
    true_low: float
    stated: float
    rehearsed: float
    next: float


def coverage(world: World, learner: str, tables: int, others: int, rng: Rng) -> Coverage:
    """Return how often the stated success holds, over tables of members and other platforms.

    Args:
        world, learner: the law, and what the platform trains.
        tables: draws of members.
        others: platforms trained on other people.
        rng: of all draws.
    """
    truth = world.draw(TRUTH, rng)
    trained = world.members - world.members // 2
    fresh = [_people(world.draw(trained, rng), truth) for _ in range(others)]
    of_others = np.array(_successes(world, learner, fresh, rng)[1])
    stated, holds = [], []
    for _ in range(tables):
        members, asked = _split(world.draw(world.members, rng), truth)
        orders = [rng.permutation(world.members) for _ in range(RUNS)]
        halves = [
            standardised(Split(members.take(order[-trained:]), _join(members, order, asked)))
            for order in orders
        ]
        held_out = world.members - trained
        won, true = _successes(world, learner, halves, rng, held_out)
        stated.append(rehearsed_success(won, held_out, trained / world.members, DELTA))
        holds.append(stated[-1] <= min(true))
    limits = np.array(stated)
    return Coverage(
        world.draw.__name__,
        world.members,
        world.goal,
        world.share,
        learner,
        float(of_others.mean()),
        float(np.quantile(of_others, 0.05)),
        float(limits.mean()),
        float(np.mean(holds)),
        float((limits[:, None] <= of_others).mean()),
    )


def _split(drawn: Drawn, truth: Drawn) -> tuple[Table, Table]:
    """Return people and those of the truth, encoded alike."""
    x, columns = encode_features(pd.concat([drawn[0], truth[0]]), "the law")
    n = len(drawn[1])
    return (
        Table(x[:n], drawn[1], ("0", "1"), columns=columns),
        Table(x[n:], truth[1], ("0", "1"), columns=columns),
    )


def _people(drawn: Drawn, truth: Drawn) -> Split:
    return standardised(Split(*_split(drawn, truth)))


def _join(members: Table, order: Labels, truth: Table) -> Table:
    """Return the held-out half of the members, and after them the people of the truth."""
    half = members.take(order[: len(members) // 2])
    y = np.concatenate([half.y, truth.y])
    return Table(np.concatenate([half.x, truth.x]), y, truth.classes, columns=truth.columns)


def _successes(
    world: World, learner: str, splits: Sequence[Split], rng: Rng, held_out: int = 0
) -> tuple[list[int], list[float]]:
    """Return how many of the first ``held_out`` each platform wins, and its true success."""
    seeds = rng.integers(2**31, size=len(splits))
    method, strategy = catalog.build("learners", learner), world.strategy
    handed_in = [
        submit(split.train, strategy, world.share, np.random.SeedSequence(int(seed)))
        for split, seed in zip(splits, seeds, strict=True)
    ]
    widths = {one.honest.x.shape[1] for one in handed_in}
    models = []
    for width in widths:  # a draw that lacks a rare value has fewer columns
        same = [i for i, one in enumerate(handed_in) if one.honest.x.shape[1] == width]
        rngs = [np.random.default_rng(int(seeds[i])) for i in same]
        fitted = fit_each(method, [handed_in[i] for i in same], rngs)
        models += list(zip(same, fitted, strict=True))
    won: list[int] = []
    true: list[float] = []
    for i, model in sorted(models, key=lambda pair: pair[0]):
        people = splits[i].held_out
        rows = np.arange(len(people))
        some, rest = (people.take(at) for at in np.split(rows, [held_out]))
        if isinstance(model, FitFailedError):
            won, true = [*won, 0], [*true, 0.0]
            continue
        if held_out:
            won.append(round(measure_success(strategy.goal, model, some, rng) * held_out))
        true.append(measure_success(strategy.goal, model, rest, rng))
    return won, true


def print_table(found: Sequence[Coverage]) -> None:
    """Print the rows for people."""
    from rich.console import Console
    from rich.table import Table as Lines

    lines = Lines(title=f"{RUNS} rehearsals a table; confidence {1 - DELTA:g}")
    for name in vars(found[0]):
        lines.add_column(name.replace("_", " "))
    for row in found:
        values = vars(row).values()
        lines.add_row(*(f"{v:.3f}" if isinstance(v, float) else str(v) for v in values))
    Console(width=None if sys.stdout.isatty() else 140).print(lines)


def main() -> None:
    """Measure every world against every learner, and print."""
    parser = parser_of("benchmarks.rehearsal", __doc__)
    parser.add_argument("--tables", type=int, default=40, help="draws of members")
    parser.add_argument("--others", type=int, default=60, help="platforms on other people")
    parser.add_argument("--world", type=int, action="append", help="by its number; else all")
    given = parser.parse_args()
    found = []
    for at in given.world or range(len(WORLDS)):
        for learner in LEARNERS:
            world = WORLDS[at]
            with status(f"{world.draw.__name__}, {learner}"):
                rng = np.random.default_rng(0)
                found.append(coverage(world, learner, given.tables, given.others, rng))
    if given.json:
        print(json.dumps({"rows": [vars(row) for row in found]}))
    else:
        print_table(found)


if __name__ == "__main__":
    main()
