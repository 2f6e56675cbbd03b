"""The margin test: by hand, by enumeration, and beside a platform that is the best there is."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from lettered_people import letters, people_by, plant, rng

from quorate.catalog import build
from quorate.learners.theoretical.worst_case import WorstCase
from quorate.scenarios.collectives.prediction import (
    find_sure_success,
    predict_success,
)
from quorate.scenarios.collectives.submission import (
    Collective,
    apply_strategies,
    make_collectives,
)
from quorate.table import Array

Floats = npt.NDArray[np.float64]


def as_it_is(x: Array) -> Array:
    return x


# By hand: three values, two labels. a is mostly 1, c always 0.
HAND = [[0.1, 0.3], [0.2, 0.2], [0.2, 0.0]]


def promised(strategies: list[Any], sizes: list[float], **kept: Any) -> list[float]:
    law = letters(kept.pop("mass", HAND))
    seen = kept.pop("seen", as_it_is)
    errors = kept.pop("errors", [0.0] * len(strategies))
    each = make_collectives(strategies, errors, kept.pop("mistake", "forget"))
    found = predict_success(law.points, law, each, [sizes], seen)
    assert found is not None
    return [float(one) for one in found[0]]


def test_the_margin_test_by_hand_where_both_plant_one_signal() -> None:
    """At a: P(a, 0) = .1h + α₁ and P(a, 1) = .3h + α₂, h = 1 − α₁ − α₂."""
    rivals = [plant("a", "0"), plant("a", "1")]
    assert promised(rivals, [0.35, 0.2]) == [1, 0]  # .395 against .335
    assert promised(rivals, [0.2, 0.35]) == [0, 1]  # .245 against .485
    assert promised(rivals, [0.25, 0.2]) == [0, 1]  # .305 against .365: larger, and not enough
    assert promised(rivals, [0.3, 0.2]) == [0, 0]  # .35 against .35: a tie goes against each
    allies = [plant("a", "0"), plant("a", "0")]
    assert promised(allies, [0.1, 0.1]) == [1, 1]  # .28 against .24
    assert promised(allies, [0.1, 0.0]) == [0, 0]  # .19 against .27: each alone is too small


def test_the_margin_test_by_hand_where_signals_differ() -> None:
    """At a: .1h + α₁ against .3h. At b: .2h + α₂ for label 1 against .2h, so anybody is enough."""
    apart = [plant("a", "0"), plant("b", "1")]
    assert promised(apart, [0.1, 0.1]) == [0, 1]  # .18 against .24
    assert promised(apart, [0.2, 0.1]) == [1, 1]  # .27 against .21
    assert promised(apart, [0.2, 0.0]) == [1, 0]  # at b .16 against .16
    # The rival lowers h too: alone α₁ = .15 ties with .255, and a rival of .3 lets it win.
    assert promised(apart, [0.15, 0.0]) == [0, 0]  # .235 against .255
    assert promised(apart, [0.15, 0.3]) == [1, 1]  # .205 against .165


def test_the_margin_test_by_hand_where_members_err() -> None:
    """α₁ = .35, α₂ = .2 at a, .395 against .335, of whom a share of the first errs."""
    rivals = [plant("a", "0"), plant("a", "1")]
    # ρ = .2 forget: .07 are honest, h = .52: .052 + .28 = .332 against .156 + .2 = .356.
    assert promised(rivals, [0.35, 0.2], errors=[0.2, 0.0]) == [0, 1]
    # ρ = .05 claim the other label: .045 + .3325 = .3775 against .135 + .2 + .0175 = .3525.
    assert promised(rivals, [0.35, 0.2], errors=[0.05, 0.0], mistake="label") == [1, 0]
    # ρ = .1 do: .045 + .315 = .36 against .135 + .2 + .035 = .37.
    assert promised(rivals, [0.35, 0.2], errors=[0.1, 0.0], mistake="label") == [0, 1]
    # Who confuses a with the other's b plants there, for 0: .16 + .1 against .16 + .1, a tie; and
    # at a .08 + .1 against .24.
    apart = [plant("a", "0"), plant("b", "1")]
    assert promised(apart, [0.2, 0.1], mistake="signal", errors=[0.5, 0]) == [0, 0]
    assert promised(apart, [0.2, 0.1]) == [1, 1]


def test_the_margin_test_by_hand_where_the_platform_merges_two_values() -> None:
    """b and c become one: P₀ there is (.4, .2). Signals b and c are one to the platform."""

    def merged(x: Array) -> Array:
        return np.stack([x[:, 0], x[:, 1] + x[:, 2]], axis=1)

    rivals = [plant("b", "1"), plant("c", "0")]
    assert promised(rivals, [0.2, 0.1]) == [1, 1]  # apart: .34 against .14, and .24 against 0
    # Merged: .14 + .2 for label 1 against .28 + .1 for label 0.
    assert promised(rivals, [0.2, 0.1], seen=merged) == [0, 1]
    assert promised(rivals, [0.5, 0.1], seen=merged) == [1, 0]  # .08 + .5 against .16 + .1
    allies = [plant("b", "1"), plant("c", "1")]
    assert promised(allies, [0.1, 0.1]) == [1, 0]  # at c .1 against .16
    assert promised(allies, [0.1, 0.1], seen=merged) == [1, 1]  # .16 + .2 against .32


@pytest.mark.parametrize("targets", ["01", "00", "11", "10"])
@pytest.mark.parametrize("signals", ["aa", "ab", "bc", "cb"])
def test_the_platform_does_what_the_margin_test_says(signals: str, targets: str) -> None:
    """400 people by HAND's law; .35 and .2 of each kind are members, of whom half or a quarter
    forget: the counts of every value and label are the law's, so the two have to agree.
    """
    honest = people_by([[40, 120], [80, 80], [80, 0]])
    place = np.concatenate([np.arange(n) / n for n in (40, 120, 80, 80, 80)])
    one, two = place < 0.35, (place >= 0.35) & (place < 0.55)
    errs = [place < 0.175, place >= 0.5]  # of 14 in 40 the first 7, of 8 the last 2
    each = [
        Collective(plant(signal, target), error)
        for signal, target, error in zip(signals, targets, (0.5, 0.25), strict=True)
    ]
    data = apply_strategies(honest, each, [one, two], errs, np.zeros(400, np.int64), rng())
    model = WorstCase().fit(data, rng())
    law = letters(HAND)
    said = predict_success(law.points, law, each, [[0.35, 0.2]], as_it_is)
    assert said is not None
    found = [c.strategy.goal.success(model, honest, rng()) for c in each]
    assert found == said[0].tolist()


def naive(
    mass: Floats, plans: list[tuple[int, int]], sizes: list[float], errors: list[float], kind: str
) -> list[float]:
    """The margin test, mass by mass: everyone's probability is handed on in pieces."""
    v, k = mass.shape
    got = np.zeros((v, k))
    for x, y in itertools.product(range(v), range(k)):
        left = mass[x, y]
        for m, ((to, label), size, rho) in enumerate(zip(plans, sizes, errors, strict=True)):
            share = mass[x, y] * size
            left -= share
            got[to, label] += share * (1 - rho)
            if kind == "forget":
                got[x, y] += share * rho
            elif kind == "signal":
                got[plans[(m + 1) % len(plans)][0], label] += share * rho
            else:
                for other in set(range(k)) - {label}:
                    got[to, other] += share * rho / (k - 1)
        got[x, y] += left
    return [
        float(got[to, y] > max(got[to, other] for other in range(k) if other != y))
        for to, y in plans
    ]


