"""The stand-ins that tests of the coordinator rely on: what they must notice, they notice."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser import Visitors, axe
from postgres_cluster import PostgresCluster, postgres_cluster, why_no_postgres

POLICY = "default-src 'none'; script-src 'self'; img-src 'self' data:"
HEAD = '<!doctype html><html lang="en"><head><title>A page</title><link rel="icon" href="data:,">'
BODY = "</head><body><main><h1>A page</h1>{}</main></body></html>"
PAGES = {
    "/good": "<p>Some text.</p>",
    "/inline": "<script>1</script>",
    "/elsewhere": '<img alt="a picture" src="http://198.51.100.1/a.png">',
    "/missing": '<img alt="a picture" src="/nowhere.png">',
    "/throws": '<script src="/throw.js"></script>',
    "/picture": '<img src="/dot.svg">',
}
FILES = {
    "/throw.js": ("text/javascript", "throw new Error('as it must')"),
    "/dot.svg": ("image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg"/>'),
}


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, text = FILES.get(self.path, ("text/html", ""))
        text = text or HEAD + BODY.format(PAGES.get(self.path, ""))
        self.send_response(200 if self.path in PAGES | FILES else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of a server of ``PAGES``."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("screen", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_a_good_page_is_left_alone(visitor: Visitors, site: str, screen: str, scheme: str) -> None:
    page = visitor(screen, scheme)
    page.goto(f"{site}/good")
    width, touched, dark = page.evaluate(
        "() => [innerWidth, navigator.maxTouchPoints > 0, "
        "matchMedia('(prefers-color-scheme: dark)').matches]"
    )
    assert (touched, dark) == (screen == "phone", scheme == "dark")
    # without a viewport of its own, a page is 980 wide on a phone, and shown smaller
    assert width == {"phone": 980, "desk": 1400}[screen]
    assert axe(page) == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/inline", "Content Security Policy"),
        ("/elsewhere", "asked another machine: http://198.51.100.1/a.png"),
        ("/missing", "404"),
        ("/throws", "as it must"),
    ],
)
def test_what_goes_wrong_is_noticed(a_browser: object, site: str, path: str, said: str) -> None:
    people = Visitors(a_browser)  # type: ignore[arg-type]
    page = people()
    page.goto(f"{site}{path}")
    assert said in " ".join(people.end())


def test_an_error_page_that_was_asked_for_is_no_error(visitor: Visitors, site: str) -> None:
    answer = visitor().goto(f"{site}/nowhere")
    assert answer is not None
    assert answer.status == 404


def test_people_do_not_share_a_browser_profile(visitor: Visitors, site: str) -> None:
    first, second = visitor(), visitor()
    first.goto(f"{site}/good")
    first.context.add_cookies([{"name": "secret", "value": "mine", "url": site}])
    second.goto(f"{site}/good")
    assert second.context.cookies() == []


def test_axe_looks_under_a_strict_policy_and_leaves_nothing(visitor: Visitors, site: str) -> None:
    page = visitor()
    page.goto(f"{site}/picture")
    (found,) = axe(page)
    assert found.startswith("image-alt: ")
    assert "img" in found
    assert page.evaluate("() => typeof axe") == "undefined"


def test_each_database_is_new(postgres: PostgresCluster) -> None:
    psycopg = pytest.importorskip("psycopg")
    for _ in range(2):
        address = postgres.new_database()
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE members (id INT)")  # fails where there is one
        postgres.drop(address)


def test_what_is_committed_outlives_the_killing_of_the_database() -> None:
    psycopg = pytest.importorskip("psycopg")
    if reason := why_no_postgres():
        pytest.skip(reason)
    with postgres_cluster(durable=True) as cluster:
        address = cluster.new_database()
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE members AS SELECT 7 AS id")
        cluster.stop(signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(address)
        cluster.start()
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT id FROM members").fetchall() == [(7,)]


def test_the_database_ends_with_a_test_process_that_is_killed(tmp_path: Path) -> None:
    if reason := why_no_postgres():
        pytest.skip(reason)
    script = tmp_path / "killed.py"
    script.write_text(
        "import time\n"
        "from postgres_cluster import postgres_cluster\n"
        "with postgres_cluster() as cluster:\n"
        "    print(cluster.folder, flush=True)\n"
        "    time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        number = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        process.kill()
    end = time.monotonic() + 10
    while Path(f"/proc/{number}").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert folder.name.startswith("quorate-pg-")
    shutil.rmtree(folder, ignore_errors=True)
