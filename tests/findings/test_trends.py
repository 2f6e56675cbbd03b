"""Which pictures are drawn of the trends that a claim names."""

from __future__ import annotations

from typing import Any

from quorate.findings.expectation import make_expectation
from quorate.findings.judging import judge
from quorate.findings.measures import CurveMeasures
from quorate.findings.trends import draw_trends
from quorate.studies.curves import Curves
from quorate.studies.trial import Outcome

ROWS = ("fixed", "tuned", "free")
SIZES = (0.0, 0.01, 0.1)


def outcome(name: str, alpha: float, seed: int, success: float) -> Outcome:
    methods: dict[str, Any] = {"population": "p", "strategy": "s", "goal": "g"}
    return Outcome(
        id=f"{name}{alpha}{seed}",
        **methods,
        description={key: {"name": text} for key, text in methods.items()},
        alpha=alpha,
        seed=seed,
        success=success,
        learner=name,
        members=0,
        people=100,
        seconds=1.0,
        version="0",
        accuracy=0.9,
    )


def measures(*names: str) -> CurveMeasures:
    """Curves of which the second of a row needs more members: less success at 1%."""
    rows = [
        outcome(name, alpha, seed, success + seed / 1000)
        for name in names
        for alpha, success in zip(SIZES, (0.1, 0.7 if "C = 2" in name else 0.4, 1), strict=True)
        for seed in range(4)
    ]
    return CurveMeasures(Curves(tuple(rows), target=0.9))


def drawn(*trends: dict[str, Any]) -> Any:
    names = {name for one in trends for name in one["along"]}
    found = measures(*sorted(names))
    statements = [judge(make_expectation(**{"is": "growing", **one}), found) for one in trends]
    return draw_trends(statements, found)


def row(name: str, *places: str) -> dict[str, Any]:
    return {"along": [f"{place}, {name}" for place in places or ("C = 2", "C = 1")]}


def test_three_trends_along_the_same_places_are_one_map() -> None:
    found = drawn(*(row(name) for name in ROWS))
    assert list(found) == ["trend_map"]
    (axes,) = found["trend_map"].figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["C = 2", "C = 1"]
    assert [text.get_text() for text in axes.get_yticklabels()] == list(ROWS)
    said = [text.get_text() for text in axes.texts]
    assert said.count("▲") == 3
    # S of .7 and .4 at 1%, of 1 at 10%: .9 lies 2/3 and 5/6 of the way in log α; the seeds add .001
    assert said[:3:2] == ["4.6%", "6.8%"]


def test_a_row_is_called_by_its_condition_where_there_is_one() -> None:
    found = drawn(row("fixed") | {"where": "one step serves all"}, row("tuned"), row("free"))
    (axes,) = found["trend_map"].figure.axes
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["one step serves all", "tuned", "free"]


def test_two_trends_are_two_pictures() -> None:
    assert list(drawn(row("fixed"), row("tuned"))) == ["trend_1", "trend_2"]


def test_trends_along_other_places_stay_apart() -> None:
    other = row("other", "ε = 3", "ε = 1", "ε = 0.3")
    assert list(drawn(*(row(name) for name in ROWS), other)) == ["trend_map", "trend"]


def test_part_of_a_row_is_not_drawn_again() -> None:
    longer = [row(name, "C = 3", "C = 2", "C = 1") for name in ROWS]
    assert list(drawn(*longer, row("tuned"))) == ["trend_map"]


def test_curves_may_be_selected_by_several_names() -> None:
    """A list of names selects a curve as one name does."""
    found = measures("C = 2, fixed", "C = 1, fixed")
    along = [["C = 2, fixed", "p"], ["C = 1, fixed", "s"]]
    statement = judge(make_expectation(along=along, **{"is": "growing"}), found)
    assert list(draw_trends([statement], found)) == ["trend"]
