"""What the app makes of reports, and its defences, worked by hand."""

import math

import numpy as np
import pytest

from quorate.scenarios.navigation.app import App
from quorate.scenarios.navigation.defences import DEFENCES, Evidence, borne_out
from quorate.scenarios.navigation.network import Network


def told(reports: float, cars: float, accounts: int = 60) -> Evidence:
    one = np.ones(1)
    return Evidence(reports * one, cars * one, 10 * one, 50 * one, accounts)


@pytest.mark.parametrize(
    ("defence", "reports", "cars", "weight"),
    [
        ("none", 100, 300, 0.25),
        ("none", 0, 0, 0.0),
        ("none", 5, 0, 1.0),
        ("trimmed-mean", 100, 300, 0.0),  # a quarter of all: wholly cut
        ("trimmed-mean", 200, 300, 0.3),  # (0.4 − 0.25)/0.5
        ("trimmed-mean", 200, 200, 0.5),
        ("trimmed-mean", 300, 100, 1.0),  # the traces are cut
        ("contradicting-traces", 100, 300, 20 / 320),  # 10 of 50 minutes are borne out
        ("decay", 100, 300, 1 / (1 + 300 / (25 * (1 - math.exp(-4))))),
        ("bans", 100, 300, 60 / 360),  # sixty accounts
        ("bans", 40, 300, 40 / 340),
    ],
)
def test_what_reports_weigh(defence: str, reports: float, cars: float, weight: float) -> None:
    # 1e-12: a few roundings
    assert DEFENCES[defence](told(reports, cars))[0] == pytest.approx(weight, abs=1e-12)


def test_no_defence_gives_reports_more_weight() -> None:
    rng = np.random.default_rng(0)
    reports, cars, seen, ratio = rng.uniform(0, 500, (4, 300))
    evidence = Evidence(reports, cars, seen, seen * (1 + ratio), 100)
    plain = DEFENCES["none"](evidence)
    for name, defence in DEFENCES.items():
        weight = defence(evidence)
        assert ((weight >= 0) & (weight <= 1)).all()
        if name != "trimmed-mean":  # which leaves out traces too, where reports are most
            assert (weight <= plain).all()
        else:
            assert (weight[plain <= 0.5] <= plain[plain <= 0.5]).all()


def test_the_estimate_lies_between_traces_and_reports() -> None:
    road = Network(
        "road",
        tail=[0],
        head=[1],
        capacity=[100],
        free_flow_time=[10],
        b=[1],
        power=[1],
        length=[1],
        trips=[[0, 1], [0, 0]],
    )
    app = App(road, np.array([100.0]), np.array([50.0]), kappa=0.5)
    # t = 10 + 0.1 · 100 = 20; w = 100/(100 + 0.5 · 100) = 2/3; 20/3 + 2/3 · 50 = 40
    flow = np.array([100.0])
    assert app.estimate(flow, road.times(flow))[0] == pytest.approx(40)
    silent = App(road, np.zeros(1), np.array([50.0]))
    assert silent.estimate(flow, road.times(flow))[0] == 20


def test_what_is_borne_out() -> None:
    found = borne_out(np.array([10.0, 50.0, 0.0]), np.array([50.0, 10.0, 0.0]))
    assert found.tolist() == [0.2, 1.0, 0.0]
