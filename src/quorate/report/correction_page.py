"""The page of a correction: it stands alone, and says what the numbers are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from quorate import spec
from quorate.report import correction_words as words
from quorate.report.correction_pictures import MOST_CLASSES, MOST_PEOPLE
from quorate.report.old_page import fill_template
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.sources import PlatformAddress, read_source
from quorate.version import __version__

Cell = dict[str, Any]


def render_correction(
    summary: Mapping[str, Any],
    correction: Correction,
    cells: Sequence[Cell],
    files: Mapping[str, bytes],
    times: Mapping[str, int],
    finding: Mapping[str, Any] | None = None,
) -> str:
    """Return the page as text.

    Args:
        summary: what to report, as ``correction_summary.summary`` returns it.
        correction: the study.
        cells: its cells, for where the numbers come from.
        files: what the page shows and offers to take away, by file name.
        times: how often changes are amplified in ``pictures`` and ``perturbations``.
        finding: a claim with its verdict, as plain data.
    """
    shown = summary["headline"]
    remote = any(isinstance(read_source(text), PlatformAddress) for text in correction.platforms)
    return fill_template(
        "correction_page.html.j2",
        f"Correcting {shown['platform']} for {shown['subgroup']} people of {shown['population']}",
        files,
        _facts(correction, cells),
        finding=finding,
        summary=summary,
        words=words,
        remote=remote,
        times=times,
        people_shown=MOST_PEOPLE,
        classes_shown=MOST_CLASSES,
    )


def _facts(correction: Correction, cells: Sequence[Cell]) -> dict[str, str]:
    """Return where the numbers come from, in words."""

    def each(of: Callable[[Mapping[str, Any]], Any]) -> str:
        return ", ".join(dict.fromkeys(str(of(cell["provenance"])) for cell in cells))

    def libraries(found: Mapping[str, Any]) -> str:
        return ", ".join(f"{name} {version}" for name, version in found["libraries"].items())

    pieces = dict.fromkeys(cell["description"]["photos"] for cell in cells)
    return {
        "Population": spec.text(correction.population),
        "Subgroup": f"{correction.subgroup.label}: {spec.text(correction.subgroup)}",
        "Platforms": ", ".join(dict.fromkeys(correction.platforms)),
        "What they answer": correction.answers,
        "Proxies": ", ".join(dict.fromkeys(correction.proxies)),
        "Photos of a member": ", ".join(map(str, pieces)),
        "Extraction": spec.text(correction.extraction),
        "Crafting": spec.text(correction.crafting),
        "Seeds": ", ".join(map(str, dict.fromkeys(correction.seeds))),
        "Cells": f"{len(cells)}",
        "Seconds of crafting and measuring": f"{sum(cell['seconds'] for cell in cells):.0f}",
        "quorate": each(lambda found: f"{__version__} ({found['git_revision'] or 'installed'})"),
        "Libraries": each(libraries),
        "Machine": each(lambda found: f"{found['processor']}, {found['system']}"),
        "Trained on": each(lambda found: found.get("gpu") or "the CPU"),
    }
