"""A coordinator under load: a thousand members at once on this machine, and then an audit.

``python -m benchmarks.coordinator`` serves a coordinator on SQLite in a process of its own; with
``--database postgresql://...`` on that empty database. A thousand members join and pledge within
half a minute, then stay for a minute: each keeps a connection open, and thinks 2.5 to 7.5 s (5 on
average) between an answer and its next request: questions, answers, the campaign's page, what
changed on it. Then all act within the same second, three times. A wait counts from when a request
was due, so that a client that is late does not hide it. Of the writing requests 5% are sent twice.
In the end it is checked that all that was acknowledged is there, once, and that the log holds.

The clients run on the same machine: what they cost is part of every figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.coordinator_crowd import Crowd, Member, Waits
from benchmarks.coordinator_line import Line
from benchmarks.coordinator_served import ServedCoordinator
from benchmarks.rows import Row, parser_of, print_rows
from quorate.collective.chain import verify
from quorate.figures.style import COLOURS, DASHED, DASHES, Figure, paired_panels, render, styled
from quorate.runtime.progress import tell

SLOWEST = 0.5  # seconds that 99 of 100 requests are promised to stay below
JOINING = 30.0  # seconds within which members join
PHASES = {
    "joining": "joining, pledging",
    "thinking": "each acts every 5 s",
    "burst": "all act within one second",
}


def measure(database: str, members: int, seconds: float) -> dict[str, Any]:
    """Return what members waited for, phase by phase, and what the audit found."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ServedCoordinator(database or str(folder / "c.sqlite"), folder) as served:
            campaign, _, token = served.campaign(members, questions=40 * members, queries=1000)
            crowd = Crowd(
                [
                    Member(
                        Line("127.0.0.1", served.port),
                        campaign,
                        token,
                        f"10.0.{i // 250}.{1 + i % 250}",
                        random.Random(i),
                    )
                    for i in range(members)
                ]
            )
            found = asyncio.run(_phases(crowd, served, seconds))
            found["wrong"] += check(served, campaign, crowd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return {"database": "PostgreSQL" if "://" in database else "SQLite", **found}


async def _phases(crowd: Crowd, served: ServedCoordinator, seconds: float) -> dict[str, Any]:
    phases = {}
    works: dict[str, Callable[[], Awaitable[Waits]]] = {
        "joining": lambda: crowd.join(JOINING),
        "thinking": lambda: crowd.stay(seconds),
        "burst": crowd.burst,
    }
    for name, work in works.items():
        tell(f"{name}: {PHASES[name]}")
        before = served.seconds
        waits = await work()
        phases[name] = {
            "waits": dict(waits.seconds),
            "statuses": dict(waits.statuses),
            "took": waits.took,
            "busy": (served.seconds - before) / waits.took,  # of a core
        }
    tell("audit")
    wrong = await crowd.audit()
    for one in crowd.members:
        one.line.close()
    return {"phases": phases, "wrong": wrong}


def check(served: ServedCoordinator, campaign: str, crowd: Crowd) -> list[str]:
    """Return where the server's counts and its log differ from what it acknowledged."""
    path = f"/api/v1/campaigns/{campaign}"
    told = served.ask("GET", path)
    log = httpx.get(f"{served.url}{path}/log", timeout=60, trust_env=False).text
    entries = verify(json.loads(line) for line in log.splitlines())
    kinds = Counter(entry.kind for entry in entries)
    answers = sum(len(one.answers) for one in crowd.members)
    pledges = sum(one.has_pledged for one in crowd.members)
    joined = sum(bool(one.secret) for one in crowd.members)
    logged = sum(one.facts["count"] for one in entries if one.kind == "answered")
    counts = {
        "members": (joined, told["members"], kinds["joined"]),
        "pledges": (pledges, told["pledges"], kinds["pledged"]),
        "answers": (answers, told["answers"], logged),
    }
    tell(f"acknowledged, counted, logged: {counts}")
    return [f"{name}: {found}" for name, found in counts.items() if len(set(found)) > 1]


def rows_of(found: dict[str, Any]) -> list[Row]:
    """Return what there is to print."""
    rows = []
    for name, phase in found["phases"].items():
        total = [wait for waits in phase["waits"].values() for wait in waits]
        lost = sum(n for status, n in phase["statuses"].items() if int(status) != 200)
        about = f"{found['database']}, {PHASES[name]}"
        rows.append(
            Row(
                f"{about}: one of {len(total):,} requests, {lost:,} lost",
                phase["took"] / len(total),
            )
        )
        for kind, waits in (("all", total), *sorted(phase["waits"].items())):
            p50, p99 = np.quantile(waits, [0.5, 0.99])
            rows += [
                Row(f"{about}: {kind}, p50 of {len(waits):,}", float(p50)),
                Row(f"{about}: {kind}, p99", float(p99), target=SLOWEST),
                Row(f"{about}: {kind}, slowest", max(waits)),
            ]
    return rows


@styled
def draw(measured: Sequence[dict[str, Any]]) -> Figure:
    """Return how long requests waited: a panel a phase, a line a database and kind of request."""
    phases = ("thinking", "burst")
    figure, panels = paired_panels(len(measured) * len(phases), 3.4, 2.3, sharex=True, sharey=True)
    shown = ((one, phase) for one in measured for phase in phases)
    for axes, (one, phase) in zip(panels, shown, strict=True):
        for number, (kind, waits) in enumerate(sorted(one["phases"][phase]["waits"].items())):
            share = np.append(np.linspace(0, 0.98, 99), 1 - np.geomspace(0.02, 0.001, 60))
            seconds = np.quantile(waits, share)
            axes.plot(
                seconds,
                1 - share,
                label=kind,
                color=COLOURS[number],
                linestyle=DASHES[number % len(DASHES)],
            )
        axes.axvline(SLOWEST, **DASHED)
        axes.axhline(0.01, **DASHED)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(0.001, 10)
        axes.set_ylim(0.001, 1.1)
        axes.set_title(f"{one['database']}: {PHASES[phase]}")
        axes.set_xlabel("seconds")
        axes.set_ylabel("share that waits longer")
    panels[0].legend(frameon=False, fontsize=7.5, loc="lower left")
    return figure


def main() -> None:
    """Measure, print or draw."""
    parser: argparse.ArgumentParser = parser_of("benchmarks.coordinator", __doc__)
    parser.add_argument("--database", default="", help="an empty one; SQLite if not named")
    parser.add_argument("--members", type=int, default=1000, help="how many are there at once")
    parser.add_argument("--seconds", type=float, default=60, help="how long they stay")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep what was measured there")
    parser.add_argument(
        "--figure",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="draw an SVG of kept files: OUT IN...",
    )
    chosen = parser.parse_args()
    if chosen.figure:
        out, *kept = chosen.figure
        out.write_bytes(render(draw([json.loads(one.read_text()) for one in kept]), "svg"))
        return
    found = measure(chosen.database, chosen.members, chosen.seconds)
    if chosen.keep:
        chosen.keep.write_text(json.dumps(found), encoding="utf-8")
    print_rows(rows_of(found), chosen.json)
    if found["wrong"]:
        raise SystemExit("\n".join(found["wrong"]))


if __name__ == "__main__":
    main()
