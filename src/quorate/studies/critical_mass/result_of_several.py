"""The result of one search for the critical masses of several learners."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from quorate.runs.result import Picture, Result, Row, Section
from quorate.studies.critical_mass.result import CriticalMassSearch, sections_of
from quorate.studies.curves import Curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class CriticalMassSearches(Result):
    """The critical masses of several learners, of one call. Iterating gives each search.

    Args:
        searches: one a learner, in the order in which they were given; at least two.
    """

    searches: tuple[CriticalMassSearch, ...]

    stem: ClassVar[str] = CriticalMassSearch.stem

    def __iter__(self) -> Iterator[CriticalMassSearch]:
        return iter(self.searches)

    def __len__(self) -> int:
        return len(self.searches)

    @property
    def title(self) -> str:
        """What the page is called."""
        return self.searches[0].title

    @property
    def question(self) -> str:
        """What every search asks."""
        return self.searches[0].question

    @property
    def target(self) -> float:
        """S*, in [0, 1]."""
        return self.searches[0].target

    @property
    def trainings(self) -> int:
        """Models trained in this run, for all learners together."""
        return sum(one.trainings for one in self)

    @functools.cached_property
    def curves(self) -> Curves:
        """Every outcome used, of all learners."""
        outcomes = tuple(outcome for one in self for outcome in one.curves.outcomes)
        return replace(self.searches[0].curves, outcomes=outcomes)

    @functools.cached_property
    def named(self) -> list[tuple[str, CriticalMassSearch]]:
        """Each search, with what its learner is called in tables."""
        return [(self.curves.shown(one.curve.learner), one) for one in self]

    # ----------------------------------------------------------------------------- for programs

    def rows(self) -> list[Row]:
        """Return one row a learner: the methods, the critical mass, and notes in words."""
        return [{**one.row(), "notes": " ".join(one.notes())} for one in self]

    def data(self) -> dict[str, list[Row]]:
        """Return the critical masses, and every cell that was trained."""
        return {"search": self.rows(), "search-cells": self.curves.rows()}

    def stored(self) -> dict[str, Any]:
        """Return the critical masses with their cells, and what people are told."""
        return {**super().stored(), "cells": self.curves.to_json()["cells"]}

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON; None where a number is infinite or was not measured."""
        return {
            "critical_mass": self.rows(),
            "trainings": self.trainings,
            "target": self.target,
        }

    # ------------------------------------------------------------------------------- for people

    def summary(self) -> list[str]:
        """Return the answer for each learner, and then what there is to know about each."""
        answers = [f"{learner}: {one.answer()}" for learner, one in self.named]
        notes = [f"{learner}: {note}" for learner, one in self.named for note in one.notes()]
        return [*answers, *notes]

    def sections(self) -> list[Section]:
        """Return the critical masses, a row a learner, what failed, and each search's picture."""
        each = tuple(f"search_{number}" for number in range(1, len(self) + 1))
        pictures = Section("Each search", pictures=each, on_page_only=True)
        return [*sections_of(self.named, self.curves), pictures]

    def why_nothing(self) -> str | None:
        """Return why there is no answer, with what the first training said; None if there is one
        for any learner."""
        reasons = [one.why_nothing() for one in self]
        return None if None in reasons else reasons[0]

    def facts(self) -> dict[str, str]:
        """Return where the numbers come from, in words."""
        return self.curves.facts()

    # ---------------------------------------------------------------------------------- pictures

    def pictures(self) -> dict[str, Picture]:
        """Return the critical masses, and each training and the fitted curve for each learner."""
        caption = (
            f"The critical mass α* of each learner for S* = {self.target:g}, with its 95% "
            "interval. An arrow means that not even everyone may be enough."
        )
        found = {"search": Picture(self._figure(), caption)}
        for number, (learner, one) in enumerate(self.named, start=1):
            (picture,) = one.pictures().values()
            found[f"search_{number}"] = replace(picture, caption=f"{learner}. {picture.caption}")
        return found

    def _figure(self) -> Figure:
        """Return the figure of estimates and intervals: over the one number in which the learners
        differ, where that is all, else a row a learner."""
        from quorate.figures import curves as figures
        from quorate.figures.finding import MassPoint, masses_over_figure

        number = self.differing_number()
        if number is not None:
            name, values = number
            order = np.argsort(values, kind="stable")
            points = [
                MassPoint(f"{values[at]:g}", self.searches[at], np.nan) for at in order.tolist()
            ]
            return masses_over_figure(name, points, self.target)
        return figures.masses_figure(self._lines())

    def draw(self, ax: Axes) -> None:
        """Draw estimates and intervals, a row a learner, into axes of the caller's."""
        from quorate.figures import curves as figures

        figures.draw_masses(ax, self._lines())

    def _lines(self) -> list[Any]:
        from quorate.figures import curves as figures

        nothing = (np.zeros(0),) * 3  # the bands of a line are not drawn here
        return [
            figures.LearnerCurve(learner, one.curve.alphas, nothing, nothing, one)
            for learner, one in self.named
        ]

    def differing_number(self) -> tuple[str, list[float]] | None:
        """Return the parameter in which alone the learners differ, and its values in their order;
        None where they differ in more, or in what is no number."""
        flat = [dict(_flat(one.curves.outcomes[0].description.get("learner", {}))) for one in self]
        keys = dict.fromkeys(key for one in flat for key in one)
        differing = [key for key in keys if len({repr(one.get(key)) for one in flat}) > 1]
        if len(differing) != 1:
            return None
        values: list[Any] = [one.get(differing[0]) for one in flat]
        numbers = [float(one) for one in values if type(one) in (int, float) and np.isfinite(one)]
        whole = len(numbers) == len(values)
        return (differing[0].rpartition(".")[2], numbers) if whole else None


def _flat(plain: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value of nested plain data, by its path."""
    for key, value in plain.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{within}{key}.")
        else:
            yield f"{within}{key}", value
