"""A plan or a correction as the source of a campaign: its numbers, how sure, and hostile files."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from campaign_sources import changed, correction_json, plan_json

from quorate.collective.facts.correction import CollectiveMeasured, CorrectionFacts
from quorate.collective.facts.figure import KNOWN
from quorate.collective.facts.quorum import say_quorum, suggest_quorum
from quorate.collective.facts.sources import digest_of, read_source, source_of, source_to_plain
from quorate.collective.facts.training import TrainingFacts
from quorate.errors import StoreError
from quorate.intervals import Estimate
from quorate.test_time.study.wording import CAUTIONS


def planned(plain: dict[str, Any] | None = None) -> TrainingFacts:
    found = source_of(plan_json() if plain is None else plain)
    assert isinstance(found, TrainingFacts)
    return found


def corrected(plain: dict[str, Any] | None = None) -> CorrectionFacts:
    found = source_of(correction_json() if plain is None else plain)
    assert isinstance(found, CorrectionFacts)
    return found


def test_a_plan_says_what_its_own_page_says() -> None:
    plain, facts = plan_json(), planned()
    told = " ".join(" ".join(one["sentences"]) for one in plain["sections"])
    said = [*plain["sentences"], told]
    # Every sentence is one of the plan's own, but for that on what was simulated.
    for sentence in (*facts.what(), *facts.how_sure()[:-1], *facts.costs(), *facts.limits()):
        assert any(sentence in one for one in said), sentence
    assert facts.title == "Get 'yes' where channel is 'web'"
    assert "the certificate has the radius" in facts.assumptions()[-1]
    assert (facts.label, facts.platform_size, facts.certified_members) == ("decision", 4000, 399)
    assert facts.certification.to_dict()["certified"] == plain["certified"]
    assert set(plain["notes"]) <= set(facts.assumptions())
    (simulated,) = facts.simulated
    at = plain["simulated"][0]
    said_of_it = f"logistic {math.ceil(at['critical_mass'] * 4000 - 1e-9):,} ("
    assert said_of_it in facts.how_sure()[-1]
    assert simulated.learner == "logistic"


def test_what_json_prints_and_what_is_stored_are_the_same_source(tmp_path: Path) -> None:
    printed = {key: one for key, one in plan_json().items() if key not in ("sentences", "digest")}
    assert digest_of(planned(printed)) == digest_of(planned())
    again = json.loads(json.dumps(source_to_plain(planned())))
    assert source_to_plain(planned(again)) == again
    assert len(json.dumps(again)) < 20_000
    kept = json.loads(json.dumps(source_to_plain(corrected())))
    assert source_to_plain(corrected(kept)) == kept
    assert digest_of(corrected(kept)) == digest_of(corrected()) != digest_of(planned())
    (tmp_path / "plan.json").write_text(json.dumps(plan_json()))
    assert digest_of(read_source(tmp_path)) == digest_of(planned())
    assert digest_of(read_source(tmp_path / "plan.json")) == digest_of(planned())


def test_a_plan_whose_members_hand_in_different_labels() -> None:
    claims = [{"age": "old", "label to hand in": "no"}]
    erasing = changed(plan_json(), "costs", "claiming", to=None)
    facts = planned({**erasing, "goal": "erase", "target": None, "claims": claims})
    assert math.isnan(facts.claiming)
    assert facts.claims == tuple(claims)
    assert "their features" in facts.what()[0]
    assert source_to_plain(facts)["costs"]["claiming"] is None


def test_the_labels_of_a_correction_come_from_the_change_beside_it(tmp_path: Path) -> None:
    from campaign_sources import STORED

    (tmp_path / "results.json").write_text(json.dumps(correction_json()))
    alone = read_source(tmp_path)
    assert isinstance(alone, CorrectionFacts)
    assert (alone.classes, alone.shape) == ((), None)
    change = next(STORED.glob("cells/*-label-free.npz"))
    (tmp_path / "perturbation.npz").write_bytes(change.read_bytes())
    beside = read_source(tmp_path)
    assert isinstance(beside, CorrectionFacts)
    assert (len(beside.classes), beside.shape) == (10, (1, 8, 8))
    assert source_of(source_to_plain(beside)).classes == beside.classes  # type: ignore[union-attr]


def test_every_figure_says_how_it_is_known() -> None:
    rows = planned().figures()
    known = {one.label: (one.value, one.known) for one in rows}
    assert known["People on the platform"] == ("4,000", "stated")
    assert known["Members for 90%"] == ("399", "certified")
    assert known["Members for 90%, logistic"][1] == "simulated"
    assert {one.known for one in rows} == {"stated", "certified", "rehearsed", "simulated"}
    assert all(one.sure for one in rows if one.known in ("certified", "rehearsed", "simulated"))
    measured = {one.label: one for one in corrected().figures()}
    assert measured["Gap closed"].value == "0%"
    assert measured["Gap closed"].sure == "95% interval: 0% to 0%"
    assert measured["Gap closed, label-free"].known == "measured"
    assert measured["Gap closed where the platform adapts: jpeg"].value == "13.4%"
    assert set(KNOWN) >= {one.known for one in measured.values()}


def test_a_correction_says_its_limits_and_controls() -> None:
    facts = corrected()
    said = " ".join(facts.how_sure())
    assert correction_json()["sentences"][0] in said
    assert "Force rate: 0.107" in said
    assert "label leakage" in said
    assert facts.limits() == CAUTIONS  # platforms that adapt were measured
    none = changed(correction_json(), "adaptive", to={})
    assert "None was measured here." in " ".join(corrected(none).limits())
    assert "measured anew" in facts.assumptions()[0]


# ------------------------------------------------------------------------------- curves and quorum


def test_a_certified_curve_is_a_bound_between_its_points_too() -> None:
    plain = plan_json()
    (curve,) = [one for one in planned().curves if one.surety == "certified"]
    assert curve.members_for(0.9) == 399  # what the plan says, not what a line between points does
    for row in plain["growth"]:
        assert curve.success_of(row["members"]) <= max(0, row["success"]) + 1e-12
    below = [row for row in plain["growth"] if row["members"] < 399][-1]
    assert curve.success_of(398.9) == max(0, below["success"])


def test_what_campaigns_of_each_goal_are_called() -> None:
    unplanting = changed(plan_json(), "goal", to="unplant")
    assert planned(unplanting).title == "No more 'yes' where channel is 'web'"
    erasing = {**changed(plan_json(), "goal", to="erase"), "target": None}
    assert planned(erasing).title == "Make it no difference whether channel is 'web'"


def test_a_quorum_that_is_too_small_is_said_to_be() -> None:
    facts = planned()
    (simulated,) = facts.simulated
    forecast = math.ceil(simulated.high * 4000 - 1e-9)
    assert say_quorum(facts, 399) == ""
    far = say_quorum(facts, 2)
    assert far.startswith("The quorum of 2 is too small by all that is known: for a success of 90%")
    assert "what is certified (399)" in far
    between = say_quorum(facts, 398)
    assert forecast <= 398
    assert "is enough for a success of 90% by what was" in between
    assert "but not by what is certified (399) and what was rehearsed (logistic: 400)." in between
    row = plan_json()["simulated"][0]
    two = [row, {**row, "learner": "tree", "critical_mass": 0.1, "low": 0.05, "high": 0.2}]
    several = planned(changed(plan_json(), "simulated", to=two))
    least = math.ceil(row["critical_mass"] * 4000 - 1e-9)
    assert f"what was simulated ({least} to 400, by learner)" in say_quorum(several, 2)
    never = planned(changed(plan_json(), "certified", "n_for_target", to=None))
    assert "what is certified (no number tried)" in say_quorum(never, 1000)
    closed = {"value": 0.5, "low": 0.2, "high": 0.9}
    real = corrected(changed(correction_json(), "cells", 0, "gap_closed", to=closed))
    assert "for closing any of the gap it takes more, by what was measured (10)" in (
        say_quorum(real, 9)
    )
    assert say_quorum(real, 10) == say_quorum(corrected(), 1) == ""


def test_rehearsed_and_simulated_curves_hold_their_means() -> None:
    plain, facts = plan_json(), planned()
    named = {(one.surety, one.called): one for one in facts.curves}
    simulated = named["simulated", "logistic"]
    (given,) = plain["simulated_curves"]
    assert simulated.success == tuple(given["success"])
    assert simulated.members == pytest.approx([share * 4000 for share in given["shares"]])
    rehearsed = named["rehearsed", "logistic"]
    assert rehearsed.success[0] == plain["rehearsed_trends"][0]["without"]
    assert rehearsed.success[1:] == tuple(row["mean"] for row in plain["rehearsed"])


def test_a_small_collective_that_succeeds_beside_larger_ones_that_do_not_is_chance() -> None:
    # 5 in 100 intervals of nothing lie above or below 0: the smallest of several that does is no
    # number to rely on, unless all larger ones do as well.
    facts = corrected()

    def least(*lows: float) -> int | None:
        found = tuple(
            CollectiveMeasured(10 * place, Estimate(0.5, low, 0.9))
            for place, low in enumerate(lows, 1)
        )
        return replace(facts, collectives=found).least_members

    assert least(0.2, 0.2, 0.2) == 10
    assert least(0.2, -0.1, 0.2) == 30
    assert least(0.2, 0.2, -0.1) is None
    assert least() is None
    rng, none = np.random.default_rng(0), 0
    for _ in range(2000):  # nothing is closed by any of four collectives
        none += least(*(rng.standard_normal(4) - 1.96)) is not None
    assert none / 2000 <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / 2000)


def test_quorums_and_why() -> None:
    certified = suggest_quorum(planned())
    assert certified.pledges == 399
    assert "a success of 90% is certified" in certified.why
    assert "For other people who join it is a forecast" in certified.why
    assert "just like them" in planned().assumptions()[0]
    assert "one row each" in planned().assumptions()[0]
    # At 455 pledges 409.5 act on average, which is 1.6 standard deviations of 6.4 above 399.
    assert "455 pledges make it likely" in certified.why
    nothing = changed(plan_json(), "certified", "n_for_target", to=None)
    forecast = suggest_quorum(planned(nothing))
    high = plan_json()["simulated"][0]["high"]
    assert forecast.pledges == math.ceil(high * 4000)
    assert "no promise" in forecast.why
    never = changed(nothing, "simulated", 0, "high", to=None)
    rehearsed = suggest_quorum(planned(never))
    share = min(row["share"] for row in plan_json()["rehearsed"] if row["success"] >= 0.9)
    assert rehearsed.pledges == math.ceil(share * 4000)
    assert "In rehearsal" in rehearsed.why
    guess = suggest_quorum(planned(changed(never, "rehearsed", to=[])))
    assert guess.pledges is None
    assert "guess" in guess.why


def test_a_quorum_of_a_correction_is_what_closed_some_of_the_gap() -> None:
    assert suggest_quorum(corrected()).pledges is None  # 0% [0%, 0%]
    cells = [
        {**correction_json()["cells"][0], "members": members, "gap_closed": closed}
        for members, closed in (
            (30, {"value": 0.6, "low": 0.4, "high": 0.8}),
            (10, {"value": 0.3, "low": -0.1, "high": 0.7}),
            (90, {"value": 1.4, "low": 1.1, "high": None}),
        )
    ]
    facts = corrected(changed(correction_json(), "cells", to=cells))
    assert suggest_quorum(facts).pledges == 30
    (curve,) = facts.curves
    assert curve.members == (0, 10, 30, 90)
    assert curve.success == (0, 0.3, 0.6, 1.0)


def test_an_older_plan_is_read() -> None:
    plain = plan_json()
    for key in ("label", "sets", "eps", "reading", "simulated_curves"):
        del plain[key]
    del plain["digest"]
    facts = planned(plain)
    assert (facts.label, facts.sets) == (None, {"channel": "web"})
    assert facts.certification.objective.eps == 0.0
    assert [one.surety for one in facts.curves] == ["certified", "rehearsed"]


# ----------------------------------------------------------------------------------- hostile files

NO_FILES = {
    "text": "hello",
    "nothing": "",
    "list": "[1, 2]",
    "another": '{"certified": {}}',
    "deep": "[" * 100_000,
    "halves": '{"\\ud800": 1',
}


@pytest.mark.parametrize("name", NO_FILES)
def test_what_is_no_source_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(NO_FILES[name])
    with pytest.raises(StoreError, match="Expected"):
        read_source(tmp_path)


def test_places_without_a_source_are_named(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none", "a\0b", tmp_path / ("x" * 5000)):
        with pytest.raises(StoreError, match="quorate plan"):
            read_source(place)
    with (tmp_path / "results.json").open("wb") as file:
        file.truncate(21 * 2**20)
    with pytest.raises(StoreError, match="20 MB"):
        read_source(tmp_path)


def test_changed_numbers_are_refused() -> None:
    plain = plan_json()
    plain["certified"]["n_for_target"] = 3
    with pytest.raises(StoreError, match="changed since"):
        source_of(plain)


PLAN_CHANGES: list[tuple[tuple[str | int, ...], Any]] = [
    (("certified", "success"), 1.5),
    (("certified", "n_for_target"), 4001),
    (("certified", "confidence"), 1.0),
    (("certified", "radius"), ["a"]),
    (("certified", "status"), "sworn"),
    (("certified",), None),
    (("goal",), "riot"),
    (("goal",), []),
    (("target",), None),
    (("signal",), ["a"]),
    (("signal", "channel"), 7),
    (("platform_size",), 10**400),
    (("platform_size",), True),
    (("members",), 0),
    (("carrying",), 401),
    (("by_radius",), []),
    (("by_gamma", 0, "gamma"), "NaN"),
    (("growth", 0, "members"), -1),
    (("growth", 0), "row"),
    (("simulated", 0, "learner"), {"name": "sgd"}),
    (("simulated", 0, "critical_mass"), 3),
    (("simulated_curves", 0, "success"), [0.5]),
    (("simulated_curves", 0, "shares"), [0.0] * 11),
    (("rehearsed", 0, "mean"), "1"),
    (("rehearsed_trends", 0, "rows"), [1]),
    (("costs",), 5),
    (("withstands", "different_rows"), 1.5),
    (("notes",), "text"),
    (("notes",), ["x" * 3000]),
    (("claims",), [[1]]),
    (("reading",), "astrology"),
    (("holds_to_gamma",), 0.5),
    (("in_reach",), []),
    (("sets",), {"colour": "red"}),
    (("sets", "channel"), 7),
]


@pytest.mark.parametrize(("path", "to"), PLAN_CHANGES)
def test_a_plan_with_a_part_that_cannot_be_is_refused(path: tuple[str | int, ...], to: Any) -> None:
    with pytest.raises(StoreError, match="Expected"):
        source_of(changed(plan_json(), *path, to=to))


CORRECTION_CHANGES: list[tuple[tuple[str | int, ...], Any]] = [
    (("headline", "epsilon"), -1),
    (("headline", "norm"), "l7"),
    (("headline", "subgroup"), "martians"),
    (("headline", "members"), 0),
    (("gap_closed",), "all"),
    (("gap_closed",), 5.0),
    (("controls", "force_rate"), 2.0),
    (("intervals", "controls", "force_rate"), [0.5, 0.1]),
    (("intervals",), None),
    (("before", "accuracy_by_group"), []),
    (("label_free", "gain", "accuracy", "value"), {"a": 1}),
    (("outside",), {}),
    (("cells", 0, "members"), 1.5),
    (("cells", 0, "gap_closed"), {"value": 0}),
    (("queries", "pooled"), -1),
    (("proxy_agreement", "suspects"), ["me"]),
    (("seeds",), 3),
    (("notes",), [1]),
]


@pytest.mark.parametrize(("path", "to"), CORRECTION_CHANGES)
def test_a_correction_with_a_part_that_cannot_be_is_refused(
    path: tuple[str | int, ...], to: Any
) -> None:
    with pytest.raises(StoreError, match="Expected"):
        source_of(changed(correction_json(), *path, to=to))


def test_each_part_of_both_is_needed() -> None:
    for plain in (source_to_plain(planned()), source_to_plain(corrected())):
        for key in set(plain) - {"label", "sets", "eps", "reading", "simulated_curves"}:
            with pytest.raises(StoreError, match="Expected"):
                source_of({name: one for name, one in plain.items() if name != key})


def test_a_strangers_words_are_shown_and_not_obeyed() -> None:
    facts = planned(changed(plan_json(), "notes", to=["\x1b[31m\u202eA proof: it always works."]))
    assert "??" not in facts.limits()[0]
    assert "\x1b" not in " ".join(facts.assumptions())
    # Its own verdicts are not repeated: they are made from the numbers.
    lying = changed(plan_json(), "sentences", to=["Certified: all of it, for ever."])
    assert "for ever" not in " ".join(planned(lying).how_sure())
