"""Routes are found, kept and loaded; steps towards faster ones keep every driver."""

import dataclasses
import itertools

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.scenarios.navigation.grid_city import GridCity
from quorate.scenarios.navigation.routes import Routes

CITY = GridCity(rows=3, columns=3).network()


def naive_fastest(times: np.ndarray, origin: int, end: int) -> float:
    """Return the least time over all paths without a node twice."""
    best, waiting = np.inf, [((origin,), 0.0)]
    while waiting:
        nodes, spent = waiting.pop()
        if nodes[-1] == end:
            best = min(best, spent)
            continue
        for link in np.flatnonzero(CITY.tail == nodes[-1]):
            head = int(CITY.head[link])
            if head not in nodes:
                waiting.append(((*nodes, head), spent + times[link]))
    return float(best)


def test_the_fastest_route_of_each_pair() -> None:
    rng = np.random.default_rng(1)
    routes = Routes(CITY)
    for _ in range(3):
        times = rng.uniform(1, 5, CITY.links)
        routes.grow(times)
        least = routes.least(routes.costs(times))
        pairs = zip(routes.origin, routes.end, strict=True)
        for number, (origin, end) in itertools.islice(enumerate(pairs), 0, None, 5):
            assert least[number] == pytest.approx(naive_fastest(times, origin, end))
    assert routes.grow(times) == 0  # they are known
    assert len(routes) > len(routes.demand)


def test_a_route_that_was_left_and_comes_back_is_known() -> None:
    routes, rng = Routes(CITY), np.random.default_rng(5)
    several = [rng.uniform(1, 5, CITY.links) for _ in range(4)]
    found = [routes.grow(times) for times in several]
    assert found[0] == len(routes.demand)
    assert min(found) > 0
    uses = [tuple(routes.costs(row) for row in np.eye(CITY.links))]
    assert len(set(zip(routes.pair, *uses[0], strict=True))) == len(routes)  # none is there twice
    assert [routes.grow(times) for times in several] == [0, 0, 0, 0]
    flow = rng.uniform(0, 9, len(routes))
    by_link = [float(flow @ used) for used in uses[0]]  # another order of the same few sums
    assert routes.load(flow) == pytest.approx(by_link, rel=1e-12)


def test_a_copy_grows_alone() -> None:
    routes = Routes(CITY)
    routes.grow(CITY.free_flow_time)
    before, same = len(routes), routes.copy()
    assert same.grow(np.random.default_rng(2).uniform(1, 9, CITY.links)) > 0
    assert len(routes) == before
    assert len(routes.costs(CITY.free_flow_time)) == before
    assert same.widen(np.ones(before)).sum() == before


def test_a_step_leads_to_the_cheapest_and_keeps_everyone() -> None:
    rng = np.random.default_rng(3)
    routes = Routes(CITY)
    for _ in range(4):
        routes.grow(rng.uniform(1, 5, CITY.links))
    flow = rng.uniform(0, 9, len(routes))
    costs = routes.costs(rng.uniform(1, 5, CITY.links))
    after = routes.shift(flow, costs, np.ones(len(routes)))
    assert (after >= 0).all()
    assert routes.by_pair(after) == pytest.approx(routes.by_pair(flow))
    assert after @ costs < flow @ costs
    whole = routes.shift(flow, costs, np.full(len(routes), 1e-9))
    is_cheapest = np.isin(np.arange(len(routes)), routes.cheapest(costs))
    assert whole[~is_cheapest].max() == 0


def test_the_bound_of_a_step_lies_above_the_second_derivative() -> None:
    rng = np.random.default_rng(4)
    routes = Routes(CITY)
    for _ in range(4):
        routes.grow(rng.uniform(1, 5, CITY.links))
    slopes = rng.uniform(0, 2, CITY.links)
    uses = np.stack([routes.costs(row) for row in np.eye(CITY.links)], axis=1)  # (k, l)
    hessian = uses @ np.diag(slopes) @ uses.T
    for _ in range(5):
        weights = rng.uniform(0.01, 1, len(routes))
        bound = np.diag(routes.stiffness(slopes, weights)[0])
        assert np.linalg.eigvalsh(bound - hessian).min() > -1e-9 * np.abs(bound).max()  # rounding


def test_nobody_to_lead_anywhere_is_answered() -> None:
    nobody = dataclasses.replace(CITY, trips=np.zeros_like(CITY.trips))
    with pytest.raises(InputError, match="Expected demand between the zones of grid, got none"):
        Routes(nobody)
