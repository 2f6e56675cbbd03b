"""300 gig workers with mixed columns: nobody shares a cell, and still there is an answer."""

import json

import numpy as np
import pandas as pd
import pytest

from quorate.planning import coarsening_words, rehearsal_words
from quorate.planning.plan import PlanRequest, make_plan
from quorate.planning.result import Plan

N, SIZE = 300, 3000


def gig_workers() -> pd.DataFrame:
    """Return twelve columns, seven of them continuous; whom the platform offers good orders."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "vehicle": rng.choice(
                ["car", "bike", "scooter", "on foot"], N, p=[0.5, 0.25, 0.2, 0.05]
            ),
            "city": rng.choice(["north", "south", "east", "west", "centre"], N),
            "app": rng.choice(["android", "ios"], N, p=[0.7, 0.3]),
            "rating": np.clip(rng.normal(4.6, 0.3, N), 1, 5).round(2),
            "trips": rng.gamma(2, 60, N).round(),
            "hours": rng.gamma(4, 7, N).round(1),
            "months": rng.integers(1, 60, N),
            "accepted": rng.beta(8, 2, N).round(3),
            "cancelled": rng.beta(1.5, 20, N).round(3),
            "age": rng.integers(18, 66, N),
            "night": rng.choice(["yes", "no"], N, p=[0.3, 0.7]),
            "contact": rng.choice(["app", "phone", "mail"], N, p=[0.8, 0.17, 0.03]),
        }
    )
    score = 5 * (frame.rating - 4.6) + 8 * (frame.accepted - 0.8) - 16 * (frame.cancelled - 0.07)
    return frame.assign(offer=np.where(score + rng.logistic(size=N) > 0.3, "good", "poor"))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    path = tmp_path_factory.mktemp("gig") / "members.csv"
    gig_workers().to_csv(path, index=False)
    request = PlanRequest(
        label="offer",
        platform_size=SIZE,
        target="good",
        signal="contact=mail",
        rehearsed=("logistic", "naive-bayes"),
    )
    return make_plan(path, request)


def test_nothing_is_certified_but_there_is_more_to_say(plan: Plan) -> None:
    assert not plan.certified.best.success > 0
    verdict, reach, columns, rehearsed, enough, success = plan.summary()
    assert verdict.startswith("Not certified")
    assert "90% cannot be certified. What can be is " in reach
    assert columns.startswith("If the platform learned from contact alone, ")
    assert rehearsed.startswith("Rehearsed, not certified: all 20 platforms")
    assert "(conditional on logistic)" in rehearsed
    assert enough.startswith("In rehearsal, enough for a success of 90%: ")
    assert success.startswith("Success: ")
    headings = [section.heading for section in plan.sections()]
    order = ["Certified", coarsening_words.HEADING, rehearsal_words.HEADING]
    assert [heading for heading in headings if heading in order] == order


def test_what_is_rehearsed_stands_in_every_file(plan: Plan) -> None:
    data = json.loads(json.dumps(plan.to_json(), allow_nan=False))
    today = [row for row in data["rehearsed"] if row["is_today"]]
    assert [row["learner"] for row in today] == ["logistic", "naive-bayes"]
    assert all(row["acting"] == 15 for row in today)  # a tenth of 150
    assert today[0]["success"] > 0.4
    assert [row["rows"] for row in data["rehearsed_trends"]] == [[75, 150]] * 2
    assert plan.data()["rehearsed"] == data["rehearsed"]
    assert data["in_reach"]["largest"]["success"] > 0
    assert any(note.startswith("Rehearsed: the members were split 20 times") for note in plan.notes)
