"""The worst-case platform: by hand, and against the worst that theory finds in the same data."""

import itertools

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.learners.theoretical.worst_case import WorstCase
from quorate.populations.digits import Digits
from quorate.populations.finite import Finite
from quorate.populations.gaussian import Gaussian
from quorate.signals.columns import Columns
from quorate.strategies.planting import Planting
from quorate.strategies.planting_features import PlantingFeatures
from quorate.studies.trial import submit
from quorate.table import Column, Submission, Table
from quorate.theory.finite import signal_quantities
from quorate.theory.planting import planting_bound

rng = np.random.default_rng(0)  # nothing is drawn from it


def people(values: list[int], labels: list[int], v: int = 3) -> Table:
    """Return people of one column x with v values."""
    names = tuple(map(str, range(v)))
    x = np.eye(v, dtype=np.float32)[values]
    return Table(x, np.array(labels), ("no", "yes"), columns=(Column("x", 0, names),))


def test_by_hand() -> None:
    # Ten people; the last three go to value 2 and claim "yes", where two honest ones say "no".
    honest = people([0] * 5 + [2, 2] + [0, 1, 1], [0, 0, 0, 1, 1, 0, 0, 1, 0, 0])
    member = np.arange(10) >= 7
    data = Submission(honest, people([2, 2, 2], [1, 1, 1]), member)
    every = np.eye(3, dtype=np.float32)
    # At value 2: three "yes", two "no": a margin of .1. Value 1 was seen by nobody now: "no".
    assert WorstCase(0.04).fit(data, rng).predict(every).tolist() == [0, 0, 1]
    lost = WorstCase(0.05).fit(data, rng)  # c = .1: just enough
    assert lost.predict(every).tolist() == [0, 0, 0]
    assert lost.record == {"budget": 0.1, "spent": pytest.approx(0.1), "signalled": 1, "lost": 1}
    # huber: c = .09/.91 = .0989 is not enough, .1/.9 is.
    assert WorstCase(0.09, "huber").fit(data, rng).predict(every)[2] == 1
    assert WorstCase(0.1, "huber").fit(data, rng).predict(every)[2] == 0


def test_ties_go_against_the_collective_and_nobody_acting_is_a_bayes_platform() -> None:
    honest = people([0, 0, 1, 1, 2], [1, 1, 1, 0, 0])
    member = np.array([False, False, False, True, False])
    tied = Submission(honest, people([2], [1]), member)  # one "yes" against one "no" at value 2
    assert WorstCase().fit(tied, rng).predict(people([2], [0]).x).tolist() == [0]
    nobody = WorstCase(0.4).fit(Submission.without_collective(honest), rng)
    assert nobody.predict(np.eye(3, dtype=np.float32)).tolist() == [1, 0, 0]
    assert nobody.record["signalled"] == 0


def test_success_is_the_worst_of_all_platforms_near_the_data() -> None:
    """Every labelling of the signalled values that the budget affords is tried."""
    draw, between = np.random.default_rng(1), 0
    for _ in range(300):
        n, v = int(draw.integers(5, 40)), 6
        honest = people(draw.integers(0, v, n).tolist(), draw.integers(0, 2, n).tolist(), v)
        member = draw.random(n) < draw.uniform(0.1, 0.9)
        if not member.any():
            continue
        to = draw.integers(3, v, member.sum())  # three signalled values
        data = Submission(honest, people(to.tolist(), [1] * len(to), v), member)
        eps = float(draw.uniform(0, 0.2))
        mixed = data.mixed()
        ahead = np.array(
            [2 * mixed.y[mixed.x[:, x] == 1].sum() - (mixed.x[:, x] == 1).sum() for x in range(v)]
        )
        own = honest.take(member)
        moved = (own.x != data.changed.x).any(axis=1) | (own.y != 1)
        came = np.bincount(to[moved], minlength=v)
        best = 0
        for lost in itertools.product((False, True), repeat=3):
            values = [x for x, gone in zip(range(3, v), lost, strict=True) if gone]
            if sum(max(0, ahead[x]) for x in values) <= 2 * eps * n:
                best = max(best, sum(came[x] for x in values))
        model = WorstCase(eps).fit(data, rng)
        answers = model.predict(np.eye(v, dtype=np.float32))
        given_up = sum(came[x] for x in range(3, v) if came[x] and answers[x] == 0)
        assert given_up == best
        between += 0 < best < came.sum()
    assert between > 50


@pytest.mark.parametrize("strategy", [Planting, PlantingFeatures])
def test_it_is_near_optimal_for_honest_people_and_hard_on_the_collective(strategy) -> None:
    population = Finite(n=4000, held_out=4000, values=6, concentration=2)
    split = population.split(np.random.default_rng(2))
    plan = strategy(target="1", signal=Columns({"x": "3"}))
    successes = []
    for eps in (0.0, 0.02, 0.3):
        data = submit(split.train, plan, 0.3, np.random.SeedSequence(0))
        model = WorstCase(eps).fit(data, rng)
        successes.append(plan.goal.success(model, split.held_out, rng))
    assert successes == sorted(successes, reverse=True)
    assert successes[-1] == 0


def test_a_simulated_curve_is_not_below_the_bound() -> None:
    """One signalled value: it is won wherever the bound, of the people drawn, promises anything."""
    population = Finite(n=3000, held_out=100, values=8, concentration=1)
    split, said = population.split(np.random.default_rng(3)), 0
    for value, eps, alpha in itertools.product(range(8), (0.0, 0.01, 0.05), (0.05, 0.2, 0.5)):
        plan = Planting(target="1", signal=Columns({"x": str(value)}))
        data = submit(split.train, plan, alpha, np.random.SeedSequence(1))
        success = plan.goal.success(WorstCase(eps).fit(data, rng), split.held_out, rng)
        others = split.train.take(~data.member)  # P_0 of those who do not act
        counts = np.zeros((8, 2))
        np.add.at(counts, (others.x.argmax(axis=1), others.y), 1 / len(others))
        q = signal_quantities(counts, np.full(8, value), 1)
        bound = planting_bound(data.alpha, q.xi, q.delta, eps)
        assert success >= bound - 1e-12
        said += bound > 0
    assert said > 20


def test_what_has_no_finite_law_is_refused() -> None:
    for population, what in ((Digits(n=50), "images"), (Gaussian(n=50), "column '.*', a number")):
        honest = population.split(np.random.default_rng(0)).train
        with pytest.raises(InputError, match=f"finitely many feature values, got {what}"):
            WorstCase().check(honest)
    bare = Table(np.zeros((2, 1), np.float32), np.array([0, 1]), ("no", "yes"))
    with pytest.raises(InputError, match="features without columns"):
        WorstCase().fit(Submission.without_collective(bare), rng)
    with pytest.raises(InputError, match="eps=1"):
        WorstCase(eps=1.0)
    with pytest.raises(InputError, match="reading"):
        WorstCase(reading="l2")  # type: ignore[arg-type]
