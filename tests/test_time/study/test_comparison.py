"""Pools beside everyone alone: a tiny comparison end to end, and break-even by hand."""

import json
import math
import shutil
import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.intervals import Estimate
from quorate.test_time.platforms.in_process import load_platform
from quorate.test_time.platforms.platform import to_features, to_pixels
from quorate.test_time.study import comparison_cell
from quorate.test_time.study.comparison_cell import AttackWork, PoolWork
from quorate.test_time.study.comparison_result import QueryComparison
from quorate.test_time.study.evaluation import Evaluator
from quorate.test_time.study.outcome import CorrectionOutcome
from quorate.test_time.study.people import people_of, photos_held
from quorate.test_time.study.query_comparison import compare, split_attacks
from quorate.test_time.study.query_costs import PoolEffect, SharedChange, SoloAttack
from quorate.test_time.study.running import run_correction, stored
from quorate.test_time.study.settings import make_correction

pytestmark = pytest.mark.usefixtures("plain_pictures")

STUDY = make_correction(
    population="digits:n=300,held_out=0.05",
    subgroup="low_light",
    share=0.2,
    platform="mlp:epochs=3",
    proxy="mlp:epochs=3",
    members=10,
    queries=3,
    epsilon="96/255,64/255",
    crafting="steps=3,restarts=1",
    extraction="variants=0",
    label_free="additive",
    adaptive="none",
    anyway=True,
    seeds=2,
)
ATTACKS = "square:p=0.1,square:p=0.5,hopskipjump"
ASKED: dict[str, Any] = {"budget": 20, "people": 5}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A correction that nothing was compared with."""
    folder = tmp_path_factory.mktemp("correction")
    run_correction(STUDY, folder, device_name="cpu")
    return folder


@pytest.fixture(scope="module")
def compared(out: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same correction, where a comparison is stored."""
    copy = Path(shutil.copytree(out, tmp_path_factory.mktemp("compared") / "copy"))
    compare(copy, ATTACKS, **ASKED)
    return copy


@pytest.fixture(scope="module")
def found(compared: Path) -> QueryComparison:
    return compare(compared, ATTACKS, **ASKED)


def alone(**changes: Any) -> SoloAttack:
    """Return 40 people, 10 misread, of whom 4 were attacked with 20 queries on average."""
    plain: dict[str, Any] = {
        "attack": "square",
        "seed": 0,
        "subgroup": 40,
        "misread": 10,
        "people": 4,
        "corrected": 2,
        "queries": 80,
        "spread": 8.0,
        "curve": [(1, 0.0), (50, 0.5)],
    }
    return SoloAttack(**{**plain, **changes})


def pooled(**changes: Any) -> PoolEffect:
    plain: dict[str, Any] = {
        "seed": 0,
        "members": 10,
        "queries_per_member": 23,
        "queries": 230,
        "subgroup": 40,
        "misread": 10,
        "people": 4,
        "corrected": 2,
        "broken": 3,
    }
    return PoolEffect(**{**plain, **changes})


def made(ones: list[SoloAttack], pools: list[PoolEffect], budget: int = 50) -> QueryComparison:
    return QueryComparison(8 / 255, "linf", budget, tuple(ones), tuple(pools))


# ------------------------------------------------------------------------------------- by hand


def test_break_even_counts_those_read_rightly_who_stop_after_one_query() -> None:
    (row,) = made([alone()], [pooled()]).attacks
    assert row.queries_per_misread.value == 20.0
    assert row.queries_per_member.value == 5.75  # 1/4 · 20 + 3/4 · 1
    (one,) = row.break_even
    assert one.subgroup.value == 40.0  # 230 / 5.75: not 230 / 20 = 11.5
    # 5.75 × 40 queries of all, for 10 misread of whom half are corrected
    assert row.queries_per_corrected == 46.0


def test_intervals_of_one_seed_are_over_its_people() -> None:
    (row,) = made([alone()], [pooled()]).attacks
    # Student's 97.5% point at 3 is 3.182446: 20 ± 3.182446 · 8/√4
    assert row.queries_per_misread.low == pytest.approx(7.270215, abs=1e-5)
    assert row.queries_per_misread.high == pytest.approx(32.729785, abs=1e-5)
    # errors 1/4 · 8/√4 = 1 and 19 · √(3/16 / 40) = 1.300841: 5.75 ± 3.182446 · 1.640808
    assert row.queries_per_member.low == 1.0  # 0.528 is none: everyone asks once
    assert row.queries_per_member.high == pytest.approx(10.971782, abs=1e-4)
    (one,) = row.break_even
    assert one.subgroup.low == pytest.approx(230 / 10.971782, abs=1e-3)
    assert one.subgroup.high == 230.0


