"""Tables in the terminal: what a person reads."""

import io
import math
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from quorate.report.terminal import print_result
from quorate.runs.result import Section
from quorate.runs.wording import people, percent
from quorate.studies.curves import Curves

Make = Callable[..., Curves]


def printed(curves: Curves, width: int = 160) -> str:
    out = io.StringIO()
    print_result(curves, Console(file=out, width=width, highlight=False, markup=False))
    return out.getvalue()


def row_of(text: str, first: str) -> list[str]:
    """Return the cells of the row that begins with ``first``."""
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines()]
    (found,) = [row for row in rows if row and row[0] == first]
    return found[1:]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.5, "50%"),
        (0.000123456, "0.0123%"),
        (0.0999, "9.99%"),
        (0.12345, "12.3%"),
        (math.inf, "not reached"),
        (math.nan, "not measured"),
    ],
)
def test_percentages_by_hand(value: float, text: str) -> None:
    assert percent(value) == text


def test_people_by_hand() -> None:
    assert [people(v) for v in (0.0, 12.4, 20.0, math.inf, math.nan)] == ["0", "12", "20", "–", "–"]


def test_success_and_accuracy_by_size_and_learner(curves: Curves) -> None:
    text = printed(curves)
    title = "digits:n=200, planting:size=2: success S(α) / accuracy on honest people"
    assert title in " ".join(text.split())
    assert row_of(text, "0%") == ["0.125 / 0.875", "0.062 / 0.875", "1.000 / 0.750"]
    assert row_of(text, "10%") == ["1.000 / 0.875", "0.500 / 0.875", "1.000 / 0.750"]


def test_critical_masses_and_what_is_never_reached(curves: Curves) -> None:
    text = printed(curves)
    assert "Critical mass α* for S* = 0.9" in text
    assert row_of(text, "sgd") == ["10%", "(1%, 10%]", "20", "2 of 2", "0%"]
    private = row_of(text, "dp-sgd:epsilon=1,max_grad_norm=1")
    assert private == ["not reached", "(10%, not reached]", "–", "0 of 2", "0%"]
    assert row_of(text, "group-dro") == ["0%", "(0%, 0%]", "0", "2 of 2", "–"]
    assert "inf" not in text
    assert "nan" not in text


def test_failed_cells_are_told_and_the_table_copes(make_curves: Make) -> None:
    def failing(cell):
        if type(cell.learner).name == "sgd":
            return {"error": "it diverged"}
        return {"success": 1.0, "accuracy": 0.5}

    curves = make_curves(failing)
    text = printed(curves)
    assert row_of(text, "10%")[0] == "–"
    assert row_of(text, "sgd")[:4] == ["not measured", "–", "–", "0 of 2"]
    said = "6 of 18 trainings failed. The first: sgd at α = 0, seed 0: it diverged"
    assert said in text  # 3 sizes, 2 seeds; the page tells of each
    (failed,) = [one for one in curves.sections() if one.heading == "Cells that failed"]
    assert list(failed.sentences) == [
        f"sgd at α = {alpha}, seed {seed}: it diverged"
        for seed in (0, 1)
        for alpha in ("0", "0.01", "0.1")
    ]


def test_several_studies_are_told_apart(make_curves: Make) -> None:
    text = printed(make_curves(population=["digits:n=200", "digits:n=300"], learner="sgd"), 200)
    assert text.count("success S(α)") == 2
    assert row_of(text, "digits:n=300, planting:size=2: sgd")[0] == "10%"
    judged = printed(make_curves(goal=["planted:size=1", "planted:size=2"], learner="sgd"), 200)
    assert judged.count("success S(α)") == 2
    assert row_of(judged, "digits:n=200, planting:size=2, judged by planted:size=1: sgd")


def test_names_are_no_markup(make_curves: Make) -> None:
    """A label such as [red] is shown, not obeyed."""
    text = printed(make_curves(strategy="planting:target=[red]8[/red]", learner="sgd"))
    assert "target=[red]8[/red]:success" in "".join(text.split())


WIDE = (
    {
        "learner": "dp-sgd:epsilon=1,max_grad_norm=1",
        "who does what": "platform: exponentiated-gradient",
        "equal opportunity": "0.062 ± 0.001",
        "worst-group accuracy": "0.851 ± 0.003",
        "seeds that reach it": "2 of 5",
    },
    {"learner": "sgd", "who does what": "random", "equal opportunity": "failed"},
)


def table(width: int, encoding: str = "utf-8") -> str:
    """Return what is printed of a wide table."""

    class Wide(Curves):
        def summary(self) -> list[str]:
            return []

        def sections(self) -> list[Section]:
            return [Section("Table", rows=WIDE)]

    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=file, width=width, highlight=False, markup=False)
    print_result(Wide((), title="Wide"), console)
    file.flush()
    assert isinstance(file.buffer, io.BytesIO)
    return file.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize("width", [200, 120, 100, 90, 80, 70, 60, 50, 40, 30])
def test_no_word_is_cut_and_no_line_is_too_long(width: int, encoding: str) -> None:
    text = table(width, encoding)
    pieces = [piece for row in WIDE for pair in row.items() for piece in pair]
    words = {word for piece in pieces for word in re.split(r"[\s:,]|(?<=[a-z])-", piece)}
    for word in words:
        assert word in text
    assert max(map(len, text.splitlines())) <= width


def test_rows_stand_below_one_another_where_columns_have_no_room() -> None:
    assert table(40).splitlines() == [
        "Wide",
        "",
        "Table",
        "learner: dp-sgd:epsilon=1,",
        "  max_grad_norm=1",
        "  who does what: platform:",
        "    exponentiated-gradient",
        "  equal opportunity: 0.062 ± 0.001",
        "  worst-group accuracy: 0.851 ± 0.003",
        "  seeds that reach it: 2 of 5",
        "learner: sgd",
        "  who does what: random",
        "  equal opportunity: failed",
        "  worst-group accuracy:",
        "  seeds that reach it:",
    ]


def test_numbers_stay_whole_while_there_is_room() -> None:
    assert table(80).count("0.062 ± 0.001") == 1
    assert "opportunity" in table(80)
