"""A Slurm of three nodes on this machine, for the time of a test process: Debian's, as root."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

NODES = ("n1", "n2", "n3")
NEEDED = ("slurmctld", "slurmd", "sbatch", "squeue", "munged", "setpriv", "unshare")
TOGETHER = ("setpriv", "--pdeathsig", "KILL")  # dies with this process, however that dies
START = 30  # seconds
CONFIGURATION = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdSpoolDir={folder}/%n
SlurmdPidFile={folder}/%n.pid
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,sched_min_interval=0
SlurmdParameters=config_overrides
SlurmdTimeout=10
KillWait=2
MessageTimeout=5
MinJobAge=60
ReturnToService=2
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2 RealMemory=8000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2 RealMemory=8000
NodeName=n3 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[3]} CPUs=2 RealMemory=8000
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE
PartitionName=short Nodes=n1 MaxTime=00:10:00
"""


def why_no_slurm() -> str:
    """Return why there can be no Slurm here; empty where there can."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        return f"no {', '.join(missing)}: apt-get install slurmctld slurmd slurm-client munge"
    if os.geteuid() != 0:
        return "its nodes need root: they are process namespaces"
    tried = subprocess.run(
        ["unshare", "--pid", "--mount-proc", "--fork", "true"], capture_output=True, text=True
    )
    return f"unshare: {tried.stderr.strip()}" if tried.returncode else ""


@dataclass
class SlurmCluster:
    """Its processes, each in the foreground: they are killed at the end, whatever came.

    Args:
        folder: of all that it writes.
        processes: by name; ``n1``, ``n2`` and ``n3`` are hosts, with all that runs on them.
    """

    folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def configuration(self) -> Path:
        """What SLURM_CONF names."""
        return self.folder / "slurm.conf"

    def begin(self) -> None:
        """Start the daemons; return when all nodes are idle."""
        (self.folder / "state").mkdir()
        munge = self.folder / "munge"
        munge.mkdir(mode=0o700)
        (munge / "key").write_bytes(os.urandom(128))
        (munge / "key").chmod(0o400)
        self.configuration.write_text(
            CONFIGURATION.format(
                host=socket.gethostname().split(".")[0], folder=self.folder, ports=_free_ports(4)
            )
        )
        self._start(
            "munged",
            *("munged", "--foreground", "--force", f"--key-file={munge}/key"),
            *(f"--socket={munge}/socket", f"--pid-file={munge}/pid"),
            *(f"--log-file={munge}/log", f"--seed-file={munge}/seed"),
        )
        _wait_until(lambda: (munge / "socket").exists(), "munge")
        self._start("slurmctld", "slurmctld", "-D")
        for node in NODES:
            self.start_node(node)
        self.wait_until_idle()

    def start_node(self, node: str) -> None:
        """Start a host; a second start is that after a crash."""
        (self.folder / node).mkdir(exist_ok=True)
        host = ("unshare", "--pid", "--mount-proc", "--kill-child", "--fork")
        self._start(node, *host, "slurmd", "-D", "-N", node)

    def kill_node(self, node: str) -> None:
        """Kill a host at once, with all that runs on it."""
        self.processes[node].kill()
        self.processes[node].wait()

    def wait_until_idle(self) -> None:
        """Return when all nodes can be given jobs."""
        _wait_until(
            lambda: self.ask("sinfo", "-h", "-p", "cpu", "-o", "%t %D") == "idle 3", "Slurm"
        )

    def ask(self, *words: str) -> str:
        """Return what one of Slurm's commands prints."""
        asked = subprocess.run(
            words, capture_output=True, text=True, env={**os.environ, **self.environment}
        )
        return (asked.stdout + (asked.stderr if asked.returncode else "")).strip()

    def job(self, number: str, field: str) -> str:
        """Return one field of a job, as squeue's format spells it."""
        return self.ask("squeue", "-h", "--states=all", "-j", number, "-o", field)

    def queue(self, *words: str) -> list[str]:
        """Return the ids of the jobs that wait or run."""
        states = () if "-t" in words else ("-t", "PENDING,RUNNING,SUSPENDED")
        return self.ask("squeue", "-h", "--array", "-o", "%i", *states, *words).split()

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to find this Slurm."""
        return {"SLURM_CONF": str(self.configuration)}

    def end(self) -> None:
        """Kill all that was started."""
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()

    def _start(self, name: str, *words: str) -> None:
        with open(self.folder / f"{name}.out", "ab") as out:
            self.processes[name] = subprocess.Popen(
                (*TOGETHER, *words),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )


@contextlib.contextmanager
def slurm_cluster() -> Iterator[SlurmCluster]:
    """Yield a Slurm whose nodes are idle."""
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        cluster = SlurmCluster(Path(folder))
        try:
            cluster.begin()
            yield cluster
        finally:
            cluster.end()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _wait_until(is_so: object, what: str) -> None:
    assert callable(is_so)
    end = time.monotonic() + START
    while not is_so():
        assert time.monotonic() < end, f"{what} did not come up within {START} s"
        time.sleep(0.05)
