"""The small picture of a claim: where its statements stand."""

import numpy as np

from quorate.figures.claim import AGAINST, FOR, MOST, OPEN, StatementPoint, verdict_figure


def test_each_statement_stands_at_its_distance_from_the_limit() -> None:
    parts = [
        ("(a)", [StatementPoint("holds", 2.0), StatementPoint("holds", 40.0)]),
        ("(b)", [StatementPoint("undecided", 0.5), StatementPoint("does not hold", None)]),
    ]
    (axes,) = verdict_figure(parts).axes
    lines = [(one.get_color(), one.get_marker(), *one.get_data()) for one in axes.get_lines()]
    points = {(colour, mark): (x, y) for colour, mark, x, y in lines if mark in "ox"}
    x, y = points[FOR, "o"]
    assert x.tolist() == [2.0, MOST]  # what is clearer stands at the edge
    assert y.tolist() == [0.0, -1.0]
    assert points[OPEN, "o"][0].tolist() == [0.5]
    assert points[AGAINST, "x"][0] < 0  # without a distance, on the side of its verdict
    ends = [x for colour, mark, x, _ in lines if colour == FOR and mark == "None"]
    np.testing.assert_array_equal(ends, [[1.0, 3.0, np.nan, MOST - 1, MOST + 1, np.nan]])
    names = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert names["(a)"] == 0
    assert names["(b)"] < -1  # below both of (a)
