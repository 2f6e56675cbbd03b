"""Outcomes of a correction made by hand: nothing is trained."""

from collections.abc import Callable
from typing import Any

import numpy as np

from quorate.test_time.perturbations.perturbation import Perturbation, to_bytes
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.outcome import LABEL_FREE, PERTURBATION, CorrectionOutcome
from quorate.test_time.study.result import CorrectionResult
from quorate.test_time.study.settings import make_correction

Plain = dict[str, Any]
Change = Callable[[CellGroup, float], Plain]
CLASSES = tuple(str(digit) for digit in range(10))


def study(**changes: Any) -> Correction:
    plain: dict[str, Any] = {
        "population": "digits:n=200",
        "subgroup": "low_light",
        "platform": "mlp",
        "proxy": "mlp",
        "members": 20,
        "queries": 10,
        "epsilon": "8/255",
    }
    return make_correction(**{**plain, **changes})


def fairness(others: float, inside: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return measures and their intervals, as cells hold them, a tenth to either side."""
    measures = {
        "accuracy": (others + inside) / 2,
        "accuracy_gap": abs(others - inside),
        "worst_group_accuracy": min(others, inside),
        "equal_opportunity_gap": 0.25,
        "disparate_impact": 0.75,
    }
    by_group = {"others": others, "low-light": inside}
    named = {**measures, **{f"accuracy[{name}]": value for name, value in by_group.items()}}
    ends = {name: [value - 0.1, value + 0.1] for name, value in named.items()}
    return {"accuracy_by_group": by_group, **measures}, ends


def estimate(value: float | None) -> dict[str, float | None]:
    if value is None:
        return {"value": None, "low": None, "high": None}
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def plain_outcome(group: CellGroup, epsilon: float, number: int, **changes: Any) -> Plain:
    """Return plain data in which the subgroup goes from 0.5 to 0.7, the others staying at 0.9."""
    before, before_ends = fairness(0.9, 0.5)
    after, after_ends = fairness(0.9, changes.pop("inside", 0.7))
    gap = changes.pop("closed", 0.5)
    free = changes.pop("free", {"filter": 0.25, "gain": 0.125})
    controls = {"force_rate": 0.4, "wrong_class": 0.3, "random_sign": 0.45}
    if free:
        controls["label_free"] = 0.6
    return {
        "id": f"{number:032x}",
        "seed": group.seed,
        "platform": group.platform,
        "platform_id": "0123456789abcdef",
        "proxy": group.proxy,
        "members": group.members,
        "queries_per_member": group.queries,
        "epsilon": epsilon,
        "norm": "linf",
        "before": before,
        "after": after,
        "gap_closed": gap,
        "intervals": {
            "before": before_ends,
            "after": after_ends,
            "gap_closed": [None, None] if gap is None else [gap - 0.1, None],
            "controls": {name: [value - 0.1, value + 0.1] for name, value in controls.items()},
        },
        "controls": controls,
        "label_free": {
            name: {"accuracy": estimate(0.6), "gap_closed": estimate(value)}
            for name, value in free.items()
        },
        "outside": {"accuracy": estimate(0.9), "had_they_joined": estimate(0.95)},
        "adaptive": {
            "jpeg": {"accuracy": 0.65, "before": 0.5, "after": 0.6, "gap_closed": estimate(0.3)}
        },
        "proxy_agreement": {**estimate(0.8), "suspects": [], "left_out": False},
        "queries": {
            "pooled": group.members * group.queries,
            "per_member": group.queries,
            "evaluation": 4000,
            "adaptive": 0,
        },
        "notes": [],
        "seconds": 1.5,
        "provenance": {
            "libraries": {"numpy": "2.0"},
            "git_revision": "0123456789ab",
            "processor": "A chip",
            "system": "Linux x86_64",
            "device": "cpu",
        },
        "description": {"photos": 10},
        **changes,
    }


def change_of(number: int, epsilon: float = 8 / 255) -> Perturbation:
    """Return a change per class, another one for each number."""
    rng = np.random.default_rng(number)
    delta = rng.integers(-8, 9, (10, 1, 8, 8)).astype(np.int16)
    return Perturbation("additive", {"delta": delta}, CLASSES, (1, 8, 8), epsilon)


def gain() -> Perturbation:
    """Return a change that is the same for everyone."""
    arrays = {"gain": np.array([1.5], np.float32), "bias": np.array([2.0], np.float32)}
    return Perturbation("gain", arrays, CLASSES, (1, 8, 8), 8 / 255)


def outcomes_of(
    correction: Correction, change: Change | None = None
) -> tuple[CorrectionOutcome, ...]:
    """Return the outcomes of a study in its order; ``change`` says what differs in one."""
    asked = [(group, epsilon) for group in correction.groups() for epsilon in correction.epsilons]
    found = []
    for number, (group, epsilon) in enumerate(asked):
        changes = change(group, epsilon) if change else {}
        plain = plain_outcome(group, epsilon, number, **changes)
        files = {PERTURBATION: to_bytes(change_of(number))}
        if plain["label_free"]:
            files[LABEL_FREE] = to_bytes(gain())
        found.append(CorrectionOutcome.from_plain(plain, files))
    return tuple(found)


def result_of(correction: Correction, change: Change | None = None) -> CorrectionResult:
    """Return the result of a study, of the outcomes of ``outcomes_of``."""
    return CorrectionResult(correction, outcomes_of(correction, change))
