"""A Ray cluster on this machine: two nodes of two CPUs each, in a process of its own.

As a script it starts one, and obeys the lines that it reads: ``add`` a node, ``kill`` the node of a
raylet. It ends with its parent.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

SETTINGS = {"health_check_period_ms": 1000, "health_check_failure_threshold": 2}
LITTLE = {"include_dashboard": False, "include_log_monitor": False, "no_monitor": True}
SIZE = {"num_cpus": 2, "object_store_memory": 80 * 2**20}


class RayCluster:
    """What a test does with the cluster.

    Args:
        process: that keeps it.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        said = self._read()
        self.address: str = said["address"]
        self.head, self.other = said["raylets"]

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def kill_other(self) -> None:
        """Kill the node that is not the head, as a machine is that loses its power."""
        self._write("kill")
        assert self._read() == "killed"

    def add_other(self) -> None:
        """Add a node in place of the one that was killed."""
        self._write("add")
        self.other = self._read()

    def workers(self) -> set[int]:
        """Return the processes of quorate's workers on it."""
        found = set[int]()
        for raylet in (self.head, self.other):
            with contextlib.suppress(psutil.Error):
                for process in psutil.Process(raylet).children():
                    with contextlib.suppress(psutil.Error):
                        if "QuorateWorker" in " ".join(process.cmdline()):
                            found.add(process.pid)
        return found


@contextlib.contextmanager
def ray_cluster() -> Iterator[RayCluster]:
    """Yield a cluster of two nodes, and end it afterwards."""
    without = {key: os.environ[key] for key in os.environ if key != "QUORATE_DATA"}
    process = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=without,  # so that it shows what a run says of it
    )
    with process:  # its input is closed at the end, and it is waited for
        yield RayCluster(process)


def keep() -> None:
    """Be the process that keeps a cluster."""
    from ray.cluster_utils import Cluster

    answers, sys.stdout = sys.stdout, sys.stderr  # Ray prints
    folder = tempfile.mkdtemp(prefix="q-")  # the names of sockets in it may not be long
    Path(tempfile.gettempdir(), "ray").mkdir(exist_ok=True)  # Ray notes the newest cluster there
    head = {**SIZE, **LITTLE, "_system_config": SETTINGS, "temp_dir": folder}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        other = cluster.add_node(**SIZE, include_log_monitor=False)

        def say(what: Any) -> None:
            print(json.dumps(what), file=answers, flush=True)

        def raylet(node: Any) -> int:
            return int(node.all_processes["raylet"][0].process.pid)

        raylets = [raylet(cluster.head_node), raylet(other)]
        say({"address": cluster.address, "raylets": raylets})
        for line in sys.stdin:
            if line == "kill\n":
                cluster.remove_node(other, allow_graceful=False)
                say("killed")
            else:
                other = cluster.add_node(**SIZE, include_log_monitor=False)
                say(raylet(other))
    finally:
        cluster.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    keep()
