"""What a comparison reports: words, one table and files. Nothing is asked."""

import csv
import io
import json
import math
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from quorate.figures.queries import AttackCurve, queries_figure
from quorate.intervals import Estimate
from quorate.report.files import write_result
from quorate.report.terminal import print_result
from quorate.runs.kept_tables import read_rows
from quorate.test_time.study.comparison_result import (
    COMPARISON,
    CORRECTED,
    QueryComparison,
    draw_costs,
)
from quorate.test_time.study.query_costs import PoolEffect, SharedChange, SoloAttack

pytestmark = pytest.mark.usefixtures("plain_pictures")

NOBODY = {"misread": 0, "people": 0, "corrected": 0}


def made(
    seeds: int = 1, epsilons: int = 2, nobody: bool = False, free: bool = True
) -> QueryComparison:
    """Return 40 people, 10 misread, 4 attacked with 20 queries on average; two pools."""
    none: dict[str, Any] = NOBODY if nobody else {}
    people: dict[str, Any] = {"subgroup": 40, "misread": 10, "people": 4, "corrected": 2, **none}
    spent = {"queries": 0, "spread": math.nan} if nobody else {"queries": 80, "spread": 8.0}
    curve = [] if nobody else [(1, 0.0), (50, 0.5)]
    labels = {"corrected_label_free": people["corrected"] // 2, "broken_label_free": 6}
    alone = [
        SoloAttack(attack=name, seed=seed, **people, **spent, curve=list(curve))
        for seed in range(seeds)
        for name in ("square:p=0.1", "square:p=0.5")
    ]
    pooled = [
        PoolEffect(seed, members, 23, 23 * members, **people, broken=3, **(labels if free else {}))
        for seed in range(seeds)
        for members in (10, 5)
    ]
    description = {
        "correction": {
            "platform": ["mlp"],
            "proxy": ["cnn"],
            "epsilon": [0.1, 8 / 255][-epsilons:],
        },
        "provenance": {"processor": "A chip", "system": "Linux"},
    }
    return QueryComparison(8 / 255, "linf", 50, tuple(alone), tuple(pooled), description)


def printed(found: QueryComparison) -> str:
    out = io.StringIO()
    print_result(found, Console(file=out, width=250, markup=False, highlight=False))
    return out.getvalue()


def row_of(text: str, first: str) -> list[str]:
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines()]
    (found,) = [row for row in rows if row and row[0] == first]
    return found[1:]


def test_one_row_an_attack_and_two_a_pool() -> None:
    text = printed(made())
    for attack in ("square:p=0.1", "square:p=0.5"):
        assert row_of(text, attack) == [
            "0.500",
            "0.068 to 0.932",
            "–",
            "20.0",
            "5.8",
            "1.0 to 11.0",
            "46.0",
        ]
    # 230 queries shared by 40 people, of whom 10 are misread and half of them corrected
    assert row_of(text, "pool: 10 × 23") == [
        "0.500",
        "0.068 to 0.932",
        "0.100",
        "–",
        "5.8",
        "",
        "46.0",
    ]
    free = row_of(text, "pool: 10 × 23, label-free")
    assert (free[0], free[2], free[-1]) == ("0.250", "0.200", "")
    assert "label-free" not in printed(made(free=False))


def test_the_sentence_says_from_which_subgroup_on_the_largest_pool_pays() -> None:
    said = made().summary()
    assert said[0] == (
        "With square:p=0.1, each alone, a person of the subgroup spends 5.8 queries on average "
        "(25.0% are misread and spend 20.0, the others one). The 230 queries of the pool of 10 "
        "members are fewer in all once the subgroup has more than 40 people (95%: 20 to 230)."
    )
    assert said[2:] == [
        "That pool's change per class corrects 50.0% of the misread and breaks 10.0% of those "
        "classified correctly.",
        "Its best label-free change corrects 25.0% of the misread and breaks 20.0% of those "
        "classified correctly.",
    ]


@pytest.mark.parametrize(
    ("seeds", "epsilons", "heading"),
    [
        (1, 1, "4 people a seed whom the platform reads wrongly, 1 seed, ε = 8/255, at most 50"),
        (2, 2, "reads wrongly, 2 seeds, ε = 8/255 (the last named), at most 50 queries alone"),
    ],
)
def test_the_heading_counts_seeds_and_says_which_budget(
    seeds: int, epsilons: int, heading: str
) -> None:
    assert heading in printed(made(seeds, epsilons))


