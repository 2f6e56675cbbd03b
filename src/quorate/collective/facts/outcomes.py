"""Is it working? What members report over time, against a target, for a page that is always open.

What is looked at is the sequence of reports in which each is the next one: nothing that comes later
moves what came before, so that looking after every report is allowed. Which of them count is known
before their outcome: the first of a member's on each day, of the first few days. Outcomes of one
member in a row are no draws from all members, and would seem to show changes. See
docs/explanation/theory.md, "Success over time", for the intervals.
"""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from quorate.runs.wording import percent
from quorate.validate import at_least, in_interval
from quorate.watching.outcomes import Outcomes
from quorate.watching.periods import Period, Status, periods_of
from quorate.watching.result import TAKEN_FOR_GRANTED, WatchResult

# Seconds since 1970 (UTC), success, which of its member's days it speaks for, from 1; 0 for none.
Reported = tuple[float, bool, int]
Kind = Literal["training", "test"]
CONFIDENCE = 0.95
MOST_OF_ONE = 20  # outcomes of one member that count, each of another day
FEWEST_ANEW = 512  # outcomes beyond what is remembered that are computed anew each time
REMEMBERED = 128  # beginnings of campaigns' outcomes
SUCCESS: dict[Kind, str] = {
    "training": "A success: the platform gave the wanted label to an input with the signal.",
    "test": "A success: the platform classified the corrected picture as its member says is right.",
}
WHO_REPORTS = (
    "Members report themselves, and nobody checks them. Who reports only what worked makes success "
    "look higher than it is; what a member reported stays when they leave."
)
WHO_DIFFER = (
    "It may work for some members more often than for others. The interval is then for a random "
    "one of those who report, and right if they report over the same days. If other people report "
    "this week than last week, success may change with no change of the platform, and the interval "
    "errs more often than stated."
)


@dataclass(frozen=True, eq=False)
class OutcomesView:
    """What is known of success from the outcomes that were reported.

    Args:
        kind: of the campaign.
        result: what ``quorate watch`` says of those that count; None where there are none yet.
        reported: number of outcomes that were reported.
        target, confidence: success to reach, and the probability that the intervals are right.
        most_of_one: outcomes of one member that count, each the first of a day.
    """

    kind: Kind
    result: WatchResult | None
    reported: int
    target: float
    confidence: float
    most_of_one: int

    @property
    def counted(self) -> int:
        """Number of outcomes that count."""
        return 0 if self.result is None else len(self.result.outcomes)

    @property
    def status(self) -> Status:
        """What is known of the target now: reached, excluded, open, or unsteady."""
        return "open" if self.result is None else self.result.status

    @property
    def fell(self) -> bool:
        """Whether the last change that was seen, if any, is a fall."""
        return self.result is not None and self.result.fell

    @property
    def periods(self) -> tuple[Period, ...]:
        """The periods of steady success."""
        return () if self.result is None else self.result.periods

    def headline(self) -> str:
        """Return the answer in a few words."""
        target = percent(self.target)
        if self.result is None:
            return "Nothing was reported yet."
        if self.fell and self.status != "reached":
            return f"Success fell. The target of {target} is {_standing(self.status)}."
        return f"The target of {target} is {_standing(self.status)}."

    def sentences(self) -> tuple[str, ...]:
        """Return where success stands, the latest first; ends with what is promised."""
        if self.result is None:
            return (f"The target is a success of {percent(self.target)}.",)
        return tuple(self.result.summary())

    def assumptions(self) -> tuple[str, ...]:
        """Return what counts as a success, who reports, and what is taken for granted."""
        left = self.reported - self.counted
        beyond = f" {left:,} beyond that do not count." if left else ""
        return (
            SUCCESS[self.kind],
            f"Of each member the first outcome of a day counts, on {self.most_of_one} days at "
            f"most, so that nobody can flood the rest.{beyond}",
            WHO_DIFFER,
            WHO_REPORTS,
            *TAKEN_FOR_GRANTED,
        )


def _standing(status: Status) -> str:
    words: dict[Status, str] = {
        "reached": "reached",
        "excluded": "excluded: success lies below it",
        "open": "neither reached nor excluded yet",
        "unsteady": "open, as success drifts",
    }
    return words[status]


def watch_outcomes(
    reported: Sequence[Reported],
    kind: Kind,
    target: float,
    confidence: float = CONFIDENCE,
    most_of_one: int = MOST_OF_ONE,
) -> OutcomesView:
    """Return what is known of success, from outcomes in the order in which they were reported.

    What was computed for a beginning of them is remembered: one report more costs little.

    Args:
        reported: each with its time, whether it was a success, and which of its member's days it
            speaks for, from 1; 0 for none.
        kind: of the campaign.
        target: success to reach, in (0, 1].
        confidence: probability, in (0, 1), that an interval is right at all times.
        most_of_one: outcomes of one member that count.

    Raises:
        InputError: a number is out of range.
    """
    in_interval("target", target, 0, 1, "It is the success to reach.", open_low=True)
    in_interval("confidence", confidence, 0, 1, "0.95 is usual.", open_low=True, open_high=True)
    at_least("most_of_one", most_of_one, 1, "Let each member report once or more.")
    counted = [one for one in reported if 1 <= one[2] <= most_of_one]
    found = None
    if counted:
        successes = np.fromiter((one[1] for one in counted), dtype=np.bool_, count=len(counted))
        known = _beginning(successes.tobytes(), confidence)
        outcomes = Outcomes(successes, _times(counted), "what members reported", {})
        periods = periods_of(successes, target, confidence, known)
        found = WatchResult(outcomes, periods, target, confidence)
    return OutcomesView(kind, found, len(reported), target, confidence, most_of_one)


def outcomes_csv(reported: Sequence[Reported], most_of_one: int = MOST_OF_ONE) -> str:
    """Return the outcomes that count as CSV, of which ``quorate watch`` says what the page says.

    Columns: ``reported``, their number, by which they stand in order; ``at``, when; ``success``.
    """
    counted = [one for one in reported if 1 <= one[2] <= most_of_one]
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["reported", "at", "success"])
    times = _times(counted) if counted else ()
    for number, (one, at) in enumerate(zip(counted, times, strict=True), 1):
        rows.writerow([number, at, int(one[1])])
    return written.getvalue()


def _times(counted: Sequence[Reported]) -> tuple[str, ...]:
    """Return when outcomes were, to the minute (UTC)."""
    seconds = np.fromiter((one[0] for one in counted), dtype=np.float64, count=len(counted))
    minutes = np.datetime_as_string(seconds.astype("datetime64[s]"), unit="m")
    return tuple(one.replace("T", " ") for one in minutes.tolist())


def _beginning(successes: bytes, confidence: float) -> tuple[Period, ...]:
    """Return the periods of most of the outcomes, one byte each: those of the last are left out."""
    n = len(successes)
    step = max(FEWEST_ANEW, 1 << max(0, n.bit_length() - 4))  # an eighth of them, or a few
    whole = n // step * step
    return _remembered(successes[:whole], confidence) if whole else ()


@functools.lru_cache(maxsize=REMEMBERED)
def _remembered(successes: bytes, confidence: float) -> tuple[Period, ...]:
    """Return the periods of a beginning, from those of a shorter one."""
    known = _beginning(successes[:-1], confidence)
    return periods_of(np.frombuffer(successes, dtype=np.bool_), 0.5, confidence, known)
