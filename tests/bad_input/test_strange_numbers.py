"""Numbers of NumPy, whole floats, bools, huge ones: read as what they are, or refused."""

import datetime
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import quorate as library
from quorate import catalog, spec
from quorate.errors import InputError
from quorate.executors.choose import choose_executor
from quorate.learners.networks.sgd import SGD
from quorate.membership_inference.study import make_membership_study
from quorate.plain import MOST_LEVELS
from quorate.planning.plan import PlanRequest
from quorate.runtime.seeds import MOST_SEEDS, read_seeds
from quorate.scenarios.scenario import make_scenario
from quorate.studies.study import Study, make_study
from quorate.test_time.study.query_comparison import compare
from quorate.test_time.study.settings import make_correction
from quorate.validate import LARGEST, MOST, above_zero, at_least, in_interval

TWO = [np.int64(2), np.int8(2), np.uint64(2), np.float32(2), np.float64(2), 2.0, np.array(2)]
NO_COUNT = [
    *(True, False, np.bool_(True), 2.5, np.float64(2.5), math.nan, math.inf, -math.inf, -1, 0),
    *(np.int64(-3), 2**70, 10**400, -(10**400), float(2**70), 1e300, MOST_SEEDS + 1, 10**12),
    *(None, "two", "1e400", datetime.date(2020, 1, 1), {"a": 1}, 1 + 2j, b"2"),
]


def study(**changes: Any) -> Study:
    plain = {"population": "digits", "strategy": "planting", "learner": "sgd", "seeds": 1}
    return make_study(**{**plain, **changes})


def correction(**changes: Any) -> Any:
    plain = {"population": "digits", "subgroup": "low_light", "platform": "mlp", "proxy": "mlp"}
    return make_correction(**{**plain, "members": 10, **changes})


def membership(**changes: Any) -> Any:
    plain = {"population": "digits", "strategy": "planting", "learner": "sgd", "seeds": 1}
    return make_membership_study(**{**plain, **changes})


@pytest.mark.parametrize("two", TWO, ids=repr)
def test_a_number_of_seeds_of_any_type_is_that_number(two: Any) -> None:
    assert study(seeds=two).seeds == correction(seeds=two).seeds == (0, 1)
    assert membership(seeds=two).seeds == (0, 1)
    assert [type(seed) for seed in study(seeds=[two]).seeds] == [int]
    assert study(seeds=two).describe() == study(seeds=2).describe()
    assert study(seeds=[two]).cells()[0].id == study(seeds=[2]).cells()[0].id


@pytest.mark.parametrize("given", NO_COUNT, ids=lambda one: repr(one)[:20])
@pytest.mark.parametrize("made", [study, correction, membership])
def test_what_is_no_number_of_seeds_is_refused(made: Callable[..., Any], given: Any) -> None:
    if given is None and made is not study:
        return  # as if it were not given
    with pytest.raises(InputError, match=r"^Expected seeds") as refused:
        made(seeds=given)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("seed", [2**63, 2**64, 10**400, -1, 0.5, True, "a", [1], None])
def test_a_seed_that_cannot_be_stored_is_refused_before_any_training(seed: Any) -> None:
    for made in (study, correction, membership):
        with pytest.raises(InputError, match=r"^Expected seed"):
            made(seeds=[seed])


def test_seeds_may_be_an_array_or_a_range() -> None:
    assert read_seeds(np.arange(3)) == read_seeds(range(3)) == read_seeds((0, 1, 2.0)) == (0, 1, 2)
    assert read_seeds([2**63 - 1]) == (2**63 - 1,)


def test_sizes_and_limits_of_numpy_are_those_of_python() -> None:
    ours = study(alphas=np.array([0.5, 0.25]), target=np.float32(0.5), eps=np.float64(0.25))
    same = study(alphas=[0.25, 0.5], target=0.5, eps=0.25)
    assert ours.describe() == same.describe()
    assert [cell.id for cell in ours.cells()] == [cell.id for cell in same.cells()]
    for alphas in (np.float64(0.5), np.float32(0.5), np.array(0.5)):
        assert study(alphas=alphas).alphas == (0.0, 0.5)
    made = correction(members=np.int64(10), queries=np.array([5, 10]), epsilon=np.float64(0.5))
    assert (made.members, made.queries, made.epsilons) == ((10,), (5, 10), (0.5,))


@pytest.mark.parametrize("alphas", [math.inf, math.nan, "1e400", True, [True], "0.1:1:1e400"])
def test_sizes_that_are_none(alphas: Any) -> None:
    with pytest.raises(InputError, match=r"^Expected (numbers in alphas|alpha|count)"):
        study(alphas=alphas)


@pytest.mark.parametrize("epsilon", ["8/0", "1e9999", "nan", math.inf, True, 10**400, "8/-1", None])
def test_budgets_that_are_none(epsilon: Any) -> None:
    if epsilon is None:
        return  # as if it were not given
    with pytest.raises(InputError, match=r"^Expected epsilon"):
        correction(epsilon=epsilon)


