"""What every scenario has for nothing: options, parts that are kept, a page, and a verdict."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq
import pytest
from rich.console import Console
from typer.testing import CliRunner

import quorate
from quorate import catalog, spec
from quorate.cli.entry import app
from quorate.cli.scenario import read_options
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.findings.experiment import read_experiment
from quorate.findings.running import run_experiment
from quorate.learners.networks.sgd import SGD
from quorate.learners.scikit.forest import Forest
from quorate.report.export import export
from quorate.report.files import write_result
from quorate.report.terminal import print_result
from quorate.runs.result import Picture, Result, Section
from quorate.runs.store import Store
from quorate.scenarios.running import run_cells
from quorate.scenarios.scenario import Scenario, ScenarioRun, make_scenario, run_scenario


@dataclass(frozen=True)
class Doubled(Result):
    named: str
    found: list[dict[str, Any]]

    @property
    def title(self) -> str:
        return self.named

    def summary(self) -> list[str]:
        return [f"{len(self.found)} numbers were doubled."]

    def to_json(self) -> dict[str, Any]:
        return {"largest": max(row["double"] for row in self.found)}

    def rows(self) -> list[dict[str, Any]]:
        return self.found

    def sections(self) -> list[Section]:
        rows = tuple({"n": str(row["n"]), "2n": str(row["double"])} for row in self.found)
        return [Section("Doubles", rows=rows)]

    def pictures(self) -> dict[str, Picture]:
        from matplotlib.figure import Figure

        return {"doubles": Picture(Figure(), "What is <seen>.")}


@dataclass(frozen=True)
class Doubling(Scenario):
    """Doubles numbers."""

    name: ClassVar[str] = "doubling"

    numbers: tuple[int, ...] = spec.param((1, 2), "which")
    seeds: int = spec.param(2, "how many seeds")
    learners: tuple[Any, ...] = spec.param((), "against whom", kind="learners")

    def run(self, out: Path | None, executor: Executor) -> Doubled:
        cells = [{"n": n, "seed": s} for n in self.numbers for s in range(self.seeds)]
        with Store(out, write=True) as store, executor.open() as pool:
            found = run_cells(double, cells, store, pool, "Doubling")
        return Doubled("Twice as much", [{**c, **f} for c, f in zip(cells, found, strict=True)])


def double(cell: Mapping[str, Any]) -> dict[str, Any]:
    return {"double": 2 * cell["n"] + cell["seed"]}


@pytest.fixture(autouse=True)
def known() -> None:
    catalog.register(Doubling)


def test_a_scenario_is_made_of_text_or_plain_data() -> None:
    assert make_scenario("doubling").numbers == (1, 2)  # type: ignore[attr-defined]
    made = make_scenario({"name": "doubling", "numbers": "3, 5", "seeds": "1"})
    assert made == Doubling((3, 5), 1)
    assert make_scenario('doubling:numbers="3,5"') == Doubling((3, 5))
    assert make_scenario(spec.describe(made)) == made
    assert make_scenario(spec.text(made)) == made
    both = make_scenario({"name": "doubling", "learners": "sgd:epochs=2,model=logistic,forest"})
    assert both == Doubling(learners=(SGD(epochs=2, model="logistic"), Forest()))
    assert make_scenario(spec.text(both)) == both
    assert make_scenario(spec.describe(both)) == both


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "doubbling"}, "doubling"),
        ({"name": "doubling", "numbrs": "1"}, "numbers"),
        ({"name": "doubling", "numbers": "1,x"}, "whole number"),
        ({"name": "doubling", "learners": "forrest"}, "forest"),
    ],
)
def test_what_is_misspelt_is_answered_with_what_there_is(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_scenario(given)


def test_options_are_plain_data() -> None:
    words = ["--a", "1", "--b-c=2,3", "--a", "4", "--d", "-5"]
    assert read_options(words) == {"a": ["1", "4"], "b_c": "2,3", "d": "-5"}
    for wrong, said in ((["x"], "Name the parameter"), (["--x"], "Expected a value after --x")):
        with pytest.raises(InputError, match=said):
            read_options(wrong)


def test_parts_are_kept_and_not_done_again(tmp_path: Path) -> None:
    first = run_scenario("doubling", tmp_path)
    assert [row["double"] for row in first.result.rows()] == [2, 3, 4, 5]
    with Store(tmp_path) as store:
        kept = store.records("scenario")
    assert len(kept) == 4
    assert all(set(one.plain) == {"cell", "result", "version", "provenance"} for one in kept)
    # What a store says is believed: one of the parts says something else, and one is not there.
    changed, _, *others = kept
    was = changed.plain["result"]["double"]
    changed.plain["result"]["double"] = 99
    with Store(tmp_path / "again", write=True) as store:
        for one in (changed, *others):
            store.add("scenario", one)
    again = [row["double"] for row in run_scenario("doubling", tmp_path / "again").result.rows()]
    assert again == [99 if value == was else value for value in (2, 3, 4, 5)]


def test_parts_that_were_kept_as_files_are_taken_in(tmp_path: Path) -> None:
    run_scenario("doubling", tmp_path / "today")
    (tmp_path / "cells").mkdir()
    with Store(tmp_path / "today") as store:
        kept = store.records("scenario")
    for number, one in enumerate(kept):
        one.plain["result"]["double"] = number
        (tmp_path / "cells" / f"{one.id}.json").write_text(json.dumps(one.plain))
    (tmp_path / "cells" / f"{kept[3].id}.json").write_text("damaged")
    again = {row["double"] for row in run_scenario("doubling", tmp_path).result.rows()}
    assert again >= {0, 1, 2}
    assert len(again - {0, 1, 2}) == 1  # measured anew


def test_workers_change_nothing(two_workers: Executor) -> None:
    alone, together = (
        run_scenario("doubling").result,
        run_scenario("doubling", executor=two_workers).result,
    )
    assert alone.to_json() == together.to_json()
    for one, other in zip(alone.rows(), together.rows(), strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def test_the_page_holds_tables_pictures_and_data(tmp_path: Path) -> None:
    ran = run_scenario("doubling:seeds=1")
    page = write_result(ran, tmp_path).read_text()
    for words in ("Twice as much", "Doubles numbers.", "What is &lt;seen&gt;.", ">4</td>"):
        assert words in page
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        *("doubles.svg", "doubles.png", "doubles.pdf", "report.html"),
        *("cells.csv", "results.json", "provenance.json"),
    }
    assert json.loads((tmp_path / "results.json").read_text())["largest"] == 4
    console = Console(width=60, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    print_result(ran, console)
    console.file.close()
    assert "Doubles" in console.export_text()


def test_where_there_is_no_number_there_is_none(tmp_path: Path) -> None:
    rows = [{"n": 2, "double": 4.0}, {"n": 1, "double": float("nan")}]
    ran = ScenarioRun(Doubling(), Doubled("Twice", rows), 0.0)
    write_result(ran, tmp_path)
    kept = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert kept == [{"n": 2, "double": 4.0}, {"n": 1, "double": None}]
    assert (tmp_path / "cells.csv").read_text() == "n,double\n2,4.0\n1,\n"


def test_an_experiment_judges_the_rows(tmp_path: Path) -> None:
    file = tmp_path / "twice.toml"
    file.write_text("""
