"""Road networks in the text files of Transportation Networks for Research (TNTP).

Numbers of nodes begin at 1 in the files and at 0 in arrays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from quorate.errors import InputError
from quorate.runtime.progress import tell_once
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.shortest_paths import Floats, Ints
from quorate.scenarios.navigation.tntp_costs import (
    READ,
    Reading,
    check_separable,
    costs_mark,
    read_costs,
)
from quorate.scenarios.navigation.tntp_files import digest_network, find_file, network_name
from quorate.scenarios.navigation.tntp_places import read_places
from quorate.scenarios.navigation.tntp_text import TntpText, read_number, read_text
from quorate.validate import listed

AS_FILED = Reading()
MOST_ZONES = 5_000
TOTAL = "TOTAL OD FLOW"
ORIGIN = re.compile(r"origin\s+(\d+)\s*;?", re.IGNORECASE)
PAIR = re.compile(r"(\d+)\s*:\s*([-+.\w]+)")  # a zone and the trips to it
PAIRS = re.compile(rf"({PAIR.pattern}\s*;?\s*)+")
TOTALS_AGREE = 0.01  # the demand may differ from what its file says by rounding, not by a zone


def read_network(
    folder: str | Path, name: str | None = None, time_unit: str = "", reading: Reading = AS_FILED
) -> Network:
    """Return the network in a folder with ``*_net.tntp`` and ``*_trips.tntp``.

    Places come from a GeoJSON file of points, as kilometres to the east and north of their mean,
    or else from ``*_node.tntp`` as they stand there. What else the files say of costs is used, told
    in the network's notes, or refused (``tntp_costs``).

    Args:
        folder: it has one file of each kind.
        name: name of the network; None for the beginning of the file's name.
        time_unit: unit of times; if empty, the one that the file's header names, if any.
        reading: how costs are read where the files leave a choice.

    Raises:
        InputError: a file is not there, or is not of the format; the message names file and line.
            Or its costs are asymmetric.
    """
    path = Path(folder)
    net, trips = find_file(path, "net"), find_file(path, "trips")
    text = read_text(net)
    notes = check_separable(text, reading.separable)
    of = "NUMBER OF LINKS", "NUMBER OF NODES", "NUMBER OF ZONES"
    links, nodes, zones = (text.whole(what) for what in of)
    columns = text.table(READ, READ)
    first = text.whole("FIRST THRU NODE", 1)
    _check_counts(net, links, len(text.rows), nodes, zones, first)
    _tell_of_parallel_links(net, np.column_stack([*columns.values()]))
    costs = read_costs(text, columns["length"], reading)
    columns["capacity"] = columns["capacity"] * costs.lanes
    return Network(
        name=name or network_name(net),
        tail=_parse_nodes(net, columns.pop("tail"), nodes),
        head=_parse_nodes(net, columns.pop("head"), nodes),
        **columns,
        trips=_read_trips(trips, zones),
        first_through_node=first - 1,
        places=read_places(path, nodes),
        time_unit=time_unit or _find_time_unit(text),
        fixed_cost=costs.fixed,
        cost_terms=costs.terms,
        notes=(*notes, *costs.notes),
    )


def _check_counts(net: Path, links: int, rows: int, nodes: int, zones: int, first: int) -> None:
    """Raise InputError where the numbers at a file's top contradict each other or its lines."""
    if rows != links:
        raise InputError(
            f"Expected {links} links in {net}, as <NUMBER OF LINKS> says, got {rows}. Get the "
            "whole file again, or correct the number."
        )
    if zones > MOST_ZONES:
        raise InputError(
            f"Expected at most {MOST_ZONES:,} zones, whose trips fit into memory, got {zones:,} in "
            f"{net}. Join zones, or correct <NUMBER OF ZONES>."
        )
    # Where every node is a zone that no path passes through, the first other one is the next.
    for name, number, most in (("NUMBER OF ZONES", zones, 0), ("FIRST THRU NODE", first, 1)):
        if number > nodes + most:
            raise InputError(
                f"Expected <{name}> to be at most {nodes + most}, with {nodes} in <NUMBER OF "
                f"NODES>, in {net}, got {number}. Correct one of the two."
            )


def _tell_of_parallel_links(net: Path, links: Floats) -> None:
    """Say which pairs of nodes are named more than once; links that differ in nothing are refused.

    Args:
        net: the file.
        links: one row a link, (l, 7), as ``READ`` names it.
    """
    pairs, times = np.unique(links[:, :2], axis=0, return_counts=True)
    named = [f"{tail:g} → {head:g}" for tail, head in pairs[times > 1]]
    if len(np.unique(links, axis=0)) < len(links):
        raise InputError(
            f"Expected links that differ in {net}, got the same line twice: look at "
            f"{listed(named)}. Remove the second line, and correct <NUMBER OF LINKS>."
        )
    if named:
        tell_once(
            f"More than one link in {net} joins {listed(named)}: they are read as parallel roads. "
            "If one is there by mistake, remove its line and correct <NUMBER OF LINKS>."
        )


