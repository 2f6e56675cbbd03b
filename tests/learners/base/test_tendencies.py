"""What the literature says of learners and collectives, in experiments of test size.

Settings were chosen on seeds 0 to 7; the tests run on seeds 10 to 25 and compare two learners on
the same people, members and seeds. The interval is Student's, at 95%, on the paired differences.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import quorate
from quorate.catalog import build
from quorate.studies.trial import streams, submit

POPULATION = build("populations", "digits")
LABEL_TOO = "planting:target=8,size=2"
FEATURES_ONLY = "planting-features:target=8,size=2"
SEEDS = range(10, 26)


def success(text: str, alpha: float, acting: str = LABEL_TOO) -> np.ndarray:
    """Return S(α) of each seed, (s,)."""
    strategy = build("strategies", acting)
    data, rngs, asked = [], [], []
    for seed in SEEDS:
        draw, enlist, fit, test = streams(seed)
        people = POPULATION.split(np.random.default_rng(draw))
        data.append(submit(people.train, strategy, alpha, enlist))
        rngs.append(np.random.default_rng(fit))
        asked.append((people.held_out, np.random.default_rng(test)))
    models = build("learners", text).fit_many(data, rngs)
    return np.array(
        [strategy.goal.success(model, *of) for model, of in zip(models, asked, strict=True)]
    )


def interval(differences: np.ndarray) -> tuple[float, float]:
    """Return the 95% interval of the mean."""
    s = len(differences)
    reach = stats.t.ppf(0.975, s - 1) * differences.std(ddof=1) / np.sqrt(s)
    return differences.mean() - reach, differences.mean() + reach


ERM = "sgd:model=logistic,epochs=20"
ROBUST = [
    "cvar-dro:level=0.3,model=logistic,epochs=20",
    "chi2-dro:radius=0.5,model=logistic,epochs=20",
    "group-dro:groups=label,model=logistic,epochs=20",
]


@pytest.mark.parametrize("robust", ROBUST)
def test_robust_optimisation_helps_small_collectives(robust: str) -> None:
    """At α = .02 S(DRO) > S(ERM) (Ben-Dov, Fawkes, Samadi, Sanyal 2024, arXiv:2405.06582)."""
    low, _ = interval(success(robust, 0.02) - success(ERM, 0.02))
    assert low > 0.05


def test_robust_optimisation_hurts_large_collectives() -> None:
    """At α = .3 S(DRO) < S(ERM) (as above), where groups are labels.

    Labels weigh the same to begin with: the one that the collective has swollen loses weight.
    CVaR- and χ²-DRO do not differ from ERM here, where S is above .99 for all of them.
    """
    _, high = interval(success(ROBUST[2], 0.3) - success(ERM, 0.3))
    assert high < -0.003


@pytest.mark.parametrize("robust", ROBUST[:2])
def test_robust_optimisation_hurts_large_collectives_that_keep_their_labels(robust: str) -> None:
    """At α = .5 S(DRO) < S(ERM) (as above): S is far from 1 where members change features only.

    It is no law of every setting. With the signal x2=1.5 on the Gaussian table, trained to
    convergence, CVaR-DRO at level .5 does the opposite: S falls by .013 at α = .05 and rises by
    .011 at α = .5, with standard errors of .001.
    """
    dro, erm = (success(text, 0.5, FEATURES_ONLY) for text in (robust, ERM))
    _, high = interval(dro - erm)
    assert high < -0.03


PRIVATE = "dp-sgd:epochs=20,batch_size=128,learning_rate=0.5"


def test_a_smaller_privacy_budget_needs_more_people() -> None:
    """At α = .1 S falls with ε (Solanki et al. 2025, arXiv:2505.05707)."""
    wide, narrow = (success(f"{PRIVATE},epsilon={e}", 0.1) for e in (3, 0.3))
    low, _ = interval(wide - narrow)
    assert low > 0


@pytest.mark.parametrize(("alpha", "large", "small"), [(0.05, 3, 1), (0.02, 3, 1)])
def test_a_smaller_clipping_threshold_needs_more_people(
    alpha: float, large: float, small: float
) -> None:
    """S falls with C (as above), noise left out, as long as the model still learns.

    With C = .1 these steps are too few: accuracy falls to .7 and S says nothing.
    """
    both = [
        success(f"{PRIVATE},epsilon=inf,max_grad_norm={threshold}", alpha)
        for threshold in (large, small)
    ]
    low, _ = interval(both[0] - both[1])
    assert low > 0.1


def test_critical_masses_rise_as_the_budget_and_the_threshold_fall() -> None:
    """The same two tendencies in α* itself, on a grid of five seeds; measured 11%, 18%, 7%, 11%."""
    settings = ["epsilon=3", "epsilon=0.3", "epsilon=inf,max_grad_norm=3", "epsilon=inf"]
    curves = quorate.curve(
        population=POPULATION,
        strategy=LABEL_TOO,
        alphas="0.01:0.3:8",
        seeds=5,
        learner=[f"{PRIVATE},{setting}" for setting in settings],
    )
    loose, tight, high_threshold, low_threshold = (m.estimate for m in curves.critical_masses())
    assert loose < tight < np.inf
    assert high_threshold < low_threshold < np.inf
