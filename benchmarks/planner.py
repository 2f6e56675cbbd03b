"""Certificates and suggestions for 100,000 members, beside the same written with pandas.

``python -m benchmarks.planner`` prints a table, ``--json`` one JSON object. Figures, not tests:
they hold for the machine they were taken on. One thread, in its CPU seconds, rows in memory;
ours is a median. The pandas search is timed on a few of its signals and counted as often as needed.
"""

from __future__ import annotations

import functools
import math
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.rows import Row, parser_of, print_rows
from quorate.planning.cells import signal_counts
from quorate.planning.member_column import MemberColumn
from quorate.planning.members import Members
from quorate.planning.suggest import suggest
from quorate.runtime.progress import status
from quorate.theory.certificates.counts import AssumedPlatform
from quorate.theory.certificates.planting import planting_certificate
from quorate.theory.radii import distance_limit, others_limit

MEMBERS, COLUMNS, PLATFORM = 100_000, 18, 1_000_000
PEER_SIGNALS = 3  # of the search, that pandas is timed on
CERTIFICATE_SECONDS, SUGGEST_SECONDS = 1.0, 60.0  # that ours is promised to stay below


def people(n: int, columns: int, values: int, spread: bool) -> Members:
    """Return rows of categorical columns: all values as common, or the first ones far more so."""
    rng = np.random.default_rng(0)
    share = np.ones(values) if spread else 10.0 ** -np.arange(values)
    codes = rng.choice(values, p=share / share.sum(), size=(n, columns)).astype(np.int32)
    names = tuple(
        MemberColumn(f"c{j}", tuple(f"v{v}" for v in range(values))) for j in range(columns)
    )
    return Members(codes, (rng.random(n) < 0.3).astype(np.int32), names, ("no", "yes"))


def certificate(members: Members) -> float:
    """Return what planting c0=v1,c1=v1 is certified to reach, by the tightest radius."""
    counts = signal_counts(members, {0: 1, 1: 1})
    return planting_certificate(counts, 1, AssumedPlatform(PLATFORM)).success


def frame_of(members: Members) -> Any:
    """Return the members as a pandas frame of text."""
    import pandas as pd

    frame = pd.DataFrame(
        {
            column.name: np.array(column.values)[members.codes[:, j]]
            for j, column in enumerate(members.columns)
        }
    )
    frame["label"] = np.array(members.classes)[members.labels]
    return frame


def naive_certificate(frame: Any) -> float:
    """Return the same for the paper's radius alone, cell by cell over groups of the frame."""
    rest = [c for c in frame.columns if c not in ("c0", "c1", "label")]
    n, cells = len(frame), math.prod(int(frame[c].nunique()) for c in rest)
    planted = frame.groupby(rest).size()
    there = frame[(frame["c0"] == "v1") & (frame["c1"] == "v1")]
    honest = there.groupby([*rest, "label"]).size().to_dict()
    log_inverse = math.log((2 + 6 * cells) / 0.05)
    ours, theirs = (math.sqrt(log_inverse / (2 * m)) for m in (n, PLATFORM - n))
    won = 0
    for cell, count in planted.items():
        gap = (honest.get((*cell, "no"), 0) - honest.get((*cell, "yes"), 0)) / n
        against = (PLATFORM - n) * (gap + 2 * ours + 2 * theirs)
        won += count if count - 2 * n * ours - against > 0 else 0
    return won / n - ours


def naive_suggestion(frame: Any, signal: dict[str, str]) -> int | None:
    """Return the members that one signal needs: grouped anew, every n tried by bisection."""
    rest = [c for c in frame.columns if c not in signal and c != "label"]
    n, cells = len(frame), math.prod(int(frame[c].nunique()) for c in rest)
    sizes = frame.groupby(rest).size().to_numpy()
    there = np.logical_and.reduce([frame[c] == v for c, v in signal.items()])
    against = int((there & (frame["label"] != "yes")).sum())

    def enough(m: int) -> bool:
        limit = others_limit(math.ceil(against * m / n), m, PLATFORM - m, 1e-6)
        scaled = sizes * (m / n)
        lost = min(float(scaled[scaled <= limit].sum()), limit)
        return 1 - lost / m - distance_limit(scaled, cells, 10.0) >= 0.9

    if not enough(PLATFORM):
        return None
    low, high = 1, PLATFORM
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def seconds_of(work: Callable[[], object]) -> float:
    """Return the CPU seconds it took."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak_of(work: Callable[[], object]) -> float:
    """Return the most memory it held beyond what there was, in MiB."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def main() -> None:
    """Measure, and print."""
    parser = parser_of("benchmarks.planner", __doc__)
    parser.add_argument("--repeats", type=int, default=3, help="of ours")
    parser.add_argument("--memory", action="store_true", help="print peaks of memory instead")
    given = parser.parse_args()
    if given.memory:
        for n in (MEMBERS // 2, MEMBERS, 2 * MEMBERS):
            members = people(n, COLUMNS, 4, spread=True)
            search = functools.partial(suggest, members, "yes", AssumedPlatform(PLATFORM))
            alone = peak_of(functools.partial(certificate, members))
            print(f"{n:,} members: certificate {alone:.0f} MiB, search {peak_of(search):.0f} MiB")
        return
    rows: list[Row] = []
    for values, spread, what in ((4, True, "spread"), (4, False, "concentrated")):
        members = people(MEMBERS, COLUMNS, values, spread)
        frame = frame_of(members)
        about = f"{MEMBERS:,} members, {COLUMNS} columns of {values} values, {what}"
        with status(about):
            one = functools.partial(certificate, members)
            seconds = statistics.median(seconds_of(one) for _ in range(given.repeats))
            theirs = seconds_of(functools.partial(naive_certificate, frame))
        rows.append(Row(f"certificate, {about}", seconds, "pandas, one radius", theirs))
        rows.append(Row("the same", seconds, target=CERTIFICATE_SECONDS))
        with status(f"search, {about}"):
            search = functools.partial(suggest, members, "yes", AssumedPlatform(PLATFORM))
            seconds = statistics.median(seconds_of(search) for _ in range(given.repeats))
            signals = [{"c0": "v1", f"c{j}": "v1"} for j in range(1, 1 + PEER_SIGNALS)]
            some = sum(seconds_of(functools.partial(naive_suggestion, frame, s)) for s in signals)
        tried = search().tried
        rows.append(
            Row(
                f"search of {tried:,} signals, {what}",
                seconds,
                f"pandas, {PEER_SIGNALS} signals counted {tried / PEER_SIGNALS:.0f} times",
                some * tried / PEER_SIGNALS,
            )
        )
        rows.append(Row("the same", seconds, target=SUGGEST_SECONDS))
    print_rows(rows, given.json)


if __name__ == "__main__":
    main()
