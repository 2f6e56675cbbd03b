"""Expectations as plain data, and when they hold."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.findings.expectation import make_expectation
from quorate.findings.judging import Statement, judge, overall, verdict_of
from quorate.findings.measures import RowMeasures
from quorate.findings.samples import Sample
from quorate.intervals import Estimate


@dataclass(frozen=True)
class Fixed:
    """Measures that are given."""

    values: Mapping[str, Sequence[float]]
    log: bool = False

    def sample(self, measure: str, of: Any, at: float | None, target: float | None) -> Sample:
        values = np.array(self.values[f"{measure} {of}" if measure != "x" else of], dtype=float)
        return Sample(np.log(values) if self.log else values, logarithmic=self.log)

    def words(self, measure: str, at: float | None, target: float | None) -> str:
        return measure


@pytest.mark.parametrize(
    ("interval", "limits", "verdict"),
    [
        ((0.5, 0.4, 0.6), (0.3, 0.7), "holds"),
        ((0.5, 0.4, 0.6), (0.45, 0.7), "undecided"),
        ((0.5, 0.4, 0.6), (0.7, 0.9), "does not hold"),
        ((0.5, 0.4, 0.6), (0.1, 0.3), "does not hold"),
        ((0.5, 0.4, math.inf), (0.3, math.inf), "holds"),
        ((0.5, 0.4, math.inf), (0.3, 0.7), "undecided"),
        ((math.inf, 0.4, math.inf), (0.0, 0.3), "does not hold"),
        ((0.5, math.nan, math.nan), (0.1, 0.9), "undecided"),
        ((math.nan, math.nan, math.nan), (0.1, 0.9), "undecided"),
    ],
)
def test_verdicts_by_hand(
    interval: tuple[float, float, float], limits: tuple[float, float], verdict: str
) -> None:
    assert verdict_of(Estimate(*interval), limits) == verdict


def said(verdict: Any, refutes: bool = False) -> Statement:
    of = make_expectation(measure="x", of="a", at_least=0)
    return Statement("", verdict, Estimate(0, 0, 0), "", of, refutes)


def test_a_claim_holds_where_all_of_it_does() -> None:
    holds, against = said("holds"), said("does not hold", True)
    assert overall([holds, holds]) == "holds"
    assert overall([holds, said("undecided")]) == "undecided"
    assert overall([said("undecided"), against]) == "does not hold"
    assert overall([holds, against]) == "does not hold"
    assert overall([]) == "undecided"


def test_a_statement_that_does_not_hold_alone_leaves_its_claim_undecided() -> None:
    assert overall([said("holds"), said("does not hold")]) == "undecided"


def test_what_refutes_depends_on_how_many_could() -> None:
    """Mean −1, standard deviation 0.5, 4 seeds: t = −4, against 3.18 at 95% and 3.96 at 97.08%.

    Student's quantile at 3 degrees is 3.182 at 95%, 3.961 for two and 4.857 for five statements.
    """
    values = np.array([-1.75, -1.0, -0.75, -0.5])
    values = -1 + (values - values.mean()) / values.std(ddof=1) * 0.5
    result, wanted = (
        Fixed({"a": values.tolist()}),
        make_expectation(measure="x", of="a", at_least=0),
    )
    for family, refutes in ((1, True), (2, False), (5, False)):
        found = judge(wanted, result, family)
        assert (found.verdict, found.refutes) == ("does not hold", refutes)
        # what is shown is the statement's own interval
        assert found.estimate.high == pytest.approx(-1 + 3.18245 / 4, abs=1e-5)
    assert judge(wanted, Fixed({"a": [0.5, 0.6, 0.7]})).refutes is False


def test_a_step_against_a_trend_refutes_by_all_steps_of_all_statements() -> None:
    """One step of −1, standard deviation 0.3 over 4 seeds: t = −6.67.

    Student's quantile at 3 degrees is 4.86 for three steps, and 8.89 for three of each of six.
    """
    noise = np.array([-1.5, 0.5, 0.5, 0.5]) * 0.3
    noise -= noise.mean()
    noise *= 0.3 / noise.std(ddof=1)
    places = {"a": [0.0] * 4, "b": [9.0] * 4, "c": (8 + noise).tolist(), "d": [20.0] * 4}
    wanted = make_expectation(**{"measure": "x", "along": list("abcd"), "is": "growing"})
    for family, refutes in ((1, True), (6, False)):
        found = judge(wanted, Fixed(places), family)
        assert (found.verdict, found.refutes) == ("does not hold", refutes)


@pytest.mark.parametrize("along", [False, True])
def test_a_true_claim_of_seventeen_statements_is_refuted_in_5_percent_at_most(along: bool) -> None:
    """At the boundary of all 17, by simulation; each alone at 95% it would be in a third or more.

    Values of mean 0 that should be at least 0, and trends along three equal places.
    """
    draw, claims, family = np.random.default_rng(0), 200, 17
    plain: dict[str, Any] = {"measure": "x", "of": "a", "at_least": 0}
    wanted = make_expectation(
        **({"measure": "x", "along": ["a", "b", "c"], "is": "growing"} if along else plain)
    )
    refuted = alone = 0
    for _ in range(claims):
        statements = [
            judge(wanted, Fixed({name: draw.standard_normal(5).tolist() for name in "abc"}), family)
            for _ in range(family)
        ]
        refuted += overall(statements) == "does not hold"
        alone += any(one.verdict == "does not hold" for one in statements)
    # 5% and three standard deviations of a share of 200
    assert refuted / claims <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / claims)
    assert alone / claims > 0.25


def test_a_value_within_limits() -> None:
    result = Fixed({"a": [0.5, 0.52, 0.54]})
    said = judge(make_expectation(measure="x", of="a", at_least=0.4), result)
    assert (said.verdict, said.text) == ("holds", "x of a is at least 0.4")
    assert said.words.startswith("0.520 (")
    said = judge(make_expectation(measure="x", of="a", at_least=0.6, at_most=0.9), result)
    assert said.verdict == "does not hold"


def test_a_contrast_of_two() -> None:
    result = Fixed({"a": [3.0, 4.0, 5.0], "b": [1.0, 2.1, 3.0]})
    greater = judge(
        make_expectation(**{"measure": "x", "of": "a", "than": "b", "is": "greater"}), result
    )
    smaller = judge(
        make_expectation(**{"measure": "x", "of": "a", "than": "b", "is": "smaller"}), result
    )
    assert (greater.verdict, smaller.verdict) == ("holds", "does not hold")
    assert "x of a is greater than b" in greater.text


def test_no_difference_is_no_greater() -> None:
    """Two that are equal to the bit: "greater" is refuted, not held by an interval of no width."""
    result = Fixed({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]})
    for direction in ("greater", "smaller"):
        plain = {"measure": "x", "of": "a", "than": "b", "is": direction}
        assert judge(make_expectation(**plain), result).verdict == "does not hold"


def test_a_contrast_of_logarithms_is_a_ratio() -> None:
    result = Fixed({"a": [3.0, 4.0, 5.0], "b": [1.0, 1.3, 1.7]}, log=True)
    said = judge(make_expectation(measure="x", of="a", than="b", at_least=2), result)
    assert (said.verdict, said.estimate.value) == ("holds", pytest.approx(3.005, abs=1e-3))
    assert "at least 2 times that of b" in said.text


def test_a_limit_of_a_difference_is_no_ratio() -> None:
    result = Fixed({"a": [3.0, 4.0, 5.0], "b": [1.0, 2.1, 3.0]})
    said = judge(make_expectation(measure="x", of="a", than="b", at_least=0.1), result)
    assert said.text == "x of a is at least 0.1 above that of b"


def test_two_measures_of_the_same() -> None:
    result = Fixed({"after a": [0.8, 0.9, 0.85], "before a": [0.5, 0.6, 0.56]})
    plain = {"measure": "after", "against": "before", "of": "a", "is": "greater"}
    said = judge(make_expectation(**plain), result)
    assert (said.verdict, said.text) == ("holds", "after of a is greater than before")


def test_a_trend_by_hand() -> None:
    """Steps of a factor of 2: slope 2 a step, 4 from first to last."""
    result = Fixed({"a": [1, 1.1, 1.2], "b": [2, 2.2, 2.4], "c": [4, 4.4, 4.8]}, log=True)
    plain = {"measure": "x", "along": ["a", "b", "c"], "is": "growing"}
    said = judge(make_expectation(**plain), result)
    assert said.verdict == "holds"
    assert said.estimate.value == pytest.approx(2)
    assert "first to last: 4 " in said.words
    other = judge(make_expectation(**{**plain, "is": "shrinking"}), result)
    assert other.verdict == "does not hold"


def test_one_step_against_it_refutes_a_trend() -> None:
    result = Fixed({"a": [1, 1.1, 1.2], "b": [9, 9.2, 9.1], "c": [5, 5.1, 5], "d": [20, 21, 22]})
    plain = {"measure": "x", "along": ["a", "b", "c", "d"], "is": "growing"}
    said = judge(make_expectation(**plain), result)
    assert said.estimate.low > 0  # it grows on the whole
    assert said.verdict == "does not hold"
    assert "against it: from b to c" in said.words


def test_statements_as_json_hold_no_infinity() -> None:
    result = Fixed({"a": [1.0], "b": [2.0]})
    plain = {"measure": "x", "of": "a", "than": "b", "is": "smaller"}
    said = judge(make_expectation(**plain), result).to_json()
    assert said["verdict"] == "undecided"
    assert (said["value"], said["low"], said["high"]) == (-1.0, None, None)


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ({"of": "a"}, "Expected an expectation to be a value"),
        ({"at_least": 1}, "Expected an expectation to be a value"),
        ({"of": "a", "is": "growing"}, "Expected an expectation to be a value"),
        ({"of": "a", "is": "greater"}, "Expected than beside is=greater, got none."),
        ({"along": ["a", "b"]}, "Expected is = growing or shrinking beside along"),
        ({"along": ["a"], "is": "growing"}, "Expected an expectation to be a value"),
        ({"along": "ab", "is": "growing"}, "Expected along to be a list"),
        ({"along": ["a", "b"], "of": "a", "is": "growing"}, "Expected an expectation to be"),
        ({"of": "a", "than": "b", "against": "c", "is": "greater"}, "Expected than or against"),
        ({"of": "a", "at_least": 2, "at_most": 1}, "Expected at_least=2 to be no more than"),
        ({"of": "a", "at_least": "x"}, "Expected at_least"),
        ({"of": "a", "at_least": float("nan")}, "Expected a number for at_least, got nan."),
        ({"of": "a", "at_least": -math.inf}, "Expected a number for at_least, got -inf."),
        ({"of": "a", "at_most": math.inf}, "Expected a number for at_most, got inf."),
        ({"of": "a", "at_most": 1, "at": math.inf}, "Expected a number for at, got inf."),
        ({"of": 3, "at_least": 1}, "Expected a name, a list of names or a table"),
        ({"along": [1, 2], "is": "growing"}, "Expected a name, a list of names or a table"),
        ({"of": "a", "at_least": 1, "aside": "no"}, "Expected aside"),
        ({"of": "a", "is": "bigger", "than": "b"}, "Expected a known direction of an expectation"),
        ({"off": "a"}, "Expected a known key of an expectation, got 'off'."),
    ],
)
def test_bad_expectations(plain: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        make_expectation(**plain)
    assert str(error.value).startswith(message)


def test_a_difference_is_so_much_more_or_less() -> None:
    rows = [
        {"who": who, "seed": seed, "rate": rate + seed / 100}
        for who, rate in (("a", 0.5), ("b", 0.2))
        for seed in range(3)
    ]
    for of, than, words in (
        ("a", "b", "0.300 (0.300 to 0.300) more"),
        ("b", "a", "0.300 (0.300 to 0.300) less"),
    ):
        plain = {"measure": "rate", "of": {"who": of}, "than": {"who": than}, "is": "greater"}
        assert judge(make_expectation(**plain), RowMeasures(rows)).words == words