def strict(text: str) -> Any:
    """Return JSON that holds no NaN and no infinity."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in the file"))


@pytest.mark.parametrize("nobody", [False, True])
def test_the_files_are_there_and_agree(nobody: bool, tmp_path: Path) -> None:
    found = made(2, nobody=nobody)
    page = write_result(found, tmp_path)
    names = {f"queries.{kind}" for kind in ("html", "svg", "png", "pdf", "csv", "json")}
    names.add("comparison.csv")  # the rows that statements are judged by
    names |= set() if nobody else {"corrected_by_queries.csv"}  # the curves
    assert {path.name for path in tmp_path.iterdir()} == names
    data = strict((tmp_path / "queries.json").read_text())
    rows = list(csv.DictReader(io.StringIO((tmp_path / "queries.csv").read_text())))
    assert [(row["attack"], row["pool_members"]) for row in rows] == [
        ("square:p=0.1", "10"),
        ("square:p=0.1", "5"),
        ("square:p=0.5", "10"),
        ("square:p=0.5", "5"),
    ]
    text = unescape(page.read_text())
    for sentence in found.summary():
        assert sentence in text
    assert "nan" not in text.split("<h2>The numbers</h2>")[1].split("</table>")[0]
    if nobody:
        assert {row["break_even_subgroup"] for row in rows} == {""}
        assert found.summary() == [
            "The platform reads everyone of the subgroup rightly: there is nobody to correct."
        ]
        assert row_of(printed(found), "square:p=0.1") == [
            "–",
            "",
            "–",
            "–",
            "1.0",
            "1.0 to 1.0",
            "–",
        ]
        return
    assert [row["break_even_subgroup"] for row in rows] == ["40.0", "20.0"] * 2
    assert data["attacks"][0]["queries_per_member"] == {"value": 5.75, "low": 5.75, "high": 5.75}
    assert data["attacks"][0]["misread"]["value"] == float(rows[0]["misread"]) == 0.25
    assert data["pools"][0]["broken"]["value"] == 0.1


def test_the_right_panel_is_of_the_whole_subgroup() -> None:
    some = AttackCurve("square", np.array([1.0, 50.0]), np.array([0.0, 0.5]), 5.75, 1.0, 11.0)
    figure = queries_figure([some], [("pool", 230.0, 0.5)])
    left, right = figure.axes
    lines = {line.get_label(): line for line in right.get_lines()}
    assert set(lines["square"].get_ydata()) == {5.75}
    people, each = lines["pool"].get_data()
    assert each == pytest.approx(230 / people, abs=1e-12)  # one division either way
    (band,) = right.collections
    assert {float(y) for y in band.get_paths()[0].vertices[:, 1]} == {1.0, 11.0}
    assert left.get_ylabel() == "share of the misread that is corrected"


# ------------------------------------------------------------------- changes the same for everyone


def shared(seeds: int = 2, members: tuple[int, ...] = (200, 1)) -> QueryComparison:
    """Return the same, with pools that found one change for everyone, on 10 pictures a member."""
    found = made(seeds, free=False)
    pooled = [
        replace(
            found.pooled[0],
            seed=seed,
            members=size,
            queries_per_member=50,
            queries=50 * size,
            # a half of the pictures are read rightly, then .7 and .9
            shared=SharedChange(
                Estimate(0.5 + 0.25 * seed, 0.25, 0.75), 10 * size, 5 * size, (7 + 2 * seed) * size
            ),
        )
        for seed in range(seeds)
        for size in members
    ]
    correction = {**found.description["correction"], "proxy": ["edits"]}
    return replace(
        found, pooled=tuple(pooled), description={**found.description, "correction": correction}
    )


def test_a_change_for_everyone_is_told_as_one_and_carries_no_label() -> None:
    said = shared().summary()
    assert "The 10,000 queries of the pool of 200 members are fewer in all" in said[0]
    assert said[2:] == [
        "That pool's change, the same for everyone, corrects 50.0% of the misread and breaks 10.0% "
        "of those classified correctly.",
        "With 10,000 queries, a pool of 200 members found a change that closes 0.62 of the gap and "
        "takes the accuracy on the pictures it was found with from 50.0% to 80.0%.",
        "With 50 queries, one member alone found a change that closes 0.62 of the gap and takes "
        "the accuracy on the pictures it was found with from 50.0% to 80.0%.",
    ]
    text = printed(shared())
    assert "carries no label. Whoever searches alone chooses by the answer" in text
    assert "per class" not in text
    assert shared().facts()["Pools"] == "one change for everyone, found with edits"
    assert made().facts()["Surrogate"] == "cnn"
    assert "label does: see the force rate" in printed(made())
    # one seed: exact ends of 7 of 10 (Clopper and Pearson), and the gap's own interval
    assert [list(row.values()) for row in shared(seeds=1).sections()[1].rows][1] == [
        *("one member × 50", "50.0", "10", "0.500", "0.700", "[0.348, 0.933]"),
        *("0.500", "[0.250, 0.750]"),
    ]


def test_a_change_for_everyone_is_in_the_files_and_others_have_no_trace_of_it(
    tmp_path: Path,
) -> None:
    write_result(shared(), tmp_path)
    data = strict((tmp_path / "queries.json").read_text())
    assert [one["shared"]["gap_closed"]["value"] for one in data["pools"]] == [0.625, 0.625]
    assert [one["shared"]["photos"] for one in data["pools"]] == [4000, 20]
    assert [round(one["shared"]["after"]["value"], 9) for one in data["pools"]] == [0.8, 0.8]
    assert all("shared" not in one for one in made().to_json()["pools"])
    names = {"own_before", "own_after", "gap_closed_by_pool", "broken_by_pool"}
    for row in shared().rows():
        assert names <= set(row)
        assert row["gap_closed_by_pool"] == 0.625
    assert not any(names & set(row) for row in made().rows())


@pytest.mark.parametrize("gap", [Estimate(0.5, 0.25, 0.75), Estimate(math.nan, math.nan, math.nan)])
def test_what_a_pool_did_survives_as_plain_data(gap: Estimate) -> None:
    bare = made().pooled[0]
    assert "shared" not in bare.to_plain()
    assert PoolEffect.from_plain(strict(json.dumps(bare.to_plain()))) == bare
    full = replace(bare, shared=SharedChange(gap, 10, 5, 7))
    again = PoolEffect.from_plain(strict(json.dumps(full.to_plain())))
    assert str(again) == str(full)  # NaN is not equal to itself


def test_a_gap_that_is_not_defined_is_left_out_of_the_words() -> None:
    found = shared(seeds=1, members=(1,))
    unknown = SharedChange(Estimate(math.nan, math.nan, math.nan), 10, 5, 7)
    (pool,) = found.pooled
    said = replace(found, pooled=(replace(pool, shared=unknown),)).summary()
    assert said[-1] == (
        "With 50 queries, one member alone found a change that takes the accuracy on the pictures "
        "it was found with from 50.0% to 70.0%."
    )


def test_without_a_budget_attacks_that_begin_at_an_answer_are_told() -> None:
    told = replace(made(epsilons=1), epsilon=1.0, given=("hopskipjump",))
    assert "1 seed, no budget, at most 50 queries alone" in printed(told)
    assert "Without a budget hopskipjump is given its answer" in printed(told)
    assert told.to_json()["given_an_answer"] == ["hopskipjump"]
    assert "given" not in printed(made())
    assert "given_an_answer" not in made().to_json()


def test_kept_tables_draw_each_attack_s_mean_over_seeds(tmp_path: Path) -> None:
    result = made(seeds=2)
    shares = {("square:p=0.1", 0): 0.5, ("square:p=0.1", 1): 1.0, ("square:p=0.5", 0): 0.25}
    alone = [
        replace(one, curve=[(1, 0.0), (50, shares.get((one.attack, one.seed), 0.75))])
        for one in result.alone
    ]
    write_result(replace(result, alone=tuple(alone)), tmp_path)
    rows, curves = (read_rows(tmp_path, name) for name in (COMPARISON, CORRECTED))
    (drawn,) = draw_costs(rows, curves).values()
    lines = {line.get_label(): line for line in drawn.figure.axes[0].get_lines()}
    assert lines["square:p=0.1"].get_ydata().tolist() == [0.0, 0.75]
    assert lines["square:p=0.5"].get_ydata().tolist() == [0.0, 0.5]
    assert lines["square:p=0.5"].get_xdata().tolist() == [1, 50]
    right = {line.get_label(): line for line in drawn.figure.axes[1].get_lines()}
    people, each = right["pool: 10 × 23"].get_data()
    np.testing.assert_allclose(each * people, 230)
