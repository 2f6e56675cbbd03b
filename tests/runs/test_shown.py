"""What results say of themselves: a line in Python, a snippet in a notebook, a frame, a picture."""

import html
import re
from dataclasses import dataclass
from typing import Any, ClassVar

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import quorate
from pages import Page
from quorate.errors import InputError
from quorate.runs.result import Picture, Result, Row, Section
from quorate.studies.curves import Curves

mpl.use("agg")


@dataclass(frozen=True, eq=False)
class Told(Result):
    """A result whose words are somebody's own."""

    stem: ClassVar[str] = "told"
    words: str = "<b>two</b>\nlines"
    drawn: bool = False

    @property
    def title(self) -> str:
        return self.words

    def summary(self) -> list[str]:
        return [self.words]

    def sections(self) -> list[Section]:
        return [Section(self.words, rows=tuple({"a": self.words, "b": str(i)} for i in range(20)))]

    def rows(self) -> list[Row]:
        return [{"a": 1, "b": 2.5}, {"a": 3, "b": None}]

    def to_json(self) -> dict[str, Any]:
        return {}

    def pictures(self) -> dict[str, Picture]:
        return {"one": Picture(plt.figure(), self.words)} if self.drawn else {}


@pytest.fixture(scope="module")
def curves() -> Curves:
    return quorate.curve(
        population="gaussian:n=200,held_out=100",
        strategy="planting:target=1,signal=columns,x5=4",
        learner={"a tree": "tree", "neighbours": "knn"},
        alphas="0.1,0.3",
        seeds=2,
    )


def test_a_repr_is_one_line(curves: Curves) -> None:
    masses = curves.critical_masses()
    for one in (curves, masses, *curves, *(mass for _, mass in masses.rows)):
        said = repr(one)
        assert "\n" not in said
        assert len(said) < 300
        assert said.startswith(f"<{type(one).__name__}: ")
    assert "12 cells, 2 curves; α* for S* = 0.9: a tree" in repr(curves)
    assert repr(Told()) == "<Told: <b>two</b> lines>"


def test_a_snippet_is_escaped_and_loads_nothing(curves: Curves) -> None:
    for one in (Told(drawn=True), curves):
        snippet = one._repr_html_()
        page = Page(snippet)
        assert page.open == []
        assert all(address.startswith("data:") for address in page.loads())
        assert not {tag for tag, _ in page.elements} & {"script", "link", "iframe", "b"}
        assert html.escape(one.title) in snippet
    assert len(re.findall("<tr>", Told()._repr_html_())) == 1 + 12 + 1  # head, first rows, more
    assert "… and 8 more" in Told()._repr_html_()


def test_a_frame_has_the_rows(curves: Curves) -> None:
    assert Told().to_frame()["a"].tolist() == [1, 3]
    assert len(curves.to_frame()) == 12
    for curve in curves:
        assert curve.to_frame()["alpha"].tolist() == [0, 0.1, 0.3]


def test_plots_go_into_axes_of_the_caller(curves: Curves) -> None:
    masses = curves.critical_masses()
    for one in (curves, masses, *curves):
        figure, axes = plt.subplots(1, 2)
        assert one.plot(ax=axes[0]) is axes[0]
        assert axes[0].lines or axes[0].collections
        assert not axes[1].lines
        assert one.plot() is not figure
        plt.close(figure)
    _, axes = plt.subplots()
    drawn = curves.plot(ax=axes, panels="accuracy")
    assert drawn.get_ylabel() == "accuracy on\nhonest people"
    plt.close("all")


@pytest.mark.parametrize(("width", "inches"), [("column", 3.3), ("page", 6.9), (5, 5.0)])
def test_a_figure_is_as_wide_as_a_paper_asks(curves: Curves, width: Any, inches: float) -> None:
    figure = curves.plot(width=width, panels=["critical-mass", "success"])
    assert figure.get_size_inches()[0] == pytest.approx(inches)
    panels = figure.subfigs[0].axes
    assert [one.get_ylabel() for one in panels] == ["success S(α)", "α*"]
    figure.draw_without_rendering()
    title = panels[0].title
    assert title.get_window_extent().x1 <= figure.bbox.x1  # nothing is cut off


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"width": "colum"}, "Did you mean column"),
        ({"width": 0.5}, r"Expected width=0\.5 in \[2, 40\]"),
        ({"panels": "sucess"}, "Did you mean success"),
        ({"panels": []}, "Expected one of panels"),
    ],
)
def test_what_cannot_be_drawn_is_said(curves: Curves, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        curves.plot(**asked)


def test_axes_take_one_panel(curves: Curves) -> None:
    _, axes = plt.subplots()
    with pytest.raises(InputError, match="Expected one panel for ax"):
        curves.plot(ax=axes, panels=["success", "accuracy"])
    with pytest.raises(InputError, match="Expected no ax for Told"):
        Told().plot(ax=axes)
    with pytest.raises(InputError, match="Expected a result with a picture"):
        Told().plot()
    plt.close("all")
