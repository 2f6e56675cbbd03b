"""Road networks in the text files of Transportation Networks for Research (TNTP).

Numbers of nodes begin at 1 in the files and at 0 in arrays.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from quorate.errors import InputError
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.shortest_paths import Floats, Ints

COLUMNS = ("tail", "head", "capacity", "length", "free_flow_time", "b", "power")  # of each link
KM_PER_DEGREE = 111.2  # of latitude
MOST_ZONES = 5_000
MOST = 100_000  # links, nodes or zones: more are a slip of the pen
TOTALS_AGREE = 0.01  # the demand may differ from what its file says by rounding, not by a zone


def read_network(folder: str | Path, name: str | None = None, time_unit: str = "") -> Network:
    """Return the network in a folder with ``*_net.tntp`` and ``*_trips.tntp``.

    Places come from a GeoJSON file of points, as kilometres to the east and north of their mean,
    or else from ``*_node.tntp`` as they stand there. Tolls, speed limits and types are left out.

    Args:
        folder: it has one file of each kind.
        name: name of the network; None for the beginning of the file's name.
        time_unit: unit of times; if empty, the one that the file's header names, if any.

    Raises:
        InputError: a file is not there, or is not of the format; the message names file and line.
    """
    net, trips = _find_file(Path(folder), "_net.tntp"), _find_file(Path(folder), "_trips.tntp")
    facts, rows = _read(net)
    table = np.array([_parse_row(net, line, text, len(COLUMNS)) for line, text in rows])
    of = "NUMBER OF LINKS", "NUMBER OF NODES", "NUMBER OF ZONES"
    links, nodes, zones = (_parse_fact(net, facts, what, None) for what in of)
    if len(rows) != links:
        raise InputError(
            f"Expected {links} links in {net}, as <NUMBER OF LINKS> says, got {len(rows)}. Get the "
            "whole file again, or correct the number."
        )
    columns = dict(zip(COLUMNS, table.T, strict=True))
    return Network(
        name=name or net.name.removesuffix("_net.tntp"),
        tail=_parse_nodes(net, columns.pop("tail"), nodes),
        head=_parse_nodes(net, columns.pop("head"), nodes),
        **columns,
        trips=_read_trips(trips, zones),
        first_through_node=_parse_fact(net, facts, "FIRST THRU NODE", 1) - 1,
        places=_read_places(Path(folder), nodes),
        time_unit=time_unit or _find_time_unit(facts),
    )


def read_flow(file: str | Path, network: Network) -> Floats:
    """Return the flow on each link, (l,), from a ``*_flow.tntp`` file, in the network's order.

    Raises:
        InputError: the file cannot be read, or is about other links.
    """
    path = Path(file)
    _, rows = _read(path)
    table = np.array([_parse_row(path, line, text, 3) for line, text in rows]).reshape(-1, 3)
    theirs = np.lexsort((table[:, 1], table[:, 0]))
    ours = np.lexsort((network.head, network.tail))
    links = np.column_stack([network.tail, network.head]) + 1
    if len(rows) != network.links or (table[theirs, :2] != links[ours]).any():
        raise InputError(
            f"Expected a flow for each of the {network.links} links of {network.name} in {path}, "
            f"got {len(rows)} flows or other links. Give the file that belongs to this network."
        )
    flow = np.empty(network.links)
    flow[ours] = table[theirs, 2]
    return flow


def _find_file(folder: Path, ending: str) -> Path:
    """Return the only file with that ending."""
    found = sorted(folder.glob(f"*{ending}")) if folder.is_dir() else []
    if len(found) != 1:
        raise InputError(
            f"Expected one file *{ending} in the folder {folder}, got "
            f"{', '.join(file.name for file in found) or 'none'}. Give a folder with one network."
        )
    return found[0]


def _read(file: Path) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """Return what stands in <...> at the top, and the other lines with their numbers.

    Comments, from ~ on, the line of column names and empty lines are left out.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"Expected {file} to be a text file, got: {error}. Give a TNTP file."
        ) from error
    facts, rows = {}, []
    for number, line in enumerate(lines, 1):
        fact = re.match(r"\s*<([^>]+)>(.*)", line)
        text = line.partition("~")[0].strip()
        if fact:
            facts[fact[1].strip().upper()] = fact[2].strip()
        elif text and not re.match(r"(from|node|init)\b", text, re.IGNORECASE):
            rows.append((number, text))
    return facts, rows


