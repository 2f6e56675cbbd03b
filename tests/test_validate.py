"""The checks that several modules share."""

import math

import pytest

from quorate.catalog import build
from quorate.errors import InputError
from quorate.validate import at_least, near_spelling


def test_at_least() -> None:
    at_least("n", 1, 1, "")
    at_least("n", 10**400, 1, "", most=10**401)  # too large for a float
    with pytest.raises(InputError, match="to be at most 1000000000: more would"):
        at_least("n", 10**400, 1, "")
    for value in (0.9, -math.inf, math.nan):
        with pytest.raises(InputError, match=r"to be at least 1\. Draw more"):
            at_least("n", value, 1, "Draw more.")
    with pytest.raises(InputError, match="Expected n=inf to be finite"):
        at_least("n", math.inf, 1, "Draw more.")


@pytest.mark.parametrize(
    "text",
    [
        "jtt:upweight",
        "chi2-dro:radius",
        "adversarial-training:radius",
        "sgd:weight_decay",
        "naive-bayes:var_smoothing",
        "early-stopping:members",
    ],
)
@pytest.mark.parametrize("value", ["inf", "nan"])
def test_no_parameter_of_a_learner_is_infinite(text: str, value: str) -> None:
    with pytest.raises(InputError, match=f"={value} to be"):
        build("learners", f"{text}={value}")


def test_signs_that_are_not_seen_do_not_count_where_spellings_are_compared() -> None:
    for odd in ("y\u00ades", "y\u200des", "yes\x07"):
        assert near_spelling(odd, ["no", "yes"]) == "yes"
