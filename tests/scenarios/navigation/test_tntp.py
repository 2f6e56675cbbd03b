"""TNTP files: what is read from them, and every way to be malformed."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.scenarios.navigation.tntp import read_flow, read_network

NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 3
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 4
<ORIGINAL HEADER>~ Tail Head Capacity (veh/h) Length (ft) Free Flow Time (min) B Power ;
<END OF METADATA>


~\tinit_node\tterm_node\tcapacity\tlength\tfree_flow_time\tb\tpower\tspeed\ttoll\ttype\t;
\t1\t3\t900\t5280\t1.5\t0.15\t4\t40\t0\t1\t;
\t3\t2\t800\t100\t2\t0.2\t3\t40\t0\t1\t;

\t2\t3\t700\t100\t2\t0.15\t4\t40\t0\t1\t;
\t3\t1\t600\t100\t2.5\t0.15\t4\t40\t0\t1\t;
"""
TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW> 12.5
<END OF METADATA>

Origin \t1
    1 :      1.0;     2 :    7.0;
Origin 2
    1 :   4.5;
"""
FLOW = (
    "From \tTo \tVolume \tCost \n3 \t1 \t4.5 \t2\n1 \t3 \t7 \t1\n2 \t3 \t4.5 \t2\n3 \t2 \t7 \t2\n"
)
NODES = "Node\tX\tY\t;\n2\t5\t6\t;\n1\t3.5\t4\t;\n3\t7\t8\t;\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes a folder of files, some of them changed, and returns it."""

    def written(**changed: str) -> Path:
        texts = {"net": NET, "trips": TRIPS, "flow": FLOW, **changed}
        for kind, text in texts.items():
            (tmp_path / f"Town_{kind}.tntp").write_text(text)
        return tmp_path

    return written


def test_a_folder_is_read(write: Write) -> None:
    network = read_network(write())
    assert network.name == "Town"
    assert network.tail.tolist() == [0, 2, 1, 2]
    assert network.head.tolist() == [2, 1, 2, 0]
    assert network.capacity.tolist() == [900, 800, 700, 600]
    assert network.length.tolist() == [5280, 100, 100, 100]
    assert network.free_flow_time.tolist() == [1.5, 2, 2, 2.5]
    assert network.b.tolist() == [0.15, 0.2, 0.15, 0.15]
    assert network.power.tolist() == [4, 3, 4, 4]
    assert network.trips.tolist() == [[0, 7], [4.5, 0]]  # within zone 1 nobody uses a link
    assert (network.first_through_node, network.nodes) == (2, 3)
    assert network.time_unit == "min"
    assert network.places is None
    assert read_network(write(), "mine", "h").time_unit == "h"


def test_flows_come_in_the_order_of_the_network(write: Write) -> None:
    folder = write()
    assert read_flow(folder / "Town_flow.tntp", read_network(folder)).tolist() == [7, 7, 4.5, 4.5]


def test_parallel_links_have_their_flows_in_the_order_of_the_files(write: Write) -> None:
    net = NET.replace("LINKS> 4", "LINKS> 5") + "\t1\t3\t90\t1\t9\t0.15\t4\t40\t0\t1\t;\n"
    folder = write(net=net, flow=FLOW + "1 3 0.5 9\n")
    flow = read_flow(folder / "Town_flow.tntp", read_network(folder))
    assert flow.tolist() == [7, 7, 4.5, 4.5, 0.5]