@pytest.mark.parametrize(
    "given",
    [
        {"budget": "1e9999"},
        {"learning_rate": "1e400"},
        {"learning_rate": "nan"},
        {"learning_rate": math.nan},
        {"epochs": "1e400"},
        {"epochs": 2**64},
        {"epochs": 10**400},
        {"epochs": "9" * 5000},
        {"epochs": datetime.date(2020, 1, 1)},
        {"epochs": np.bool_(True)},
    ],
    ids=lambda given: repr(given)[:30],
)
def test_parameters_that_are_no_numbers(given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"^Expected ") as refused:
        catalog.build("learners", {"name": "sgd", **given})
    assert len(str(refused.value)) < 700


@pytest.mark.parametrize("two", TWO, ids=repr)
def test_a_method_that_is_handed_in_has_numbers_of_its_own_types(two: Any) -> None:
    made = catalog.build("learners", SGD(epochs=two, learning_rate=np.float64(0.1)))
    assert spec.describe(made) == spec.describe(SGD(epochs=2, learning_rate=0.1))
    assert spec.text(made) == "sgd:epochs=2,learning_rate=0.1"
    assert spec.text(SGD(learning_rate=np.float64(0.1))) == "sgd:learning_rate=0.1"
    assert make_scenario({"name": "navigation", "noise": 0.1, "seeds": two}).seeds == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("epochs", [True, 2.5, np.bool_(True), 2**70, math.inf, "two", None, [2]])
def test_a_method_of_wrong_numbers_is_refused(epochs: Any) -> None:
    with pytest.raises(InputError, match=r"^Expected epochs"):
        catalog.build("learners", SGD(epochs=epochs))


@pytest.mark.parametrize("value", ["a", None, True, np.bool_(False), [1], 1j, b"1"])
def test_checks_refuse_what_is_no_number(value: Any) -> None:
    with pytest.raises(InputError, match=r"^Expected size to be a number"):
        at_least("size", value, 0, "Use 1.")
    with pytest.raises(InputError, match=r"^Expected size to be a number"):
        in_interval("size", value, 0, 1, "Use 1.")
    with pytest.raises(InputError, match=r"^Expected size to be a number"):
        above_zero("size", value, "Use 1.")


def test_checks_show_numbers_that_no_float_can_hold() -> None:
    with pytest.raises(InputError, match=r"^Expected size=10000000000000000000\.\.\. in"):
        in_interval("size", 10**400, 0, 1, "Use 1.")
    with pytest.raises(InputError, match=r"^Expected size=-1000000000000000000\.\.\. to be at"):
        at_least("size", -(10**400), 0, "Use 1.")
    in_interval("size", 10**400, 0, math.inf, "Use 1.")


@pytest.mark.parametrize("jobs", [True, 0, -1, 2.5, math.nan, "many", 10**9, 2**70])
def test_workers_that_cannot_be(jobs: Any) -> None:
    with pytest.raises(InputError, match=r"^Expected jobs"):
        choose_executor(jobs)
    with pytest.raises(InputError, match=r"^Expected (workers|a known|name)"):
        catalog.build("executors", {"name": "processes", "workers": jobs})


@pytest.mark.parametrize("two", TWO, ids=repr)
def test_workers_of_any_type(two: Any) -> None:
    assert choose_executor(two) == choose_executor(2)


# ---------------------------------------------------------------------------- depths


@pytest.mark.parametrize("depth", [MOST_LEVELS + 1, 500, 3000, 100_000])
def test_parentheses_and_tables_without_end_are_refused(depth: int) -> None:
    open_, closed = "(" * depth, ")" * depth
    for text in (
        f"planting:signal={open_}patch{closed}",
        "planting:signal=" + "(patch:size=" * depth + "3" + closed,
        f"sgd:{'a=(' * depth}1{closed}",
        open_,
        f"planting:{closed}",
    ):
        with pytest.raises(InputError, match=r"^Expected ") as refused:
            catalog.build("strategies", text)
        assert len(str(refused.value)) < 2500
    plain: Any = "patch"
    for _ in range(depth):
        plain = {"name": "planting", "signal": plain}
    with pytest.raises(InputError, match=r"^Expected at most 64 tables inside each other"):
        catalog.build("strategies", plain)
    listed: Any = 0.5
    for _ in range(depth):
        listed = [listed]
    with pytest.raises(InputError, match=r"^Expected numbers in alphas"):
        study(alphas=listed)
    with pytest.raises(InputError, match=r"^Expected (at most 64|sgd|a known|epochs)"):
        catalog.build("learners", {"name": "sgd", "epochs": listed})


def test_a_number_of_seeds_beyond_memory_is_refused_at_the_command_line(
    refuse: Callable[..., str],
) -> None:
    assert refuse(seeds=str(10**12)) == (
        "Expected seeds=1000000000000 to be at most 100000. Use a smaller number, such as 5."
    )


@pytest.mark.parametrize("n", ["10" * 9, "1e30", str(2**62), str(10**14)])
def test_people_beyond_memory_are_refused(n: str, refuse: Callable[..., str]) -> None:
    assert refuse(population=f"gaussian:n={n}").startswith("Expected ")


