"""What joining brings: worked numbers, the library's own game as a second opinion, and words."""

import math
from typing import Any

import numpy as np
import pytest
from campaign_sources import plan_json

from quorate.collective.facts.curve import SuccessCurve, Surety
from quorate.collective.facts.joining import Joining, JoiningTerms, joining, terms_in
from quorate.collective.facts.joining_words import NO_CURVE, say_joining
from quorate.collective.facts.sources import source_of
from quorate.errors import InputError
from quorate.theory.best_response import rest_points
from quorate.theory.pledges import call_probability, pledge_outcome, turnout_law


def curve(
    members: tuple[float, ...] = (0, 10, 40),
    success: tuple[float, ...] = (0.0, 0.4, 0.8),
    surety: Surety = "simulated",
    called: str = "sgd",
) -> SuccessCurve:
    return SuccessCurve(surety, called, members, success)


def test_at_the_quorum_by_hand() -> None:
    # S(20) = 0.4 + 0.4·ln 2/ln 4 = 0.6; (1 − ½)·0.6 = 0.3 > 0.2. Acting pays where S > 0.4.
    found = joining((curve(),), JoiningTerms(cost=0.2, share=0.5), quorum=20, pledges=3)
    (one,) = found.curves
    assert (one.at_quorum, one.member, one.outsider) == pytest.approx((0.6, 0.4, 0.3))
    assert (one.pays, one.decisive, one.pays_from) == (True, True, 10)
    assert found.call is None  # nobody said how many are expected
    dear = joining((curve(),), JoiningTerms(cost=0.45, share=0.5), quorum=20, pledges=3).curves[0]
    assert (dear.pays, dear.pays_from) == (False, None)  # it takes S > 0.9
    free = joining((curve(),), JoiningTerms(cost=0.0, share=0.5), quorum=20, pledges=3).curves[0]
    assert (free.pays, free.pays_from) == (True, 1)
    for_others = joining((curve(),), JoiningTerms(share=1.0), quorum=20, pledges=3).curves[0]
    assert (for_others.pays, for_others.pays_from) == (False, None)
    assert for_others.decisive  # 0.6 − 0.1, where without it there is nothing
    already = curve((0, 40), (0.9, 0.9))  # success without anybody
    assert not joining((already,), JoiningTerms(share=1.0), 20, 3).curves[0].decisive


def test_a_curve_that_wobbles_is_taken_as_the_nearest_that_does_not_fall() -> None:
    wobbling = curve((0, 10, 20, 40), (0.0, 0.5, 0.3, 0.8))
    assert wobbling.success_of([10, 20]) == pytest.approx([0.4, 0.4])
    # Of a bound the lower of the two stands: more members are not said to do harm.
    bound = curve((10, 20, 40), (0.5, 0.3, 0.8), "certified", "")
    assert bound.success_of([9.9, 10, 39, 40, 99]).tolist() == [0.0, 0.3, 0.3, 0.8, 0.8]
    assert (bound.members_for(0.8), bound.members_for(0.81)) == (40, math.inf)


@pytest.mark.parametrize("defectors", [0.0, 0.1, 0.4])
@pytest.mark.parametrize(("quorum", "expected"), [(20, 25), (30, 12), (1, 2)])
def test_the_call_is_that_of_the_theory(defectors: float, quorum: int, expected: int) -> None:
    terms = JoiningTerms(0.2, 0.5, expected, spread=0.7, defectors=defectors)
    found = joining((curve(),), terms, quorum, pledges=0).call
    people = min(40, math.ceil(4 * max(quorum, 10, expected * math.exp(1.4))))
    success = curve().success_of(np.arange(people + 1))
    law = turnout_law(people, expected, 0.7)
    calling = call_probability(people, quorum, 0.0)
    theirs = pledge_outcome(success, 0.2, 0.5, law, calling, defectors)
    assert found is not None
    mine = (found.reached, found.member, found.outsider, found.success)
    named = (theirs.reached, theirs.member, theirs.outsider, theirs.success)
    assert mine == pytest.approx(named, abs=1e-12)
    tips = rest_points(success, np.full(people, 0.2), 0.5).unstable
    tipping = joining((curve(),), terms, quorum, pledges=0).tipping
    assert tipping == (int(tips[tips > 0][0]) if (tips > 0).any() else None)


