"""The result of a correction: numbers, words, pictures and the change itself."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quorate import spec
from quorate.protocols import Learner
from quorate.runs.privacy_words import privacy_sections
from quorate.runs.result import Picture, Result, Row, Section
from quorate.runs.wording import name_reading
from quorate.test_time.perturbations.perturbation import to_bytes
from quorate.test_time.study import effects, wording
from quorate.test_time.study.adaptive import HARDENED, harden
from quorate.test_time.study.captions import captions
from quorate.test_time.study.change_facts import facts_of
from quorate.test_time.study.charts import (
    equal_queries_figure,
    equal_queries_rows,
    gap_figure,
    gap_rows,
    groups_figure,
    groups_rows,
    transfer_figure,
    transfer_rows,
)
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.examples import ExamplePictures, choose_examples
from quorate.test_time.study.means import MeanOutcome, headline_of, mean_outcomes
from quorate.test_time.study.outcome import EXAMPLES, LABEL_FREE, PERTURBATION, CorrectionOutcome
from quorate.test_time.study.people import people_of
from quorate.test_time.study.searched import edit_sections
from quorate.test_time.study.sheets import Sheet, changes_sheet, people_sheet
from quorate.test_time.study.sources import SizedLearner
from quorate.test_time.study.summary import notes, summarize
from quorate.version import __version__

AIMS = {"most": "most: all of ε is used", "parity": "parity: the least ε that closes the gap"}


@dataclass(frozen=True, eq=False)
class CorrectionResult(Result):
    """What a correction found.

    Args:
        correction: the study.
        outcomes: outcome of every cell, in the study's order.
    """

    correction: Correction
    outcomes: tuple[CorrectionOutcome, ...]

    @functools.cached_property
    def means(self) -> list[MeanOutcome]:
        """The means over seeds, of each collective, platform, surrogate and budget."""
        return mean_outcomes(self.outcomes, self.correction)

    @functools.cached_property
    def headline(self) -> MeanOutcome:
        """The mean that is shown: the first platform and surrogate, with as much as was tried."""
        return headline_of(self.means, self.correction)

    @property
    def subgroup(self) -> str:
        """The name of the group served badly."""
        return self.correction.subgroup.label

    def rows(self) -> list[Row]:
        """Return one flat row a cell."""
        return [one.row() for one in {one.id: one for one in self.outcomes}.values()]

    def to_json(self) -> dict[str, Any]:
        """Return the means of the headline, and of every collective."""
        return summarize(self.means, self.headline, self.correction)

    def data(self) -> dict[str, list[Row]]:
        """Return the cells, their means over seeds, and what each picture is drawn from."""
        found = {
            "cells": self.rows(),
            "curves": [one.row() for one in self.means],
            "gap": gap_rows(self.means, self.headline),
            "groups": groups_rows(self.headline, self.subgroup),
        }
        if self._compares_ways:
            found["equal"] = equal_queries_rows(self.means, self.headline)
        if self._transfers:
            found["transfer"] = transfer_rows(self.means, self.headline)
        if (PERTURBATION if self.headline.has_per_class else LABEL_FREE) in self._shown.files:
            found |= {name: sheet.rows for name, sheet in self._sheets.items()}
        return found

    def files(self) -> dict[str, bytes]:
        """Return the perturbations that are shown, as members use them: each says what it is for.

        Raises:
            InputError: one is damaged.
        """
        shown, found = self._shown, {}
        changes = {PERTURBATION: shown.perturbation, LABEL_FREE: shown.label_free_perturbation}
        for name, read in changes.items():
            change = read() if name in shown.files else None
            if change is not None:
                facts = facts_of(shown, self.correction, name == LABEL_FREE)
                found[name] = to_bytes(change.with_about(**facts))
        return found

    # ------------------------------------------------------------------------------- for people

    @property
    def title(self) -> str:
        """Who is corrected for whom."""
        return (
            f"Correcting {self.headline.platform} for {self.subgroup} people of "
            f"{self.correction.population.name}"
        )

    @property
    def question(self) -> str:
        """What the study is about."""
        return (
            "What can a group do at test time, by asking a deployed model and changing its own "
            "pictures before they are sent in?"
        )

    @property
    def closing(self) -> str:
        """Where the questions went."""
        if self.correction.asks_an_address:
            return "The questions went to the platform, and nowhere else."
        return super().closing

    def summary(self) -> list[str]:
        """Return how much of the gap each change closes and what it carries, label-free first."""
        return [
            *effects.found(self.headline, self.subgroup),
            f"Shown: {wording.heading(self.headline, self.correction)}.",
            "Every number is the platform's own answer about people whom neither it nor the "
            "collective had seen.",
        ]

    def sections(self) -> list[Section]:
        """Return the cautions, what each change did, the controls, and what pictures belong to."""
        mean, norm = self.headline, self.correction.norm
        asked = (wording.queries(mean), wording.agreement(mean))
        gaps = ("gap", "equal") if self._compares_ways else ("gap",)
        sections = [
            Section("Before you use it", wording.CAUTIONS, on_page_only=True),
            *self._change_sections(),
            *self._parity_sections(),
            Section("How much of it is real", effects.how_real(mean, self.subgroup)),
            self._adaptive_section(),
            Section("How many members, how many queries", asked, pictures=gaps),
        ]
        if self._transfers:
            transfer = Section(
                "From surrogate to platform", pictures=("transfer",), on_page_only=True
            )
            sections.append(transfer)
        noise = wording.noise(mean.epsilon, norm)
        looks = ("pictures", "perturbations") if mean.has_per_class else ("pictures",)
        sections.append(Section("What it looks like", (noise,), pictures=looks, on_page_only=True))
        seeds = wording.counted(len(self.correction.seeds), "seed")
        after = f"Means over {seeds}. Every cell with every number: cells.csv."
        rows, one = wording.collective_rows(self.means, norm), len(self.means) == 1
        sections.append(Section("Every collective", (), rows, (after,), on_page_only=one))
        told = tuple(notes(self.means, mean))
        sections += privacy_sections(
            (learner, None) for learner in learners_trained(self.correction)
        )
        return [*sections, *([Section("To know about these numbers", told)] if told else [])]

    def _change_sections(self) -> list[Section]:
        """Return what each change did: the same one for everyone first, that of a class after."""
        mean, who = self.headline, self.subgroup
        noise, sections = wording.noise(mean.epsilon, self.correction.norm), []
        pictures: tuple[str, ...] = ("groups",)
        if mean.measures.label_free:
            sections.append(
                Section(
                    "The same change for everyone",
                    (effects.CARRIES_NOTHING, noise),
                    effects.free_rows(mean, who),
                    effects.families_in_words(mean),
                    pictures,
                )
            )
            sections += edit_sections(mean)
            noise, pictures = "", ()
        if mean.has_per_class:
            carries = (effects.carries_label(mean), *((noise,) if noise else ()))
            rows = wording.measure_rows(mean)
            sections.append(Section("A change for each class", carries, rows, pictures=pictures))
        return sections

    def _parity_sections(self) -> list[Section]:
        """Return which budgets were chosen, where parity was the aim."""
        if self.correction.aim != "parity":
            return []
        said = (
            "Each collective uses the least ε that closes the gap, rather than all of it: the "
            "least with which the platform reads the members' photos kept apart as well as the "
            "others'. No change was crafted on these photos. The queries to choose are metered "
            "apart. All of ε is tried first, then half of it and so on until the gap is closed, "
            "then what is less; that takes for granted that less closes less. The choice is as "
            "sure as the interval on these photos is narrow.",
        )
        rows = wording.parity_rows(self.means, self.correction.norm)
        return [Section("The least ε that closes the gap", said, rows)]

    def _adaptive_section(self) -> Section:
        mean = self.headline
        rows = effects.both_adaptive_rows(mean, self.subgroup)
        if not rows:
            return Section(
                "Platforms that adapt",
                ("None was measured, so nothing says that this would last.",),
            )
        without = mean.measures.label_free and not effects.adapted_by(mean, effects.FREE)
        alone = (
            " The label-free change was not tried on them: these rows are of the change per class."
            if without
            else ""
        )
        return Section(
            "Platforms that adapt",
            rows=rows,
            after=(
                "What the subgroup gets where the platform cleans uploads or trains otherwise; the "
                f"perturbation is the same. Each gap closed is of that platform's own gap.{alone}",
            ),
        )

    def facts(self) -> dict[str, str]:
        """Return where the numbers come from, in words."""
        correction, outcomes = self.correction, self.outcomes

        def each(of: Callable[[CorrectionOutcome], Any]) -> str:
            return ", ".join(dict.fromkeys(str(of(one)) for one in outcomes))

        def libraries(one: CorrectionOutcome) -> str:
            found = one.provenance["libraries"].items()
            return ", ".join(f"{name} {version}" for name, version in found)

        return {
            "Population": spec.text(correction.population),
            "Subgroup": f"{correction.subgroup.label}: {spec.text(correction.subgroup)}",
            "Platforms": ", ".join(correction.platforms),
            "What they answer": correction.answers,
            "Found by": ", ".join(map(wording.way, correction.proxies)),
            "Photos of a member": each(lambda one: one.description["photos"]),
            "Extraction": _set(correction.extraction),
            "Crafting": _set(correction.crafting),
            **({"Search": _set(correction.search)} if self._searches else {}),
            "Aim": AIMS[correction.aim],
            "Seeds": ", ".join(map(str, correction.seeds)),
            "Cells": f"{len(outcomes)}",
            "Seconds of crafting and measuring": f"{sum(one.seconds for one in outcomes):.0f}",
            "quorate": each(
                lambda one: f"{__version__} ({one.provenance['git_revision'] or 'installed'})"
            ),
            "Libraries": each(libraries),
            "Machine": each(
                lambda one: f"{one.provenance['processor']}, {one.provenance['system']}"
            ),
            "Trained on": each(lambda one: one.provenance.get("gpu") or "the CPU"),
            **name_reading([one.provenance for one in outcomes]),
        }

    # --------------------------------------------------------------------------------- pictures

    @property
    def _shown(self) -> CorrectionOutcome:
        """The cell whose change is shown."""
        return self.headline.outcomes[0]

    @property
    def _transfers(self) -> bool:
        """Whether there is more than one platform or surrogate."""
        return len(self.correction.platforms) > 1 or len(self.correction.proxies) > 1

    @property
    def _searches(self) -> bool:
        """Whether photo edits are searched by asking."""
        return any(map(wording.searches, self.correction.proxies))

    @property
    def _compares_ways(self) -> bool:
        """Whether edits are searched beside what surrogates craft, with budgets that differ."""
        ways = {wording.searches(one.proxy) for one in self.means}
        return len(ways) > 1 and len({one.members * one.queries for one in self.means}) > 1

    @functools.cached_property
    def _sheets(self) -> dict[str, Sheet]:
        shown = self._shown
        if EXAMPLES in shown.files:
            examples = ExamplePictures.from_bytes(shown.files[EXAMPLES])
        else:  # an older version kept none: the people are drawn again
            examples = choose_examples(people_of(self.correction, shown.seed))
        free = shown.label_free_perturbation()
        if not self.headline.has_per_class:
            return {"pictures": people_sheet(examples, None, free)}
        each = shown.perturbation()
        return {
            "pictures": people_sheet(examples, each, free),
            "perturbations": changes_sheet(examples, each, free),
        }

    def pictures(self) -> dict[str, Picture]:
        """Return what transfers, gap closed, accuracy by group, and what the change looks like.

        Raises:
            InputError: the perturbation that is shown is not there any more, or damaged.
        """
        found = self.charts()
        said = captions(self.headline, self.correction.norm, self._sheets)
        for name, sheet in self._sheets.items():
            found[name] = Picture(sheet.figure, said[name], photographs=True)
        return found

    def charts(self) -> dict[str, Picture]:
        """Return what transfers, gap closed and accuracy by group: no photograph."""
        correction, means, mean = self.correction, self.means, self.headline
        charts = {"transfer": transfer_figure(means, mean, correction)} if self._transfers else {}
        charts["gap"] = gap_figure(means, mean, correction.norm)
        charts["groups"] = groups_figure(mean, self.subgroup)
        if self._compares_ways:
            charts["equal"] = equal_queries_figure(means, mean, correction.norm)
        said = captions(mean, correction.norm, {})
        return {name: Picture(figure, said[name]) for name, figure in charts.items()}


def _set(method: Any) -> str:
    """Return the parameters that were set, as text."""
    return spec.text(method).partition(":")[2] or "as by default"


def learners_trained(correction: Correction) -> list[Learner]:
    """Return the learners of the platforms that are trained here, hardened ones among them."""
    trained = [one.learner for one in correction.sources.values() if isinstance(one, SizedLearner)]
    ways = [name for name in correction.adaptive if name in HARDENED]
    hardened = [harden(learner, name) for learner in trained for name in ways]
    return [*trained, *hardened]
