"""What is said on where cells are computed: by a command, a study file, the configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.executors.processes import check_workers
from quorate.runtime import device as devices
from quorate.spec.parsing import parse
from quorate.validate import shown

KEYS = ("executor", "jobs", "device")
# What a study file may say of its executor. An address, commands before a worker starts or another
# Python would let whoever wrote the file decide whose code runs where.
OF_A_STUDY = ("workers", "partition", "time", "memory", "cores", "gpus", "per_job", "patience")
THIS_CLUSTER = "ray", "address", "auto"  # that the machine of whoever runs the file belongs to
SIGNS = "_.,:-"  # a blank would begin another option of sbatch, and a new line a command
PLAIN = re.compile(f"[A-Za-z0-9{SIGNS}]*")


@dataclass(frozen=True)
class Resources:
    """Where cells are computed, as far as somebody says so; None is left open.

    Args:
        executor: an executor, its text, or plain data.
        jobs: number of worker processes on this machine, in place of an executor.
        device: where networks are trained.

    Raises:
        InputError: there are both an executor and jobs.
    """

    executor: Any = None
    jobs: int | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        if self.executor is not None and self.jobs is not None:
            raise InputError(
                f"Expected either jobs or an executor, got jobs={shown(self.jobs)} and "
                f"{shown(self.executor)}. Leave out jobs: an executor says itself how many workers "
                "it has, as in processes:workers=4."
            )

    def or_else(self, other: Resources) -> Resources:
        """Return what is said here, and what the other says of what is left open here.

        ``executor`` and ``jobs`` are two ways to answer one question.

        >>> Resources(jobs=1).or_else(Resources("slurm", device="cpu"))
        Resources(executor=None, jobs=1, device='cpu')
        """
        first = other if self.executor is None and self.jobs is None else self
        device = other.device if self.device is None else self.device
        return Resources(first.executor, first.jobs, device)


NOTHING = Resources()


def read_resources(plain: Mapping[str, Any]) -> Resources:
    """Return what plain data of a TOML file say; that the executor can be built is not checked.

    Raises:
        InputError: a value is of the wrong type, there is no such device, or there are both an
            executor and jobs.
    """
    executor, jobs, device = (plain.get(key) for key in KEYS)
    is_named = isinstance(executor, str) or (isinstance(executor, Mapping) and "name" in executor)
    if executor is not None and not is_named:
        raise InputError(
            f"Expected executor to be text, got {shown(executor)}. Write executor = "
            '"processes:workers=4", or another one that quorate list executors shows. Parameters '
            "alone belong in a table of your configuration, such as [executors.slurm]."
        )
    if jobs is not None:
        jobs = spec.convert(jobs, int, "jobs")
        check_workers("jobs", jobs)
    if device is not None:
        devices.check_name(device)
    return Resources(executor, jobs, device)


def take_resources(plain: dict[str, Any], path: str | Path) -> Resources:
    """Take what a study file says on where its cells are computed out of its plain data.

    Raises:
        InputError: as ``read_resources``, there is no such executor, or the file says more of it
            than how much is asked for.
    """
    taken = {key: plain.pop(key) for key in KEYS if key in plain}
    try:
        found = read_resources(taken)
        if found.executor is not None:
            _check_of_a_study(found.executor)
    except InputError as error:
        raise InputError(f"{error} This came from {path}.") from error
    return found


def _check_of_a_study(executor: str | Mapping[str, Any]) -> None:
    data = parse(executor) if isinstance(executor, str) else dict(executor)
    catalog.build("executors", executor)
    name = data.pop("name")
    for key, value in data.items():
        if (name, key, value) == THIS_CLUSTER:
            continue
        if key not in OF_A_STUDY:
            raise InputError(
                f"Expected a study file to say how much its executor is to have "
                f"({', '.join(OF_A_STUDY)}), got {key}. Whoever wrote a file does not decide where "
                f"it is computed: name {key} yourself, with --executor or in the table "
                f"[executors.{name}] of your configuration."
            )
        if not PLAIN.fullmatch(str(value)):
            raise InputError(
                f"Expected {key} of the executor in a study file to be letters, digits and "
                f"signs of {SIGNS} alone, got {shown(value)}. Leave out the others, or name {key} "
                "yourself, with --executor."
            )