def test_pledges_so_far_make_the_quorum_likelier() -> None:
    terms = JoiningTerms(expected=15, spread=0.5)
    found = [joining((curve(),), terms, 20, pledges).call for pledges in (0, 10, 15, 19, 20, 40)]
    reached = [one.reached for one in found if one is not None]
    # P(J ≥ 20 | J ≥ 10): J rounds 15·e^{z/2}, so that it is P(15e^{z/2} > 19.5)/P(15e^{z/2} > 9.5).
    tail = [0.5 * math.erfc(math.log(at / 15) / 0.5 / math.sqrt(2)) for at in (19.5, 9.5)]
    assert reached[1] == pytest.approx(tail[0] / tail[1], abs=1e-12)
    assert reached == sorted(reached)
    assert reached[-2:] == pytest.approx([1, 1])
    more = joining((curve(),), JoiningTerms(expected=1, spread=0.0), 20, pledges=5).call
    assert more is not None
    assert more.reached == 0  # five where one was expected: five it is
    assert more.member == more.outsider == 0


def test_many_people_are_counted_in_groups() -> None:
    # A hundred thousand needed: the same as with a hundred, for people without weight of their own.
    few = curve((0, 100, 400)), JoiningTerms(0.1, 0.5, 300, 0.3, 0.0), 200
    many = curve((0, 100_000, 400_000)), JoiningTerms(0.1, 0.5, 300_000, 0.3, 0.0), 200_000
    small, large = (joining((one,), terms, quorum, 0).call for one, terms, quorum in (few, many))
    assert small is not None
    assert large is not None
    assert large.reached == pytest.approx(small.reached, abs=0.01)
    assert large.member == pytest.approx(small.member, abs=0.01)
    assert joining((many[0],), many[1], many[2], 0, people=10**10).call is not None


def test_the_page_speaks_of_the_most_cautious_forecast() -> None:
    curves = (
        curve((100,), (0.9,), "certified", ""),
        curve((0, 50), (0.0, 0.9), "rehearsed", "tree"),
        curve((0, 10), (0.0, 0.9), "simulated", "sgd"),
        curve((0, 20), (0.0, 0.9), "simulated", "jtt"),
    )
    found = joining(curves, JoiningTerms(), 30, 0)
    assert found.spoken_of is not None
    assert found.spoken_of.called == "jtt"
    assert [one.pays_from for one in found.curves] == [100, 12, 3, 5]  # S = 0.2 of 0.9, linear
    none = joining((*curves, curve((0, 20), (0.0, 0.1), "simulated", "dp")), JoiningTerms(), 30, 0)
    assert none.spoken_of is not None
    assert none.spoken_of.called == "dp"
    bound = joining(curves[:1], JoiningTerms(), 30, 0)
    assert bound.tipping is None
    assert joining((), JoiningTerms(expected=5), 30, 0).spoken_of is None


# ------------------------------------------------------------------------------------------- words


def said(found: Joining) -> str:
    told = say_joining(found)
    return " ".join((*told.first, *told.reckoning))


def test_words_of_a_plan() -> None:
    facts = source_of(plan_json())
    found = joining(facts.curves, JoiningTerms(expected=300), 399, 12, 4000)
    text = said(found)
    assert text.startswith("Say that full success is worth 100 points to everybody. Then acting")
    assert "acting costs 10 points, and those who stay out get 50% of the success" in text
    assert "If 399 members act, a success of 100% is expected, by what was simulated" in text
    assert "acts then has 90 points in the end, and someone who stays out 50 points." in text
    assert "So acting pays, once the quorum is reached." in text
    assert (
        "Certified for 399 members just like those of the plan is a success of at least 90%" in text
    )
    assert "leaves someone who acts with at least 80 points" in text
    assert "12 have pledged so far" in text
    assert "About 300 pledges are expected." in text
    assert "no promise" in text


