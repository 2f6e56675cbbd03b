"""Success of a minority: the platform treats both groups alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.compared_groups import choose_groups, read_names
from quorate.errors import InputError
from quorate.protocols import Classifier, Goal
from quorate.spec import param
from quorate.table import Rng, Table


@dataclass(frozen=True)
class EqualisedOdds(Goal):
    """Groups get the favourable label equally often, both where it is deserved and where not.

    S(α) = 1 − ½(|TPR₁ − TPR₀| + |FPR₁ − FPR₀|), with 1 the minority and 0 the majority, on
    held-out people by their honest labels (Hardt, Price, Srebro 2016, arXiv:1610.02413; the mean of
    both gaps as in Ben-Dov, Samadi, Sanyal, Țifrea 2025, arXiv:2508.15374).

    Raises:
        InputError: people are in no such groups, or a group has no one with, or no one without, the
            favourable label.
    """

    name: ClassVar[str] = "equalised-odds"
    minority: str | None = param(
        None, "Disadvantaged groups, joined by +; by default the usual ones of these data."
    )
    majority: str | None = param(
        None, "Groups they are compared with, joined by +; by default the usual ones, or the rest."
    )
    positive: str | None = param(None, "Favourable label; by default the usual one of these data.")

    def success(self, model: Classifier, held_out: Table, rng: Rng) -> float:
        """Return one minus the mean gap between the groups' rates: 1 if both are treated alike."""
        minority, majority = read_names(self.minority), read_names(self.majority)
        compared = choose_groups(held_out.compared, minority, majority, self.positive)
        deserve = held_out.y == held_out.label(compared.positive)  # (n,)
        chosen = model.predict(held_out.x) == held_out.label(compared.positive)  # (n,)
        gaps = []
        for label, having in (("with", deserve), ("without", ~deserve)):
            groups = [group & having for group in held_out.compare(compared)]  # two of (n,)
            for members, group in zip(groups, ("minority", "majority"), strict=True):
                if not members.any():
                    raise InputError(
                        f"Expected held-out people of the {group} {label} the label "
                        f"{compared.positive}, got none. Hold out more people, or join groups."
                    )
            gaps.append(abs(chosen[groups[0]].mean() - chosen[groups[1]].mean()))
        return float(1 - np.mean(gaps))