claim = "Two is more than one."
source = "ours"
ours = "All."
expected = "The double of 2 is greater."
time = { cpu = "1 second" }
scenario = "doubling"
numbers = [1, 2]
seeds = 3
[[expect]]
measure = "double"
of = { n = 2 }
than = { n = 1 }
is = "greater"
[quick]
seeds = 3
""")
    found = run_experiment(read_experiment(file), tmp_path / "out")
    assert found.finding is not None
    assert found.finding.verdict == "holds"
    page = write_result(found, tmp_path / "out")
    assert "Two is more than one." in page.read_text()
    assert json.loads((tmp_path / "out" / "finding.json").read_text())["seeds"] == 3


def test_the_rows_and_the_tables_are_exported(tmp_path: Path) -> None:
    write_result(run_scenario("doubling:seeds=1"), tmp_path)
    rows = export(tmp_path, "csv").decode().splitlines()
    assert rows[0].startswith("n,seed,double")
    assert [line.split(",")[:3] for line in rows[1:]] == [["1", "0", "2"], ["2", "0", "4"]]
    assert pq.read_table(io.BytesIO(export(tmp_path, "parquet")))["double"].to_pylist() == [2, 4]
    table = export(tmp_path, "latex").decode()
    assert "Doubles" in table.splitlines()[0]
    assert r"1 & 2 \\" in table
    assert export(tmp_path, "latex", "doubles").decode() == table
    with pytest.raises(InputError, match="Expected a known table, got 'cells'"):
        export(tmp_path, "latex", "cells")
    with pytest.raises(InputError, match="Expected a known table, got 'critical-mass'"):
        export(tmp_path, "csv", "critical-mass")


def test_a_scenario_is_run_from_python() -> None:
    assert quorate.scenario("doubling", numbers=(4,), seeds=1).result.to_json() == {"largest": 8}


def test_help_tells_of_a_scenario_s_own_parameters() -> None:
    told = CliRunner().invoke(app, ["scenario", "doubling", "--help"]).stdout
    assert "Doubles numbers." in told
    assert "against whom" in told
    wrong = CliRunner().invoke(app, ["scenario", "dubling", "--help"]).exception
    assert isinstance(wrong, InputError)
    assert "Did you mean doubling" in str(wrong)
