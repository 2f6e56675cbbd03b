"""One HTML page that stands alone: no network, no scripts, pictures and data inside."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from quorate.intervals import mean_over_seeds
from quorate.report.curve_tables import interval, people, percent
from quorate.studies.curves import Curves
from quorate.studies.trial import ANYONE, Outcome
from quorate.validate import listed

MEDIA_TYPES = {"csv": "text/csv", "json": "application/json", "svg": "image/svg+xml"}
MEDIA_TYPES |= {"png": "image/png", "pdf": "application/pdf", "npz": "application/zip"}


def render_page(
    curves: Curves,
    svg: str,
    files: Mapping[str, bytes],
    finding: Mapping[str, Any] | None = None,
) -> str:
    """Return the page as text.

    Args:
        curves: what to report.
        svg: the figure.
        files: what the page offers to take away, by file name.
        finding: a claim with its verdict, as plain data.
    """
    rows = curves.critical_masses().to_rows()
    return render_template(
        "curves.html.j2",
        curves,
        svg,
        files,
        finding=finding,
        findings=[sentence(row) for row in rows],
        groups=_groups(curves, rows),
        bounds=bound_lines(curves),
    )


def bound_lines(curves: Curves) -> list[str]:
    """Return for each bound which learners it is drawn for, and why not for the others."""
    said: dict[tuple[str, str], list[str]] = {}
    headings = {curves.heading(curve) for curve in curves}
    for curve in curves:
        where = f" ({curves.heading(curve)})" if len(headings) > 1 else ""
        for bound in curve.bounds:
            said.setdefault((bound.name, bound.why), []).append(
                curves.called(curve.learner) + where
            )
    return [
        f"{name}: {f'not drawn for {listed(who)}: {why}' if why else f'drawn for {listed(who)}'}."
        for (name, why), who in sorted(said.items())
    ]


def render_template(
    name: str, curves: Curves, svg: str, files: Mapping[str, bytes], **more: Any
) -> str:
    """Return a page of curves made of a template: what every such page holds, and ``more``."""
    return fill_template(
        name,
        curves.title,
        files,
        _facts(curves),
        interval=interval,
        target=curves.target,
        svg=svg[svg.index("<svg") :],
        failed=[outcome for outcome in curves.outcomes if outcome.error],
        **more,
    )


def fill_template(
    name: str, title: str, files: Mapping[str, bytes], facts: Mapping[str, str], **more: Any
) -> str:
    """Return a page made of a template.

    Args:
        name: of the template.
        title: of the page.
        files: what the page offers to take away, by file name.
        facts: where the numbers come from, in words.
        more: what else the template names.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("quorate.report", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "people": people, "breakable": _breakable}
    downloads = {name: _data_uri(name, content) for name, content in files.items()}
    return environment.get_template(name).render(
        title=title, facts=facts, downloads=downloads, **{"finding": None, **more}
    )


def sentence(row: Mapping[str, Any]) -> str:
    """Return one critical mass as a sentence."""
    some = "" if row["collective"] == ANYONE else f", members of {row['collective']}"
    who = f"{row['called']} ({row['population']}, {row['strategy']}{some})"
    if math.isnan(row["estimate"]):
        return f"{who}: nothing was measured, every training failed."
    if math.isinf(row["estimate"]):
        return f"{who}: no collective that was tried reaches {percent(row['target'])} success."
    if row["estimate"] == 0:
        return f"{who}: success is {percent(row['target'])} or more without any collective."
    return (
        f"{who}: {percent(row['estimate'])} of the people, about {row['members']:.0f}, reach "
        f"{percent(row['target'])} success."
    )


def _groups(curves: Curves, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the curves that share a heading, each with its critical mass and its two ends."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for curve, row in zip(curves, rows, strict=True):
        ends = [v[i] for v in (curve.success, curve.accuracy) for i in (0, -1)]
        shown = {**row, "ends": [rate(float(mean_over_seeds(end))) for end in ends]}
        groups.setdefault(curves.heading(curve), []).append(shown)
    several = len(groups) > 1
    return [{"heading": name if several else "", "rows": found} for name, found in groups.items()]


def rate(value: float) -> str:
    """Return a rate in [0, 1] with three decimals; a dash where there is no number."""
    return "–" if math.isnan(value) else f"{value:.3f}"


def _facts(curves: Curves) -> dict[str, str]:
    """Return where the numbers come from, in words."""

    def each(of: Callable[[Outcome], str]) -> str:
        return ", ".join(dict.fromkeys(of(outcome) for outcome in curves.outcomes))

    facts = {
        "Population": each(lambda o: o.population),
        "Strategy": each(lambda o: o.strategy),
        "Goal": each(lambda o: o.goal),
        "Members come from": each(lambda o: o.collective),
        "People the platform learns from": each(lambda o: f"{o.people:,}"),
        "Seeds": ", ".join(map(str, sorted({o.seed for o in curves.outcomes}))),
        "Cells": f"{len(curves.outcomes)}",
        "Seconds of training": f"{sum(o.seconds for o in curves.outcomes):.0f}",
        "quorate": each(
            lambda o: f"{o.version} ({o.provenance.get('git_revision') or 'installed'})"
        ),
        "Libraries": each(
            lambda o: ", ".join(f"{k} {v}" for k, v in o.provenance.get("libraries", {}).items())
        ),
        "Machine": each(lambda o: f"{o.provenance.get('processor')}, {o.provenance.get('system')}"),
        "Trained on": each(lambda o: o.provenance.get("gpu") or "the CPU"),
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
