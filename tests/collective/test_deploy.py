"""What docs/how-to/deploy.md says of a proxy with TLS is tried with nginx itself."""

import contextlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from coordinators import TRAINING, coordinator_at
from postgres_cluster import PostgresCluster

from documents import ROOT
from quorate.collective import plans, secrets
from quorate.collective.service import members

PAGE = ROOT / "docs" / "how-to" / "deploy.md"
NAME = "collective.example.org"
ENDS_WITH_US = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def started(command: list[str], port: int, log: Path, says: str = "") -> Iterator[None]:
    """Run a program that listens, once it has said so, until the end."""
    with log.open("wb") as out:
        process = subprocess.Popen([*ENDS_WITH_US, *command], stdout=out, stderr=out)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                if says in log.read_text():
                    break
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)


def nginx_of_the_page(folder: Path, port: int, behind: int) -> Path:
    """Return a file with the page's block for nginx, with other ports and a certificate of ours."""
    (block,) = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    key, certificate = folder / "collective.key", folder / "collective.pem"
    made = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-days", "2"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made, *files]
    subprocess.run(openssl, check=True, capture_output=True)
    for old, new in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/certs/collective.pem", str(certificate)),
        ("/etc/ssl/private/collective.key", str(key)),
        ("http://127.0.0.1:8600", f"http://127.0.0.1:{behind}"),
    ):
        assert old in block, f"{PAGE.name} has no {old}"
        block = block.replace(old, new)
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ {temporary}\n{block} }}\n"
    )
    return file


@pytest.mark.skipif(
    shutil.which("nginx") is None or shutil.which("openssl") is None, reason="no nginx here"
)
def test_a_coordinator_behind_nginx_with_tls_is_backed_up_and_restored(tmp_path: Path) -> None:
    port, behind = free_port(), free_port()
    configured = nginx_of_the_page(tmp_path, port, behind)
    database, address = str(tmp_path / "coordinator.sqlite"), f"https://{NAME}:{port}"
    quorate = [sys.executable, "-W", "ignore", "-m", "quorate", "collective"]
    of = ["--database", database]
    public = ["--public-url", address, "--hops", "1"]
    serve = [*quorate, "serve", *of, "--port", str(behind), *public]
    nginx = [str(shutil.which("nginx")), "-c", str(configured), "-p", str(tmp_path)]
    log, copy = tmp_path / "log", str(tmp_path / "copy.sqlite")
    trusted = ssl.create_default_context(cafile=str(tmp_path / "collective.pem"))
    with (
        started(nginx, port, tmp_path / "nginx.log"),
        httpx.Client(transport=ByName(port, trusted), base_url=address) as member,
        httpx.Client(transport=ByName(port, trusted), base_url=address) as organiser,
    ):
        with started(serve, behind, log, says="Ctrl-C"):
            link = invited(organiser, log.read_text())
            page = member.get(link)
            assert page.headers["strict-transport-security"].startswith("max-age=")
            form = dict(re.findall(r'name="([a-z_]+)" value="([^"]*)"', page.text))
            there = {"Origin": address, "Sec-Fetch-Site": "same-origin"}
            joined = member.post(link, data={**form, "agreed": "yes"}, headers=there)
            assert joined.status_code == 200, joined.text
            cookies = joined.headers.get_list("set-cookie")
            assert cookies
            assert all("secure" in one.lower() and "httponly" in one.lower() for one in cookies)
            mine = re.sub(r"/join/.*", "/me", link)
            assert member.get(mine).status_code == 200
            run([*quorate, "backup", copy, *of])
        for file in tmp_path.glob("coordinator.sqlite*"):
            file.unlink()
        run([*quorate, "restore", copy, *of])
        with started(serve, behind, log, says="Ctrl-C"):
            assert member.get(mine).status_code == 200  # by the same secret
        assert "/new/" not in log.read_text()  # it was set up before


class ByName(httpx.BaseTransport):
    """Sends what goes to the name of the page's example to this machine."""

    def __init__(self, port: int, trusted: ssl.SSLContext) -> None:
        self._port = port
        self._inner = httpx.HTTPTransport(verify=trusted)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        here = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1", port=self._port),
            headers=request.headers,
            content=request.read(),
            extensions={**request.extensions, "sni_hostname": NAME},
        )
        return self._inner.handle_request(here)

    def close(self) -> None:
        self._inner.close()


def invited(client: httpx.Client, said: str) -> str:
    """Set a campaign up over the API, and return the path of an invitation's link."""
    setup = re.search(r"/new/(\S+)", said)
    assert setup is not None, said
    draft = {
        "title": "T",
        "why": "W",
        "rules": "R",
        "quorum": 2,
        "deadline": time.time() + 1000,
        "plan": plans.to_plain(TRAINING),
    }
    made = post(client, "/api/v1/campaigns", setup[1], draft)
    path = f"/api/v1/campaigns/{made['campaign']}/invitations"
    link = str(post(client, path, made["secret"], {"cap": 1})["link"])
    assert link.startswith(f"https://{NAME}")
    return re.sub(r"https://[^/]*", "", link)


def post(client: httpx.Client, path: str, secret: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": secrets.new_nonce()}
    answer = client.post(path, json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr


def test_a_dump_of_postgresql_is_brought_back(postgres: PostgresCluster, tmp_path: Path) -> None:
    address, again = postgres.new_database(), postgres.new_database()
    with coordinator_at(address) as made:
        id_, token = made.campaign()
        one = made.join(token, pledge=True)
        dump = tmp_path / "dump.sql"
        run([str(shutil.which("pg_dump")), "--file", str(dump), address])  # while it is in use
    run([str(shutil.which("psql")), "--quiet", "--set", "ON_ERROR_STOP=1", "-f", str(dump), again])
    with coordinator_at(again) as restored:
        assert restored.row(id_).pledges == 1
        assert restored.read(members.find, id_, one).pledged is not None
        assert restored.log(id_)[-1].kind == "pledged"
    postgres.drop(address)
    postgres.drop(again)
