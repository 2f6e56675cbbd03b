"""The road networks that can be named: generated, published, or in a folder of your own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from quorate import catalog, spec
from quorate.errors import DataUnavailableError, InputError
from quorate.runtime import cache
from quorate.runtime.digests import digest_file, digest_files
from quorate.runtime.files import replace_file
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.shortest_paths import Floats
from quorate.scenarios.navigation.tntp import network_fingerprint, read_flow, read_network
from quorate.scenarios.navigation.tntp_costs import Reading
from quorate.spec import param
from quorate.validate import at_least

SOURCE = "https://github.com/bstabler/TransportationNetworks"
FILES_AT = "https://raw.githubusercontent.com/bstabler/TransportationNetworks/master"
PUBLISHED = frozenset(  # digests of the published files: they need not be told in ids
    (
        *("ace99b24cec69c27", "56f9566857f3f667", "5d0b83a22ecc3ce7", "3f8f9cfa131d1cc6"),
        *("99933b415e9500b1", "906893854cd0db44", "eecd21c2a908b6a1", "09467725693e40b1"),
    )
)
SECONDS = 20.0  # for the download of each file, at most


class NetworkSource(Protocol):
    """Where a network comes from: a frozen dataclass whose fields are its parameters."""

    name: ClassVar[str]

    def network(self) -> Network:
        """Return the network."""

    def fingerprint(self) -> str | None:
        """Return a digest of files that are the user's own and may change, else None."""
        return None


class PublishedNetwork(NetworkSource):
    """A network of Transportation Networks for Research (TNTP), for academic research.

    Its files are in QUORATE_DATA, in the cache, or downloaded.

    Raises:
        DataUnavailableError: the files are neither here nor reachable.
    """

    folder: ClassVar[str]  # in the source's repository; it begins the names of the files
    places: ClassVar[str]  # the file that says where nodes lie
    time_unit: ClassVar[str]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files."""
        kinds = ("net", "trips", "flow")
        return (*(f"{self.folder}_{kind}.tntp" for kind in kinds), self.places)

    def network(self) -> Network:
        """Return the roads."""
        return read_network(find_published(self.folder, self.files), self.name, self.time_unit)

    def fingerprint(self) -> str | None:
        """Return a digest of the files where they are other ones than were published, else None."""
        folder = _local_folder(self.folder, self.files)
        if folder is None:
            return None
        files = [folder / name for name in self.files]
        if all(digest_file(file) in PUBLISHED for file in files):
            return None
        return network_fingerprint(folder, digest_files(folder, files))

    def best_known(self) -> Floats:
        """Return the best-known equilibrium flow, (l,)."""
        folder = find_published(self.folder, self.files)
        return read_flow(folder / f"{self.folder}_flow.tntp", self.network())


@dataclass(frozen=True)
class SiouxFalls(PublishedNetwork):
    """Sioux Falls, South Dakota: 24 nodes, 76 links, 360,600 trips; a test case, not today's city.

    Times are in 0.01 h; demand is a tenth of what it is in a day. Source: LeBlanc, Morlok,
    Pierskalla, Transportation Research 9(5), 1975; best-known flows from Transportation Networks
    for Research.
    """

    name: ClassVar[str] = "siouxfalls"
    folder: ClassVar[str] = "SiouxFalls"
    places: ClassVar[str] = "SiouxFallsCoordinates.geojson"
    time_unit: ClassVar[str] = "0.01 h"


@dataclass(frozen=True)
class Anaheim(PublishedNetwork):
    """Anaheim, California: 416 nodes, 914 links, 38 zones, 104,694.4 trips in the morning peak.

    Times are in minutes; no path passes through a zone. Source: Ban and Jayakrishnan, 1992;
    best-known flows from Transportation Networks for Research.
    """

    name: ClassVar[str] = "anaheim"
    folder: ClassVar[str] = "Anaheim"
    places: ClassVar[str] = "anaheim_nodes.geojson"
    time_unit: ClassVar[str] = "min"


@dataclass(frozen=True)
class Tntp(NetworkSource):
    """A network of your own in TNTP files: NAME_net.tntp and NAME_trips.tntp; nodes if there are.

    Drivers go by generalised cost = time + toll factor · toll + distance factor · length.

    Raises:
        InputError: a file is not there or not of the format, or costs are asymmetric.
    """

    name: ClassVar[str] = "tntp"
    path: str = param(help="Folder of the files.")
    toll_factor: float | None = param(
        None,
        "Time that a unit of toll is worth to drivers, in the network's unit of time; by default, "
        "the TOLL FACTOR at the top of the file, or 0.",
    )
    distance_factor: float | None = param(
        None,
        "Time that a unit of length is worth to drivers; by default, the DISTANCE FACTOR at the "
        "top of the file, or 0.",
    )
    separable: bool = param(
        False,
        "Whether each link's time is taken to depend on its own flow alone, where the files say "
        "otherwise (asymmetric costs).",
    )

    def __post_init__(self) -> None:
        for name in ("toll_factor", "distance_factor"):
            at_least(name, getattr(self, name) or 0.0, 0, "Use 0 where drivers do not mind.")

    def network(self) -> Network:
        """Return the roads."""
        reading = Reading(self.toll_factor, self.distance_factor, self.separable)
        return read_network(self.path, reading=reading)

    def fingerprint(self) -> str:
        """Return a digest of the names and bytes of the folder's files that are read."""
        return network_fingerprint(self.path)