def test_one_person_bounds_nothing_but_the_budget() -> None:
    (row,) = made([alone(people=1, queries=20, corrected=0, spread=math.nan)], [pooled()]).attacks
    assert row.queries_per_misread == Estimate(20.0, 1.0, 50.0)
    assert row.queries_per_corrected is None


def test_intervals_of_several_seeds_are_over_seeds() -> None:
    ones = [alone(), alone(seed=1, queries=112, corrected=4)]
    (row,) = made(ones, [pooled(), pooled(seed=1)], budget=200).attacks
    # 5.75 and 1/4 · 28 + 3/4 = 7.75; halves of the bootstrap stretched by 9.1681, as in the report
    # of a correction: 6.75 ± 9.1681 lets the low end stop at one query.
    assert row.queries_per_member.value == 6.75
    assert row.queries_per_member.low == 1.0
    assert row.queries_per_member.high == pytest.approx(6.75 + 9.1681, abs=1e-4)
    assert row.corrected.value == 0.75
    assert (row.corrected.low, row.corrected.high) == (0.0, 1.0)
    same = made([alone(), alone(seed=1)], [pooled(), pooled(seed=1)]).attacks[0]
    assert same.queries_per_member == Estimate(5.75, 5.75, 5.75)


def test_a_pool_is_told_with_whom_it_breaks_and_what_one_corrected_costs() -> None:
    more = pooled(corrected_label_free=1, broken_label_free=6)
    (pool,) = made([alone()], [more]).pools
    assert pool.corrected.value == 0.5
    assert pool.broken.value == 0.1  # 3 of the 30 read rightly
    assert pool.corrected_label_free.value == 0.25
    assert pool.broken_label_free.value == 0.2
    assert pool.queries_per_corrected == 46.0  # 230 / (10 · 1/2)
    (pool,) = made([alone()], [pooled(corrected=0)]).pools
    assert pool.corrected_label_free is pool.broken_label_free is None
    assert pool.queries_per_corrected is None


def test_of_nobody_misread_there_is_no_break_even_and_a_seed_of_them_counts() -> None:
    nobody = {"misread": 0, "people": 0, "corrected": 0}
    lone = alone(**nobody, queries=0, spread=math.nan, curve=[])
    (row,) = made([lone], [pooled(**nobody)]).attacks
    assert row.corrected is row.queries_per_misread is row.queries_per_corrected is None
    assert row.queries_per_member.value == 1.0
    assert row.break_even[0].subgroup is None
    second = alone(seed=1)
    both = made([lone, second], [pooled(**nobody), pooled(seed=1)])
    (row,) = both.attacks
    assert row.queries_per_member.value == 3.375  # the mean of 1 and 5.75
    assert row.queries_per_misread.value == 20.0
    assert row.corrected.value == both.pools[0].corrected.value == 0.5
    json.dumps(both.to_json(), allow_nan=False)


# --------------------------------------------------------------------------------- end to end


def test_what_is_compared_is_what_the_correction_left(out: Path, found: QueryComparison) -> None:
    assert found.epsilon == 64 / 255  # the last named, not the largest
    ids = [(one.seed, one.attack) for one in found.alone]
    assert ids == [(seed, attack) for seed in (0, 1) for attack in ATTACKS.split(",")]
    split = people_of(STUDY, 0)
    platform = load_platform(out / "platform")
    evaluator = Evaluator(platform, split)
    wrong = [i for i in split.inside if evaluator.before[i] != evaluator.y[i]]
    right = [i for i in split.inside if evaluator.before[i] == evaluator.y[i]]
    assert len(wrong) > 5  # or the cap would not be seen
    assert right
    for one in [*found.alone[:3], found.pooled[0]]:
        assert (one.subgroup, one.misread, one.people) == (len(split.inside), len(wrong), 5)
    (outcome,) = (one for one in stored(out).outcomes if (one.epsilon, one.seed) == (64 / 255, 0))
    pool = found.pooled[0]
    assert (pool.queries, len(found.pooled)) == (30, 2)
    free = outcome.label_free_perturbation()
    assert free is not None
    for change, corrected, broken in (
        (outcome.perturbation(), pool.corrected, pool.broken),
        (free, pool.corrected_label_free, pool.broken_label_free),
    ):
        labels = evaluator.after(change)
        assert corrected == sum(labels[i] == evaluator.y[i] for i in wrong[:5])
        assert broken == sum(labels[i] != evaluator.y[i] for i in right)


