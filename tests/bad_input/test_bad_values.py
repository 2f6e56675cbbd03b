"""Sizes, counts, names, parameters and values that are none: what is said at the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("alphas", "message"),
    [
        ("0.1,1.2", "Expected alpha=1.2 in [0, 1]. To act with everyone, use alpha=1."),
        ("-0.1", "Expected alpha=-0.1 in [0, 1]. To act with everyone, use alpha=1."),
        ("nan", "Expected alpha=nan in [0, 1]. To act with everyone, use alpha=1."),
        ("0:0.1:3", "Expected alpha=0 in (0, 1]. A log grid begins above 0."),
        (
            "0.1:2:3",
            "Expected alpha=2 in [0.1, 1]. A log grid ends at or above its beginning, at most at "
            "1.",
        ),
    ],
)
def test_alpha_outside_0_and_1(alphas: str, message: str, refuse: Callable[..., str]) -> None:
    assert refuse(alphas=alphas) == message


EXAMPLE = "Write lo:hi:count, as in 0.001:0.1:9, or a list, as in 0.001,0.01,0.1."


@pytest.mark.parametrize(
    ("alphas", "message"),
    [
        ("", f"Expected numbers in alphas, got ''. {EXAMPLE}"),
        ("many", f"Expected numbers in alphas, got 'many'. {EXAMPLE}"),
        ("0.1,", f"Expected numbers in alphas, got '0.1,'. {EXAMPLE}"),
        ("0.1 0.2", f"Expected numbers in alphas, got '0.1 0.2'. {EXAMPLE}"),
        ("0.1:0.2:x", f"Expected numbers in alphas, got '0.1:0.2:x'. {EXAMPLE}"),
        ("0.1:0.2", f"Expected alphas lo:hi:count, got '0.1:0.2'. {EXAMPLE}"),
        ("0.1:0.2:1.5", f"Expected alphas lo:hi:count, got '0.1:0.2:1.5'. {EXAMPLE}"),
        ("0.1:0.2:nan", f"Expected alphas lo:hi:count, got '0.1:0.2:nan'. {EXAMPLE}"),
        ("0.1:0.2:inf", f"Expected alphas lo:hi:count, got '0.1:0.2:inf'. {EXAMPLE}"),
        ("0.1:0.2:3:4", f"Expected alphas lo:hi:count, got '0.1:0.2:3:4'. {EXAMPLE}"),
        ("0.1:0.2:0", f"Expected count=0 in [1, 10000]. {EXAMPLE}"),
        ("0.1:0.2:-3", f"Expected count=-3 in [1, 10000]. {EXAMPLE}"),
        ("0.1:0.2:1e12", f"Expected count=1e+12 in [1, 10000]. {EXAMPLE}"),
    ],
)
def test_a_grid_that_is_none(alphas: str, message: str, refuse: Callable[..., str]) -> None:
    assert refuse(alphas=alphas) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "1.5"}, "Expected target=1.5 in [0, 1]. It is a success rate."),
        ({"target": "nan"}, "Expected target=nan in [0, 1]. It is a success rate."),
        ({"seeds": "0"}, "Expected seeds=0 to be at least 1. Run at least one seed."),
        ({"seeds": "-1"}, "Expected seeds=-1 to be at least 1. Run at least one seed."),
        ({"jobs": "0"}, "Expected jobs=0 to be at least 1. Use one worker or more."),
        ({"eps": "1"}, "Expected eps=1 in [0, 1). Use eps=0 for a Bayes-optimal platform."),
        ({"reading": "TV"}, "Expected a known value of reading, got 'TV'. Known: huber, tv."),
    ],
)
def test_target_seeds_jobs_and_the_theory_line(
    changes: dict[str, str], message: str, refuse: Callable[..., str]
) -> None:
    assert refuse(**changes) == message


def test_a_target_that_is_no_rate_for_show(run_refused: Callable[..., str], out: Path) -> None:
    message = run_refused("show", out, "--target", "2", "--json")
    assert message == "Expected target=2 in [0, 1]. It is a success rate."


# --------------------------------------------------------------------------------- names and values


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"population": "gausian"},
            "Expected a known population, got 'gausian'. Did you mean gaussian? Known: ",
        ),
        (
            {"strategy": "plant"},
            "Expected a known strategy, got 'plant'. Did you mean planting? Known: "
            "aggregating, borrowed-features, cancelling, contrary, data-strike, erasing, ",
        ),
        ({"learner": "sdg"}, "Expected a known learner, got 'sdg'. Did you mean sgd? Known: "),
        (
            {"goal": "planned"},
            "Expected a known goal, got 'planned'. Did you mean planted? Known: equalised-odds, "
            "erased, ",
        ),
        (
            {"strategy": "planting:signal=(pach:size=3)"},
            "Expected a known signal, got 'pach'. Did you mean patch? Known: columns, grid, ",
        ),
        ({"learner": ""}, "Expected name:key=value,..., got ''. Begin with a method's name."),
        ({"learner": ":epochs=1"}, "Expected name:key=value,..., got ':epochs=1'. Begin with a "),
        (
            {"learner": "sklearn:estimator=LogisticRegresion"},
            "Expected a known scikit-learn classifier, got 'LogisticRegresion'. Did you mean Log",
        ),
    ],
)
def test_an_unknown_name(changes: dict[str, str], message: str, refuse: Callable[..., str]) -> None:
    assert refuse(**changes).startswith(message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"learner": "sgd:epoch=2"},
            "Expected a known parameter of sgd, got 'epoch'. Did you mean epochs? Known: batch_",
        ),
        (
            {"population": "gaussian:raer=0.1"},
            "Expected a known parameter of gaussian, got 'raer'. Did you mean rare? Known: core_",
        ),
        (
            {"strategy": "planting:taget=1"},
            "Expected a known parameter of planting with signal=patch, got 'taget'. Did you mean "
            "target? Known: place (patch), signal, size (patch), target, value (patch).",
        ),
        (
            {"strategy": "planting:sise=1"},
            "Expected a known parameter of planting with signal=patch, got 'sise'. Did you mean "
            "size? Known: place (patch), signal, size (patch), target, value (patch).",
        ),
        (
            {"learner": "sklearn:estimator=KNeighborsClassifier,n_neighbours=3"},
            "Expected a known parameter of KNeighborsClassifier, got 'n_neighbours'. Did you mean "
            "n_neighbors? Known: algorithm",
        ),
        (
            {"learner": "sgd:epochs"},
            "Expected key=value in 'sgd:epochs', got 'epochs'. Separate par",
        ),
        ({"learner": "sgd:epochs=1,epochs=2"}, "Expected 'epochs' once in 'sgd:epochs=1,epochs=2'"),
    ],
)
def test_an_unknown_parameter(
    changes: dict[str, str], message: str, refuse: Callable[..., str]
) -> None:
    assert refuse(**changes).startswith(message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"learner": "sgd:epochs=two"},
            "Expected epochs to be a whole number, got 'two'. Write epochs=VALUE with such a "
            "value.",
        ),
        (
            {"learner": "sgd:epochs=1.5"},
            "Expected epochs to be a whole number, got '1.5'. Write epochs=VALUE with such a "
            "value.",
        ),
        (
            {"learner": "sgd:learning_rate=fast"},
            "Expected learning_rate to be a number, got 'fast'. Write learning_rate=VALUE with "
            "such a value.",
        ),
        (
            {"learner": "sgd:model=cn"},
            "Expected a known model, got 'cn'. Did you mean cnn? Known: cnn, logistic, "
            "mlp, resnet.",
        ),
        (
            {"strategy": "planting:size=(a=1)"},
            "Expected size to be a whole number, got {'a': '1'}. Write size=VALUE with such a "
            "value.",
        ),
        (
            {"strategy": "planting:signal=columns,set=3"},
            "Expected set to be (NAME=VALUE,...), got '3'. Write set=VALUE with such a value.",
        ),
        (
            {"learner": "sgd:epochs=0"},
            "Expected epochs=0 to be at least 1. Train for at least one e",
        ),
        ({"learner": "sgd:momentum=1"}, "Expected momentum=1 in [0, 1). Use 0 for none."),
        (
            {"learner": "sgd:learning_rate=0"},
            "Expected learning_rate=0 to be a positive finite number. Use a step size such as 0.1.",
        ),
    ],
)
def test_a_value_of_the_wrong_type_or_size(
    changes: dict[str, str], message: str, refuse: Callable[..., str]
) -> None:
    assert refuse(**changes).startswith(message)


def test_a_kind_that_is_none(run_refused: Callable[..., str]) -> None:
    assert run_refused("list", "learner") == (
        "Expected a known kind, got 'learner'. Did you mean learners? Known: attacks, executors, "
        "goals, learners, logs, networks, populations, scenarios, settings, signals, strategies, "
        "subgroups."
    )
