"""Networks by name: where their files are looked for, and what is said where they are not."""

from pathlib import Path

import httpx
import numpy as np
import pytest

from quorate.errors import DataUnavailableError, InputError
from quorate.scenarios.navigation.grid_city import GridCity
from quorate.scenarios.navigation.network_sources import (
    Anaheim,
    SiouxFalls,
    Tntp,
    make_network_source,
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The addresses that are asked for; nothing is there. No local data either."""
    addresses: list[str] = []

    def get(url: str, timeout: float) -> httpx.Response:
        addresses.append(url)
        raise httpx.ConnectTimeout("timed out")

    monkeypatch.setattr(httpx, "get", get)
    monkeypatch.delenv("QUORATE_DATA", raising=False)
    monkeypatch.setenv("QUORATE_CACHE", str(tmp_path / "cache"))
    return addresses


def test_names_with_parameters_and_paths(tmp_path: Path) -> None:
    assert make_network_source("grid:rows=4,every=2") == GridCity(rows=4, every=2)
    assert make_network_source("siouxfalls") == SiouxFalls()
    assert make_network_source("anaheim") == Anaheim()
    assert (
        make_network_source(str(tmp_path))
        == make_network_source(f"tntp:path={tmp_path}")
        == Tntp(str(tmp_path))
    )


def test_a_name_alone_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("grid", "city"):
        (tmp_path / name).mkdir()
    assert make_network_source("grid") == GridCity()
    with pytest.raises(InputError, match=r"Known: .* The folder city is named \./city\.$"):
        make_network_source("city")
    assert make_network_source("./city") == Tntp("./city")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("siouxfall", "Expected a known network, got 'siouxfall'. Did you mean siouxfalls?"),
        ("grid:row=4", "Expected a known parameter of grid, got 'row'."),
        ("tntp", "Expected tntp to be given path"),
    ],
)
def test_unknown_names(text: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        make_network_source(text)
    assert message in str(raised.value)


def test_the_published_networks_are_what_their_pages_say(
    quorate_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUORATE_DATA", str(quorate_data))
    small, large = SiouxFalls().network(), Anaheim().network()
    assert (small.nodes, small.links, small.zones, small.first_through_node) == (24, 76, 24, 0)
    assert (large.nodes, large.links, large.zones, large.first_through_node) == (416, 914, 38, 38)
    assert small.trips.sum() == 360_600
    assert large.trips.sum() == pytest.approx(104_694.4, abs=1e-6)  # sums of tenths
    assert (small.name, small.time_unit) == ("siouxfalls", "0.01 h")
    assert (large.name, large.time_unit) == ("anaheim", "min")
    assert SiouxFalls().best_known()[:2].tolist() == [4494.6576464564205, 8119.079948047809]
    assert Anaheim().best_known()[0] == 7074.9000000000015
    for network in (small, large):
        assert network.places is not None
        assert len(np.unique(network.places, axis=0)) == network.nodes


def test_without_files_it_is_said_where_to_get_them(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (
        "no download (ConnectTimeout: timed out). Get the folder SiouxFalls from "
        "https://github.com/bstabler/TransportationNetworks, put it into the sub-folder tntp of a "
        "folder, and set QUORATE_DATA to that folder: SiouxFalls_net.tntp, SiouxFalls_trips.tntp, "
        "SiouxFalls_flow.tntp, SiouxFallsCoordinates.geojson."
    )
    with pytest.raises(DataUnavailableError) as raised:
        SiouxFalls().network()
    assert str(raised.value) == (
        f"Expected the road network SiouxFalls, got QUORATE_DATA not set, and {said}"
    )
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))
    with pytest.raises(DataUnavailableError, match=r"got not all of it in .*tntp/SiouxFalls, and"):
        SiouxFalls().network()
    assert asked == 2 * [
        "https://raw.githubusercontent.com/bstabler/TransportationNetworks/master/SiouxFalls/"
        "SiouxFalls_net.tntp"
    ]
    assert not (tmp_path / "cache").exists()


def test_a_download_is_kept(
    asked: list[str], quorate_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get(url: str, timeout: float) -> httpx.Response:
        asked.append(url)
        content = (quorate_data / "tntp" / "SiouxFalls" / url.rpartition("/")[2]).read_bytes()
        return httpx.Response(200, content=content, request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", get)
    first = SiouxFalls().network()
    again = SiouxFalls().network()
    assert len(asked) == 4
    assert first.trips.sum() == again.trips.sum() == 360_600
    kept = sorted(file.name for file in (tmp_path / "cache" / "tntp" / "SiouxFalls").iterdir())
    assert kept == sorted(SiouxFalls().files)


def test_an_address_that_is_gone_leaves_nothing(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get(url: str, timeout: float) -> httpx.Response:
        status = 404 if "trips" in url else 200
        return httpx.Response(status, content=b"?", request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", get)
    with pytest.raises(DataUnavailableError, match=r"no download \(HTTPStatusError: .*404"):
        Anaheim().network()
    assert not (tmp_path / "cache").exists()
