"""What TNTP files say of costs beyond times: used, told in the result, or refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from quorate.errors import InputError
from quorate.executors.serial import SERIAL
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.network_sources import make_network_source
from quorate.scenarios.navigation.tntp import network_fingerprint
from quorate.scenarios.scenario import run_scenario

# Zones 1 and 2; two ways, by node 3, as fast as empty but with a toll of 30, and by node 4.
FACTS = "<NUMBER OF ZONES> 2\n<NUMBER OF NODES> 4\n<FIRST THRU NODE> 3\n<NUMBER OF LINKS> 4\n{}"
COLUMNS = "~ init_node term_node capacity length free_flow_time b power speed toll {} ;\n"
LINKS = (
    "1 3 900 2 1 0.15 4 40 30 {} ;",
    "3 2 900 3 2 0.15 4 40 0 {} ;",
    "1 4 900 1 2 0.15 4 40 0 {} ;",
    "4 2 900 1 3 0.15 4 40 0 {} ;",
)
TRIPS = "<NUMBER OF ZONES> 2\n<TOTAL OD FLOW> 9\n<END OF METADATA>\nOrigin 1\n 2 : 9;\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes a network and returns its folder."""
    folder = tmp_path / "town"
    folder.mkdir()

    def written(
        facts: str = "",
        last: str = "link_type",
        values: tuple[int, ...] = (1, 1, 1, 1),
        net: str = "Town_net.tntp",
        **files: str,
    ) -> Path:
        rows = "\n".join(link.format(one) for link, one in zip(LINKS, values, strict=True))
        text = FACTS.format(facts) + "<END OF METADATA>\n" + COLUMNS.format(last) + rows
        (folder / net).write_text(text)
        (folder / "Town_trips.tntp").write_text(TRIPS)
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_text(content)
        return folder

    return written


def read(folder: Path, more: str = "") -> Network:
    return make_network_source(f"tntp:path={folder}{more}").network()


def test_factors_of_the_file_are_used(write: Write) -> None:
    network = read(write("<TOLL FACTOR> 0.1\n<DISTANCE_FACTOR> 0.5\n"))
    assert network.fixed_cost is not None
    assert network.fixed_cost.tolist() == [0.1 * 30 + 0.5 * 2, 1.5, 0.5, 0.5]
    assert network.cost_terms == ("time", "0.1 × toll", "0.5 × distance")
    assert network.notes == ()
    # by time the way by node 3 takes 3, the other 5; with what else they cost, 8.5 and 6
    trees = network.shortest_paths().trees(network.costs(network.free_flow_time))
    assert trees.distance[0, 1] == 6
    assert trees.load(network.trips).tolist() == [0, 0, 9, 9]


def test_factors_that_are_given_come_before_those_of_the_file(write: Write) -> None:
    network = read(write("<TOLL FACTOR> 0.1\n"), ",toll_factor=0.2,distance_factor=0.01")
    assert network.fixed_cost is not None
    assert network.fixed_cost.tolist() == [0.2 * 30 + 0.01 * 2, 0.03, 0.01, 0.01]
    none = read(write("<TOLL FACTOR> 0.1\n"), ",toll_factor=0")
    assert none.fixed_cost is not None
    assert none.fixed_cost.tolist() == [0, 0, 0, 0]
    assert (none.cost_terms, none.notes) == (("time",), ())  # somebody decided so


def test_tolls_without_a_factor_are_named(write: Write) -> None:
    folder = write()
    (note,) = read(folder).notes
    assert note == (
        "Drivers go by time alone, without the network's toll. No factor is given: to count what "
        f"they cost, use --network tntp:path={folder},toll_factor=NUMBER."
    )
    write(README__md="## Generalized Cost Weights\nToll: 0.02 minutes/cent\nDistance: 0.04 m\n\n")
    (note,) = read(folder).notes
    assert note.endswith(f"tntp:path={folder},toll_factor=0.02,distance_factor=0.04.")
    assert read(folder, note.partition(str(folder))[2].rstrip(".")).cost_terms == (
        *("time", "0.02 × toll", "0.04 × distance"),
    )
    write(README__md="## Generalized Cost Weights\nToll: 0\nDistance:\n\n## Trips\nToll: 5\n")
    assert "toll_factor=NUMBER" in read(folder).notes[0]
    write(README__md="## Generalized Cost Weights\n - **Toll**: .5 min\nDistance:\n\n3 zones\n")
    assert read(folder).notes[0].endswith(f"tntp:path={folder},toll_factor=0.5.")
    (folder / "README.txt").mkdir()  # no file: as if it were not there
    assert read(folder).notes[0].endswith(f"tntp:path={folder},toll_factor=0.5.")


