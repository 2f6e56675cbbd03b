"""Where the nodes of a TNTP network lie: a GeoJSON file of points, or a file of nodes."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from quorate.errors import InputError
from quorate.scenarios.navigation.shortest_paths import Floats
from quorate.scenarios.navigation.tntp_files import GEOJSON, find_files
from quorate.scenarios.navigation.tntp_text import read_text

KM_PER_DEGREE = 111.2  # of latitude
PLACES = ("node", "x", "y")


def read_places(folder: Path, nodes: int) -> Floats | None:
    """Return where each node lies, (n, 2), if the folder says so of all."""
    for file in sorted(folder.glob(f"*{GEOJSON}")):
        points = _read_points(file)
        if points and set(points) >= set(range(1, nodes + 1)):
            return _project(np.array([points[node] for node in range(1, nodes + 1)]))
    for file in find_files(folder, "node"):
        table = read_text(file).table(PLACES, PLACES)
        numbers = [int(node) for node in table["node"]]
        points = dict(zip(numbers, zip(table["x"], table["y"], strict=True), strict=True))
        if len(points) < len(numbers) or any(table["node"] != numbers):
            raise InputError(
                f"Expected each node once, by a whole number, in {file}, got others. Correct the "
                "file, or take it out of the folder."
            )
        if set(points) >= set(range(1, nodes + 1)):
            return np.array([points[node] for node in range(1, nodes + 1)])
    return None


def _read_points(file: Path) -> dict[int, tuple[float, float]]:
    """Return longitude and latitude by number of node; empty for a file of lines."""
    try:
        features = json.loads(file.read_text(encoding="utf-8-sig"))["features"]
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
