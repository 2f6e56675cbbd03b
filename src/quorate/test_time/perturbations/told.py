"""A perturbation file as a result: whom it is for, what was measured, and what undoes it.

The words in a file are those of whoever made it: they are shown as text and obeyed by nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.plain import finite
from quorate.printable import one_line
from quorate.runs.result import Result, Row, Section, TextRow
from quorate.runs.wording import rate
from quorate.test_time.perturbations.apply import LIMITS, in_pixels
from quorate.test_time.perturbations.budget import is_none, levels_of
from quorate.test_time.perturbations.perturbation import Perturbation, load

LONGEST = 120  # characters of a word from a file
MOST_LABELS = 20  # that are named
ADAPTED = {
    "jpeg": "compresses uploads as JPEG",
    "blur": "blurs uploads",
    "resize": "makes uploads smaller and back",
    "adversarial": "trains adversarially",
    "private": "trains with differential privacy",
    "retrained": "trains again on what members sent",
    "replaced": "is replaced by a model of another architecture",
}
FAMILIES = {
    "additive": "a picture that is added",
    "gain": "a gain of each channel",
    "filter": "a small filter",
    "combined": "a small filter and a picture that is added",
    "edit": "photo edits",
    "network": "a small network that looks at the picture alone",
}
BY_HAND = (
    "Its steps are what photo editors do, so that members could do about the same by hand. Editors "
    "differ: quorate apply does exactly what was measured."
)
RADII = (
    "Pixels are those of the small pictures that it was found for: on a photo ten times as wide, a "
    "radius is ten times as large."
)
# What may always undo it, measured or not.
UNDOES = (
    "Another platform, or a later model of this one, may read it otherwise.",
    "JPEG weakens it, and so does whatever makes pictures smaller, sharper or softer: send the "
    "changed file, a PNG or WebP, as it is.",
)


@dataclass(frozen=True, eq=False)
class ToldPerturbation(Result):
    """What a perturbation file says of itself.

    Args:
        path: the file.
        perturbation: what it holds.
    """

    path: Path
    perturbation: Perturbation

    @property
    def title(self) -> str:
        """What the file is."""
        free = self.perturbation.label_free
        return f"A change {'that is the same for everyone' if free else 'of each label'}"

    @property
    def question(self) -> str:
        """What it is for."""
        return "What is this file for, what does it do, and what undoes it?"

    @property
    def about(self) -> Mapping[str, Any]:
        """What the file says of where it comes from."""
        return self.perturbation.about

    def summary(self) -> list[str]:
        """Return whom it is for, the budget, and what was measured."""
        return [
            self._platform(),
            self._labels(),
            self._budget(),
            *self._distance(),
            *self._gain(),
        ]

    def _platform(self) -> str:
        c, h, w = self.perturbation.shape
        kind = {1: "grey pictures", 3: "RGB pictures"}.get(c, f"pictures of {c} channels")
        name, id_ = _word(self.about.get("platform_name")), _word(self.about.get("platform"))
        if not (name or id_):
            platform = "a platform that the file does not name"
        else:
            platform = f"the platform {name or id_}{f' (id {id_})' if name and id_ else ''}"
        people = ""
        if who := _word(self.about.get("subgroup")):
            of = _word(self.about.get("population"))
            people = f", {who} people{f' of {of}' if of else ''}"
        return f"Made for {platform}{people}: {kind}, {w} wide and {h} high."

    def _labels(self) -> str:
        classes = self.perturbation.classes
        named = ", ".join(_word(name) or "(no name)" for name in classes[:MOST_LABELS])
        more = f", ... ({len(classes)} in all)" if len(classes) > MOST_LABELS else ""
        if self.perturbation.label_free:
            return (
                f"Labels of the platform: {named}{more}. Everyone adds the same, without a label."
            )
        missing = [
            name
            for name, one in zip(classes, self.perturbation.arrays["delta"], strict=True)
            if not one.any()
        ]
        without = ""
        if missing:
            without = f" There is none for {', '.join(_word(one) or '?' for one in missing[:20])}."
        return f"Labels: {named}{more}. A member names the true one.{without}"

    def _budget(self) -> str:
        perturbation = self.perturbation
        what = FAMILIES[perturbation.family]
        if is_none(perturbation.epsilon, perturbation.norm):
            return f"Budget: no budget; people may see the change. It is made by {what}."
        if perturbation.norm == "linf":
            levels = levels_of(perturbation.epsilon)
            return f"Budget: at most {levels} of 255 levels a value (L∞), by {what}."
        length = 255 * perturbation.epsilon
        return f"Budget: a length of {length:.4g} levels of 255 (L2), by {what}."

    def _distance(self) -> list[str]:
        """Return how far it changes pictures, in what people understand."""
        found = (self.about.get(name) for name in ("similarity", "distance"))
        alike, largest = (
            _number(one.get("value") if isinstance(one, Mapping) else one) for one in found
        )
        told = []
        if -1 <= alike <= 1:
            told.append(
                f"a structural similarity (SSIM) of {alike:.2f} with the picture before, where 1 "
                "is the same"
            )
        if 0 <= largest <= 1:
            told.append(f"a largest change of a value of {255 * largest:.0f} of 255 levels (L∞)")
        if not told:
            return []
        return [f"How far it changes pictures, on average: {', and '.join(told)}."]

    def _gain(self) -> list[str]:
        found = self._measured()
        before, after, closed = (found.get(name) for name in ("before", "after", "gap_closed"))
        if before is None or after is None:
            return [
                "Measured gain: the file does not say. The folder of the correction does: quorate "
                "show FOLDER, which also writes the file anew."
            ]
        told = [
            f"Measured gain: the platform read {rate(before[0])} of them rightly before, and "
            f"{rate(after[0])}{_ends(after)} with the change, on people whom neither it nor the "
            "collective had seen."
        ]
        if closed is not None:
            told.append(f"Share of the accuracy gap closed: {closed[0]:.3f}{_ends(closed)}.")
        if (forced := found.get("force_rate")) is not None:
            told.append(
                f"Label leakage: it turned {rate(forced[0])} of other labels' pictures into its "
                "own label; so much of the gain may be the label that a member names."
            )
        return told

    def _measured(self) -> dict[str, tuple[float, float, float]]:
        measured = self.about.get("measured")
        plain = measured if isinstance(measured, Mapping) else {}
        found = {str(name): _numbers(one) for name, one in plain.items()}
        return {name: one for name, one in found.items() if one is not None}

    def sections(self) -> list[Section]:
        """Return how to do it by hand, where anybody could, and what undoes it."""
        rows = self._adapted()
        told = () if rows else ("The file does not say what platforms that adapt did to it.",)
        sections = [Section("What undoes it", told, rows, UNDOES)]
        if steps := self._steps():
            sections.insert(
                0, Section("By hand", (by_hand(one for _, one in self._edits()),), steps)
            )
        sections.append(Section("What it does not protect against", LIMITS))
        return sections

    def _steps(self) -> tuple[TextRow, ...]:
        return tuple({"step": edit, "in a phone's editor": how} for edit, how in self._edits())

    def _edits(self) -> list[tuple[str, str]]:
        return self.perturbation.kind.steps(self.perturbation.arrays)

    def _adapted(self) -> tuple[TextRow, ...]:
        adaptive = self.about.get("adaptive")
        rows = []
        for name, one in adaptive.items() if isinstance(adaptive, Mapping) else ():
            plain = one if isinstance(one, Mapping) else {}
            before, after = _numbers(plain.get("before")), _numbers(plain.get("after"))
            if before is not None and after is not None:
                rows.append(
                    {
                        "a platform that": ADAPTED.get(str(name), _word(str(name)) or "?"),
                        "before": rate(before[0]),
                        "with the change": rate(after[0]),
                    }
                )
        return tuple(rows)

    def facts(self) -> dict[str, str]:
        """Return where it comes from."""
        names = {
            "surrogate": "Surrogate",
            "members": "Members",
            "queries": "Queries",
            "seed": "Seed",
            "cell": "Cell",
            "quorate": "quorate",
        }
        said = {title: _word(self.about.get(name)) for name, title in names.items()}
        return {title: word for title, word in said.items() if word}

    def rows(self) -> list[Row]:
        """Return one row for the file."""
        return [{"file": str(self.path), **self._plain()}]

    def to_json(self) -> dict[str, Any]:
        """Return everything but the arrays."""
        about: Any = finite(dict(self.about))
        return {
            "file": str(self.path),
            **self._plain(),
            "classes": list(self.perturbation.classes),
            "about": about,
            "sentences": self.summary(),
            "steps": list(self._steps()),
            "undoes": list(UNDOES),
            "limits": list(LIMITS),
        }

    def _plain(self) -> dict[str, Any]:
        perturbation = self.perturbation
        linf = perturbation.norm == "linf"
        return {
            "family": perturbation.family,
            "label_free": perturbation.label_free,
            "shape": list(perturbation.shape),
            "epsilon": perturbation.epsilon,
            "norm": perturbation.norm,
            "levels": levels_of(perturbation.epsilon) if linf else None,
        }


def by_hand(steps: Iterable[str]) -> str:
    """Return what to know before doing the steps by hand.

    Args:
        steps: what a phone's editor calls each, and how far to move it.
    """
    return f"{BY_HAND} {RADII}" if in_pixels(steps) else BY_HAND


def tell_perturbation(path: str | Path) -> ToldPerturbation:
    """Return what a perturbation file says of itself.

    Raises:
        InputError: it is none.
    """
    return ToldPerturbation(Path(path), load(path))


def _word(value: object) -> str:
    """Return a word or a number of a file as text of one line that a terminal does not obey."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return one_line(str(value), LONGEST)


def _numbers(plain: object) -> tuple[float, float, float] | None:
    """Return a value and the ends of its interval; None where there is no number."""
    if not isinstance(plain, Mapping):
        return None
    value, low, high = (_number(plain.get(name)) for name in ("value", "low", "high"))
    if math.isnan(value):
        return None
    return value, low, high


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _ends(one: tuple[float, float, float]) -> str:
    """Return an interval in words, or nothing where it has no ends."""
    _, low, high = one
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f" (95% interval {low:.3f} to {high:.3f})"
