"""Which cells of two runs are compared, and which are named as without a partner."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from quorate.comparison.pairing import measures_of, name_cells, pair, say_variant


def cell(
    learner: str, alpha: float, seed: int, success: float = 0.5, **more: Any
) -> dict[str, Any]:
    """Return a row of a study."""
    plain = {"population": "digits", "strategy": "planting", "goal": "planted"}
    return {**plain, "learner": learner, "alpha": alpha, "seed": seed, "success": success, **more}


def test_what_differs_throughout_is_compared() -> None:
    first = [cell("sgd", 0.1, seed, 0.1 * seed) for seed in range(3)]
    second = [cell("jtt", 0.1, seed, 0.2 * seed) for seed in range(1, 4)]
    found = pair(first, second)
    (pairs,) = found.pairs
    assert (pairs.first, pairs.second) == ({"learner": "sgd"}, {"learner": "jtt"})
    ((shared, by_seed),) = pairs.rows.items()
    assert dict(shared)["alpha"] == 0.1
    assert {seed: (a["success"], b["success"]) for seed, (a, b) in by_seed.items()} == {
        1: (0.1, 0.2),
        2: (0.2, 0.4),
    }
    assert [[row["seed"] for row in rows] for rows in found.alone] == [[0], [3]]


def test_what_both_runs_have_is_paired_with_itself() -> None:
    first = [cell(name, 0.1, 0) for name in ("sgd", "jtt")]
    second = [cell(name, 0.1, 0) for name in ("jtt", "svm")]
    found = pair(first, second)
    (pairs,) = found.pairs
    assert pairs.first == pairs.second == {}
    assert [dict(shared)["learner"] for shared in pairs.rows] == ["jtt"]
    assert [[row["learner"] for row in rows] for rows in found.alone] == [["sgd"], ["svm"]]


def test_one_is_compared_with_each_of_several() -> None:
    found = pair([cell("sgd", 0.1, 0)], [cell("jtt", 0.1, 0), cell("svm", 0.1, 0)])
    assert [pairs.second["learner"] for pairs in found.pairs] == ["jtt", "svm"]
    assert found.alone == ((), ())


def test_sizes_and_seeds_are_never_what_is_compared() -> None:
    for second in (cell("sgd", 0.2, 0), cell("sgd", 0.1, 1)):
        found = pair([cell("sgd", 0.1, 0)], [second])
        assert found.pairs == ()
        assert found.alone == ((cell("sgd", 0.1, 0),), (second,))


def test_the_last_of_cells_measured_twice_is_compared() -> None:
    found = pair([cell("sgd", 0.1, 0, 0.3), cell("sgd", 0.1, 0, 0.4)], [cell("jtt", 0.1, 0)])
    ((first, _),) = next(iter(found.pairs[0].rows.values())).values()
    assert (first["success"], found.twice) == (0.4, 1)


def test_a_correction_s_members_are_a_setting_and_a_study_s_follow_from_its_size() -> None:
    row = {"platform": "mlp", "seed": 0, "members": 10, "after.accuracy": 0.5, "seconds": 3.0}
    found = pair([row], [{**row, "members": 20}])
    assert (found.pairs[0].first, found.pairs[0].second) == ({"members": 10}, {"members": 20})
    assert measures_of([row]) == ["after.accuracy"]
    rows = [cell("sgd", 0.1, 0, members=10, loss=0.3, accuracy=0.9)]
    assert pair(rows, [{**rows[0], "members": 11}]).pairs[0].number == 1
    assert measures_of(rows) == ["success", "accuracy"]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([0.1, 0.2]), st.integers(0, 3))),
    st.lists(st.tuples(st.sampled_from("bc"), st.sampled_from([0.1, 0.2]), st.integers(0, 3))),
)
def test_every_cell_is_in_a_pair_or_alone(one: list[Any], two: list[Any]) -> None:
    first, second = ([cell(*what) for what in dict.fromkeys(each)] for each in (one, two))
    found = pair(first, second)
    for place, rows in enumerate((first, second)):
        paired = [
            both[place]
            for pairs in found.pairs
            for by_seed in pairs.rows.values()
            for both in by_seed.values()
        ]
        distinct = {id(row) for row in paired}
        assert distinct | {id(row) for row in found.alone[place]} == {id(row) for row in rows}
        assert not distinct & {id(row) for row in found.alone[place]}
    for pairs in found.pairs:
        for by_seed in pairs.rows.values():
            for a, b in by_seed.values():
                assert (a["alpha"], a["seed"]) == (b["alpha"], b["seed"])


def test_cells_are_named_by_their_settings() -> None:
    rows = [
        cell("sgd", alpha, seed) for alpha, seeds in ((0.1, 3), (0.2, 1)) for seed in range(seeds)
    ]
    start = "population digits, strategy planting, goal planted, learner sgd, alpha"
    assert list(name_cells(rows)) == [f"{start} 0.1 (3 cells)", f"{start} 0.2 (1 cell)"]
    assert list(name_cells(rows, most=1))[1] == "and 1 more settings (1 cells)"


def test_what_tells_two_apart_is_short() -> None:
    one, two = {"learner": "sgd:epochs=5,model=mlp"}, {"learner": "sgd:epochs=9,model=mlp"}
    assert (say_variant(one, two), say_variant(two, one)) == ("sgd:epochs=5", "sgd:epochs=9")
    assert say_variant({"members": 10}, {"members": 20}) == "members 10"