def network_fingerprint(folder: str | Path, digest: str | None = None) -> str:
    """Return a digest of the names and bytes of the files that ``read_network`` reads.

    Where they say more of costs than times, it says so: such networks were read otherwise once.

    Args:
        folder: of the files.
        digest: of them, where it is known.

    Raises:
        InputError: the folder is not there, or a file cannot be read.
    """
    known = digest_network(Path(folder)) if digest is None else digest
    mark = costs_mark(Path(folder), known)
    return f"{known} ({mark})" if mark else known


def read_flow(file: str | Path, network: Network) -> Floats:
    """Return the flow on each link, (l,), from a ``*_flow.tntp`` file, in the network's order.

    Raises:
        InputError: the file cannot be read, or is about other links.
    """
    path = Path(file)
    text = read_text(path)
    columns = ("tail", "head", "volume")
    table = np.column_stack([*text.table(columns, columns).values()])
    theirs = np.lexsort((table[:, 1], table[:, 0]))
    ours = np.lexsort((network.head, network.tail))
    links = np.column_stack([network.tail, network.head]) + 1
    if len(table) != network.links or (table[theirs, :2] != links[ours]).any():
        raise InputError(
            f"Expected a flow for each of the {network.links} links of {network.name} in {path}, "
            f"got {len(table)} flows or other links. Give the file that belongs to this network."
        )
    flow = np.empty(network.links)
    flow[ours] = table[theirs, 2]
    return flow


def _parse_nodes(file: Path, numbers: Floats, most: int) -> Ints:
    """Return the indices of numbered nodes."""
    bad = numbers[~((numbers >= 1) & (numbers <= most) & (numbers == np.floor(numbers)))]
    if len(bad):
        raise InputError(
            f"Expected whole numbers of nodes from 1 to {most} in {file}, got {bad[0]:g}. Correct "
            "that link, or <NUMBER OF NODES>."
        )
    return np.asarray(numbers.astype(np.int64) - 1)


def _read_trips(file: Path, zones: int) -> Floats:
    """Return the trips from zone to zone, (z, z)."""
    text = read_text(file)
    if "NUMBER OF ZONES" in text.facts and text.whole("NUMBER OF ZONES") != zones:
        raise InputError(
            f"Expected {zones} zones in {file}, as the network has, got "
            f"{text.whole('NUMBER OF ZONES')}. Give the files of one network."
        )
    trips = np.full((zones, zones), np.nan)  # (z, z)
    for line, origin, end, value in _parse_pairs(text):
        if not (1 <= origin <= zones and 1 <= end <= zones):
            raise InputError(
                f"Expected zones 1 to {zones} in {file}, got trips from {origin} to {end} in line "
                f"{line}. Correct that line, or the network's <NUMBER OF ZONES>."
            )
        if not np.isnan(trips[origin - 1, end - 1]):
            raise InputError(
                f"Expected trips from {origin} to {end} once in {file}, got them again in line "
                f"{line}. Keep one of the two."
            )
        trips[origin - 1, end - 1] = value
    trips[np.isnan(trips)] = 0
    _check_total(text, float(trips.sum()))
    if not trips.sum() > np.trace(trips):
        raise InputError(
            f"Expected trips between zones in {file}, got trips within zones alone, which use no "
            "road. Get the whole file again."
        )
    return trips


def _check_total(text: TntpText, total: float) -> None:
    """Raise InputError where there are no trips, or others than the file says at its top."""
    if not total > 0:
        raise InputError(
            f"Expected trips between zones in {text.file}, got none. Get the whole file again."
        )
    said = text.facts.get(TOTAL)
    if said is None:
        return
    try:
        stated = read_number(said)
    except ValueError:
        raise InputError(
            f"Expected the number of all trips after <{TOTAL}> in {text.file}, got {said!r}. "
            "Correct it, or take that line out."
        ) from None
    if abs(total - stated) > TOTALS_AGREE * stated:
        raise InputError(
            f"Expected {said} trips in all in {text.file}, as <{TOTAL}> says, got {total:g}. Get "
            "the whole file again, or correct the number."
        )


def _parse_pairs(text: TntpText) -> Iterator[tuple[int, int, int, float]]:
    """Yield line, origin, destination and trips."""
    origin = 0
    for line, row in text.rows:
        begins = ORIGIN.fullmatch(row)
        if begins:
            origin = int(begins[1])
            continue
        try:
            if not PAIRS.fullmatch(row):
                raise ValueError
            for end, value in PAIR.findall(row):
                yield line, origin, int(end), read_number(value)
        except ValueError:
            raise InputError(
                f"Expected 'Origin NUMBER' or 'ZONE : TRIPS;' in line {line} of {text.file}, got "
                f"{row[:60]!r}. Correct that line."
            ) from None


def _find_time_unit(text: TntpText) -> str:
    """Return the unit of times that a file's header names."""
    time = r"(?:free[ _]*flow[ _]*(?:travel[ _]*)?time|fftt?|ftime)"
    unit = re.search(rf"\b{time}\s*\(([^)]+)\)", text.naming, re.IGNORECASE)
    return unit[1] if unit else "the file's unit of time"
