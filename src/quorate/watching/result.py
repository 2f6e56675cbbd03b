"""The result of watching: is the target reached, is it excluded, and has success changed?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from quorate.runs.result import Picture, Result, Row, Section
from quorate.runs.wording import percent
from quorate.theory.mean_change import Change, times_to_look
from quorate.watching.outcomes import Outcomes
from quorate.watching.periods import Period, Status

TOLD = 3  # changes that the summary tells of; the table has all
TAKEN_FOR_GRANTED = (
    "Within a period every outcome has the same probability of success, whatever came before. "
    "Where people or pictures differ, report them in an order that says nothing about success.",
    "Every outcome is reported, or those that are not are no likelier to be failures. Who stops "
    "reporting after a failure makes success look higher than it is.",
    "A change is dated as well as can be told. A new period begins once it is seen: the outcomes "
    "between the two count in no period.",
)
ORDERED = "Rows were put in the order of their times; those of one time keep theirs."
SOURCES = (
    "The intervals are a confidence sequence by betting (Waudby-Smith and Ramdas 2024, "
    "arXiv:2010.09686), with the bets of Krichevsky and Trofimov; changes are seen by an e-process "
    "(Wasserman, Ramdas and Balakrishnan 2020, arXiv:1912.11436; Shin, Ramdas and Rinaldo 2022, "
    "arXiv:2203.03532)."
)


@dataclass(frozen=True, eq=False)
class WatchResult(Result):
    """Success as it was reported over time, against a target.

    Args:
        outcomes: what was reported.
        periods: stretches of steady success, at least one.
        target: success to reach, in (0, 1].
        confidence: probability that what is said of one period holds at all times, in (0, 1).
    """

    outcomes: Outcomes
    periods: tuple[Period, ...]
    target: float
    confidence: float

    @property
    def title(self) -> str:
        """What the page is called."""
        return "Is it working?"

    @property
    def question(self) -> str:
        """What was asked."""
        return f"Does success reach {percent(self.target)}, and does it stay there?"

    @property
    def last(self) -> Period:
        """The period that the last outcome lies in."""
        return self.periods[-1]

    @property
    def status(self) -> Status:
        """What is known of the target now: reached, excluded, open, or unsteady."""
        return "open" if self.last.change else self.last.status

    @property
    def fell(self) -> bool:
        """Whether the last change that was seen, if any, is a fall."""
        changes = [one.change for one in self.periods if one.change]
        return bool(changes) and changes[-1].is_fall

    # ------------------------------------------------------------------------------- for people

    def summary(self) -> list[str]:
        """Return where success stands against the target, and when it changed, the latest first."""
        changes = [self._say_change(one, one.change) for one in self.periods if one.change]
        said = changes[: -TOLD - 1 : -1]
        if len(changes) > TOLD:
            said.append(f"Before, success changed {len(changes) - TOLD:,} times.")
        return [*self._now(), *said, self._promise()]

    def _now(self) -> Iterator[str]:
        """Yield what is known of success since the last change."""
        last, target = self.last, f"The target of {percent(self.target)}"
        if last.change:
            yield "No outcome has been reported since success changed: report more."
            return
        since = f" since outcome {self._at(last.start + 1)}" if last.start else ""
        found = f"Successes{since}: {last.successes[-1]:,} of {len(last):,}, {percent(last.rate)}"
        if last.status == "unsteady":
            yield f"{found}. No one probability of success fits them all: it drifts."
            return
        ends = f"{percent(last.low[-1])} and {percent(last.high[-1])}"
        yield f"{found}. The probability of success is between {ends}."
        if last.reached:
            yield f"{target} is reached, which outcome {self._at(last.reached)} settled."
        elif last.excluded:
            yield f"{target} is excluded, which outcome {self._at(last.excluded)} settled."
        else:
            yield f"{target} is neither reached nor excluded yet."

    def _say_change(self, period: Period, change: Change) -> str:
        went = "fell" if change.is_fall else "rose"
        why = " The platform may have adapted." if change.is_fall else ""
        return (
            f"Success {went} from {percent(change.rate_before)} to {percent(change.rate_after)} "
            f"at about outcome {self._at(period.stop + 1)}; this was seen at "
            f"outcome {self._at(period.seen)}.{why}"
        )

    def _promise(self) -> str:
        sure, error = percent(self.confidence), percent(1 - self.confidence)
        return (
            f"In each period of steady success the interval is right at all times with probability "
            f"{sure} or more, and a change is seen falsely with probability {error} or less, "
            "however often one looks."
        )

    def _at(self, number: int) -> str:
        """Return an outcome by its number, with its time where it has one."""
        times = self.outcomes.times
        return f"{number:,}" if times is None else f"{number:,} ({times[number - 1]})"

    def sections(self) -> list[Section]:
        """Return the periods, what is left out, and what is taken for granted."""
        periods = Section("Periods of steady success", rows=tuple(map(self._row, self.periods)))
        left = self.outcomes.left_out
        found = [periods]
        if left:
            rows = tuple({"reason": why, "rows": f"{count:,}"} for why, count in left.items())
            many = sum(left.values())
            said = f"{many:,} of {many + len(self.outcomes):,} rows could not be read."
            found.append(Section("Rows left out", (said,), rows))
        order = (ORDERED,) if self.outcomes.reordered else ()
        return [*found, Section("What is taken for granted", (*TAKEN_FOR_GRANTED, *order, SOURCES))]

    def _row(self, one: Period) -> dict[str, str]:
        """Return a period as a row of text."""
        ends = "–"
        if one.is_steady:
            ends = f"{percent(one.low[-1])} – {percent(one.high[-1])}"
        known = {"reached": one.reached, "excluded": one.excluded}.get(one.status)
        ended = "–"
        if one.change:
            ended = f"a {'fall' if one.change.is_fall else 'rise'}, seen at {one.seen:,}"
        return {
            "from outcome": self._at(one.start + 1),
            "to": self._at(one.stop),
            "successes": f"{one.successes[-1]:,} of {len(one):,}, {percent(one.rate)}",
            f"{percent(self.confidence)} interval": ends,
            "target": one.status + (f" at {known:,}" if known else ""),
            "ended by": ended,
        }

    def pictures(self) -> dict[str, Picture]:
        """Return success over time, with the confidence sequence and the target."""
        from quorate.figures.watch import Stretch, watch_figure

        stretches = []
        for number, one in enumerate(self.periods, 1):
            rows = [row for row in self.rows() if row["period"] == number]
            at, success, low, high = (
                [row[key] for row in rows] for key in ("outcome", "success", "low", "high")
            )
            changed = (one.stop, one.seen) if one.change else None
            stretches.append(Stretch(at, success, low, high, changed))
        caption = (
            "Line: share of successes so far in the period. Band: the interval for the probability "
            f"of success, right at all times with probability {percent(self.confidence)}."
        )
        if self.periods[0].change:
            caption += " Shaded: from where success changed to where this was seen."
        return {"success": Picture(watch_figure(stretches, self.target), caption)}

    def settings(self) -> dict[str, str]:
        """Return what was watched, and how."""
        return {
            "Outcomes": self.outcomes.source,
            "Target": percent(self.target),
            "Confidence": percent(self.confidence),
        }

    # ----------------------------------------------------------------------------- for programs

    def rows(self) -> list[Row]:
        """Return success and its interval after each outcome; of thousands, after some of them."""
        times = self.outcomes.times
        return [
            {
                "outcome": one.start + n,
                **({} if times is None else {"time": times[one.start + n - 1]}),
                "period": number,
                "success": float(one.successes[n - 1] / n),
                "low": float(one.low[n - 1]),
                "high": float(one.high[n - 1]),
            }
            for number, one in enumerate(self.periods, 1)
            for n in sorted({*times_to_look(len(one)).tolist(), len(one)})
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the state of the target, and the periods, as plain data."""
        return {
            "target": self.target,
            "confidence": self.confidence,
            "outcomes": len(self.outcomes),
            "left_out": dict(self.outcomes.left_out),
            "status": self.status,
            "fell": self.fell,
            "periods": [_plain(one) for one in self.periods],
        }


def _plain(one: Period) -> dict[str, Any]:
    """Return a period as plain data; outcomes are numbered from 1."""
    change = one.change
    return {
        "first": one.start + 1,
        "last": one.stop,
        "success": one.rate,
        "low": float(one.low[-1]) if one.is_steady else None,
        "high": float(one.high[-1]) if one.is_steady else None,
        "status": one.status,
        "reached": one.reached,
        "excluded": one.excluded,
        "change": change
        and {
            "first": one.stop + 1,
            "seen": one.seen,
            "before": change.rate_before,
            "after": change.rate_after,
            "fall": change.is_fall,
        },
    }