def test_a_file_without_names_of_columns_has_its_tolls_where_they_usually_are(
    write: Write,
) -> None:
    folder = write()
    file = folder / "Town_net.tntp"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(line for line in lines if not line.startswith("~")))
    assert "without the network's toll" in read(folder).notes[0]
    network = read(folder, ",toll_factor=1")
    assert network.fixed_cost is not None
    assert network.fixed_cost.tolist() == [30, 0, 0, 0]


def test_a_toll_factor_that_finds_no_tolls_is_named(write: Write) -> None:
    folder = write("<TOLL FACTOR> 0.1\n")
    file = folder / "Town_net.tntp"
    file.write_text(file.read_text().replace(" toll ", " toll_cents ").replace("0 0 ", "0 30 "))
    nothing, unread = read(folder).notes
    assert nothing == "No link of Town_net.tntp has a toll: the toll factor 0.1 counts for nothing."
    assert unread.startswith("Not used of Town_net.tntp: toll_cents.")  # though all are equal
    file.write_text(file.read_text().replace(" toll_cents ", " toll ").replace("0 30 ", "0 0 "))
    assert read(folder).notes == ()  # a file of which every toll is 0 says what it means
    (nothing,) = read(folder, ",toll_factor=0.2").notes  # who asks for it believes in tolls
    assert "the toll factor 0.2 counts for nothing" in nothing


@pytest.mark.parametrize(
    ("facts", "change", "said"),
    [
        ("<TOLL FACTOR> much\n", "", r"a number of zero or more after <TOLL FACTOR> in .*'much'"),
        ("<TOLL FACTOR> -1\n", "", r"after <TOLL FACTOR> in .*'-1'"),
        ("<TOLL FACTOR> 1\n", "free", "numbers of zero or more in the column toll of"),
    ],
)
def test_factors_and_tolls_that_are_no_numbers(
    write: Write, facts: str, change: str, said: str
) -> None:
    folder = write(facts)
    file = folder / "Town_net.tntp"
    file.write_text(file.read_text().replace("40 30 ", f"40 {change or 30} "))
    with pytest.raises(InputError, match=said):
        read(folder)


def test_a_factor_below_zero_is_refused() -> None:
    with pytest.raises(InputError, match="Expected toll_factor=-1 to be at least 0"):
        make_network_source("tntp:path=x,toll_factor=-1")


@pytest.mark.parametrize(
    ("given", "sign"),
    [
        ({"net": "Town-Asym_net.tntp"}, "the name Town-Asym_net.tntp"),
        ({"README__md": "Have an asymmetric cost structure"}, "what README.md says of asymmetric"),
        ({"readme__txt": "Travel times are non-separable."}, "what readme.txt says"),
        ({"README__md": "Link costs are NON SEPARABLE"}, "what README.md says"),
        ({"README__md": "All travel time functions are asymmetric."}, "what README.md says"),
        ({"README__md": "It has asymmetric\ntravel times."}, "what README.md says"),
        ({"README__md": "Times depend on the flow on other links"}, "what README.md says"),
        ({"README__md": "Not only this: asymmetric costs."}, "what README.md says"),
        ({"facts": "<COSTS> asymmetric link costs\n"}, "<COSTS> of Town_net.tntp"),
    ],
)
def test_costs_that_are_asymmetric_are_refused(
    write: Write, given: dict[str, str], sign: str
) -> None:
    folder = write(**given)
    with pytest.raises(InputError) as raised:
        read(folder)
    assert f"depends on its own flow, got {sign}" in str(raised.value)
    assert f"use --network tntp:path={folder},separable=true" in str(raised.value)
    network = read(folder, ",separable=true,toll_factor=0")
    assert network.notes[0].startswith("Each link is taken by its own flow alone, although")
    assert sign in network.notes[0]