def test_words_are_honest_where_little_is_known() -> None:
    assert NO_CURVE in said(joining((), JoiningTerms(), 30, 1))
    bound = said(joining((curve((100,), (0.9,), "certified", ""),), JoiningTerms(), 100, 1))
    assert "If 100 members act, a success of at least 90% is certified." in bound
    assert "has at least 80 points" in bound
    assert "Only what is certified is known here" in bound
    assert "1 has pledged so far" in bound
    assert "tip at" not in bound
    below = said(joining((curve((100,), (0.9,), "certified", ""),), JoiningTerms(), 99, 1))
    assert "If no more than 99 members act, no success is certified" in below
    assert "may lose the 10 points that it costs" in below
    assert "not certain that acting pays" in below
    alone = said(joining((curve((1,), (0.9,), "certified", ""),), JoiningTerms(), 1, 0))
    assert "If 1 member acts, a success of at least 90%" in alone
    assert "acting pays if 1 member or more acts" in alone
    others = said(joining((curve(),), JoiningTerms(share=0.9), 20, 1))
    assert "would rather stay out" in others
    assert "None of this is certified." in others
    assert "at no number of members" in others
    nothing = curve((100,), (0.9,), "certified", ""), curve()
    assert "Certified for 20 members: nothing." in said(joining(nothing, JoiningTerms(), 20, 1))


def test_of_a_correction_success_is_the_gap_that_is_closed() -> None:
    measured = curve((0, 10), (0.0, 0.6), "measured", "gap closed")
    text = said(joining((measured,), JoiningTerms(share=1.0), 10, 3))
    assert "60% of the gap is closed, which counts as success here, by what was measured" in text
    assert "would rather stay out" in text  # who stays out gets the published change as well
    assert "where the quorum hangs on one pledge, making it pays" in text
    assert "hangs on" not in said(joining((measured,), JoiningTerms(share=1.0), 10, 10))


def test_a_quorum_that_is_hardly_met_is_not_said_to_be_impossible() -> None:
    hardly = joining((curve(),), JoiningTerms(expected=5, spread=0.5), 30, 0)
    assert "with probability less than 1%" in said(hardly)


# ------------------------------------------------------------------------------------------- terms


def test_terms_as_plain_data() -> None:
    terms = JoiningTerms(0.2, 0.1, 40, 0.0, 0.3)
    assert JoiningTerms.from_plain(terms.to_plain()) == terms
    assert JoiningTerms.from_plain({}) == JoiningTerms() == terms_in(None) == terms_in({})
    assert terms_in({"joining": terms.to_plain()}) == terms


@pytest.mark.parametrize(
    "plain",
    [
        {"cost": -1},
        {"cost": "1"},
        {"cost": None},
        {"share": 1.5},
        {"expected": 0},
        {"expected": 2.5},
        {"spread": math.nan},
        {"defectors": 1},
        {"prize": 1},
        {"share": True},
    ],
)
def test_terms_that_cannot_be(plain: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="Expected"):
        JoiningTerms.from_plain(plain)


def test_numbers_that_cannot_be() -> None:
    with pytest.raises(InputError, match="quorum"):
        joining((), JoiningTerms(), 0, 1)
    with pytest.raises(InputError, match="pledges"):
        joining((), JoiningTerms(), 5, -1)
    for members, success in (((), ()), ((0,), (0.5,)), ((1, 1), (0.1, 0.2)), ((1,), (2.0,))):
        with pytest.raises(ValueError, match=r"curve|number"):
            SuccessCurve("simulated", "", members, success)
    with pytest.raises(ValueError, match="no kind"):
        SuccessCurve("sworn", "", (1,), (0.5,))  # type: ignore[arg-type]
