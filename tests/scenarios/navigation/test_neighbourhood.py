"""Whose streets they are, and who drives through them: a grid of three by three, by hand.

7 8 9
4 5 6      all streets both ways, 24 links
1 2 3
"""

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.scenarios.navigation.grid_city import GridCity
from quorate.scenarios.navigation.neighbourhood import divide_rest, make_neighbourhood
from quorate.scenarios.navigation.routes import Routes

CITY = GridCity(rows=3, columns=3).network()


def test_streets_lead_to_it() -> None:
    own = make_neighbourhood(CITY, (5, 2))
    ends = {(CITY.tail[k] + 1, CITY.head[k] + 1) for k in np.flatnonzero(own.streets)}
    assert ends == {(4, 5), (6, 5), (8, 5), (2, 5), (1, 2), (3, 2), (5, 2)}
    assert own.gates.sum() == 5  # all but those between 2 and 5


def test_who_drives_through() -> None:
    own = make_neighbourhood(CITY, (5,))
    routes = Routes(CITY)
    straight = np.where((CITY.head == 4) | (CITY.tail == 4), 1.0, 10.0)
    routes.grow(straight)
    flow = np.zeros(len(routes))
    for pair, (origin, end) in enumerate(zip(routes.origin + 1, routes.end + 1, strict=True)):
        route = np.flatnonzero(routes.pair == pair)[0]
        if (origin, end) in {(4, 6), (2, 8), (5, 6), (4, 5)}:  # two of them end or begin there
            flow[route] = 7
    assert own.through_flow(routes, flow) == 14
    assert make_neighbourhood(CITY, (1,)).through_flow(routes, flow) == 0


def test_the_rest_of_the_city() -> None:
    own = make_neighbourhood(CITY, (4, 5))
    pieces = [(part.nodes + 1).tolist() for part in divide_rest(own)]
    assert pieces == [[1, 2], [3, 6], [7, 8], [9]]  # as large as it is, each in one piece
    named = divide_rest(own, [(3, 4), (0, 1)])
    assert [(part.nodes + 1).tolist() for part in named] == [[1, 2]]  # (4, 5) is its own


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((), "one node or more, got none"),
        ((5, 10), "known node of grid, got '10'"),
        ((0,), "known node of grid, got '0'"),
        ((5, 5), "each node once"),
        (tuple(range(1, 10)), "all of its 9 nodes"),
    ],
)
def test_no_neighbourhood(numbers: tuple[int, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_neighbourhood(CITY, numbers)
