"""Charts of a campaign page: whole SVG, no style inside, told in words, nothing off the edge."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
from campaign_sources import changed, correction_json, plan_json

from quorate.collective.facts import svg
from quorate.collective.facts.outcomes import watch_outcomes
from quorate.collective.facts.outcomes_chart import outcomes_chart
from quorate.collective.facts.pledge_chart import (
    LEFT,
    RIGHT,
    ROOM,
    CriticalMassMark,
    marks_of,
    pledge_chart,
)
from quorate.collective.facts.sources import source_of

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {  # no style, no script, nothing that is loaded
    *("svg", "title", "desc", "g", "rect", "line", "polyline", "polygon", "circle", "text"),
}


def drawn(chart: str) -> ET.Element:
    """Return a chart, once it is one that any page may hold."""
    root = ET.fromstring(chart)
    for one in root.iter():
        assert one.tag.removeprefix(SVG) in ALLOWED
        assert not any(name == "style" or name.startswith("on") for name in one.attrib)
        assert not any("url(" in value or "javascript" in value for value in one.attrib.values())
    named = root.attrib["aria-labelledby"].split()
    ids = {one.attrib["id"]: one for one in root.iter() if "id" in one.attrib}
    assert set(named) == set(ids)
    assert all(ids[name].text for name in named)
    assert root.attrib["role"] == "img"
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    for x, y in places(root):
        assert -0.1 <= x <= width + 0.1
        assert -0.1 <= y <= height + 0.1
    return root


def places(root: ET.Element) -> Iterator[tuple[float, float]]:
    """Yield every place that is named, and the ends of texts by the width of their letters."""
    for one in root.iter():
        at = {name: float(value) for name, value in one.attrib.items() if name in XS + YS}
        yield from zip(
            [at[name] for name in XS if name in at],
            [at[name] for name in YS if name in at],
            strict=True,
        )
        for pair in one.attrib.get("points", "").split():
            x, y = map(float, pair.split(","))
            yield x, y
        if one.tag == f"{SVG}text":
            width = len(one.text or "") * svg.LETTER
            before = {"middle": 0.5, "end": 1.0}.get(one.attrib.get("text-anchor", ""), 0.0)
            yield at["x"] - before * width, at["y"]
            yield at["x"] + (1 - before) * width, at["y"]


XS, YS = ("x", "x1", "x2", "cx"), ("y", "y1", "y2", "cy")


def description(root: ET.Element) -> str:
    return root.findtext(f"{SVG}desc") or ""


def test_pledges_by_hand() -> None:
    root = drawn(pledge_chart(30, 100, [CriticalMassMark("certified", "", 80, 80, 80)]))
    scale = (RIGHT - LEFT) / (ROOM * 100)
    bars = [float(one.attrib["width"]) for one in root.iter(f"{SVG}rect")]
    whole = RIGHT - LEFT  # each row has the whole scale; one decimal is written
    assert bars == pytest.approx([whole, 30 * scale, whole, whole], abs=0.06)
    lines = [float(one.attrib["x1"]) for one in root.iter(f"{SVG}line")]
    assert lines == pytest.approx([LEFT + 100 * scale] * 2, abs=0.06)  # its row, and the mark's
    told = [one.text for one in root.iter(f"{SVG}text")]
    rows = ["Pledges so far", "30", "Quorum", "100", "Certified", "80"]
    assert told == rows
    assert description(root) == (
        "30 pledges of the 100 that are asked for: 70 are missing. Certified, 80."
    )


@pytest.mark.parametrize(("pledges", "quorum"), [(0, 1), (1, 1), (50, 10), (999_999, 1_000_000)])
def test_any_numbers_of_pledges(pledges: int, quorum: int) -> None:
    marks = [
        CriticalMassMark("simulated", "x" * 200, math.inf, 0.5, math.inf),
        CriticalMassMark("simulated", "<b>&\"'", 12.0, 3.0, math.inf),
        CriticalMassMark("simulated", "failed", math.nan, math.nan, math.nan),
        CriticalMassMark("rehearsed", "tree", 7.0, 7.0, 7.0),
        CriticalMassMark("certified", "", math.inf, math.inf, math.inf),
        CriticalMassMark("measured", "", 4e6, 4e6, 4e6),
    ]
    root = drawn(pledge_chart(pledges, quorum, marks, "second"))
    told = description(root)
    assert "x" * 200 in told  # whole for who has it read out
    assert "<b>&\"', 12 (3 to more than was tried)" in told
    assert "Certified, no number tried." in told
    assert "Simulated: failed, failed." in told


def test_what_no_label_has_room_for_is_said_by_the_shape() -> None:
    long = "dp-sgd:epsilon=10,max_grad_norm=1"
    marks = [CriticalMassMark("simulated", one, 140, 97, 140) for one in (long, "sgd")]
    told = [one.text for one in drawn(pledge_chart(1, 2, marks)).iter(f"{SVG}text")]
    assert told[4].startswith("dp-sgd:epsilon=10")
    assert told[4].endswith("…")
    assert told[6] == "Simulated: sgd"


def test_the_marks_of_sources() -> None:
    certified, rehearsed, simulated = marks_of(source_of(plan_json()))
    assert (certified.known, certified.members) == ("certified", 399)
    assert rehearsed.members == 4000 * next(
        row["share"] for row in plan_json()["rehearsed"] if row["success"] >= 0.9
    )
    at = plan_json()["simulated"][0]
    assert (simulated.members, simulated.low) == (at["critical_mass"] * 4000, at["low"] * 4000)
    drawn(pledge_chart(5, 399, [certified, rehearsed, simulated]))
    never = changed(plan_json(), "certified", "n_for_target", to=None)
    assert marks_of(source_of(never))[0].words() == "Certified, no number tried"
    assert marks_of(source_of(correction_json())) == ()
    closed = {"value": 0.5, "low": 0.2, "high": 0.9}
    real = changed(correction_json(), "cells", 0, "gap_closed", to=closed)
    assert [one.words() for one in marks_of(source_of(real))] == ["Measured, 10"]


@pytest.mark.parametrize("n", [0, 1, 2, 40, 700])
def test_outcomes_of_any_number(n: int) -> None:
    reported = [(1_780_000_000.0 + at, at % 5 > 0, 1) for at in range(n)]
    for target in (0.01, 0.6, 1.0):
        view = watch_outcomes(reported, "training", target)
        root = drawn(outcomes_chart(view, "o"))
        assert view.headline() in description(root)
        assert len(list(root.iter(f"{SVG}polyline"))) == len(view.periods)


def test_a_fall_is_shaded_and_drawn_small() -> None:
    fall = [1, 1, 1, 1, 0] * 400 + [0, 0, 1, 0, 0] * 100
    reported = [(1_780_000_000.0 + at, bool(one), 1) for at, one in enumerate(fall)]
    view = watch_outcomes(reported, "training", 0.6)
    chart = outcomes_chart(view)
    root = drawn(chart)
    (shaded,) = root.iter(f"{SVG}rect")
    first = view.periods[0]
    left, right = (38 + 282 * (at - 1) / 2499 for at in (first.stop, first.seen))
    assert float(shaded.attrib["x"]) == pytest.approx(left, abs=0.06)
    assert float(shaded.attrib["width"]) == pytest.approx(right - left, abs=0.06)
    assert len(chart) < 9000
    # The line ends at the share of successes, on a scale of 152 units.
    last = list(root.iter(f"{SVG}polyline"))[-1].attrib["points"].split()[-1]
    assert float(last.split(",")[1]) == pytest.approx(170 - 152 * view.periods[-1].rate, abs=0.06)
