"""How a change is crafted, as a campaign's plan says: read and checked before anyone is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from quorate import spec
from quorate.bring_your_own.import_paths import refusing
from quorate.collective.plans import TestPlan
from quorate.errors import InputError
from quorate.learners.base.network_classifier import Architecture
from quorate.printable import one_line
from quorate.test_time.extraction.surrogate import Extraction
from quorate.test_time.perturbations.budget import Norm, check_budget
from quorate.test_time.perturbations.crafting import Crafting
from quorate.test_time.perturbations.perturbation import Crafted
from quorate.test_time.study.settings import read_epsilon, settings_from
from quorate.test_time.study.sources import SURROGATE_LOOKS, SizedLearner, read_learner

FAMILIES: tuple[Crafted, ...] = ("additive", "gain", "filter", "combined")  # label-free ones


@dataclass(frozen=True)
class CraftingSettings:
    """How surrogates are extracted and changes crafted.

    Args:
        classes: the k labels that the platform gives.
        subgroup: whom the platform serves badly.
        learners: learners of the surrogates.
        extraction, crafting: settings, as ``quorate correct`` takes them.
        epsilon, norm: the budget of a picture's change, on the pixel scale.
    """

    classes: tuple[str, ...]
    subgroup: str
    learners: tuple[SizedLearner, ...]
    extraction: Extraction
    crafting: Crafting
    epsilon: float
    norm: Norm

    def describe(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {
            "classes": list(self.classes),
            "subgroup": self.subgroup,
            "learners": [
                {"looks": one.looks, **spec.describe(one.learner)} for one in self.learners
            ],
            "extraction": spec.describe(self.extraction),
            "crafting": spec.describe(self.crafting),
            "epsilon": self.epsilon,
            "norm": self.norm,
        }


def read_settings(plan: TestPlan) -> CraftingSettings:
    """Return how a plan's change is crafted.

    Surrogates are networks of the library, named by their architecture: an import path would run
    an organiser's code on the server.

    Raises:
        InputError: the plan names something that is not there, or a value is out of range.
    """
    epsilon = read_epsilon(plan.epsilon)
    check_budget(epsilon, plan.norm)
    with refusing("a campaign's plan"):
        learners = tuple(_read_network(one) for one in plan.proxy.split("+"))
        extraction, crafting = _read(Extraction, plan.extraction), _read(Crafting, plan.crafting)
    return CraftingSettings(
        plan.classes,
        plan.subgroup.strip() or "the subgroup",
        learners,
        extraction,
        crafting,
        epsilon,
        plan.norm,
    )


def _read_network(text: str) -> SizedLearner:
    name = text.strip().partition(":")[0]
    if name not in get_args(Architecture):
        raise InputError(
            f"Expected a surrogate among {', '.join(get_args(Architecture))}, got "
            f"{one_line(name)}. Crafting follows the gradients of a network; use mlp or cnn."
        )
    return read_learner(text.strip(), SURROGATE_LOOKS)


def _read(kind: type[Extraction | Crafting], text: str) -> Any:
    return settings_from(kind, text) if text.strip() else kind()
