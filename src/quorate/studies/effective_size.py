"""How large the collective counts as: α_eff per epoch, as reweighting learners record it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.intervals import Floats, mean_over_seeds
from quorate.studies.trial import Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class EffectiveSizes:
    """α_eff of one curve, over sizes, epochs and seeds.

    Args:
        heading: population, strategy and goal, as text.
        learner: what the learner is called.
        alphas: sizes, (a,), increasing.
        seeds: the seeds, (s,).
        values: α_eff, (a, T, s); NaN where a cell is missing, failed, or ran fewer epochs.
    """

    heading: str
    learner: str
    alphas: Floats
    seeds: tuple[int, ...]
    values: Floats

    @classmethod
    def of(cls, heading: str, learner: str, cells: Sequence[Outcome]) -> EffectiveSizes | None:
        """Return those of one curve's cells, or None where the learner records none."""
        recorded = {(c.alpha, c.seed): c.record.get("alpha_effective") or [] for c in cells}
        epochs = max(map(len, recorded.values()), default=0)
        if not epochs:
            return None
        alphas, seeds = (sorted(set(of)) for of in zip(*recorded, strict=True))
        values = np.full((len(alphas), epochs, len(seeds)), np.nan)  # (a, T, s)
        for (alpha, seed), sizes in recorded.items():
            known = [np.nan if size is None else size for size in sizes]
            values[alphas.index(alpha), : len(sizes), seeds.index(seed)] = known
        return cls(heading, learner, np.array(alphas), tuple(seeds), values)

    def mean(self) -> Floats:
        """Return the mean over seeds, (a, T)."""
        return mean_over_seeds(self.values)

    def to_rows(self) -> list[dict[str, Any]]:
        """Return one plain row per size, seed and epoch, counted from 1."""
        return [
            {
                "heading": self.heading,
                "learner": self.learner,
                "alpha": float(self.alphas[a]),
                "seed": self.seeds[s],
                "epoch": int(t) + 1,
                "alpha_effective": float(self.values[a, t, s]),
            }
            for a, s, t in np.argwhere(~np.isnan(self.values.transpose(0, 2, 1)))
        ]


def plot_effective(sizes: Sequence[EffectiveSizes]) -> Figure:
    """Return the figure: α_eff/α over the epochs, a panel a learner and a line a size."""
    from quorate.figures.effective_size import effective_figure

    return effective_figure(
        [(f"{one.learner}\n{one.heading}", one.alphas, one.mean()) for one in sizes]
    )
