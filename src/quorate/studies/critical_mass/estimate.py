"""The critical mass α* from a measured curve: a bracket on the grid, an interval over seeds."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.intervals import CONFIDENCE, Floats, mean_over_seeds, resampled_means
from quorate.runs.shown import Shown
from quorate.runs.wording import interval, percent
from quorate.validate import in_interval

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 1e-12  # a mean of rates that all equal the target may differ from it in the last digit


@dataclass(frozen=True)
class CriticalMass(Shown):
    """α*(S*) = min{ α : S(α′) ≥ S* for every α′ ≥ α }, as far as a grid can tell.

    Args:
        target: S*, in [0, 1].
        estimate: the smallest measured α from which the mean success stays at or above the target;
            inf where it never does, NaN where nothing was measured. Nothing is interpolated.
        below: the largest measured α under ``estimate``: α* lies above it, on the mean curve.
        low, high: 95% interval, by bootstrap over seeds, of the bracket (below, estimate]: it
            covers the noise of the seeds and the spacing of the grid. By simulation it covers α*
            in 95% of the cases or more, but in about 90% where seeds differ by several spacings.
        reached: fraction of the seeds that reach the target on their own.
        seeds: how many seeds stand behind it; with one, the interval is the bracket alone.
    """

    target: float
    estimate: float
    low: float
    high: float
    below: float
    reached: float
    seeds: int

    def brief(self) -> str:
        """Return α* with its interval in a line."""
        if math.isnan(self.estimate):
            return f"nothing was measured; S* = {self.target:g}"
        ends = interval(self.low, self.high)
        seeds = f"{self.seeds} seed{'s' * (self.seeds != 1)}"
        return f"α* {percent(self.estimate)}, 95% interval {ends}; S* = {self.target:g}, {seeds}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row, as a pandas frame; inf where the target is never reached."""
        import pandas as pd

        return pd.DataFrame([asdict(self)])


def critical_mass(
    alphas: npt.ArrayLike,
    success: npt.ArrayLike,
    target: float,
    confidence: float = CONFIDENCE,
) -> CriticalMass:
    """Return the critical mass of a measured curve.

    The bootstrap resamples whole seeds, since one seed's collectives are nested. Source: derived.

    Args:
        alphas: the grid, (a,), increasing.
        success: S per size and seed, (a, s); NaN where a cell is missing or failed.
        target: S*, in [0, 1].
        confidence: of the interval; beyond 99.5% few resamples are left to tell.

    >>> success = [[0.1, 0.1, 0.1], [0.5, 0.6, 0.7], [1.0, 1.0, 1.0]]
    >>> mass = critical_mass([0, 0.01, 0.1], success, target=0.9)
    >>> mass.estimate, mass.low, mass.high
    (0.1, 0.01, 0.1)

    Raises:
        InputError: shapes disagree, there is no seed, or the target is out of range.
    """
    in_interval("target", target, 0, 1, "It is a success rate.")
    alphas = np.asarray(alphas, dtype=np.float64)  # (a,)
    success = np.asarray(success, dtype=np.float64)  # (a, s)
    if success.ndim != 2 or len(success) != len(alphas) or not success.size:
        raise InputError(
            f"Expected success of shape ({len(alphas)}, seeds), got shape {success.shape}. Give "
            "one row a size and one column a seed; NaN where a cell failed."
        )
    below, upper = brackets(
        alphas, resampled_means(success, confidence), target
    )  # (RESAMPLES,) each
    tail = (1 - confidence) / 2
    under, at = (float(e[0]) for e in brackets(alphas, mean_over_seeds(success)[:, None], target))
    if np.isnan(success).all():
        under = at = math.nan
    alone = brackets(alphas, success, target)[1]
    low = min(order_statistic(below, tail), under)
    high = max(order_statistic(upper, 1 - tail), at)
    return CriticalMass(
        target=target,
        estimate=at,
        low=math.nan if math.isnan(at) else low,
        high=math.nan if math.isnan(at) else high,
        below=under,
        reached=float(np.isfinite(alone).mean()),
        seeds=success.shape[1],
    )


def brackets(alphas: Floats, curves: Floats, target: float) -> tuple[Floats, Floats]:
    """Return the ends of (below, at] for each curve of (a, curves); at is inf if never reached."""
    edges = np.concatenate([[0.0], alphas, [math.inf]])
    place = np.arange(1, len(alphas) + 1)[:, None]  # of each size among the edges, (a, 1)
    short = np.where(curves < target - ROUNDING, place, 0).max(axis=0)  # (curves,)
    enough = (place > short) & ~np.isnan(curves)  # (a, curves)
    return edges[short], edges[np.where(enough, place, len(alphas) + 1).min(axis=0)]


def order_statistic(values: Floats, quantile: float) -> float:
    """Return a quantile that is one of the values, so that inf stays inf."""
    return float(np.sort(values)[min(len(values) - 1, math.floor(quantile * len(values)))])