def test_queries_are_those_the_platform_counted(out: Path, found: QueryComparison) -> None:
    for one in found.alone:
        assert one.people <= one.queries <= 20 * one.people
        assert one.curve[-1] == (20, one.corrected / one.people)
    square = [one for one in found.alone if one.attack == "square:p=0.1"]
    for one in square:
        if not one.corrected:  # whoever is never right spends all
            assert (one.queries, one.spread) == (100, 0.0)
    assert {row.attack for row in found.attacks} == set(ATTACKS.split(","))
    assert all(row.people == 10 for row in found.attacks)


def test_of_a_change_for_everyone_members_own_pictures_are_told_too(
    out: Path, found: QueryComparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(out, tmp_path / "copy"))
    monkeypatch.setattr(
        CorrectionOutcome, "perturbation", CorrectionOutcome.label_free_perturbation
    )
    shared = compare(copy, "square", seeds=1, **ASKED)
    (pool,), usual = shared.pooled, found.pooled[0]
    assert (pool.corrected, pool.broken) == (usual.corrected_label_free, usual.broken_label_free)
    assert pool.corrected_label_free is pool.broken_label_free is usual.shared is None
    (outcome,) = (one for one in stored(copy).outcomes if (one.epsilon, one.seed) == (64 / 255, 0))
    photos = people_of(STUDY, 0).photos
    held = photos_held(STUDY, 0)
    platform = load_platform(copy / "platform").model
    free = outcome.label_free_perturbation()
    assert free is not None
    right = [0, 0]
    for i in range(10 * held):  # ten members, one picture after another
        x = to_pixels(photos.x[i : i + 1])
        for which, picture in enumerate((x, free.apply(x, photos.y[i : i + 1]))):
            right[which] += int(platform.predict(to_features(picture))[0] == photos.y[i])
    assert pool.shared == SharedChange(outcome.measures.gap_closed, 10 * held, *right)
    assert "carries no label" in " ".join(shared.sections()[0].after)
    again = compare(copy, "square", seeds=1, **ASKED)  # as it is stored
    assert again.pooled == shared.pooled


def test_workers_lead_to_the_same_numbers(
    out: Path, found: QueryComparison, tmp_path: Path, two_workers: Executor
) -> None:
    copy = Path(shutil.copytree(out, tmp_path / "copy"))
    again = compare(copy, ATTACKS, seeds=1, executor=two_workers, **ASKED)
    assert again.alone == found.alone[:3]
    assert again.pooled == found.pooled[:1]


def test_what_is_stored_is_not_compared_again(
    compared: Path, found: QueryComparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(compared, tmp_path / "copy"))
    tried: list[str] = []
    real = comparison_cell._attack

    def attack(cell: Any, folder: Path) -> SoloAttack:
        tried.append(cell.attack.name)
        return real(cell, folder)

    monkeypatch.setattr(PoolWork, "compute", lambda *_: pytest.fail("it was compared again"))
    monkeypatch.setattr(comparison_cell, "_attack", attack)
    again = compare(copy, ATTACKS, **ASKED)
    assert (again.alone, again.pooled) == (found.alone, found.pooled)
    more = compare(copy, f"{ATTACKS},simba", **ASKED)
    assert tried == ["simba", "simba"]  # one a seed
    assert [one for one in more.alone if one.attack[:5] != "simba"] == list(found.alone)


def test_of_a_platform_that_reads_everyone_rightly(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(out, tmp_path / "copy"))
    monkeypatch.setattr(
        comparison_cell, "find_misread", lambda evaluator: np.array([], dtype=np.int64)
    )
    none = compare(copy, ATTACKS, seeds=1, **ASKED)
    assert Counter((one.people, one.queries) for one in none.alone) == {(0, 0): 3}
    assert math.isnan(none.alone[0].spread)
    assert none.attacks[2].break_even[0].subgroup is None
    json.dumps(none.to_json(), allow_nan=False)


