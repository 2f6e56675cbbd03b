"""Day after day: schedules, trust, bans and habits, worked by hand on two ways.

Through the neighbourhood, node 3, at 10 + 0.1f, and around it at 20 + 0.1f; 200 of 300 go through.
"""

from dataclasses import replace

import numpy as np
import pytest

from quorate.scenarios.navigation.app import App
from quorate.scenarios.navigation.day_to_day import (
    SCHEDULES,
    Adaptation,
    Day,
    change_habits,
    simulate_days,
)
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.route_choice import Drivers, honest_equilibrium
from quorate.scenarios.navigation.routes import Routes

TWO_WAYS = Network(
    "two ways",
    tail=[0, 2, 0, 3],
    head=[2, 1, 3, 1],
    capacity=[100] * 4,
    free_flow_time=[10, 0, 20, 0],
    b=[1, 0, 0.5, 0],
    power=[1] * 4,
    length=[1] * 4,
    trips=[[0, 300], [0, 0]],
)
STREET = TWO_WAYS.head == 2
GAP = 1e-5


def days(
    schedule: str, number: int, rates: Adaptation, defence: str = "none", reports: float = 1e9
) -> list[Day]:
    routes = Routes(TWO_WAYS)
    habit = honest_equilibrium(routes, GAP).flow / 300
    told = 10 * TWO_WAYS.free_flow_time
    app = App(TWO_WAYS, np.where(STREET, reports, 0), told, defence=defence, accounts=10**9)
    return simulate_days(
        number, schedule, STREET, routes, habit, Drivers(0.6, theta=50), app, rates, GAP
    )


def test_when_members_report() -> None:
    streets = np.arange(3)
    found = {
        name: [rule(day, streets).sum() for day in range(15)] for name, rule in SCHEDULES.items()
    }
    assert found["every-day"] == [3] * 15
    assert found["every-other-day"] == [3, 0] * 7 + [3]
    assert found["alternating-streets"] == [2, 1] * 7 + [2]  # streets 1 and 3, then street 2
    assert found["burst"] == [3] * 7 + [0] * 7 + [3]


def test_nothing_is_kept_then_every_day_is_the_first() -> None:
    lived = days("every-other-day", 4, Adaptation(0, 0))
    flows = [day.state.on_links[0] for day in lived]
    # 0.6 of all go around on a day with reports; on the next all are at 30 minutes again
    assert flows == pytest.approx([80, 200, 80, 200], abs=0.5)  # √GAP of 300, about
    assert [day.is_reported for day in lived] == [True, False, True, False]


def test_trust_is_lost_as_traces_say() -> None:
    # All follow: t̂ = (f(10 + 0.1f) + 100m)/(m + f) equals 50 − 0.1f at the upper root of
    # 0.2f² + (0.1m − 40)f + 50m = 0: 158 cars at m = 20.
    lived = days("every-day", 2, Adaptation(0.5, 0), reports=20)
    first = max(np.roots([0.2, 0.1 * 20 - 40, 50 * 20]))
    assert lived[0].state.on_links[0] == pytest.approx(first, abs=0.5)
    # There they take 25.8 minutes where 100 were told: trust is 1 − 0.5(1 − 0.258).
    m = 20 * (1 - 0.5 * (1 - (10 + 0.1 * first) / 100))
    f = max(np.roots([0.2, 0.1 * m - 40, 50 * m]))
    assert lived[1].state.on_links[0] == pytest.approx(f, abs=0.5)


def test_accounts_that_always_report_are_shut_after_two_weeks() -> None:
    every = days("every-day", 17, Adaptation(0, 0), "bans")
    assert [day.is_reported for day in every] == [True] * 14 + [False] * 3
    assert every[-1].state.on_links[0] == pytest.approx(200, abs=0.5)
    other = days("every-other-day", 34, Adaptation(0, 0), "bans")
    assert [day.is_reported for day in other] == [True, False] * 17


def test_others_come_back_as_their_habits_change() -> None:
    lived = days("every-day", 30, Adaptation(0, 0.2))
    flows = np.array([day.state.on_links[0] for day in lived])
    assert (np.diff(flows) >= -0.5).all()
    # In the end all 120 who do not follow the app go through, where it is 22 minutes and not 38.
    assert flows[-1] == pytest.approx(120, abs=0.5)


def test_of_each_habit_a_share_changes() -> None:
    routes = Routes(TWO_WAYS)
    honest = honest_equilibrium(routes, 1e-7)
    habit = honest.flow / 300
    assert change_habits(routes, habit, honest, 1.0) == pytest.approx(habit, abs=1e-3)  # √gap
    all_through = np.where(routes.costs(np.array([1.0, 0, 0, 0])) > 0, 1.0, 0.0)
    empty = replace(honest, times=np.array([50.0, 0, 20, 0]))
    after = change_habits(routes, all_through, empty, 0.1)
    assert after.tolist() == pytest.approx((0.9 * all_through + 0.1 * (1 - all_through)).tolist())
