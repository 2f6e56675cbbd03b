"""What tests of the coordinator share: databases of both kinds, and people with browsers."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Visitors, chromium, why_no_browser
from coordinators import Coordinator, coordinator_at
from postgres_cluster import PostgresCluster, postgres_cluster, why_no_postgres
from web_visitors import UNLIMITED, visitors_of
from web_visitors import Visitors as Askers

from quorate.collective.serving import opened
from quorate.collective.web.site import Settings


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """A PostgreSQL for this test process; tests that need it are skipped without."""
    reason = why_no_postgres()
    if not reason and importlib.util.find_spec("psycopg") is None:
        reason = "no psycopg: pip install 'quorate[postgresql]'"
    if reason:
        pytest.skip(f"no PostgreSQL here: {reason}")
    with postgres_cluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new, empty database: the same test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'coordinator.sqlite'}"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    address = cluster.new_database()
    yield address
    cluster.drop(address)


# Of a module, not of the session: while Playwright's event loop runs in this thread, no test of
# another module could run one of its own.
@pytest.fixture(scope="module")
def a_browser() -> Iterator[object]:
    """Chromium, for the tests of a module; they are skipped without."""
    if reason := why_no_browser():
        pytest.skip(f"no browser here: {reason}")
    with chromium() as browser:
        yield browser


@pytest.fixture
def visitor(a_browser: object) -> Iterator[Visitors]:
    """People with browsers: ``visitor("phone", "dark")`` is an empty page, for a new one each.

    A test fails if any of their pages asks another machine, has an error on its console, or
    breaks its content security policy.
    """
    people = Visitors(a_browser)  # type: ignore[arg-type]
    yield people
    assert people.end() == []


@pytest.fixture
def coordinator(database_url: str) -> Iterator[Coordinator]:
    """A coordinator without a web server, on SQLite and on PostgreSQL."""
    with coordinator_at(database_url) as made:
        yield made


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Askers]:
    """A coordinator's application, asked without a network, for the campaigns of a module."""
    place = tmp_path_factory.mktemp("site") / "c.sqlite"
    with opened(str(place), Settings(rates=UNLIMITED)) as found, visitors_of(found) as visitors:
        yield visitors
