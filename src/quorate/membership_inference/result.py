"""The result of a membership study: AUCs of two attackers over α.

Shape letters: a sizes, s seeds, n people, N models.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from quorate.intervals import Floats, band, mean_over_seeds
from quorate.membership_inference.cell import MembershipOutcome
from quorate.membership_inference.lira import Scores, auc, lira, tpr_at
from quorate.plain import finite_or_none
from quorate.runs.privacy_words import privacy_sections
from quorate.runs.result import Picture, Result, Row, Section, TextRow
from quorate.runs.wording import name_place, percent, rate, settings_in_words
from quorate.table import Mask
from quorate.validate import unknown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Whose = Literal["honest", "members", "everyone"]
WHO: dict[Whose, str] = {
    "honest": "which honest people were",
    "members": "which members were",
    "everyone": "who was",
}
ATTACKERS = ("informed", "unaware")
OF_CELL = ("success", "accuracy", "train_accuracy")
BEFORE = "auc_before"
# Of one attacker: the online score's AUC over all (model, person) pairs, the least and the largest
# of one model's, the offline score's, and the share of members found at 1% false alarms.
OF_ATTACK = ("auc", "auc_lowest", "auc_highest", "auc_offline", "tpr_at_1pct")
MEASURES = (
    *(name.replace("_", "-") for name in (*OF_CELL, BEFORE)),
    *(f"{name.replace('_', '-')}-{attacker}" for name in OF_ATTACK for attacker in ATTACKERS),
)


@dataclass(frozen=True, eq=False)
class MembershipResult(Result):
    """How well membership can be inferred at each size of the collective, and what it costs.

    Args:
        cells: of every seed × size.
        alphas: sizes of the collective, fractions in [0, 1].
        seeds: of the study.
        whose: people whose membership is inferred by default.
        title: of the figure.
    """

    cells: tuple[MembershipOutcome, ...]
    alphas: tuple[float, ...]
    seeds: tuple[int, ...]
    whose: Whose = "honest"
    title: str = ""

    @property
    def question(self) -> str:
        """What the study is about."""
        return (
            "What does acting together do to what a model gives away about who was in its training "
            "data?"
        )

    def rows(self) -> list[Row]:
        """Return one plain row per cell × attacker × whose.

        ``auc_before`` is the AUC of the same people while nobody acts. Where whose are members,
        at α = 0, there is nobody to ask after and every AUC is NaN.
        """
        return [dict(row) for row in self._rows]

    @functools.cached_property
    def _rows(self) -> tuple[Row, ...]:
        at = {(cell.about["seed"], cell.about["alpha"]): cell for cell in self.cells}
        before = {seed: _of_attack(at[seed, 0.0], at[seed, 0.0]) for seed in self.seeds}
        found = []
        for seed in self.seeds:
            for alpha in self.alphas:
                cell, quiet = at[seed, alpha], at[seed, 0.0]
                facts = {
                    k: v for k, v in cell.about.items() if k not in ("provenance", "description")
                }
                for attacker, shadows in zip(ATTACKERS, (cell, quiet), strict=True):
                    attack = _of_attack(cell, shadows)
                    for whose in get_args(Whose):
                        asked = _people(cell, whose)
                        found.append(
                            {
                                **facts,
                                "attacker": attacker,
                                "whose": whose,
                                **attack.of(asked),
                                BEFORE: before[seed].of(asked)["auc"],
                            }
                        )
        return tuple(found)

    def samples(self, measure: str, alpha: float, whose: Whose | None = None) -> Floats:
        """Return the values of a measure at one size, one per seed, (s,); NaN where one failed.

        Args:
            measure: ``auc-informed``, ``auc-unaware``, ``accuracy``, ``success``, or another of
                ``MEASURES``.
            alpha: one of the sizes.
            whose: membership is asked after; the study's by default.

        Raises:
            InputError: no such measure, size, or people.
        """
        if measure not in MEASURES:
            raise unknown("measure", measure, MEASURES)
        if alpha not in self.alphas:
            raise unknown("size of the study", f"{alpha:g}", [f"{a:g}" for a in self.alphas])
        if whose is not None and whose not in get_args(Whose):
            raise unknown("value of whose", whose, get_args(Whose))
        name, _, attacker = measure.rpartition("-")
        if attacker not in ATTACKERS:
            name, attacker = measure, ATTACKERS[0]
        found = {
            row["seed"]: row[name.replace("-", "_")]
            for row in self._rows
            if (row["alpha"], row["attacker"], row["whose"])
            == (alpha, attacker, whose or self.whose)
        }
        values = [found[seed] for seed in self.seeds]
        return np.array([math.nan if v is None else v for v in values])

    def over_alphas(self, measure: str, whose: Whose | None = None) -> Floats:
        """Return the values of a measure, (a, s), as ``samples`` gives them."""
        return np.stack([self.samples(measure, alpha, whose) for alpha in self.alphas])

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON: the rows, and means with 95% intervals; no value is None."""
        summary = []
        for whose in get_args(Whose):
            for measure in MEASURES:
                ends = zip(self.alphas, *band(self.over_alphas(measure, whose)), strict=True)
                summary += [
                    {"measure": measure, "whose": whose, "alpha": alpha}
                    | {
                        "mean": finite_or_none(mean),
                        "low": finite_or_none(low),
                        "high": finite_or_none(high),
                    }
                    for alpha, mean, low, high in ends
                ]
        rows = [{key: finite_or_none(value) for key, value in row.items()} for row in self._rows]
        return {"rows": rows, "summary": summary}

    # ------------------------------------------------------------------------------- for people

    def summary(self) -> list[str]:
        """Return how well membership is inferred at the largest size, beside when nobody acts."""
        alpha = max(self.alphas)
        informed, before = (
            float(mean_over_seeds(self.samples(measure, alpha)))
            for measure in ("auc-informed", "auc-before")
        )
        return [
            f"While {percent(alpha)} act, the informed attacker tells {WHO[self.whose]} in the "
            f"training data with an AUC of {rate(informed)}; if nobody acted, {rate(before)} "
            "(0.5: a coin's toss, 1: always right)."
        ]

    def sections(self) -> list[Section]:
        """Return the means over seeds: a row for each size, attacker and whose membership."""
        groups: dict[tuple[float, Whose, str], list[Row]] = {}
        for row in self._rows:
            groups.setdefault((row["alpha"], row["whose"], row["attacker"]), []).append(row)
        rows = tuple(_text_row(*who, some) for who, some in groups.items())
        learner = self.cells[0].about["description"]["learner"]
        found = Section("How well membership is inferred", rows=rows)
        return [found, *privacy_sections([(learner, None)])]

    def settings(self) -> dict[str, str]:
        """Return what was asked for, in words."""
        asked = self.cells[0].about["description"]
        each = ("version", "seed", "alpha", "data")  # told elsewhere, or of one cell alone
        plain = {key: value for key, value in asked.items() if key not in each}
        return settings_in_words({**plain, "alphas": list(self.alphas)})

    def facts(self) -> dict[str, str]:
        """Return where the numbers come from, in words."""
        about = [cell.about for cell in self.cells]
        return {
            "Seeds": ", ".join(map(str, self.seeds)),
            "Seconds of training": f"{sum(one['seconds'] for one in about):.0f}",
            **name_place(about[0]["provenance"]),
        }

    def pictures(self) -> dict[str, Picture]:
        """Return AUC, success and accuracy over the sizes."""
        return {
            "membership": Picture(
                self._figure(),
                "The AUC of LiRA, a likelihood-ratio attack on membership: 1 finds everyone, ½ is "
                "a coin. The informed attacker's shadow models are trained while the same "
                "collective acts, the unaware one's without it. Of members the question is whether "
                "their honest row was in the training data; it never is while they act. Bands are "
                "95% intervals of the mean over seeds.",
            )
        }

    def _figure(self) -> Figure:
        """Return the figure: AUC over α of honest people and of members; success and accuracy."""
        from quorate.figures.alpha_axis import MeasureCurve
        from quorate.figures.membership import inference_figure

        def traces(whose: Whose, **labels: str) -> list[MeasureCurve]:
            alphas, bands = np.array(self.alphas), self.over_alphas
            return [
                MeasureCurve(label.replace("_", " "), alphas, band(bands(measure, whose)))
                for label, measure in labels.items()
            ]

        attackers = {"informed": "auc-informed", "unaware": "auc-unaware"}
        return inference_figure(
            self.title,
            traces("honest", **attackers),
            traces("members", **attackers, if_nobody_acted="auc-before"),
            traces("honest", success="success", accuracy="accuracy"),
        )