def test_a_pair_named_twice_is_told_and_a_line_named_twice_is_refused(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    more = NET.replace("LINKS> 4", "LINKS> 5")
    read_network(write(net=more + "\t1\t3\t90\t1\t9\t0.15\t4\t40\t0\t1\t;\n"))
    assert "joins 1 → 3: they are read as parallel roads" in capsys.readouterr().err
    last = NET.rstrip("\n").splitlines()[-1]
    with pytest.raises(InputError, match="the same line twice"):
        read_network(write(net=f"{more.rstrip()}\n{last}\n"))


def test_places_come_from_a_node_file_as_they_stand(write: Write) -> None:
    places = read_network(write(node=NODES)).places
    assert places is not None
    assert places.tolist() == [[3.5, 4], [5, 6], [7, 8]]


def test_a_node_file_without_all_nodes_places_none(write: Write) -> None:
    assert read_network(write(node=NODES.replace("3\t7", "4\t7"))).places is None


def test_places_from_degrees_are_kilometres(write: Write) -> None:
    folder = write(node=NODES)
    points = {1: (10.0, 60.0), 2: (10.1, 60.0), 3: (10.05, 60.0)}
    features = [
        {"properties": {"id": node}, "geometry": {"type": "Point", "coordinates": at}}
        for node, at in points.items()
    ]
    lines = {"features": [{"properties": {}, "geometry": {"type": "LineString"}}]}
    (folder / "a_links.geojson").write_text(json.dumps(lines))
    (folder / "town.geojson").write_text(json.dumps({"features": features}))
    places = read_network(folder).places
    assert places is not None
    # At 60° a degree of longitude is half as long: 0.05° · 111.2 km · ½ = 2.78 km from the mean.
    assert places == pytest.approx(np.array([[-2.78, 0], [2.78, 0], [0, 0]]), abs=1e-9)


@pytest.mark.parametrize(
    ("kind", "old", "new", "message"),
    [
        ("net", "LINKS> 4", "LINKS> 5", "Expected 5 links in {net}, as <NUMBER OF LINKS> says"),
        ("net", "LINKS> 4", "LINKS>", "Expected <NUMBER OF LINKS> and a whole number from 1 to"),
        ("net", "LINKS> 4", "LINKS> 0", "a whole number from 1 to 100,000 in {net}, got 0"),
        ("net", "ZONES> 2", "ZONES> -3", "Expected <NUMBER OF ZONES> and a whole number"),
        ("net", "ZONES> 2", "ZONES> 9000", "Expected at most 5,000 zones, whose trips fit"),
        ("net", "ZONES> 2", "ZONES> 1e9", "a whole number from 1 to 100,000 in {net}, got 1e9"),
        ("net", "<NUMBER OF ZONES> 2", "", "Expected <NUMBER OF ZONES> and a whole number"),
        ("net", "800\t100", "800\tlong", "Expected 7 numbers or more in line 11 of {net}, got"),
        (
            "net",
            "\t0.15\t4\t40\t0\t1\t;\n\t3\t2",
            ";\n\t3\t2",
            "10 values, one a column that line 9 names, in line 10",
        ),
        ("net", "\t3\t1\t600", "\t3\t0\t600", "whole numbers of nodes from 1 to 3 in {net}, got 0"),
        ("net", "\t3\t1\t600", "\t1e18\t1\t600", "whole numbers of nodes from 1 to 3 in {net}"),
        ("net", "\t3\t1\t600", "\t3.5\t1\t600", "whole numbers of nodes from 1 to 3 in {net}"),
        ("net", "\t1.5\t", "\t-1.5\t", "Expected free_flow_time to be zero or more and finite"),
        ("net", "\t900\t", "\t0\t", "Expected capacity to be positive and finite on every link"),
        ("net", "\t1\t3\t900", "\t2\t3\t900", "Expected a path for all demand of Town, got none"),
        ("trips", "2 :    7.0", "3 :    7.0", "zones 1 to 2 in {trips}, got trips from 1 to 3"),
        ("trips", "Origin \t1", "", "got trips from 0 to 1 in line 6"),
        ("trips", "2 :    7.0", "2 7.0", "Expected 'Origin NUMBER' or 'ZONE : TRIPS;' in line 6"),
        ("trips", "Origin 2", "Origin two", "'Origin NUMBER' or 'ZONE : TRIPS;' in line 7"),
        ("trips", "7.0;", "seven;", "Expected 'Origin NUMBER' or 'ZONE : TRIPS;' in line 6"),
        ("trips", "7.0;", "-7.0;", "Expected 'Origin NUMBER' or 'ZONE : TRIPS;' in line 6"),
        ("trips", "Origin 2\n    1 :   4.5;", "", "<TOTAL OD FLOW> says, got 8. Get the whole"),
    ],
)
def test_malformed_files(write: Write, kind: str, old: str, new: str, message: str) -> None:
    text = {"net": NET, "trips": TRIPS}[kind]
    assert old in text
    folder = write(**{kind: text.replace(old, new)})
    named = {name: folder / f"Town_{name}.tntp" for name in ("net", "trips")}
    with pytest.raises(InputError) as raised:
        read_network(folder)
    assert message.format(**named) in str(raised.value)


# The same links, as other files write them: columns in another order, under other names.
ORDERS = {
    "time before capacity": "~ init_node term_node free_flow_time capacity length b power ;",
    "in words": "~\tTo node\tFrom node\tCapacity (veh/h)\tLength\tFree Flow Time\tPower\tB\t;",
    "in words, without tabs": "~ Init node Term node B Power Free Flow Time Length Capacity Toll ;",
    "without a comment": "head tail capacity length fft beta alpha link_type",
    "as the file once was": "<ORIGINAL HEADER>~ Tail Head Length Capacity Free Flow Time B Power ;",
    "with commas": "~ init_node, term_node, free_flow_time, capacity, length, b, power ;",
    "with units": "~ init_node term_node free_flow_time[min] capacity[veh/h] length[mi] b power ;",
    "by no names": "",
}
KEYS = {
    "time before capacity": "tail head time capacity length b power",
    "in words": "head tail capacity length time power b",
    "in words, without tabs": "tail head b power time length capacity toll",
    "without a comment": "head tail capacity length time power b type",
    "as the file once was": "tail head length capacity time b power",
    "with commas": "tail head time capacity length b power",
    "with units": "tail head time capacity length b power",
    "by no names": "tail head capacity length time b power toll",
}
LINKS = (
    {"tail": 1, "head": 3, "capacity": 900, "length": 5280, "time": 1.5, "b": 0.15, "power": 4},
    {"tail": 3, "head": 2, "capacity": 800, "length": 100, "time": 2, "b": 0.2, "power": 3},
    {"tail": 2, "head": 3, "capacity": 700, "length": 100, "time": 2, "b": 0.15, "power": 4},
    {"tail": 3, "head": 1, "capacity": 600, "length": 100, "time": 2.5, "b": 0.15, "power": 4},
)
TOP = NET[: NET.index("<ORIGINAL")]


def net_in_order(order: str) -> str:
    head = f"{ORDERS[order]}\n" if ORDERS[order] else ""
    rows = [" ".join(str(link.get(key, 7)) for key in KEYS[order].split()) for link in LINKS]
    return f"{TOP}<END OF METADATA>\n~ A town; nothing is named here.\n{head}" + " ;\n".join(rows)


@pytest.mark.parametrize("order", ORDERS)
def test_columns_are_read_by_their_names(write: Write, order: str) -> None:
    network, usual = read_network(write(net=net_in_order(order))), read_network(write(net=NET))
    for name in ("tail", "head", "capacity", "length", "free_flow_time", "b", "power"):
        assert getattr(network, name).tolist() == getattr(usual, name).tolist(), name


def test_the_total_travel_time_does_not_depend_on_the_order_of_columns(write: Write) -> None:
    """7 cars in 1.5 + 2 minutes, 4.5 in 2 + 2.5; hardly any delay at these capacities."""
    usual = read_network(write())
    other = read_network(write(net=net_in_order("time before capacity")))
    flow = np.array([7, 7, 4.5, 4.5])
    assert float(flow @ other.times(flow)) == float(flow @ usual.times(flow))
    assert float(flow @ other.times(flow)) == pytest.approx(44.75, abs=0.001)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("init_node term_node capacity length time b power", "column free_flow_time once in line"),
        ("a b capacity length free_flow_time b power", "Expected the column init_node once in"),
        (
            "from to capacity capacity free_flow_time b power",
            "capacity once in line 7 of {net}, got it twice",
        ),
        ("from to capacity length free_flow_time b", "Expected the column power once in line 7"),
        ("from to capacity length free_flow_time b power toll", "Expected 8 values, one a column"),
        (
            "von nach fahrzeit laenge kapazitaet b power",
            "Expected the names of the columns in line 7 of {net}, as many words as there are",
        ),
        (
            "from to capacity length free_flow_time b power\n"
            "~ from to free_flow_time length capacity b power",
            "named once, above the first row, got names in line 8, after line 7",
        ),
    ],
)
def test_names_that_do_not_fit(write: Write, header: str, message: str) -> None:
    net = net_in_order("by no names").replace(" 7", "").replace("here.\n", f"here.\n~ {header}\n")
    folder = write(net=net)
    with pytest.raises(InputError) as raised:
        read_network(folder)
    assert message.format(net=folder / "Town_net.tntp") in str(raised.value)