def test_path_that_has_a_name_is_no_method(tmp_path: Any) -> None:
    with pytest.raises(InputError, match="Expected a population's name, a data frame with label="):
        study(population=tmp_path)


# ------------------------------------------------------------------------ numbers of functions

METHODS = {
    "population": "gaussian:n=40,held_out=20",
    "strategy": "planting:signal=columns,core=3",
    "learner": "naive-bayes",
}


@pytest.mark.parametrize("two", TWO, ids=repr)
def test_a_search_of_numbers_of_any_type_is_the_same_search(two: Any, tmp_path: Any) -> None:
    found = library.critical_mass(
        **METHODS, budget=two, width=np.float64(1.5), target=np.float32(0.5), out=tmp_path
    )
    same = library.critical_mass(**METHODS, budget=2, width=1.5, target=0.5, out=tmp_path)
    assert same.trainings == 0  # it goes on where the other stopped, which is at its end
    left_out = {"trainings": 0}
    assert {**found.to_json(), **left_out} == {**same.to_json(), **left_out}


@pytest.mark.parametrize("budget", [True, 2.5, "many", None, math.nan, 10**400, [2], -1, 0])
def test_a_budget_of_a_search_that_is_none(budget: Any) -> None:
    with pytest.raises(InputError, match=r"^Expected budget"):
        library.critical_mass(**METHODS, budget=budget)


@pytest.mark.parametrize("value", [True, "many", None, math.nan, 10**400, [2], 2.5, -1])
@pytest.mark.parametrize("name", ["budget", "people", "seeds"])
def test_a_comparison_of_numbers_that_are_none(name: str, value: Any, tmp_path: Any) -> None:
    if (name, value) == ("seeds", None):
        return  # stands for all
    with pytest.raises(InputError, match=f"^Expected {name}"):
        compare(tmp_path, "square", **{name: value})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("platform_size", [True, 1000.5, math.nan, 10**400, None, "many"]),
        ("bins", [True, 2.5, 10**400, None]),
        ("seeds", [True, 2.5, 2**70]),
        ("suggest", [True, 2.5]),
        ("success", [True, "high", None, [0.9]]),
        ("eps", [True, None]),
    ],
)
def test_a_plan_of_numbers_of_any_type(name: str, wrong: list[Any]) -> None:
    given = {"label": "y", "platform_size": 1000}
    for two in TWO if name not in ("success", "eps") else [np.float32(0.5), np.array(0.5)]:
        made = getattr(PlanRequest(**{**given, name: two}), name)
        assert type(made) in (int, float)
        assert made == two
    for value in wrong:
        with pytest.raises(InputError, match=f"^Expected {name}"):
            PlanRequest(**{**given, name: value})


@pytest.mark.parametrize(
    ("kind", "name", "parameter"),
    [
        ("learners", "sgd", "epochs"),
        ("learners", "sgd", "batch_size"),
        ("learners", "sgd", "learning_rate"),
        ("learners", "forest", "n_estimators"),
        ("learners", "boosting", "max_iter"),
        ("learners", "dp-forest", "trees"),
        ("learners", "jtt", "first_epochs"),
        ("learners", "knn", "n_neighbors"),
        ("populations", "gaussian", "n"),
        ("populations", "finite", "values"),
        ("subgroups", "low_light", "noise"),
    ],
)
@pytest.mark.parametrize("huge", [10**12, 2**63 - 1, 1e30 * 1.01, 1e300])
def test_absurd_parameters_are_refused_before_work_begins(
    kind: str, name: str, parameter: str, huge: float
) -> None:
    if parameter == "learning_rate" and huge < 1e30:
        huge *= 1e30
    with pytest.raises(InputError, match=f"Expected {parameter}=") as refused:
        catalog.build(kind, f"{name}:{parameter}={huge}")
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("navigation", "reports", 1e30),
        ("navigation", "told", 1e300),
        ("navigation", "kappa", 1e-300),
        ("navigation", "theta", 1e300),
        ("navigation", "gap", 1e-300),
        ("navigation", "days", 10**12),
        ("navigation", "accounts", 10**12),
        ("participation", "cost", 1e300),
        ("participation", "spread", 1e300),
        ("participation", "noise", 1e300),
        ("participation", "rounds", 10**12),
        ("privacy", "models", 10**12),
        ("privacy", "probed", 10**12),
        ("privacy", "how_many", 10**12),
        ("bias", "standard_error", 1e-300),
        ("bias", "seeds", 10**12),
        ("effective-size", "seeds", 10**12),
        ("collectives", "others", 1e300),
    ],
)
def test_absurd_parameters_of_scenarios_are_refused(
    name: str, parameter: str, value: float
) -> None:
    with pytest.raises(InputError, match=f"Expected {parameter}=") as refused:
        make_scenario({"name": name, parameter: value})
    assert len(str(refused.value)) < 200


def test_large_numbers_that_are_seeds_and_sizes_of_worlds_stay_allowed() -> None:
    assert read_seeds([LARGEST]) == (LARGEST,)
    assert catalog.build("populations", f"finite:law_seed={LARGEST}").law_seed == LARGEST
    at_least("reports", MOST, 0, "")