@pytest.mark.parametrize("kind", ["forget", "label", "signal"])
def test_the_margin_test_against_a_naive_one_and_swapped(kind: Any) -> None:
    """Random laws; with the collectives swapped the results are, too."""
    draws, outcomes = rng(1), []
    for _ in range(60):
        v, k = int(draws.integers(2, 6)), int(draws.integers(2, 5))
        mass = draws.dirichlet(np.full(v * k, 0.5)).reshape(v, k)
        plans = [(int(draws.integers(v)), int(draws.integers(k))) for _ in range(2)]
        sizes = (draws.dirichlet([1, 1, 2])[:2] * 0.8).tolist()
        errors = draws.uniform(0, 0.6, 2).tolist()
        strategies = [plant("abcdefgh"[x], str(y)) for x, y in plans]
        law: dict[str, Any] = {"mass": (mass / mass.sum()).tolist(), "mistake": kind}
        found = promised(strategies, sizes, errors=errors, **law)
        # 1e-12: carried mass is a sum of up to 20 probabilities
        assert found == pytest.approx(naive(mass, plans, sizes, errors, kind), abs=1e-12)
        back = promised(strategies[::-1], sizes[::-1], errors=errors[::-1], **law)
        assert back == found[::-1]
        outcomes.append(tuple(np.round(found)))
    assert len(set(outcomes)) == 4  # both, either and neither succeed


