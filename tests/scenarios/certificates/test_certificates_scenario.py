"""Certified success beside achieved success, on the cars of a published generator."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from quorate.cli.entry import app
from quorate.errors import InputError
from quorate.report.files import write_result
from quorate.runs.kept_tables import KeptTables
from quorate.scenarios.certificates.campaign import (
    ADAPTIVE,
    FEATURE_ONLY,
    NAIVE,
    PLANT,
    Campaign,
    Crowd,
    draw_crowd,
)
from quorate.scenarios.certificates.cars import (
    COLUMNS,
    FEATURES,
    FREE,
    LABEL,
    LABELS,
    MODEL_SHARES,
    MODELS,
    VALUES,
    draw_cars,
    signal,
)
from quorate.scenarios.certificates.cell import set_aside
from quorate.scenarios.certificates.result import CertificatesResult, CertifiedCurve
from quorate.scenarios.scenario import make_scenario, run_scenario
from quorate.theory.certificates.counts import AssumedPlatform

SMALL: dict[str, Any] = {
    "sizes": "500,2000,4000",
    "platform_size": 20_000,
    "test_size": 2000,
    "aside": 200,
    "radii": "hoeffding,exact",
    "labels": "Excellent,Average",
}


def cars_by_name(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """The law once more, drawn by names, as the benchmark drew it."""
    model = rng.choice(MODELS, n, p=MODEL_SHARES)
    suv = model == "SUV"
    columns = {"Model Type": model}
    for one in FEATURES:
        usual = suv & (rng.random(n) < one.share)
        columns[one.name] = np.where(usual, one.usual, rng.choice(one.values, n))
    cars = pd.DataFrame(columns)
    score = cars["Safety Rating"].str[0].astype(int)
    score += cars["Fuel Type"].map({"Gasoline": 1, "Diesel": 1, "Electric": 4, "Hybrid": 3})
    score += cars["Warranty Length"].map({"3 years": 2, "5 years": 3, "7 years": 4, "10 years": 5})
    score = score.to_numpy() + rng.choice([1, 3, 4], n)
    score = np.where(rng.random(n) < 0.05, 0, score)
    chance = rng.random(n)
    other = np.select([chance < 0.6, chance < 0.9], [13, 0], 2)
    score = np.where(suv & (cars[FREE] == "C2"), other, score)
    cars[LABEL] = np.select([score >= 13, score >= 8, score >= 2], LABELS[:3], LABELS[3])
    return cars


def test_cars_are_those_that_the_benchmark_has_always_drawn() -> None:
    found = draw_cars(3000, np.random.default_rng(5))
    pd.testing.assert_frame_equal(found.to_frame(), cars_by_name(3000, np.random.default_rng(5)))
    carrying = np.ones(3000, dtype=bool)
    for name, value in signal().items():
        carrying &= found.to_frame()[name] == value
    assert found.carrying.tolist() == carrying.tolist()
    assert len(COLUMNS) == len(VALUES) == 18
    assert len(signal()) == 17


def test_the_published_point_of_unplanting() -> None:
    """n = 110,100, n_e = 10,000: the formula gives .9886; divided by n as in the code, .8981."""
    crowd = draw_crowd(1_000_000, 100_000, 0)
    campaign = Campaign.of(crowd, ADAPTIVE, LABELS.index("Average"), 110_100, 10_000)
    platform = AssumedPlatform(1_000_000, test_size=100_000)
    found = campaign.certify(platform, 0.95, "hoeffding")
    assert found.success == pytest.approx(0.98863, abs=5e-6)  # as printed: five digits
    assert campaign.achieve(crowd, found.planted) == 1.0
    events = np.log((2 + 6 * 5) / 0.05)  # all cells are won: only the radii are taken off
    radius = [np.sqrt(events / (2 * k)) for k in (110_100, 100_100, 100_000)]
    assert found.success == pytest.approx(1 - radius[1] - radius[2])
    assert 100_100 / 110_100 - radius[0] - radius[2] == pytest.approx(0.8981, abs=5e-5)


# Cell 0: 6 of label 0, 3 of label 1 carry the signal; cell 1: 2 of label 1; nobody elsewhere.
JOINT = np.array([0] * 6 + [1] * 3 + [5] * 2 + [8] * 4 + [13] * 5)
CARRYING = np.arange(20) < 11


def crowd_of(order: list[int]) -> Crowd:
    """A crowd of 20 in an order, and ten test people, most of them in cell 0."""
    return Crowd(JOINT[order], CARRYING[order], np.array([6.0, 1.0, 1.0, 2.0, 0.0]))


def by_hand(goal: str, label: int, order: list[int], n: int, planted: list[int]) -> float:
    """The success, counted row by row."""
    rows = np.zeros((5, 4))
    for place, who in enumerate(order):
        cell, own = divmod(int(JOINT[who]), 4)
        if place >= n:
            rows[cell, own] += CARRYING[who]
        elif goal != FEATURE_ONLY or own == label:
            rows[cell, planted[cell]] += 1
    won = 0
    for cell, test in enumerate([6, 1, 1, 2, 0]):
        rivals = [rows[cell, y] for y in range(4) if y != label]
        wins = rows[cell, label] > max(rivals)
        loses = max(rivals) > rows[cell, label]
        won += test * (loses if goal in (NAIVE, ADAPTIVE) else wins)
    return won / 10


@pytest.mark.parametrize("goal", [PLANT, FEATURE_ONLY, NAIVE, ADAPTIVE])
def test_success_is_that_of_the_most_common_label_of_each_cell(goal: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        order, n, label = (
            rng.permutation(20).tolist(),
            int(rng.integers(4, 20)),
            int(rng.integers(4)),
        )
        campaign = Campaign.of(crowd_of(order), goal, label, n, 2)
        platform = AssumedPlatform(20)
        planted = campaign.certify(platform, 0.95, "hoeffding").planted
        found = campaign.achieve(crowd_of(order), planted)
        assert found == pytest.approx(by_hand(goal, label, order, n, planted.tolist()))
        if goal in (NAIVE, ADAPTIVE):
            assert label not in planted.tolist()


def test_those_set_aside_choose_the_label_of_each_cell() -> None:
    campaign = Campaign.of(crowd_of(list(range(20))), ADAPTIVE, 0, 18, 11)
    found = campaign.certify(AssumedPlatform(20), 0.95, "hoeffding")
    assert found.planted[:2].tolist() == [1, 1]  # the others' most common label beside 0
    assert [set_aside(10, 30), set_aside(10, 8), set_aside(10, 1)] == [10, 4, 1]


@pytest.fixture(scope="module")
def result() -> CertificatesResult:
    found = run_scenario({"name": "certificates", "seeds": 2, **SMALL}).result
    assert isinstance(found, CertificatesResult)
    return found


def test_every_goal_label_radius_and_seed_has_a_row_a_size(result: CertificatesResult) -> None:
    rows = result.rows()
    assert len([row for row in rows if not row["over"]]) == 4 * 2 * 2 * 2 * 3
    assert len([row for row in rows if row["over"] == "sizes"]) == 4 * 2 * 2 * 2
    assert len([row for row in rows if row["over"] == "labels"]) == 4 * 2 * 2
    for row in rows:
        if not row["over"]:
            assert row["certified"] <= row["achieved"]
            assert row["gap"] == row["achieved"] - row["certified"]


def test_kept_tables_give_the_same_curves(result: CertificatesResult, tmp_path: Path) -> None:
    write_result(result, tmp_path)
    again = make_scenario({"name": "certificates", "seeds": 2, **SMALL}).read_back(
        KeptTables(tmp_path)
    )
    assert again.rows() == result.rows()
    assert again.pictures().keys() == result.pictures().keys()


def test_the_exact_radius_needs_fewer_than_the_published_one(result: CertificatesResult) -> None:
    needed = {
        (curve.goal, curve.label, curve.seed, curve.radius): curve.needed or np.inf
        for curve in result.curves
    }
    for (goal, label, seed, radius), number in needed.items():
        if radius == "exact":
            assert number <= needed[goal, label, seed, "hoeffding"]


def test_certificates_above_the_success_are_counted() -> None:
    good = CertifiedCurve("plant", "Good", "exact", 0, (10, 20), (None, 0.5), (0.2, 0.6), 30)
    bad = CertifiedCurve("plant", "Good", "exact", 1, (10, 20), (0.3, 0.5), (0.2, 0.6), None)
    result = CertificatesResult((good, bad), 1000, 100, 0.95, 0.9)
    over = [row["held"] for row in result.rows() if row["over"] == "sizes"]
    assert over == [1.0, 0.5]
    (curve,) = result.to_json()["curves"]
    assert curve["violations"] == 1
    assert curve["informative"] == 3
    assert curve["needed"] is None
    assert curve["certified"] == [None, 0.5]
    assert result.summary()[0] == (
        "1 of 3 certificates that promise anything were above the success achieved; each may be "
        "with a probability of 0.05."
    )


def test_the_command_line_runs_it(tmp_path: Path) -> None:
    words = [
        word for key, value in SMALL.items() for word in (f"--{key.replace('_', '-')}", f"{value}")
    ]
    out = ["--seeds", "1", "--goals", "plant", "--out", str(tmp_path)]
    found = CliRunner().invoke(app, ["scenario", "certificates", *words, *out])
    assert found.exit_code == 0, found.output
    assert (tmp_path / "plant.png").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"labels": "Great"}, "Excellent"),
        ({"sizes": "100,50"}, "that grow"),
        ({"sizes": "100,30000"}, "platform size"),
        ({"goals": "erase"}, "unplant-naive"),
        ({"confidence": 1}, "confidence"),
        ({"radii": ()}, "one or more of radii"),
    ],
)
def test_a_mistake_is_answered(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run_scenario({"name": "certificates", **SMALL, **given})
