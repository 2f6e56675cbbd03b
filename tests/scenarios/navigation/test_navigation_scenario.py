"""The scenario: what it prints, what does not change it, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from quorate.errors import InputError
from quorate.executors.choose import choose_executor
from quorate.figures.style import render
from quorate.report.files import write_result
from quorate.runs.kept_tables import KeptTables
from quorate.scenarios.navigation.cell import measure_state
from quorate.scenarios.navigation.city import make_city
from quorate.scenarios.navigation.scenario import Navigation
from quorate.scenarios.scenario import make_scenario, run_scenario

SMALL = {
    "name": "navigation",
    "network": "grid:rows=3,columns=3,every=2,crossing=400",
    "neighbourhood": "5",
    "gap": 1e-3,
}


def run(jobs: int = 1, out: Path | None = None, **more: Any) -> Any:
    return run_scenario({**SMALL, **more}, out, choose_executor(jobs))


def test_what_is_printed(tmp_path: Path) -> None:
    ran = run(reports="300", days=3, schedule="every-day,burst", out=tmp_path)
    found = ran.result.to_json()
    assert {
        *("relative_gap", "total_travel_time", "through_flow", "spill_over", "members_delay"),
        "critical_reports",
    } <= set(found)
    assert set(found["total_travel_time"]) == {"before", "after"}
    through = found["through_flow"]
    assert through["relative_fall"] == pytest.approx(1 - through["after"] / through["before"])
    assert 0.1 < through["relative_fall"] <= 0.61  # no more than follow the app
    assert found["relative_gap"] <= 1e-4
    assert [len(falls) for falls in found["days"].values()] == [3, 3]
    assert list(ran.result.pictures()) == ["map", "days"]
    assert len(ran.result.tables()) == 3  # there is no other part of so small a city
    assert json.loads(json.dumps(found)) == found
    effect, costs, mass, *days = ran.result.summary()
    fall = f"{100 * through['relative_fall']:.1f}%"
    assert effect.startswith("While 60% of drivers follow the app, which has no defence, and")
    assert effect.endswith(f"to {through['after']:,.0f} vehicles/h: a fall of {fall}.")
    assert costs.startswith("The total travel time of everyone changes by +")
    most = f"{100 * found['most_fall']:.1f}%"
    assert mass == (
        f"A million reports on each street and hour do not make a fall of 50%, only {most}."
    )
    first = f"{100 * found['days']['every-day'][0]:.1f}% on the first day"
    assert [first in days[0], days[1].startswith("Of the schedules, every-day has")] == [True, True]


def test_what_is_drawn_stands_in_tables_and_is_drawn_again_from_them(tmp_path: Path) -> None:
    settings = {"reports": "300,100", "days": 3, "schedule": "every-day,burst"}
    result = run(**settings, seeds=2, noise=0.1).result
    streets, days = result.data()["streets"], result.data()["days"]
    first, ends = result.states[0], zip(result.network.tail, result.network.head, strict=True)
    assert [(row["from"] - 1, row["to"] - 1) for row in streets] == list(ends)
    assert [row["after"] for row in streets] == first["flow_after"]
    assert len(days) == 2 * 2 * 2 * 3  # reports, schedules, seeds, days
    assert [row["fall"] for row in days[:3]] == result.days[0]["falls"]
    write_result(result, tmp_path)
    scenario = make_scenario({**SMALL, **settings, "seeds": 2, "noise": 0.1})
    again, drawn = scenario.read_back(KeptTables(tmp_path)).pictures(), result.pictures()
    assert {name: render(one.figure, "svg") for name, one in again.items()} == {
        name: render(one.figure, "svg") for name, one in drawn.items()
    }
    with pytest.raises(InputError, match=r"Expected the 168 streets of .*, got 24 others"):
        make_scenario({**SMALL, "network": "grid"}).read_back(KeptTables(tmp_path))
    (tmp_path / "days.csv").unlink()
    with pytest.raises(InputError, match=r"Expected days\.csv"):
        scenario.read_back(KeptTables(tmp_path))


def test_a_gap_that_is_too_coarse_is_told() -> None:
    fine, coarse = run(days=2).result, run(days=2, gap=0.1).result
    assert not any("is found to a gap of" in said for said in fine.summary())
    assert "coarse" not in fine.to_json()
    assert set(coarse.to_json()["coarse"]) <= set(coarse.summary())
    (said,) = [one for one in coarse.summary() if one.startswith("Traffic at rest is found to")]
    gap, trips = coarse.states[0]["gap"], coarse.network.trips.sum()
    assert said.startswith(f"Traffic at rest is found to a gap of {gap:.1g}: {gap * trips:,.0f} dr")
    share = 100 * gap * trips / coarse.states[0]["through_before"]
    assert said.endswith(
        f"{share:.1f}% of the neighbourhood's through-traffic. Smaller falls may not show: use a "
        "smaller --gap."
    )
    days = run(days=2, day_gap=0.2).result
    assert any(said.endswith("use a smaller --day-gap.") for said in days.summary())
    assert any(said.endswith("use a smaller --day-gap.") for said in days.to_json()["coarse"])


def test_the_gap_of_days_is_chosen_and_its_default_is_in_no_cell() -> None:
    usual, fine = make_scenario({**SMALL, "days": 2}), make_scenario({**SMALL, "day_gap": 1e-5})
    assert isinstance(usual, Navigation)
    assert isinstance(fine, Navigation)
    assert "day_gap" not in usual.day_cells()[0]
    assert fine.day_cells()[0]["day_gap"] == 1e-5
    assert "day_gap" not in fine.state_cells()[0]
    found = run(days=2, day_gap=1e-5, schedule="every-day").result
    assert found.days[0]["gap"] <= 1e-5 < run(days=2, schedule="every-day").result.days[0]["gap"]


def test_no_library_is_loaded_that_trains() -> None:
    code = (
        "import sys; from quorate.scenarios.navigation.scenario import Navigation; "
        "from quorate.executors.serial import SERIAL; "
        f"Navigation({SMALL['network']!r}, (5,), days=1).run(None, SERIAL); "
        "print([name for name in ('torch', 'sklearn') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n", "they take seconds to load"


def test_without_reports_nothing_changes() -> None:
    found = run(reports="0", days=1, target=1.0).result.to_json()
    assert found["relative_gap"] <= 1e-4
    assert found["total_travel_time"]["before"] == found["total_travel_time"]["after"]
    assert found["through_flow"]["before"] == found["through_flow"]["after"]
    assert found["through_flow"]["relative_fall"] == 0
    assert found["members_delay"] == 0
    assert all(part["before"] == part["after"] for part in found["spill_over"])
    assert found["critical_reports"] is None  # not all through-traffic follows the app


def test_a_cell_is_the_same_whatever_was_run_before_and_seeds_differ() -> None:
    made = make_scenario({**SMALL, "reports": "50,300", "seeds": 2, "noise": 0.2})
    assert isinstance(made, Navigation)
    cells = made.state_cells()
    in_order = [measure_state(cell) for cell in cells]
    make_city.cache_clear()
    assert [measure_state(cell) for cell in reversed(cells)] == in_order[::-1]
    assert len({found["relative_fall"] for found in in_order}) == 4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"share": "1.2"}, r"share=1.2 in \[0, 1\]"),
        ({"reports": "-5"}, "reports=-5 to be at least 0"),
        ({"reports": ""}, "reports"),
        ({"days": 0}, "days=0 to be at least 1"),
        ({"defence": "prayer"}, "trimmed-mean"),
        ({"others": "vanish"}, "habit"),
        ({"schedule": "sundays"}, "every-other-day"),
        ({"seeds": 3}, "noise above 0"),
        ({"noise": 1.0}, r"noise=1 in \[0, 1\)"),
        ({"told": -1}, "told=-1 to be a positive"),
        ({"kappa": 0}, "kappa=0 to be a positive"),
        ({"accounts": 0}, "accounts=0 to be at least 1"),
        ({"target": 0}, r"target=0 in \(0, 1\]"),
        ({"learning": 2}, r"learning=2 in \[0, 1\]"),
    ],
)
def test_what_is_refused_at_once(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_scenario({**SMALL, **wrong})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"network": "atlantis"}, "siouxfalls"),
        ({"neighbourhood": "5,99"}, "known node of grid, got '99'"),
        ({"neighbourhood": ()}, "one node or more"),
        ({"neighbourhood": tuple(range(1, 10))}, "all of its 9 nodes"),
    ],
)
def test_what_is_refused_by_the_network(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run(**wrong)


def test_a_network_in_two_pieces(tmp_path: Path) -> None:
    road = "{} {} 100 1 1 0.15 4 0 0 1 ;"
    (tmp_path / "cut_net.tntp").write_text(
        "<NUMBER OF ZONES> 4\n<NUMBER OF NODES> 4\n<FIRST THRU NODE> 1\n<NUMBER OF LINKS> 4\n"
        "<END OF METADATA>\n"
        + "\n".join(road.format(*ends) for ends in ((1, 2), (2, 1), (3, 4), (4, 3)))
    )
    (tmp_path / "cut_trips.tntp").write_text(
        "<NUMBER OF ZONES> 4\n<TOTAL OD FLOW> 5.0\n<END OF METADATA>\nOrigin 1\n 3 : 5.0;\n"
    )
    with pytest.raises(InputError, match="none from zone 1 to zone 3"):
        run(network=str(tmp_path), neighbourhood="2")


def test_a_neighbourhood_on_nobodys_way_is_answered_by_some_that_are() -> None:
    corner = {"network": "grid:rows=3,columns=3,every=2,crossing=0", "neighbourhood": "1"}
    with pytest.raises(InputError, match=r"drive through nodes .* of grid, got nobody") as raised:
        run(**{**corner, "network": f"{corner['network']},local=1,block=0.3,street_speed=100"})
    offered = str(raised.value).partition("--neighbourhood ")[2].partition(" ")[0]
    assert run(**{**corner, "neighbourhood": offered}, days=1).result.states


def test_it_can_be_described() -> None:
    made = make_scenario({**SMALL, "reports": "0,200", "defence": "none,bans"})
    assert isinstance(made, Navigation)
    assert made.reports == (0.0, 200.0)
    assert made.defence == ("none", "bans")
