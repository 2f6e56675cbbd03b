"""Clients that keep a coordinator waiting are dropped, and others are answered meanwhile."""

import contextlib
import socket
import time
from pathlib import Path

import httpx
from threaded_server import in_a_thread
from web_visitors import UNLIMITED

from quorate.collective.serving import opened
from quorate.collective.web.site import Settings
from quorate.test_time.http.connections import Connections, make_server

FASTER = 60.0  # times, that the clock of the connections runs: a deadline of 10 s is one of 0.17 s


def test_slow_clients_are_dropped_and_others_answered(tmp_path: Path) -> None:
    settings = Settings(rates=UNLIMITED)
    connections = Connections(50, clock=lambda: FASTER * time.monotonic())
    place = str(tmp_path / "c.sqlite")
    with opened(place, settings) as made:
        with in_a_thread(make_server(made.app, connections)) as port:
            slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
            slow[1].sendall(b"GET / HTTP/1.1\r\nHost: a")  # half a head
            slow[2].sendall(  # half a body
                b"POST /new HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n\r\nsecret="
            )
            address = f"http://127.0.0.1:{port}/"
            for _ in range(3):
                assert httpx.get(address, trust_env=False).status_code == 200
            for one in slow:
                one.settimeout(20)
                with contextlib.suppress(ConnectionResetError):
                    assert one.recv(1) == b""  # closed, without an answer
                one.close()
        assert len(connections) == 0
