"""How differently a platform treats the two groups, and how many of its decisions are right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from quorate.table import Labels, Mask

# What is said of a platform, and how it is called in tables and figures.
MEASURES: Mapping[str, str] = {
    "equalised_odds": "equalised odds",
    "equal_opportunity": "equal opportunity",
    "demographic_parity": "demographic parity",
    "worst_group_accuracy": "worst-group accuracy",
    "accuracy": "accuracy",
}
ACCURACIES = ("accuracy", "accuracy_majority", "accuracy_minority")


def measure_groups(y: Labels, predicted: Labels, minority: Mask) -> dict[str, float]:
    """Return the measures of a platform's decisions, by honest labels.

    equalised odds = (|TPR₁ − TPR₀| + |FPR₁ − FPR₀|)/2, with 1 the minority and 0 the majority;
    equal opportunity = |TPR₁ − TPR₀|; demographic parity = |P(ŷ = 1 | 1) − P(ŷ = 1 | 0)|: 0 where
    both are treated alike. As in Ben-Dov, Samadi, Sanyal, Țifrea 2025 (arXiv:2508.15374).

    Args:
        y, predicted: the true and the predicted labels, 1 the favourable one, (n,).
        minority: who is of the minority, (n,).

    >>> y, predicted = np.array([1, 1, 0, 0, 1, 1, 0, 0]), np.array([1, 1, 1, 0, 1, 0, 0, 0])
    >>> found = measure_groups(y, predicted, np.arange(8) >= 4)
    >>> found["equalised_odds"], found["demographic_parity"], found["worst_group_accuracy"]
    (0.5, 0.5, 0.75)
    """
    found: dict[str, float] = {}
    for group, who in (("majority", ~minority), ("minority", minority)):
        found[f"tpr_{group}"] = float(predicted[who & (y == 1)].mean())
        found[f"fpr_{group}"] = float(predicted[who & (y == 0)].mean())
        found[f"selected_{group}"] = float(predicted[who].mean())
        found[f"accuracy_{group}"] = float((predicted == y)[who].mean())
    gap = {rate: abs(found[f"{rate}_minority"] - found[f"{rate}_majority"]) for rate in RATES}
    return {
        "equalised_odds": (gap["tpr"] + gap["fpr"]) / 2,
        "equal_opportunity": gap["tpr"],
        "demographic_parity": gap["selected"],
        "worst_group_accuracy": min(found["accuracy_majority"], found["accuracy_minority"]),
        "accuracy": float((predicted == y).mean()),
        **found,
    }


RATES = ("tpr", "fpr", "selected")


def standard_error(y: Labels, predicted: Labels, minority: Mask) -> float:
    """Return the standard error of equalised odds from the people held out.

    ½·√(Σ p(1 − p)/n over the four rates), as for gaps that are far from 0; nearer to it the error
    is smaller. With p = (x + ½)/(n + 1), Jeffreys' mean: a rate of 0 or 1 of few people is not
    certain. Derived.

    >>> y, predicted = np.array([1, 1, 0, 0, 1, 1, 0, 0]), np.array([1, 1, 1, 0, 1, 0, 0, 0])
    >>> round(standard_error(y, predicted, np.arange(8) >= 4), 4)
    0.3118
    """
    variance = 0.0
    for who in (minority, ~minority):
        for label in (0, 1):
            of_label = who & (y == label)
            n = int(of_label.sum())
            rate = (float(predicted[of_label].sum()) + 0.5) / (n + 1)
            variance += rate * (1 - rate) / n
    return float(np.sqrt(variance) / 2)
