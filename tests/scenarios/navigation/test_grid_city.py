"""The generated city: its streets, who drives, and that cutting through pays."""

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.scenarios.navigation.equilibrium import user_equilibrium
from quorate.scenarios.navigation.grid_city import GridCity


def test_a_small_city_worked_by_hand() -> None:
    # Nodes 1 2 3 / 4 5 6 from the south; with every=2 rows 1 and columns 1 and 3 are arterials.
    city = GridCity(rows=2, columns=3, every=2, crossing=10, local=1).network()
    arterial = {frozenset(pair) for pair in ((0, 1), (1, 2), (0, 3), (2, 5))}
    links = list(zip(city.tail.tolist(), city.head.tolist(), strict=True))
    assert len(links) == len(set(links)) == 14  # 7 streets, both ways
    for link, time, capacity in zip(links, city.free_flow_time, city.capacity, strict=True):
        fast = frozenset(link) in arterial
        assert time == pytest.approx(0.45 if fast else 0.6)  # 0.3 km at 40 and 30 km/h, in minutes
        assert capacity == (1200 if fast else 500)
    # North and south: 10 from each of the 3 to each of the opposite 3. East and west: each of 2 to
    # each opposite 2, so that nodes 1 and 6, in both, have 20 and one more local trip.
    assert city.trips[0].tolist() == [0, 1, 11, 11, 11, 21]
    assert city.trips[1].tolist() == [1, 0, 1, 11, 11, 11]
    assert city.trips.sum() == 30 * 1 + 2 * 9 * 10 + 2 * 4 * 10
    assert city.places is not None
    assert city.places[4] == pytest.approx([0.3, 0.3])


def test_neighbourhoods_lie_between_arterials() -> None:
    assert GridCity().blocks() == (
        (8, 9, 15, 16),
        (11, 12, 18, 19),
        (29, 30, 36, 37),
        (32, 33, 39, 40),
    )
    assert GridCity(rows=3, columns=2).blocks() == ((3, 5),)
    assert GridCity(every=1).blocks() == ()


def test_at_the_defaults_drivers_cut_through_every_neighbourhood() -> None:
    city = GridCity()
    network = city.network()
    for block in city.blocks():
        inside = np.isin(np.arange(network.nodes), block)
        through = network.trips * np.outer(~inside, ~inside)
        found = user_equilibrium(network, trips=np.stack([through, network.trips - through]))
        enters = inside[network.head] & ~inside[network.tail]
        # Of some 2,700 vehicles an hour three quarters have no business there.
        assert found.classes[0][enters].sum() > 0.5 * found.flow[enters].sum() > 1000


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rows": 1}, "Expected rows=1 to be at least 2. A street needs two ends."),
        ({"columns": 0}, "Expected columns=0 to be at least 2."),
        ({"every": 0}, "Expected every=0 in [1, 2500]. Use 1 where every street is an arterial."),
        ({"every": 10**20}, "Expected every=1e+20 in [1, 2500]."),
        ({"rows": 10**6}, "Expected rows·columns=7e+06 in [4, 2500]. Build a smaller city."),
        ({"local": -1.0}, "Expected local=-1 to be at least 0."),
        ({"crossing": -1.0}, "Expected crossing=-1 to be at least 0."),
        ({"crossing": 0.0, "local": 0.0}, "Expected trips, got crossing=0 and local=0."),
        ({"block": 0.0}, "Expected block=0 to be a positive finite number. Use km and km/h"),
        ({"street_speed": -3.0}, "Expected street_speed=-3 to be a positive finite number."),
        ({"arterial_capacity": 0.0}, "Expected arterial_capacity=0 to be a positive finite"),
    ],
)
def test_bad_cities(given: dict[str, float], message: str) -> None:
    with pytest.raises(InputError) as raised:
        GridCity(**given)  # type: ignore[arg-type]
    assert message in str(raised.value)
