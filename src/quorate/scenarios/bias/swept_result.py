"""The result of a sweep over the number of flips, in words, tables, files and pictures."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from quorate.figures.style import percent_of
from quorate.runs.privacy_words import privacy_sections
from quorate.runs.result import Picture, Result, Section, TextRow
from quorate.runs.wording import percent, rate
from quorate.scenarios.bias.measured import KEYS, PLATFORM, Three
from quorate.scenarios.bias.swept_numbers import BY_FLIPS, EVERY_LEARNER, SweptNumbers


@dataclass(frozen=True, eq=False)
class SweptResult(SweptNumbers, Result):
    """What acting brings with every number of flips, and with the one that is chosen.

    Args:
        population, compared, sizes, notes, found: as in ``MeasuredCollectives``.
        strategies, learners, alphas, knowledge, at, flips, seeds: as in ``Bias``.
    """

    @property
    def title(self) -> str:
        """Whose data, and who acts."""
        return f"Preventing biased learning, by number of flips: {self.who}"

    def to_json(self) -> dict[str, Any]:
        """Return plain data: of each collective every number with its interval over seeds."""
        return self.plain(self.over_seeds, flips=list(self.flips))

    def files(self) -> dict[str, bytes]:
        """Return violation and error for each M, means over seeds with intervals, as flips.csv."""
        file = io.StringIO()
        ends = ("", ".low", ".high")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*KEYS, "flips", *(name + end for name in BY_FLIPS for end in ends)])
        for key, counts in self.by_flips.items():
            for count, numbers in counts.items():
                values = [f"{end:.6g}" for name in BY_FLIPS for end in numbers[name]]
                writer.writerow([*key, count, *values])
        return {"flips.csv": file.getvalue().encode()}

    # ------------------------------------------------------------------------ words and tables

    def summary(self) -> list[str]:
        """Return what the best strategy brings, and what choosing M on the test set would add."""
        place = self.at, self.most_known
        found = {one: self.numbers(EVERY_LEARNER, one, *place) for one in self.strategies}
        odds = {one: numbers["equalised_odds"][0] for one, numbers in found.items()}
        measured = [one for one in odds if not math.isnan(odds[one])]
        if not measured:
            return ["Nothing was measured while members acted."]
        best = min(measured, key=lambda one: odds[one])
        flattery = max(found[one]["flattery"][0] for one in measured)
        nobody = self.numbers(EVERY_LEARNER, best, 0.0, self.most_known)["equalised_odds"][0]
        return [
            f"While {percent(self.at)} of the minority act, the strategy {best} comes closest to "
            f"equal odds: the difference is {rate(odds[best])}, and {rate(nobody)} if nobody acts "
            "(means over learners; the number of flips is chosen on one half of the people held "
            "out and scored on the other).",
            "Choosing it on the people that it is scored on would make the difference look up to "
            f"{rate(flattery)} smaller.",
        ]

    def sections(self) -> list[Section]:
        """Return what the chosen M brings, what M's are capped, people, and what was left out."""
        learners = (*self.learners, EVERY_LEARNER)
        heading = f"What the chosen number of flips brings at α = {percent_of(self.at)}"
        brings = tuple(
            self._table_row(learner, strategy, self.at, known)
            for learner in learners
            for strategy in self.strategies
            for known in self.knowledge
        )
        alone = tuple(
            self._table_row(*key) for key in self.over_seeds if key[1].startswith(PLATFORM)
        )
        by_size = tuple(
            self._by_size(learner, one) for learner in learners for one in self.strategies
        )
        people = tuple({"who": who, "how many": str(n)} for who, n in self.sizes.items())
        sections = [
            Section(heading, rows=(*brings, *alone)),
            Section("Equalised odds at the chosen number of flips, by α", rows=by_size),
            Section("Which numbers of flips cannot be supplied", tuple(self._capped())),
            Section("People", rows=people),
            *privacy_sections((learner, None) for learner in self.learners),
        ]
        return [*sections, Section("Left out", tuple(self.notes))] if self.notes else sections

    def _table_row(self, learner: str, strategy: str, alpha: float, known: str) -> TextRow:
        numbers = self.numbers(learner, strategy, alpha, known)
        return {
            "learner": learner,
            "who does what": strategy,
            "known": known,
            "flips": f"{numbers['flips'][0]:.0f}",
            "equalised odds": self._said(numbers["equalised_odds"]),
            "chosen on the test set": rate(numbers["lowest"][0]),
            "mean over flips": self._said(numbers["over_flips"]),
            "error": self._said(numbers["error"]),
            "error added": self._said(numbers["error_added"]),
        }

    def _by_size(self, learner: str, strategy: str) -> TextRow:
        said = {}
        for alpha in sorted({0.0, *self.alphas}):
            odds = self.numbers(learner, strategy, alpha, self.most_known)["equalised_odds"]
            said[f"α = {percent_of(alpha)}"] = self._said(odds)
        return {"learner": learner, "who does what": strategy, **said}

    def _said(self, three: Three) -> str:
        """Return a mean with half the width of its interval, which one seed does not have."""
        mean, low, high = three
        spread = f" ± {rate((high - low) / 2)}" if self.seeds > 1 and mean == mean else ""
        return rate(mean) + spread

    def _capped(self) -> Iterator[str]:
        """Say for each α how many members can act, and which M are more than that."""
        one = (self.learners[0], self.strategies[0])
        for alpha in sorted({*filter(None, self.alphas), self.at}):
            supply = self.numbers(*one, alpha, self.most_known)["supply"][0]
            if math.isnan(supply):
                continue
            more = [str(count) for count in self.flips if count > supply]
            capped = f"; all of them act where {', '.join(more)} are asked for" if more else ""
            yield f"α = {percent_of(alpha)}: {supply:.0f} members can act{capped}."

    # -------------------------------------------------------------------------------- pictures

    def pictures(self) -> dict[str, Picture]:
        """Return the lowest violation by α, violation by M, and error against violation."""
        from quorate.scenarios.bias.swept_pictures import draw_swept

        return draw_swept(self)