@pytest.mark.parametrize(
    ("trips", "message"),
    [
        (
            TRIPS.replace("4.5;", "4.5; 1 : 4.5;"),
            "trips from 2 to 1 once in {trips}, got them again",
        ),
        (
            TRIPS + "Origin 2\n 1 : 1;",
            "trips from 2 to 1 once in {trips}, got them again in line 10",
        ),
        ("", "Expected trips between zones in {trips}, got none"),
        (TRIPS[: TRIPS.index("Origin")], "Expected trips between zones in {trips}, got none"),
        ("Origin 1\n 1 : 0; 2 : 0;", "Expected trips between zones in {trips}, got none"),
        ("Origin 1\n 1 : 5;", "Expected trips between zones in {trips}, got trips within zones"),
        (TRIPS.replace("TOTAL OD FLOW> 12.5", "Total_OD  Flow> 99"), "Expected 99 trips in all"),
        (
            TRIPS.replace("12.5", "1.2.3"),
            "number of all trips after <TOTAL OD FLOW> in {trips}, got '1.2.3'",
        ),
        (TRIPS.replace("12.5", ""), "number of all trips after <TOTAL OD FLOW> in {trips}, got ''"),
        (TRIPS.replace("12.5", "nan"), "number of all trips after <TOTAL OD FLOW>"),
        (TRIPS.replace("12.5", "0"), "Expected 0 trips in all in {trips}"),
        (TRIPS.replace("12.5", "1e3"), "Expected 1e3 trips in all in {trips}"),
        (TRIPS.replace("12.5", "12,500.0"), "Expected 12,500.0 trips in all in {trips}"),
        (TRIPS.replace("7.0;", "nan;"), "Expected 'Origin NUMBER' or 'ZONE : TRIPS;' in line 6"),
        (TRIPS.replace("ZONES> 2", "ZONES> 3"), "Expected 2 zones in {trips}, as the network has"),
        (
            TRIPS + "<TOTAL OD FLOW> 13",
            "Expected <TOTAL OD FLOW> once in {trips}, got '12.5' and '13'",
        ),
    ],
)
def test_trips_that_contradict_themselves(write: Write, trips: str, message: str) -> None:
    folder = write(trips=trips)
    with pytest.raises(InputError) as raised:
        read_network(folder)
    assert message.format(trips=folder / "Town_trips.tntp") in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("LINKS> 4", "LINKS> 4.5", "a whole number from 1 to 100,000 in {net}, got 4.5"),
        ("ZONES> 2", "ZONES> 4", "<NUMBER OF ZONES> to be at most 3, with 3 in <NUMBER OF NODES>"),
        ("NODE> 3", "NODE> 5", "<FIRST THRU NODE> to be at most 4, with 3 in <NUMBER OF NODES>"),
        ("\t900\t", "\t-900\t", "Expected capacity to be positive and finite on every link"),
        ("\t900\t", "\tnan\t", "Expected capacity to be positive and finite on every link"),
    ],
)
def test_a_network_that_contradicts_itself(write: Write, old: str, new: str, message: str) -> None:
    folder = write(net=NET.replace(old, new))
    with pytest.raises(InputError) as raised:
        read_network(folder)
    assert message.format(net=folder / "Town_net.tntp") in str(raised.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_and_ends_of_lines(write: Write, encoding: str) -> None:
    usual, folder = read_network(write()), write()
    for kind, text in (("net", NET), ("trips", TRIPS)):
        plain = text.replace("<END", "~ Zürich\n<END").replace(";", "").replace("\n", "\r\n")
        (folder / f"Town_{kind}.tntp").write_bytes(plain.encode(encoding))
    network = read_network(folder)
    assert network.trips.tolist() == usual.trips.tolist()
    assert network.capacity.tolist() == usual.capacity.tolist()


def test_flows_and_places_are_read_by_their_names(write: Write) -> None:
    flow = "Cost Volume To From\n2 4.5 1 3\n1 7 3 1\n2 4.5 3 2\n2 7 2 3\n"
    folder = write(flow=flow, node="X\tNode\tY\t;\n5\t2\t6\t;\n3.5\t1\t4\t;\n7\t3\t8\t;\n")
    network = read_network(folder)
    assert read_flow(folder / "Town_flow.tntp", network).tolist() == [7, 7, 4.5, 4.5]
    assert network.places is not None
    assert network.places.tolist() == [[3.5, 4], [5, 6], [7, 8]]
    with pytest.raises(InputError, match="Expected each node once, by a whole number"):
        read_network(write(node=NODES + "2\t5\t6\t;\n"))


def test_files_that_are_missing_or_twice_there(tmp_path: Path, write: Write) -> None:
    with pytest.raises(InputError, match=r"Expected one file \*_net.tntp in the folder .*none"):
        read_network(tmp_path / "nowhere")
    folder = write()
    (folder / "Other_net.tntp").write_text(NET)
    with pytest.raises(InputError, match=r"got Other_net.tntp, Town_net.tntp. Give a folder with"):
        read_network(folder)


def test_files_that_are_not_text(write: Write) -> None:
    folder = write()
    (folder / "Town_net.tntp").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"Town_net.tntp to be a text file, got: .*Give a TNTP"):
        read_network(folder)


def test_a_geojson_file_that_is_none(write: Write) -> None:
    folder = write()
    (folder / "town.geojson").write_text("{")
    with pytest.raises(InputError, match=r"town.geojson to be GeoJSON, points with an id, got:"):
        read_network(folder)


@pytest.mark.parametrize(
    "flow",
    [FLOW.replace("3 \t1", "1 \t2"), FLOW.partition("2 \t3")[0], "From To Volume Cost\n"],
    ids=["another link", "links missing", "empty"],
)
def test_flows_of_another_network(write: Write, flow: str) -> None:
    folder = write(flow=flow)
    with pytest.raises(InputError, match="Expected a flow for each of the 4 links of Town in"):
        read_flow(folder / "Town_flow.tntp", read_network(folder))


def test_columns_that_are_named_after_the_rows(write: Write) -> None:
    header, net = f"{ORDERS['time before capacity']}\n", net_in_order("time before capacity")
    folder = write(net=f"{net.replace(header, '')}\n{header}")
    with pytest.raises(InputError, match="above the first row, got names in line 11, after rows"):
        read_network(folder)