def name_source(text: str) -> str:
    """Return the name with parameters that a text stands for, of a folder's path too."""
    source = make_network_source(text)
    return spec.text(source) if isinstance(source, Tntp) else text


def make_network_source(text: str) -> NetworkSource:
    """Return the source that a text stands for: a name with parameters, or a path such as ./city.

    >>> make_network_source("grid:rows=4").network().nodes
    28

    Raises:
        InputError: the name or a parameter is not known; the message lists the valid ones.
    """
    if spec.is_path(text):
        return Tntp(text)
    try:
        made: NetworkSource = catalog.build("networks", text)
    except InputError as error:
        if not Path(text).is_dir():
            raise
        here = os.path.join(".", text)
        raise InputError(f"{error} The folder {text} is named {here}.") from error
    return made


def find_published(folder: str, files: tuple[str, ...]) -> Path:
    """Return the folder that holds published files: in QUORATE_DATA, the cache, or downloaded.

    Raises:
        DataUnavailableError: it is in neither and cannot be downloaded; the message says where to
            get it and where to put it.
    """
    found = _local_folder(folder, files)
    if found is not None:
        return found
    local, cached = _places(folder)
    try:
        _download(folder, files, cached)
    except OSError as error:
        looked = f"not all of it in {local}" if local else "QUORATE_DATA not set"
        raise DataUnavailableError(
            f"Expected the road network {folder}, got {looked}, and no download ({error}). Get the "
            f"folder {folder} from {SOURCE}, put it into the sub-folder tntp of a folder, and set "
            f"QUORATE_DATA to that folder: {', '.join(files)}."
        ) from error
    return cached


def _places(folder: str) -> tuple[Path | None, Path]:
    """Return where published files may be: in QUORATE_DATA, and in the cache."""
    base = os.environ.get("QUORATE_DATA")
    return Path(base) / "tntp" / folder if base else None, cache.folder() / "tntp" / folder


def _local_folder(folder: str, files: tuple[str, ...]) -> Path | None:
    """Return the folder on this machine that holds published files; None where none does."""
    for place in filter(None, _places(folder)):
        if all((place / name).is_file() for name in files):
            return place
    return None


def _download(folder: str, files: tuple[str, ...], to: Path) -> None:
    """Get files from the source; none is written before all are there.

    Raises:
        OSError: one cannot be reached or written.
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
        replace_file(to / name, content)
