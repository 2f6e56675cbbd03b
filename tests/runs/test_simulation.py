"""The simulation of a run on many workers: what is known in closed form, and what always holds."""

from __future__ import annotations

import math

import pytest
from benchmarks.executors_simulation import Costs, saturation, simulate
from hypothesis import given, settings
from hypothesis import strategies as st

SECONDS = st.floats(0.001, 100)
STACKS = st.lists(st.lists(SECONDS, min_size=1, max_size=4), min_size=1, max_size=60)
COSTS = st.builds(
    Costs,
    message=st.floats(0, 1),
    cell=st.floats(0, 1),
    store=st.floats(0, 1),
    travel=st.floats(0, 1),
    start=st.floats(0, 1),
    turn=st.floats(0, 10),
    queued=st.sampled_from([1, 2]),
)


@given(stacks=STACKS, workers=st.integers(1, 600), costs=COSTS)
@settings(max_examples=200, deadline=None)
def test_every_cell_is_stored_once_and_no_time_is_won(
    stacks: list[list[float]], workers: int, costs: Costs
) -> None:
    found = simulate(stacks, workers, costs)
    cells = sum(map(len, stacks))
    work = sum(map(sum, stacks))
    assert found.cells == cells
    assert found.work == pytest.approx(work)  # sums of floats in another order, here and below
    least = max(work / workers, max(map(sum, stacks)), found.busy)
    assert found.makespan >= least * (1 - 1e-9)
    # everything one after another
    most = work + found.busy + found.messages * (costs.travel + costs.start)
    assert found.makespan <= most * (1 + 1e-9)
    assert found.messages <= len(stacks) * 2
    assert 0 < found.efficiency <= 1 + 1e-9


@given(stacks=STACKS)
@settings(deadline=None)
def test_one_worker_without_costs_takes_the_serial_time(stacks: list[list[float]]) -> None:
    assert simulate(stacks, 1, Costs()).makespan == pytest.approx(sum(map(sum, stacks)))


def test_one_worker_pays_for_every_message() -> None:
    costs = Costs(message=0.5, cell=0.25, store=0.125, travel=1.0, start=2.0, turn=5.0)
    found = simulate([[10.0, 10.0]] * 3, 1, costs)  # longer than a turn: one stack a message
    assert found.messages == 3
    assert found.busy == 3 * 0.5 + 6 * (0.25 + 0.125)
    # all but the last is stored while the worker has the next
    assert found.makespan == 3 * (0.5 + 2 * 0.25 + 1.0 + 2.0 + 20.0) + 2 * 0.125


@pytest.mark.parametrize(("stacks", "workers", "rounds"), [(12, 4, 3), (13, 4, 4), (3, 512, 1)])
def test_equal_stacks_take_whole_rounds(stacks: int, workers: int, rounds: int) -> None:
    assert simulate([[6.0]] * stacks, workers, Costs()).makespan == rounds * 6.0


@given(
    stacks=st.lists(st.floats(6, 100).map(lambda one: [one]), min_size=1, max_size=40),
    workers=st.integers(1, 50),
)
@settings(deadline=None)
def test_another_worker_does_no_harm(stacks: list[list[float]], workers: int) -> None:
    few, more = (simulate(stacks, one, Costs(turn=5.0)) for one in (workers, workers + 1))
    assert more.makespan <= few.makespan + 1e-9  # sums of floats


def test_the_one_writer_saturates_where_it_is_said_to() -> None:
    """A cell of 10 ms at 1 ms of the writer: 10 workers; beyond them the writer sets the pace."""
    costs = Costs(store=0.001, turn=5.0)
    assert saturation(costs, 0.01, 64) == pytest.approx(10)
    slow, fast = (simulate([[0.01]] * 40_000, one, costs) for one in (2, 100))
    assert slow.efficiency > 0.95
    assert fast.rate == pytest.approx(1000, rel=0.02)  # the first and the last answers
    assert fast.efficiency < 0.11


def test_messages_carry_more_as_they_prove_short() -> None:
    found = simulate([[0.001]] * 10_000, 2, Costs(message=0.01, turn=5.0))
    assert found.messages < 10_000 / 32
    assert math.isclose(found.busy, found.messages * 0.01)
