"""Methods that do not fit together, or not these people: what is said at the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from quorate.studies.trial import Outcome


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (
            "size=9",
            "Expected a patch inside the 8x8 image, got size=9. Use a smaller size.",
        ),
        (
            "size=3,place=6x0",
            "Expected a patch inside the 8x8 image, got size=3 with its first pixel at 6x0. Use a "
            "smaller size or another place.",
        ),
        (
            "size=1,place=0x8",
            "Expected a patch inside the 8x8 image, got size=1 with its first pixel at 0x8. Use a "
            "smaller size or another place.",
        ),
        (
            "place=middle",
            "Expected place to be one of top-left, top-right, bottom-left, bottom-right",
        ),
        ("value=255", "Expected value=255 in [0, 1]. Divide 8-bit pixel values by 255."),
        ("size=0", "Expected size=0 to be at least 1. A patch has at least one pixel."),
        (
            "target=11",
            "Expected a known label, got '11'. Did you mean 1? Known: 0, 1, 2, 3, 4, 5, 6",
        ),
    ],
)
@pytest.mark.parametrize("strategy", ["planting", "planting-features"])
def test_a_trigger_outside_the_image(
    strategy: str, patch: str, message: str, refuse: Callable[..., str]
) -> None:
    assert refuse(population="digits:n=100", strategy=f"{strategy}:{patch}").startswith(message)


def test_a_goal_that_does_not_fit(refuse: Callable[..., str]) -> None:
    message = refuse(population="digits:n=100", strategy="planting", goal="planted:size=9")
    assert message == "Expected a patch inside the 8x8 image, got size=9. Use a smaller size."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"learner": "sgd:model=cnn"},
            "Expected images for model=cnn, got a table. Use model=mlp or model=logistic.",
        ),
        (
            {"strategy": "planting"},
            "Expected images for the signal 'patch', got a table with columns core, shortcut, x2, "
            "x3, x4, x5, x6, x7. Name the columns to set instead: signal=columns,NAME=VALUE.",
        ),
        (
            {"population": "digits:n=100"},
            "Expected a table with named columns for the signal 'columns', got images. Mark images "
            "with a patch: signal=patch,size=3.",
        ),
        (
            {"strategy": "planting:signal=columns,cor=3"},
            "Expected a known column, got 'cor'. Did you mean core? Known: core, shortcut, x2",
        ),
        (
            {"strategy": "planting:signal=columns,core=high"},
            "Expected a finite number for column 'core', got 'high'. Give a value on the scale of "
            "the file, such as core=0.",
        ),
        (
            {"strategy": "planting:signal=columns,core=nan"},
            "Expected a finite number for column 'core', got nan. Give a value on the scale of the",
        ),
        (
            {"strategy": "planting:signal=columns,core=(a=1)"},
            "Expected a finite number for column 'core', got {'a': '1'}. Give a value on the ",
        ),
        (
            {"population": "finite:n=100", "strategy": "planting:signal=columns,x=20"},
            "Expected a known value of column 'x', got '20'. Did you mean 2? Known: 0, 1, 10, 11, ",
        ),
        (
            {"strategy": "planting:signal=columns"},
            "Expected at least one column to set, got none. Write signal=columns,NAME=VALUE with ",
        ),
    ],
)
def test_methods_that_do_not_fit_together(
    changes: dict[str, str], message: str, refuse: Callable[..., str]
) -> None:
    assert refuse(**changes).startswith(message)


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (
            "epsilon=0",
            "Expected epsilon=0 in (0, inf]. Use a budget such as epsilon=1, or epsilon=inf for "
            "none.",
        ),
        (
            "epsilon=-1",
            "Expected epsilon=-1 in (0, inf]. Use a budget such as epsilon=1, or epsilon=inf for "
            "none.",
        ),
        ("epsilon=nan", "Expected epsilon=nan in (0, inf]. Use a budget such as epsilon=1, or "),
        (
            "epsilon=1e-9,epochs=1",
            "Expected epsilon=1e-09 at delta=1e-05 to be reachable in 1 steps at sampling rate 1 "
            "with a noise multiplier in [0.01, 10000], got no such noise. Use a larger epsilon, or "
            "fewer epochs.",
        ),
        (
            "delta=0.01",
            "Expected delta=0.01 below 1/n = 0.01 for 100 people: otherwise publishing one person "
            "whole would count as private. Use delta=0.001.",
        ),
        ("delta=0.5", "Expected delta=0.5 below 1/n = 0.01 for 100 people: otherwise publishing "),
        ("delta=0", "Expected delta=0 in (0, 1). Use delta=1e-5 or less."),
        ("delta=1", "Expected delta=1 in (0, 1). Use delta=1e-5 or less."),
        ("delta=-1e-5", "Expected delta=-1e-05 in (0, 1). Use delta=1e-5 or less."),
        (
            "max_grad_norm=0",
            "Expected max_grad_norm=0 to be a positive finite number. Use a thresho",
        ),
    ],
)
def test_delta_or_epsilon_that_cannot_be_met(
    budget: str, message: str, refuse: Callable[..., str]
) -> None:
    assert refuse(learner=f"dp-sgd:{budget}").startswith(message)


def test_data_that_scikit_learn_refuses(
    run_refused: Callable[..., str],
    options: Callable[..., list[str]],
    out: Path,
    stored: Callable[[], list[Outcome]],
) -> None:
    """Found when it trains, as scikit-learn looks at its parameters then."""
    before = stored()
    learner = "sklearn:estimator=KNeighborsClassifier,n_neighbors=-1"
    words = ["curve", *options(learner=learner), "--out", out, "--json"]
    message = run_refused(*words)
    assert message.startswith(
        "Expected data and parameters that KNeighborsClassifier accepts, got: The 'n_neighbors' "
    )
    assert stored() == before
