"""Which differences between two audits are called, by hand and by simulation."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from quorate.auditing.comparison import Earlier, compare, regression_words
from quorate.auditing.measured import shift_of
from quorate.errors import InputError, StoreError
from quorate.intervals import Interval
from quorate.studies.critical_mass.rounds import close_in

INF, NAN = math.inf, math.nan
LEAST = 1e-4


def test_limits_are_joined_by_hand() -> None:
    # On the log scale 0 ± 0.3 then and −1 ± 0.4 now: −1 ± √(0.3² + 0.4²) = −1 ± 0.5.
    then, now = (
        Interval(*(math.exp(m + d) for d in (0, -w, w))) for m, w in ((-3.0, 0.3), (-4.0, 0.4))
    )
    shift = shift_of(then, now, LEAST)
    assert (shift.estimate, shift.low, shift.high) == pytest.approx((-1, -1.5, -0.5))
    wider = shift_of(then, now, LEAST, stretch=3)
    assert (wider.low, wider.high) == pytest.approx((-2.5, 0.5))


@pytest.mark.parametrize(
    ("then", "now", "verdict"),
    [
        (Interval(0.02, 0.018, 0.022), Interval(0.01, 0.009, 0.011), "fewer people"),
        (Interval(0.01, 0.009, 0.011), Interval(0.02, 0.018, 0.022), "more people"),
        (Interval(0.02, 0.01, 0.04), Interval(0.015, 0.008, 0.03), "no difference beyond noise"),
        (Interval(INF, 0.3, INF), Interval(0.1, 0.05, 0.2), "fewer people"),
        (Interval(INF, 0.15, INF), Interval(0.1, 0.05, 0.2), "no difference beyond noise"),
        (Interval(0.1, 0.05, 0.2), Interval(INF, 0.3, INF), "more people"),
        (Interval(INF, 1, INF), Interval(INF, 1, INF), "no difference beyond noise"),
        (Interval(0.1, 0.05, INF), Interval(0.01, 0.009, 0.011), "fewer people"),
        (Interval(0.1, 0.05, 0.2), Interval(0.01, 0.005, INF), "no difference beyond noise"),
        (Interval(0.1, 0.05, 0.2), Interval(NAN, NAN, NAN), "not measured"),
        (Interval(0.0, 0.0, 0.0), Interval(0.0, 0.0, 0.0), "no difference beyond noise"),
    ],
)
def test_verdicts(then: Interval, now: Interval, verdict: str) -> None:
    assert compare(then, now, LEAST, 5).verdict == verdict


def test_more_attacks_ask_for_more_evidence() -> None:
    then, now = Interval(0.02, 0.015, 0.027), Interval(0.0125, 0.0095, 0.0165)
    assert compare(then, now, LEAST, 1).verdict == "fewer people"
    assert compare(then, now, LEAST, 50).verdict == "no difference beyond noise"


def test_a_regression_names_the_attack() -> None:
    worse = compare(Interval(0.02, 0.018, 0.022), Interval(0.01, 0.009, 0.011), LEAST, 1, "erasing")
    same = compare(Interval(0.02, 0.018, 0.022), Interval(0.02, 0.018, 0.022), LEAST, 1, "planting")
    assert regression_words([same]) == ""
    said = "Regression: fewer people move the model by erasing (2% before, 1% now)."
    assert regression_words([same, worse]) == said


def search(world: int, people: int = 2000, budget: int = 24) -> Interval:
    """One search on one platform: α* = 2%, other seeds and other noise in each ``world``."""

    def measure(cells: object, _: object) -> list[float]:
        found = []
        for members, seed in cells:  # type: ignore[attr-defined]
            own = np.random.default_rng([world, seed]).normal(scale=0.25)
            rise = 1 / (1 + (40 * math.exp(own) / max(members, 0.1)) ** 4)
            noise = np.random.default_rng([world, seed, members])
            found.append(noise.binomial(500, rise) / 500)
        return found

    bracket = close_in(measure, people, 0.5, 1.3, budget).bracket
    return Interval(*(end / people for end in (bracket.estimate, bracket.low, bracket.high)))


def test_an_unchanged_model_hardly_ever_raises_an_alarm() -> None:
    # Of one attack at 5%: more than 4 alarms in 25 pairs have a probability of 0.7% if 5% is kept.
    # ``python -m benchmarks.audit_alarms`` measures it with thousands.
    found = [search(world) for world in range(50)]
    pairs = list(zip(found[::2], found[1::2], strict=True))
    assert sum(compare(*pair, LEAST, 1).verdict == "fewer people" for pair in pairs) <= 4
    halved = [
        compare(a, Interval(b.estimate / 4, b.low / 4, b.high / 4), 1e-6, 1) for a, b in pairs
    ]
    assert sum(one.verdict == "fewer people" for one in halved) >= 20


def test_the_rule_keeps_to_its_rate_of_false_alarms() -> None:
    # Searches whose log α* is normal about the truth, with the 95% intervals that go with it: of
    # five attacks at 1% each, 4.9% of the audits raise an alarm; ± 3.5 standard errors.
    rng, audits, attacks = np.random.default_rng(0), 3000, 5
    alarms = 0
    for _ in range(audits):
        truth = rng.uniform(-6, -2, attacks)
        spread = rng.uniform(0.05, 0.4, (2, attacks))
        found = rng.normal(truth, spread)
        then, now = (
            [Interval(*np.exp([m, m - 1.96 * s, m + 1.96 * s])) for m, s in zip(*one, strict=True)]
            for one in zip(found, spread, strict=True)
        )
        pairs = zip(then, now, strict=True)
        alarms += any(compare(*pair, 1e-6, attacks).verdict == "fewer people" for pair in pairs)
    assert alarms / audits == pytest.approx(0.049, abs=0.014)


def test_what_is_no_audit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Expected an audit in"):
        Earlier.read(tmp_path)
    (tmp_path / "results.json").write_text(json.dumps({"cells": []}))
    with pytest.raises(InputError, match="a result of another kind"):
        Earlier.read(tmp_path)
