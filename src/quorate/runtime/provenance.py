"""Where an outcome came from: versions, revision and hardware."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quorate.runtime import device

# Those of them that are installed are named.
LIBRARIES = ("numpy", "torch", "scikit-learn", "dp-accounting", "datasets")


def provenance() -> dict[str, Any]:
    """Return plain data on what is running here, and where it trains; no host or user name."""
    return {**_machine(), **_trained_on(device.find(device.asked()))}


def with_reading(notes: Sequence[str]) -> dict[str, Any]:
    """Return ``provenance``, and what reading a file of people did where it did anything."""
    return provenance() | ({"reading": list(notes)} if notes else {})


@functools.cache
def _trained_on(place: str) -> dict[str, Any]:
    if place == "cpu":
        return {"device": "cpu"}
    import torch

    return {"device": place, "gpu": torch.cuda.get_device_name(), "cuda": torch.version.cuda}


@functools.cache
def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "libraries": _libraries(),
        "git_revision": git_revision(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": 1,
    }


def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


@functools.cache
def git_revision() -> str | None:
    """Return the git revision of this library's source, with + if changed, or None if installed."""
    here = Path(__file__).resolve().parent

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=here, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "provenance.py")
        return git("rev-parse", "--short=12", "HEAD") + (
            "+" if git("status", "--porcelain") else ""
        )
    except (OSError, subprocess.SubprocessError):
        return None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
