"""Sequential designs: their intervals, what they can see, and when they stop."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import quorate
from quorate.errors import InputError
from quorate.findings.design import (
    confidence_at,
    describe_design,
    measured_spread,
    seeds_to_decide,
    smallest_effect,
)
from quorate.findings.expectation import make_expectation
from quorate.findings.experiment import read_experiment
from quorate.findings.judging import by_part, judge, together
from quorate.findings.measures import RowMeasures
from quorate.intervals import Estimate

pytestmark = pytest.mark.usefixtures("plain_pictures")

LOOKS = (5, 10, 20)
DESIGN = """
title = "Digits"
claim = "Everyone is moved."
source = "ours"
ours = "Everything."
expected = "Success is .5 or more."
population = "digits:n=300"
strategy = "planting:size=2"
alphas = "0.5"
looks = [3, 4]
[learner]
plain = "sgd:epochs=3,learning_rate=0.05"
[[expect]]
measure = "success"
of = "plain"
at = 0.5
at_least = 0.5
spread = 0.05
name = "moved"
where = "half of the data acts"
[quick]
seeds = 2
"""


def rows(values: Any) -> RowMeasures:
    return RowMeasures([{"seed": i, "x": float(value)} for i, value in enumerate(values)])


@pytest.mark.parametrize("plain", [{"at_least": 0.0}, {"at_least": -9.0, "at_most": 0.0}])
def test_stopping_at_a_decision_is_wrong_in_5_percent_at_most(plain: dict[str, float]) -> None:
    """A number at its limit exactly, judged until it is decided; naive 95% looks err more often."""
    draw, claims = np.random.default_rng(0), 2000
    wanted = make_expectation(measure="x", of={}, **plain)
    wrong = naive = 0
    for _ in range(claims):
        values = draw.standard_normal(LOOKS[-1])
        found = [judge(wanted, rows(values[:n]), looks=len(LOOKS)).verdict for n in LOOKS]
        wrong += any(one != "undecided" for one in found)
        naive += any(judge(wanted, rows(values[:n])).verdict != "undecided" for n in LOOKS)
    # 5% and three standard deviations of a share of 2,000
    assert wrong / claims <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / claims)
    assert naive / claims > 0.08


def test_what_is_called_visible_is_seen_in_four_of_five_cases() -> None:
    draw, repetitions = np.random.default_rng(1), 3000
    for seeds, confidence in ((5, 0.95), (20, confidence_at(3))):
        effect = smallest_effect(2.0, seeds, confidence)
        values = effect + 2.0 * draw.standard_normal((repetitions, seeds))
        t = stats.t.ppf((1 + confidence) / 2, seeds - 1)
        half = t * values.std(axis=1, ddof=1) / math.sqrt(seeds)
        seen = (values.mean(axis=1) - half > 0).mean()
        # the formula is an approximation: of five seeds it sees a little more than it says
        assert 0.78 < seen < 0.87


@pytest.mark.parametrize(("distance", "spread"), [(0.5, 1.0), (0.03, 0.05), (2.0, 0.1)])
def test_the_number_of_seeds_is_the_first_that_is_enough(distance: float, spread: float) -> None:
    def half(n: int) -> float:
        return float(stats.t.ppf(0.975, n - 1) * spread / math.sqrt(n))

    naive = next(n for n in range(3, 10_000) if half(n) <= distance)
    assert seeds_to_decide(distance, spread, 0.95) == naive
    assert seeds_to_decide(0.0, spread, 0.95) is None
    assert seeds_to_decide(1e-9, spread, 0.95) is None


def test_the_spread_is_that_of_the_values() -> None:
    values = np.array([1.0, 4.0, 2.0, 3.5])
    found = judge(make_expectation(measure="x", of={}, at_least=0), rows(values))
    assert found.spread == pytest.approx(values.std(ddof=1))
    assert measured_spread(Estimate(1, 0, math.inf), 5, 0.95, False) is None


def test_an_open_statement_says_how_many_seeds_would_decide_it() -> None:
    """Mean 1, deviation 2, limit 0: 18 seeds, since 2.11·2/√18 = .995 and 2.12·2/√17 = 1.03."""
    values = np.array([-1.0, 1.0, 3.0])
    found = judge(make_expectation(measure="x", of={}, at_least=0), rows(values))
    assert (found.verdict, found.seeds_needed) == ("undecided", 18)
    decided = judge(make_expectation(measure="x", of={}, at_least=-90), rows(values))
    assert decided.seeds_needed is None


def test_what_does_not_hold_alone_says_how_many_seeds_would_refute_the_claim() -> None:
    """Of five statements: t = −4 at three degrees, against 4.857; five seeds would do (4.604·s/√5).

    Deviation .5 and mean −1, so that the limit is 1 away: 4.857·.25 = 1.21, 4.604·.5/√5 = 1.03,
    4.032·.5/√6 = .823 at 99%.
    """
    values = np.array([-1.75, -1.0, -0.75, -0.5])
    values = -1 + (values - values.mean()) / values.std(ddof=1) * 0.5
    found = judge(make_expectation(measure="x", of={}, at_least=0), rows(values), family=5)
    assert (found.verdict, found.refutes, found.seeds_needed) == ("does not hold", False, 6)


def test_the_opposite_of_a_direction() -> None:
    values = rows([1.0, 1.1, 1.2])
    asked = {"measure": "x", "of": {}, "against": "seed"}
    larger = RowMeasures([{"seed": i, "x": 9.0 + i + 0.1 * i, "y": float(i)} for i in range(4)])
    found = judge(make_expectation(**{**asked, "against": "y", "is": "smaller"}), larger)
    assert found.verdict == "does not hold"
    assert found.opposite
    limited = judge(make_expectation(measure="x", of={}, at_least=5), values)
    assert limited.verdict == "does not hold"
    assert not limited.opposite


def test_each_condition_has_a_verdict() -> None:
    kinds = (("here", -9.0), ("there", 5.0))
    found = [
        judge(make_expectation(measure="x", of={}, at_least=low, where=where), rows([1, 1.1, 1.2]))
        for where, low in kinds
    ]
    assert by_part(found) == {("", "here"): "holds", ("", "there"): "does not hold"}
    assert together(by_part(found).values()) == "holds in part"


def test_a_run_stops_once_its_claim_is_decided(tmp_path: Path) -> None:
    file = tmp_path / "moved.toml"
    file.write_text(DESIGN, encoding="utf-8")
    found = quorate.run(file, tmp_path / "out").finding
    assert found is not None
    plain = found.to_json()
    assert (plain["seeds"], plain["looks"], plain["verdict"]) == (3, [3, 4], "holds")
    assert plain["statements"][0]["confidence"] == 0.975
    assert plain["design"][0].startswith("Judged after 3, 4 seeds, until decided")
    assert plain["design"][1].startswith("moved: with up to 4 seeds a difference of 0.1")
    assert any("where half of the data acts" in line for line in found.lines())


def test_a_run_goes_on_while_its_claim_is_open(tmp_path: Path) -> None:
    """A limit at the very mean of the first three seeds is not decided by them."""
    file = tmp_path / "open.toml"
    file.write_text(DESIGN, encoding="utf-8")
    file.write_text(DESIGN.replace('"success"', '"accuracy"'), encoding="utf-8")
    first = quorate.run(file, tmp_path / "first").finding
    assert first is not None
    mean = first.statements[0].estimate.value
    text = file.read_text(encoding="utf-8").replace("at_least = 0.5", f"at_least = {mean}")
    file.write_text(text, encoding="utf-8")
    found = quorate.run(file, tmp_path / "out").finding
    assert found is not None
    assert found.to_json()["seeds"] == 4


def test_quick_forms_leave_the_looks_out(tmp_path: Path) -> None:
    file = tmp_path / "moved.toml"
    file.write_text(DESIGN, encoding="utf-8")
    assert read_experiment(file, quick=True).looks == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("looks = [3, 4]", "looks = [4, 3]", "Expected looks to be rising numbers"),
        ("looks = [3, 4]", "looks = [2, 4]", "from 3 on"),
        ("looks = [3, 4]", "looks = 5", "rising numbers"),
        ("looks = [3, 4]", "looks = [3, 4]\nseeds = 3", "got both"),
        ("spread = 0.05", "", "Expected spread of every statement beside looks"),
        ("spread = 0.05", "spread = 0", "Expected spread=0 above 0"),
        ("spread = 0.05", "spread = inf", "Expected a number for spread, got inf"),
        (
            "[quick]",
            '[[expect]]\nof = "plain"\nat_most = 1\nspread = 1\nname = "moved"\n[quick]',
            "Expected each name once in .*bad.toml, got 'moved' twice",
        ),
    ],
)
def test_bad_designs(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(DESIGN.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_experiment(file)


def test_words_of_blanks_are_no_words(tmp_path: Path) -> None:
    file = tmp_path / "blank.toml"
    blank = DESIGN.replace('"half of the data acts"', '" "').replace('"moved"', '" moved "')
    file.write_text('where = " "\n' + blank, encoding="utf-8")
    found = read_experiment(file)
    assert (found.where, found.expectations[0].where) == ("", "")
    assert found.expectations[0].name == "moved"


def test_a_quick_form_is_not_asked_what_it_can_see(tmp_path: Path) -> None:
    """Three seeds see .03 at least, of this spread: the whole of it, of a hundred, has room."""
    file = tmp_path / "quick.toml"
    narrow = DESIGN.replace("[3, 4]", "[50, 100]").replace("seeds = 2", "seeds = 3")
    narrow = narrow.replace("at_least = 0.5", 'against = "accuracy"\nat_least = -0.1')
    file.write_text(narrow.replace("spread = 0.05", "spread = 0.1"), encoding="utf-8")
    assert len(read_experiment(file).design()) == 2
    assert read_experiment(file, quick=True).design() == []


def test_a_spread_past_all_sense_is_said_as_such() -> None:
    wanted = make_expectation(of="a", than="b", **{"is": "greater"}, spread=1e3)
    assert "a ratio of inf or more" in describe_design([wanted], 10, [])[0]
    none = make_expectation(
        measure="success", of="a", than="b", at=0.1, at_least=0, at_most=0, spread=1
    )
    with pytest.raises(InputError, match=r"got 0\. Widen its limits\.$"):
        describe_design([none], 10, [])


@pytest.mark.parametrize(
    "limits",
    [
        "at_least = 0.99\nat_most = 1.0",
        'against = "accuracy"\nat_least = -0.01\nat_most = 0.01',
        'against = "accuracy"\nat_least = -0.01',
        'against = "accuracy"\nat_most = 0.01',
    ],
)
def test_less_room_than_can_be_seen_is_refused_before_anything_runs(
    tmp_path: Path, limits: str
) -> None:
    file = tmp_path / "narrow.toml"
    file.write_text(DESIGN.replace("at_least = 0.5", limits), encoding="utf-8")
    with pytest.raises(InputError, match=r"smallest that 4 seeds see.*plan some \d+ seeds"):
        quorate.run(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("limits", "clear"),
    [
        ({"at_least": 0.0}, 1.1),
        ({"at_least": 2.2}, -1.1),
        ({"at_most": 2.2}, 1.1),
        ({"at_least": 0.0, "at_most": 1.5}, 0.4),
    ],
)
def test_clear_counts_widths_of_the_interval(limits: dict[str, float], clear: float) -> None:
    """Mean 1.1 with an interval of ±1."""
    t = stats.t.ppf(0.975, 2)
    values = 1.1 + np.array([-1.0, 0.0, 1.0]) * math.sqrt(3) / t  # of deviation √3/t
    found = judge(make_expectation(measure="x", of={}, **limits), rows(values))
    assert found.estimate.high - found.estimate.value == pytest.approx(1.0)
    assert found.clear == pytest.approx(clear)
    assert (found.verdict == "holds") == (clear > 1)
    assert (found.verdict == "does not hold") == (clear < -1)
