"""The networks that can be named: generated, published, or in a folder of one's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from quorate import spec
from quorate.errors import DataUnavailableError
from quorate.runtime import cache
from quorate.scenarios.navigation.grid_city import GridCity
from quorate.scenarios.navigation.network import Floats, Network
from quorate.scenarios.navigation.tntp import read_flow, read_network
from quorate.spec import param

SOURCE = "https://github.com/bstabler/TransportationNetworks"
FILES_AT = "https://raw.githubusercontent.com/bstabler/TransportationNetworks/master"
SECONDS = 20.0  # that a download may take for each file


class Roads(Protocol):
    """A description of a network: a frozen dataclass whose fields are its parameters."""

    name: ClassVar[str]

    def network(self) -> Network:
        """Return it."""


@dataclass(frozen=True)
class SiouxFalls:
    """Sioux Falls, South Dakota: 24 nodes, 76 links, 360,600 trips; a test case, not today's city.

    Times are in 0.01 h; demand is a tenth of what it is in a day. Source: LeBlanc, Morlok,
    Pierskalla, Transportation Research 9(5), 1975; best-known flows from Transportation Networks
    for Research. For academic research.

    Raises:
        DataUnavailableError: the files are neither here nor reachable.
    """

    name: ClassVar[str] = "siouxfalls"
    folder: ClassVar[str] = "SiouxFalls"
    files: ClassVar[tuple[str, ...]] = (
        *("SiouxFalls_net.tntp", "SiouxFalls_trips.tntp", "SiouxFalls_flow.tntp"),
        "SiouxFallsCoordinates.geojson",
    )

    def network(self) -> Network:
        """Return the roads."""
        return read_network(published(self.folder, self.files), self.name, "0.01 h")

    def best_known(self) -> Floats:
        """Return the best-known equilibrium flow, (l,)."""
        file = published(self.folder, self.files) / self.files[2]
        return read_flow(file, self.network())


@dataclass(frozen=True)
class Anaheim:
    """Anaheim, California: 416 nodes, 914 links, 38 zones, 104,694.4 trips in the morning peak.

    Times are in minutes; no path passes through a zone. Source: Ban and Jayakrishnan, 1992;
    best-known flows from Transportation Networks for Research. For academic research.

    Raises:
        DataUnavailableError: the files are neither here nor reachable.
    """

    name: ClassVar[str] = "anaheim"
    folder: ClassVar[str] = "Anaheim"
    files: ClassVar[tuple[str, ...]] = (
        *("Anaheim_net.tntp", "Anaheim_trips.tntp", "Anaheim_flow.tntp", "anaheim_nodes.geojson"),
    )

    def network(self) -> Network:
        """Return the roads."""
        return read_network(published(self.folder, self.files), self.name, "min")

    def best_known(self) -> Floats:
        """Return the best-known equilibrium flow, (l,)."""
        file = published(self.folder, self.files) / self.files[2]
        return read_flow(file, self.network())


@dataclass(frozen=True)
class Tntp:
    """A network of your own in TNTP files: NAME_net.tntp, NAME_trips.tntp, places if there are any.

    Raises:
        InputError: a file is not there, or is not of the format.
    """

    name: ClassVar[str] = "tntp"
    path: str = param(help="folder of the files")

    def network(self) -> Network:
        """Return the roads."""
        return read_network(self.path)


NETWORKS: tuple[type, ...] = (GridCity, SiouxFalls, Anaheim, Tntp)


def make_roads(text: str) -> Roads:
    """Return the description that a text stands for: a name with parameters, or a folder's path.

    >>> make_roads("grid:rows=4").network().nodes
    28

    Raises:
        InputError: the name or a parameter is not known; the message lists the valid ones.
    """
    if os.sep in text.partition(":")[0] or Path(text).is_dir():
        return Tntp(text)
    made: Roads = spec.build("networks", text, {"networks": NETWORKS})
    return made


def published(folder: str, files: tuple[str, ...]) -> Path:
    """Return the folder that holds published files: in QUORATE_DATA, the cache, or downloaded.

    Args:
        folder: its name in the source's repository.
        files: that are needed.

    Raises:
        DataUnavailableError: it is in neither and cannot be downloaded; the message says where to
            get it and where to put it.
    """
    base = os.environ.get("QUORATE_DATA")
    local = Path(base) / "tntp" / folder if base else None
    kept = cache.folder() / "tntp" / folder
    for place in filter(None, (local, kept)):
        if all((place / name).is_file() for name in files):
            return place
    try:
        _download(folder, files, kept)
    except OSError as error:
        looked = f"not all of it in {local}" if local else "QUORATE_DATA not set"
        raise DataUnavailableError(
            f"Expected the road network {folder}, got {looked}, and no download ({error}). Get the "
            f"folder {folder} from {SOURCE}, put it into the sub-folder tntp of a folder, and set "
            f"QUORATE_DATA to that folder: {', '.join(files)}."
        ) from error
    return kept


def _download(folder: str, files: tuple[str, ...], to: Path) -> None:
    """Get files from the source; none is kept before all are there.

    Raises:
        OSError: one cannot be reached or kept.
    """
    import httpx

    contents = {}
    for name in files:
        try:
            answer = httpx.get(f"{FILES_AT}/{folder}/{name}", timeout=SECONDS)
            contents[name] = answer.raise_for_status().content
        except httpx.HTTPError as error:
            raise OSError(f"{type(error).__name__}: {error}".splitlines()[0]) from error
    to.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        unfinished = to / f"{name}.{os.getpid()}"
        unfinished.write_bytes(content)
        unfinished.replace(to / name)  # whole or not there, also for another process
