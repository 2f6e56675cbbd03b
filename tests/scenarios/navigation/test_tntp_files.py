"""Which file of a folder is which, by its name."""

from pathlib import Path

import pytest

from quorate.errors import InputError
from quorate.scenarios.navigation.network_sources import Tntp
from quorate.scenarios.navigation.tntp import read_network
from quorate.scenarios.navigation.tntp_files import find_file

NET = """<NUMBER OF ZONES> 2\n<NUMBER OF NODES> 2\n<FIRST THRU NODE> 1\n<NUMBER OF LINKS> 2
<END OF METADATA>
1 2 9 1 1 0.15 4 ;
2 1 9 1 1 0.15 4 ;
"""
TRIPS = "<NUMBER OF ZONES> 2\n<TOTAL OD FLOW> 3\n<END OF METADATA>\nOrigin 1\n 2 : 3;\n"


def write(folder: Path, *names: str) -> None:
    """Write files whose content goes by what their name ends with."""
    for name in names:
        content = TRIPS if "trips" in name.lower() else NET
        (folder / name).write_text("Node X Y\n1 0 0\n2 3 4\n" if "ode" in name else content)


@pytest.mark.parametrize(
    ("net", "trips", "name"),
    [
        ("Anaheim_net.tntp", "Anaheim_trips.tntp", "Anaheim"),
        ("Winnipeg-Big_net.tntp", "Winnipeg-Big_trips.tntp", "Winnipeg-Big"),
        ("Birmingham_Net.tntp", "Birmingham_Trips.tntp", "Birmingham"),
        ("Goldcoast_network_2016_01.tntp", "Goldcoast_trips_2016_01.tntp", "Goldcoast"),
        ("Austin_net.tntp", "Austin_trips_am.tntp", "Austin"),
        ("TOWN_NET.TNTP", "TOWN_TRIPS.TNTP", "TOWN"),
        ("town_network.tntp", "town_Trips.tntp", "town"),
        ("my_net_2_net.tntp", "my_net_2_trips.tntp", "my_net_2"),
    ],
)
def test_names_that_files_have(tmp_path: Path, net: str, trips: str, name: str) -> None:
    write(tmp_path, net, trips)
    network = read_network(tmp_path)
    assert (network.name, network.links, network.trips.sum()) == (name, 2, 3)
    assert Tntp(str(tmp_path)).fingerprint().isalnum()


def test_places_in_files_of_other_names(tmp_path: Path) -> None:
    write(tmp_path, "Town_net.tntp", "Town_trips.tntp")
    before = Tntp(str(tmp_path)).fingerprint()
    write(tmp_path, "Town_Nodes.tntp")
    places = read_network(tmp_path).places
    assert places is not None
    assert places.tolist() == [[0, 0], [3, 4]]
    assert Tntp(str(tmp_path)).fingerprint() == before  # nothing that is measured goes by them
    write(tmp_path, "Town_node.tntp")
    assert Tntp(str(tmp_path)).fingerprint() != before  # as it always was


def test_the_usual_name_comes_first(tmp_path: Path) -> None:
    write(tmp_path, "Town_net.tntp", "Town_net_old.tntp", "Town_Trips.tntp")
    assert find_file(tmp_path, "net").name == "Town_net.tntp"
    assert read_network(tmp_path).notes == ()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), r"one file \*_trips.tntp in the folder .*, got none. Give a folder with one network"),
        (("Town_trips_am.tntp", "Town_trips_pm.tntp"), "got Town_trips_am.tntp, Town_trips_pm.tn"),
        (("Town_trips.tntp.zip",), "got none. Unpack Town_trips.tntp.zip."),
    ],
)
def test_files_that_are_not_there_once(tmp_path: Path, names: tuple[str, ...], said: str) -> None:
    write(tmp_path, "Town_net.tntp", *names)
    with pytest.raises(InputError, match=said):
        read_network(tmp_path)