def test_the_margin_test_is_silent_where_members_vote() -> None:
    law = letters(HAND)
    each = make_collectives([build("strategies", "erasing"), plant("a", "0")], (0, 0), "forget")
    assert predict_success(law.points, law, each, [[0.1, 0.1]], as_it_is) is None


# ------------------------------------------------------------------- what each is sure of


def sure(strategies: list[Any], sizes: list[float], **kept: Any) -> dict[str, list[float]]:
    law = letters(kept.pop("mass", HAND))
    errors = kept.pop("errors", [0.0] * len(strategies))
    each = make_collectives(strategies, errors, kept.pop("mistake", "forget"))
    found = find_sure_success(law.points, law, each, [sizes], kept.pop("seen", as_it_is))
    assert found is not None
    return {known: one[0].tolist() for known, one in found.items()}


def test_what_is_sure_by_hand() -> None:
    """At a: .1h + α₁ against .3h. At b: .2h + α₂ against .2h, and the rival may be anywhere."""
    apart = [plant("a", "0"), plant("b", "1")]
    # α = .2 and .1: at a .27 against .21, at b .24 against .14. Signals known: nobody else there.
    # Only .1 known: .27 against .31. Only .2 known: .24 against .34.
    assert sure(apart, [0.2, 0.1]) == {"signal": [1, 1], "size": [0, 0]}
    assert sure(apart, [0.4, 0.1]) == {"signal": [1, 1], "size": [1, 0]}  # .45 against .25
    # One signal: whatever the other claims, .1 at a: .45 against .25, and at a .15 against .55.
    rivals = [plant("a", "0"), plant("a", "0")]
    assert sure(rivals, [0.4, 0.1]) == {"signal": [1, 0], "size": [1, 0]}
    assert promised(rivals, [0.4, 0.1]) == [1, 1]  # allies, which neither knows
    # Half of the first forget: .07 + .2 against .21, and against .31 with .1 who may be there.
    half = sure(apart, [0.4, 0.1], errors=[0.5, 0.0])
    assert half == {"signal": [1, 1], "size": [0, 0]}
    equals = [plant("a", "0"), plant("a", "1")]
    even = [[0.25, 0.25], [0.25, 0.25], [0.0, 0.0]]
    assert sure(equals, [0.3, 0.3], mass=even) == {"signal": [0, 0], "size": [0, 0]}  # ties


def test_what_is_sure_is_never_more_than_what_comes() -> None:
    """Whatever plan the rival has: its labels drawn anew, then its signal, too."""
    draws, outcomes = rng(2), []
    for _ in range(60):
        v, k = int(draws.integers(2, 6)), int(draws.integers(2, 5))
        mass = draws.dirichlet(np.full(v * k, 0.5)).reshape(v, k)
        law: dict[str, Any] = {"mass": (mass / mass.sum()).tolist()}
        (x, there), y = draws.integers(v, size=2), int(draws.integers(k))
        sizes = (draws.dirichlet([1, 1, 2])[:2] * 0.8).tolist()
        errors: dict[str, Any] = {
            "errors": [float(draws.uniform(0, 0.3)), 0.0],
            "mistake": "forget",
        }
        first, rival = plant("abcdefgh"[x], str(y)), plant("abcdefgh"[there], "0")
        least = {
            known: one[0] for known, one in sure([first, rival], sizes, **law, **errors).items()
        }
        assert least["size"] <= least["signal"]
        for at, label in itertools.product(range(v), range(k)):
            other = plant("abcdefgh"[at], str(label))
            came = promised([first, other], sizes, **law, **errors)[0]
            assert came >= least["size"]
            assert at != there or came >= least["signal"]
        outcomes.append(tuple(np.round([least["size"], least["signal"]])))
    assert set(outcomes) == {(0, 0), (0, 1), (1, 1)}
