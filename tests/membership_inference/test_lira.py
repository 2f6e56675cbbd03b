"""LiRA: worked by hand, against a naive implementation, on pure noise and on a known leak."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import ndtr
from scipy.stats import norm

from quorate.errors import InputError
from quorate.membership_inference.lira import auc, confidence, halves, lira, tpr_at

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def noise(seed: int, models: int = 16, n: int = 60) -> tuple[Floats, Mask]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(models, n)), halves(n, models, rng)


def test_a_case_by_hand() -> None:
    """One person and five models; the target is the last. In: 2 and 4, out: −1 and 1."""
    phi = np.array([[2.0], [4.0], [-1.0], [1.0], [2.5]])
    member = np.array([[True], [True], [False], [False], [True]])
    scores = lira(phi, phi, member)
    # μ_in = 3, μ_out = 0; both variances are (1 + 1)/(2 − 1) = 2.
    # online = (2.5 − 0)²/4 − (2.5 − 3)²/4 = 6.25/4 − .25/4 = 1.5
    assert scores.online[4, 0] == pytest.approx(1.5, abs=1e-12)  # rounding
    assert scores.offline[4, 0] == pytest.approx(2.5 / math.sqrt(2), abs=1e-12)


def test_the_attackers_own_models_may_be_others() -> None:
    """The same shadows, but a target trained otherwise, whose φ is 0: now it looks out."""
    shadow = np.array([[2.0], [4.0], [-1.0], [1.0], [2.5]])
    member = np.array([[True], [True], [False], [False], [True]])
    target = np.zeros((5, 1))
    assert lira(target, shadow, member).online[4, 0] == pytest.approx(-9 / 4, abs=1e-12)


def naive(phi: Floats, member: Mask) -> tuple[Floats, Floats]:
    """Return both scores by loops over targets and people, from log densities."""
    models, n = phi.shape
    online, offline = np.zeros((models, n)), np.zeros((models, n))
    for t in range(models):
        sides = {}
        for side in (True, False):
            lists = [
                [phi[j, i] for j in range(models) if j != t and member[j, i] == side]
                for i in range(n)
            ]
            squares = sum(sum((v - np.mean(each)) ** 2 for v in each) for each in lists if each)
            variance = squares / sum(len(each) - 1 for each in lists if each)
            sides[side] = lists, variance
        for i in range(n):
            density = {}
            for side, (lists, variance) in sides.items():
                if lists[i]:
                    away = phi[t, i] - np.mean(lists[i])
                    density[side] = norm.logpdf(away, scale=math.sqrt(variance))
            if len(density) == 2:
                online[t, i] = density[True] - density[False]
                lists, variance = sides[False]
                offline[t, i] = (phi[t, i] - np.mean(lists[i])) / math.sqrt(variance)
    return online, offline


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_naive_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    models, n = int(rng.integers(5, 9)), int(rng.integers(4, 15))
    phi, member = rng.normal(size=(models, n)), halves(n, models, rng)
    scores = lira(phi, phi, member)
    online, offline = naive(phi, member)
    assert scores.online == pytest.approx(online, abs=1e-9)  # rounding
    assert scores.offline == pytest.approx(offline, abs=1e-9)


def test_someone_in_all_shadows_or_in_none_scores_nothing() -> None:
    phi = np.arange(12.0).reshape(4, 3) ** 2
    member = np.array([[1, 0, 1], [1, 0, 0], [1, 0, 1], [0, 1, 0]], dtype=bool)
    scores = lira(phi, phi, member)
    assert scores.online[3, :2].tolist() == scores.offline[3, :2].tolist() == [0, 0]
    assert scores.online[3, 2] != 0


def test_pure_noise_is_a_coin() -> None:
    """Seeds are independent and each is .5 in expectation: their mean is .5, give or take."""
    found = []
    for seed in range(200):
        phi, member = noise(seed)
        scores = lira(phi, phi, member)
        found.append((auc(scores.online, member), auc(scores.offline, member)))
    mean, spread = np.mean(found, axis=0), np.std(found, axis=0) / math.sqrt(200)
    assert (np.abs(mean - 0.5) < 4 * spread).all()  # four standard errors
    assert (spread < 0.002).all()  # so that this could fail


def test_a_known_leak_has_a_known_auc() -> None:
    """φ is N(d, 1) in and N(0, 1) out. With many models the attack is the best test: Φ(d/√2).

    People differ in where their φ lie, which the raw φ would suffer from and the attack does not.
    """
    rng, models, n = np.random.default_rng(0), 200, 400
    member = halves(n, models, rng)
    easy = rng.normal(scale=5, size=n)
    phi = easy + 1.5 * member + rng.normal(size=(models, n))
    known = float(ndtr(1.5 / math.sqrt(2)))  # .8556
    scores = lira(phi, phi, member)
    # 80,000 pairs: standard error below .002; means of 100 shadows cost up to .002 more
    assert auc(scores.online, member) == pytest.approx(known, abs=0.01)
    assert auc(scores.offline, member) == pytest.approx(known, abs=0.01)
    assert auc(phi, member) < 0.62


def test_auc_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        n = int(rng.integers(2, 30))
        scores, positive = rng.integers(0, 6, size=n).astype(float), rng.random(n) < 0.5
        pairs = [(a > b) + (a == b) / 2 for a in scores[positive] for b in scores[~positive]]
        if pairs:
            assert auc(scores, positive) == pytest.approx(np.mean(pairs), abs=1e-12)  # rounding
        else:
            assert math.isnan(auc(scores, positive))


def test_the_share_found_at_few_false_alarms() -> None:
    outside = np.arange(200.0)  # 1% of 200 are two: those at 198 and 199 are given up
    inside = np.array([196.5, 197.0, 197.5, 300.0])  # the threshold is 197, and above it is found
    scores, positive = np.concatenate([outside, inside]), np.arange(204) >= 200
    assert tpr_at(scores, positive) == 0.5
    assert tpr_at(scores, positive, 0) == 0.25
    assert tpr_at(scores, positive, 1) == 1
    assert math.isnan(tpr_at(inside, np.ones(4, dtype=bool)))


def test_confidence_keeps_what_rounding_would_lose() -> None:
    sure = np.array([[1.0, 1e-20], [0.0, 1.0]])
    found = confidence(sure, np.array([0, 0]))
    assert found[0] == pytest.approx(20 * math.log(10), abs=1e-9)  # rounding
    assert found[1] == pytest.approx(-30 * math.log(10), abs=1e-9)  # the least there is


def test_halves_are_halves_and_the_first_stay() -> None:
    many, few = (halves(7, models, np.random.default_rng(3)) for models in (9, 4))
    assert many.sum(axis=1).tolist() == [3] * 9
    assert (many[:4] == few).all()


@pytest.mark.parametrize("shapes", [((3, 5), (3, 5), (3, 5)), ((4, 5), (4, 5), (4, 6))])
def test_too_few_models_or_other_shapes(shapes: tuple[tuple[int, int], ...]) -> None:
    target, shadow, member = (np.zeros(shape) for shape in shapes)
    with pytest.raises(InputError, match=r"N at least 4, got .* Train more models"):
        lira(target, shadow, member.astype(bool))