def _parse_fact(file: Path, facts: dict[str, str], name: str, default: int | None) -> int:
    """Return a whole number from 1 on, from the top of a file."""
    said = facts.get(name, default)
    try:
        number = int(float(said))  # type: ignore[arg-type]  # None is a TypeError
        if 1 <= number <= MOST:
            return number
    except (TypeError, ValueError, OverflowError):
        pass
    raise InputError(
        f"Expected <{name}> and a whole number from 1 to {MOST:,} in {file}, got {said}. Give a "
        "TNTP file with its metadata."
    )


def _parse_row(file: Path, line: int, text: str, columns: int) -> list[float]:
    """Return the first values of one line."""
    parts = text.replace(";", " ").split()
    try:
        if len(parts) < columns:
            raise ValueError
        return [float(part) for part in parts[:columns]]
    except ValueError:
        raise InputError(
            f"Expected {columns} numbers or more in line {line} of {file}, got {text[:60]!r}. "
            "Correct that line."
        ) from None


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
    facts, rows = _read(file)
    if zones > MOST_ZONES:
        raise InputError(
            f"Expected at most {MOST_ZONES:,} zones, whose trips fit into memory, got {zones:,} in "
            f"{file}. Join zones, or correct <NUMBER OF ZONES>."
        )
    trips = np.zeros((zones, zones))  # (z, z)
    for line, origin, end, value in _parse_pairs(file, rows):
        if not (1 <= origin <= zones and 1 <= end <= zones):
            raise InputError(
                f"Expected zones 1 to {zones} in {file}, got trips from {origin} to {end} in line "
                f"{line}. Correct that line, or the network's <NUMBER OF ZONES>."
            )
        trips[origin - 1, end - 1] = value
    said = facts.get("TOTAL OD FLOW", "")
    stated = float(said) if re.fullmatch(r"\d+(\.\d*)?", said) else None
    if stated is not None and abs(trips.sum() - stated) > TOTALS_AGREE * stated:
        raise InputError(
            f"Expected {said} trips in all in {file}, as <TOTAL OD FLOW> says, got "
            f"{trips.sum():g}. Get the whole file again, or correct the number."
        )
    return trips


def _parse_pairs(file: Path, rows: list[tuple[int, str]]) -> Iterator[tuple[int, int, int, float]]:
    """Yield line, origin, destination and trips."""
    origin = 0
    for line, text in rows:
        try:
            begins = re.match(r"origin\s+(\d+)\s*$", text, re.IGNORECASE)
            if begins:
                origin = int(begins[1])
                continue
            for pair in filter(None, (part.strip() for part in text.split(";"))):
                end, value = pair.split(":")
                yield line, origin, int(end), float(value)
        except ValueError:
            raise InputError(
                f"Expected 'Origin NUMBER' or 'ZONE : TRIPS;' in line {line} of {file}, got "
                f"{text[:60]!r}. Correct that line."
            ) from None


def _find_time_unit(facts: dict[str, str]) -> str:
    """Return the unit of times that a file's header names."""
    unit = re.search(r"free flow time\s*\(([^)]+)\)", facts.get("ORIGINAL HEADER", ""), re.I)
    return unit[1] if unit else "the file's unit of time"


def _read_places(folder: Path, nodes: int) -> Floats | None:
    """Return where each node lies, (n, 2), if the folder says so of all."""
    for file in sorted(folder.glob("*.geojson")):
        points = _read_points(file)
        if points and set(points) >= set(range(1, nodes + 1)):
            return _project(np.array([points[node] for node in range(1, nodes + 1)]))
    for file in sorted(folder.glob("*_node.tntp")):
        rows = np.array([_parse_row(file, line, text, 3) for line, text in _read(file)[1]])
        points = {int(node): (x, y) for node, x, y in rows}
        if set(points) >= set(range(1, nodes + 1)):
            return np.array([points[node] for node in range(1, nodes + 1)])
    return None


def _read_points(file: Path) -> dict[int, tuple[float, float]]:
    """Return longitude and latitude by number of node; empty for a file of lines."""
    try:
        features = json.loads(file.read_text(encoding="utf-8"))["features"]
        points = [one for one in features if one["geometry"]["type"] == "Point"]
        places = [one["geometry"]["coordinates"] for one in points]
        numbers = [int(one["properties"]["id"]) for one in points]
        return {node: (float(x[0]), float(x[1])) for node, x in zip(numbers, places, strict=True)}
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"Expected {file} to be GeoJSON, points with an id, got: {type(error).__name__} "
            f"({error}). Correct the file, or take it out of the folder."
        ) from error


def _project(degrees: Floats) -> Floats:
    """Return kilometres to the east and north of the mean, (n, 2): flat enough for a city."""
    from_mean = degrees - degrees.mean(axis=0)
    from_mean[:, 0] *= math.cos(math.radians(float(degrees[:, 1].mean())))
    return np.asarray(from_mean * KM_PER_DEGREE)
