"""A coordinator in a process of its own, as `quorate collective serve` runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from quorate.test_time.platforms.encoding import to_base64, to_png

# One proxy is believed, so that every client can come from an address of its own.
RUN = (sys.executable, "-m", "quorate", "collective", "serve", "--hops", "1")
TOGETHER = ("setpriv", "--pdeathsig", "KILL")  # dies with this process, however that dies


class ServedCoordinator:
    """One server; use it as a context manager.

    Args:
        database: path of an SQLite file, or postgresql://USER@HOST/NAME.
        folder: where what it prints is kept.
        options: more of the command's.
    """

    def __init__(self, database: str, folder: Path, *options: str) -> None:
        self.database = database
        self.folder = folder
        self.options = options
        self.port = 0
        self.setup = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def seconds(self) -> float:
        """Of a core that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))

    def start(self) -> None:
        """Start it, and return once it answers; a second start is that after a crash, as it was."""
        command = [*RUN, "--database", self.database, "--port", str(self.port), *self.options]
        if shutil.which(TOGETHER[0]):
            command = [*TOGETHER, *command]
        with open(self.folder / "coordinator.log", "a") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            words = line.split()
            if line.startswith("The collective meets at"):
                self.port = int(words[-1].rpartition(":")[2])
            if "/new/" in line:
                self.setup = next(one for one in words if "/new/" in one).rpartition("/")[2]
            if line.startswith("database:"):
                break
        else:
            raise RuntimeError((self.folder / "coordinator.log").read_text()[-2000:])
        httpx.get(f"{self.url}/healthz", timeout=30, trust_env=False).raise_for_status()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """Kill it as ``kill -9`` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def __enter__(self) -> ServedCoordinator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def ask(self, method: str, path: str, body: Any = None, secret: str = "") -> Any:
        """Return what it answers, as plain data."""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        answer = httpx.request(
            method, self.url + path, json=body, headers=headers, timeout=60, trust_env=False
        )
        answer.raise_for_status()
        return answer.json()

    def campaign(self, quorum: int, questions: int, queries: int = 100) -> tuple[str, str, str]:
        """Set up a campaign at test time, and return its id, organiser's secret and invitation.

        Args:
            quorum: pledges from which on members ask.
            questions: how many there are, each a picture of noise.
            queries: most questions that one member asks.
        """
        plan: dict[str, Any] = {"kind": "test", "platform": "digits", "subgroup": "dark"}
        plan |= {"shape": [1, 8, 8], "classes": list("0123456789"), "epsilon": "8/255"}
        draft = {
            "title": "Load",
            "why": "To see.",
            "rules": "None.",
            "plan": {**plan, "queries": queries, "reserved": 0},
            "quorum": quorum,
            "deadline": time.time() + 86_400,
        }
        made = self.ask("POST", "/api/v1/campaigns", draft, self.setup)
        path = f"/api/v1/campaigns/{made['campaign']}"
        noise = np.random.default_rng(0).integers(0, 256, (questions, 1, 8, 8), dtype=np.uint8)
        for start in range(0, questions, 200):
            batch = [
                {"png": to_base64(to_png(noise[i])), "label": i % 10, "in_subgroup": False}
                for i in range(start, min(questions, start + 200))
            ]
            self.ask("POST", f"{path}/questions", {"questions": batch}, made["secret"])
        links = self.ask("POST", f"{path}/invitations", {"cap": 5000}, made["secret"])
        return made["campaign"], made["secret"], links["link"].rpartition("/")[2]