def _text_row(alpha: float, whose: Whose, attacker: str, rows: Sequence[Row]) -> TextRow:
    def mean(name: str) -> str:
        return rate(float(np.mean([np.nan if r[name] is None else r[name] for r in rows])))

    return {
        "α": percent(alpha),
        "whose": whose,
        "attacker": attacker,
        "AUC": mean("auc"),
        "if nobody acted": mean(BEFORE),
        "success": mean("success"),
        "honest accuracy": mean("accuracy"),
    }


@dataclass(frozen=True, eq=False)
class _Attack:
    """The scores of one attacker against one cell, (N, n), and who was in, (N, n)."""

    scores: Scores
    member: Mask

    def of(self, people: Mask) -> dict[str, float]:
        """Return what the attack finds out about some people, (n,); NaN if a training failed."""
        online, offline = self.scores.online[:, people], self.scores.offline[:, people]
        if not np.isfinite(online).all():
            return dict.fromkeys(OF_ATTACK, math.nan)
        member = self.member[:, people]
        each = [auc(scores, inside) for scores, inside in zip(online, member, strict=True)]
        known = [one for one in each if not math.isnan(one)]  # of few people all may be in
        values = (
            *(auc(online, member), min(known, default=math.nan), max(known, default=math.nan)),
            *(auc(offline, member), tpr_at(online, member)),
        )
        return dict(zip(OF_ATTACK, values, strict=True))


def _of_attack(target: MembershipOutcome, shadows: MembershipOutcome) -> _Attack:
    phi = target.phi.astype(np.float64), shadows.phi.astype(np.float64)
    return _Attack(lira(*phi, target.member), target.member)


def _people(cell: MembershipOutcome, whose: Whose) -> Mask:
    """Return who of the people is asked after, (n,)."""
    if whose == "everyone":
        return np.ones_like(cell.acts)
    return cell.acts if whose == "members" else ~cell.acts