def test_photo_edits_that_are_searched_together_and_alone_without_a_budget(tmp_path: Path) -> None:
    """A pool, one of its members with as many queries, and everyone on their own picture."""
    study = replace(
        STUDY, proxies=("edits",), members=(1, 10), queries=(8,), epsilons=(1.0,), seeds=(0,)
    )
    run_correction(study, tmp_path, device_name="cpu")
    found = compare(tmp_path, "edits,hopskipjump", **ASKED)
    assert found.epsilon == 1.0
    assert [(one.members, one.shared.photos) for one in found.pooled if one.shared] == [
        (members, members * photos_held(study, 0)) for members in (1, 10)
    ]
    by_members = {one.members: one for one in stored(tmp_path).outcomes}
    for one in found.pooled:
        outcome = by_members[one.members]
        assert 0 < one.queries == outcome.queries.pooled <= 8 * one.members
        assert one.shared is not None
        assert str(one.shared.gap_closed) == str(outcome.measures.gap_closed)
    edits, given = found.alone
    assert edits.people == 5
    assert 5 <= edits.queries <= 100
    assert found.given == ("hopskipjump",)  # its start is an answer, within no budget at all
    assert (given.people, given.queries) == (5, 5)  # read rightly or not, the start is the end
    assert "Surrogate" not in found.facts()
    assert {row["members"] for row in found.rows()} == {1, 10}


# ------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize("name", ["people", "budget", "seeds"])
@pytest.mark.parametrize("value", [0, -1])
def test_numbers_below_one_are_refused(out: Path, name: str, value: int) -> None:
    with pytest.raises(InputError, match=f"Expected {name}={value} to be at least 1"):
        compare(out, "square", **{name: value})


@pytest.mark.parametrize("attacks", ["square,square:p=0.8", "simba,simba:basis=pixel"])
def test_an_attack_named_twice_is_refused(out: Path, attacks: str) -> None:
    with pytest.raises(InputError, match=r"once among the attacks, got it twice\. Keep one"):
        compare(out, attacks)


def test_attacks_that_are_none_or_unknown_are_refused(out: Path) -> None:
    with pytest.raises(InputError, match="at least one attack, got none"):
        compare(out, [])
    with pytest.raises(InputError, match=r"known attack, got 'sqare'\. Did you mean square"):
        compare(out, "simba,sqare")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("square,simba", ["square", "simba"]),
        ("square:p=0.1,square:p=0.5", ["square:p=0.1", "square:p=0.5"]),
        ("nes:pairs=5, sigma=1,hopskipjump", ["nes:pairs=5, sigma=1", "hopskipjump"]),
    ],
)
def test_a_comma_before_a_parameter_does_not_end_an_attack(text: str, parts: list[str]) -> None:
    assert split_attacks(text) == parts


@pytest.mark.parametrize("gone", ["cell", "change", "platform"])
def test_a_correction_that_stopped_midway_is_refused_before_any_attack(
    out: Path, gone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(out, tmp_path / "copy"))
    if gone == "platform":
        shutil.rmtree(copy / "platforms")  # of the second seed
    (lost,) = (one.id for one in stored(copy).outcomes if (one.seed, one.epsilon) == (1, 64 / 255))
    with sqlite3.connect(copy / "store.sqlite") as db:
        if gone == "cell":
            db.execute("DELETE FROM record WHERE id = ?", [lost])
        if gone == "change":
            db.execute("DELETE FROM file WHERE id = ? AND name = 'perturbation.npz'", [lost])
    monkeypatch.setattr(AttackWork, "compute", lambda *_: pytest.fail("it was attacked"))
    with pytest.raises(InputError, match=r"seed 1\. Run the same quorate correct again"):
        compare(copy, "square")


def test_the_command_prints_what_was_found_and_leaves_a_page(
    quorate: Any, compared: Path, found: QueryComparison, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(compared, tmp_path / "copy"))
    words = [copy, "--attacks", ATTACKS, "--budget", "20", "--people", "5"]
    code, printed, _ = quorate("compare-queries", *words, "--json")
    assert code == 0
    assert json.loads(printed) == json.loads(json.dumps(found.to_json()))
    code, printed, _ = quorate("compare-queries", *words)  # the table for people
    assert code == 0
    assert "hopskipjump" in printed
    page = Path(printed.rsplit("Report: ", 1)[1].strip())
    assert page.is_relative_to(copy)
    assert "hopskipjump" in page.read_text()
