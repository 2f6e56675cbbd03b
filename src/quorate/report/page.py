"""One HTML page that stands alone: no network, no scripts, pictures and data inside."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from typing import Any

from quorate.lab.curves import Curves
from quorate.report.terminal import percent

MEDIA_TYPES = {"csv": "text/csv", "json": "application/json", "svg": "image/svg+xml"}
MEDIA_TYPES["png"] = "image/png"


def render_page(curves: Curves, svg: str, files: Mapping[str, bytes]) -> str:
    """Return the page as text.

    Args:
        curves: what to report.
        svg: the figure.
        files: what the page offers to take away, by file name.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("quorate.report", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    environment.filters["breakable"] = _breakable
    return environment.get_template("page.html.j2").render(
        title=curves.title,
        target=curves.target,
        findings=[finding(row) for row in curves.critical_masses().to_rows()],
        masses=curves.critical_masses().to_rows(),
        baselines=[_baseline(curve) for curve in curves],
        svg=svg[svg.index("<svg") :],
        downloads={name: _data_uri(name, content) for name, content in files.items()},
        facts=_facts(curves),
        failed=[outcome for outcome in curves.outcomes if outcome.error],
        infinite=math.inf,
    )


def finding(row: Mapping[str, Any]) -> str:
    """Return one critical mass as a sentence."""
    who = f"{row['learner']} ({row['population']}, {row['strategy']})"
    if math.isinf(row["estimate"]):
        return f"{who}: no collective that was tried reaches {percent(row['target'])} success."
    return (
        f"{who}: {percent(row['estimate'])} of the people, about {row['members']:.0f}, reach "
        f"{percent(row['target'])} success."
    )


def _baseline(curve: Any) -> dict[str, Any]:
    """Return what the platform does without a collective, and with the largest one."""
    import numpy as np

    means = {
        "success": np.nanmean(curve.success, axis=1) if np.isfinite(curve.success).any() else None,
        "accuracy": np.nanmean(curve.accuracy, axis=1)
        if np.isfinite(curve.accuracy).any()
        else None,
    }
    ends = {k: (None, None) if v is None else (float(v[0]), float(v[-1])) for k, v in means.items()}
    return {"learner": curve.learner, "largest": float(curve.alphas[-1]), **ends}


def _facts(curves: Curves) -> dict[str, str]:
    """Return where the numbers come from, in words."""
    first = curves.outcomes[0]
    seeds = sorted({outcome.seed for outcome in curves.outcomes})
    libraries = first.provenance.get("libraries", {})
    facts = {
        "Population": ", ".join(dict.fromkeys(o.population for o in curves.outcomes)),
        "Strategy": ", ".join(dict.fromkeys(o.strategy for o in curves.outcomes)),
        "Goal": ", ".join(dict.fromkeys(o.goal for o in curves.outcomes)),
        "People the platform learns from": f"{first.people:,}",
        "Seeds": ", ".join(map(str, seeds)),
        "Cells": f"{len(curves.outcomes)}",
        "Seconds of training": f"{sum(o.seconds for o in curves.outcomes):.0f}",
        "quorate": f"{first.version} ({first.provenance.get('git_revision') or 'installed'})",
        "Libraries": ", ".join(f"{name} {version}" for name, version in libraries.items()),
        "Machine": f"{first.provenance.get('processor')}, {first.provenance.get('system')}",
    }
    for outcome in curves.outcomes:
        if "sampling" in outcome.record:
            facts[f"Privacy of {outcome.learner}"] = _privacy(outcome.record)
    return facts


def _privacy(record: Mapping[str, Any]) -> str:
    return (
        f"ε = {record['epsilon']:.4g} at δ = {record['delta']:g} by {record['accountant']} "
        f"(ε = {record['epsilon_rdp']:.4g} by RDP); {record['sampling']}; noise multiplier "
        f"{record['noise_multiplier']:.4g}, {record['steps']} steps at rate "
        f"{record['sampling_rate']:.4g}"
    )


def _breakable(name: str) -> Any:
    """Return a method's text as HTML whose lines break after a comma or a colon only."""
    import markupsafe

    parts = re.findall(r"[^,:]*[,:]?", name)
    pieces = [
        markupsafe.Markup("<span class=part>{}</span>").format(part) for part in parts if part
    ]
    return markupsafe.Markup("<wbr>").join(pieces)


def _data_uri(name: str, content: bytes) -> str:
    kind = MEDIA_TYPES[name.rsplit(".", 1)[1]]
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