def test_a_folder_that_is_called_asymmetric_and_a_remark_that_is_none(write: Write) -> None:
    folder = write(README__md="All costs are symmetric. Others: Hessen-Asymmetric | 245\n")
    assert read(folder).links == 4
    write(README__md="No asymmetric costs. Times do not depend on the flow on other links.\n")
    assert read(folder).links == 4
    write(README__md="It is not an asymmetric network: demand is asymmetric, costs are not.\n")
    assert read(folder).links == 4
    for name in ("Town-Asymmetric", "TownAsym", "town_assym", "ASYM-Town"):
        folder = folder.rename(folder.with_name(name))
        with pytest.raises(InputError, match=f"got the name {name}"):
            read(folder)
    for name in ("asymptotics", "Glassyma", "Wassym"):
        folder = folder.rename(folder.with_name(name))
        assert read(folder).links == 4


def test_what_is_not_read_is_named(write: Write) -> None:
    folder = write(last="link_type turn_delay", Town_toll__tntp="1 3 30\n")
    file = folder / "Town_net.tntp"
    lines = file.read_text().splitlines()
    rows = [f"{line.rstrip(' ;')} {number} ;" for number, line in enumerate(lines[-4:])]
    file.write_text("\n".join([*lines[:-4], *rows]))
    assert read(folder, ",toll_factor=0").notes == (
        "Not used of Town_net.tntp: turn_delay. The time of a link is t⁰(1 + b(f/c)ᵖ), of its own "
        "flow f.",
        "Not read: Town_toll.tntp, in the same folder.",
    )


def test_types_of_links_are_named_where_there_are_several(write: Write) -> None:
    (note,) = read(write(values=(0, 1, 1, 1)), ",toll_factor=0").notes
    assert note.startswith("Not used of Town_net.tntp: link_type. ")


def test_capacities_per_lane(write: Write) -> None:
    header = "<ORIGINAL HEADER>~ from to capacity (per lane) length (km) fftt (min) b power\n"
    folder = write(header, "lanes", (2, 1, 3, 1), net="Town_network_2016_01.tntp")
    network = read(folder, ",toll_factor=0")
    assert network.capacity.tolist() == [1800, 900, 2700, 900]
    assert network.notes == (
        "Capacities in Town_network_2016_01.tntp are per lane and are multiplied by the lanes.",
    )
    assert (network.name, network.time_unit) == ("Town", "min")
    (folder / "Town_network_2016_01.tntp").unlink()
    without = read(write(header), ",toll_factor=0")
    assert without.capacity.tolist() == [900] * 4
    assert "no column tells the lanes" in without.notes[0]
    (folder / "Town_net.tntp").unlink()
    total = read(write(header.replace("(per lane)", ""), "lanes", (2, 1, 3, 1)), ",toll_factor=0")
    assert total.capacity.tolist() == [900] * 4  # of the whole link: lanes are another column
    assert total.notes[0].startswith("Not used of Town_net.tntp: lanes.")


def test_ids_change_only_where_the_files_change_what_drivers_go_by(write: Write) -> None:
    plain = network_fingerprint(write())
    assert len(plain) == 16  # the digest alone, as it always was
    assert network_fingerprint(write("<TOLL FACTOR> 0\n")).isalnum()
    assert network_fingerprint(write("<TOLL FACTOR> 0.1\n")).endswith(" (0.1 × toll)")
    lanes = write("<ORIGINAL HEADER>~ capacity (per lane)\n", "lanes", (1, 2, 1, 1))
    assert network_fingerprint(lanes).endswith(" (capacity × lanes)")


def test_the_result_says_what_counts(write: Write) -> None:
    given = {"name": "navigation", "neighbourhood": "4", "days": 1, "reports": "0"}
    found = run_scenario(
        {**given, "network": f"tntp:path={write()},toll_factor=0.1"}, None, SERIAL
    ).result
    assert found.to_json()["cost_terms"] == ["time", "0.1 × toll"]
    assert found.to_json()["network_notes"] == []
    assert found.summary()[-1] == (
        "Drivers choose by time + 0.1 × toll, in the file's unit of time; times here are times "
        "alone."
    )
    assert found.to_json()["through_flow"]["before"] == 9
