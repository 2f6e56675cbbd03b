"""Outcomes of trees on categories have ids of their own; those of older versions stay."""

import pytest

from quorate.studies.study import make_study


@pytest.mark.parametrize(
    ("population", "learner", "moves"),
    [
        ("finite", "forest", True),
        ("finite", "knn-cleaning:learner=boosting", True),
        ("finite", "logistic", False),
        ("digits", "forest", False),
        ("gaussian", "tree", False),
    ],
)
def test_the_id_says_that_categories_are_split_into_sets(
    population: str, learner: str, moves: bool
) -> None:
    signal = "columns,x=1" if population == "finite" else "columns,x0=1"
    strategy = "planting" if population == "digits" else f"planting:signal={signal}"
    study = make_study(population=population, strategy=strategy, learner=learner)
    described = study.cells()[0].describe()
    assert ("learners/categories" in described.get("code", {})) == moves
